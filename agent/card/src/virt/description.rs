//! Virtual readers and cards as a TOML file describes them. `demo.toml` beside this file shows all that can be said.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use shared::hex::Hex;
use toml::Spanned;
use x509_parser::pem::Pem;
use zeroize::Zeroizing;

use super::card::{Chip, VirtualCard};
use super::fault::Fault;
use super::gids::{Gids, Options};
use super::pad::Equipment;
use super::personalise::{Container, Personalisation, personalise};
use super::readers::{MAX_APDU_DATA, VirtualReaders};
use super::tlv;

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
    #[serde(default)]
    card: Vec<Card>,
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

/// A card.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Card {
    name: Spanned<String>,
    #[serde(default)]
    kind: Kind,
    atr: Option<Hex>,
    /// Whether it is personalised. If not, nothing below down to `object` may be there.
    #[serde(default = "yes")]
    initialised: bool,
    pin: Option<String>,
    /// The card is then unblocked with the PUK, not through the admin key.
    puk: Option<String>,
    admin_key: Option<Hex>,
    cardid: Option<Hex>,
    #[serde(default)]
    container: Vec<Spanned<ContainerDescription>>,
    /// Certificates for `mscp\msroots`, PEM.
    #[serde(default)]
    roots: Vec<Spanned<String>>,
    /// Data objects to be written past all rules, or taken out: for damaged cards.
    #[serde(default)]
    object: Vec<Spanned<Object>>,
    /// PIN tries that are gone.
    #[serde(default)]
    tries_spent: u8,
    #[serde(default)]
    options: Options,
    #[serde(default)]
    fault: Vec<Fault>,
    /// Milliseconds that every answer takes.
    #[serde(default)]
    delay: u64,
}

/// The kinds of card.
#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    #[default]
    Gids,
    Unknown,
    Mute,
}

/// A key and its certificate: PEM text, or the path of a file with it.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct ContainerDescription {
    name: String,
    key: String,
    certificate: Option<String>,
    #[serde(default)]
    signature_only: bool,
    #[serde(default)]
    default: bool,
    /// Only so many parts of the certificate, of 240 bytes each, are written.
    certificate_parts: Option<usize>,
}

/// A data object.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Object {
    file: u16,
    object: u16,
    /// Without a value the object is taken out.
    value: Option<Hex>,
}

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

/// The demonstration set, which is part of the program.
pub(super) fn demo() -> VirtualReaders {
    let files = |name: &str| {
        let bytes: &[u8] = match name {
            "demo/ca.pem" => include_bytes!("demo/ca.pem"),
            "demo/logon.pem" => include_bytes!("demo/logon.pem"),
            "demo/logon.key" => include_bytes!("demo/logon.key"),
            "demo/mail.pem" => include_bytes!("demo/mail.pem"),
            "demo/mail.key" => include_bytes!("demo/mail.key"),
            _ => return Err(format!("{name} is not part of the demonstration")),
        };
        Ok(bytes.to_vec())
    };
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
    let description: Description = toml::from_str(toml).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        here(at, error.message().trim_end_matches('.').to_owned() + ".")
    })?;

    let readers = VirtualReaders::empty(&[]);
    for card in &description.card {
        let name = card.name.get_ref();
        let at = card.name.span().start;
        if readers.card(name).is_some() {
            return Err(here(at, format!("There are two cards \"{name}\".")));
        }
        let card = make(card, files).map_err(|(inside, problem)| here(inside.unwrap_or(at), problem))?;
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

fn make(card: &Card, files: &Files<'_>) -> Result<VirtualCard, Problem> {
    let name = card.name.get_ref();
    let (standard_atr, chip) = match card.kind {
        Kind::Gids => (GIDS_ATR, Chip::Gids(Box::new(make_gids(card, files)?))),
        Kind::Unknown => (UNKNOWN_ATR, Chip::Unknown),
        Kind::Mute => (&[][..], Chip::Mute),
    };
    let atr = card.atr.as_ref().map_or(standard_atr, |atr| &atr.0);
    let made = VirtualCard::new(name, atr, chip);
    for fault in &card.fault {
        made.inject(fault.clone());
    }
    made.set_delay(std::time::Duration::from_millis(card.delay));
    Ok(made)
}

fn make_gids(card: &Card, files: &Files<'_>) -> Result<Gids, Problem> {
    let whole = |problem: String| (None, problem);
    let mut options = card.options.clone();
    options.puk |= card.puk.is_some();
    let mut gids = Gids::new(options);
    if card.initialised {
        let wanted = wanted(card, files)?;
        personalise(&mut gids, &wanted).map_err(whole)?;
        let left = gids.pin_tries_left().saturating_sub(card.tries_spent);
        gids.set_pin_tries_left(left);
    } else if card.pin.is_some() || card.puk.is_some() || !card.container.is_empty() || !card.roots.is_empty()
    {
        return Err(whole("A card that is not initialised has no PIN, PUK, container or root.".to_owned()));
    }
    for object in &card.object {
        let Object { file, object: tag, value } = object.get_ref();
        gids.set_object(*file, *tag, value.as_ref().map(|value| &value.0[..]))
            .map_err(|_| (Some(object.span().start), "The card has no room for the object.".to_owned()))?;
    }
    Ok(gids)
}

fn wanted(card: &Card, files: &Files<'_>) -> Result<Personalisation, Problem> {
    let whole = |problem: &str| (None, problem.to_owned());
    let pin = card.pin.clone().ok_or_else(|| whole("The card needs a PIN: pin = \"...\"."))?;
    let admin_key = match &card.admin_key {
        Some(key) if key.0.len() == 24 => key.0.clone(),
        _ => return Err(whole("The card needs an admin key of 48 hexadecimal digits: admin-key = \"...\".")),
    };
    let card_id = match &card.cardid {
        Some(id) if id.0.len() == 16 => id.0.clone(),
        _ => return Err(whole("The card needs a cardid of 32 hexadecimal digits: cardid = \"...\".")),
    };
    let mut containers = Vec::new();
    for described in &card.container {
        let ContainerDescription { name, key, certificate, signature_only, default, certificate_parts } =
            described.get_ref();
        let container = || {
            Ok(Container {
                name: name.clone(),
                key: pkcs1(&pem(key, files)?)?,
                certificate: certificate
                    .as_ref()
                    .map(|text| pem(text, files))
                    .transpose()?
                    .map(|pem| pem.contents),
                signature_only: *signature_only,
                default: *default,
                certificate_parts: *certificate_parts,
            })
        };
        containers.push(container().map_err(|problem| (Some(described.span().start), problem))?);
    }
    let mut roots = Vec::new();
    for root in &card.roots {
        let pem = pem(root.get_ref(), files).map_err(|problem| (Some(root.span().start), problem))?;
        roots.push(pem.contents);
    }
    Ok(Personalisation {
        pin: Zeroizing::new(pin),
        puk: card.puk.clone().map(Zeroizing::new),
        admin_key: Zeroizing::new(admin_key),
        card_id,
        containers,
        roots,
    })
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

/// The RSAPrivateKey in a PEM block of PKCS#1 or, one layer further down, of PKCS#8 (RFC 5958 section 2).
fn pkcs1(pem: &Pem) -> Result<Zeroizing<Vec<u8>>, String> {
    let inner = match pem.label.as_str() {
        "RSA PRIVATE KEY" => Some(&pem.contents[..]),
        "PRIVATE KEY" => tlv::only(&pem.contents, 0x30).and_then(|parts| tlv::find(parts, 0x04)),
        _ => None,
    };
    inner.map(|key| Zeroizing::new(key.to_vec())).ok_or_else(|| {
        format!(
            "A block \"{}\" is no private key that can be read; an RSA key without a password is.",
            pem.label
        )
    })
}
