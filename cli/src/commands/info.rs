//! `info`: version, supported cards, legal notice.

use shared::information::INFORMATION as INFO;

use crate::exit::Failure;
use crate::output::{Output, fields};

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
