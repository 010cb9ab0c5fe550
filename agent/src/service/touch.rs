//! Devices that want to be touched: a person is told before, and told when it is over.

use shared::model::{ManagementKey, TouchUse};
use shared::rpc::events::{Cause, Change, OnCardEvent};

use crate::registry::Target;

/// Something for which the device must be touched, until dropped: when it was touched, and when nobody did.
pub(crate) struct Touch<'t> {
    target: &'t Target,
    event: OnCardEvent,
}

impl<'t> Touch<'t> {
    /// Tells that the card must be touched, where it must.
    fn of(target: &'t Target, wanted: bool) -> Option<Self> {
        let csn = target.card.csn.clone().filter(|_| wanted)?;
        let event = OnCardEvent { reader: target.reader.clone(), csn, cause: Cause::User };
        target.worker.publish(Change::TouchNeeded(event.clone()));
        Some(Self { target, event })
    }

    /// For proving this management key.
    pub(crate) fn for_management(target: &'t Target, key: Option<&ManagementKey>) -> Option<Self> {
        Self::of(target, key.is_some_and(|key| key.touch == Some(true)))
    }

    /// For using a key.
    pub(crate) fn for_key(target: &'t Target, touch_use: Option<TouchUse>) -> Option<Self> {
        Self::of(target, matches!(touch_use, Some(TouchUse::Always | TouchUse::Cached)))
    }
}

impl Drop for Touch<'_> {
    fn drop(&mut self) {
        self.target.worker.publish(Change::TouchOver(self.event.clone()));
    }
}
