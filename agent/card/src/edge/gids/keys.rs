//! Key files: created, filled, read and deleted (section 8).

use shared::model::{KeyAlgorithm, KeyFamily};
use zeroize::Zeroizing;

use super::Gids;
use super::key_map::key_file;
use crate::apdu::{Command, Data, StatusWord};
use crate::error::{Error, Result};
use crate::key::{PrivateKey, PublicKey};
use crate::tlv;

/// Where keys and the state of PINs are addressed: the application itself.
pub(super) const APPLICATION: u16 = 0x3FFF;

/// What every card can collect a key in, in bytes: GidsApplet in its smaller build, for keys of 2048 bits
/// (section 8.4).
const KEY_BUFFER: usize = 1220;
/// The algorithm is not supported.
const NOT_SUPPORTED: u16 = StatusWord::NOT_SUPPORTED.0;
/// Signing with PKCS#1 v1.5, in the high half of an algorithm identifier (section 8.1).
const PKCS1: u8 = 0x50;

fn size_not_supported() -> Error {
    Error::KeyNotSupported("it has no keys of this size".to_owned())
}

/// File control parameters of a key-exchange key (section 8.2): generating, using and writing it take the PIN,
/// its public part is free. It deciphers and signs with every padding.
fn parameters(reference: u8, algorithm: u8) -> Vec<u8> {
    let mut uses = Vec::new();
    for (template, padding) in [(0xB8, 0x00), (0xB8, 0x80), (0xB8, 0x40), (0xB6, 0x10), (0xB6, 0x50)] {
        uses.extend_from_slice(&[template, 0x09]);
        uses.extend_from_slice(&[0x80, 0x01, padding + algorithm, 0x83, 0x01, reference, 0x95, 0x01, 0x40]);
    }
    let [high, low] = key_file(reference).to_be_bytes();
    let mut inner = vec![0x82, 0x01, 0x18, 0x83, 0x02, high, low, 0x8C, 0x05, 0x8F, 0x10, 0x10, 0x10, 0x00];
    tlv::put(&mut inner, 0xA5, &uses);
    tlv::object(0x62, &inner)
}

/// The data of PUT KEY for an RSA key in the clear (section 8.4), in one buffer that never grows.
fn key_data(reference: u8, key: &PrivateKey) -> Zeroizing<Vec<u8>> {
    let length = key.encoded.len();
    let mut data = Zeroizing::new(Vec::with_capacity(length + 32));
    let description = [0x83, 0x01, 0x02, 0x84, 0x01, 0x00];
    let head = |tag, length| {
        let mut bytes = Vec::new();
        tlv::put_header(&mut bytes, tag, length);
        bytes
    };
    let key_head = head(0x87, length);
    let body = description.len() + key_head.len() + length;
    let body_head = head(0xA5, body);
    data.extend_from_slice(&head(0x70, 3 + body_head.len() + body));
    data.extend_from_slice(&[0x84, 0x01, reference]);
    data.extend_from_slice(&body_head);
    data.extend_from_slice(&description);
    data.extend_from_slice(&key_head);
    data.extend_from_slice(&key.encoded);
    data
}

/// The public key in a card's answer (7F49). A key that is not RSA is there, and no certificate's key equals it.
fn public_part(answer: &[u8]) -> Option<PublicKey> {
    let parts = tlv::find(answer, 0x7F49)?;
    Some(match (tlv::find(parts, 0x81), tlv::find(parts, 0x82)) {
        (Some(modulus), Some(exponent)) => PublicKey::rsa(modulus, exponent),
        _ => PublicKey::Other {
            algorithm: KeyAlgorithm { family: KeyFamily::Other, bits: 0 },
            point: parts.to_vec(),
        },
    })
}

impl Gids<'_> {
    /// The public key of a key file; `None` when there is no such file.
    ///
    /// # Errors
    /// [`Error::Unexpected`], among them 6F00 from GidsApplet for a file that never got its key.
    pub(super) fn public_key(&mut self, reference: u8) -> Result<Option<PublicKey>> {
        if let Some(known) = self.memory.key(reference) {
            return Ok(known);
        }
        let query = [0x70, 0x08, 0x84, 0x01, reference, 0xA5, 0x03, 0x7F, 0x49, 0x80];
        let response = self.get_data(APPLICATION, &query)?;
        let key = match response.status {
            StatusWord::OK => Some(public_part(&response.data).ok_or(Error::Malformed("GET DATA"))?),
            StatusWord::DATA_INVALID | StatusWord::NOT_FOUND | StatusWord::FILE_NOT_FOUND => None,
            status => return Err(Error::Unexpected { command: "GET DATA", status: status.0 }),
        };
        self.memory.keep_key(reference, key.clone());
        Ok(key)
    }

    /// Creates and activates the file of an RSA key. One of that name which is there already must be the rubbish
    /// of an interrupted deletion: the caller has made sure that nothing uses it.
    ///
    /// # Errors
    /// [`Error::CardFull`], [`Error::KeyNotSupported`], [`Error::Unexpected`].
    pub(super) fn create_key(&mut self, reference: u8, algorithm: u8) -> Result<()> {
        let parameters = parameters(reference, algorithm);
        let create = Command {
            name: "CREATE FILE",
            instruction: 0xE0,
            parameters: [0, 0],
            data: Data::Plain(&parameters),
            expects: false,
        };
        self.memory.forget();
        self.select_file(APPLICATION)?;
        let mut status = self.applet.send(&create)?.status;
        if status == StatusWord::DATA_INVALID && self.delete_key(reference)? {
            self.select_file(APPLICATION)?;
            status = self.applet.send(&create)?.status;
        }
        match status {
            StatusWord::OK => self.activate(),
            StatusWord::FULL => Err(Error::CardFull("another key")),
            StatusWord::NOT_SUPPORTED => Err(size_not_supported()),
            status => Err(Error::Unexpected { command: "CREATE FILE", status: status.0 }),
        }
    }

    /// Writes the key into its file.
    ///
    /// # Errors
    /// As for [`Gids::create_key`].
    pub(super) fn put_key(&mut self, reference: u8, key: &PrivateKey) -> Result<()> {
        let data = key_data(reference, key);
        match self.put_data(APPLICATION, Data::Sensitive(&data)) {
            Err(Error::CardFull(_)) if data.len() <= KEY_BUFFER => Err(Error::CardFull("another key")),
            // Longer than what the card collects a key in: 6A84 means its size, not the room that is left.
            Err(Error::CardFull(_) | Error::Unexpected { status: NOT_SUPPORTED, .. }) => {
                Err(size_not_supported())
            }
            result => result,
        }
    }

    /// GENERATE ASYMMETRIC KEY PAIR (section 8.3): makes a key in its file, and takes minutes on some cards.
    ///
    /// # Errors
    /// As for [`Gids::create_key`].
    pub(super) fn generate_key_pair(&mut self, reference: u8, algorithm: u8) -> Result<PublicKey> {
        const NAME: &str = "GENERATE ASYMMETRIC KEY PAIR";
        self.memory.forget();
        let response = self.applet.send(&Command {
            name: NAME,
            instruction: 0x47,
            parameters: [0, 0],
            data: Data::Plain(&[0xAC, 0x06, 0x80, 0x01, algorithm, 0x83, 0x01, reference]),
            expects: true,
        })?;
        match response.status {
            StatusWord::OK => public_part(&response.data).ok_or(Error::Malformed(NAME)),
            StatusWord::NOT_SUPPORTED => Err(size_not_supported()),
            StatusWord::FULL => Err(Error::CardFull("another key")),
            status => Err(Error::Unexpected { command: NAME, status: status.0 }),
        }
    }

    /// Chooses a key for signing with PKCS#1 v1.5, and has it sign a DigestInfo, which the card pads (section 8.6).
    ///
    /// # Errors
    /// [`Error::KeyNotSupported`] when the key's file does not say that it is for that, [`Error::Unexpected`].
    pub(super) fn sign_padded(
        &mut self,
        reference: u8,
        algorithm: u8,
        digest_info: &[u8],
    ) -> Result<Vec<u8>> {
        let chosen = self.applet.send(&Command {
            name: "MANAGE SECURITY ENVIRONMENT",
            instruction: 0x22,
            parameters: [0x41, 0xB6],
            data: Data::Plain(&[0x80, 0x01, PKCS1 | algorithm, 0x84, 0x01, reference]),
            expects: false,
        })?;
        match chosen.status {
            StatusWord::OK => {}
            StatusWord::DATA_INVALID => {
                return Err(Error::KeyNotSupported("it is not meant for signing".to_owned()));
            }
            status => {
                return Err(Error::Unexpected { command: "MANAGE SECURITY ENVIRONMENT", status: status.0 });
            }
        }
        self.applet.expect(&Command {
            name: "PERFORM SECURITY OPERATION",
            instruction: 0x2A,
            parameters: [0x9E, 0x9A],
            data: Data::Plain(digest_info),
            expects: true,
        })
    }

    /// Deletes the file of a key; false when there was none.
    ///
    /// # Errors
    /// [`Error::Unexpected`]
    pub(super) fn delete_key(&mut self, reference: u8) -> Result<bool> {
        self.memory.forget();
        if !self.select_file(key_file(reference))? {
            return Ok(false);
        }
        let delete = Command {
            name: "DELETE FILE",
            instruction: 0xE4,
            parameters: [0, 0],
            data: Data::None,
            expects: false,
        };
        let mut response = self.applet.send(&delete)?;
        if response.status == StatusWord::CONDITIONS {
            // A file that was created and not activated takes nothing else before.
            self.activate()?;
            response = self.applet.send(&delete)?;
        }
        match response.status {
            StatusWord::OK => Ok(true),
            status => Err(Error::Unexpected { command: "DELETE FILE", status: status.0 }),
        }
    }

    /// Selects a file by its identifier, within the application and with no answer; false when there is none.
    ///
    /// # Errors
    /// [`Error::Unexpected`]
    pub(super) fn select_file(&mut self, file: u16) -> Result<bool> {
        let response = self.applet.send(&Command {
            name: "SELECT",
            instruction: 0xA4,
            parameters: [0x00, 0x0C],
            data: Data::Plain(&file.to_be_bytes()),
            expects: false,
        })?;
        match response.status {
            StatusWord::OK => Ok(true),
            StatusWord::FILE_NOT_FOUND => Ok(false),
            status => Err(Error::Unexpected { command: "SELECT", status: status.0 }),
        }
    }

    fn activate(&mut self) -> Result<()> {
        let command = Command {
            name: "ACTIVATE FILE",
            instruction: 0x44,
            parameters: [0, 0],
            data: Data::None,
            expects: false,
        };
        self.applet.expect(&command).map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Section 8.2, with kid 83 and RSA-2048.
    #[test]
    fn parameters_of_a_key_file() {
        let golden = "6247820118830 2B0838C058F10101000A537\
            B809800107830183950140B809800187830183950140B809800147830183950140\
            B609800117830183950140B609800157830183950140";
        let golden = shared::hex::decode(golden.replace(' ', "").as_bytes()).unwrap();
        assert_eq!(golden.len(), 73);
        assert_eq!(parameters(0x83, 0x07), golden);
    }

    #[test]
    fn data_of_a_key() {
        let algorithm = KeyAlgorithm { family: KeyFamily::Rsa, bits: 2048 };
        for length in [100, 200, 1190, 2350] {
            let key = PrivateKey { algorithm, encoded: Zeroizing::new(vec![0x30; length]) };
            let data = key_data(0x84, &key);
            let outer = tlv::find(&data, 0x70).unwrap();
            assert!(outer.starts_with(&[0x84, 0x01, 0x84, 0xA5]));
            let inner = tlv::find(outer, 0xA5).unwrap();
            assert!(inner.starts_with(&[0x83, 0x01, 0x02, 0x84, 0x01, 0x00, 0x87]));
            assert_eq!(tlv::find(inner, 0x87), Some(&key.encoded[..]));
            assert!(data.capacity() <= length + 32, "the buffer has grown");
        }
    }
}
