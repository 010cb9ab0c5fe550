//! A GIDS card in a description.

use serde::Deserialize;
use shared::hex::Hex;
use toml::Spanned;
use x509_parser::pem::Pem;
use zeroize::Zeroizing;

use super::{Files, Problem, pem};
use crate::virt::gids::{Gids, Options};
use crate::virt::personalise::{Container, Personalisation, personalise};
use crate::virt::tlv;

/// What a card of this kind can say.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Card {
    /// Whether it is personalised. If not, nothing below down to `object` may be there.
    #[serde(default = "super::yes")]
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

/// Makes the card.
pub(super) fn make(card: &Card, files: &Files<'_>) -> Result<Gids, Problem> {
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
