//! The cards that are put in, and the bytes of GIDS that are looked for on them.

use card::virt::{VirtualCard, VirtualReaders};
use harness::stack::Stack;

/// The PIN of every card.
pub(crate) const PIN: &str = "123456";
/// The admin key of every card.
pub(crate) const ADMIN_KEY: &str = "0123456789ABCDEFFEDCBA987654321089ABCDEF01234567";
/// The serial number of the card `anna`.
pub(crate) const ANNA: &str = "7D1F93C2A4E05B68B19C3D2E6F804A57";
/// The serial number of a card without certificates.
pub(crate) const BERTA: &str = "C45A0E91D7364B82A05F1C7E93B82D60";
/// The PUK of the card that has one.
pub(crate) const PUK: &str = "87654321";

/// Where the keys and certificates of the demonstration set are.
pub(crate) const DEMO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../agent/card/src/virt/demo");

/// VERIFY
pub(crate) const VERIFY: u8 = 0x20;
/// CHANGE REFERENCE DATA
pub(crate) const CHANGE: u8 = 0x24;
/// RESET RETRY COUNTER
pub(crate) const RESET_RETRY: u8 = 0x2C;
/// GENERAL AUTHENTICATE: takes a challenge, and answers it
pub(crate) const AUTHENTICATE: u8 = 0x87;
/// GET RESPONSE
pub(crate) const GET_RESPONSE: u8 = 0xC0;
/// PUT DATA
pub(crate) const PUT: u8 = 0xDB;

/// A card of the demonstration set.
pub(crate) fn demo(name: &str) -> VirtualCard {
    VirtualReaders::demo().card(name).unwrap()
}

/// The card `anna`: two certificates with keys, and the authority that issued them.
pub(crate) fn anna() -> VirtualCard {
    demo("anna")
}

/// A personalised card without certificates.
pub(crate) fn berta() -> VirtualCard {
    described("")
}

/// A personalised card without certificates that is unblocked with a PUK.
pub(crate) fn with_puk() -> VirtualCard {
    described(&format!("puk = '{PUK}'"))
}

/// A card with the certificates of `anna`, but not the authority.
pub(crate) fn without_roots() -> VirtualCard {
    let container = |name| {
        format!(
            "[[card.container]]\nname = '{name}'\nkey = '{DEMO}/{name}.key'\ncertificate = '{DEMO}/{name}.pem'\n"
        )
    };
    described(&["logon", "mail"].map(container).concat())
}

fn described(more: &str) -> VirtualCard {
    let toml = format!(
        "[[card]]\nname = 'berta'\npin = '{PIN}'\nadmin-key = '{ADMIN_KEY}'\ncardid = '{BERTA}'\n{more}\n"
    );
    VirtualReaders::from_description(&toml).unwrap().card("berta").unwrap()
}

/// Whether this is the PIN of a card. Uses no try.
pub(crate) fn pin_is(card: &VirtualCard, pin: &str) -> bool {
    card.gids(|gids| gids.pin_is(pin.as_bytes())).unwrap()
}

/// The tries that the PIN of a card has left.
pub(crate) fn tries(card: &VirtualCard) -> u8 {
    card.gids(|gids| gids.pin_tries_left()).unwrap()
}

/// Blocks the PIN of a card behind everybody's back.
pub(crate) fn block(card: &VirtualCard) {
    card.gids(|gids| gids.set_pin_tries_left(0)).unwrap();
}

/// How many commands with this instruction a card has been sent since `mark` with data worth a secret: an empty
/// VERIFY only asks.
pub(crate) fn sent(card: &VirtualCard, mark: usize, instruction: u8) -> usize {
    card.log_since(mark).iter().filter(|apdu| apdu.instruction == instruction && apdu.length > 5).count()
}

/// Takes a challenge, and returns its response.
#[track_caller]
pub(crate) fn right_response(stack: &Stack) -> String {
    let challenge = stack.ok("unblock start", &[]);
    stack.response(&challenge, ADMIN_KEY)
}
