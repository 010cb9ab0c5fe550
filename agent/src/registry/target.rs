use std::sync::mpsc::Receiver;

use shared::Result;
use shared::hex::Hex;
use shared::model::{Card, ReaderState};
use shared::rpc::events::Event;

use crate::worker::{Desk, Turn, Worker};

/// What a subscriber gets.
pub struct Subscription {
    /// By which it is ended.
    pub number: u64,
    /// The state to begin with.
    pub snapshot: Event,
    /// What changes after it.
    pub events: Receiver<Event>,
}

/// A card that a request is for.
#[derive(Clone)]
pub(crate) struct Target {
    /// Its reader.
    pub reader: String,
    /// The reader's count of insertions when the card was identified.
    pub generation: u32,
    /// The card as identified.
    pub card: Card,
    /// Its answer to reset.
    pub atr: Hex,
    /// Whether PINs are typed on the reader.
    pub pin_pad: bool,
    /// The worker of the reader.
    pub worker: Worker,
}

impl Target {
    /// Does something with the card, on its reader's worker.
    ///
    /// # Errors
    /// As for [`Worker::ask`].
    pub(crate) fn ask<T: Send + 'static>(
        self,
        work: impl FnOnce(&mut Desk, &Turn, &Self) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let worker = self.worker.clone();
        worker.ask(move |desk, turn| work(desk, turn, &self))
    }
}

/// What a look at a card that came in gave.
pub(crate) enum Found {
    /// A card of a known kind, and whether its reader has keys of its own for the PIN.
    Card(Card, bool),
    /// One that cannot be used, and why.
    Unusable(ReaderState, String),
}
