//! A virtual reader with one virtual card, and what a test does with them.

use std::fmt::Write;

use card::key::{PrivateKey, PublicKey};
use card::virt::{Exchange, Fault, FaultKind, VirtualCard, VirtualReaders};
use card::{Contents, Import, PinEntry, SmartCard, edge, x509};
use shared::model::Role;
use shared::secret::Pin;
use x509_parser::pem::Pem;
use zeroize::Zeroizing;

pub(crate) const PIN: &str = "123456";
pub(crate) const CARD_ID: &str = "7D1F93C2A4E05B68B19C3D2E6F804A57";
pub(crate) const READER: &str = "reader";

/// Somebody's certificate and key.
pub(crate) struct Person {
    pub(crate) name: &'static str,
    certificate: &'static str,
    key: &'static str,
}

macro_rules! person {
    ($name:literal, $key:literal) => {
        Person {
            name: $name,
            certificate: include_str!(concat!($name, ".pem")),
            key: include_str!(concat!($key, ".key")),
        }
    };
}

pub(crate) const ANNA: Person = person!("anna", "anna");
pub(crate) const ANNA_RENEWED: Person = person!("anna-renewed", "anna");
/// For mail only; all others are for logon too.
pub(crate) const BO: Person = person!("bo", "bo");
pub(crate) const CARL: Person = person!("carl", "carl");
pub(crate) const DORA: Person = person!("dora", "dora");
pub(crate) const EMIL: Person = person!("emil", "emil");
pub(crate) const FRED: Person = person!("fred", "fred");
pub(crate) const EXPONENT_3: Person = person!("exponent-3", "exponent-3");
pub(crate) const RSA_1536: Person = person!("rsa-1536", "rsa-1536");

fn contents_of(pem: &str) -> Vec<u8> {
    Pem::iter_from_buffer(pem.as_bytes()).next().unwrap().unwrap().contents
}

/// The authority that issued all certificates, DER.
pub(crate) fn authority() -> Vec<u8> {
    contents_of(include_str!("authority.pem"))
}

impl Person {
    pub(crate) fn der(&self) -> Vec<u8> {
        contents_of(self.certificate)
    }

    pub(crate) fn public_key(&self) -> PublicKey {
        x509::public_key(&self.der()).unwrap()
    }

    pub(crate) fn private_key(&self) -> PrivateKey {
        let algorithm = self.public_key().algorithm();
        PrivateKey { algorithm, encoded: Zeroizing::new(contents_of(self.key)) }
    }
}

/// An import, with everything that it borrows.
pub(crate) struct Request {
    pub(crate) certificate: Vec<u8>,
    pub(crate) public_key: PublicKey,
    pub(crate) private_key: Option<PrivateKey>,
    pub(crate) chain: Vec<Vec<u8>>,
    pub(crate) default: bool,
}

impl Request {
    pub(crate) fn with_key(person: &Person) -> Self {
        Self { private_key: Some(person.private_key()), ..Self::certificate(person) }
    }

    pub(crate) fn certificate(person: &Person) -> Self {
        Self {
            certificate: person.der(),
            public_key: person.public_key(),
            private_key: None,
            chain: Vec::new(),
            default: false,
        }
    }

    pub(crate) fn import(&self) -> Import<'_> {
        Import {
            certificate: &self.certificate,
            public_key: &self.public_key,
            private_key: self.private_key.as_ref(),
            chain: &self.chain,
            container: None,
            default: self.default,
        }
    }
}

/// A reader with a card in it.
pub(crate) struct Rig {
    pub(crate) readers: VirtualReaders,
    pub(crate) card: VirtualCard,
}

impl Rig {
    /// A card with these people's containers, the first of them the default one.
    pub(crate) fn new(people: &[&Person]) -> Self {
        Self::described(people, "")
    }

    /// The same; `extra` is put into the card's description.
    pub(crate) fn described(people: &[&Person], extra: &str) -> Self {
        Self::in_reader("", people, extra)
    }

    /// The same, in a reader on which PINs are typed.
    pub(crate) fn on_pad(people: &[&Person], extra: &str) -> Self {
        Self::in_reader("pin-pad = true", people, extra)
    }

    fn in_reader(reader: &str, people: &[&Person], extra: &str) -> Self {
        let mut toml = format!(
            "[[reader]]\nname = '{READER}'\ncard = 'card'\n{reader}\n\
            [[card]]\nname = 'card'\npin = '{PIN}'\ncardid = '{CARD_ID}'\n\
            admin-key = '0123456789ABCDEFFEDCBA987654321089ABCDEF01234567'\n{extra}\n"
        );
        for (index, person) in people.iter().enumerate() {
            let Person { name, certificate, key } = person;
            write!(
                toml,
                "[[card.container]]\nname = 'container of {name}'\nkey = '''\n{key}'''\n\
                certificate = '''\n{certificate}'''\ndefault = {}\n",
                index == 0
            )
            .unwrap();
        }
        Self::from_toml(&toml)
    }

    pub(crate) fn from_toml(toml: &str) -> Self {
        let readers = VirtualReaders::from_description(toml).unwrap();
        let card = readers.card("card").unwrap();
        Self { readers, card }
    }

    /// One transaction on a new connection. The card is selected anew.
    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut dyn SmartCard) -> T) -> T {
        use card::transport::Readers;
        let mut connection = self.readers.connect(READER).unwrap();
        let mut transaction = connection.begin().unwrap();
        let mut card = edge::open(&mut *transaction, None).unwrap();
        act(&mut *card)
    }

    /// The same, with the PIN verified.
    pub(crate) fn verified<T>(&self, act: impl FnOnce(&mut dyn SmartCard) -> T) -> T {
        self.with(|card| {
            card.verify(Role::USER, PinEntry::Typed(&pin(PIN))).unwrap();
            act(card)
        })
    }

    /// A connection of one's own.
    pub(crate) fn connect(&self) -> Box<dyn card::transport::Card> {
        use card::transport::Readers;
        self.readers.connect(READER).unwrap()
    }

    pub(crate) fn contents(&self) -> Contents {
        self.with(|card| card.contents().unwrap())
    }

    /// Puts the card back when it is out.
    pub(crate) fn reinsert(&self) {
        self.card.clear_faults();
        self.card.reset();
        let _ = self.readers.insert(READER, None);
    }

    pub(crate) fn fail_at(&self, nth: usize, then: FaultKind) {
        self.card.inject(Fault::at(u32::try_from(nth).unwrap(), then));
    }

    pub(crate) fn object(&self, file: u16, object: u16) -> Option<Vec<u8>> {
        self.card.gids(|gids| gids.object(file, object)).unwrap()
    }

    pub(crate) fn set_object(&self, file: u16, object: u16, value: Option<&[u8]>) {
        self.card.gids(|gids| gids.set_object(file, object, value)).unwrap().unwrap();
    }

    pub(crate) fn tries(&self) -> u8 {
        self.card.gids(|gids| gids.pin_tries_left()).unwrap()
    }

    pub(crate) fn logged_in(&self) -> bool {
        self.card.gids(|gids| gids.pin_verified() || gids.admin_authenticated()).unwrap()
    }

    /// Files, and objects other than the counters, without what differs from one import to the next.
    pub(crate) fn stored(&self) -> Vec<String> {
        let (files, objects) = self.card.gids(|gids| (gids.files(), gids.objects())).unwrap();
        let mut all: Vec<String> = files.iter().map(|file| format!("{file:04X}")).collect();
        for (file, object, value) in objects.into_iter().filter(|(_, object, _)| *object != 0xDF22) {
            let value = match object {
                0xDF1F => sorted(&value),
                0xDF23 => nameless(&value),
                _ => value,
            };
            all.push(format!("{file:04X}/{object:04X} {}", shared::hex::Hex(value)));
        }
        all.sort();
        all
    }
}

/// A masterfile whose records are in the order of their names.
fn sorted(masterfile: &[u8]) -> Vec<u8> {
    let (version, records) = masterfile.split_at(1);
    let mut records: Vec<&[u8]> = records.chunks(28).collect();
    records.sort();
    [version, &records.concat()].concat()
}

/// A container map in which random names (GUIDs) are blanked.
fn nameless(map: &[u8]) -> Vec<u8> {
    let blank = |record: &[u8]| {
        let mut record = record.to_vec();
        if record.len() == 86 && record[16] == b'-' {
            record[..80].fill(0xEE);
        }
        record
    };
    map.chunks(86).flat_map(blank).collect()
}

pub(crate) fn pin(text: &str) -> Pin {
    Pin::from(text.as_bytes())
}

/// What people see of a card: containers, certificates and roots, in the order of their names.
pub(crate) fn shown(contents: &Contents) -> Vec<String> {
    let mut all: Vec<String> = contents
        .containers
        .iter()
        .map(|c| {
            let name = if c.name.starts_with("container of") { &c.name } else { "new" };
            let (default, key, algorithm) = (c.default, c.has_key, c.algorithm);
            format!("container {} {name} {default} {key} {algorithm:?} {:?}", c.index, c.certificate)
        })
        .collect();
    for stored in &contents.certificates {
        let der = stored.der.as_ref().map(|der| x509::common_name(der));
        all.push(format!("certificate {} {:?} {der:?}", stored.id, stored.container));
    }
    all.push(format!("roots {}", contents.roots.len()));
    all.sort();
    all
}

/// How often commands with a PIN, a PUK or a response were sent: VERIFY, CHANGE, RESET RETRY COUNTER, response.
pub(crate) fn secrets(log: &[Exchange]) -> [usize; 4] {
    let count = |instruction, parameters, length| {
        let fits = |e: &&Exchange| {
            e.instruction == instruction && e.parameters & 0x00FF == parameters && e.length > length
        };
        log.iter().filter(fits).count()
    };
    // A response has 12 data bytes, asking for a challenge has 4.
    [count(0x20, 0x80, 5), count(0x24, 0x80, 5), count(0x2C, 0x80, 5), count(0x87, 0x00, 12)]
}
