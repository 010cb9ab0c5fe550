//! PIV as a [`SmartCard`]: the command set of NIST SP 800-73 with the extensions of Yubico and others, as card-piv.md
//! lays it out from cards and from the programs that write them.
//!
//! ```text
//! slot, objects     key references, data objects: GET DATA, PUT DATA
//!   template, discovery, chuid, certificate_object, metadata, container_map, …   what is in them; no card in sight
//!     vendor        which card it is, by what it can do
//!       contents, pins, recall            what is read
//!       management_key, import, generate, move_key, delete, default, repair      what people ask for
//! ```

mod admin_data;
mod algorithm;
mod certificate_object;
mod chuid;
mod container_map;
mod discovery;
mod key_history;
mod metadata;
mod objects;
mod roots;
mod slot;
mod template;
mod vendor;

use std::collections::BTreeMap;

use shared::model::{Card, Finding, ManagementKey, PinStatus, Role};
use shared::secret::Pin;

use crate::apdu::{Command, Data, StatusWord};
use crate::applet::Applet;
use crate::error::{Error, Result};
use crate::key::PublicKey;
use crate::smart_card::{
    Challenge, Contents, Freshness, Import, ManagementProof, NewKey, PinEntry, Placement, Removed, SmartCard,
    UnblockProof,
};
use crate::transport::Transaction;

/// The part of the application identifier that is sent: older cards match a prefix, and the two bytes after it tell
/// the version (SP 800-73-4 part 1, section 2.2; card-piv.md 1).
const AID: &[u8] = &[0xA0, 0x00, 0x00, 0x03, 0x08, 0x00, 0x00, 0x10, 0x00];

/// Data bytes of one command in a chain (card-piv.md 2.2).
const CHUNK: usize = 255;

/// What the card answered to SELECT: the application property template (SP 800-73-4 part 2, section 3.1.1).
pub struct Selected(Vec<u8>);

/// A PIV card whose application is selected.
pub struct Piv<'t> {
    applet: Applet<'t>,
    template: template::Template,
    /// Objects, by their tags.
    memory: objects::Memory,
    /// Metadata, by key references.
    told: BTreeMap<u8, metadata::Told>,
    /// Set once the card has shown that it tells no metadata at all.
    tells_nothing: Option<metadata::Told>,
    vendor: Option<vendor::Vendor>,
    /// Set once it was asked for.
    serial: Option<Option<u32>>,
}

/// Selects the application; `None` when the card has none.
///
/// # Errors
/// [`Error::Transport`]
pub fn select(transaction: &mut dyn Transaction) -> Result<Option<Selected>> {
    let command = Command {
        name: "SELECT",
        instruction: 0xA4,
        parameters: [0x04, 0x00],
        data: Data::Plain(AID),
        expects: true,
    };
    match Applet::new(transaction, CHUNK).send(&command) {
        Ok(response) if response.status == StatusWord::OK => Ok(Some(Selected(response.data))),
        Ok(_) => Ok(None),
        Err(error @ Error::Transport(_)) => Err(error),
        Err(_) => Ok(None),
    }
}

/// Whether nobody has spoken to the card since `freshness` was taken.
///
/// # Errors
/// [`Error::Transport`]
pub fn recall(transaction: &mut dyn Transaction, freshness: &Freshness) -> Result<bool> {
    let _ = (transaction, freshness);
    Ok(false)
}

impl<'t> Piv<'t> {
    /// A card whose application has just been selected.
    pub fn selected(transaction: &'t mut dyn Transaction, selected: Selected) -> Self {
        Self {
            applet: Applet::new(transaction, CHUNK),
            template: template::Template::parse(&selected.0),
            memory: objects::Memory::default(),
            told: BTreeMap::new(),
            tells_nothing: None,
            vendor: None,
            serial: None,
        }
    }

    /// A card whose application is selected already.
    pub fn resumed(transaction: &'t mut dyn Transaction) -> Self {
        Self::selected(transaction, Selected(Vec::new()))
    }
}

impl SmartCard for Piv<'_> {
    fn identify(&mut self) -> Result<Card> {
        Err(Error::UnknownCard)
    }

    fn secret_sent(&self) -> bool {
        self.applet.secret_sent()
    }

    fn freshness(&mut self) -> Result<Option<Freshness>> {
        Ok(None)
    }

    fn contents(&mut self) -> Result<Contents> {
        Err(Error::UnknownCard)
    }

    fn pins(&mut self) -> Result<Vec<PinStatus>> {
        Err(Error::UnknownCard)
    }

    fn verify(&mut self, _: Role, _: PinEntry<'_>) -> Result<()> {
        Err(Error::UnknownCard)
    }

    fn management_key(&mut self) -> Result<Option<ManagementKey>> {
        Err(Error::UnknownCard)
    }

    fn authorise(&mut self, _: ManagementProof<'_>) -> Result<()> {
        Err(Error::UnknownCard)
    }

    fn change_pin(&mut self, _: Role, _: PinEntry<'_>, _: PinEntry<'_>) -> Result<()> {
        Err(Error::UnknownCard)
    }

    fn set_tries(&mut self, _: (u8, &Pin), _: (u8, &Pin)) -> Result<()> {
        Err(Error::UnknownCard)
    }

    fn challenge(&mut self, _: Role) -> Result<Challenge> {
        Err(Error::NotSupported("a PIV card has no challenge for unblocking; it is unblocked with its PUK"))
    }

    fn challenge_stands(&mut self) -> Result<bool> {
        Ok(false)
    }

    fn unblock(&mut self, _: Role, _: UnblockProof<'_>, _: PinEntry<'_>) -> Result<()> {
        Err(Error::UnknownCard)
    }

    fn place(&mut self, _: &Import<'_>) -> Result<Placement> {
        Err(Error::UnknownCard)
    }

    fn import(&mut self, _: &Import<'_>) -> Result<String> {
        Err(Error::UnknownCard)
    }

    fn place_key(&mut self, _: &NewKey) -> Result<Placement> {
        Err(Error::UnknownCard)
    }

    fn generate(&mut self, _: &NewKey) -> Result<PublicKey> {
        Err(Error::UnknownCard)
    }

    fn sign(&mut self, _: u8, _: &[u8], _: PinEntry<'_>) -> Result<Vec<u8>> {
        Err(Error::UnknownCard)
    }

    fn move_key(&mut self, _: u8, _: u8) -> Result<()> {
        Err(Error::UnknownCard)
    }

    fn set_default(&mut self, _: u8) -> Result<()> {
        Err(Error::UnknownCard)
    }

    fn delete_certificate(&mut self, _: &str) -> Result<()> {
        Err(Error::UnknownCard)
    }

    fn delete_container(&mut self, _: u8) -> Result<Removed> {
        Err(Error::UnknownCard)
    }

    fn repair(&mut self) -> Result<Vec<Finding>> {
        Err(Error::UnknownCard)
    }

    fn renew_identifier(&mut self) -> Result<()> {
        Ok(())
    }
}
