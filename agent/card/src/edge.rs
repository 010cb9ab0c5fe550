//! The kinds of card, in the order in which they are tried.

pub mod gids;
pub mod piv;

mod container_name;

use shared::model::{Card, Edge};

use crate::error::{Error, Result};
use crate::smart_card::{Freshness, SmartCard};
use crate::transport::Transaction;

/// The order in which they are tried.
const EDGES: [Edge; 2] = [Edge::Gids, Edge::Piv];

/// Selects the application of the first edge that the card has; of `known` first, where the card has been
/// identified before.
///
/// # Errors
/// [`Error::UnknownCard`] when no edge is there, [`Error::Transport`] when the card cannot be asked.
pub fn open<'t>(
    transaction: &'t mut dyn Transaction,
    known: Option<Edge>,
) -> Result<Box<dyn SmartCard + 't>> {
    for edge in known.into_iter().chain(EDGES.into_iter().filter(|edge| Some(*edge) != known)) {
        match edge {
            Edge::Gids if gids::select(transaction)? => {
                return Ok(Box::new(gids::Gids::selected(transaction)));
            }
            Edge::Piv => {
                if let Some(selected) = piv::select(transaction)? {
                    return Ok(Box::new(piv::Piv::selected(transaction, selected)));
                }
            }
            Edge::Gids => {}
        }
    }
    Err(Error::UnknownCard)
}

/// Whether what was read from a card when [`SmartCard::freshness`] said `freshness` still holds. To be asked before
/// the application is selected in this transaction, since on some cards that would take the answer away. At most two
/// APDUs.
///
/// # Errors
/// [`Error::Transport`]
pub fn recall(transaction: &mut dyn Transaction, card: &Card, freshness: &Freshness) -> Result<bool> {
    match card.edge {
        Edge::Gids => {
            if !gids::select(transaction)? {
                return Ok(false);
            }
            match gids::Gids::selected(transaction).freshness() {
                Ok(now) => Ok(now.as_ref() == Some(freshness)),
                Err(error @ Error::Transport(_)) => Err(error),
                Err(_) => Ok(false),
            }
        }
        Edge::Piv => piv::recall(transaction, freshness),
    }
}

/// The edge of a card whose application is selected already and must not be selected again, since that would
/// end the challenge that waits in it. `card` is what was identified before.
pub fn resume<'t>(transaction: &'t mut dyn Transaction, card: &Card) -> Box<dyn SmartCard + 't> {
    match card.edge {
        Edge::Gids => Box::new(gids::Gids::resumed(transaction, card)),
        Edge::Piv => Box::new(piv::Piv::resumed(transaction)),
    }
}
