//! Which card it is, by what it can do: three products report versions in Yubico's manner, so that a version alone
//! tells nothing (card-piv.md 1.1, 10 and 15).

use shared::model::{KeyAlgorithm, PinCharacters, PinPolicy, PolicySource};

use super::metadata::{Origins, Told};
use super::slot::Slot;
use super::{Piv, algorithm};
use crate::apdu::{Command, Data, StatusWord};
use crate::error::Result;

/// A product, or a family of them that differ in version only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Product {
    /// Yubico's.
    YubiKey,
    /// Nitrokey 3, and others that are built on the same application.
    Nitrokey,
    /// The JavaCard applet of that name.
    PivApplet,
    /// CanoKey.
    CanoKey,
    /// Any other: nothing is taken for granted but SP 800-73.
    Plain,
}

/// In which form a card takes private keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ImportForm {
    /// Yubico's: p, q, dP, dQ, qInv.
    Standard,
    /// Nitrokey's: p, q, e. The standard form would make it a key that does not work.
    Nitrokey,
    /// Not at all.
    None,
}

/// A card, as far as it matters to what can be done with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Vendor {
    /// Which.
    pub(super) product: Product,
    /// What it says to GET VERSION; [0, 0, 0] where it does not.
    version: [u8; 3],
    /// What to call it on screen.
    pub(super) name: String,
    /// The algorithm identifiers in its answer to SELECT.
    listed: Vec<u8>,
}

impl Vendor {
    /// How it takes private keys.
    pub(super) fn import_form(&self) -> ImportForm {
        match self.product {
            Product::YubiKey | Product::PivApplet | Product::CanoKey => ImportForm::Standard,
            Product::Nitrokey => ImportForm::Nitrokey,
            Product::Plain => ImportForm::None,
        }
    }

    /// Whether keys can be moved and deleted (F6).
    pub(super) fn moves_keys(&self) -> bool {
        self.product == Product::YubiKey && self.version >= [5, 7, 0]
    }

    /// Whether the number of tries can be set (FA).
    pub(super) fn sets_tries(&self) -> bool {
        matches!(self.product, Product::YubiKey | Product::PivApplet)
    }

    /// Whether all private keys are erased once PIN and PUK are both blocked.
    pub(super) fn erases_keys_when_blocked(&self) -> bool {
        self.product == Product::PivApplet
    }

    /// Whether it tells which slots have keys (GET METADATA; card-piv.md 5 and 15).
    pub(super) fn tells_keys(&self) -> bool {
        match self.product {
            Product::YubiKey => self.version >= [5, 3, 0],
            Product::PivApplet | Product::CanoKey => true,
            Product::Nitrokey | Product::Plain => false,
        }
    }

    /// Whether it stores the objects of Yubico's minidriver (MSCMAP, MSROOTS).
    pub(super) fn stores_container_map(&self) -> bool {
        self.product == Product::YubiKey
    }

    /// Whether it may have ADMIN DATA.
    pub(super) fn stores_admin_data(&self) -> bool {
        matches!(self.product, Product::YubiKey | Product::PivApplet)
    }

    /// Whether it has that slot. On cards that do not tell, a key or certificate may be in any slot of the standard.
    pub(super) fn has_slot(&self, slot: Slot) -> bool {
        match (self.product, slot.reference()) {
            (Product::CanoKey, 0x84..=0x95) | (Product::PivApplet, 0x8D..=0x95) => false,
            (product, 0xF9) => matches!(product, Product::YubiKey | Product::PivApplet),
            _ => true,
        }
    }

    /// Whether those who write this card note its retired keys in the key history object, as the standard has it. The
    /// tools of the other products do not.
    pub(super) fn keeps_key_history(&self) -> bool {
        self.product == Product::Plain
    }

    /// The most bytes that there can be in an object, where that is known. A YubiKey takes 3072 together with the
    /// object's tag and lengths (card-piv.md 2).
    pub(super) fn object_limit(&self) -> Option<usize> {
        match self.product {
            Product::YubiKey if self.version < [4, 0, 0] => Some(2048 - 9),
            Product::YubiKey => Some(3072 - 9),
            Product::CanoKey => Some(3000),
            Product::Nitrokey | Product::PivApplet | Product::Plain => None,
        }
    }

    /// What kinds of key it takes or makes.
    pub(super) fn algorithms(&self) -> Vec<KeyAlgorithm> {
        let known: &[u8] = match self.product {
            _ if !self.listed.is_empty() => &self.listed,
            Product::YubiKey if self.version < [4, 0, 0] => &[0x06, 0x07, 0x11],
            Product::YubiKey if self.version < [5, 7, 0] => &[0x06, 0x07, 0x11, 0x14],
            Product::YubiKey => &[0x06, 0x07, 0x05, 0x16, 0x11, 0x14, 0xE0, 0xE1],
            Product::CanoKey => &[0x07, 0x05, 0x16, 0x11, 0x14, 0xE0, 0xE1],
            Product::Nitrokey => &[0x07, 0x11],
            Product::PivApplet | Product::Plain => &[0x07, 0x11, 0x14],
        };
        known.iter().copied().filter_map(algorithm::of).collect()
    }

    /// Whether RSA keys made on it can be broken (ROCA, YubiKey 4.2.0 to 4.3.4): keys may be imported then, and not
    /// made (card-piv.md 5).
    pub(super) fn makes_weak_rsa(&self) -> bool {
        self.product == Product::YubiKey && (self.version >= [4, 2, 0] && self.version < [4, 3, 5])
    }

    /// What a PIN must look like (card-piv.md 3). No PIV card publishes it.
    pub(super) fn pin_policy(&self) -> PinPolicy {
        let characters = match self.product {
            Product::YubiKey | Product::CanoKey => PinCharacters::Ascii,
            Product::Nitrokey | Product::PivApplet | Product::Plain => PinCharacters::Digits,
        };
        self.policy(6, characters)
    }

    /// What a PUK must look like.
    pub(super) fn puk_policy(&self) -> PinPolicy {
        match self.product {
            Product::YubiKey | Product::CanoKey | Product::Nitrokey => self.policy(6, PinCharacters::Ascii),
            Product::PivApplet => self.policy(6, PinCharacters::Digits),
            // Any 8 bytes (SP 800-73-4 part 2, section 3.2.3).
            Product::Plain => self.policy(8, PinCharacters::Ascii),
        }
    }

    fn policy(&self, min_length: u8, characters: PinCharacters) -> PinPolicy {
        let complexity = match self.product {
            // Those that may have it switched on do not tell.
            Product::YubiKey if self.version >= [5, 7, 0] => None,
            Product::Plain => None,
            _ => Some(false),
        };
        PinPolicy { min_length, max_length: 8, characters, complexity, source: PolicySource::Assumed }
    }

    /// How many containers it has room for, where the standard's number is the card's.
    pub(super) fn containers_max(&self) -> Option<u16> {
        let slots = Slot::all().filter(|slot| self.has_slot(*slot)).count();
        u16::try_from(slots).ok().filter(|_| !matches!(self.product, Product::Plain | Product::Nitrokey))
    }

    /// What 630x stands for: a count on the first YubiKeys, and on others that it is not told (card-piv.md 3).
    pub(super) fn counts_in_630x(&self) -> bool {
        self.product == Product::YubiKey && self.version < [4, 0, 0]
    }

    /// Whether the serial number that it tells is its own: Nitrokeys all have the same one.
    fn has_serial(&self) -> bool {
        match self.product {
            Product::YubiKey => self.version >= [5, 0, 3],
            Product::PivApplet | Product::CanoKey => true,
            Product::Nitrokey | Product::Plain => false,
        }
    }
}

impl Piv<'_> {
    /// Which card it is. At most two APDUs, once in a transaction; none for cards that say it in their answer to
    /// SELECT.
    ///
    /// # Errors
    /// Those of the transport.
    pub(super) fn vendor(&mut self) -> Result<Vendor> {
        if let Some(vendor) = &self.vendor {
            return Ok(vendor.clone());
        }
        let vendor = self.find_vendor()?;
        self.vendor = Some(vendor.clone());
        Ok(vendor)
    }

    fn find_vendor(&mut self) -> Result<Vendor> {
        let listed = self.template.algorithms.clone();
        let label = self.template.label.clone().unwrap_or_default();
        let told = |product, version, name| Vendor { product, version, name, listed: listed.clone() };
        if label.starts_with("Nitrokey") {
            return Ok(told(Product::Nitrokey, [0; 3], "Nitrokey".to_owned()));
        }
        if let Some(rest) = label.strip_prefix("PivApplet") {
            let number = rest.trim_start_matches([' ', 'v']).split('/').next().unwrap_or_default();
            let name = format!("PivApplet {number}");
            return Ok(told(Product::PivApplet, [0; 3], name.trim_end().to_owned()));
        }
        let Some(version) = self.version()? else {
            return Ok(told(Product::Plain, [0; 3], "PIV card".to_owned()));
        };
        let [major, minor, patch] = version;
        let yubikey = || told(Product::YubiKey, version, format!("YubiKey {major}.{minor}.{patch}"));
        let canokey = || told(Product::CanoKey, version, "CanoKey".to_owned());
        if self.atr_names(b"yubikey") {
            return Ok(yubikey());
        }
        if self.atr_names(b"canokey") {
            return Ok(canokey());
        }
        // Whatever the reader shows of the answer to reset: the attestation slot has a key on YubiKeys, and does not
        // exist on CanoKeys (card-piv.md 2).
        Ok(match self.ask_metadata(Slot::ATTESTATION.reference(), Origins::FromOne)? {
            Told::Known(_) => yubikey(),
            Told::NotSupported if version < [5, 3, 0] => yubikey(),
            Told::Absent => canokey(),
            Told::NotSupported | Told::Unknown => told(Product::Plain, [0; 3], "PIV card".to_owned()),
        })
    }

    /// Whether the answer to reset has that word, in whatever case: "Yubikey4" on a YubiKey 4, "YubiKey" on a 5.
    fn atr_names(&self, word: &[u8]) -> bool {
        self.applet.atr().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word))
    }

    /// The serial number of the device, where it has one of its own. One APDU, once in a transaction.
    ///
    /// # Errors
    /// Those of the transport.
    pub(super) fn serial(&mut self) -> Result<Option<u32>> {
        if let Some(serial) = self.serial {
            return Ok(serial);
        }
        let serial = if self.vendor()?.has_serial() {
            let bytes = self.identifying("GET SERIAL", 0xF8)?;
            bytes.map(u32::from_be_bytes).filter(|serial| ![0, u32::MAX].contains(serial))
        } else {
            None
        };
        self.serial = Some(serial);
        Ok(serial)
    }

    fn version(&mut self) -> Result<Option<[u8; 3]>> {
        self.identifying("GET VERSION", 0xFD)
    }

    /// `None` when the card does not have the command, or answers something else to it.
    fn identifying<const LENGTH: usize>(
        &mut self,
        name: &'static str,
        instruction: u8,
    ) -> Result<Option<[u8; LENGTH]>> {
        let command = Command { name, instruction, parameters: [0, 0], data: Data::None, expects: true };
        let response = self.applet.send(&command)?;
        let bytes = <[u8; LENGTH]>::try_from(response.data).ok();
        Ok(bytes.filter(|_| response.status == StatusWord::OK))
    }
}
