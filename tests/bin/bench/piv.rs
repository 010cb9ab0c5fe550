//! PIV cards: what showing their certificates costs, beside what it costs others.

use card::virt::{VirtualCard, VirtualReaders};
use harness::pcscd::Pcscd;
use harness::programs::Home;
use harness::wire::Wire;

use crate::{Bar, Cost, LISTS, ROUNDS, Table, median};

/// A card of a profile, and how many certificates are on it.
struct Sort {
    name: &'static str,
    profile: &'static str,
    slots: &'static [&'static str],
    key_history: bool,
    /// The most APDUs of the first sight.
    first: Option<u32>,
}

const TWELVE: &[&str] = &["9A", "9C", "9D", "9E", "82", "83", "84", "85", "86", "87", "88", "89"];

const SORTS: &[Sort] = &[
    Sort {
        name: "a YubiKey 5.7, 2 certificates",
        profile: "yubikey-5.7",
        slots: &["9A", "9D"],
        key_history: false,
        first: None,
    },
    Sort {
        name: "a YubiKey 5.7, 2 certificates, key history",
        profile: "yubikey-5.7",
        slots: &["9A", "9D"],
        key_history: true,
        first: Some(10),
    },
    Sort {
        name: "a YubiKey 5.7, 12 certificates",
        profile: "yubikey-5.7",
        slots: TWELVE,
        key_history: false,
        first: None,
    },
    Sort {
        name: "a plain card, 2 certificates",
        profile: "plain",
        slots: &["9A", "9D"],
        key_history: true,
        first: None,
    },
];

/// What others run to show the certificates.
const OTHERS: &[&str] =
    &["pkcs11-tool -O", "pkcs15-tool -c", "yubico-piv-tool -r Virtual -a status", "piv-tool -n"];

fn card(sort: &Sort) -> VirtualCard {
    const DEMO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../agent/card/src/virt/demo");
    let serial = if sort.profile.starts_with("yubikey-5") { "serial = 11223344\n" } else { "" };
    let mut text = format!(
        "[[card]]\nname = \"card\"\nkind = \"piv\"\nprofile = \"{}\"\nguid = \"A82C47F1E05B4D93867B21C4F39D0E65\"\n\
         key-history = {}\n{serial}",
        sort.profile, sort.key_history
    );
    for slot in sort.slots {
        text += &format!(
            "[[card.slot]]\nslot = \"{slot}\"\nkey = \"{DEMO}/erik-encryption.key\"\ncertificate = \"{DEMO}/erik-encryption.pem\"\n"
        );
    }
    let cards = VirtualReaders::from_description(&text).expect("a description");
    cards.card("card").expect("the card")
}

/// Every sort of card: others first, then `kortti` at first sight and when nothing has changed.
pub(crate) fn lists(table: &mut Table, pcscd: &mut Pcscd, home: &Home) {
    let mut wire = Wire::open(home);
    wire.subscribe();
    let mut until = |name: &str| while wire.event()["event"] != name {};
    for sort in SORTS {
        let card = card(sort);
        let inserted = pcscd.insert(0, &card);
        until("card_identified");
        for line in OTHERS {
            let words: Vec<&str> = line.split(' ').collect();
            let cost = Cost::of(&card, ROUNDS, || {
                // Some end with a failure after having shown what they were asked for.
                pcscd.client(words[0]).args(&words[1..]).output().expect("packaging/bench installs it");
            });
            table.row(&format!("{}: {line} (for comparison)", sort.name), cost.text(), &Bar::None);
        }
        pcscd.remove(0, inserted);
        until("card_removed");
        let (mut apdus, mut times) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let inserted = pcscd.insert(0, &card);
            until("card_identified");
            let first = Cost::of(&card, 1, || drop(home.kortti(&["cert", "list"], &[]).code(0)));
            apdus.push(first.apdus);
            times.push(first.milliseconds);
            pcscd.remove(0, inserted);
            until("card_removed");
        }
        let first = Cost { apdus: median(&mut apdus), milliseconds: median(&mut times) };
        let bar = sort.first.map_or(Bar::None, |most| first.within(most));
        table.row(&format!("{}: kortti cert list, first sight", sort.name), first.text(), &bar);
        let inserted = pcscd.insert(0, &card);
        until("card_identified");
        home.kortti(&["cert", "list"], &[]).code(0);
        let warm = Cost::of(&card, LISTS, || drop(home.kortti(&["cert", "list"], &[]).code(0)));
        table.row(
            &format!("{}: kortti cert list, nothing has changed", sort.name),
            warm.text(),
            &warm.within(2),
        );
        pcscd.remove(0, inserted);
        until("card_removed");
    }
}
