// Keys, certificates and files made by openssl.

import { execFile } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { demo } from "./cards.mjs";

const run = promisify(execFile);

export const openssl = async (...args) => (await run("openssl", args, { encoding: "buffer" })).stdout;

/** What openssl says of a certificate. */
export const told = async (file, form) => (await openssl("x509", "-in", file, "-inform", form, "-noout", "-fingerprint", "-sha256")).toString();

/** A subject for openssl, which parts at slashes. */
const subject = (name, more = "") => `/CN=${name.replace(/[\\/+]/g, "\\$&")}${more}`;

/** A new RSA key. */
export async function key(folder, name = "new") {
  const file = path.join(folder, `${name}.key`);
  await openssl("genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", file);
  return file;
}

/** A certificate that its own key signed. */
export async function certificate(folder, name, { key: signer, days = 365, more = "", extensions = [], file = "new" } = {}) {
  const pem = path.join(folder, `${file}.pem`);
  await openssl("req", "-x509", "-utf8", "-key", signer ?? demo("logon.key"), "-days", String(days), "-subj", subject(name, more),
    ...extensions.flatMap((one) => ["-addext", one]), "-out", pem);
  return pem;
}

/** A file with key and certificate. */
async function pfx(folder, keyFile, pem, password = "secret") {
  const file = path.join(folder, "new.pfx");
  await openssl("pkcs12", "-export", "-inkey", keyFile, "-in", pem, "-passout", `pass:${password}`, "-out", file);
  return file;
}

/** A file with a new key and a certificate of this name for it. Its password is "secret". */
export async function newKey(folder, name) {
  const made = await key(folder);
  return pfx(folder, made, await certificate(folder, name, { key: made }));
}

/** Text of a file. */
export const read = (file) => fs.readFileSync(file, "utf8");
