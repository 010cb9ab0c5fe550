//! Virtual readers and cards as a TOML file describes them. `demo.toml` beside this file shows all that can be said.

mod gids;
mod piv;

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::IgnoredAny;
use shared::hex::Hex;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer, Error, ValueDeserializer};
use x509_parser::pem::Pem;

use super::card::{Chip, VirtualCard};
use super::fault::Fault;
use super::pad::Equipment;
use super::readers::{MAX_APDU_DATA, VirtualReaders};

/// The largest file that a description may name, in bytes.
const MAX_FILE: u64 = 1024 * 1024;
/// The answer to reset of a GIDS card: T=1, historical bytes "Kortti".
const GIDS_ATR: &[u8] = b"\x3B\x86\x80\x01Kortti\x38";
/// The answer to reset of an unknown card: T=1, historical bytes "Nobody".
const UNKNOWN_ATR: &[u8] = b"\x3B\x86\x80\x01Nobody\x36";

/// A whole description.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    #[serde(default)]
    reader: Vec<Reader>,
    /// Read one by one: what can stand in a card depends on its kind.
    #[serde(default, rename = "card")]
    _card: Vec<IgnoredAny>,
}

/// A reader.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Reader {
    name: Spanned<String>,
    /// The card that belongs in it.
    card: Option<Spanned<String>>,
    /// Whether the card is in it at the start.
    #[serde(default = "yes")]
    inserted: bool,
    /// Whether PINs are typed on the reader.
    #[serde(default)]
    pin_pad: bool,
    /// The longest data field that it passes on, in bytes; 256 or less: short APDUs only.
    #[serde(default = "max_apdu_data")]
    max_apdu_data: u32,
}

fn max_apdu_data() -> u32 {
    MAX_APDU_DATA
}

fn yes() -> bool {
    true
}

/// What can stand in a card of any kind.
#[derive(Deserialize)]
struct Common {
    name: Spanned<String>,
    #[serde(default)]
    kind: Kind,
    atr: Option<Hex>,
    #[serde(default)]
    fault: Vec<Fault>,
    /// Milliseconds that every answer takes.
    #[serde(default)]
    delay: u64,
}

/// The names of its fields.
const COMMON: [&str; 5] = ["name", "kind", "atr", "fault", "delay"];

/// The kinds of card.
#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    #[default]
    Gids,
    Piv,
    Unknown,
    Mute,
}

/// What a card that does nothing can say beside that.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// Finds the files that a description names.
pub(super) type Files<'f> = dyn Fn(&str) -> Result<Vec<u8>, String> + 'f;

/// Files in a directory.
pub(super) fn files_in(directory: &Path) -> impl Fn(&str) -> Result<Vec<u8>, String> {
    let directory = directory.to_owned();
    move |name| {
        let path: PathBuf = directory.join(name);
        let read = || {
            if std::fs::metadata(&path)?.len() > MAX_FILE {
                return Err(std::io::ErrorKind::FileTooLarge.into());
            }
            std::fs::read(&path)
        };
        read().map_err(|error| format!("{}: {error}", path.display()))
    }
}

/// The files that the demonstration set names.
const FILES: [(&str, &[u8]); 11] = [
    ("demo/ca.pem", include_bytes!("demo/ca.pem")),
    ("demo/logon.pem", include_bytes!("demo/logon.pem")),
    ("demo/logon.key", include_bytes!("demo/logon.key")),
    ("demo/mail.pem", include_bytes!("demo/mail.pem")),
    ("demo/mail.key", include_bytes!("demo/mail.key")),
    ("demo/erik-logon.pem", include_bytes!("demo/erik-logon.pem")),
    ("demo/erik-logon.key", include_bytes!("demo/erik-logon.key")),
    ("demo/erik-signature.pem", include_bytes!("demo/erik-signature.pem")),
    ("demo/erik-signature.key", include_bytes!("demo/erik-signature.key")),
    ("demo/erik-encryption.pem", include_bytes!("demo/erik-encryption.pem")),
    ("demo/erik-encryption.key", include_bytes!("demo/erik-encryption.key")),
];

/// The demonstration set, which is part of the program.
pub(super) fn demo() -> VirtualReaders {
    let file = |name: &str| FILES.iter().find(|(known, _)| *known == name).map(|(_, bytes)| bytes.to_vec());
    let files = |name: &str| file(name).ok_or_else(|| format!("{name} is not part of the demonstration"));
    // A test builds it; if it were wrong all the same, an empty reader says so without taking the agent down.
    build(include_str!("demo.toml"), &files).unwrap_or_else(|error| {
        tracing::error!(error, "the demonstration set is damaged");
        VirtualReaders::empty(&["Kortti Virtual Reader 00 00"])
    })
}

/// Makes readers and cards.
pub(super) fn build(toml: &str, files: &Files<'_>) -> Result<VirtualReaders, String> {
    let line = |at: usize| 1 + toml.bytes().take(at).filter(|byte| *byte == b'\n').count();
    let here = |at: usize, problem: String| format!("Line {}: {problem}", line(at));
    let unreadable = |error: Error| {
        let (at, problem) = in_words(&error);
        here(at.unwrap_or(0), problem)
    };
    let table = DeTable::parse(toml).map_err(unreadable)?;
    let description = Description::deserialize(Deserializer::from(table.clone())).map_err(unreadable)?;

    let readers = VirtualReaders::empty(&[]);
    let cards = table.get_ref().get("card").and_then(|cards| cards.get_ref().as_array());
    for card in cards.into_iter().flat_map(|cards| cards.iter()) {
        let at = card.span().start;
        let (common, own) = part(card).map_err(unreadable)?;
        let name = common.name.get_ref();
        let named_at = common.name.span().start;
        if readers.card(name).is_some() {
            return Err(here(named_at, format!("There are two cards \"{name}\".")));
        }
        let own = Spanned::new(at..at, own);
        let card = make(&common, own, files)
            .map_err(|(inside, problem)| here(inside.unwrap_or(named_at), problem))?;
        readers.add_card(card);
    }
    let mut names = Vec::new();
    for reader in &description.reader {
        let name = reader.name.get_ref();
        if names.contains(&name) {
            return Err(here(reader.name.span().start, format!("There are two readers \"{name}\".")));
        }
        names.push(name);
        let equipment = Equipment::new(reader.pin_pad, reader.max_apdu_data);
        readers.describe_reader(name, reader.card.as_ref().map(|card| card.get_ref().as_str()), equipment);
        if let Some(card) = &reader.card {
            let at = card.span().start;
            if readers.card(card.get_ref()).is_none() {
                return Err(here(at, format!("There is no card \"{}\".", card.get_ref())));
            }
            if reader.inserted {
                readers.insert(name, None).map_err(|problem| here(at, problem))?;
            }
        }
    }
    Ok(readers)
}

/// What is wrong, and where if not with the card as a whole.
type Problem = (Option<usize>, String);

/// What a sentence of the library says, and where.
fn in_words(error: &Error) -> Problem {
    (error.span().map(|span| span.start), error.message().trim_end_matches('.').to_owned() + ".")
}

/// Parts what all cards have from what depends on the kind.
fn part<'t>(card: &Spanned<DeValue<'t>>) -> Result<(Common, DeTable<'t>), Error> {
    let mut own = match card.get_ref() {
        DeValue::Table(table) => table.clone(),
        // Leads to a sentence about the type.
        _ => {
            return Common::deserialize(ValueDeserializer::from(card.clone()))
                .map(|common| (common, DeTable::new()));
        }
    };
    let common: DeTable<'_> = COMMON.iter().filter_map(|field| own.remove_entry(*field)).collect();
    let common = Spanned::new(card.span(), common);
    Ok((Common::deserialize(Deserializer::from(common))?, own))
}

fn make(common: &Common, own: Spanned<DeTable<'_>>, files: &Files<'_>) -> Result<VirtualCard, Problem> {
    fn read<'t, T: Deserialize<'t>>(own: Spanned<DeTable<'t>>) -> Result<T, Problem> {
        T::deserialize(Deserializer::from(own)).map_err(|error| in_words(&error))
    }
    let (standard_atr, chip) = match common.kind {
        Kind::Gids => (GIDS_ATR, Chip::Gids(Box::new(gids::make(&read(own)?, files)?))),
        Kind::Piv => {
            let (atr, card) = piv::make(read(own)?, files)?;
            (atr, Chip::Piv(Box::new(card)))
        }
        Kind::Unknown => read(own).map(|Nothing {}| (UNKNOWN_ATR, Chip::Unknown))?,
        Kind::Mute => read(own).map(|Nothing {}| (&[][..], Chip::Mute))?,
    };
    let atr = common.atr.as_ref().map_or(standard_atr, |atr| &atr.0);
    let made = VirtualCard::new(common.name.get_ref(), atr, chip);
    for fault in &common.fault {
        made.inject(fault.clone());
    }
    made.set_delay(std::time::Duration::from_millis(common.delay));
    Ok(made)
}

/// The first PEM block of a text, or of the file that it names.
fn pem(text: &str, files: &Files<'_>) -> Result<Pem, String> {
    let (bytes, name) = if text.contains("-----BEGIN") {
        (text.as_bytes().to_vec(), "The text")
    } else {
        (files(text)?, text)
    };
    Pem::iter_from_buffer(&bytes).next().and_then(Result::ok).ok_or_else(|| format!("{name} is no PEM file."))
}
