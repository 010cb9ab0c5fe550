//! A virtual reader with one virtual PIV card, and what a test does with them.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use card::key::{PrivateKey, PublicKey};
use card::transport::Readers;
use card::virt::{Exchange, Fault, FaultKind, Piv, VirtualCard, VirtualReaders};
use card::x509::Name;
use card::x509::issue::{Content, self_signed};
use card::{Contents, Import, ManagementProof, PinEntry, SmartCard, edge, pfx, x509};
use shared::hex::{self, Hex};
use shared::model::Role;
use shared::secret::Pin;
use tempfile::TempDir;
use time::{Duration, OffsetDateTime};

pub(crate) const PIN: &str = "123456";
pub(crate) const PUK: &str = "12345678";
pub(crate) const GUID: &str = "7D1F93C2A4E05B68B19C3D2E6F804A57";
pub(crate) const SERIAL: u32 = 12_345_678;
pub(crate) const READER: &str = "reader";

/// What stands in tag 53: data objects (card-piv.md 2).
pub(crate) const CHUID: u32 = 0x5F_C102;
pub(crate) const MSCMAP: u32 = 0x5F_FF10;
pub(crate) const MSROOTS: u32 = 0x5F_FF11;

/// Somebody's certificate and key, PEM.
pub(crate) struct Person {
    pub(crate) name: &'static str,
    pub(crate) certificate: &'static str,
    pub(crate) key: &'static str,
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

/// P-256, for logon.
pub(crate) const GERDA: Person = person!("gerda", "gerda");
pub(crate) const GERDA_RENEWED: Person = person!("gerda-renewed", "gerda");
/// 4620 bytes that compress to 659.
pub(crate) const GERDA_LARGE: Person = person!("gerda-large", "gerda");
/// 12619 bytes that compress to no fewer than 7830.
pub(crate) const GERDA_HUGE: Person = person!("gerda-huge", "gerda");
/// P-384, for signatures.
pub(crate) const HANS: Person = person!("hans", "hans");
/// Ed25519, with no use named.
pub(crate) const IDA: Person = person!("ida", "ida");
/// X25519, for key agreement.
pub(crate) const JON: Person = person!("jon", "jon");
/// RSA 1024, for mail.
pub(crate) const KARIN: Person = person!("karin", "karin");
/// RSA 3072, for logon.
pub(crate) const LARS: Person = person!("lars", "lars");
/// RSA 4096, for mail.
pub(crate) const MONA: Person = person!("mona", "mona");
/// RSA 2048, for logon.
pub(crate) const NILS: Person = person!("nils", "nils");
/// RSA 2048, for logon; twice with the same key.
pub(crate) const ANNA: Person = person!("../gids/anna", "../gids/anna");
pub(crate) const ANNA_RENEWED: Person = person!("../gids/anna-renewed", "../gids/anna");
/// RSA 2048 with the exponent 3.
pub(crate) const EXPONENT_3: Person = person!("../gids/exponent-3", "../gids/exponent-3");
/// RSA with 1536 bits.
pub(crate) const RSA_1536: Person = person!("../gids/rsa-1536", "../gids/rsa-1536");

/// The authority that issued all certificates, DER.
pub(crate) fn authority() -> Vec<u8> {
    pfx::open(include_bytes!("authority.pem"), None).unwrap().certificate
}

impl Person {
    fn credential(&self) -> pfx::Credential {
        let both = format!("{}{}", self.certificate, self.key);
        pfx::open(both.as_bytes(), None).unwrap_or_else(|error| panic!("{}: {error:?}", self.name))
    }

    pub(crate) fn der(&self) -> Vec<u8> {
        self.credential().certificate
    }

    pub(crate) fn public_key(&self) -> PublicKey {
        x509::public_key(&self.der()).unwrap()
    }

    pub(crate) fn private_key(&self) -> PrivateKey {
        self.credential().private_key.unwrap()
    }
}

/// An import, with everything that it borrows.
pub(crate) struct Request {
    pub(crate) certificate: Vec<u8>,
    pub(crate) public_key: PublicKey,
    pub(crate) private_key: Option<PrivateKey>,
    pub(crate) chain: Vec<Vec<u8>>,
    pub(crate) container: Option<u8>,
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
            container: None,
            default: false,
        }
    }

    pub(crate) fn into_slot(self, slot: u8) -> Self {
        Self { container: Some(slot), ..self }
    }

    pub(crate) fn import(&self) -> Import<'_> {
        Import {
            certificate: &self.certificate,
            public_key: &self.public_key,
            private_key: self.private_key.as_ref(),
            chain: &self.chain,
            container: self.container,
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
    /// A card of this profile as the factory made it, but for a CHUID. `extra` is put into its description.
    pub(crate) fn new(profile: &str, extra: &str) -> Self {
        Self::in_reader("", profile, extra)
    }

    /// The same in a reader that is described so.
    pub(crate) fn in_reader(reader: &str, profile: &str, extra: &str) -> Self {
        let serial = if profile == "plain" || profile == "yubikey-4" {
            String::new()
        } else {
            format!("serial = {SERIAL}\n")
        };
        let toml = format!(
            "[[reader]]\nname = '{READER}'\ncard = 'card'\n{reader}\n[[card]]\nname = 'card'\nkind = 'piv'\n\
             profile = '{profile}'\nguid = '{GUID}'\n{serial}{extra}\n"
        );
        let readers =
            VirtualReaders::from_description(&toml).unwrap_or_else(|error| panic!("{error}\n{toml}"));
        let card = readers.card("card").unwrap();
        Self { readers, card }
    }

    /// The same, with these people in these slots.
    pub(crate) fn with_people(profile: &str, people: &[(u8, &Person)], extra: &str) -> Self {
        Self::new(profile, &format!("{extra}\n{}", slots(people)))
    }

    /// A connection of one's own.
    pub(crate) fn connect(&self) -> Box<dyn card::transport::Card> {
        self.readers.connect(READER).unwrap()
    }

    /// One transaction on a new connection. The card is selected anew.
    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut dyn SmartCard) -> T) -> T {
        let mut connection = self.connect();
        let mut transaction = connection.begin().unwrap();
        let mut card = edge::open(&mut *transaction, None).unwrap();
        act(&mut *card)
    }

    /// The same for a card that may be pulled: what comes of it.
    pub(crate) fn attempt<T>(
        &self,
        act: impl FnOnce(&mut dyn SmartCard) -> card::Result<T>,
    ) -> card::Result<T> {
        let mut connection = self.connect();
        let mut transaction = connection.begin().unwrap();
        let mut card = edge::open(&mut *transaction, None)?;
        act(&mut *card)
    }

    /// The same, with PIN and management key proved: the factory's.
    pub(crate) fn authorised<T>(&self, act: impl FnOnce(&mut dyn SmartCard) -> T) -> T {
        self.with(|card| {
            authorise(card).unwrap();
            act(card)
        })
    }

    /// What is on the card, with everything that is wrong with it.
    pub(crate) fn contents(&self) -> Contents {
        self.with(|card| {
            let mut contents = card.contents().unwrap();
            contents.findings.extend(card.advice().unwrap());
            contents
        })
    }

    /// Looks into the card.
    pub(crate) fn piv<T>(&self, look: impl FnOnce(&mut Piv) -> T) -> T {
        self.card.piv(look).unwrap()
    }

    pub(crate) fn object(&self, id: u32) -> Option<Vec<u8>> {
        self.piv(|piv| piv.object(id))
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

    /// Keys and objects, without what differs from one run to the next: names of containers that are random, and keys
    /// that the card makes.
    pub(crate) fn stored(&self, made_in: Option<u8>) -> Vec<String> {
        self.piv(|piv| {
            let keys = piv.slots().into_iter().map(|slot| {
                let key = if made_in == Some(slot) { None } else { piv.public_key(slot) };
                format!("key {slot:02X} {:?} {:?}", piv.policies(slot), key.map(Hex))
            });
            let mut all: Vec<String> = keys.collect();
            for (id, value) in piv.objects() {
                let value = if id == MSCMAP { nameless(&value) } else { vec![value] };
                all.extend(value.into_iter().map(|value| format!("object {id:X} {}", Hex(value))));
            }
            all.sort();
            all
        })
    }

    /// Tries left of PIN and PUK.
    pub(crate) fn tries(&self) -> (u8, u8) {
        self.piv(|piv| (piv.pin_tries_left(), piv.puk_tries_left()))
    }
}

/// Slots with these people in them, as in a description.
pub(crate) fn slots(people: &[(u8, &Person)]) -> String {
    let mut toml = String::new();
    for (slot, Person { name, certificate, key }) in people {
        write!(
            toml,
            "[[card.slot]]\nslot = '{slot:02X}'\ncontainer = 'container of {name}'\nkey = '''\n{key}'''\n\
             certificate = '''\n{certificate}'''\ndefault = {}\n",
            *slot == people[0].0
        )
        .unwrap();
    }
    toml
}

/// The records of a container map; random names are blanked.
fn nameless(map: &[u8]) -> Vec<Vec<u8>> {
    let records = &map[if map[1] == 0x82 {
        4
    } else if map[1] == 0x81 {
        3
    } else {
        2
    }..];
    let blank = |record: &[u8]| {
        let mut record = record.to_vec();
        if record[16] == b'-' {
            record[..80].fill(0xEE);
        }
        record
    };
    records.chunks(107).map(blank).collect()
}

/// Proves PIN and management key: the factory's.
pub(crate) fn authorise(card: &mut dyn SmartCard) -> card::Result<()> {
    card.verify(Role::USER, PinEntry::Typed(&pin(PIN)))?;
    card.authorise(ManagementProof::Factory)
}

pub(crate) fn pin(text: &str) -> Pin {
    Pin::from(text.as_bytes())
}

pub(crate) fn bytes(digits: &str) -> Vec<u8> {
    hex::decode(digits.as_bytes()).unwrap()
}

/// What people see of a card: containers, certificates and roots, in the order of their names.
pub(crate) fn shown(contents: &Contents) -> Vec<String> {
    let mut all: Vec<String> = contents
        .containers
        .iter()
        .map(|c| format!("container {:02X} {} {:?} {:?}", c.index, c.default, c.algorithm, c.certificate))
        .collect();
    for stored in &contents.certificates {
        let der = stored.der.as_ref().map(|der| x509::common_name(der));
        all.push(format!("certificate {} {:?} {der:?}", stored.id, stored.container));
    }
    all.push(format!("roots {}", contents.roots.len()));
    all.sort();
    all
}

/// How often commands with a secret were sent: VERIFY, CHANGE, RESET RETRY COUNTER, the answer to a witness, a private
/// key.
pub(crate) fn secrets(log: &[Exchange]) -> [usize; 5] {
    let count = |instruction, length| {
        let fits = |e: &&Exchange| e.instruction == instruction && e.class & 0x10 == 0 && e.length > length;
        log.iter().filter(fits).count()
    };
    let of_management_key =
        |e: &&Exchange| e.instruction == 0x87 && e.parameters & 0xFF == 0x9B && e.length > 20;
    let answers = log.iter().filter(of_management_key).count();
    [count(0x20, 5), count(0x24, 5), count(0x2C, 5), answers, count(0xFE, 5)]
}

/// A certificate that the key of a slot has signed for itself, when OpenSSL finds that it has.
pub(crate) fn signed_by(card: &mut dyn SmartCard, slot: u8, key: &PublicKey) -> Vec<u8> {
    let subject: Name = "CN=Signed on the card".parse().unwrap();
    let now = OffsetDateTime::now_utc();
    let unsigned =
        self_signed(&Content::for_client(&subject, key), now - Duration::DAY, now + Duration::DAY).unwrap();
    let own = pin(PIN);
    let signature = card.sign(slot, unsigned.to_be_signed(), Some(PinEntry::Typed(&own))).unwrap();
    let der = unsigned.signed(&signature);
    let directory = TempDir::new().unwrap();
    let openssl = |line: &str| {
        let output = Command::new("openssl").args(line.split(' ')).current_dir(&directory).output();
        let output = output.expect("Install the package openssl.");
        assert!(output.status.success(), "{slot:02X}: {line}: {}", String::from_utf8_lossy(&output.stderr));
    };
    fs::write(directory.path().join("made.der"), &der).unwrap();
    openssl("x509 -inform DER -in made.der -out made.pem");
    openssl("verify -x509_strict -check_ss_sig -CAfile made.pem made.pem");
    der
}
