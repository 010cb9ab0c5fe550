//! Times, counts and rules in words. Functions of their arguments only: whoever calls them says what time it is.

use std::io::ErrorKind;

use shared::model::{
    Certificate, Concern, DefaultSource, Expiry, ManagementKey, PinChangeReason, PinStatus, PinType, PinUse,
    Role, TouchUse,
};
use shared::words::{pin_kind, tries_sentence};
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Duration, OffsetDateTime};

/// Days before its end from which on a certificate's end is counted in days.
const SOON: i64 = 60;

/// Until when a certificate is valid, short: `2030-01-31`, `in 12 days`, `today`, `expired 2026-07-01`, `not yet`. Times are
/// RFC 3339; text that is no such time is given back as it is.
pub(crate) fn valid_until(not_before: Option<&str>, not_after: Option<&str>, now: OffsetDateTime) -> String {
    let Some(not_after) = not_after else { return String::new() };
    let Some(end) = parse(not_after) else { return not_after.to_owned() };
    let day =
        end.format(format_description!("[year]-[month]-[day]")).unwrap_or_else(|_| not_after.to_owned());
    if end < now {
        return format!("expired {day}");
    }
    if not_before.and_then(parse).is_some_and(|start| start > now) {
        return "not yet".into();
    }
    match (end - now).whole_days() {
        0 => "today".into(),
        1 => "in 1 day".into(),
        days @ 2..=SOON => format!("in {days} days"),
        _ => day,
    }
}

/// What stands behind the end of a certificate's validity when it is not valid now.
pub(crate) fn validity(not_before: &str, not_after: &str, now: OffsetDateTime) -> &'static str {
    if parse(not_after).is_some_and(|end| end < now) {
        ", expired"
    } else if parse(not_before).is_some_and(|start| start > now) {
        ", not yet valid"
    } else {
        ""
    }
}

/// The PIN that guards a certificate's key, short enough for a column of a table.
pub(crate) fn guarded_by(certificate: &Certificate) -> String {
    let Certificate { role, pin_type, slot, .. } = certificate;
    match (role, pin_type) {
        (Some(Role::EVERYONE), _) => "none".into(),
        // Such a slot wants the one PIN of the card before every use (SP 800-73-4 part 1, table 4b).
        (Some(_), Some(PinType::DigitalSignature)) if slot.is_some() => "PIN (always)".into(),
        (Some(Role(1)), _) => "PIN".into(),
        (Some(Role(3)), _) => "Signature PIN".into(),
        (Some(Role(role @ 4..=7)), Some(purpose)) => {
            format!("PIN {role} ({})", purpose.to_string().to_lowercase())
        }
        (Some(Role(role)), _) => format!("PIN {role}"),
        (None, pin_type) => pin_type.map_or_else(|| "-".into(), |pin_type| pin_type.to_string()),
    }
}

/// When a key wants the PIN.
pub(crate) fn pin_use(wanted: PinUse) -> &'static str {
    match wanted {
        PinUse::Never => "never",
        PinUse::Once => "once, until the card is taken out or another program resets it",
        PinUse::Always => "before every use",
        PinUse::MatchOnce => "a finger or the PIN, once",
        PinUse::MatchAlways => "a finger or the PIN, before every use",
    }
}

/// When a key wants the device to be touched.
pub(crate) fn touch_use(wanted: TouchUse) -> &'static str {
    match wanted {
        TouchUse::Never => "never",
        TouchUse::Always => "for every use",
        TouchUse::Cached => "unless it was touched in the last 15 seconds",
    }
}

/// What there is to know of a card's management key, one sentence or less per line.
pub(crate) fn management_key(key: &ManagementKey) -> Vec<String> {
    let ManagementKey { algorithm, factory, protected, touch } = key;
    let mut lines = vec![
        algorithm.map_or_else(|| "the card does not tell its cipher".into(), |cipher| cipher.to_string()),
    ];
    match factory {
        Some(true) => {
            lines.push("the factory's, which everybody knows: whoever sets up cards should change it".into());
        }
        Some(false) => lines.push("not the factory's".into()),
        None => {}
    }
    if *protected {
        lines.push("kept by the card for whoever has the PIN, so nobody types it".into());
    }
    if *touch == Some(true) {
        lines.push("wants the device to be touched".into());
    }
    lines
}

/// What decides which certificate is the default one, on cards where that is not always the same; it stands below a
/// list.
pub(crate) fn default_rule(source: DefaultSource) -> &'static str {
    match source {
        DefaultSource::ContainerMap => "* The default: the card's container map marks it.",
        DefaultSource::Slot9A => {
            "* The default: Windows takes the certificate in slot 9A, whatever else is there."
        }
    }
}

/// What is typed for a role: for the administrator's it is a PUK.
pub(crate) fn pin_name(role: Role) -> String {
    if role == Role::ADMIN { "PUK".into() } else { format!("PIN {}", role.0) }
}

/// What a person should know of a card.
pub(crate) fn concern(concern: &Concern) -> String {
    match concern {
        Concern::PinBlocked { role } => format!("{} is blocked", pin_name(*role)),
        Concern::LowTries { role, tries_left } => {
            let tries = tries_sentence(Some(*tries_left));
            format!("{}: {}", pin_name(*role), tries.trim_end_matches('.'))
        }
        Concern::PinChangeRequired { role, reason } => must_change(*role, *reason),
        Concern::CertExpiring(expiry) => certificate_ends(expiry),
        Concern::CardExpiring { not_after, days } => format!("the card itself {}", ends(not_after, *days)),
        _ => "something that this version does not know".into(),
    }
}

/// That a PIN has to be changed, and why.
pub(crate) fn must_change(role: Role, reason: PinChangeReason) -> String {
    let why = match reason {
        PinChangeReason::Factory => "it is the one that such cards leave the factory with",
        PinChangeReason::FirstUse => "the card is new in this machine",
        PinChangeReason::Expired => "it is older than the settings allow",
    };
    format!("{} has to be changed: {why}", pin_name(role))
}

/// Which certificate ends when.
pub(crate) fn certificate_ends(expiry: &Expiry) -> String {
    let Expiry { certificate, common_name, not_after, days } = expiry;
    format!("the certificate {certificate}, \"{common_name}\", {}", ends(not_after, *days))
}

/// When something ends that has so many whole days left: `ends in 12 days`, `ends today`, `expired 2026-07-01`.
pub(crate) fn ends(not_after: &str, days: i32) -> String {
    match days {
        ..0 => format!("expired {}", not_after.split('T').next().unwrap_or(not_after)),
        0 => "ends today".into(),
        1 => "ends in 1 day".into(),
        _ => format!("ends in {days} days"),
    }
}

/// A time as people read it: `2030-01-31 12:00:00 UTC`.
pub(crate) fn moment(text: &str) -> String {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second] UTC");
    parse(text).and_then(|time| time.format(format).ok()).unwrap_or_else(|| text.to_owned())
}

/// A time that is near: `14:05 UTC, in 15 minutes`; or past: `14:05 UTC, which is over`.
pub(crate) fn deadline(text: &str, now: OffsetDateTime) -> String {
    let clock = format_description!("[hour]:[minute] UTC");
    let Some((time, clock)) = parse(text).and_then(|time| Some((time, time.format(clock).ok()?))) else {
        return text.to_owned();
    };
    let left = time - now;
    if left <= Duration::ZERO {
        return format!("{clock}, which is over");
    }
    match (left.whole_seconds() + 59) / 60 {
        1 => format!("{clock}, in 1 minute"),
        minutes => format!("{clock}, in {minutes} minutes"),
    }
}

fn parse(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text, &Rfc3339).ok().map(|time| time.to_offset(time::UtcOffset::UTC))
}

/// How a PIN stands, as a cell of a table: `3 of 5`, `3`, `blocked`, `not told`. The encoding of most cards has no
/// room for a count above 15.
pub(crate) fn tries_cell(pin: &PinStatus) -> String {
    match (pin.blocked, pin.tries_left, pin.tries_max) {
        (true, ..) => "blocked".into(),
        (false, None, _) => "not told".into(),
        (false, Some(left), Some(max)) => format!("{left} of {max}"),
        (false, Some(15), None) => "15 or more".into(),
        (false, Some(left), None) => left.to_string(),
    }
}

/// Authenticators of a card by what they are: `administrator`, `PIN 1`, `PUK`.
pub(crate) fn roles(roles: &[Role], pins: &[PinStatus]) -> String {
    let name = |role: &Role| match pins.iter().find(|pin| pin.role == *role).map(|pin| pin_kind(pin, pins)) {
        Some(name @ ("PUK" | "Global PIN")) => name.to_owned(),
        _ if *role == Role::ADMIN => "administrator".into(),
        _ => format!("PIN {}", role.0),
    };
    let names: Vec<String> = roles.iter().map(name).collect();
    if names.is_empty() { "nobody".into() } else { names.join(", ") }
}

/// Why the system refused a file, to stand behind its name.
pub(crate) fn unreadable(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "is not there.".into(),
        ErrorKind::IsADirectory => "cannot be read: it is a folder.".into(),
        ErrorKind::PermissionDenied => "cannot be read: you have no permission.".into(),
        _ => format!("cannot be read: {}.", system(error)),
    }
}

/// Why the system refused something, in its words and without its number.
pub(crate) fn system(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split_once(" (os error").map_or(text.as_str(), |(words, _)| words).to_owned()
}

/// `yes` or `no`.
pub(crate) fn yes_no(yes: bool) -> String {
    if yes { "yes".into() } else { "no".into() }
}

#[cfg(test)]
mod tests {
    use shared::model::ManagementKeyAlgorithm;
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-05-04 12:00 UTC);

    #[test]
    fn validity() {
        for (start, end, words) in [
            (None, Some("2026-05-04T11:59:59Z"), "expired 2026-05-04"),
            (None, Some("2026-05-04T12:00:00Z"), "today"),
            (None, Some("2026-05-05T11:59:59Z"), "today"),
            (None, Some("2026-05-05T12:00:00Z"), "in 1 day"),
            (None, Some("2026-05-16T12:00:00Z"), "in 12 days"),
            (None, Some("2026-07-03T23:00:00Z"), "in 60 days"),
            (None, Some("2026-07-04T23:00:00Z"), "2026-07-04"),
            (None, Some("2030-01-01T01:00:00+02:00"), "2029-12-31"),
            (Some("2027-01-01T00:00:00Z"), Some("2028-01-01T00:00:00Z"), "not yet"),
            (Some("2025-01-01T00:00:00Z"), Some("9999-12-31T23:59:59Z"), "9999-12-31"),
            (None, Some("some day"), "some day"),
            (None, None, ""),
        ] {
            assert_eq!(valid_until(start, end, NOW), words, "{end:?}");
        }
    }

    #[test]
    fn refusals_of_the_system() {
        for (kind, words) in [
            (ErrorKind::NotFound, "is not there."),
            (ErrorKind::IsADirectory, "cannot be read: it is a folder."),
            (ErrorKind::PermissionDenied, "cannot be read: you have no permission."),
        ] {
            assert_eq!(unreadable(&kind.into()), words);
        }
        let error = std::io::Error::from_raw_os_error(5);
        assert!(error.to_string().contains("os error 5"));
        assert!(!unreadable(&error).contains("os error"), "{}", unreadable(&error));
        assert!(unreadable(&error).starts_with("cannot be read: "));
    }

    #[test]
    fn validity_beside_a_date() {
        for (start, end, words) in [
            ("2025-01-01T00:00:00Z", "2026-05-04T11:59:59Z", ", expired"),
            ("2025-01-01T00:00:00Z", "2026-05-04T12:00:00Z", ""),
            ("2026-05-04T12:00:01Z", "2027-01-01T00:00:00Z", ", not yet valid"),
            ("some day", "some day", ""),
        ] {
            assert_eq!(super::validity(start, end, NOW), words, "{start} {end}");
        }
    }

    #[test]
    fn the_pin_of_a_container() {
        use PinType::{DigitalSignature, Encryption, NonRepudiation, PrimaryCardPin};
        for (role, pin_type, slot, words) in [
            (Some(0), None, None, "none"),
            (Some(0), Some(PrimaryCardPin), Some("9E"), "none"),
            (Some(1), Some(PrimaryCardPin), None, "PIN"),
            (Some(1), Some(PrimaryCardPin), Some("9A"), "PIN"),
            (Some(1), Some(DigitalSignature), Some("9C"), "PIN (always)"),
            (Some(3), Some(DigitalSignature), None, "Signature PIN"),
            (Some(4), Some(Encryption), None, "PIN 4 (encryption)"),
            (Some(7), Some(NonRepudiation), None, "PIN 7 (non-repudiation)"),
            (Some(5), None, None, "PIN 5"),
            (Some(9), Some(Encryption), None, "PIN 9"),
            (None, None, None, "-"),
        ] {
            let certificate = Certificate {
                id: "9C".into(),
                container: None,
                slot: slot.map(str::to_owned),
                container_name: None,
                role: role.map(Role),
                pin_type,
                default: false,
                default_source: None,
                has_key: true,
                damaged: None,
                common_name: String::new(),
                issuer_name: String::new(),
                not_before: None,
                not_after: None,
                key: None,
                usage: vec![],
                sha1: None,
                sha256: None,
            };
            assert_eq!(guarded_by(&certificate), words);
        }
    }

    #[test]
    fn management_keys() {
        let key = |algorithm, factory, protected, touch| {
            management_key(&ManagementKey { algorithm, factory, protected, touch }).join("; ")
        };
        for (found, words) in [
            (key(None, None, false, None), "the card does not tell its cipher"),
            (
                key(Some(ManagementKeyAlgorithm::Aes192), Some(true), false, Some(false)),
                "AES-192; the factory's, which everybody knows: whoever sets up cards should change it",
            ),
            (
                key(Some(ManagementKeyAlgorithm::TripleDes), Some(false), true, Some(true)),
                "3DES; not the factory's; kept by the card for whoever has the PIN, so nobody types it; wants the \
                 device to be touched",
            ),
        ] {
            assert_eq!(found, words);
        }
    }

    #[test]
    fn concerns() {
        let expiring = |days| {
            Concern::CertExpiring(Expiry {
                certificate: "kxc00".into(),
                common_name: "Anna".into(),
                not_after: "2026-07-01T12:00:00Z".into(),
                days,
            })
        };
        let required = |reason| Concern::PinChangeRequired { role: Role::USER, reason };
        for (found, words) in [
            (Concern::PinBlocked { role: Role::USER }, "PIN 1 is blocked"),
            (Concern::PinBlocked { role: Role::ADMIN }, "PUK is blocked"),
            (Concern::LowTries { role: Role::GLOBAL, tries_left: 1 }, "PIN 4: 1 try left"),
            (
                required(PinChangeReason::Factory),
                "PIN 1 has to be changed: it is the one that such cards leave the factory with",
            ),
            (required(PinChangeReason::FirstUse), "PIN 1 has to be changed: the card is new in this machine"),
            (
                required(PinChangeReason::Expired),
                "PIN 1 has to be changed: it is older than the settings allow",
            ),
            (expiring(12), "the certificate kxc00, \"Anna\", ends in 12 days"),
            (expiring(1), "the certificate kxc00, \"Anna\", ends in 1 day"),
            (expiring(0), "the certificate kxc00, \"Anna\", ends today"),
            (expiring(-1), "the certificate kxc00, \"Anna\", expired 2026-07-01"),
            (
                Concern::CardExpiring { not_after: "some day".into(), days: -9 },
                "the card itself expired some day",
            ),
        ] {
            assert_eq!(concern(&found), words);
        }
    }

    #[test]
    fn deadlines() {
        for (time, words) in [
            ("2026-05-04T12:15:00Z", "12:15 UTC, in 15 minutes"),
            ("2026-05-04T12:00:20Z", "12:00 UTC, in 1 minute"),
            ("2026-05-04T14:01:01+02:00", "12:01 UTC, in 2 minutes"),
            ("2026-05-04T12:00:00Z", "12:00 UTC, which is over"),
            ("soon", "soon"),
        ] {
            assert_eq!(deadline(time, NOW), words);
        }
        assert_eq!(moment("2026-05-04T14:00:05+02:00"), "2026-05-04 12:00:05 UTC");
    }
}
