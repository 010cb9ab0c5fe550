//! The configuration: what a person, an administrator or a managing organisation may settle.
//!
//! Every key has a default. `layers` reads the files that set others and says which of them wins, `places` knows
//! where they are, `edit` changes one key in the person's own file. Nothing in it is ever a secret.

mod edit;
mod layers;
mod notices;
mod places;
#[cfg(any(windows, test))]
mod registry;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::hex::Hex;
use crate::model::{Card, Csn, Edge};

pub use edit::{set, unset};
pub use layers::{Entry, Loaded, Problem, Source, load};
pub use notices::{NoticeKind, Notify};
pub use places::{Place, Places};

/// Every setting, each at its default unless a file says otherwise. The names of fields are the names of keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// What is demanded of PINs beyond what cards demand.
    pub pin: PinRules,
    /// How a blocked PIN may be unblocked.
    pub unblock: UnblockRules,
    /// What may be done with certificates.
    pub cert: CertRules,
    /// What is told by notices.
    pub notify: Notify,
    /// What happens when a card comes in: the first rule that fits decides.
    pub insert: Vec<InsertRule>,
    /// What happens when a card goes out.
    pub removal: Removal,
    /// Programs that are started when something happens.
    pub hook: Hook,
    /// Which readers are used.
    pub readers: ReaderRules,
    /// Which cards are used.
    pub cards: CardRules,
    /// What is kept of a card's contents.
    pub cache: CacheRules,
    /// The icon in the panel.
    pub tray: Tray,
    /// The record of writes and refusals.
    pub audit: Audit,
    /// The language of the window and the web page, as `en` or `de`; the desktop's own where it is empty.
    pub language: String,
    /// The page in the browser.
    pub web: Web,
}

/// What is demanded of PINs beyond what cards demand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default, deny_unknown_fields)]
pub struct PinRules {
    /// Whether a new PIN may have digits only.
    pub forbid_letters: bool,
    /// Whether a new PIN may be longer than what cards of the kind are known to take. What the card itself says is
    /// the limit all the same.
    pub allow_longer_than_max: bool,
    /// Whether a new PIN may be shorter than what cards of the kind are known to take, as above.
    pub allow_shorter_than_min: bool,
    /// Whether a person is asked for a new PIN when a card is seen here for the first time.
    pub force_change_first_use: bool,
    /// Whether that question comes again until the PIN is changed.
    pub forbid_cancel_first_use: bool,
    /// After how many days a person is asked for a new PIN; 0 for never.
    pub expires_days: u16,
    /// What becomes of the last try.
    pub last_try: LastTry,
}

/// What becomes of the last try of a PIN. It is never used without a yes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum LastTry {
    /// It may be used by whoever says yes to that.
    #[default]
    Ask,
    /// It is never used: the administrator is to be asked instead.
    Never,
}

/// How a blocked PIN may be unblocked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default, deny_unknown_fields)]
pub struct UnblockRules {
    /// The ways that may be taken.
    pub methods: Vec<UnblockMethod>,
    /// After how many seconds a challenge is given up; 0 for never.
    pub challenge_timeout_s: u32,
    /// For how many seconds other programs are kept off a card whose challenge is out.
    pub lock_card_s: u32,
    /// Whether the response to a challenge may be calculated on this machine.
    pub calculate_response_visible: bool,
}

impl Default for UnblockRules {
    fn default() -> Self {
        Self {
            methods: vec![UnblockMethod::Challenge, UnblockMethod::Puk],
            challenge_timeout_s: 0,
            lock_card_s: 600,
            calculate_response_visible: true,
        }
    }
}

/// A way to unblock a PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum UnblockMethod {
    /// A challenge of the card, and the administrator's response.
    Challenge,
    /// The card's PUK.
    Puk,
}

/// What may be done with certificates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default, deny_unknown_fields)]
pub struct CertRules {
    /// Whether nothing may be imported.
    pub forbid_import: bool,
    /// Whether nothing may be deleted, neither a certificate nor a key, and no key overwritten.
    pub forbid_delete: bool,
    /// Whether a person is asked before another certificate becomes the default one.
    pub warn_replace_default: bool,
    /// Whether a PIV card gets a new identifier after its certificates changed, which makes Windows look again.
    pub renew_identifier: bool,
}

impl Default for CertRules {
    fn default() -> Self {
        Self {
            forbid_import: false,
            forbid_delete: false,
            warn_replace_default: false,
            renew_identifier: true,
        }
    }
}

/// What happens when a card comes in that fits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default, deny_unknown_fields)]
pub struct InsertRule {
    /// The reader's exact name; any reader without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional = nullable))]
    pub reader: Option<String>,
    /// The card's serial number, as [`Card::matches`] takes it; any card without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional = nullable))]
    pub card: Option<String>,
    /// The kind of card; any kind without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional = nullable))]
    pub kind: Option<Edge>,
    /// What is done.
    pub r#do: Vec<OnInsert>,
}

/// Something that is done when a card comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum OnInsert {
    /// A notice says that it is there.
    Notice,
    /// The window opens.
    Window,
    /// The agent looks at its PINs and certificates, and tells what a person should know.
    CheckExpiry,
    /// A person is asked for a new PIN, if the card has never been in this machine.
    PinChange,
}

/// What happens when no rule fits.
const ON_INSERT: &[OnInsert] = &[OnInsert::Notice, OnInsert::CheckExpiry];

/// What happens when a card goes out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default, deny_unknown_fields)]
pub struct Removal {
    /// What is done with the session.
    pub action: RemovalAction,
    /// The serial numbers of the cards whose removal counts; every card's without any.
    pub cards: Vec<String>,
}

/// What is done with the session when a card goes out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum RemovalAction {
    /// Nothing.
    #[default]
    None,
    /// It is locked.
    Lock,
}

/// Programs that are started when something happens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default, deny_unknown_fields)]
pub struct Hook {
    /// For each event, by its name on the socket, the commands: program and arguments, no shell.
    pub on: BTreeMap<String, Vec<Vec<String>>>,
    /// How long each may take, in seconds.
    pub timeout_s: u16,
}

impl Default for Hook {
    fn default() -> Self {
        Self { on: BTreeMap::new(), timeout_s: 30 }
    }
}

/// Which readers are used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default, deny_unknown_fields)]
pub struct ReaderRules {
    /// The exact names of readers that are left alone.
    pub ignore: Vec<String>,
    /// The exact name of the reader that is meant when several have a card and none is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional = nullable))]
    pub prefer: Option<String>,
}

/// Which cards are used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default, deny_unknown_fields)]
pub struct CardRules {
    /// Answers to reset or serial numbers, in hexadecimal digits; with any, only cards that begin so are used.
    pub allow: Vec<String>,
}

/// What is kept of a card's contents.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default, deny_unknown_fields)]
pub struct CacheRules {
    /// For how long.
    pub mode: CacheMode,
}

/// For how long the public contents of a card are kept, in memory only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum CacheMode {
    /// While the card is in, and says that it has not changed.
    #[default]
    Insertion,
    /// Not at all.
    None,
}

/// The icon in the panel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default, deny_unknown_fields)]
pub struct Tray {
    /// Whether there is one.
    pub visible: bool,
}

impl Default for Tray {
    fn default() -> Self {
        Self { visible: true }
    }
}

/// The record of writes and refusals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default, deny_unknown_fields)]
pub struct Audit {
    /// Whether it is kept.
    pub enabled: bool,
    /// How large one file grows, in KiB, before another is begun.
    pub size_kib: u32,
    /// How many full files are kept.
    pub keep: u16,
}

impl Default for Audit {
    fn default() -> Self {
        Self { enabled: true, size_kib: 1024, keep: 5 }
    }
}

/// The page in the browser.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default, deny_unknown_fields)]
pub struct Web {
    /// Whether it may be opened at all.
    pub allowed: bool,
    /// Where PINs are typed for it.
    pub pin_entry: WebPinEntry,
}

impl Default for Web {
    fn default() -> Self {
        Self { allowed: true, pin_entry: WebPinEntry::Page }
    }
}

/// Where PINs are typed for the page in the browser.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum WebPinEntry {
    /// In the page.
    #[default]
    Page,
    /// In a window of pinentry: the browser never sees one.
    Pinentry,
}

impl Config {
    /// What is done when this card comes into this reader. A card that is not identified yet, or cannot be, fits
    /// only rules that name neither card nor kind.
    pub fn on_insert(&self, reader: &str, card: Option<&Card>) -> &[OnInsert] {
        let fits = |rule: &&InsertRule| {
            rule.reader.as_ref().is_none_or(|name| name == reader)
                && rule.card.as_ref().is_none_or(|text| card.is_some_and(|card| card.matches(text)))
                && rule.kind.is_none_or(|kind| card.is_some_and(|card| card.edge == kind))
        };
        self.insert.iter().find(fits).map_or(ON_INSERT, |rule| &rule.r#do)
    }

    /// Whether a card with this answer to reset and this serial number may be used at all.
    pub fn allows(&self, atr: &Hex, csn: Option<&Csn>) -> bool {
        let digits = |text: &str| {
            text.chars().filter(char::is_ascii_hexdigit).collect::<String>().to_ascii_uppercase()
        };
        let atr = atr.to_string();
        let fits = |allowed: &String| {
            let allowed = digits(allowed);
            !allowed.is_empty()
                && (atr.starts_with(&allowed) || csn.is_some_and(|csn| csn.as_str().starts_with(&allowed)))
        };
        self.cards.allow.is_empty() || self.cards.allow.iter().any(fits)
    }

    /// What no type can say of a file that was read.
    ///
    /// # Errors
    /// A sentence that names the key.
    fn check(&self) -> Result<(), String> {
        if let Some(event) =
            self.hook.on.keys().find(|event| !crate::rpc::events::NAMES.contains(&event.as_str()))
        {
            return Err(format!(
                "hook.on.{event}: there is no event of that name. There are: {}",
                crate::rpc::events::NAMES.join(", ")
            ));
        }
        let nameless = |command: &Vec<String>| command.first().is_none_or(String::is_empty);
        if let Some((event, _)) = self.hook.on.iter().find(|(_, commands)| commands.iter().any(nameless)) {
            return Err(format!("hook.on.{event}: a command needs a program"));
        }
        if self.hook.timeout_s == 0 {
            return Err("hook.timeout_s: a command needs one second at least".to_owned());
        }
        if self.audit.size_kib == 0 {
            return Err("audit.size_kib: a file needs one KiB at least".to_owned());
        }
        if self.notify.expiring_days.len() > 16 {
            return Err("notify.expiring_days: 16 stages are the most".to_owned());
        }
        Ok(())
    }
}
