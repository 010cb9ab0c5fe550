//! The record of writes to cards and of refusals of them: who asked for what, and what came of it. No secret: what
//! came with a request is never recorded, only what it was about.
//!
//! One line of JSON for each, in `audit.log`. It is opened for each line, so that a file that was taken away is made anew
//! and new settings hold at once. That it cannot be written hinders nothing.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::Deserialize;
use serde_json::value::RawValue;
use shared::config::Audit as Rules;
use shared::model::{AuditRecord, Program, Role};
use shared::rpc::methods::{
    AgentReload, AgentStop, CardRelease, CardRepair, CertDefault, CertDelete, CertGenerate, CertImport,
    CertMove, LogParams, LogReply, PinChange, PinTries, Select, UnblockCancel, UnblockFinish, UnblockPuk,
    UnblockStart,
};
use shared::rpc::{Fault, Method};
use shared::{Error, ErrorCode, Result};

use crate::checkup::Seen;
use crate::clock;
use crate::registry::{Meant, Registry};
use crate::rotating::Rotating;
use crate::surroundings::make_state;

/// The methods that are recorded.
const RECORDED: [&str; 15] = [
    CardRepair::NAME,
    CardRelease::NAME,
    PinChange::NAME,
    PinTries::NAME,
    UnblockStart::NAME,
    UnblockFinish::NAME,
    UnblockCancel::NAME,
    UnblockPuk::NAME,
    CertImport::NAME,
    CertGenerate::NAME,
    CertMove::NAME,
    CertDefault::NAME,
    CertDelete::NAME,
    AgentReload::NAME,
    AgentStop::NAME,
];

/// The most records that are read at once.
const MOST_RECORDS: u16 = 1000;

/// The longest line, in bytes. It fits the smallest file, and so many lines fit an answer.
const LONGEST: usize = 1000;

const NAME: &str = "audit.log";

/// See the module.
pub(crate) struct Audit {
    folder: Option<PathBuf>,
    /// Whether the last line could not be written, which has been told then. Who holds it has the files for himself.
    failing: Mutex<bool>,
}

/// What is known of a request before it is carried out.
pub(crate) struct Request {
    meant: Meant,
    about: Option<String>,
}

impl Request {
    /// Whether it is known which card it is for.
    pub(crate) fn names_a_card(&self) -> bool {
        self.meant.csn.is_some()
    }
}

/// What a request says that may be recorded. Everything else in it is passed over.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Asked {
    select: Select,
    role: Option<Role>,
    certificate: Option<String>,
    slot: Option<String>,
}

/// What an answer says that may be recorded.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Answered {
    id: Option<String>,
    certificate: Option<Named>,
    slot: Option<String>,
    container: Option<u8>,
    tries_left: Option<u8>,
}

#[derive(Deserialize)]
struct Named {
    id: String,
}

impl Audit {
    /// A record in this folder, which need not be there yet. Nothing is recorded without one.
    pub(crate) fn new(folder: Option<PathBuf>) -> Self {
        Self { folder, failing: Mutex::default() }
    }

    /// Records what came of a request, if that is to be recorded.
    pub(crate) fn record(
        &self,
        rules: &Rules,
        method: &str,
        request: Request,
        program: &Program,
        result: &std::result::Result<Box<RawValue>, Fault>,
    ) {
        let Some(folder) = self.folder.as_deref().filter(|_| rules.enabled) else { return };
        let (answered, refused, tries_left) = match result {
            Ok(reply) => {
                // A list says nothing about one thing.
                let answered: Answered = serde_json::from_str(reply.get()).unwrap_or_default();
                let tries_left = answered.tries_left;
                (answered, None, tries_left)
            }
            Err(fault) => (Answered::default(), Some(fault.data.code), fault.data.tries_left),
        };
        let container = answered.container.map(|number| number.to_string());
        let written =
            answered.certificate.map(|named| named.id).or(answered.id).or(answered.slot).or(container);
        let record = AuditRecord {
            time: clock::now(),
            method: method.to_owned(),
            reader: request.meant.reader,
            csn: request.meant.csn,
            about: written.or(request.about),
            program: program.clone(),
            refused,
            tries_left,
        };
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        match write(folder, rules, record) {
            Ok(()) => *failing = false,
            Err(error) => {
                if !std::mem::replace(&mut *failing, true) {
                    let folder = folder.display();
                    tracing::warn!(%folder, %error, "the record of writes cannot be written");
                }
            }
        }
    }

    /// Reads the newest records.
    ///
    /// # Errors
    /// [`ErrorCode::BadRequest`], [`ErrorCode::System`] where no record is kept or it cannot be read.
    pub(crate) fn read(&self, params: &LogParams) -> Result<LogReply> {
        if !(1..=MOST_RECORDS).contains(&params.limit) {
            let words = format!("From 1 to {MOST_RECORDS} records can be read at once.");
            return Err(Error::new(ErrorCode::BadRequest, words));
        }
        let Some(folder) = &self.folder else {
            let words = "This agent keeps no record: the system names no folder for it.";
            return Err(Error::new(ErrorCode::System, words));
        };
        let fits = |record: &AuditRecord| match (&params.card, &record.csn) {
            (None, _) => true,
            (Some(text), Some(csn)) => csn.matches(text),
            (Some(_), None) => false,
        };
        let _alone = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = usize::from(params.limit);
        let mut records = VecDeque::new();
        for number in 0.. {
            let path = folder.join(if number == 0 { NAME.to_owned() } else { format!("{NAME}.{number}") });
            match newest(&path, wanted - records.len(), fits) {
                Ok(older) => older.into_iter().rev().for_each(|record| records.push_front(record)),
                // The file that is written now may be about to be made.
                Err(error) if error.kind() == io::ErrorKind::NotFound && number == 0 => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => break,
                Err(error) => {
                    let words = format!("The record cannot be read: {}: {error}.", path.display());
                    return Err(Error::new(ErrorCode::System, words));
                }
            }
            if records.len() == wanted {
                break;
            }
        }
        Ok(LogReply { records: records.into() })
    }
}

/// What is known of a request that is to be recorded, before it is carried out: afterwards the card may be gone.
pub(crate) fn request(registry: &Registry, method: &str, params: Option<&RawValue>) -> Option<Request> {
    if !RECORDED.contains(&method) {
        return None;
    }
    if [AgentReload::NAME, AgentStop::NAME].contains(&method) {
        return Some(Request { meant: Meant::default(), about: None });
    }
    // In a list it is the place that says what something is, and no list of ours is that of a method.
    let object = params.filter(|params| params.get().starts_with('{'));
    let asked: Option<Asked> = object.and_then(|params| serde_json::from_str(params.get()).ok());
    // Of what makes no sense nothing is known, not even that it names no card.
    let Some(asked) = asked.or_else(|| params.is_none().then(Asked::default)) else {
        return Some(Request { meant: Meant::default(), about: None });
    };
    let meant = registry.meant(&asked.select);
    let about = about(method, &asked, meant.seen.as_deref());
    Some(Request { meant, about })
}

/// What a request is about, if it says so in a form that no secret has.
fn about(method: &str, asked: &Asked, seen: Option<&Seen>) -> Option<String> {
    if [PinChange::NAME, UnblockStart::NAME, UnblockPuk::NAME].contains(&method) {
        return Some(asked.role.unwrap_or(Role::USER).0.to_string());
    }
    let certificate = asked.certificate.as_deref().and_then(|text| certificate(text, seen));
    certificate.or_else(|| asked.slot.as_deref().and_then(short))
}

/// The certificate that a person means, by its name on the card.
fn certificate(text: &str, seen: Option<&Seen>) -> Option<String> {
    let known = seen.map(|seen| seen.certificates.as_slice()).unwrap_or_default();
    let digits: String = text.chars().filter(|c| !matches!(c, ' ' | ':')).collect::<String>().to_uppercase();
    let named = known.iter().find(|one| one.id.eq_ignore_ascii_case(text)).or_else(|| {
        let by_thumbprint = |one: &&crate::checkup::Lasting| {
            digits.len() >= 8 && [&one.sha1, &one.sha256].iter().any(|sum| sum.starts_with(&digits))
        };
        known.iter().find(by_thumbprint)
    });
    named.map(|named| named.id.clone()).or_else(|| short(text)).or_else(|| file_name(text))
}

/// A slot, or the number of a container. No card takes a PIN as short as that.
fn short(text: &str) -> Option<String> {
    let is_short = (1..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_short.then(|| text.to_owned())
}

/// The name of a certificate's file on a GIDS card (card-gids.md 8).
fn file_name(text: &str) -> Option<String> {
    let number = text.strip_prefix("kxc").or_else(|| text.strip_prefix("ksc"))?;
    short(number).map(|_| text.to_owned())
}

fn write(folder: &Path, rules: &Rules, mut record: AuditRecord) -> io::Result<()> {
    let mut line = serde_json::to_vec(&record)?;
    if line.len() >= LONGEST {
        record.program.path = None;
        line = serde_json::to_vec(&record)?;
    }
    make_state(folder)?;
    let most = u64::from(rules.size_kib) * 1024;
    Rotating::open(&folder.join(NAME), most, rules.keep.into())?.append(&line)
}

/// The newest records of a file that fit, so many at the most, the newest last. Lines that are none are passed over.
fn newest(
    path: &Path,
    most: usize,
    fits: impl Fn(&AuditRecord) -> bool,
) -> io::Result<VecDeque<AuditRecord>> {
    // What is no file could keep the agent waiting.
    if !fs::symlink_metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file"));
    }
    let mut lines = BufReader::new(File::open(path)?);
    let mut newest = VecDeque::new();
    let mut line = Vec::new();
    loop {
        line.clear();
        let limit = u64::try_from(LONGEST).unwrap_or(u64::MAX);
        if (&mut lines).take(limit).read_until(b'\n', &mut line)? == 0 {
            return Ok(newest);
        }
        if line.last() != Some(&b'\n') {
            lines.skip_until(b'\n')?;
        }
        if let Ok(record) = serde_json::from_slice::<AuditRecord>(&line)
            && fits(&record)
        {
            newest.push_back(record);
            if newest.len() > most {
                newest.pop_front();
            }
        }
    }
}

#[cfg(test)]
mod tests;
