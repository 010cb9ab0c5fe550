//! Other people's programs on the card in the first reader: OpenSC's, Yubico's, and Yubico's library.

use std::fs;

use harness::nitrokey::MANAGEMENT_KEY;
use harness::pcscd::READERS;
use harness::stack::Stack;
use serde_json::Value;

use crate::cards::PIN;

/// What is signed and enciphered.
const MESSAGE: &str = "to be signed";
/// What yubico-piv-tool is to do its work with.
const YUBICO: &str = "yubico-piv-tool -r Virtual";

/// The PKCS#11 id that OpenSC gives a slot.
fn id(slot: &str) -> String {
    let order = ["9a", "9c", "9d", "9e"].iter().position(|known| *known == slot.to_lowercase());
    let retired = || usize::from(u8::from_str_radix(slot, 16).unwrap() - 0x82) + 4;
    format!("{:02x}", order.unwrap_or_else(retired) + 1)
}

/// Makes a key and a certificate of this name, `NAME.key`, `NAME.pem`, and with the password `secret` `NAME.pfx`.
/// `kind` is what `openssl req` wants to be told of the key and the certificate.
pub(crate) fn make(stack: &Stack, name: &str, kind: &str) {
    for line in [
        format!(
            "openssl req -x509 {kind} -nodes -keyout {name}.key -subj /CN={name} -days 9 -out {name}.pem"
        ),
        format!(
            "openssl pkcs12 -export -inkey {name}.key -in {name}.pem -passout pass:secret -out {name}.pfx"
        ),
    ] {
        stack.pcscd.run(&line);
    }
}

/// Makes sure that the key in a slot signs, by the certificate that Kortti shows there and OpenSSL.
#[track_caller]
pub(crate) fn signs(stack: &Stack, slot: &str, mechanism: &str, pin: &str) {
    public_key(stack, slot);
    let id = id(slot);
    stack.pcscd.run(&format!("pkcs11-tool -l -p {pin} --id {id} -s -m {mechanism} -i message -o signature"));
    let digest = mechanism.split(['-', ' ']).find(|word| word.starts_with("SHA")).unwrap();
    stack.pcscd.run(&format!("openssl dgst -{digest} -verify public.pem -signature signature message"));
}

/// The mechanism of a key on a curve, with this hash.
pub(crate) fn ecdsa(hash: &str) -> String {
    format!("ECDSA-{hash} --signature-format openssl")
}

/// Makes sure that the key in a slot deciphers what was enciphered for the certificate that Kortti shows there.
#[track_caller]
pub(crate) fn deciphers(stack: &Stack, slot: &str, pin: &str) {
    public_key(stack, slot);
    stack.pcscd.run("openssl pkeyutl -encrypt -pubin -inkey public.pem -in message -out cryptogram");
    let id = id(slot);
    stack
        .pcscd
        .run(&format!("pkcs11-tool -l -p {pin} --id {id} --decrypt -m RSA-PKCS -i cryptogram -o plain"));
    assert_eq!(stack.pcscd.file("plain"), MESSAGE.as_bytes());
}

fn public_key(stack: &Stack, slot: &str) {
    fs::write(stack.path("message"), MESSAGE).unwrap();
    stack.ok(&format!("cert export {slot} {} --force", stack.path("shown.pem").display()), &[]);
    stack.pcscd.run("openssl x509 -in shown.pem -noout -pubkey -out public.pem");
}

/// Runs yubico-piv-tool, which must succeed.
#[track_caller]
pub(crate) fn yubico(stack: &Stack, actions: &str) -> String {
    stack.pcscd.run(&format!("{YUBICO} {actions}"))
}

/// Runs yubico-piv-tool, which must fail.
#[track_caller]
pub(crate) fn yubico_fails(stack: &Stack, actions: &str) -> String {
    stack.pcscd.fails(&format!("{YUBICO} {actions}"))
}

/// Runs OpenSC's piv-tool with the factory's management key. It ends with 1 also when the card has taken a
/// certificate: what is read back decides.
pub(crate) fn piv_tool(stack: &Stack, action: &str) -> String {
    let digits = MANAGEMENT_KEY.as_bytes().chunks(2).map(|byte| String::from_utf8_lossy(byte).into_owned());
    fs::write(stack.path("opensc.key"), digits.collect::<Vec<_>>().join(":")).unwrap();
    stack.pcscd.try_run(&format!("env PIV_EXT_AUTH_KEY=opensc.key piv-tool -A M:9B:03 {action}")).1
}

/// Runs `yubikey_manager.py` with these steps, and returns what each printed.
#[track_caller]
pub(crate) fn yubikit(stack: &Stack, steps: &[&str]) -> Vec<Value> {
    let mut command = stack.pcscd.client(&harness::tools::yubikit().display().to_string());
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/piv/yubikey_manager.py")).arg(READERS[0]).args(steps);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{steps:?}\n{said}{}", String::from_utf8_lossy(&output.stderr));
    said.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Makes sure that this is the PIN, in the eyes of OpenSC.
#[track_caller]
pub(crate) fn pin_is(stack: &Stack, pin: &str) {
    stack.pcscd.run(&format!("pkcs15-tool --verify-pin --pin {pin}"));
}

/// Enters a PIN that is wrong, with OpenSC.
#[track_caller]
pub(crate) fn wrong_pin(stack: &Stack) {
    assert_ne!(PIN, "111111");
    stack.pcscd.fails("pkcs15-tool --verify-pin --pin 111111");
}
