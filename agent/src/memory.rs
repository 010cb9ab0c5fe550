//! What is remembered of cards when they are not there, in one file: `cards.json`. No PIN, nothing secret.
//!
//! The file is written whole or not at all. One that makes no sense is put aside, and what cannot be written is
//! remembered for as long as the agent lives: neither hinders anybody.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use shared::model::Csn;

use crate::checkup::Remembered;
use crate::surroundings::make_state;

/// Cards that are remembered; after that the one that was not seen for the longest time is forgotten.
const MOST_CARDS: usize = 500;

/// The longest file that is read, in bytes: so many cards, with all that is remembered of each, have less.
const LONGEST: u64 = 4 << 20;

/// The longest serial number in the file, in digits: the 16 bytes of a GUID.
const LONGEST_CSN: usize = 32;

const NAME: &str = "cards.json";

/// See the module.
pub(crate) struct Memory {
    folder: Option<PathBuf>,
    cards: BTreeMap<Csn, Remembered>,
    /// Whether the last attempt to write failed, which has been told then.
    failing: bool,
}

/// The file.
#[derive(Default, Serialize, Deserialize)]
struct Document<C> {
    cards: C,
}

impl Memory {
    /// What is remembered in this folder, which need not be there yet.
    pub(crate) fn open(folder: Option<&Path>) -> Self {
        let cards = folder.map(|folder| folder.join(NAME)).map(|path| read(&path)).unwrap_or_default();
        Self { folder: folder.map(Path::to_owned), cards, failing: false }
    }

    /// What is remembered of a card; `None` when it was never seen here.
    pub(crate) fn get(&self, csn: &Csn) -> Option<&Remembered> {
        self.cards.get(csn)
    }

    /// Remembers.
    pub(crate) fn put(&mut self, csn: &Csn, remembered: Remembered) {
        // A card may give itself a number of any length: such a one is a stranger each time.
        if !is_csn(csn) || self.cards.get(csn) == Some(&remembered) {
            return;
        }
        self.cards.insert(csn.clone(), remembered);
        forget_the_oldest(&mut self.cards, Some(csn));
        let Some(folder) = &self.folder else { return };
        match write(folder, &self.cards) {
            Ok(()) => self.failing = false,
            Err(error) => {
                if !std::mem::replace(&mut self.failing, true) {
                    let folder = folder.display();
                    tracing::warn!(%folder, %error, "what is remembered of cards cannot be written and ends with this agent");
                }
            }
        }
    }
}

/// Keeps so many cards as may be remembered, this one among them.
fn forget_the_oldest(cards: &mut BTreeMap<Csn, Remembered>, kept: Option<&Csn>) {
    while cards.len() > MOST_CARDS {
        let others = cards.iter().filter(|(csn, _)| Some(*csn) != kept);
        let Some(oldest) = others.min_by_key(|(_, card)| card.last_seen).map(|(csn, _)| csn.clone()) else {
            return;
        };
        cards.remove(&oldest);
    }
}

/// Whether this can be a serial number.
fn is_csn(csn: &Csn) -> bool {
    let digits = csn.as_str();
    !digits.is_empty() && digits.len() <= LONGEST_CSN && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// What a file says. One that cannot be understood is put aside.
fn read(path: &Path) -> BTreeMap<Csn, Remembered> {
    match try_read(path) {
        Ok(cards) => cards,
        Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
        Err(error) if !matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof) => {
            tracing::warn!(file = %path.display(), %error, "what was remembered of cards cannot be read");
            BTreeMap::new()
        }
        Err(error) => {
            let aside = path.with_extension("json.broken");
            let kept = fs::rename(path, &aside).is_ok();
            tracing::warn!(file = %path.display(), %error, kept, "what was remembered of cards makes no sense and is put aside");
            BTreeMap::new()
        }
    }
}

fn try_read(path: &Path) -> io::Result<BTreeMap<Csn, Remembered>> {
    let nonsense = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    // What is no file could keep the agent waiting.
    if !fs::symlink_metadata(path)?.is_file() {
        return Err(nonsense("it is not a file"));
    }
    let mut text = Vec::new();
    File::open(path)?.take(LONGEST + 1).read_to_end(&mut text)?;
    if u64::try_from(text.len()).is_ok_and(|length| length > LONGEST) {
        return Err(nonsense("it is too long"));
    }
    let Document { cards } = serde_json::from_slice::<Document<BTreeMap<Csn, Remembered>>>(&text)?;
    if !cards.iter().all(|(csn, card)| is_csn(csn) && card.is_plausible()) {
        return Err(nonsense("no agent has written this"));
    }
    let mut cards = cards;
    forget_the_oldest(&mut cards, None);
    Ok(cards)
}

/// Writes the file beside the one that is there, and puts it in its place once it is on the disk.
fn write(folder: &Path, cards: &BTreeMap<Csn, Remembered>) -> io::Result<()> {
    let text = serde_json::to_vec(&Document { cards })?;
    make_state(folder)?;
    let path = folder.join("cards.json.new");
    // What an agent left that was killed meanwhile, or a link that somebody has put there.
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&path)?;
    file.write_all(&text)?;
    file.sync_all()?;
    fs::rename(&path, folder.join(NAME))
}

#[cfg(test)]
mod tests;
