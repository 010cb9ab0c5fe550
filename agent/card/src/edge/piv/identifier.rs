//! The identifier by which Windows keeps what it knows of a card (card-piv.md 2.3).

use super::objects::ObjectId;
use super::{Piv, chuid};
use crate::error::{Error, Result};

impl Piv<'_> {
    /// Puts a new random GUID into the CHUID, as Yubico's programs do, so that Windows looks at the certificates
    /// again. Not where an issuer has signed it, where it is the serial number, or where there is none.
    pub(super) fn renew_guid(&mut self) -> Result<()> {
        if self.serial()?.is_none() {
            return Ok(());
        }
        let Some(before) = self.get(ObjectId::CHUID)? else { return Ok(()) };
        let mut guid = [0; 16];
        getrandom::fill(&mut guid).map_err(|_| Error::NotSupported("this machine has no random numbers"))?;
        let Some(after) = chuid::with_guid(&before, guid) else { return Ok(()) };
        self.change(|card, undo| card.rewrite(undo, ObjectId::CHUID, &after))
    }
}
