//! The seam between what a card is and how it is spoken to: the minidriver's model, with no APDU in sight.

use shared::model::{Card, Container, Finding, PinStatus, Role, Space};
use shared::secret::Pin;

use crate::error::Result;
use crate::key::{PrivateKey, PublicKey};

/// A card whose application is selected, inside one transaction. What it remembers is good for that long only.
///
/// Every method that writes needs [`SmartCard::verify`] first, in the same transaction, except where it says
/// otherwise. Every method leaves no secret behind: what it was lent it does not keep.
pub trait SmartCard {
    /// Kind, serial number and name. Reads from the card what was not read yet in this transaction.
    ///
    /// # Errors
    /// [`crate::Error::Transport`] and [`crate::Error::Unexpected`]. A card that is not initialised is no error:
    /// it has no serial number.
    fn identify(&mut self) -> Result<Card>;

    /// Whether a command that carries a PIN, a PUK or a response has been sent in this transaction. After that
    /// nothing may be redone by machine.
    fn secret_sent(&self) -> bool;

    /// What tells whether contents read earlier still hold. One APDU.
    ///
    /// # Errors
    /// As for `identify`; [`crate::Error::NotInitialised`].
    fn freshness(&mut self) -> Result<Freshness>;

    /// Containers, certificates and what is wrong with them. Needs no PIN. A part that is damaged is listed
    /// among the findings and does not hide the rest.
    ///
    /// # Errors
    /// As for `freshness`.
    fn contents(&mut self) -> Result<Contents>;

    /// The PINs and how they stand. Uses no try.
    ///
    /// # Errors
    /// As for `identify`.
    fn pins(&mut self) -> Result<Vec<PinStatus>>;

    /// Presents a PIN, once. Does not look at policy or tries left: the caller has.
    ///
    /// # Errors
    /// [`crate::Error::WrongPin`], [`crate::Error::PinBlocked`], [`crate::Error::PinRefused`].
    fn verify(&mut self, role: Role, pin: &Pin) -> Result<()>;

    /// Changes a PIN: verifies the current one first, and only then sends the change. Needs no `verify` before.
    ///
    /// # Errors
    /// As for `verify`.
    fn change_pin(&mut self, role: Role, current: &Pin, new: &Pin) -> Result<()>;

    /// Takes a challenge for unblocking that PIN, and leaves a mark on the card by which
    /// [`SmartCard::challenge_stands`] recognises that nothing has come between. To be called before anything
    /// else is done with the card than looking at it; else no mark may be left.
    ///
    /// # Errors
    /// [`crate::Error::NotSupported`] when this card has no challenge.
    fn challenge(&mut self, role: Role) -> Result<Challenge>;

    /// Whether the last challenge is still the card's, asked without touching it. `false` also when the card
    /// cannot tell. Once the transaction in which the challenge was taken is over, the answer means something
    /// only for a challenge that was [`Challenge::marked`].
    ///
    /// # Errors
    /// [`crate::Error::Transport`].
    fn challenge_stands(&mut self) -> Result<bool>;

    /// Unblocks a PIN and sets it anew. Needs no `verify`. The caller has checked the new PIN against the policy
    /// and, for a response, that the challenge stands.
    ///
    /// # Errors
    /// [`crate::Error::WrongResponse`], [`crate::Error::WrongPin`] for a PUK, [`crate::Error::PinRefused`].
    fn unblock(&mut self, role: Role, proof: UnblockProof<'_>, new: &Pin) -> Result<()>;

    /// Where an import would go, and whether there is room: every limit that can be known is checked here, before
    /// the first write. How many files a card takes it does not tell, nor how much memory it has; where they run
    /// out the import is put back. Needs no PIN and writes nothing.
    ///
    /// # Errors
    /// [`crate::Error::NoMatchingKey`], [`crate::Error::KeyNotSupported`], [`crate::Error::CardFull`],
    /// [`crate::Error::Damaged`].
    fn place(&mut self, import: &Import<'_>) -> Result<Placement>;

    /// Imports, reads back and compares; on failure puts everything back. Returns the certificate's `id`.
    ///
    /// # Errors
    /// Those of `place`, and [`crate::Error::WriteFailed`].
    fn import(&mut self, import: &Import<'_>) -> Result<String>;

    /// Makes a container the default one.
    ///
    /// # Errors
    /// [`crate::Error::NotFound`] when there is no such container.
    fn set_default(&mut self, container: u8) -> Result<()>;

    /// Deletes a certificate without a container, or only the certificate of one.
    ///
    /// # Errors
    /// [`crate::Error::NotFound`].
    fn delete_certificate(&mut self, id: &str) -> Result<()>;

    /// Deletes a container with its key and certificate.
    ///
    /// # Errors
    /// [`crate::Error::NotFound`].
    fn delete_container(&mut self, container: u8) -> Result<Removed>;

    /// Mends what it can of the findings that `contents` lists; returns what it mended.
    ///
    /// # Errors
    /// Those of the transport.
    fn repair(&mut self) -> Result<Vec<Finding>>;
}

/// Opaque bytes that differ when the contents of the card may differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Freshness(pub Vec<u8>);

/// What a card holds.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    /// Its private keys. `certificate` names the certificate of each.
    pub containers: Vec<Container>,
    /// Its certificates.
    pub certificates: Vec<StoredCertificate>,
    /// Trusted roots and intermediates it carries beside them, DER.
    pub roots: Vec<Vec<u8>>,
    /// How full it is.
    pub space: Space,
    /// What is wrong with it.
    pub findings: Vec<Finding>,
}

/// A certificate as stored.
#[derive(Clone, Debug)]
pub struct StoredCertificate {
    /// Its name on the card.
    pub id: String,
    /// The container it belongs to.
    pub container: Option<u8>,
    /// DER, or why it cannot be had.
    pub der: std::result::Result<Vec<u8>, String>,
}

/// A challenge as taken from a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// The challenge.
    pub bytes: Vec<u8>,
    /// Whether the card can tell later that nothing has come between. If not, only the transaction in which the
    /// challenge was taken vouches for it.
    pub marked: bool,
}

/// How an unblock is authorised.
pub enum UnblockProof<'a> {
    /// The response to the challenge that the card gave last.
    Response(&'a [u8]),
    /// The PUK.
    Puk(&'a Pin),
}

/// What is to be imported.
pub struct Import<'a> {
    /// The certificate, DER.
    pub certificate: &'a [u8],
    /// Its public key.
    pub public_key: &'a PublicKey,
    /// Its private key; without one the card must have it.
    pub private_key: Option<&'a PrivateKey>,
    /// Further certificates of the chain, DER. Those that do not fit are left out.
    pub chain: &'a [Vec<u8>],
    /// Whether the container becomes the default one. The first container of a card always does.
    pub default: bool,
}

/// Where an import goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// The container.
    pub container: u8,
    /// The certificate that it takes the place of.
    pub replaces: Option<String>,
    /// Whether the key is written too; false when the card has it.
    pub writes_key: bool,
}

/// What a deletion brought with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removed {
    /// The container that is the default one now.
    pub default: Option<u8>,
}
