//! The default container (minidriver.md section 5).

use super::Gids;
use super::cardcf::Bump;
use super::change::{Leftovers, Undo, is_atomic};
use super::cmapfile::ContainerMap;
use super::contents::Stored;
use crate::error::{Error, Result};
use crate::x509;

/// Extended key usage: smart card logon.
const SMART_CARD_LOGON: &str = "1.3.6.1.4.1.311.20.2.2";

impl Gids<'_> {
    /// Makes a container the only default one. Writes nothing when it is already.
    pub(super) fn make_default(&mut self, container: u8) -> Result<()> {
        let mut directory = self.directory_for_change()?;
        let missing = || Error::NotFound(format!("container {container}"));
        directory.containers.get(container).ok_or_else(missing)?;
        directory.containers.set_default(Some(container));
        let at = directory.map_at.ok_or_else(missing)?;
        let (old, new) =
            (directory.stored_at(at).unwrap_or_default().to_vec(), directory.containers.encode());
        if old == new {
            return Ok(());
        }
        let undo = Undo::of(&directory, &[at]);
        self.change(&directory, Bump::Containers, &undo, !is_atomic(&old, &new), |card| {
            card.put(at, &new).map(|()| Leftovers::default())
        })
    }
}

/// Which container becomes the default one when it has to be chosen: the first with a certificate for logon,
/// else the first.
pub(super) fn choose(containers: &ContainerMap, certificates: &[Stored]) -> Option<u8> {
    let valid = || containers.valid().filter(|(_, record)| record.bits() != 0).map(|(index, _)| index);
    let logs_on = |index: &u8| {
        certificates.iter().any(|stored| stored.container == Some(*index) && is_for_logon(stored))
    };
    valid().find(logs_on).or_else(|| valid().next())
}

fn is_for_logon(stored: &Stored) -> bool {
    let fields = stored.der.as_ref().ok().and_then(|der| x509::fields(der).ok());
    fields.is_some_and(|fields| fields.extended_key_usage.iter().any(|usage| usage.oid == SMART_CARD_LOGON))
}
