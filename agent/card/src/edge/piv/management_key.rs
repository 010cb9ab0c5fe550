//! The management key, 9B: how it stands, and proving it by mutual authentication (SP 800-73-4 part 2, section 3.2.4
//! and appendix A.1; card-piv.md 4).

use hmac::Hmac;
use sha1::Sha1;
use shared::model::ManagementKeyAlgorithm::{self as Algorithm, Aes128, Aes192, Aes256, TripleDes};
use shared::model::{ManagementKey, Role, TouchUse};
use zeroize::Zeroizing;

use super::Piv;
use super::admin_data::{AdminData, stored_key};
use super::cipher::{block_length, decipher, encipher};
use super::metadata::{MANAGEMENT_KEY, Metadata, Told};
use super::objects::{ObjectId, Read};
use crate::apdu::{Command, Data, Response, StatusWord};
use crate::error::{Error, Result};
use crate::smart_card::{ManagementProof, PinEntry};
use crate::tlv;

/// The factory's key is these bytes again and again, as long as the cipher wants (card-piv.md 4).
const FACTORY: [u8; 8] = [1, 2, 3, 4, 5, 6, 7, 8];
/// Iterations of PBKDF2 by which older tools made the key from the PIN.
const ITERATIONS: u32 = 10_000;

/// Dynamic authentication template.
const TEMPLATE: u32 = 0x7C;
/// In it: the witness.
const WITNESS: u32 = 0x80;
/// In it: the challenge.
const CHALLENGE: u32 = 0x81;
/// In it: the response.
const RESPONSE: u32 = 0x82;

/// The number under which a cipher goes as P1 (SP 800-78-4 table 6-2).
fn number(algorithm: Algorithm) -> u8 {
    match algorithm {
        TripleDes => 0x03,
        Aes128 => 0x08,
        Aes192 => 0x0A,
        Aes256 => 0x0C,
    }
}

fn factory_key(algorithm: Algorithm) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(FACTORY.into_iter().cycle().take(algorithm.key_length()).collect())
}

/// Whether two blocks are the same, in a time that does not depend on where they differ.
fn same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
}

impl Piv<'_> {
    /// How the key stands: what the card tells by GET METADATA and in its ADMIN DATA.
    pub(super) fn management_key_state(&mut self) -> Result<ManagementKey> {
        let told = match self.metadata(MANAGEMENT_KEY)? {
            Told::Known(metadata) => metadata,
            Told::Unknown | Told::Absent | Told::NotSupported => Metadata::default(),
        };
        let admin_data = self.admin_data()?;
        Ok(ManagementKey {
            algorithm: told.cipher(),
            factory: told.factory,
            protected: admin_data.key_stored || admin_data.key_derived,
            touch: told.touch_use.map(|touch| touch != TouchUse::Never),
        })
    }

    /// Proves a management key to the card, once.
    pub(super) fn authorise_with(&mut self, proof: ManagementProof<'_>) -> Result<()> {
        let state = self.management_key_state()?;
        match proof {
            ManagementProof::Key(key) => self.authenticate(&state, key),
            ManagementProof::Factory => self.authenticate_as_factory(&state),
            ManagementProof::Stored if state.factory == Some(true) => self.authenticate_as_factory(&state),
            ManagementProof::Stored => {
                let key = self.kept_key()?.ok_or(Error::ManagementKeyNeeded)?;
                self.authenticate(&state, &key)
            }
        }
    }

    /// The key that the card keeps for whoever has the PIN: in the printed information, which it gives out after
    /// VERIFY; or made from the PIN when that was verified.
    fn kept_key(&mut self) -> Result<Option<Zeroizing<Vec<u8>>>> {
        if self.admin_data()?.key_stored
            && let Read::Contents(printed) = self.read(ObjectId::PRINTED)?
            && let Some(key) = stored_key(&printed)
        {
            return Ok(Some(key));
        }
        Ok(self.derived_key.take())
    }

    /// Makes the management key from a PIN that the card has just accepted, where ADMIN DATA say that older tools of
    /// Yubico made it so. It is wiped at the end of the transaction at the latest.
    pub(super) fn derive_key(&mut self, role: Role, pin: PinEntry<'_>) -> Result<()> {
        let (Role::USER, PinEntry::Typed(pin)) = (role, pin) else { return Ok(()) };
        if !self.admin_data()?.key_derived {
            return Ok(());
        }
        let contents = self.get_if_readable(ObjectId::ADMIN_DATA)?.unwrap_or_default();
        let salt = tlv::find(&contents, 0x80).and_then(|data| tlv::find(data, 0x82)).unwrap_or_default();
        let mut key = Zeroizing::new(vec![0; TripleDes.key_length()]);
        if pbkdf2::pbkdf2::<Hmac<Sha1>>(pin.bytes(), salt, ITERATIONS, &mut key).is_ok() {
            self.derived_key = Some(key);
        }
        Ok(())
    }

    fn admin_data(&mut self) -> Result<AdminData> {
        if !self.vendor()?.stores_admin_data() {
            return Ok(AdminData::default());
        }
        let contents = self.get_if_readable(ObjectId::ADMIN_DATA)?;
        Ok(contents.map(|contents| AdminData::parse(&contents)).unwrap_or_default())
    }

    fn authenticate_as_factory(&mut self, state: &ManagementKey) -> Result<()> {
        // Cards whose key is of another cipher tell so; of the others AES-192 has the same bytes as triple DES.
        let key = factory_key(state.algorithm.unwrap_or(TripleDes));
        self.authenticate(state, &key)
    }

    /// The ciphers that a key can be of: the card's; where it does not tell, those that have keys so long. Keys of 24
    /// bytes are of triple DES on such cards, unless the application's template lists AES-192 and not that.
    fn ciphers(&self, state: &ManagementKey, length: usize) -> Vec<Algorithm> {
        let mut ciphers: Vec<Algorithm> = match state.algorithm {
            Some(algorithm) => vec![algorithm],
            None => vec![TripleDes, Aes128, Aes192, Aes256],
        };
        ciphers.retain(|algorithm| algorithm.key_length() == length);
        let listed = |algorithm: Algorithm| self.template.algorithms.contains(&number(algorithm));
        if ciphers.len() > 1 && listed(Aes192) && !listed(TripleDes) {
            ciphers.reverse();
        }
        ciphers
    }

    /// Mutual authentication: the card shows a witness and is shown what is in it together with a challenge, and then
    /// has to show that it knows the key, too. A key is tried once. As long as the card has only refused the
    /// cipher, before it was sent anything that came from the key, none was tried.
    fn authenticate(&mut self, state: &ManagementKey, key: &[u8]) -> Result<()> {
        let ciphers = self.ciphers(state, key.len());
        let mut refused = Error::WrongManagementKey;
        for algorithm in ciphers {
            let response = self.general_authenticate(algorithm, Data::Plain(&[0x7C, 0x02, 0x80, 0x00]))?;
            match response.status {
                StatusWord::OK => return self.answer_witness(state, algorithm, key, &response.data),
                // The card's key is of another cipher (card-piv.md 4.2).
                StatusWord::WRONG_DATA | StatusWord(0x6A86) => {}
                StatusWord::NOT_FOUND | StatusWord(0x6D00) => {
                    refused = Error::NotSupported("it has no management key");
                }
                status => return Err(Error::Unexpected { command: AUTHENTICATE, status: status.0 }),
            }
        }
        Err(refused)
    }

    fn answer_witness(
        &mut self,
        state: &ManagementKey,
        algorithm: Algorithm,
        key: &[u8],
        answer: &[u8],
    ) -> Result<()> {
        let block = block_length(algorithm);
        let malformed = || Error::Malformed(AUTHENTICATE);
        let witness = part(answer, WITNESS).filter(|witness| witness.len() == block).ok_or_else(malformed)?;
        let deciphered = decipher(algorithm, key, witness).ok_or_else(malformed)?;
        let mut challenge = vec![0; block];
        getrandom::fill(&mut challenge)
            .map_err(|_| Error::NotSupported("this computer has no random numbers now"))?;
        let expected = encipher(algorithm, key, &challenge).ok_or_else(malformed)?;

        let mut data = Zeroizing::new(Vec::with_capacity(2 * block + 6));
        tlv::put_header(&mut data, TEMPLATE, 2 * (block + 2));
        tlv::put(&mut data, WITNESS, &deciphered);
        tlv::put(&mut data, CHALLENGE, &challenge);
        self.managed = true;
        let response = self.general_authenticate(algorithm, Data::Sensitive(&data))?;
        self.managed = response.status == StatusWord::OK;
        match response.status {
            StatusWord::OK => {}
            // No touch in time: 6985, or 6982 as for a wrong key (card-piv.md 4.2). A key that wants no touch is
            // wrong.
            StatusWord::CONDITIONS if state.touch != Some(false) => return Err(Error::Untouched),
            StatusWord::SECURITY if state.touch == Some(true) => return Err(Error::Untouched),
            _ => return Err(Error::WrongManagementKey),
        }
        // In 82, and on some cards in 80.
        let shown = part(&response.data, RESPONSE).or_else(|| part(&response.data, WITNESS));
        match shown {
            Some(shown) if same(shown, &expected) => Ok(()),
            // It takes whatever it is shown: this is not the card that has the key.
            _ => Err(malformed()),
        }
    }

    fn general_authenticate(&mut self, algorithm: Algorithm, data: Data<'_>) -> Result<Response> {
        self.applet.send(&Command {
            name: AUTHENTICATE,
            instruction: 0x87,
            parameters: [number(algorithm), MANAGEMENT_KEY],
            data,
            expects: true,
        })
    }
}

/// The name of the command in errors.
const AUTHENTICATE: &str = "GENERAL AUTHENTICATE";

/// What stands under a tag in the template of an answer.
fn part(answer: &[u8], tag: u32) -> Option<&[u8]> {
    tlv::find(tlv::find(answer, TEMPLATE)?, tag)
}
