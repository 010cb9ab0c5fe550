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
    supported_cards: &[
        "GIDS: cards with a Generic Identity Device Specification 2.0 application. Its keys are RSA keys.",
        "PIV: cards with a NIST SP 800-73 application. They have a PUK and no challenge. In particular:",
        "YubiKey 5: everything. Before firmware 5.7 a key cannot be moved or deleted, only overwritten; before 5.3 the \
         card does not tell the tries of its PUK.",
        "YubiKey 4: as YubiKey 5 before 5.3.",
        "Nitrokey 3: a key can be imported into slot 9A only, and neither moved nor deleted. It does not tell the tries \
         of its PUK.",
        "PivApplet: a key can be neither moved nor deleted. It has the retired slots 82 to 8C only. It erases all keys \
         once both PIN and PUK are blocked.",
        "Other PIV cards: certificates and PINs. They import no keys, and tell neither the tries of their PUK nor what \
         a key wants.",
    ],
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
