// Virtual cards, as the descriptions of `kortti-agent --virtual` (demo.toml) have them.

import path from "node:path";
import { ROOT } from "./rig.mjs";

export const ONE = "Kortti Virtual Reader 00 00";
export const TWO = "Kortti Virtual Reader 01 00";
export const PIN = "123456";
export const PUK = "12345678";
export const ADMIN_KEY = "0123456789ABCDEFFEDCBA987654321089ABCDEF01234567";

const demo = (name) => path.join(ROOT, "agent/card/src/virt/demo", name);

/** A reader, with the card in it if one is named. */
export const reader = (name, card, inserted = true) =>
  `[[reader]]\nname = "${name}"\n${card ? `card = "${card}"\ninserted = ${inserted}\n` : ""}`;

/** A container of a GIDS card. Key and certificate are PEM text or files. */
export const container = (number, key, certificate, more = "") => `
[[card.container]]
name = "3f6d2c1a-0b5e-4d7f-9a61-${String(number).padStart(12, "0")}"
key = '''${key}'''
${certificate ? `certificate = '''${certificate}'''` : ""}
${more}
`;

/** A GIDS card. */
export const gids = (name, { cardid, spent = 0, containers = "", roots = true, options = "" } = {}) => `
[[card]]
name = "${name}"
pin = "${PIN}"
admin-key = "${ADMIN_KEY}"
cardid = "${cardid ?? "7D1F93C2A4E05B68B19C3D2E6F804A57"}"
tries-spent = ${spent}
${roots ? `roots = ["${demo("ca.pem")}"]` : ""}
${options ? `[card.options]\n${options}` : ""}
${containers}
`;

/** Anna's card: one certificate for the logon, and one for mail that has expired. */
export const anna = (options = {}) => gids("anna", {
  containers: container(1, demo("logon.key"), demo("logon.pem"), "default = true") + container(2, demo("mail.key"), demo("mail.pem")),
  ...options,
});

/** A slot of a PIV card. */
export const slot = (name, key, certificate) => `
[[card.slot]]
slot = "${name}"
key = '''${key}'''
certificate = '''${certificate}'''
`;

/** Erik's YubiKey. */
export const erik = ({ name = "erik", slots, more = "" } = {}) => `
[[card]]
name = "${name}"
kind = "piv"
profile = "yubikey-5.7"
serial = 20250611
guid = "5D0E3B7C91A84F26B3D47E1C60F9A258"
pin = "${PIN}"
puk = "${PUK}"
management-key = "6B1F83D0A4C95E27F07A3D914CB8E25613D9078EA5F24C6B"
protected = true
${more}
${slots ?? slot("9A", demo("erik-logon.key"), demo("erik-logon.pem")) + slot("9C", demo("erik-signature.key"), demo("erik-signature.pem"))
  + slot("9D", demo("erik-encryption.key"), demo("erik-encryption.pem"))}
`;

/** A card whose first certificate cannot be inflated any more. */
export const damaged = () => `${gids("damaged", {
  cardid: "C45A0E91D7364B82A05F1C7E93B82D60", roots: false,
  containers: container(1, demo("logon.key"), demo("logon.pem"), "default = true") + container(2, demo("mail.key"), demo("mail.pem")),
})}
[[card.object]]
file = 0xA010
object = 0xDF24
value = "01006504789C00112233445566778899AABBCCDDEEFF"
`;

/** Anna's card in the one reader there is. */
export const alone = (options) => reader(ONE, "anna") + anna(options);

/** Anna's card and Erik's YubiKey. */
export const both = () => reader(ONE, "anna") + reader(TWO, "erik") + anna() + erik();

/** A file of the demonstration set. */
export { demo };
