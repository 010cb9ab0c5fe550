//! Changes that are put back when the card refuses one of their steps.
//!
//! A PIV card has no place for a journal that other programs would respect, so the order of the steps has to do: at
//! whatever command the card is pulled, nothing is lost that nobody gave up, and what is left is seen among the
//! findings or is a slot with a key and no certificate yet. One PUT DATA is whole or not at all: cards keep a chain
//! to themselves until its last command.

use super::Piv;
use super::metadata::Told;
use super::objects::ObjectId;
use super::slot::Slot;
use crate::error::{Error, Result};

/// What has to be put back when a change does not come to its end.
#[derive(Default)]
pub(super) struct Undo {
    /// Objects as they were, in the order in which they were written.
    objects: Vec<(ObjectId, Vec<u8>)>,
    /// A slot that had no key, and is to have none again.
    new_key: Option<Slot>,
    /// Whether something was done that cannot be taken back.
    binding: bool,
    /// Whether a key may be another one than before, and the card does not tell.
    doubtful: bool,
}

impl Undo {
    /// The key of this slot is about to come: one that can be taken away again if the slot has none now and the card
    /// deletes keys.
    pub(super) fn key_comes(&mut self, slot: Slot, removable: bool) {
        self.new_key = Some(slot).filter(|_| removable);
    }

    /// It has come. Where it cannot be taken away, neither can the certificate of the one before come back.
    pub(super) fn key_has_come(&mut self) {
        if self.new_key.is_none() {
            self.bind();
        }
    }

    /// What was done so far stays.
    pub(super) fn bind(&mut self) {
        self.objects.clear();
        self.binding = true;
    }
}

impl Piv<'_> {
    /// Runs `body`, and puts everything back when it fails.
    ///
    /// # Errors
    /// Those of `body` when the card is as it was without anything having been put back; else
    /// [`Error::WriteFailed`].
    pub(super) fn change<T>(&mut self, body: impl FnOnce(&mut Self, &mut Undo) -> Result<T>) -> Result<T> {
        let mut undo = Undo::default();
        body(self, &mut undo).map_err(|cause| {
            let lost = matches!(cause, Error::Transport(_));
            match if lost { None } else { self.put_back(&undo).ok() } {
                Some(false) if !undo.binding && !undo.doubtful => cause,
                put_back => {
                    let restored = put_back.is_some() && !undo.binding && !undo.doubtful;
                    Error::WriteFailed { cause: Box::new(cause), restored }
                }
            }
        })
    }

    /// Passes on how a command went that writes a key. After a status word that says neither that the card has done it
    /// nor why not, the key is looked at where the card shows it; elsewhere nobody can tell.
    pub(super) fn key_written<T>(
        &mut self,
        undo: &mut Undo,
        slot: Slot,
        before: &Told,
        written: Result<T>,
    ) -> Result<T> {
        if matches!(written, Err(Error::Unexpected { .. })) {
            self.forget_metadata(slot.reference());
            let now = self.metadata(slot.reference()).ok();
            let shown = matches!(before, Told::Known(_) | Told::Absent);
            undo.doubtful = !shown || now.as_ref() != Some(before);
        }
        written
    }

    /// Whether anything had to be put back.
    fn put_back(&mut self, undo: &Undo) -> Result<bool> {
        let mut changed = false;
        for (id, before) in undo.objects.iter().rev() {
            changed |= self.write_object(*id, before)?;
        }
        if let Some(slot) = undo.new_key {
            self.forget_metadata(slot.reference());
            if self.metadata(slot.reference())? != Told::Absent {
                self.delete_key(slot)?;
                changed = true;
            }
        }
        Ok(changed)
    }

    /// Gives an object these contents, none at all to delete it; reads it back and compares.
    pub(super) fn rewrite(&mut self, undo: &mut Undo, id: ObjectId, contents: &[u8]) -> Result<()> {
        let before = self.get(id)?.unwrap_or_default();
        undo.objects.push((id, before));
        self.write_object(id, contents).map(|_| ())
    }

    /// The same with nothing to remember. Whether it took a write.
    fn write_object(&mut self, id: ObjectId, contents: &[u8]) -> Result<bool> {
        if self.get(id)?.unwrap_or_default() == contents {
            return Ok(false);
        }
        self.put(id, contents)?;
        if self.get(id)?.unwrap_or_default() != contents {
            return Err(Error::Damaged(format!("object {id} as it was written")));
        }
        Ok(true)
    }
}
