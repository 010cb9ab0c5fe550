//! Which card that comes in is one that the PC/SC service took along when it went, and brought back.

use std::collections::BTreeMap;

use shared::hex::Hex;
use shared::rpc::events::{Cause, Change};

use crate::known::Known;

/// The cards that may come back.
#[derive(Default)]
pub(crate) struct Returns {
    /// By reader, the answer to reset of the card that went with the service.
    taken_along: BTreeMap<String, Option<Hex>>,
    /// The reader that appeared with the event before.
    appeared: Option<String>,
}

impl Returns {
    /// Takes in a change. `before` is what was known before it. Whether it is a card that comes back.
    pub(crate) fn hear(&mut self, change: &Change, before: &Known) -> bool {
        let appeared = self.appeared.take();
        if let (Some(reader), false) = (&appeared, matches!(change, Change::CardInserted { .. })) {
            self.taken_along.remove(reader);
        }
        match change {
            Change::Snapshot(_) => self.taken_along.clear(),
            Change::ReaderAdded { reader } => self.appeared = Some(reader.clone()),
            Change::CardInserted { reader, atr } => {
                let old = self.taken_along.remove(reader);
                return appeared.as_ref() == Some(reader) && old == Some(Some(atr.clone()));
            }
            Change::CardRemoved { reader, cause: Cause::Service, .. } => {
                let atr = before.reader(reader).and_then(|reader| reader.atr.clone());
                self.taken_along.insert(reader.clone(), atr);
            }
            _ => {}
        }
        false
    }
}
