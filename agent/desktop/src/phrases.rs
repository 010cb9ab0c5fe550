//! Short words for the panel and for notices, where there is little room. Names that come from a card are on one line
//! and of bounded length here.

use shared::config::NoticeKind;
use shared::model::{Card, Concern, Expiry, PinChangeReason, PinStatus, Reader, Role};
use shared::words::{contents, is_blocked, pin_kind};

use crate::text;

/// The most characters of a name that comes from a reader, a card or a certificate.
const NAME: usize = 60;

/// The most characters of a sentence in which such a name may be.
pub(crate) const SENTENCE: usize = 200;

/// How many digits of a serial number are shown where there is no room for all: as many as it takes to name the card.
const DIGITS: usize = 8;

/// A name as it can be shown.
pub(crate) fn name(name: &str) -> String {
    text::line(name, NAME)
}

/// A card by its name and the beginning of its number: `GIDS card 7D1F93C2…`.
pub(crate) fn card(card: &Card) -> String {
    let number = match (&card.serial, &card.csn) {
        (Some(serial), _) => text::line(serial, 20),
        (None, Some(csn)) if csn.as_str().chars().count() > DIGITS => {
            format!("{}…", csn.as_str().chars().take(DIGITS).collect::<String>())
        }
        (None, Some(csn)) => csn.to_string(),
        (None, None) => String::new(),
    };
    format!("{} {number}", name(&card.name)).trim_end().to_owned()
}

/// What is in a reader, short.
pub(crate) fn holds(reader: &Reader) -> String {
    match (&reader.card, &reader.detail) {
        (Some(found), None) if found.csn.is_some() => card(found),
        _ => text::line(&contents(reader), SENTENCE),
    }
}

/// A PIN among those of its card: `PIN`, `PUK`, `Global PIN`, `PIN 3 (digital signature)`.
pub(crate) fn pin(pin: &PinStatus, pins: &[PinStatus]) -> String {
    match (pin_kind(pin, pins), pin.role) {
        ("PIN", Role::USER) => "PIN".to_owned(),
        ("PIN", Role(role)) => format!("PIN {role} ({})", pin.pin_type.to_string().to_lowercase()),
        (kind, _) => kind.to_owned(),
    }
}

/// A PIN by its role, among those that are known of its card.
pub(crate) fn role(role: Role, pins: &[PinStatus]) -> String {
    match (pins.iter().find(|pin| pin.role == role), role) {
        (Some(found), _) => pin(found, pins),
        (None, Role::USER) => "PIN".to_owned(),
        // What is typed for the administrator's role is a PUK.
        (None, Role::ADMIN) => "PUK".to_owned(),
        (None, Role(role)) => format!("PIN {role}"),
    }
}

/// How a PIN stands: `3 tries left`, `blocked`.
pub(crate) fn stands(pin: &PinStatus) -> String {
    match pin.tries_left {
        _ if is_blocked(pin) => "blocked".to_owned(),
        Some(left) => tries(left),
        None => "tries not told".to_owned(),
    }
}

/// A count of tries.
pub(crate) fn tries(left: u8) -> String {
    if left == 1 { "1 try left".to_owned() } else { format!("{left} tries left") }
}

/// When something ends: `expires in 12 days`, `expires today`, `has expired`.
pub(crate) fn ends(days: i32) -> String {
    match days {
        ..0 => "has expired".to_owned(),
        0 => "expires today".to_owned(),
        1 => "expires in 1 day".to_owned(),
        _ => format!("expires in {days} days"),
    }
}

/// A certificate by the name of its holder, or by its id where it has none.
pub(crate) fn certificate(expiry: &Expiry) -> String {
    let named = name(&expiry.common_name);
    if named.is_empty() { name(&expiry.certificate) } else { named }
}

/// Why a PIN has to be changed.
pub(crate) fn reason(reason: PinChangeReason) -> &'static str {
    match reason {
        PinChangeReason::Factory => "it is the one with which such cards leave the factory",
        PinChangeReason::FirstUse => "this card is used here for the first time",
        PinChangeReason::Expired => "it has been the same for too long",
    }
}

/// What a person should know, in a line. `None` for what this version does not know.
pub(crate) fn concern(concern: &Concern, pins: &[PinStatus]) -> Option<String> {
    Some(match concern {
        Concern::PinBlocked { role } => format!("The {} is blocked", self::role(*role, pins)),
        Concern::LowTries { role, tries_left } => {
            format!("The {} has {}", self::role(*role, pins), tries(*tries_left))
        }
        Concern::PinChangeRequired { role, reason } => {
            format!("The {} has to be changed: {}", self::role(*role, pins), self::reason(*reason))
        }
        Concern::CertExpiring(expiry) => {
            format!("The certificate {} {}", certificate(expiry), ends(expiry.days))
        }
        Concern::CardExpiring { days, .. } => format!("The card {}", ends(*days)),
        _ => return None,
    })
}

/// A kind of notice, as it stands in the menu.
pub(crate) fn kind(kind: NoticeKind) -> &'static str {
    match kind {
        NoticeKind::CardIn => "A card comes in",
        NoticeKind::CardOut => "A card goes out",
        NoticeKind::UnknownCard => "A card cannot be used",
        NoticeKind::CertExpiring => "A certificate expires soon",
        NoticeKind::CertExpired => "A certificate has expired",
        NoticeKind::CardExpiring => "The card expires",
        NoticeKind::LowTries => "Few tries are left",
        NoticeKind::PinBlocked => "A PIN is blocked",
        NoticeKind::PinChanged => "Another program changed a PIN",
        NoticeKind::PinChangeRequired => "A PIN has to be changed",
        NoticeKind::Touch => "The device has to be touched",
        NoticeKind::CardBusy => "Another program keeps a card",
    }
}

/// The key of the setting that switches a kind of notice.
pub(crate) fn key(kind: NoticeKind) -> String {
    // Its name there is its name as a value.
    let name = serde_json::to_value(kind).ok();
    format!("notify.{}", name.as_ref().and_then(|name| name.as_str()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use shared::model::{Csn, Edge, PinType};

    use super::*;
    use crate::samples;

    #[test]
    fn cards() {
        let named = |name: &str, csn: Option<Csn>, serial: Option<&str>| {
            card(&Card { edge: Edge::Piv, csn, name: name.into(), serial: serial.map(str::to_owned) })
        };
        assert_eq!(named("GIDS card", Some(samples::csn()), None), "GIDS card 7D1F93C2…");
        assert_eq!(
            named("YubiKey 5.7.1", Some(Csn::new(&[1, 2, 3, 4])), Some("16909060")),
            "YubiKey 5.7.1 16909060"
        );
        assert_eq!(named("PIV card", Some(Csn::new(&[1, 2, 3, 4])), None), "PIV card 01020304");
        assert_eq!(named("GIDS card", None, None), "GIDS card");
        let hostile = named(&"<b>\u{202E}\n".repeat(100), None, None);
        assert!(hostile.chars().count() <= NAME && !hostile.contains(['\u{202E}', '\n']), "{hostile}");
    }

    #[test]
    fn pins() {
        let user = samples::pin_status(Role::USER, Some(3));
        let puk = samples::pin_status(Role::ADMIN, Some(0));
        let global = PinStatus { role: Role::GLOBAL, ..user.clone() };
        let signature = PinStatus {
            role: Role(3),
            pin_type: PinType::DigitalSignature,
            tries_left: Some(1),
            ..user.clone()
        };
        let pins = [user.clone(), puk.clone(), global.clone()];
        for (status, pins, words) in [
            (&user, &pins[..], "PIN: 3 tries left"),
            (&puk, &pins[..], "PUK: blocked"),
            (&global, &pins[..], "Global PIN: 3 tries left"),
            (&signature, &[user.clone(), signature.clone()][..], "PIN 3 (digital signature): 1 try left"),
            (&PinStatus { tries_left: None, ..user.clone() }, &pins[..], "PIN: tries not told"),
        ] {
            assert_eq!(format!("{}: {}", pin(status, pins), stands(status)), words);
        }
        assert_eq!([1, 2, 5].map(|number| role(Role(number), &[])), ["PIN", "PUK", "PIN 5"]);
    }

    #[test]
    fn concerns() {
        let expiry = |name: &str, days| {
            Concern::CertExpiring(Expiry {
                certificate: "kxc00".into(),
                common_name: name.into(),
                not_after: "2026-06-01T00:00:00Z".into(),
                days,
            })
        };
        for (found, words) in [
            (Concern::PinBlocked { role: Role::USER }, "The PIN is blocked"),
            (Concern::LowTries { role: Role::USER, tries_left: 1 }, "The PIN has 1 try left"),
            (
                Concern::PinChangeRequired { role: Role::USER, reason: PinChangeReason::Factory },
                "The PIN has to be changed: it is the one with which such cards leave the factory",
            ),
            (expiry("Anna\nDemo", 30), "The certificate Anna Demo expires in 30 days"),
            (expiry("", 1), "The certificate kxc00 expires in 1 day"),
            (expiry("A", 0), "The certificate A expires today"),
            (expiry("A", -3), "The certificate A has expired"),
            (Concern::CardExpiring { not_after: String::new(), days: 10 }, "The card expires in 10 days"),
        ] {
            assert_eq!(concern(&found, &[]).as_deref(), Some(words));
        }
    }

    #[test]
    fn every_kind_of_notice_has_its_setting() {
        let loaded = serde_json::to_value(shared::config::Notify::default()).unwrap();
        for kind in NoticeKind::ALL {
            let key = key(kind);
            let name = key.strip_prefix("notify.").unwrap();
            assert!(loaded[name].is_boolean(), "{key}");
        }
    }
}
