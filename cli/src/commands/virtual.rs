//! `virtual`: what a hand does with real cards.

use shared::rpc::methods::{VirtualInsert, VirtualInsertParams, VirtualRemove, VirtualRemoveParams};

use crate::args::{Global, Virtual};
use crate::exit::Failure;
use crate::output::Output;
use crate::session::Session;

/// `virtual …`
pub(super) fn run(verb: Virtual, global: &Global, output: Output) -> Result<(), Failure> {
    let mut session = Session::open(global)?;
    match verb {
        Virtual::Insert { reader_name, card_name } => {
            let params = VirtualInsertParams { reader: reader_name, card: card_name };
            let reply = session.call::<VirtualInsert>(&params)?;
            output.show(reply, || "The card is in.\n".into())
        }
        Virtual::Remove { reader_name } => {
            let reply = session.call::<VirtualRemove>(&VirtualRemoveParams { reader: reader_name })?;
            output.show(reply, || "The card is out.\n".into())
        }
    }
}
