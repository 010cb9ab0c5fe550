//! GIDS as a [`SmartCard`]: the command set of the Generic Identity Device Specification, as card-gids.md lays it
//! out from cards and from the programs that write them.
//!
//! ```text
//! store             data objects: GET DATA, PUT DATA, and the memory of one transaction
//!   masterfile, cmapfile, key_map, cardcf, certificate_file     what is in them; no card in sight
//!     directory     the four that belong together, as they stand on the card
//!       change      a change that is put back when it does not come to its end, even after the card was pulled
//!         contents, findings, generate, import, delete, default, repair   what people ask for
//! keys, pins, admin the rest of the commands
//! ```

mod admin;
mod cardcf;
mod certificate_file;
mod change;
mod cmapfile;
mod contents;
mod default;
mod delete;
mod directory;
mod findings;
mod generate;
mod import;
mod key_map;
mod keys;
mod masterfile;
mod pins;
mod repair;
mod store;

use shared::model::{Card, Csn, Edge, Finding, ManagementKey, PinStatus, Role};
use shared::secret::Pin;

use crate::apdu::{Command, Data, StatusWord};
use crate::applet::Applet;
use crate::error::{Error, Result};
use crate::key::{PublicKey, Signature};
use crate::smart_card::{
    Challenge, Change, Contents, Freshness, Import, ManagementProof, NewKey, PinEntry, PinMarks, Placement,
    Removed, SmartCard, UnblockProof,
};
use crate::transport::Transaction;

/// The part of the application identifier that is sent; the two bytes after it tell the revision (section 1.1).
const AID: &[u8] = &[0xA0, 0x00, 0x00, 0x03, 0x97, 0x42, 0x54, 0x46, 0x59];

/// Data bytes of one command in a chain, as Windows sends them (section 2). A TLV that fits is never chained:
/// GidsApplet would keep an empty record of a short one and answer 6F00 from then on (section 3).
const CHUNK: usize = 240;

const TRIES_DECIDED: Error = Error::NotSupported("the number of tries was decided when it was initialised");
const NO_PLACES: Error = Error::NotSupported("its containers have no places that mean anything");

/// A GIDS card whose application is selected. Dropping it logs out what it has logged in: other programs must not
/// find the card verified by us. That costs nobody else's login, since selecting the application has ended those.
pub struct Gids<'t> {
    applet: Applet<'t>,
    memory: store::Memory,
    /// As identified before, for a card that is taken up again.
    known: Option<Csn>,
    /// A PIN or a response may have been accepted, and nothing has ended that since.
    logged_in: bool,
    /// A challenge was taken through this value, so that the transaction has kept everybody else off since; and
    /// whether the card keeps the mark that tells this later.
    challenged: Option<bool>,
}

/// Selects the application. False when the card has none.
///
/// # Errors
/// [`Error::Transport`]
pub fn select(transaction: &mut dyn Transaction) -> Result<bool> {
    select_application(&mut Applet::new(transaction, CHUNK))
}

fn select_application(applet: &mut Applet<'_>) -> Result<bool> {
    let command = Command {
        name: "SELECT",
        instruction: 0xA4,
        parameters: [0x04, 0x00],
        data: Data::Plain(AID),
        expects: true,
    };
    match applet.send(&command) {
        Ok(response) => {
            // Some stacks answer 6283 or 6285 for an application that they do not have: a warning (62xx) counts
            // only with the template, which has tag 61 on cards and 64 in Microsoft's text (section 1.2).
            let [high, _] = response.status.0.to_be_bytes();
            let template = matches!(response.data.first(), Some(0x61 | 0x64 | 0x6F));
            Ok(response.status == StatusWord::OK || high == 0x62 && template)
        }
        Err(error @ Error::Transport(_)) => Err(error),
        Err(_) => Ok(false),
    }
}

impl<'t> Gids<'t> {
    /// A card whose application has just been selected.
    pub fn selected(transaction: &'t mut dyn Transaction) -> Self {
        Self {
            applet: Applet::new(transaction, CHUNK),
            memory: store::Memory::default(),
            known: None,
            logged_in: false,
            challenged: None,
        }
    }

    /// A card in which a challenge waits. Nothing is selected.
    pub fn resumed(transaction: &'t mut dyn Transaction, card: &Card) -> Self {
        let mut resumed = Self::selected(transaction);
        resumed.known.clone_from(&card.csn);
        resumed
    }
}

impl Drop for Gids<'_> {
    fn drop(&mut self) {
        if self.logged_in {
            // Nothing can be done about a card that is gone, and a card that is gone is logged out.
            let _ = self.log_out();
        }
    }
}

impl SmartCard for Gids<'_> {
    fn identify(&mut self) -> Result<Card> {
        let csn = match self.card_id() {
            Ok(bytes) => Some(Csn::new(&bytes)),
            Err(Error::NotInitialised) => None,
            Err(error) => return Err(error),
        };
        Ok(Card { edge: Edge::Gids, csn, name: "GIDS card".to_owned(), serial: None })
    }

    fn secret_sent(&self) -> bool {
        self.applet.secret_sent()
    }

    fn freshness(&mut self) -> Result<Option<Freshness>> {
        self.read_freshness().map(Some)
    }

    fn contents(&mut self) -> Result<Contents> {
        self.list()
    }

    fn windows_id(&mut self) -> Result<Option<Vec<u8>>> {
        self.card_id().map(|id| Some(id.to_vec()))
    }

    fn advice(&mut self) -> Result<Vec<Finding>> {
        Ok(Vec::new())
    }

    fn pins(&mut self) -> Result<Vec<PinStatus>> {
        self.pin_states()
    }

    fn pin_marks(&mut self) -> Result<PinMarks> {
        Ok(PinMarks { counter: self.pin_counter()?, ..PinMarks::default() })
    }

    /// No file of such a card says.
    fn expiry(&mut self) -> Result<Option<String>> {
        Ok(None)
    }

    fn verify(&mut self, role: Role, pin: PinEntry<'_>) -> Result<()> {
        self.verify_pin(role, pin)
    }

    /// The PIN is all it takes.
    fn management_key(&mut self) -> Result<Option<ManagementKey>> {
        Ok(None)
    }

    fn authorise(&mut self, proof: ManagementProof<'_>) -> Result<()> {
        match proof {
            ManagementProof::Stored => Ok(()),
            ManagementProof::Key(_) | ManagementProof::Factory => {
                Err(Error::NotSupported("writing to it takes the PIN, and no other key"))
            }
        }
    }

    fn change_pin(&mut self, role: Role, current: PinEntry<'_>, new: PinEntry<'_>) -> Result<()> {
        self.verify_and_change(role, current, new)
    }

    fn admits(&mut self, change: &Change<'_>) -> Result<()> {
        match change {
            Change::Tries { .. } => Err(TRIES_DECIDED),
            Change::Move { .. } => Err(NO_PLACES),
            Change::Default(_) | Change::Delete(_) => Ok(()),
        }
    }

    fn set_tries(&mut self, _: (u8, &Pin), _: (u8, &Pin)) -> Result<()> {
        Err(TRIES_DECIDED)
    }

    fn challenge(&mut self, role: Role) -> Result<Challenge> {
        self.take_challenge(role)
    }

    /// A card that keeps no mark cannot tell once the transaction was let go: false. Within the transaction in
    /// which the challenge was taken nobody else can have used it: true.
    fn challenge_stands(&mut self) -> Result<bool> {
        match self.challenged {
            Some(false) => Ok(true),
            Some(true) | None => self.mark_stands(),
        }
    }

    fn unblock(&mut self, role: Role, proof: UnblockProof<'_>, new: PinEntry<'_>) -> Result<()> {
        match proof {
            UnblockProof::Response(response) => self.unblock_with_response(role, response, new),
            UnblockProof::Puk(puk) => self.unblock_with_puk(role, puk, new),
        }
    }

    fn place(&mut self, import: &Import<'_>) -> Result<Placement> {
        self.find_place(import)
    }

    fn import(&mut self, import: &Import<'_>) -> Result<String> {
        self.import_certificate(import)
    }

    fn place_key(&mut self, new: &NewKey) -> Result<Placement> {
        self.place_new_key(new)
    }

    fn generate(&mut self, new: &NewKey) -> Result<PublicKey> {
        self.generate_key(new)
    }

    /// Its keys want the PIN once.
    fn sign(&mut self, container: u8, message: &[u8], _: Option<PinEntry<'_>>) -> Result<Signature> {
        self.sign_with(container, message)
    }

    fn move_key(&mut self, _: u8, _: u8) -> Result<()> {
        Err(NO_PLACES)
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

    /// The freshness counters tell Windows of every change.
    fn renew_identifier(&mut self) -> Result<()> {
        Ok(())
    }
}
