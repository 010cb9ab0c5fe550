//! How many tries PIN and PUK have (card-piv.md 5).

use shared::model::Role;
use shared::secret::Pin;

use super::Piv;
use super::pins::{PIN, PUK};
use crate::apdu::{Command, Data, StatusWord};
use crate::error::{Error, Result};
use crate::smart_card::PinEntry;

/// What PIN and PUK are after SET PIN RETRIES (card-piv.md 3).
const FACTORY_PIN: &[u8] = b"123456";
const FACTORY_PUK: &[u8] = b"12345678";

impl Piv<'_> {
    /// Refuses to set tries on cards that cannot.
    pub(super) fn check_tries(&mut self) -> Result<()> {
        if self.vendor()?.sets_tries() {
            Ok(())
        } else {
            Err(Error::NotSupported("the number of tries was decided by its maker"))
        }
    }

    /// SET PIN RETRIES, after which PIN and PUK are the factory's; they are changed to those given at once. Whether
    /// the card will take those is looked at before, as far as it can be known.
    pub(super) fn set_numbers_of_tries(&mut self, pin: (u8, &Pin), puk: (u8, &Pin)) -> Result<()> {
        self.check_tries()?;
        let vendor = self.vendor()?;
        if pin.0 == 0 || puk.0 == 0 {
            return Err(Error::NotSupported("PIN and PUK have one try at least"));
        }
        for (policy, value) in [(vendor.pin_policy(), pin.1), (vendor.puk_policy(), puk.1)] {
            policy.check(value).map_err(|_| Error::PinRefused)?;
        }
        let response = self.applet.send(&Command {
            name: "SET PIN RETRIES",
            instruction: 0xFA,
            parameters: [pin.0, puk.0],
            data: Data::None,
            expects: false,
        })?;
        match response.status {
            StatusWord::OK => {}
            StatusWord::SECURITY => return Err(Error::ManagementKeyNeeded),
            status => return Err(Error::Unexpected { command: "SET PIN RETRIES", status: status.0 }),
        }
        self.verified = false;
        [PIN, PUK].into_iter().for_each(|reference| self.forget_metadata(reference));
        let mut changed = Ok(());
        // The PUK first: whoever has it can set the PIN. When one fails the other is changed nevertheless.
        for (role, factory, value) in [(Role::ADMIN, FACTORY_PUK, puk.1), (Role::USER, FACTORY_PIN, pin.1)] {
            if value.bytes() != factory {
                let (old, new) = (Pin::from(factory), PinEntry::Typed(value));
                changed = changed.and(self.change_reference_data(role, PinEntry::Typed(&old), new));
            }
        }
        changed.map_err(|cause| Error::WriteFailed { cause: Box::new(cause), restored: false })
    }
}
