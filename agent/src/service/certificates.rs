//! Certificates: list, view, import, default, delete.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use card::pfx::{self, Credential, FileError};
use card::{Contents, Freshness, Import, Placement, Removed, SmartCard, StoredCertificate, x509};
use shared::config::Config;
use shared::model::{Certificate, CertificateView, Container, Csn, Edge, PinType, Role};
use shared::rpc::MAX_FILE;
use shared::rpc::events::{Cause, CertEvent, Change};
use shared::rpc::methods::{
    CertParams, CertWriteParams, DeleteParams, DeleteReply, ImportParams, ImportPlan, ImportReply,
    InspectParams, OnCard,
};
use shared::secret::{FileText, Password};
use shared::{Error, ErrorCode, Result};
use zeroize::Zeroizing;

use crate::errors::{self, Failure};
use crate::registry::Target;
use crate::service::authority::Authority;
use crate::service::{Service, pins, rules};
use crate::worker::{Desk, Turn};

/// What was read from a card, with what tells whether it still holds. Public objects only, in memory only.
pub struct Cache {
    pub(crate) generation: u32,
    /// `None` when the card has no means to tell.
    pub(crate) freshness: Option<Freshness>,
    /// As read.
    pub contents: Arc<Contents>,
    /// As shown.
    pub listed: Vec<Certificate>,
}

impl Cache {
    /// Reads the card. Its freshness is for the caller to ask, last.
    pub(crate) fn read(card: &mut dyn SmartCard, target: &Target) -> std::result::Result<Self, Failure> {
        pins::confirm(card, target)?;
        let contents = card.contents()?;
        let listed = list_of(&contents);
        Ok(Self { generation: target.generation, freshness: None, contents: Arc::new(contents), listed })
    }
}

impl Cache {
    /// The row of a certificate.
    pub(crate) fn find(&self, id: &str) -> Option<&Certificate> {
        self.listed.iter().find(|certificate| certificate.id == id)
    }
}

/// The certificates of a card.
pub fn list(service: &Service, params: &OnCard) -> Result<Vec<Certificate>> {
    let target = service.registry().find(&params.select)?;
    target.ask(move |desk, turn, target| Ok(desk.read(turn, target)?.listed.clone()))
}

/// One certificate in full.
pub fn view(service: &Service, params: CertParams) -> Result<CertificateView> {
    let target = service.registry().find(&params.select)?;
    target.ask(move |desk, turn, target| {
        let cache = desk.read(turn, target)?;
        let summary = choose(&cache.listed, &params.certificate)?;
        let der = stored(&cache.contents, &summary.id).and_then(|stored| stored.der.as_deref().ok());
        let others: Vec<Vec<u8>> = cache
            .contents
            .certificates
            .iter()
            .filter_map(|other| other.der.clone().ok())
            .chain(cache.contents.roots.iter().cloned())
            .collect();
        let chain = der.map(|der| x509::order_chain(der, &others)).unwrap_or_default();
        Ok(CertificateView {
            summary: summary.clone(),
            fields: der.and_then(|der| x509::fields(der).ok()),
            chain: chain.iter().filter_map(|der| x509::fields(der).ok()).collect(),
        })
    })
}

/// What an import would do.
pub fn inspect(service: &Service, params: &InspectParams) -> Result<ImportPlan> {
    rules::import(&service.policy().now().config)?;
    let credential = open(&params.file, params.password.as_ref())?;
    let target = service.registry().find(&params.select)?;
    let container = chosen_slot(&target, params.slot.as_deref())?;
    target.ask(move |desk, turn, target| {
        let csn = initialised(target.card.csn.clone())?;
        let (replaced, placement) = desk.ask(turn, target, |card, cache| {
            pins::confirm(card, target)?;
            let placement = with_import(&credential, false, container, |import| Ok(card.place(import)?))?;
            let replaced = placement
                .replaces
                .as_deref()
                .and_then(|id| cache.find(id).map(|certificate| certificate.common_name.clone()));
            Ok((replaced, placement))
        })?;
        Ok(ImportPlan {
            csn,
            reader: target.reader.clone(),
            common_name: x509::common_name(&credential.certificate).unwrap_or_default(),
            with_key: placement.writes_key,
            chain: credential.chain.iter().filter_map(|der| x509::common_name(der)).collect(),
            container: placement.container,
            slot: slot_text(target, placement.container),
            replaces: replaced,
            overwrites_key: placement.overwrites_key,
            wants_pin: placement.wants_pin,
        })
    })
}

/// Imports.
pub fn import(service: &Service, params: ImportParams) -> Result<ImportReply> {
    rules::import(&service.policy().now().config)?;
    let credential = open(&params.file, params.password.as_ref())?;
    let target = service.registry().find(&params.select)?;
    let container = chosen_slot(&target, params.slot.as_deref())?;
    target.ask(move |desk, turn, target| {
        let policy = desk.policy();
        rules::import(&policy.config)?;
        let authority = Authority::of(
            &policy.config.pin,
            params.pin.as_ref(),
            params.management_key.as_ref(),
            params.last_try,
        )?;
        let renew = policy.config.cert.renew_identifier;
        let (id, contents) = write(desk, turn, target, |card| {
            with_import(&credential, params.default, container, |import| {
                // Whatever can be refused is refused before the PIN costs a try or the card is written.
                let placement = card.place(import)?;
                allow(target, &placement, params.overwrite, &policy.config)?;
                authority.prove(card, target, turn)?;
                let id = card.import(import)?;
                changed(card, renew);
                // It is imported, read back and compared; a card that goes now has it.
                let contents = card.contents().unwrap_or_else(|_| only(&id, placement.container, import));
                Ok((id, contents))
            })
        })?;
        announce(desk, target, &id, Change::CertImported);
        if params.default {
            announce(desk, target, &id, Change::DefaultChanged);
        }
        let on_card = |der: &&Vec<u8>| contents.roots.contains(*der);
        let chain =
            credential.chain.iter().filter(on_card).filter_map(|der| x509::common_name(der)).collect();
        Ok(ImportReply { certificate: choose(&list_of(&contents), &id)?.clone(), chain })
    })
}

/// Contents that hold what was just imported and nothing else.
pub(crate) fn only(id: &str, container: u8, import: &Import<'_>) -> Contents {
    let stored = StoredCertificate {
        id: id.to_owned(),
        container: Some(container),
        der: Ok(import.certificate.to_vec()),
    };
    let holder = Container {
        index: container,
        name: String::new(),
        role: Role::USER,
        pin_type: PinType::PrimaryCardPin,
        default: import.default,
        has_key: true,
        algorithm: Some(import.public_key.algorithm()),
        certificate: Some(id.to_owned()),
        slot: None,
        origin: None,
        pin_use: None,
        touch_use: None,
    };
    Contents { containers: vec![holder], certificates: vec![stored], ..Contents::default() }
}

/// Makes a certificate the default one.
pub fn set_default(service: &Service, params: CertWriteParams) -> Result<Certificate> {
    let target = service.registry().find(&params.select)?;
    target.ask(move |desk, turn, target| {
        let policy = desk.policy();
        let authority = Authority::of(
            &policy.config.pin,
            params.pin.as_ref(),
            params.management_key.as_ref(),
            params.last_try,
        )?;
        let renew = policy.config.cert.renew_identifier;
        let (certificate, changes) = write(desk, turn, target, |card| {
            let listed = list_of(&card.contents()?);
            let chosen = choose(&listed, &params.certificate)?;
            let Some(container) = chosen.container.filter(|_| chosen.has_key) else {
                let words = "Only a certificate whose private key is on the card can be the default one.";
                return Err(Error::new(ErrorCode::NoMatchingKey, words).into());
            };
            if chosen.default {
                return Ok((chosen.clone(), false));
            }
            card.admits(&card::Change::Default(container))?;
            authority.prove(card, target, turn)?;
            card.set_default(container)?;
            changed(card, renew);
            Ok((Certificate { default: true, ..chosen.clone() }, true))
        })?;
        if changes {
            announce(desk, target, &certificate.id, Change::DefaultChanged);
        }
        Ok(certificate)
    })
}

/// Deletes.
pub fn delete(service: &Service, params: DeleteParams) -> Result<DeleteReply> {
    rules::delete(&service.policy().now().config)?;
    let target = service.registry().find(&params.select)?;
    target.ask(move |desk, turn, target| {
        let policy = desk.policy();
        rules::delete(&policy.config)?;
        let authority = Authority::of(
            &policy.config.pin,
            params.pin.as_ref(),
            params.management_key.as_ref(),
            params.last_try,
        )?;
        let renew = policy.config.cert.renew_identifier;
        let (id, reply) = write(desk, turn, target, |card| {
            let contents = card.contents()?;
            let listed = list_of(&contents);
            let chosen = choose(&listed, &params.certificate);
            let empty_container = || named(&contents.containers, &params.certificate);
            let (id, container) = match (&chosen, empty_container()) {
                (Ok(chosen), _) => (chosen.id.clone(), chosen.container),
                (Err(_), Some(container)) if !params.keep_key => (String::new(), Some(container.index)),
                _ => return Err(chosen.err().unwrap_or_else(|| not_found(&params.certificate)).into()),
            };
            if let Some(container) = container.filter(|_| !params.keep_key) {
                card.admits(&card::Change::Delete(container))?;
            }
            authority.prove(card, target, turn)?;
            let removed = match container.filter(|_| !params.keep_key) {
                Some(container) => card.delete_container(container)?,
                None => {
                    card.delete_certificate(&id)?;
                    let default = contents.containers.iter().find(|container| container.default);
                    Removed { default: default.map(|container| container.index), key_stays: true }
                }
            };
            changed(card, renew);
            let holder = container.and_then(|index| contents.containers.iter().find(|c| c.index == index));
            Ok((id, DeleteReply { orphans: orphans(holder, &removed), default: removed.default }))
        })?;
        announce(desk, target, &id, Change::CertDeleted);
        Ok(reply)
    })
}

/// What a deletion leaves or takes, in sentences.
fn orphans(container: Option<&Container>, removed: &Removed) -> Vec<String> {
    let Some(container) = container else { return Vec::new() };
    let name = match &container.slot {
        Some(slot) => format!("slot {slot}"),
        None => format!("container {}", container.index),
    };
    match removed.key_stays {
        true if container.has_key => vec![format!("The key of {name} has no certificate any more.")],
        true => Vec::new(),
        false => vec![
            "The private key is gone with it: what was enciphered for it can no longer be read from this card."
                .to_owned(),
        ],
    }
}

/// The container that a person means by its slot, or by its number where there are no slots.
pub(crate) fn named<'c>(containers: &'c [Container], text: &str) -> Option<&'c Container> {
    containers.iter().find(|container| match &container.slot {
        Some(slot) => slot.eq_ignore_ascii_case(text),
        None => container.index.to_string() == text,
    })
}

/// A slot as a person names it.
pub(crate) fn chosen_slot(target: &Target, slot: Option<&str>) -> Result<Option<u8>> {
    let Some(text) = slot else { return Ok(None) };
    if target.card.edge == Edge::Gids {
        let words =
            "This card has no slots: leave the slot out, and the card's next free container is taken.";
        return Err(Error::new(ErrorCode::NotSupported, words));
    }
    let reference = u8::from_str_radix(text, 16)
        .ok()
        .filter(|reference| text.len() == 2 && matches!(reference, 0x82..=0x95 | 0x9A | 0x9C | 0x9D | 0x9E));
    reference.map(Some).ok_or_else(|| {
        let words = "This is no slot of a PIV card: those are 9A, 9C, 9D, 9E and 82 to 95.";
        Error::new(ErrorCode::BadRequest, words)
    })
}

/// A container as a slot, on cards that have slots.
pub(crate) fn slot_text(target: &Target, container: u8) -> Option<String> {
    (target.card.edge == Edge::Piv).then(|| format!("{container:02X}"))
}

/// Refuses what would cost a key that nobody gave up.
pub(crate) fn allow(target: &Target, placement: &Placement, overwrite: bool, config: &Config) -> Result<()> {
    if !placement.overwrites_key {
        return Ok(());
    }
    rules::delete(config)?;
    if overwrite {
        return Ok(());
    }
    let slot = slot_text(target, placement.container).unwrap_or_else(|| placement.container.to_string());
    let words = format!(
        "Slot {slot} has a private key, or may have one, and it would be lost for ever. Nothing was sent. Choose \
         another slot, or say that this is meant with --overwrite."
    );
    Err(Error::new(ErrorCode::WouldOverwrite, words))
}

/// Tells Windows of a change that is done. That it cannot be told costs nothing but a stale list there.
pub(crate) fn changed(card: &mut dyn SmartCard, renew: bool) {
    if renew && let Err(error) = card.renew_identifier() {
        tracing::debug!(%error, "the card's identifier was not renewed");
    }
}

/// An operation that presents the PIN and writes: the cache is void, and a wrong PIN is announced.
pub(crate) fn write<T>(
    desk: &mut Desk,
    turn: &Turn,
    target: &Target,
    act: impl FnMut(&mut dyn SmartCard) -> std::result::Result<T, Failure>,
) -> Result<T> {
    desk.cache = None;
    let result = desk.operate(turn, target, act);
    if result.as_ref().err().is_none_or(|error| error.code == ErrorCode::WriteFailed) {
        desk.touched(target, &[], true);
    }
    pins::report(desk.registry(), target, Role::USER, result.as_ref().err());
    result
}

pub(crate) fn announce(desk: &Desk, target: &Target, id: &str, change: impl FnOnce(CertEvent) -> Change) {
    if let Some(csn) = &target.card.csn {
        desk.registry().publish(change(CertEvent {
            reader: target.reader.clone(),
            csn: csn.clone(),
            certificate: id.to_owned(),
            cause: Cause::User,
        }));
    }
}

fn initialised(csn: Option<Csn>) -> Result<Csn> {
    csn.ok_or_else(|| errors::card(&card::Error::NotInitialised))
}

/// The certificate that a person means: its `id`, its container's number, or the start of a thumbprint.
pub(crate) fn choose<'l>(listed: &'l [Certificate], text: &str) -> Result<&'l Certificate> {
    let by_id = listed.iter().find(|certificate| certificate.id.eq_ignore_ascii_case(text));
    // Slots have names of their own, which are the ids of their certificates.
    let numbered = |certificate: &&Certificate| {
        certificate.slot.is_none() && certificate.container.is_some_and(|number| number.to_string() == text)
    };
    let by_container = || listed.iter().find(numbered);
    let by_thumbprint = || {
        let wanted: String =
            text.chars().filter(|c| !matches!(c, ' ' | ':')).collect::<String>().to_uppercase();
        let mut fitting = listed.iter().filter(|certificate| {
            let mut sums = [&certificate.sha1, &certificate.sha256].into_iter().flatten();
            sums.any(|sum| sum.to_string().starts_with(&wanted))
        });
        let first = fitting.next().filter(|_| wanted.len() >= 8)?;
        fitting.next().is_none().then_some(first)
    };
    by_id.or_else(by_container).or_else(by_thumbprint).ok_or_else(|| not_found(text))
}

fn not_found(text: &str) -> Error {
    // Whatever is longer than a thumbprint names no certificate, and need not come back.
    let name = if (1..=MAX_QUOTED).contains(&text.len()) { format!(" {text}") } else { String::new() };
    Error::new(
        ErrorCode::NotFound,
        format!("No certificate{name} is on the card. `kortti cert list` lists those that are."),
    )
}

/// The longest name of a certificate that is repeated in an error, in bytes: a SHA-256 thumbprint in pairs of digits.
const MAX_QUOTED: usize = 95;

fn stored<'c>(contents: &'c Contents, id: &str) -> Option<&'c StoredCertificate> {
    contents.certificates.iter().find(|stored| stored.id == id)
}

/// The rows of a list. A certificate that cannot be read is a row that says so.
pub(crate) fn list_of(contents: &Contents) -> Vec<Certificate> {
    contents
        .certificates
        .iter()
        .map(|stored| {
            let container =
                stored.container.and_then(|index| contents.containers.iter().find(|c| c.index == index));
            let described = stored.der.as_deref().map_err(Clone::clone).and_then(x509::describe);
            let mut row = Certificate {
                id: stored.id.clone(),
                container: stored.container,
                slot: container.and_then(|container| container.slot.clone()),
                container_name: container.map(|container| container.name.clone()),
                role: container.map(|container| container.role),
                pin_type: container.map(|container| container.pin_type),
                default: container.is_some_and(|container| container.default),
                default_source: contents.default_source.filter(|_| container.is_some_and(|c| c.default)),
                has_key: container.is_some_and(|container| container.has_key),
                damaged: None,
                common_name: String::new(),
                issuer_name: String::new(),
                not_before: None,
                not_after: None,
                key: None,
                usage: Vec::new(),
                sha1: None,
                sha256: None,
            };
            match described {
                Ok(described) => {
                    row.common_name = described.common_name;
                    row.issuer_name = described.issuer_name;
                    row.not_before = Some(described.not_before);
                    row.not_after = Some(described.not_after);
                    row.key = Some(described.key);
                    row.usage = described.usage;
                    row.sha1 = Some(described.sha1);
                    row.sha256 = Some(described.sha256);
                }
                Err(why) => row.damaged = Some(why),
            }
            row
        })
        .collect()
}

/// Opens a file as it came over the wire.
fn open(file: &FileText, password: Option<&Password>) -> Result<Credential> {
    let text = file.bytes();
    let mut bytes = Zeroizing::new(vec![0; base64::decoded_len_estimate(text.len())]);
    let length = STANDARD
        .decode_slice(text, &mut bytes)
        .map_err(|_| Error::new(ErrorCode::BadRequest, "The file must be sent in base64."))?;
    if length > MAX_FILE {
        let words = format!("The file is larger than {} KiB.", MAX_FILE / 1024);
        return Err(Error::new(ErrorCode::BadFile, words));
    }
    pfx::open(bytes.get(..length).unwrap_or_default(), password).map_err(|error| {
        let (code, words) = match &error {
            FileError::PasswordNeeded => (ErrorCode::FilePassword, "The file needs its password.".to_owned()),
            FileError::WrongPassword => (
                ErrorCode::FilePassword,
                "The password is not the file's. The card was not asked.".to_owned(),
            ),
            FileError::Damaged(how) => (ErrorCode::BadFile, format!("The file is damaged: {how}.")),
            FileError::NotACertificate => (
                ErrorCode::BadFile,
                "The file is neither a certificate (.cer, .der, .pem) nor a PKCS#12 file (.pfx, .p12)."
                    .to_owned(),
            ),
            FileError::Unsupported(how) => (ErrorCode::BadFile, format!("The file cannot be used: {how}.")),
        };
        Error::new(code, words)
    })
}

fn with_import<T>(
    credential: &Credential,
    default: bool,
    container: Option<u8>,
    act: impl FnOnce(&Import<'_>) -> std::result::Result<T, Failure>,
) -> std::result::Result<T, Failure> {
    let public_key = x509::public_key(&credential.certificate).ok_or_else(|| {
        Failure::Told(Error::new(ErrorCode::BadFile, "The certificate in the file cannot be read."))
    })?;
    act(&Import {
        certificate: &credential.certificate,
        public_key: &public_key,
        private_key: credential.private_key.as_ref(),
        chain: &credential.chain,
        container,
        default,
    })
}
