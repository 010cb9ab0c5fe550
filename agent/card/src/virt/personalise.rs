//! Personalises a virtual GIDS card by sending it the commands that an issuer sends (card-gids.md 10 and 7), so
//! that what is on it is what a real card would hold.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use zeroize::Zeroizing;

use super::gids::Gids;
use super::rsa::RsaKey;
use super::tlv;

/// Data bytes of one command in a chain; what Windows sends (2).
const CHUNK: usize = 240;

/// What is to be on the card.
pub(super) struct Personalisation {
    /// The PIN.
    pub pin: Zeroizing<String>,
    /// The PUK, on a card that has one.
    pub puk: Option<Zeroizing<String>>,
    /// The admin key, 24 bytes.
    pub admin_key: Zeroizing<Vec<u8>>,
    /// The card identifier, 16 bytes.
    pub card_id: Vec<u8>,
    /// Its containers, in their order.
    pub containers: Vec<Container>,
    /// Certificates for `mscp\msroots`, DER.
    pub roots: Vec<Vec<u8>>,
}

/// A key, perhaps with its certificate.
pub(super) struct Container {
    /// At most 39 UTF-16 units.
    pub name: String,
    /// An RSAPrivateKey, DER.
    pub key: Zeroizing<Vec<u8>>,
    /// DER.
    pub certificate: Option<Vec<u8>>,
    /// Whether the key only signs (AT_SIGNATURE).
    pub signature_only: bool,
    /// Whether it is the default one.
    pub default: bool,
    /// Only so many parts of the certificate are written, as if the card had been pulled.
    pub certificate_parts: Option<usize>,
}

/// A record of the masterfile: directory, file, object, access file (4).
type Entry = (&'static str, String, u16, u16);

/// Personalises a new card.
pub(super) fn personalise(card: &mut Gids, wanted: &Personalisation) -> Result<(), String> {
    let mut host = Host { card };
    host.select()?;
    initialise(&mut host, wanted)?;
    host.send("ACTIVATE", 0x44, 0x0000, &[])?;
    host.select()?;
    host.send("VERIFY", 0x20, 0x0080, wanted.pin.as_bytes())?;
    fill(&mut host, wanted)?;
    host.card.reset();
    Ok(())
}

/// Section 10, up to the point where the access rules begin to hold.
fn initialise(host: &mut Host<'_>, wanted: &Personalisation) -> Result<(), String> {
    host.send("CHANGE REFERENCE DATA", 0x24, 0x0180, wanted.pin.as_bytes())?;
    if let Some(puk) = &wanted.puk {
        host.send("CHANGE REFERENCE DATA (PUK)", 0x24, 0x0181, puk.as_bytes())?;
    }
    for (id, put, get) in [
        (0xA000_u16, 0x30, 0x00),
        (0xA010, 0x30, 0x00),
        (0xA011, 0x30, 0xFF),
        (0xA012, 0x20, 0x00),
        (0xA013, 0x30, 0x30),
        (0xA014, 0x20, 0x20),
    ] {
        let [high, low] = id.to_be_bytes();
        host.create(&[0x82, 0x01, 0x39, 0x83, 0x02, high, low, 0x8C, 0x03, 0x03, put, get])?;
    }
    host.create(&[
        0x82, 0x01, 0x18, 0x83, 0x02, 0xB0, 0x80, 0x8C, 0x04, 0x87, 0x00, 0x20, 0xFF, 0xA5, 0x0B, 0xA4, 0x09,
        0x80, 0x01, 0x02, 0x83, 0x01, 0x80, 0x95, 0x01, 0xC0,
    ])?;
    // Tag 88 would carry the key check value, which is the host's to compute and which this card does not read.
    let key = [&[0x84, 0x01, 0x80][..], &tlv::object(0xA5, &tlv::object(0x87, &wanted.admin_key))].concat();
    host.put_key(&key)?;
    host.put(0xA000, 0xDF1F, &masterfile(&first_entries()))?;
    host.put(0xA010, 0xDF21, b"mscp\0\0\0\0")?;
    host.put(0xA010, 0xDF22, &[0; 6])?;
    host.put(0xA010, 0xDF23, &[])?;
    host.put(0xA012, 0xDF20, &wanted.card_id)?;
    host.send("SELECT", 0xA4, 0x000C, &[0x3F, 0xFF])
}

/// Containers and certificates (7), in the order that leaves directories complete at every moment.
fn fill(host: &mut Host<'_>, wanted: &Personalisation) -> Result<(), String> {
    if wanted.containers.is_empty() && wanted.roots.is_empty() {
        return Ok(());
    }
    let count = u16::try_from(wanted.containers.len()).map_err(|_| "too many containers")?;
    let files = count.saturating_mul(2);
    host.put(0xA010, 0xDF22, &[&[0, 0], &count.to_le_bytes()[..], &files.to_le_bytes()].concat())?;
    let (mut map, mut keys) = (Vec::new(), vec![0x01]);
    let mut entries = first_entries();
    let mut object = 0xDF24_u16;
    for (index, container) in (0_u8..).zip(&wanted.containers) {
        let key = RsaKey::from_pkcs1(&container.key).ok_or_else(|| {
            format!("The key of the container \"{}\" is no RSA key of two primes.", container.name)
        })?;
        let algorithm = match key.bits() {
            1024 => 0x06,
            2048 => 0x07,
            3072 => 0x08,
            4096 => 0x09,
            bits => return Err(format!("The card takes no RSA keys of {bits} bits.")),
        };
        let reference = 0x81_u8.checked_add(index).ok_or("too many containers")?;
        host.create(&key_file(reference, algorithm, container.signature_only))?;
        let parts = [&[0x83, 0x01, 0x02, 0x84, 0x01, 0x00][..], &tlv::object(0x87, &container.key)].concat();
        let key_data = Zeroizing::new([&[0x84, 0x01, reference][..], &tlv::object(0xA5, &parts)].concat());
        host.put_key(&key_data)?;
        map.extend_from_slice(&map_record(container, key.bits())?);
        let kind = if container.signature_only { 0x9C } else { 0x9A };
        keys.extend_from_slice(&[1, 0, 0, 0, algorithm, kind, reference, 0xB0, 0xFF, 0xFF, 0, 0]);
        if let Some(certificate) = &container.certificate {
            let stem = if container.signature_only { "ksc" } else { "kxc" };
            entries.push(("mscp", format!("{stem}{index:02x}"), object, 0xA010));
            let data = compressed(certificate)?;
            match container.certificate_parts {
                Some(parts) => host.put_torn(0xA010, object, &data, parts, wanted)?,
                None => host.put(0xA010, object, &data)?,
            }
            object += 1;
        }
    }
    if !wanted.roots.is_empty() {
        entries.push(("mscp", "msroots".to_owned(), object, 0xA010));
        host.put(0xA010, object, &certificate_bag(&wanted.roots))?;
    }
    host.put(0xA000, 0xDF20, &keys)?;
    // Putting no bytes into an empty object would remove it.
    if !map.is_empty() {
        host.put(0xA010, 0xDF23, &map)?;
    }
    host.put(0xA000, 0xDF1F, &masterfile(&entries))
}

/// The control parameters of a key file (8.2).
fn key_file(reference: u8, algorithm: u8, signature_only: bool) -> Vec<u8> {
    let template = |tag: u8, scheme: u8| {
        [tag, 0x09, 0x80, 0x01, scheme | algorithm, 0x83, 0x01, reference, 0x95, 0x01, 0x40]
    };
    let signing = [template(0xB6, 0x10), template(0xB6, 0x50)].concat();
    let deciphering = [template(0xB8, 0x00), template(0xB8, 0x80), template(0xB8, 0x40)].concat();
    let templates = if signature_only { signing } else { [deciphering, signing].concat() };
    let head = [0x82, 0x01, 0x18, 0x83, 0x02, 0xB0, reference, 0x8C, 0x05, 0x8F, 0x10, 0x10, 0x10, 0x00];
    [&head[..], &tlv::object(0xA5, &templates)].concat()
}

/// A record of the container map (5.1).
fn map_record(container: &Container, bits: u64) -> Result<[u8; 86], String> {
    let units: Vec<u16> = container.name.encode_utf16().collect();
    if units.len() > 39 {
        return Err(format!("The container name \"{}\" is longer than 39 characters.", container.name));
    }
    let bits = u16::try_from(bits).unwrap_or(0);
    let (signature, exchange) = if container.signature_only { (bits, 0) } else { (0, bits) };
    let name = units.iter().flat_map(|unit| unit.to_le_bytes()).chain(std::iter::repeat(0)).take(80);
    let flags = [if container.default { 0x03 } else { 0x01 }, 0x00];
    let mut record = [0; 86];
    let bytes = name.chain(flags).chain(signature.to_le_bytes()).chain(exchange.to_le_bytes());
    record.iter_mut().zip(bytes).for_each(|(room, byte)| *room = byte);
    Ok(record)
}

fn first_entries() -> Vec<Entry> {
    vec![
        ("mscp", String::new(), 0, 0xA000),
        ("", "cardid".to_owned(), 0xDF20, 0xA012),
        ("", "cardapps".to_owned(), 0xDF21, 0xA010),
        ("", "cardcf".to_owned(), 0xDF22, 0xA010),
        ("mscp", "cmapfile".to_owned(), 0xDF23, 0xA010),
    ]
}

/// The masterfile (4).
fn masterfile(entries: &[Entry]) -> Vec<u8> {
    let padded = |text: &str, size| text.bytes().chain(std::iter::repeat(0)).take(size).collect::<Vec<u8>>();
    let mut bytes = vec![0x01];
    for (directory, file, object, access_file) in entries {
        bytes.extend(padded(directory, 9));
        bytes.extend(padded(file, 11));
        bytes.extend(u32::from(*object).to_le_bytes());
        bytes.extend(u32::from(*access_file).to_le_bytes());
    }
    bytes
}

/// A certificate file (5.4).
fn compressed(certificate: &[u8]) -> Result<Vec<u8>, String> {
    let length = u16::try_from(certificate.len()).map_err(|_| "A certificate is longer than 65535 bytes.")?;
    let mut bytes = vec![0x01, 0x00];
    bytes.extend(length.to_le_bytes());
    let mut encoder = ZlibEncoder::new(bytes, Compression::best());
    encoder.write_all(certificate).and_then(|()| encoder.finish()).map_err(|error| error.to_string())
}

/// SignedData with certificates and nothing else (RFC 5652 section 5.1), as `mscp\msroots` has it.
pub(super) fn certificate_bag(certificates: &[Vec<u8>]) -> Vec<u8> {
    const SIGNED_DATA: &[u8] = b"\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x02";
    const DATA: &[u8] = b"\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x01";
    const VERSION_1: &[u8] = b"\x02\x01\x01";
    const EMPTY_SET: &[u8] = b"\x31\x00";
    let certificates = tlv::object(0xA0, &certificates.concat());
    let content = [VERSION_1, EMPTY_SET, &tlv::object(0x30, DATA), &certificates, EMPTY_SET].concat();
    tlv::object(0x30, &[SIGNED_DATA, &tlv::object(0xA0, &tlv::object(0x30, &content))].concat())
}

/// The issuer's side of the card.
struct Host<'c> {
    card: &'c mut Gids,
}

impl Host<'_> {
    fn select(&mut self) -> Result<(), String> {
        self.send("SELECT", 0xA4, 0x0400, &[0xA0, 0, 0, 0x03, 0x97, 0x42, 0x54, 0x46, 0x59])
    }

    fn create(&mut self, parameters: &[u8]) -> Result<(), String> {
        self.send("CREATE FILE", 0xE0, 0x0000, &tlv::object(0x62, parameters))?;
        self.send("ACTIVATE FILE", 0x44, 0x0000, &[])
    }

    fn put(&mut self, file: u16, object: u16, value: &[u8]) -> Result<(), String> {
        self.send("PUT DATA", 0xDB, file, &tlv::object(object, value))
    }

    fn put_key(&mut self, value: &[u8]) -> Result<(), String> {
        self.send("PUT KEY", 0xDB, 0x3FFF, &Zeroizing::new(tlv::object(0x70, value)))
    }

    /// Sends the first parts of a PUT DATA; then the card loses power, and the issuer begins again.
    fn put_torn(
        &mut self,
        file: u16,
        object: u16,
        value: &[u8],
        parts: usize,
        wanted: &Personalisation,
    ) -> Result<(), String> {
        for part in tlv::object(object, value).chunks(CHUNK).take(parts) {
            self.one("PUT DATA", 0x10, 0xDB, file, part)?;
        }
        self.card.reset();
        self.select()?;
        self.send("VERIFY", 0x20, 0x0080, wanted.pin.as_bytes())
    }

    fn send(&mut self, name: &str, instruction: u8, p1p2: u16, data: &[u8]) -> Result<(), String> {
        let mut parts = data.chunks(CHUNK).peekable();
        loop {
            let part = parts.next().unwrap_or_default();
            let last = parts.peek().is_none();
            self.one(name, if last { 0x00 } else { 0x10 }, instruction, p1p2, part)?;
            if last {
                return Ok(());
            }
        }
    }

    fn one(&mut self, name: &str, class: u8, instruction: u8, p1p2: u16, data: &[u8]) -> Result<(), String> {
        let mut apdu = Zeroizing::new(Vec::with_capacity(5 + CHUNK));
        apdu.extend([class, instruction]);
        apdu.extend(p1p2.to_be_bytes());
        if let Ok(length @ 1..) = u8::try_from(data.len()) {
            apdu.push(length);
            apdu.extend_from_slice(data);
        }
        let answer = self.card.transmit(&apdu);
        match answer.last_chunk() {
            Some([0x90, 0x00]) => Ok(()),
            Some([high, low]) => Err(format!("The card answers {high:02X}{low:02X} to {name}.")),
            None => Err(format!("The card does not answer to {name}.")),
        }
    }
}
