use std::time::Instant;

use card::transport::Presence;
use shared::model::ReaderState;
use shared::rpc::methods::Select;
use shared::{Error, ErrorCode};

use super::{IDENTIFY, Slot, Target};

impl Slot {
    pub(super) fn identify(&mut self) {
        self.view.state = ReaderState::Identifying;
        self.view.detail = None;
        self.identified_by = Some(Instant::now() + IDENTIFY);
        self.worker.identify(self.seen.generation);
    }

    /// Identifies a card that could not be identified because of something that may have passed.
    pub(super) fn look_again(&mut self) {
        let passing = matches!(self.view.state, ReaderState::Busy | ReaderState::Failed);
        if passing && matches!(self.seen.presence, Presence::Card(_)) {
            self.identify();
        }
    }

    pub(super) fn target(&self, select: &Select) -> Option<Target> {
        let card = self.view.card.clone()?;
        let fits = select.card.as_ref().is_none_or(|text| card.matches(text));
        fits.then(|| Target {
            reader: self.view.name.clone(),
            generation: self.seen.generation,
            card,
            atr: self.view.atr.clone().unwrap_or_default(),
            pin_pad: self.view.pin_pad,
            worker: self.worker.clone(),
        })
    }

    pub(super) fn unusable(&self) -> Error {
        let code = match self.view.state {
            ReaderState::Empty | ReaderState::Ready | ReaderState::NotInitialised => ErrorCode::NoCard,
            ReaderState::UnknownCard => ErrorCode::UnknownCard,
            ReaderState::Mute => ErrorCode::Mute,
            ReaderState::Busy | ReaderState::Identifying => ErrorCode::Busy,
            ReaderState::Failed => ErrorCode::CardError,
            ReaderState::Forbidden => ErrorCode::Forbidden,
        };
        let words = self.view.detail.clone().unwrap_or_else(|| match code {
            ErrorCode::NoCard => "Insert a card.".to_owned(),
            _ => "The card is still being looked at. Try again.".to_owned(),
        });
        Error::new(code, words)
    }
}
