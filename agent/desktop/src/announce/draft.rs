//! What a notice says before the administrator's words are put in place of ours.

use std::time::Duration;

use shared::config::{NoticeKind, Notify};
use shared::model::{Card, CheckUp, Expiry, PinChangeReason, PinStatus, Reader, Role};

use crate::action::{Action, Panel};
use crate::notices::{Notice, Urgency};
use crate::phrases;
use crate::text;
use crate::tray::TrayState;

/// The most lines about certificates, and the most programs that are named.
const CERTIFICATES: usize = 6;
const HOLDERS: usize = 3;

/// The card and the reader that a notice is about.
pub(super) struct Subject {
    /// The reader's exact name.
    pub reader: String,
    card: Option<Card>,
    pins: Vec<PinStatus>,
}

impl Subject {
    /// The card that a reader holds, as far as it is known.
    pub(super) fn of(reader: Option<&Reader>, name: &str) -> Self {
        let pins = reader.and_then(|reader| reader.check.as_ref()).map(|check| check.pins.clone());
        Self {
            reader: name.to_owned(),
            card: reader.and_then(|reader| reader.card.clone()),
            pins: pins.unwrap_or_default(),
        }
    }

    /// A card in a reader.
    pub(super) fn named(card: &Card, reader: &str) -> Self {
        Self { reader: reader.to_owned(), card: Some(card.clone()), pins: vec![] }
    }

    fn card(&self) -> String {
        self.card.as_ref().map_or_else(|| "the card".to_owned(), phrases::card)
    }

    fn open(&self, panel: Panel) -> Action {
        let csn = self.card.as_ref().and_then(|card| card.csn.as_ref());
        Action::Open { panel, reader: Some(self.reader.clone()), card: csn.map(ToString::to_string) }
    }

    fn pin(&self, role: Role) -> String {
        phrases::role(role, &self.pins)
    }
}

/// A notice, and what its placeholders stand for.
pub(super) struct Draft {
    /// What it is about.
    pub kind: NoticeKind,
    /// It replaces the one with the same key.
    pub key: String,
    title: String,
    body: String,
    urgency: Urgency,
    category: &'static str,
    icon: TrayState,
    actions: Vec<(String, Action)>,
    default: Action,
    card: String,
    reader: String,
    certificate: String,
    days: String,
    tries: String,
    holder: String,
}

/// The reader that a key is about.
pub(super) fn reader_of(key: &str) -> Option<&str> {
    key.split_once(':').map(|(_, reader)| reader)
}

/// The key of what concerns a PIN.
pub(super) fn pin_key(reader: &str, role: Role) -> String {
    format!("pin-{}:{reader}", role.0)
}

/// The key of what says that another program keeps a card.
pub(super) fn busy_key(reader: &str) -> String {
    format!("busy:{reader}")
}

/// The key of what concerns the ends of certificates.
pub(super) fn expiry_key(reader: &str) -> String {
    format!("certificates:{reader}")
}

/// Which kind of notice tells of a certificate's end.
pub(super) fn kind_of(expiry: &Expiry) -> NoticeKind {
    if expiry.days < 0 { NoticeKind::CertExpired } else { NoticeKind::CertExpiring }
}

impl Draft {
    fn new(kind: NoticeKind, what: &str, subject: &Subject, title: &str, body: String) -> Self {
        let (urgency, category, icon) = match kind {
            NoticeKind::CardIn => (Urgency::Low, "device.added", TrayState::Card),
            NoticeKind::CardOut => (Urgency::Low, "device.removed", TrayState::Empty),
            NoticeKind::UnknownCard => (Urgency::Normal, "device.error", TrayState::Attention),
            NoticeKind::PinBlocked => (Urgency::Critical, "device.error", TrayState::Blocked),
            NoticeKind::Touch => (Urgency::Critical, "device", TrayState::Attention),
            _ => (Urgency::Normal, "device", TrayState::Attention),
        };
        Self {
            kind,
            key: format!("{what}:{}", subject.reader),
            title: title.to_owned(),
            body,
            urgency,
            category,
            icon,
            actions: vec![],
            default: subject.open(Panel::Overview),
            card: subject.card(),
            reader: phrases::name(&subject.reader),
            certificate: String::new(),
            days: String::new(),
            tries: String::new(),
            holder: String::new(),
        }
    }

    /// Adds a button, whose action a click on the notice asks for too.
    fn with(mut self, label: &str, action: Action) -> Self {
        self.default = action.clone();
        self.actions.push((label.to_owned(), action));
        self
    }

    /// The same for what concerns the primary card PIN: windows and questions are about no other.
    fn for_user(self, role: Role, label: &str, action: Action) -> Self {
        if role == Role::USER { self.with(label, action) } else { self }
    }

    /// A card came in, and what a look at it showed.
    pub(super) fn card_in(subject: &Subject, check: Option<&CheckUp>) -> Self {
        let card = subject.card();
        let reader = phrases::name(&subject.reader);
        let user = check.and_then(|check| check.pins.iter().find(|pin| pin.role == Role::USER));
        let stands = user.map(|pin| match phrases::stands(pin) {
            words if words == "blocked" => "PIN blocked".to_owned(),
            words => words,
        });
        let body = match (check, &subject.card) {
            (Some(check), _) => {
                let certificates = match check.certificates {
                    0 => "no certificate".to_owned(),
                    1 => "1 certificate".to_owned(),
                    number => format!("{number} certificates"),
                };
                let what: Vec<String> = std::iter::once(certificates).chain(stands).collect();
                format!("{card}: {}", what.join(", "))
            }
            (None, Some(_)) => format!("{card} is in {reader}"),
            (None, None) => format!("A card is in {reader}"),
        };
        let mut draft = Self::new(NoticeKind::CardIn, "card", subject, "Card inserted", body);
        draft.tries = user.and_then(|pin| pin.tries_left).map(|left| left.to_string()).unwrap_or_default();
        draft.with("Open…", subject.open(Panel::Overview))
    }

    /// A card went out.
    pub(super) fn card_out(subject: &Subject) -> Self {
        let card = subject.card.as_ref().map_or_else(|| "A card".to_owned(), phrases::card);
        let body = format!("{card} was taken out of {}", phrases::name(&subject.reader));
        let mut draft = Self::new(NoticeKind::CardOut, "card", subject, "Card removed", body);
        draft.default = Action::Open { panel: Panel::Overview, reader: None, card: None };
        draft
    }

    /// A card that cannot be used.
    pub(super) fn unusable(subject: &Subject, reason: &str) -> Self {
        let reason = text::line(reason, phrases::SENTENCE);
        let body = format!("{}: {reason}", phrases::name(&subject.reader));
        Self::new(NoticeKind::UnknownCard, "card", subject, "Card cannot be used", body)
            .with("Open…", subject.open(Panel::Overview))
    }

    /// A card that nobody has personalised.
    pub(super) fn empty(subject: &Subject) -> Self {
        Self::unusable(subject, &format!("{} is empty; ask your administrator.", subject.card()))
    }

    /// Another program keeps a card; `reason` says so where nobody knows which.
    pub(super) fn busy(subject: &Subject, holders: &[String], reason: Option<&str>) -> Self {
        let names: Vec<String> = holders.iter().take(HOLDERS).map(|name| phrases::name(name)).collect();
        let holder = if names.is_empty() { "Another program".to_owned() } else { names.join(", ") };
        let body = match reason {
            Some(reason) => text::line(reason, phrases::SENTENCE),
            None if names.len() > 1 => format!("One of these keeps {}: {holder}", subject.card()),
            None => format!("{holder} keeps {}", subject.card()),
        };
        let mut draft = Self::new(NoticeKind::CardBusy, "busy", subject, "Card in use", body);
        draft.holder = holder;
        draft
    }

    /// A PIN is blocked.
    pub(super) fn pin_blocked(subject: &Subject, role: Role) -> Self {
        let name = subject.pin(role);
        let body = format!("The {name} of {} has no try left", subject.card());
        let mut draft = Self::new(
            NoticeKind::PinBlocked,
            &format!("pin-{}", role.0),
            subject,
            &format!("{name} is blocked"),
            body,
        );
        draft.tries = "0".to_owned();
        draft.for_user(role, "Unblock…", subject.open(Panel::Unblock))
    }

    /// Few tries of a PIN are left.
    pub(super) fn low_tries(subject: &Subject, role: Role, left: u8) -> Self {
        let name = subject.pin(role);
        let body = format!("The {name} of {} is blocked when they are used up", subject.card());
        let body = if left == 1 { body.replace("they are", "it is") } else { body };
        let mut draft = Self::new(
            NoticeKind::LowTries,
            &format!("pin-{}", role.0),
            subject,
            &format!("{name}: {}", phrases::tries(left)),
            body,
        );
        draft.tries = left.to_string();
        draft.for_user(role, "Change PIN…", subject.open(Panel::Pin))
    }

    /// Somebody else gave a PIN another value.
    pub(super) fn pin_changed(subject: &Subject, role: Role, is_unblocked: bool) -> Self {
        let name = subject.pin(role);
        let did = if is_unblocked { "unblocked" } else { "changed" };
        let body = format!("Another program {did} the {name} of {}", subject.card());
        let title = format!("{name} was {did}");
        Self::new(NoticeKind::PinChanged, &format!("pin-{}", role.0), subject, &title, body)
    }

    /// A PIN has to be changed.
    pub(super) fn pin_change(subject: &Subject, role: Role, reason: PinChangeReason) -> Self {
        let name = subject.pin(role);
        let body = format!("The {name} of {} has to be changed: {}", subject.card(), phrases::reason(reason));
        let title = format!("Change the {name}");
        Self::new(NoticeKind::PinChangeRequired, &format!("pin-{}", role.0), subject, &title, body).for_user(
            role,
            "Change PIN…",
            subject.open(Panel::Pin),
        )
    }

    /// The device has to be touched.
    pub(super) fn touch(subject: &Subject) -> Self {
        let body = format!("{} in {} waits for it", subject.card(), phrases::name(&subject.reader));
        Self::new(NoticeKind::Touch, "touch", subject, "Touch the device", body)
    }

    /// The ends of these certificates; `None` for none of them.
    pub(super) fn expiring(subject: &Subject, list: &[&Expiry]) -> Option<Self> {
        let mut list = list.to_vec();
        list.sort_by_key(|expiry| expiry.days);
        let first = list.first()?;
        let kind = list.last().map_or(NoticeKind::CertExpired, |last| kind_of(last));
        let title = match (list.len(), kind) {
            (1, NoticeKind::CertExpired) => "A certificate has expired".to_owned(),
            (1, _) => "A certificate expires soon".to_owned(),
            (number, NoticeKind::CertExpired) => format!("{number} certificates have expired"),
            (number, _) if first.days < 0 => format!("{number} certificates expire or have expired"),
            (number, _) => format!("{number} certificates expire soon"),
        };
        let mut lines: Vec<String> = list
            .iter()
            .take(CERTIFICATES)
            .map(|expiry| format!("{} {}", phrases::certificate(expiry), phrases::ends(expiry.days)))
            .collect();
        if let more @ 1.. = list.len().saturating_sub(CERTIFICATES) {
            lines.push(format!("and {more} more"));
        }
        lines.push(subject.card());
        let mut draft = Self::new(kind, "certificates", subject, &title, lines.join("\n"));
        let names: Vec<String> =
            list.iter().take(CERTIFICATES).map(|expiry| phrases::certificate(expiry)).collect();
        draft.certificate = names.join(", ");
        draft.days = first.days.to_string();
        Some(draft.with("Certificates…", subject.open(Panel::Certificates)))
    }

    /// The card itself ends.
    pub(super) fn card_expiring(subject: &Subject, days: i32) -> Self {
        let title = if days < 0 { "A card has expired" } else { "A card expires soon" };
        let body =
            format!("{} {}; ask your administrator for another one", subject.card(), phrases::ends(days));
        let mut draft = Self::new(NoticeKind::CardExpiring, "expiry", subject, title, body);
        draft.days = days.to_string();
        draft
    }

    /// The notice, in the words that are configured for its kind, and for as long.
    pub(super) fn worded(&self, notify: &Notify) -> Notice {
        let words =
            |own: &str, other: Option<&String>| other.map_or(own.to_owned(), |other| self.fill(other));
        let expires = match (notify.duration_s, self.kind) {
            // It goes when the device was touched.
            (0, _) | (_, NoticeKind::Touch) => None,
            (seconds, _) => Some(Duration::from_secs(seconds.into())),
        };
        Notice {
            key: self.key.clone(),
            title: words(&self.title, notify.title.get(&self.kind)),
            body: words(&self.body, notify.text.get(&self.kind)),
            urgency: self.urgency,
            category: self.category,
            icon: self.icon,
            actions: self.actions.clone(),
            default: Some(self.default.clone()),
            expires,
        }
    }

    /// A text with its placeholders filled in. What is filled in is not looked at again: a name with braces stays one.
    fn fill(&self, template: &str) -> String {
        let mut filled = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            filled.push_str(before);
            let value = after.split_once('}').and_then(|(name, after)| Some((self.value(name)?, after)));
            match value {
                Some((value, after)) => {
                    filled.push_str(value);
                    rest = after;
                }
                None => {
                    filled.push('{');
                    rest = after;
                }
            }
        }
        filled + rest
    }

    fn value(&self, name: &str) -> Option<&str> {
        Some(match name {
            "card" => &self.card,
            "reader" => &self.reader,
            "certificate" => &self.certificate,
            "days" => &self.days,
            "tries" => &self.tries,
            "holder" => &self.holder,
            _ => return None,
        })
    }
}
