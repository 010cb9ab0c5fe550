//! The kinds of card, in the order in which they are tried.

pub mod gids;

use shared::model::{Card, Edge};

use crate::error::{Error, Result};
use crate::smart_card::SmartCard;
use crate::transport::Transaction;

/// Selects the application of the first edge that the card has.
///
/// # Errors
/// [`Error::UnknownCard`] when no edge is there, [`Error::Transport`] when the card cannot be asked.
pub fn open<'t>(transaction: &'t mut dyn Transaction) -> Result<Box<dyn SmartCard + 't>> {
    if gids::select(transaction)? {
        return Ok(Box::new(gids::Gids::selected(transaction)));
    }
    Err(Error::UnknownCard)
}

/// The edge of a card whose application is selected already and must not be selected again, since that would
/// end the challenge that waits in it. `card` is what was identified before.
pub fn resume<'t>(transaction: &'t mut dyn Transaction, card: &Card) -> Box<dyn SmartCard + 't> {
    match card.edge {
        Edge::Gids => Box::new(gids::Gids::resumed(transaction, card)),
    }
}
