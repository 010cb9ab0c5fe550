//! How many retired keys a card has (SP 800-73-4 part 1, table 19).

use super::Piv;
use super::change::Undo;
use super::objects::ObjectId;
use super::slot::Slot;
use crate::error::Result;
use crate::tlv;

/// Tag: keysWithOnCardCerts.
const ON_CARD: u32 = 0xC1;
/// Tag: keysWithOffCardCerts.
const OFF_CARD: u32 = 0xC2;
/// Tag: offCardCertURL.
const URL: u32 = 0xF3;

/// What the object says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct KeyHistory {
    /// Retired keys whose certificates are on the card, from slot 82 up.
    pub(super) on_card: u8,
    /// Retired keys whose certificates are elsewhere, from slot 95 down.
    pub(super) off_card: u8,
    /// Where those certificates are.
    pub(super) url: Option<String>,
}

impl KeyHistory {
    /// Reads it; `None` when it says nothing that can be relied on: then the slots themselves have to be looked at.
    pub(super) fn parse(contents: &[u8]) -> Option<Self> {
        let count = |tag| match tlv::find(contents, tag) {
            Some([count @ 0..=20]) => Some(*count),
            _ => None,
        };
        let url = tlv::find(contents, URL).filter(|url| !url.is_empty());
        Some(Self {
            on_card: count(ON_CARD)?,
            off_card: count(OFF_CARD)?,
            url: url.map(|url| String::from_utf8_lossy(url).into_owned()),
        })
    }

    /// Whether it names no retired key at all.
    pub(super) fn is_empty(&self) -> bool {
        self.on_card == 0 && self.off_card == 0
    }

    /// As stored.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut contents = tlv::object(ON_CARD, &[self.on_card]);
        tlv::put(&mut contents, OFF_CARD, &[self.off_card]);
        tlv::put(&mut contents, URL, self.url.as_deref().unwrap_or_default().as_bytes());
        tlv::put(&mut contents, 0xFE, &[]);
        contents
    }
}

impl Piv<'_> {
    /// Brings the number of retired keys with certificates up to date, after the certificate of a slot has changed, on
    /// cards where somebody goes by it. What it says of other keys stays.
    ///
    /// # Errors
    /// Those of a write.
    pub(super) fn note_retired(&mut self, undo: &mut Undo, changed: Slot) -> Result<()> {
        let before = self.get_if_readable(ObjectId::KEY_HISTORY)?;
        if !changed.is_retired() || before.is_none() && !self.vendor()?.keeps_key_history() {
            return Ok(());
        }
        let mut on_card = 0;
        for slot in self.slots()?.into_iter().filter(|slot| slot.is_retired()) {
            on_card += u8::from(self.has_certificate(slot)?);
        }
        let known = before.as_deref().and_then(KeyHistory::parse);
        match (known, before) {
            (None, Some(_)) => Ok(()),
            (Some(history), _) if history.on_card == on_card => Ok(()),
            (known, _) => {
                let history = KeyHistory { on_card, ..known.unwrap_or_default() };
                self.rewrite(undo, ObjectId::KEY_HISTORY, &history.encode())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for history in [
            KeyHistory::default(),
            KeyHistory { on_card: 3, off_card: 1, url: Some("http://certs.example/x".to_owned()) },
            KeyHistory { on_card: 20, ..KeyHistory::default() },
        ] {
            assert_eq!(KeyHistory::parse(&history.encode()), Some(history.clone()));
        }
    }

    #[test]
    fn what_cannot_be_relied_on() {
        for contents in
            [&[][..], &[0xC1, 1, 2], &[0xC1, 1, 21, 0xC2, 1, 0], &[0xC1, 2, 0, 1, 0xC2, 1, 0], &[0xFF; 9]]
        {
            assert_eq!(KeyHistory::parse(contents), None, "{contents:02X?}");
        }
    }
}
