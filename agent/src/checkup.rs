//! What a person should know of a card: judged from how it is, how it was, the settings and the time. Nothing is asked
//! and nothing is kept here: `worker::check` looks, `memory` remembers, `service::checks` tells.

mod remembered;

use std::collections::BTreeSet;

use card::PinMarks;
use shared::config::Config;
use shared::model::{Certificate, CheckUp, Concern, Csn, Expiry, PinChangeReason, PinKind, PinStatus, Role};
use shared::rpc::events::{Cause, Change, ExpiryEvent, PinEvent};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

pub(crate) use remembered::Remembered;
use remembered::{DAY, Standing, Stood};

/// Certificates of one card that are watched. It bounds what a card can make the agent remember and tell.
pub(crate) const MOST_CERTIFICATES: usize = 64;

/// Characters of a certificate's name that are told. A name has at most 64 (RFC 5280, ub-common-name), but a card may
/// hold what it likes.
const LONGEST_NAME: usize = 128;

/// The stage of what has expired; the others are numbers of days before.
const EXPIRED: i32 = -1;

/// What a look at a card showed.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// When, RFC 3339 in UTC.
    pub time: String,
    /// Its PINs, and how they stood.
    pub pins: Vec<PinStatus>,
    /// What it told of them beside that.
    pub marks: PinMarks,
    /// How many certificates are on it.
    pub count: u16,
    /// Those that can be read, with their ends.
    pub certificates: Vec<Lasting>,
    /// The end of the card itself.
    pub expiry: Option<End>,
}

/// A certificate and its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lasting {
    /// Its `id`.
    pub id: String,
    /// Its subject's common name.
    pub common_name: String,
    /// SHA-1 over its encoding, by which people name it, in hexadecimal digits.
    pub sha1: String,
    /// SHA-256 over its encoding, in hexadecimal digits.
    pub sha256: String,
    /// Its end.
    pub end: End,
    /// Whether it is there to read what is old, so that its end is no news.
    pub retired: bool,
}

/// The last second of something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct End {
    /// RFC 3339 in UTC.
    pub text: String,
    /// In seconds since 1970.
    pub at: i64,
}

impl End {
    /// Reads a time of RFC 3339.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let at = OffsetDateTime::parse(text, &Rfc3339).ok()?.unix_timestamp();
        Some(Self { text: text.to_owned(), at })
    }

    /// Whole days left; negative once it is over.
    fn days_left(&self, now: i64) -> i32 {
        let days = self.at.saturating_sub(now).div_euclid(DAY);
        i32::try_from(days).unwrap_or(if days < 0 { i32::MIN } else { i32::MAX })
    }
}

/// The certificates of a list whose ends are known.
pub(crate) fn lasting(listed: &[Certificate]) -> Vec<Lasting> {
    let lasting = |certificate: &Certificate| {
        // Slots 82 to 95 hold keys of old (SP 800-73-4 part 1, table 4b): what they decipher is as old.
        let retired = matches!(certificate.container, Some(0x82..=0x95)) && certificate.slot.is_some();
        Some(Lasting {
            id: certificate.id.clone(),
            common_name: certificate.common_name.chars().take(LONGEST_NAME).collect(),
            sha1: certificate.sha1.as_ref()?.to_string(),
            sha256: certificate.sha256.as_ref()?.to_string(),
            end: End::parse(certificate.not_after.as_ref()?)?,
            retired,
        })
    };
    listed.iter().filter_map(lasting).take(MOST_CERTIFICATES).collect()
}

/// Why a card is judged.
#[derive(Clone, Debug, Default)]
pub(crate) struct Occasion {
    /// Its PINs were looked at just now. Without this only time has passed, or the settings have changed.
    pub looked: bool,
    /// It came in, and was not looked at since.
    pub inserted: bool,
    /// A request to this agent tried a PIN of it or wrote to it, and set these PINs.
    pub own: Option<Vec<Role>>,
}

/// A card to be judged.
pub(crate) struct Case<'c> {
    /// Its reader.
    pub reader: &'c str,
    /// Its serial number.
    pub csn: &'c Csn,
    /// How it is.
    pub seen: &'c Seen,
    /// What is remembered of it; `None` when it was never seen here.
    pub before: Option<&'c Remembered>,
    /// Why it is judged.
    pub occasion: &'c Occasion,
    /// The settings.
    pub config: &'c Config,
    /// Whether a person is asked for a new PIN when the card has never been here.
    pub asks_at_first: bool,
    /// Seconds since 1970 in UTC.
    pub now: i64,
}

/// What comes of it.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// What is to be told, once.
    pub changes: Vec<Change>,
    /// What a person should know as long as it is so.
    pub check: CheckUp,
    /// What is to be remembered when it was told.
    pub remembered: Remembered,
}

/// Judges a card.
pub(crate) fn judge(case: &Case<'_>) -> Verdict {
    let fresh = || Remembered::new(case.now, case.asks_at_first);
    let mut judge = Judge {
        case,
        memory: case.before.cloned().unwrap_or_else(fresh),
        changes: Vec::new(),
        concerns: Vec::new(),
    };
    judge.memory.seen_at(case.now);
    if let Some(set) = &case.occasion.own {
        judge.memory.touched(set, case.now);
    }
    judge.how_pins_stand();
    judge.what_must_change();
    judge.certificates();
    judge.card();
    let Judge { memory, changes, concerns, .. } = judge;
    let check = CheckUp {
        time: case.seen.time.clone(),
        pins: case.seen.pins.clone(),
        certificates: case.seen.count,
        concerns,
        told: Vec::new(),
    };
    Verdict { changes, check, remembered: memory }
}

/// The next time, in seconds since 1970, at which a card must be judged again though nothing is done with it.
pub(crate) fn next(seen: &Seen, remembered: &Remembered, config: &Config, now: i64) -> Option<i64> {
    let certificates = seen.certificates.iter().map(|lasting| (&lasting.end, !lasting.retired));
    let ends = certificates.chain(seen.expiry.iter().map(|end| (end, true)));
    let stages = ends.flat_map(|(end, tells_end)| {
        let before = config.notify.expiring_days.iter().map(|days| (i64::from(*days) + 1) * DAY);
        let after = tells_end.then_some(0);
        // One second after so many days and one more were left.
        before.chain(after).map(|before| end.at.saturating_sub(before).saturating_add(1))
    });
    let pin = (config.pin.expires_days > 0).then(|| remembered.expires(Role::USER, config.pin.expires_days));
    stages.chain(pin).filter(|moment| *moment > now).min()
}

/// The last stage before an end that has been reached: the fewest of these days that are not fewer than are left.
fn stage(end: &End, config: &Config, now: i64) -> Option<i32> {
    if end.at < now {
        return Some(EXPIRED);
    }
    let left = end.days_left(now);
    config.notify.expiring_days.iter().map(|days| i32::from(*days)).filter(|days| *days >= left).min()
}

struct Judge<'c> {
    case: &'c Case<'c>,
    memory: Remembered,
    changes: Vec<Change>,
    concerns: Vec<Concern>,
}

impl Judge<'_> {
    /// Compares the PINs with how they stood. Where a request to this agent has come between, it has told what it did.
    fn how_pins_stand(&mut self) {
        let Case { seen, config, occasion, now, .. } = *self.case;
        let own = occasion.own.is_some();
        let before = self.memory.pins.clone().unwrap_or_default();
        let mut standing = Standing { counter: seen.marks.counter, pins: Default::default() };
        for pin in &seen.pins {
            let is_now = Stood::of(pin, &seen.marks);
            let few = !pin.blocked
                && pin.tries_left.is_some_and(|left| left <= config.notify.low_tries_at)
                && pin.tries_left < pin.tries_max.or(Some(u8::MAX));
            // Who blocked it on purpose knows, and nobody else can do anything about it.
            let blocked = pin.blocked && !seen.marks.given_up.contains(&pin.role);
            if blocked {
                self.concerns.push(Concern::PinBlocked { role: pin.role });
            }
            if let Some(tries_left) = pin.tries_left.filter(|_| few) {
                self.concerns.push(Concern::LowTries { role: pin.role, tries_left });
            }
            if occasion.looked {
                let was = before.pins.get(&pin.role);
                let unblocked = was.is_some_and(|was| was.blocked) && !pin.blocked;
                let counted = pin.role == Role::USER && differ(before.counter, seen.marks.counter);
                let changed = counted || was.is_some_and(|was| differ(was.factory, is_now.factory));
                if unblocked || changed {
                    self.tell_pin(pin, if unblocked { Change::PinUnblocked } else { Change::PinChanged });
                    self.memory.was_set(pin.role, now);
                }
                if blocked && !own && was.is_none_or(|was| !was.blocked) {
                    self.tell_pin(pin, Change::PinBlocked);
                }
                let as_few = |was: &Stood| {
                    !was.blocked && was.tries_left.is_some_and(|was| Some(was) <= pin.tries_left)
                };
                if few && !own && !was.is_some_and(as_few) {
                    self.tell_pin(pin, Change::LowTries);
                }
                standing.pins.insert(pin.role, is_now);
            }
        }
        if occasion.looked {
            self.memory.pins = Some(standing);
        }
        // Blocked PINs first.
        self.concerns.sort_by_key(|concern| !matches!(concern, Concern::PinBlocked { .. }));
    }

    fn tell_pin(&mut self, pin: &PinStatus, change: impl FnOnce(PinEvent) -> Change) {
        self.changes.push(change(PinEvent {
            reader: self.case.reader.to_owned(),
            csn: self.case.csn.clone(),
            role: pin.role,
            tries_left: pin.tries_left,
            cause: Cause::OtherProgram,
        }));
    }

    /// PINs that a person has to change.
    fn what_must_change(&mut self) {
        let Case { seen, config, occasion, .. } = *self.case;
        for pin in &seen.pins {
            let role = pin.role;
            let Some(reason) = self.reason_to_change(pin) else {
                self.memory.asked.remove(&role);
                continue;
            };
            self.concerns.push(Concern::PinChangeRequired { role, reason });
            let again = occasion.inserted
                && reason == PinChangeReason::FirstUse
                && config.pin.forbid_cancel_first_use;
            if self.memory.asked.insert(role, reason) != Some(reason) || again {
                let (reader, csn) = (self.case.reader.to_owned(), self.case.csn.clone());
                self.changes.push(Change::PinChangeRequired { reader, csn, role, reason });
            }
        }
    }

    fn reason_to_change(&self, pin: &PinStatus) -> Option<PinChangeReason> {
        let Case { seen, config, asks_at_first, now, .. } = *self.case;
        if pin.blocked || pin.kind != PinKind::Typed {
            return None;
        }
        if seen.marks.factory.contains(&(pin.role, true)) {
            return Some(PinChangeReason::Factory);
        }
        if pin.role != Role::USER {
            return None;
        }
        if asks_at_first && self.memory.new_here {
            return Some(PinChangeReason::FirstUse);
        }
        let days = config.pin.expires_days;
        (days > 0 && now >= self.memory.expires(pin.role, days)).then_some(PinChangeReason::Expired)
    }

    fn certificates(&mut self) {
        let Case { seen, config, now, .. } = *self.case;
        let mut ending: Vec<(i32, &Lasting)> = Vec::new();
        let mut there = BTreeSet::new();
        for lasting in &seen.certificates {
            let stage =
                stage(&lasting.end, config, now).filter(|stage| *stage != EXPIRED || !lasting.retired);
            // The same certificate may be in two places.
            if let (true, Some(stage)) = (there.insert(lasting.sha256.as_str()), stage) {
                ending.push((stage, lasting));
            }
        }
        ending.sort_by_key(|(_, lasting)| lasting.end.at);
        for (stage, lasting) in ending {
            let expiry = Expiry {
                certificate: lasting.id.clone(),
                common_name: lasting.common_name.clone(),
                not_after: lasting.end.text.clone(),
                days: lasting.end.days_left(now),
            };
            self.concerns.push(Concern::CertExpiring(expiry.clone()));
            let told = self.memory.certificates.get(&lasting.sha256);
            if told.is_none_or(|told| stage < *told) {
                self.memory.certificates.insert(lasting.sha256.clone(), stage);
                let (reader, csn) = (self.case.reader.to_owned(), self.case.csn.clone());
                let event = ExpiryEvent { reader, csn, expiry };
                let change = if stage == EXPIRED { Change::CertExpired } else { Change::CertExpiring };
                self.changes.push(change(event));
            }
        }
        // One that is not there now may be put back, and is then no news, as far as there is room to remember it.
        if self.memory.certificates.len() > MOST_CERTIFICATES {
            self.memory.certificates.retain(|sha256, _| there.contains(sha256.as_str()));
        }
    }

    /// The end of the card itself.
    fn card(&mut self) {
        let Case { seen, config, now, .. } = *self.case;
        let Some(end) = &seen.expiry else { return };
        let Some(stage) = stage(end, config, now) else { return };
        let (not_after, days) = (end.text.clone(), end.days_left(now));
        self.concerns.push(Concern::CardExpiring { not_after: not_after.clone(), days });
        let told = self.memory.card.filter(|(at, _)| *at == end.at).map(|(_, told)| told);
        if told.is_none_or(|told| stage < told) {
            self.memory.card = Some((end.at, stage));
            let (reader, csn) = (self.case.reader.to_owned(), self.case.csn.clone());
            self.changes.push(Change::CardExpiring { reader, csn, not_after, days });
        }
    }
}

/// Whether both are known and not the same.
fn differ<T: PartialEq + Copy>(before: Option<T>, now: Option<T>) -> bool {
    before.zip(now).is_some_and(|(before, now)| before != now)
}

#[cfg(test)]
mod tests;
