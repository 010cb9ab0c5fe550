//! PIV as a [`SmartCard`]: the command set of NIST SP 800-73 with the extensions of Yubico and others, as card-piv.md
//! lays it out from cards and from the programs that write them.
//!
//! ```text
//! slot, objects     key references, data objects: GET DATA, PUT DATA
//!   template, discovery, chuid, certificate_object, metadata, container_map, …   what is in them; no card in sight
//!     vendor        which card it is, by what it can do
//!       contents, findings, pins, recall  what is read
//!       keys, change                      commands that write and use keys; changes that are put back
//!         place                           which slot it is about
//!           management_key, import, generate, sign, move_key, delete, default, repair, …   what people ask for
//! ```

mod admin_data;
mod algorithm;
mod certificate_object;
mod change;
mod chuid;
mod cipher;
mod container_map;
mod contents;
mod default;
mod delete;
mod discovery;
mod findings;
mod generate;
mod identifier;
mod import;
mod key_data;
mod key_history;
mod keys;
mod management_key;
mod metadata;
mod move_key;
mod objects;
mod pins;
mod place;
mod recall;
mod repair;
mod roots;
mod sign;
mod slot;
mod template;
mod tries;
mod vendor;

use std::collections::{BTreeMap, BTreeSet};

use shared::model::{Card, Csn, Edge, Finding, ManagementKey, PinStatus, Role};
use shared::secret::Pin;
use zeroize::Zeroizing;

use crate::apdu::{Command, Data, StatusWord};
use crate::applet::Applet;
use crate::error::{Error, Result};
use crate::key::{PublicKey, Signature};
use crate::smart_card::{
    Challenge, Change, Contents, Freshness, Import, ManagementProof, NewKey, PinEntry, PinMarks, Placement,
    Removed, SmartCard, UnblockProof,
};
use crate::transport::Transaction;

/// The part of the application identifier that is sent: older cards match a prefix, and the two bytes after it tell
/// the version (SP 800-73-4 part 1, section 2.2; card-piv.md 1).
const AID: &[u8] = &[0xA0, 0x00, 0x00, 0x03, 0x08, 0x00, 0x00, 0x10, 0x00];

/// Data bytes of one command in a chain (card-piv.md 2.2).
const CHUNK: usize = 255;

const NO_CHALLENGE: Error =
    Error::NotSupported("a PIV card has no challenge for unblocking; it is unblocked with its PUK");

/// What the card answered to SELECT: the application property template (SP 800-73-4 part 2, section 3.1.1).
pub struct Selected(Vec<u8>);

/// A PIV card whose application is selected. Dropping it logs out what it has logged in: other programs must not find
/// the card verified by us.
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
    /// A management key made from the PIN that was verified.
    derived_key: Option<Zeroizing<Vec<u8>>>,
    /// A key that is known from this transaction: made in it, or tried out.
    proved: Option<(slot::Slot, PublicKey)>,
    /// The PIN has been accepted, and nothing has ended that since.
    verified: bool,
    /// The management key may have been accepted, and nothing has ended that since.
    managed: bool,
    /// PINs that may have been accepted, by their key references, with nothing that has ended that since.
    logged_in: BTreeSet<u8>,
}

/// Selects the application; `None` when the card has none.
///
/// # Errors
/// [`Error::Transport`]
pub fn select(transaction: &mut dyn Transaction) -> Result<Option<Selected>> {
    select_application(&mut Applet::new(transaction, CHUNK))
}

fn select_application(applet: &mut Applet<'_>) -> Result<Option<Selected>> {
    let command = Command {
        name: "SELECT",
        instruction: 0xA4,
        parameters: [0x04, 0x00],
        data: Data::Plain(AID),
        expects: true,
    };
    match applet.send(&command) {
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
    recall::recall(transaction, freshness)
}

impl<'t> Piv<'t> {
    /// A card whose application has just been selected.
    pub fn selected(transaction: &'t mut dyn Transaction, selected: Selected) -> Self {
        let Selected(answer) = selected;
        let mut applet = Applet::new(transaction, CHUNK);
        applet.allow_extended();
        Self {
            applet,
            template: template::Template::parse(&answer),
            memory: objects::Memory::default(),
            told: BTreeMap::new(),
            tells_nothing: None,
            vendor: None,
            serial: None,
            verified: false,
            derived_key: None,
            proved: None,
            managed: false,
            logged_in: BTreeSet::new(),
        }
    }

    /// A card whose application is selected already.
    pub fn resumed(transaction: &'t mut dyn Transaction) -> Self {
        Self::selected(transaction, Selected(Vec::new()))
    }

    /// The bytes that tell this card from every other: the serial number of the device, else the GUID in the CHUID,
    /// else, on a card that nobody gave one, the card's own part of the identifier in its capability container.
    fn identifier(&mut self) -> Result<Option<Vec<u8>>> {
        if let Some(serial) = self.serial()? {
            return Ok(Some(serial.to_be_bytes().to_vec()));
        }
        if let Some(guid) = self.guid()? {
            return Ok(Some(guid.to_vec()));
        }
        let ccc = self.get_if_readable(objects::ObjectId::CCC)?.unwrap_or_default();
        Ok(chuid::card_identifier(&ccc))
    }

    /// The GUID in the CHUID.
    fn guid(&mut self) -> Result<Option<[u8; 16]>> {
        let contents = self.get_if_readable(objects::ObjectId::CHUID)?.unwrap_or_default();
        Ok(chuid::Chuid::parse(&contents).guid)
    }
}

impl Drop for Piv<'_> {
    fn drop(&mut self) {
        if self.managed || !self.logged_in.is_empty() {
            // Nothing can be done about a card that is gone, and a card that is gone is logged out.
            let _ = self.log_out();
        }
    }
}

impl SmartCard for Piv<'_> {
    fn identify(&mut self) -> Result<Card> {
        let csn = self.identifier()?.map(|bytes| Csn::new(&bytes));
        let serial = self.serial()?.map(|serial| serial.to_string());
        Ok(Card { edge: Edge::Piv, csn, name: self.vendor()?.name, serial })
    }

    fn secret_sent(&self) -> bool {
        self.applet.secret_sent()
    }

    fn freshness(&mut self) -> Result<Option<Freshness>> {
        self.leave_mark()
    }

    fn contents(&mut self) -> Result<Contents> {
        self.list()
    }

    fn windows_id(&mut self) -> Result<Option<Vec<u8>>> {
        Ok(self.guid()?.map(|guid| guid.to_vec()))
    }

    fn advice(&mut self) -> Result<Vec<Finding>> {
        Ok(self.warnings()?.iter().map(findings::Problem::finding).collect())
    }

    fn pins(&mut self) -> Result<Vec<PinStatus>> {
        self.pin_states()
    }

    fn pin_marks(&mut self) -> Result<PinMarks> {
        self.marks_of_pins()
    }

    fn expiry(&mut self) -> Result<Option<String>> {
        let contents = self.get_if_readable(objects::ObjectId::CHUID)?.unwrap_or_default();
        Ok(chuid::Chuid::parse(&contents).expiry)
    }

    fn verify(&mut self, role: Role, pin: PinEntry<'_>) -> Result<()> {
        self.verify_pin(role, pin)?;
        self.derive_key(role, pin)
    }

    fn management_key(&mut self) -> Result<Option<ManagementKey>> {
        self.management_key_state().map(Some)
    }

    fn blocking_erases_keys(&self) -> bool {
        self.vendor.as_ref().is_some_and(vendor::Vendor::erases_keys_when_blocked)
    }

    fn admits(&mut self, change: &Change<'_>) -> Result<()> {
        match *change {
            Change::Tries { pin, puk } => self.check_tries(pin, puk),
            Change::Move { from, to } => self.check_move(from, to).map(|_| ()),
            Change::Default(container) => self.check_default(container).map(|_| ()),
            Change::Delete(container) => self.check_deletion(container).map(|_| ()),
        }
    }

    fn authorise(&mut self, proof: ManagementProof<'_>) -> Result<()> {
        self.authorise_with(proof)
    }

    fn change_pin(&mut self, role: Role, current: PinEntry<'_>, new: PinEntry<'_>) -> Result<()> {
        self.change_reference_data(role, current, new)
    }

    fn set_tries(&mut self, pin: (u8, &Pin), puk: (u8, &Pin)) -> Result<()> {
        self.set_numbers_of_tries(pin, puk)
    }

    fn challenge(&mut self, _: Role) -> Result<Challenge> {
        Err(NO_CHALLENGE)
    }

    fn challenge_stands(&mut self) -> Result<bool> {
        Ok(false)
    }

    fn unblock(&mut self, role: Role, proof: UnblockProof<'_>, new: PinEntry<'_>) -> Result<()> {
        match proof {
            UnblockProof::Puk(puk) => self.unblock_with_puk(role, puk, new),
            UnblockProof::Response(_) => Err(NO_CHALLENGE),
        }
    }

    fn place(&mut self, import: &Import<'_>) -> Result<Placement> {
        self.find_place(import)
    }

    fn import(&mut self, import: &Import<'_>) -> Result<String> {
        self.import_certificate(import)
    }

    fn place_key(&mut self, new: &NewKey) -> Result<Placement> {
        self.find_place_for_key(new)
    }

    fn generate(&mut self, new: &NewKey) -> Result<PublicKey> {
        self.make_key(new)
    }

    fn sign(&mut self, container: u8, message: &[u8], pin: Option<PinEntry<'_>>) -> Result<Signature> {
        self.sign_with(container, message, pin)
    }

    fn move_key(&mut self, from: u8, to: u8) -> Result<()> {
        self.move_container(from, to)
    }

    fn set_default(&mut self, container: u8) -> Result<()> {
        self.make_default(container)
    }

    fn delete_certificate(&mut self, id: &str) -> Result<()> {
        self.remove_certificate(id)
    }

    fn delete_container(&mut self, container: u8) -> Result<Removed> {
        self.remove_container(container)
    }

    fn repair(&mut self) -> Result<Vec<Finding>> {
        self.mend()
    }

    fn renew_identifier(&mut self) -> Result<()> {
        self.renew_guid()
    }
}
