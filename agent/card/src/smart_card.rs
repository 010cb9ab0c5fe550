//! The seam between what a card is and how it is spoken to: the minidriver's model, with no APDU in sight.

use shared::model::{
    Card, Container, DefaultSource, Finding, KeyAlgorithm, ManagementKey, PinStatus, PinUse, Role, Space,
    TouchUse,
};
use shared::secret::Pin;

use crate::error::Result;
use crate::key::{PrivateKey, PublicKey, Signature};

/// A card whose application is selected, inside one transaction. What it remembers is good for that long only.
///
/// Every method that writes needs [`SmartCard::verify`] and [`SmartCard::authorise`] first, in the same transaction,
/// except where it says otherwise. Every method leaves no secret behind: what it was lent it does not keep.
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

    /// What will tell [`crate::edge::recall`] whether the contents read in this transaction still hold; `None` when
    /// this card has no means to. To be called last: some cards are left with a mark that every other command takes
    /// away. One APDU.
    ///
    /// # Errors
    /// As for `identify`; [`crate::Error::NotInitialised`].
    fn freshness(&mut self) -> Result<Option<Freshness>>;

    /// Containers, certificates and what is wrong with them. Needs no PIN. A part that is damaged is listed
    /// among the findings and does not hide the rest.
    ///
    /// # Errors
    /// As for `freshness`.
    fn contents(&mut self) -> Result<Contents>;

    /// The 16 bytes by which Windows knows the card, if it has them. Needs no PIN.
    ///
    /// # Errors
    /// As for `identify`.
    fn windows_id(&mut self) -> Result<Option<Vec<u8>>>;

    /// What is wrong with the card as a whole, or unwise to leave so, beside what [`SmartCard::contents`] finds: PINs
    /// and keys that are still the factory's, a missing identifier. Uses no try.
    ///
    /// # Errors
    /// As for `identify`.
    fn advice(&mut self) -> Result<Vec<Finding>>;

    /// The PINs and how they stand. Uses no try. On cards that hide the tries of a verified PIN it ends that login, so
    /// that `verify` comes after it.
    ///
    /// # Errors
    /// As for `identify`.
    fn pins(&mut self) -> Result<Vec<PinStatus>>;

    /// What the card tells of its PINs beside how they stand: by it one look at a card is compared with another. Uses no
    /// try. At most one APDU once `pins` has been called, and another one for a PUK without tries.
    ///
    /// # Errors
    /// As for `identify`.
    fn pin_marks(&mut self) -> Result<PinMarks>;

    /// The last second for which the card's issuer wants it to be used, RFC 3339 in UTC; `None` where no issuer says.
    /// At most one APDU.
    ///
    /// # Errors
    /// As for `identify`.
    fn expiry(&mut self) -> Result<Option<String>>;

    /// Presents a PIN, once. Does not look at policy or tries left: the caller has.
    ///
    /// # Errors
    /// [`crate::Error::WrongPin`], [`crate::Error::PinBlocked`], [`crate::Error::PinRefused`].
    fn verify(&mut self, role: Role, pin: PinEntry<'_>) -> Result<()>;

    /// The key that authorises writing, where the card has one beside the PIN, and how it stands. `None` when the
    /// PIN is all it takes. Uses no try.
    ///
    /// # Errors
    /// As for `identify`.
    fn management_key(&mut self) -> Result<Option<ManagementKey>>;

    /// Whether this card erases all its private keys once both PIN and PUK are blocked. Known once `pins` has
    /// been called; asks the card nothing.
    fn blocking_erases_keys(&self) -> bool {
        false
    }

    /// Refuses a change that cannot be made, as far as that is known without a PIN: to be asked before one costs a try
    /// for nothing. Writes nothing.
    ///
    /// # Errors
    /// Those of the change itself.
    fn admits(&mut self, change: &Change<'_>) -> Result<()>;

    /// Authorises writing beyond the PIN, once, on cards that want it; on others it does nothing.
    ///
    /// # Errors
    /// [`crate::Error::ManagementKeyNeeded`], decided without asking the card; [`crate::Error::WrongManagementKey`],
    /// [`crate::Error::Untouched`].
    fn authorise(&mut self, proof: ManagementProof<'_>) -> Result<()>;

    /// Changes a PIN, or the PUK, whose role is [`Role::ADMIN`]. Needs no `verify` before. A wrong current PIN costs
    /// one try and never sets a new one.
    ///
    /// # Errors
    /// As for `verify`.
    fn change_pin(&mut self, role: Role, current: PinEntry<'_>, new: PinEntry<'_>) -> Result<()>;

    /// Sets how many tries PIN and PUK have. Cards that can do it fall back on the factory's PIN and PUK, which are
    /// changed at once to those given.
    ///
    /// # Errors
    /// [`crate::Error::NotSupported`]; [`crate::Error::WriteFailed`] when PIN or PUK is the factory's now.
    fn set_tries(&mut self, pin: (u8, &Pin), puk: (u8, &Pin)) -> Result<()>;

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
    fn unblock(&mut self, role: Role, proof: UnblockProof<'_>, new: PinEntry<'_>) -> Result<()>;

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

    /// Where a new key would go, and whether there is room, as for `place`. Needs no PIN and writes nothing.
    ///
    /// # Errors
    /// [`crate::Error::KeyNotSupported`], [`crate::Error::CardFull`], [`crate::Error::NotFound`],
    /// [`crate::Error::NotSupported`].
    fn place_key(&mut self, new: &NewKey) -> Result<Placement>;

    /// Makes a key on the card and returns its public half. A certificate that stood for another key there is gone.
    ///
    /// # Errors
    /// Those of `place_key`, and [`crate::Error::WriteFailed`].
    fn generate(&mut self, new: &NewKey) -> Result<PublicKey>;

    /// Signs with a key of the card, as X.509 has it: PKCS#1 v1.5 or ECDSA with the hash that fits the key's size,
    /// or Ed25519. The signature is checked before it is returned. `pin` is what the card has accepted in this
    /// transaction, presented again where the key wants it before every use; `None` for keys that want none.
    ///
    /// # Errors
    /// [`crate::Error::NotFound`], [`crate::Error::KeyNotSupported`] for a key that cannot sign,
    /// [`crate::Error::Untouched`], and those of `verify`.
    fn sign(&mut self, container: u8, message: &[u8], pin: Option<PinEntry<'_>>) -> Result<Signature>;

    /// Moves a key and its certificate to another, free container.
    ///
    /// # Errors
    /// [`crate::Error::NotSupported`], [`crate::Error::NotFound`], [`crate::Error::WriteFailed`].
    fn move_key(&mut self, from: u8, to: u8) -> Result<()>;

    /// Makes a container the default one.
    ///
    /// # Errors
    /// [`crate::Error::NotFound`] when there is no such container; [`crate::Error::NotSupported`] says what decides
    /// on cards that keep no default.
    fn set_default(&mut self, container: u8) -> Result<()>;

    /// Deletes a certificate without a container, or only the certificate of one.
    ///
    /// # Errors
    /// [`crate::Error::NotFound`].
    fn delete_certificate(&mut self, id: &str) -> Result<()>;

    /// Deletes a container with its key and certificate; where the card cannot delete keys, the certificate only,
    /// which [`Removed::key_stays`] tells.
    ///
    /// # Errors
    /// [`crate::Error::NotFound`].
    fn delete_container(&mut self, container: u8) -> Result<Removed>;

    /// Mends what it can of the findings of `contents` and `advice`; returns what it mended.
    ///
    /// # Errors
    /// Those of the transport.
    fn repair(&mut self) -> Result<Vec<Finding>>;

    /// Tells Windows, which keeps certificates by the card's identifier, that they have changed: gives the card a new
    /// identifier where nothing else tells. Does nothing where the serial number would change with it.
    ///
    /// # Errors
    /// Those of a write; the change that it tells of is done whatever comes of this.
    fn renew_identifier(&mut self) -> Result<()>;
}

/// A change of something that is on the card already.
pub enum Change<'a> {
    /// [`SmartCard::set_tries`], with the same values.
    Tries {
        /// Tries of the PIN, and the PIN.
        pin: (u8, &'a Pin),
        /// Tries of the PUK, and the PUK.
        puk: (u8, &'a Pin),
    },
    /// [`SmartCard::move_key`].
    Move {
        /// The container that has the key.
        from: u8,
        /// The one that is to have it.
        to: u8,
    },
    /// [`SmartCard::set_default`].
    Default(u8),
    /// [`SmartCard::delete_container`].
    Delete(u8),
}

/// How a PIN gets to the card.
#[derive(Clone, Copy, Debug)]
pub enum PinEntry<'a> {
    /// Typed at the computer.
    Typed(&'a Pin),
    /// Typed on the reader's own keys; no program sees it.
    Pad,
}

/// What authorises writing beyond the PIN.
#[derive(Clone, Copy)]
pub enum ManagementProof<'a> {
    /// Nothing that anybody types: the key that the card keeps for whoever has the PIN, or the factory's where the
    /// card says that it still has that.
    Stored,
    /// The key, raw.
    Key(&'a [u8]),
    /// The factory's key: somebody says that the card still has it.
    Factory,
}

/// A key to be made on a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKey {
    /// The container that somebody chose; the card's edge chooses unless given.
    pub container: Option<u8>,
    /// Kind and size.
    pub algorithm: KeyAlgorithm,
    /// When it will want the PIN; as usual for the container unless given.
    pub pin_use: Option<PinUse>,
    /// When it will want a touch; as usual unless given.
    pub touch_use: Option<TouchUse>,
    /// Whether the container becomes the default one.
    pub default: bool,
}

/// Opaque bytes that differ when the contents of the card may differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Freshness(pub Vec<u8>);

/// What a card tells of its PINs beside how they stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PinMarks {
    /// Another number than before when a PIN was set since, by a program that keeps to what such cards agree on; `None`
    /// where there is no such agreement.
    pub counter: Option<u8>,
    /// The PINs of which the card tells whether they are still the factory's, and whether they are.
    pub factory: Vec<(Role, bool)>,
    /// The PINs that were blocked on purpose.
    pub given_up: Vec<Role>,
}

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
    /// What decides which container is the default one.
    pub default_source: Option<DefaultSource>,
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
    Puk(PinEntry<'a>),
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
    /// The container that somebody chose; the card's edge chooses unless given.
    pub container: Option<u8>,
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
    /// Whether another key is in the container, or may be, and would be lost.
    pub overwrites_key: bool,
    /// Whether the PIN is wanted beside the management key: the card does not show its keys, so a new one is tried out.
    pub wants_pin: bool,
}

/// What a deletion brought with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removed {
    /// The container that is the default one now.
    pub default: Option<u8>,
    /// Whether the card cannot delete the key, so that it is still there.
    pub key_stays: bool,
}
