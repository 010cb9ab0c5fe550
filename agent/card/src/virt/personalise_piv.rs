//! Puts on a virtual PIV card what an issuer would. Not by commands, since a card that knows SP 800-73 alone takes no
//! keys, but within the card's limits.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use sha1::{Digest, Sha1};
use zeroize::Zeroizing;

use super::asymmetric::KeyKind;
use super::personalise::certificate_bag;
use super::piv::{Piv, Slot, certificate_object};
use super::tlv;

/// Objects (card-piv.md 2).
const CHUID: u32 = 0x5F_C102;
const CAPABILITIES: u32 = 0x5F_C107;
const PRINTED: u32 = 0x5F_C109;
const KEY_HISTORY: u32 = 0x5F_C10C;
const ADMIN_DATA: u32 = 0x5F_FF00;
const CONTAINER_MAP: u32 = 0x5F_FF10;
const ROOTS: std::ops::RangeInclusive<u32> = 0x5F_FF11..=0x5F_FF15;

/// What is to be on the card, beside its management key.
pub(super) struct Personalisation {
    /// The PIN, where it is not the factory's.
    pub pin: Option<Zeroizing<String>>,
    /// The PUK, where it is not the factory's.
    pub puk: Option<Zeroizing<String>>,
    /// The global PIN, on a card that has one.
    pub global_pin: Option<Zeroizing<String>>,
    /// Whether the management key is kept on the card, behind the PIN.
    pub protected: bool,
    /// For the CHUID, and the CCC's card identifier.
    pub guid: Option<[u8; 16]>,
    /// Keys and certificates.
    pub slots: Vec<SlotContents>,
    /// Whether there is a container map.
    pub mscmap: bool,
    /// Certificates for MSROOTS, DER.
    pub roots: Vec<Vec<u8>>,
    /// Whether there is a key history object.
    pub key_history: bool,
}

/// What is to be in a slot.
pub(super) struct SlotContents {
    /// Which one.
    pub number: u8,
    /// Its key.
    pub key: Option<Slot>,
    /// Its certificate, DER.
    pub certificate: Option<Vec<u8>>,
    /// Whether the certificate is compressed.
    pub gzip: bool,
    /// The name in the container map, at most 39 UTF-16 units.
    pub container: Option<String>,
    /// Whether it is the default one there.
    pub default: bool,
}

/// Personalises a new card.
pub(super) fn personalise(card: &mut Piv, wanted: Personalisation) -> Result<(), String> {
    set_pins(card, &wanted)?;
    if let Some(guid) = wanted.guid {
        put(card, CHUID, &chuid(&guid))?;
        put(card, CAPABILITIES, &capabilities(&guid))?;
    }
    if wanted.protected {
        let key = card.management_key();
        put(card, ADMIN_DATA, &tlv::object(0x80, &[0x81, 0x01, 0x02]))?;
        put(card, PRINTED, &Zeroizing::new(tlv::object(0x88, &Zeroizing::new(tlv::object(0x89, &key)))))?;
    }
    for slot in &wanted.slots {
        if let (Some(certificate), Some(id)) = (&slot.certificate, certificate_object(slot.number)) {
            put(card, id, &certificate_value(certificate, slot.gzip)?)?;
        }
    }
    if wanted.mscmap {
        let records: Result<Vec<_>, String> = wanted.slots.iter().filter_map(map_record).collect();
        put(card, CONTAINER_MAP, &tlv::object(0x81, &records?.concat()))?;
    }
    put_roots(card, &wanted.roots)?;
    if wanted.key_history {
        let retired =
            |slot: &&SlotContents| (0x82..=0x95).contains(&slot.number) && slot.certificate.is_some();
        let count = u8::try_from(wanted.slots.iter().filter(retired).count()).unwrap_or(20);
        // Keys whose certificates are on the card, keys whose certificates are elsewhere (SP 800-73-4 part 1, 3.3.3).
        put(card, KEY_HISTORY, &[0xC1, 1, count, 0xC2, 1, 0, 0xFE, 0])?;
    }
    for slot in wanted.slots {
        if let Some(key) = slot.key {
            card.set_key(slot.number, key);
        }
    }
    Ok(())
}

fn set_pins(card: &mut Piv, wanted: &Personalisation) -> Result<(), String> {
    let given = [("PIN", &wanted.pin), ("PUK", &wanted.puk), ("global PIN", &wanted.global_pin)];
    for (name, value) in given {
        if value.as_ref().is_some_and(|value| !(6..=8).contains(&value.len())) {
            return Err(format!("A {name} has 6 to 8 characters."));
        }
    }
    card.set_pins(
        wanted.pin.as_ref().map(|pin| pin.as_bytes()),
        wanted.puk.as_ref().map(|puk| puk.as_bytes()),
        wanted.global_pin.as_ref().map(|pin| pin.as_bytes()),
    );
    Ok(())
}

fn put(card: &mut Piv, id: u32, value: &[u8]) -> Result<(), String> {
    card.set_object(id, Some(value)).map_err(|_| format!("The card has no room for the object {id:X}."))
}

/// A CHUID as Yubico's tools write it (2.3): a FASC-N that stands for none, the GUID, an expiry date, no signature.
fn chuid(guid: &[u8; 16]) -> Vec<u8> {
    const FASC_N: &[u8] =
        b"\xD4\xE7\x39\xDA\x73\x9C\xED\x39\xCE\x73\x9D\x83\x68\x58\x21\x08\x42\x10\x84\x21\xC8\x42\
        \x10\xC3\xEB";
    let parts = [(0x30, FASC_N), (0x34, &guid[..]), (0x35, b"20300101"), (0x3E, b""), (0xFE, b"")];
    parts.map(|(tag, value)| tlv::object(tag, value)).concat()
}

/// A CCC (2.3), whose card identifier is the beginning of the GUID.
fn capabilities(guid: &[u8; 16]) -> Vec<u8> {
    let own: Vec<u8> = b"\xA0\x00\x00\x01\x16\xFF\x02".iter().chain(guid.iter().take(14)).copied().collect();
    let empty = [0xF6, 0xF7, 0xFA, 0xFB, 0xFC, 0xFD, 0xFE].map(|tag| (tag, &b""[..]));
    let filled: [(u16, &[u8]); 6] =
        [(0xF0, &own), (0xF1, b"\x21"), (0xF2, b"\x21"), (0xF3, b""), (0xF4, b"\x00"), (0xF5, b"\x10")];
    filled.iter().chain(&empty).flat_map(|(tag, value)| tlv::object(*tag, value)).collect()
}

/// What stands in tag 53 of a certificate object (2.1).
fn certificate_value(certificate: &[u8], gzip: bool) -> Result<Vec<u8>, String> {
    let content = if gzip {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(certificate).and_then(|()| encoder.finish()).map_err(|error| error.to_string())?
    } else {
        certificate.to_vec()
    };
    Ok([tlv::object(0x70, &content), tlv::object(0x71, &[u8::from(gzip)]), tlv::object(0xFE, &[])].concat())
}

/// A record of Yubico's container map (6), for a slot with key and certificate.
fn map_record(slot: &SlotContents) -> Option<Result<[u8; 107], String>> {
    let kind = slot.key.as_ref()?.key.kind();
    let certificate = slot.certificate.as_ref()?;
    let name = slot.container.clone().unwrap_or_else(|| format!("{:02x}", slot.number));
    if name.encode_utf16().count() > 39 {
        return Some(Err(format!("The container name \"{name}\" is longer than 39 characters.")));
    }
    // AT_KEYEXCHANGE and AT_SIGNATURE; bits of RSA keys and of curves.
    let specification = if slot.number == 0x9C { 2 } else { 1 };
    let bits = match kind {
        KeyKind::Rsa(bits) => u16::try_from(bits).unwrap_or(0),
        KeyKind::P256 | KeyKind::Ed25519 | KeyKind::X25519 => 256,
        KeyKind::P384 => 384,
    };
    let flags = if slot.default { 0x03 } else { 0x01 };
    let units: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut record = [0; 107];
    let bytes = units.into_iter().chain(std::iter::repeat(0)).take(80);
    let bytes = bytes.chain([slot.number, specification]).chain(bits.to_le_bytes());
    // The PIN is the primary card PIN; no other container belongs to this one.
    let bytes = bytes.chain([flags, 1, 0]).chain(Sha1::digest(certificate));
    record.iter_mut().zip(bytes).for_each(|(room, byte)| *room = byte);
    Some(Ok(record))
}

/// MSROOTS (6): the bag in pages, of which the last has a tag of its own.
fn put_roots(card: &mut Piv, roots: &[Vec<u8>]) -> Result<(), String> {
    if roots.is_empty() {
        return Ok(());
    }
    let bag = certificate_bag(roots);
    // Room for tag and length.
    let page = card.options().object_max.saturating_sub(4).max(1);
    let mut ids = ROOTS;
    let mut pages = bag.chunks(page).peekable();
    while let Some(part) = pages.next() {
        let id = ids.next().ok_or("The roots do not fit into five objects.")?;
        let tag = if pages.peek().is_some() { 0x83 } else { 0x82 };
        put(card, id, &tlv::object(tag, part))?;
    }
    Ok(())
}
