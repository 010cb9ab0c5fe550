//! The cards: what each kind can do, and one of them in the first reader of a stack.

use std::fs;

use card::virt::{VirtualCard, VirtualReaders};
use harness::nitrokey::MANAGEMENT_KEY;
use harness::stack::Stack;
use serde_json::Value;

/// The PIN that cards leave the factory with.
pub(crate) const PIN: &str = "123456";
/// The PUK that cards leave the factory with.
pub(crate) const PUK: &str = "12345678";
/// The printed serial number of the cards that have one.
pub(crate) const SERIAL: &str = "7203145";

/// VERIFY
pub(crate) const VERIFY: u8 = 0x20;
/// CHANGE REFERENCE DATA
pub(crate) const CHANGE: u8 = 0x24;
/// RESET RETRY COUNTER
pub(crate) const RESET_RETRY: u8 = 0x2C;
/// GENERATE ASYMMETRIC KEY PAIR
pub(crate) const GENERATE: u8 = 0x47;
/// PUT DATA
pub(crate) const PUT: u8 = 0xDB;
/// IMPORT ASYMMETRIC KEY
pub(crate) const IMPORT: u8 = 0xFE;

/// Keys and certificates of the demonstration set.
const DEMO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../agent/card/src/virt/demo");

/// A kind of card.
pub(crate) struct Kind {
    /// The profile of the virtual card; `None` for the Nitrokey's card.
    pub(crate) profile: Option<&'static str>,
    /// Whether it tells by GET METADATA which keys it has.
    pub(crate) tells: bool,
    /// Whether it can delete and move keys.
    pub(crate) moves: bool,
    /// The algorithm for a key of 9C, the largest curve that it has, and the hash that goes with it.
    pub(crate) curve: (&'static str, &'static str),
    /// Whether Yubico's programs work with it: those that want to be told a version by GET VERSION, and that SELECT
    /// by five bytes.
    pub(crate) yubico: bool,
    /// The tries of its PIN.
    pub(crate) tries: u8,
}

/// A YubiKey with firmware 5.7.
pub(crate) const YUBIKEY_5_7: Kind = Kind {
    profile: Some("yubikey-5.7"),
    tells: true,
    moves: true,
    curve: ("p384", "SHA384"),
    yubico: true,
    tries: 3,
};
/// A YubiKey 4.
pub(crate) const YUBIKEY_4: Kind =
    Kind { profile: Some("yubikey-4"), tells: false, moves: false, ..YUBIKEY_5_7 };
/// PivApplet on a Java Card.
pub(crate) const PIVAPPLET: Kind = Kind { profile: Some("pivapplet"), moves: false, tries: 5, ..YUBIKEY_5_7 };
/// SP 800-73 and nothing else.
pub(crate) const PLAIN: Kind = Kind {
    profile: Some("plain"),
    tells: false,
    moves: false,
    curve: ("p384", "SHA384"),
    yubico: false,
    tries: 3,
};
/// The card inside the Nitrokey 3.
pub(crate) const NITROKEY: Kind = Kind { profile: None, curve: ("p256", "SHA256"), ..PLAIN };

/// Declares tests that run on kinds of cards: for each kind a module with a test for every body.
macro_rules! on_cards {
    ($($kind:ident in $module:ident: $($body:ident)*;)*) => {
        $(mod $module { $(#[test] fn $body() { super::$body(&crate::cards::$kind); })* })*
    };
}
pub(crate) use on_cards;

/// A card as the factory made it, but with a CHUID, in the first reader of a stack.
pub(crate) struct Rig {
    pub(crate) stack: Stack,
    pub(crate) kind: &'static Kind,
    card: Option<VirtualCard>,
}

impl Rig {
    /// With a card of this kind.
    pub(crate) fn new(kind: &'static Kind) -> Self {
        let mut stack = Stack::new();
        let card = kind.profile.map(|profile| described(profile, ""));
        let event = match &card {
            Some(card) => stack.insert(0, card),
            None => stack.insert_nitrokey(0),
        };
        assert_eq!(event["event"], "card_identified", "{event}");
        assert_eq!(event["card"]["edge"], "piv");
        fs::write(stack.path("management.key"), MANAGEMENT_KEY).unwrap();
        Self { stack, kind, card }
    }

    /// The virtual card.
    #[track_caller]
    pub(crate) fn card(&self) -> &VirtualCard {
        self.card.as_ref().unwrap()
    }

    /// Inserts the virtual card once more, after it was pulled.
    pub(crate) fn insert_again(&mut self) {
        let card = self.card().clone();
        assert_eq!(self.stack.insert(0, &card)["event"], "card_identified");
    }

    /// A command line that writes, with the management key.
    pub(crate) fn line(&self, line: &str) -> String {
        format!("{line} --management-key-file {}", self.stack.path("management.key").display())
    }

    /// What `kortti` prints when it does what it is told with the management key.
    #[track_caller]
    pub(crate) fn writes(&self, line: &str, secrets: &[&str]) -> Value {
        self.stack.ok(&self.line(line), secrets)
    }

    /// The summary of the certificate in a slot.
    #[track_caller]
    pub(crate) fn summary(&self, slot: &str) -> Value {
        let view = self.stack.ok(&format!("cert view {slot}"), &[]);
        assert_eq!(view["summary"]["id"], slot.to_lowercase());
        view["summary"].clone()
    }

    /// The names of the certificates by their slots, in the order of the list.
    #[track_caller]
    pub(crate) fn names(&self) -> Vec<(String, String)> {
        let list = self.stack.ok("cert list", &[]);
        let text = |certificate: &Value, field: &str| certificate[field].as_str().unwrap().to_owned();
        let list = list["certificates"].as_array().unwrap().iter();
        list.map(|certificate| (text(certificate, "id"), text(certificate, "common_name"))).collect()
    }

    /// Tries left of PIN and PUK, as `kortti` tells them.
    #[track_caller]
    pub(crate) fn tries(&self) -> [Value; 2] {
        let pins = self.stack.ok("pin list", &[]);
        [1, 2].map(|role| {
            let mut pins = pins["pins"].as_array().unwrap().iter();
            pins.find(|pin| pin["role"] == role).unwrap()["tries_left"].clone()
        })
    }

    /// How many commands with this instruction the virtual card has been sent since `mark` with data worth a secret:
    /// an empty VERIFY only asks.
    pub(crate) fn sent(&self, mark: usize, instruction: u8) -> usize {
        let log = self.card().log_since(mark);
        log.iter().filter(|apdu| apdu.instruction == instruction && apdu.length > 5).count()
    }
}

/// A virtual card of a profile, as the factory made it but for a CHUID and what else the description says. Its
/// management key is 3DES, since yubico-piv-tool before 2.3 knows no AES.
pub(crate) fn described(profile: &str, more: &str) -> VirtualCard {
    let serial = if profile == "plain" || profile == "yubikey-4" { "" } else { "serial = 7203145" };
    card(&format!(
        "profile = '{profile}'\nguid = '0C94E2B7A81D4F3695D07B2E6C1FA853'\n{serial}\n\
         management-key = '{MANAGEMENT_KEY}'\nmanagement-algorithm = '3des'\n{more}"
    ))
}

/// A PIV card of which the description says this.
pub(crate) fn card(description: &str) -> VirtualCard {
    let toml = format!("[[card]]\nname = 'card'\nkind = 'piv'\n{description}\n");
    VirtualReaders::from_description(&toml).unwrap().card("card").unwrap()
}

/// Slots of a description, each with the same key and certificate.
pub(crate) fn slots(names: &[&str]) -> String {
    let slot = |name: &&str| {
        format!(
            "[[card.slot]]\nslot = '{name}'\nkey = '{DEMO}/erik-encryption.key'\n\
             certificate = '{DEMO}/erik-encryption.pem'\n"
        )
    };
    let slots: String = names.iter().map(slot).collect();
    // Where nobody asks the card which keys it has, the key history says that there are retired ones.
    if names.iter().any(|name| name.starts_with('8')) {
        format!("key-history = true\n{slots}")
    } else {
        slots
    }
}
