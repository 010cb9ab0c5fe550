//! A PIV card in a description.

use serde::Deserialize;
use shared::hex::Hex;
use toml::Spanned;
use zeroize::Zeroizing;

use super::{Files, Problem, pem};
use crate::virt::asymmetric::Key;
use crate::virt::personalise_piv::{Personalisation, SlotContents, personalise};
use crate::virt::piv::{Changes, Piv, Policies, Profile, Slot};

/// What a card of this kind can say. Without anything but the profile it is as the factory made it.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Card {
    profile: Profile,
    pin: Option<String>,
    puk: Option<String>,
    /// The card then has a global PIN beside its own.
    global_pin: Option<String>,
    management_key: Option<Spanned<Hex>>,
    /// For a key of 24 bytes that is not of the profile's own algorithm.
    management_algorithm: Option<ManagementAlgorithm>,
    /// Whether the management key wants a touch.
    #[serde(default)]
    management_touch: bool,
    /// Whether the management key is on the card, for those who have the PIN.
    #[serde(default)]
    protected: bool,
    /// The serial number of the device.
    serial: Option<u32>,
    /// The GUID in the CHUID. Without it the card has neither CHUID nor CCC.
    guid: Option<Hex>,
    /// PIN tries that are gone.
    #[serde(default)]
    tries_spent: u8,
    /// PUK tries that are gone.
    #[serde(default)]
    puk_tries_spent: u8,
    #[serde(default)]
    slot: Vec<Spanned<SlotDescription>>,
    /// Whether there is Yubico's container map.
    #[serde(default)]
    mscmap: bool,
    /// Certificates for Yubico's MSROOTS, PEM.
    #[serde(default)]
    roots: Vec<Spanned<String>>,
    /// Whether there is a key history object.
    #[serde(default)]
    key_history: bool,
    /// Data objects to be written past all rules, or taken out: for damaged cards.
    #[serde(default)]
    object: Vec<Spanned<Object>>,
    #[serde(default)]
    options: Changes,
}

/// The algorithms of management keys.
#[derive(Clone, Copy, Deserialize)]
enum ManagementAlgorithm {
    #[serde(rename = "3des")]
    Tdes,
    #[serde(rename = "aes-128")]
    Aes128,
    #[serde(rename = "aes-192")]
    Aes192,
    #[serde(rename = "aes-256")]
    Aes256,
}

impl ManagementAlgorithm {
    fn number(self) -> u8 {
        match self {
            Self::Tdes => 0x03,
            Self::Aes128 => 0x08,
            Self::Aes192 => 0x0A,
            Self::Aes256 => 0x0C,
        }
    }
}

/// A key and its certificate, or one of them: PEM text, or the path of a file with it.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct SlotDescription {
    /// Two hexadecimal digits.
    slot: Hex,
    key: Option<String>,
    certificate: Option<String>,
    /// Whether the certificate is compressed.
    #[serde(default)]
    gzip: bool,
    pin_policy: Option<PinPolicy>,
    touch_policy: Option<TouchPolicy>,
    /// Whether the card claims to have made the key itself.
    #[serde(default)]
    generated: bool,
    /// The name in the container map.
    container: Option<String>,
    /// Whether it is the default one there.
    #[serde(default)]
    default: bool,
}

/// When the key wants the PIN.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum PinPolicy {
    Never,
    Once,
    Always,
}

/// When the key wants a touch.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum TouchPolicy {
    Never,
    Always,
    Cached,
}

/// A data object.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Object {
    /// Two to six hexadecimal digits.
    id: Hex,
    /// What stands in tag 53. Without a value the object is taken out.
    value: Option<Hex>,
}

/// Makes the card. Returns its profile's answer to reset too.
pub(super) fn make(card: Card, files: &Files<'_>) -> Result<(&'static [u8], Piv), Problem> {
    let whole = |problem: &str| (None, problem.to_owned());
    let options = card.options.on(card.profile);
    let serial = match card.serial {
        Some(serial) => serial,
        None if options.vendor_commands.contains(&0xF8) => {
            return Err(whole("The card needs a serial number: serial = 12345678."));
        }
        None => 0,
    };
    let mut piv = Piv::new(options, serial);
    let mut slots = Vec::new();
    for described in &card.slot {
        let contents = slot(&piv, described.get_ref(), files);
        slots.push(contents.map_err(|problem| (Some(described.span().start), problem))?);
    }
    let mut roots = Vec::new();
    for root in &card.roots {
        let pem = pem(root.get_ref(), files).map_err(|problem| (Some(root.span().start), problem))?;
        roots.push(pem.contents);
    }
    let guid = match card.guid.map(|guid| guid.0.try_into()) {
        None => None,
        Some(Ok(guid)) => Some(guid),
        Some(Err(_)) => return Err(whole("A guid has 32 hexadecimal digits.")),
    };
    let own = piv.management_algorithm();
    let management = card.management_key.map(|key| {
        let algorithm = match (card.management_algorithm, key.get_ref().0.len()) {
            (Some(algorithm), _) => algorithm.number(),
            (None, 16) => 0x08,
            (None, 32) => 0x0C,
            (None, _) => own,
        };
        (key.span().start, algorithm, Zeroizing::new(key.into_inner().0))
    });
    if let Some((at, algorithm, key)) = &management
        && !piv.set_management(*algorithm, key, card.management_touch)
    {
        return Err((Some(*at), "The card takes no management key of this length and algorithm.".to_owned()));
    }
    personalise(
        &mut piv,
        Personalisation {
            pin: card.pin.map(Zeroizing::new),
            puk: card.puk.map(Zeroizing::new),
            global_pin: card.global_pin.map(Zeroizing::new),
            protected: card.protected,
            guid,
            slots,
            mscmap: card.mscmap,
            roots,
            key_history: card.key_history,
        },
    )
    .map_err(|problem| (None, problem))?;
    for object in &card.object {
        let here = |problem: &str| (Some(object.span().start), problem.to_owned());
        let Object { id, value } = object.get_ref();
        if !(1..=3).contains(&id.0.len()) {
            return Err(here("The id of an object has two to six hexadecimal digits."));
        }
        let id = id.0.iter().fold(0, |number, byte| number << 8 | u32::from(*byte));
        piv.set_object(id, value.as_ref().map(|value| &value.0[..]))
            .map_err(|_| here("The card has no room for the object."))?;
    }
    piv.set_pin_tries_left(piv.pin_tries_left().saturating_sub(card.tries_spent));
    piv.set_puk_tries_left(piv.puk_tries_left().saturating_sub(card.puk_tries_spent));
    Ok((card.profile.atr(), piv))
}

fn slot(card: &Piv, described: &SlotDescription, files: &Files<'_>) -> Result<SlotContents, String> {
    let number = match described.slot.0[..] {
        [number] if card.has_slot(number) => number,
        _ => return Err("The card has no such slot.".to_owned()),
    };
    let mut policies = Policies::standard(number);
    if let Some(policy) = described.pin_policy {
        policies.pin = match policy {
            PinPolicy::Never => 1,
            PinPolicy::Once => 2,
            PinPolicy::Always => 3,
        };
    }
    if let Some(policy) = described.touch_policy {
        policies.touch = match policy {
            TouchPolicy::Never => 1,
            TouchPolicy::Always => 2,
            TouchPolicy::Cached => 3,
        };
    }
    let key = described.key.as_ref().map(|text| private_key(card, text, files)).transpose()?;
    let certificate = described.certificate.as_ref().map(|text| pem(text, files)).transpose()?;
    Ok(SlotContents {
        number,
        key: key.map(|key| Slot { key, policies, generated: described.generated }),
        certificate: certificate.map(|pem| pem.contents),
        gzip: described.gzip,
        container: described.container.clone(),
        default: described.default,
    })
}

fn private_key(card: &Piv, text: &str, files: &Files<'_>) -> Result<Key, String> {
    let pem = pem(text, files)?;
    let contents = Zeroizing::new(pem.contents);
    let key = Key::from_pem(&pem.label, &contents).ok_or_else(|| {
        format!(
            "A block \"{}\" is no private key that can be read: RSA, P-256, P-384, Ed25519 or X25519 without a \
             password are.",
            pem.label
        )
    })?;
    match card.takes(key.kind()) {
        true => Ok(key),
        false => Err(format!("The card takes no keys of the kind {:?}.", key.kind())),
    }
}
