//! `info`: version, supported cards, legal notice.

use serde::Serialize;

use crate::exit::Failure;
use crate::output::{Output, fields};

#[derive(Serialize)]
struct Info {
    version: &'static str,
    protocol: u32,
    supported_cards: &'static [&'static str],
    licence: &'static str,
    notice: &'static str,
}

const INFO: Info = Info {
    version: shared::VERSION,
    protocol: shared::rpc::PROTOCOL,
    supported_cards: &["GIDS: cards with a Generic Identity Device Specification 2.0 application"],
    licence: "MIT OR Apache-2.0",
    notice: "Kortti comes without any warranty, to the extent that the law permits. A card counts the wrong tries \
             of each PIN by itself. At the last one the PIN blocks, and no program can undo that.",
};

/// `info`
pub(super) fn run(output: Output) -> Result<(), Failure> {
    output.show(INFO, || {
        fields(
            &[
                ("Kortti", vec![INFO.version.into()]),
                ("Protocol", vec![INFO.protocol.to_string()]),
                ("Supported cards", INFO.supported_cards.iter().map(|card| (*card).to_owned()).collect()),
                ("Licence", vec![INFO.licence.into()]),
                (
                    "Legal notice",
                    INFO.notice.split_inclusive(". ").map(|part| part.trim_end().to_owned()).collect(),
                ),
            ],
            output.width,
        )
    })
}
