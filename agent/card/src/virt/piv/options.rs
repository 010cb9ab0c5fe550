//! What can be chosen about a virtual PIV card, and what its profiles choose.

use serde::Deserialize;

use super::status;

/// The cards that the notes describe well enough to play them (card-piv.md 10 and 11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Profile {
    /// A YubiKey with firmware 5.7.
    #[serde(rename = "yubikey-5.7")]
    YubiKey57,
    /// A YubiKey 4: no metadata, no serial number, 3DES only.
    #[serde(rename = "yubikey-4")]
    YubiKey4,
    /// PivApplet 0.9 on a Java Card.
    #[serde(rename = "pivapplet")]
    PivApplet,
    /// SP 800-73 and nothing else: neither imports keys nor tells its version.
    #[serde(rename = "plain")]
    Plain,
}

/// What the card tells about a PIN counter when a try was wrong (3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Counter {
    /// 63Cx.
    Told,
    /// 630x, as old NEOs.
    LowNibble,
    /// 63Cx to VERIFY, 6300 to CHANGE REFERENCE DATA and RESET RETRY COUNTER, as Nitrokey.
    OnlyToVerify,
    /// 6300.
    Untold,
}

/// How GET METADATA answers (15).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metadata {
    /// 6D00.
    Absent,
    /// As YubiKey from firmware 5.3.
    Yubico,
    /// As PivApplet: no algorithm for PIN and PUK, origins from 0, no default for PINs.
    PivApplet,
    /// Nothing, with 9000, but for the policies of slot 9E: as Nitrokey.
    Empty,
}

/// Declares [`Options`], and the changes to them that a description may ask for.
macro_rules! options {
    ($($(#[$doc:meta])* $name:ident: $type:ty,)*) => {
        /// Sizes, limits and habits.
        #[derive(Clone, Debug)]
        pub struct Options { $($(#[$doc])* pub $name: $type,)* }

        /// What a description says differently from the profile.
        #[derive(Clone, Debug, Default, Deserialize)]
        #[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
        pub(in crate::virt) struct Changes { $($name: Option<$type>,)* }

        impl Changes {
            /// The profile's options with these changes.
            pub(in crate::virt) fn on(self, profile: Profile) -> Options {
                let mut options = Options::of(profile);
                $(if let Some(value) = self.$name { options.$name = value; })*
                options
            }
        }
    };
}

options! {
    /// Whether SELECT is answered with an application property template, or with 9000 alone (1).
    application_template: bool,
    /// The label in it; none when empty. "Nitrokey PIV" makes a Nitrokey of the card in the eyes of many programs.
    label: String,
    /// Whether the template lists the algorithms (tag AC).
    lists_algorithms: bool,
    /// Instructions beyond SP 800-73 that the card knows, FE, FF, FD, F8, F6, FA, FB and F9; F7 is `metadata`.
    vendor_commands: Vec<u8>,
    /// What GET VERSION tells.
    version: [u8; 3],
    /// GET METADATA.
    metadata: Metadata,

    /// Tries of the PIN, and of the global PIN where there is one; at most 15 are told.
    pin_tries: u8,
    /// Tries of the PUK.
    puk_tries: u8,
    /// Whether PINs are digits; others are refused without using a try (3).
    pin_digits: bool,
    /// Whether the PUK is 6 to 8 digits, too.
    puk_digits: bool,
    /// Whether the PUK may be any 8 bytes, FF among them (SP 800-73-4 part 2, 2.4.3).
    puk_binary: bool,
    /// Whether new PINs and PUKs of one repeated character or an ascending or descending row answer 6985.
    complexity: bool,
    /// The answer to PIN data of a wrong length, which uses no try.
    pin_length_status: u16,
    /// How tries left are told.
    counter: Counter,
    /// Whether the try that exhausts the counter answers 6983 at once (CanoKey), not 63C0.
    exhausted_at_once: bool,
    /// The answer to an empty VERIFY on a blocked PIN: 6983, or 63C0 on Nitrokey.
    blocked_query: u16,
    /// Whether an empty VERIFY answers 63Cx also after the PIN has been verified (14).
    query_never_ok: bool,
    /// When not 0, what an empty VERIFY answers as long as the PIN is not verified: 63CF, 6A80, 6A88 (known-bugs.md
    /// F.1).
    query_answer: u16,
    /// Whether VERIFY with P1 = FF logs out.
    log_out: bool,
    /// Whether the global PIN is the primary one, on a card that has it (2.4).
    global_pin_primary: bool,
    /// Whether there is a discovery object.
    discovery: bool,
    /// Whether all private keys are erased once PIN and PUK are both blocked (PivApplet).
    erases_keys: bool,
    /// Whether a reset needs only the PIN to be blocked (Nitrokey), not the PUK too.
    reset_by_pin: bool,
    /// The answer to a reset that is not allowed.
    reset_refused: u16,
    /// Whether a key with PIN policy "always" wants VERIFY immediately before (SP 800-73-4 part 1, table 4b).
    /// Otherwise VERIFY allows one private key operation, whatever comes in between.
    strict_always: bool,

    /// Algorithms of management keys that the card takes (4); the first is the factory's.
    management_algorithms: Vec<u8>,
    /// Whether the management key can be made to want a touch.
    management_touch: bool,
    /// The answer to a wrong response.
    wrong_response: u16,
    /// The answer to another algorithm than the key's, for 9B and for slots.
    wrong_algorithm: u16,

    /// Algorithms of keys that the card makes and takes (5).
    algorithms: Vec<u8>,
    /// The last retired slot that exists, 82 to 95.
    last_retired: u8,
    /// Whether slot F9 exists.
    attestation_slot: bool,
    /// Whether keys have PIN and touch policies of their own (tags AA and AB).
    policies: bool,
    /// Whether IMPORT takes RSA keys in Nitrokey's form and into slot 9A only: tags 01 p, 02 q, 03 e.
    nitrokey_import: bool,
    /// The answer to GET METADATA of a slot without a key.
    empty_slot: u16,
    /// Whether nobody touches the card when a key or the management key wants it.
    untouched: bool,

    /// Whether any object from 5F0000 to 5FFFFF can be written, as on YubiKeys.
    any_object: bool,
    /// Objects beyond those of SP 800-73 that can be written.
    more_objects: Vec<u32>,
    /// The answer for objects that the card does not know.
    unknown_object: u16,
    /// Whether empty objects answer `53 00` (CanoKey), not 6A82.
    empty_objects: bool,
    /// Whether a PIN-protected object wants the PIN even when it is empty (14).
    pin_before_absence: bool,
    /// Bytes of one object, tag 53 not counted.
    object_max: usize,
    /// Bytes that all objects together may have.
    memory: usize,
    /// Whether extended lengths are known.
    extended: bool,
}

/// Management key algorithms: 3DES, AES-128, AES-192, AES-256 (4).
pub(super) const TDES: u8 = 0x03;
pub(super) const AES_128: u8 = 0x08;
pub(super) const AES_192: u8 = 0x0A;
pub(super) const AES_256: u8 = 0x0C;

impl Options {
    /// What is known of a card.
    pub fn of(profile: Profile) -> Self {
        match profile {
            Profile::YubiKey57 => Self::yubikey_5_7(),
            Profile::YubiKey4 => Self::yubikey_4(),
            Profile::PivApplet => Self::pivapplet(),
            Profile::Plain => Self::plain(),
        }
    }

    fn yubikey_5_7() -> Self {
        Self {
            application_template: true,
            label: String::new(),
            lists_algorithms: false,
            vendor_commands: vec![0xF6, 0xF8, 0xF9, 0xFA, 0xFB, 0xFD, 0xFE, 0xFF],
            version: [5, 7, 1],
            metadata: Metadata::Yubico,
            pin_tries: 3,
            puk_tries: 3,
            pin_digits: false,
            puk_digits: false,
            puk_binary: false,
            complexity: false,
            pin_length_status: status::WRONG_DATA,
            counter: Counter::Told,
            exhausted_at_once: false,
            blocked_query: status::BLOCKED,
            query_never_ok: false,
            query_answer: 0,
            log_out: true,
            global_pin_primary: false,
            discovery: true,
            erases_keys: false,
            reset_by_pin: false,
            reset_refused: status::CONDITIONS,
            strict_always: false,
            management_algorithms: vec![AES_192, TDES, AES_128, AES_256],
            management_touch: true,
            wrong_response: status::SECURITY,
            wrong_algorithm: status::WRONG_DATA,
            algorithms: vec![0x05, 0x06, 0x07, 0x11, 0x14, 0x16, 0xE0, 0xE1],
            last_retired: 0x95,
            attestation_slot: true,
            policies: true,
            nitrokey_import: false,
            empty_slot: status::NO_REFERENCE,
            untouched: false,
            any_object: true,
            more_objects: Vec::new(),
            unknown_object: status::NOT_FOUND,
            empty_objects: false,
            pin_before_absence: false,
            // 3072 bytes of buffer, less the 5 of the object's name and the 4 of its tag and length.
            object_max: 3063,
            memory: 51200,
            extended: true,
        }
    }

    fn yubikey_4() -> Self {
        Self {
            vendor_commands: vec![0xF9, 0xFA, 0xFB, 0xFD, 0xFE, 0xFF],
            // RSA keys that firmware 4.2.0 to 4.3.4 generated were weak; this is the first that generates again.
            version: [4, 3, 5],
            metadata: Metadata::Absent,
            query_never_ok: true,
            log_out: false,
            management_algorithms: vec![TDES],
            algorithms: vec![0x06, 0x07, 0x11, 0x14],
            ..Self::yubikey_5_7()
        }
    }

    fn pivapplet() -> Self {
        Self {
            label: "PivApplet v0.9.0/RrEePSAD".to_owned(),
            lists_algorithms: true,
            vendor_commands: vec![0xF8, 0xFA, 0xFB, 0xFD, 0xFE, 0xFF],
            // A number that imitates Yubico's.
            version: [5, 4, 0],
            metadata: Metadata::PivApplet,
            pin_tries: 5,
            pin_digits: true,
            puk_digits: true,
            pin_length_status: status::LENGTH,
            erases_keys: true,
            reset_refused: status::SECURITY,
            management_algorithms: vec![TDES, AES_128, AES_192, AES_256],
            management_touch: false,
            wrong_response: status::WRONG_DATA,
            wrong_algorithm: status::PARAMETERS,
            algorithms: vec![0x06, 0x07, 0x11, 0x14],
            last_retired: 0x8C,
            attestation_slot: false,
            empty_slot: status::PARAMETERS,
            any_object: false,
            more_objects: vec![0x5F_FF00, 0x5F_FF01],
            unknown_object: status::NOT_SUPPORTED,
            extended: false,
            ..Self::yubikey_5_7()
        }
    }

    fn plain() -> Self {
        Self {
            vendor_commands: Vec::new(),
            metadata: Metadata::Absent,
            pin_digits: true,
            puk_binary: true,
            pin_length_status: status::LENGTH,
            strict_always: true,
            management_algorithms: vec![TDES],
            wrong_algorithm: status::PARAMETERS,
            algorithms: vec![0x05, 0x06, 0x07, 0x11, 0x14],
            attestation_slot: false,
            policies: false,
            any_object: false,
            pin_before_absence: true,
            ..Self::yubikey_5_7()
        }
    }
}

impl Profile {
    /// The answer to reset of such a card.
    pub fn atr(self) -> &'static [u8] {
        match self {
            // Over USB.
            Self::YubiKey57 => b"\x3B\xFD\x13\x00\x00\x81\x31\xFE\x15\x80\x73\xC0\x21\xC0\x57YubiKey\x40",
            Self::YubiKey4 => b"\x3B\xF8\x13\x00\x00\x81\x31\xFE\x15Yubikey4\xD4",
            // PivApplet has the answer of the Java Card that it is on; here historical bytes "JavaCard".
            Self::PivApplet => b"\x3B\x88\x80\x01JavaCard\x01",
            // Historical bytes "PIV".
            Self::Plain => b"\x3B\x83\x80\x01PIV\x4D",
        }
    }
}
