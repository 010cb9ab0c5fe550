//! What every program says of cards and PINs in the same words. Functions of their arguments only.

use crate::model::{
    Card, PinCharacters, PinKind, PinPolicy, PinStatus, PinType, PolicySource, Reader, ReaderState, Role,
};
use crate::rpc::methods::Access;

/// A card's serial number, and the one that is printed on it where that is another one.
pub fn card_number(card: &Card) -> String {
    match (&card.csn, &card.serial) {
        (Some(csn), Some(serial)) => format!("{csn} (number {serial})"),
        (Some(csn), None) => csn.to_string(),
        (None, Some(serial)) => format!("number {serial}"),
        (None, None) => String::new(),
    }
}

/// What is in a reader: the agent's own words where it says what is wrong.
pub fn contents(reader: &Reader) -> String {
    let name = reader.card.as_ref().map_or("a card", |card| card.name.as_str());
    if let Some(detail) = &reader.detail {
        let atr = reader.atr.as_ref().filter(|_| reader.state == ReaderState::UnknownCard);
        return match atr {
            Some(atr) => format!("{detail} Its answer to reset is {atr}."),
            None => detail.clone(),
        };
    }
    match reader.state {
        ReaderState::Empty => "no card; insert one".into(),
        ReaderState::Identifying => "a card that is being looked at".into(),
        ReaderState::Ready => {
            let number = reader.card.as_ref().map(card_number).unwrap_or_default();
            format!("{name} {number}").trim_end().to_owned()
        }
        ReaderState::NotInitialised => format!("{name} that is empty; ask your administrator"),
        ReaderState::UnknownCard => {
            let atr = reader.atr.as_ref().map(|atr| format!("; its answer to reset is {atr}"));
            format!("a card that is not supported{}", atr.unwrap_or_default())
        }
        ReaderState::Mute => "a card that does not answer; is it the right way round?".into(),
        ReaderState::Busy => "a card that another program keeps for itself".into(),
        ReaderState::Failed => "a card that cannot be used".into(),
        ReaderState::Forbidden => "a card that the policy of this machine does not allow".into(),
    }
}

/// How many tries are left, in a sentence.
pub fn tries_sentence(tries_left: Option<u8>) -> String {
    match tries_left {
        None => "The card does not tell how many tries are left.".into(),
        Some(0) => "No try is left.".into(),
        Some(1) => "1 try left.".into(),
        Some(left) => format!("{left} tries left."),
    }
}

/// What a new PIN must look like, in a sentence.
pub fn policy_sentence(policy: &PinPolicy) -> String {
    let characters = match policy.characters {
        PinCharacters::Digits => "digits",
        PinCharacters::Ascii => "letters, digits or signs",
    };
    let source = match policy.source {
        PolicySource::Card => "",
        PolicySource::Assumed => {
            " The card does not publish its policy; this is what cards of its kind take."
        }
    };
    let trivial = if policy.complexity == Some(true) { " What is easy to guess is refused." } else { "" };
    let PinPolicy { min_length: min, max_length: max, .. } = policy;
    if min == max {
        format!("{min} {characters}.{trivial}{source}")
    } else {
        format!("{min} to {max} {characters}.{trivial}{source}")
    }
}

/// What kind of authenticator it is, among those of its card. Only PIV cards have a PUK for an administrator, and only
/// there is role 4 the global PIN.
pub fn pin_kind(pin: &PinStatus, pins: &[PinStatus]) -> &'static str {
    let has_puk = pins.iter().any(|pin| pin.role == Role::ADMIN && pin.kind == PinKind::Typed);
    match (pin.kind, pin.pin_type, pin.role) {
        (PinKind::ChallengeResponse, ..) => "key",
        (PinKind::Typed, PinType::UnblockOnly, _) => "PUK",
        (PinKind::Typed, _, Role::GLOBAL) if has_puk => "Global PIN",
        (PinKind::Typed, ..) => "PIN",
    }
}

/// What people call a PIN or PUK.
pub fn pin_name(pin: &PinStatus) -> &'static str {
    if pin.pin_type == PinType::UnblockOnly { "PUK" } else { "PIN" }
}

/// Whether no try is left.
pub fn is_blocked(pin: &PinStatus) -> bool {
    pin.blocked || pin.tries_left == Some(0)
}

/// The PUK that unblocks a PIN, or did before it was blocked itself.
pub fn puk_of(pins: &[PinStatus], role: Role) -> Option<&PinStatus> {
    let blocked = pins.iter().find(|pin| pin.role == role)?;
    let unblocks = |puk: &&PinStatus| {
        blocked.unblocked_by.contains(&puk.role) || (role == Role::USER && puk.role == Role::ADMIN)
    };
    pins.iter().filter(|pin| pin.kind == PinKind::Typed).find(unblocks)
}

/// What a wrong PIN or PUK does at its last try.
pub fn last_try_warning(pin: &PinStatus, access: &Access) -> String {
    let name = pin_name(pin);
    let is_other =
        |other: &&PinStatus| other.role != pin.role && matches!(other.role, Role::USER | Role::ADMIN);
    let mut warning = format!("This is the last try. A wrong {name} blocks it.");
    if access.blocking_erases_keys && matches!(pin.role, Role::USER | Role::ADMIN) {
        match access.pins.iter().find(is_other) {
            Some(other) if !is_blocked(other) => warning.push_str(&format!(
                " Once the {} is blocked too, this card erases all its private keys.",
                pin_name(other)
            )),
            _ => warning.push_str(" This card then erases all its private keys."),
        }
    }
    warning
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex::Hex;
    use crate::model::{Csn, Edge};

    #[test]
    fn what_is_in_a_reader() {
        use ReaderState as S;
        let card =
            |csn: Option<Csn>| Some(Card { edge: Edge::Gids, csn, name: "GIDS card".into(), serial: None });
        for (state, card, detail, words) in [
            (S::Empty, None, None, "no card; insert one"),
            (S::Ready, card(Some(Csn::new(&[1, 2]))), None, "GIDS card 0102"),
            (S::NotInitialised, card(None), None, "GIDS card that is empty; ask your administrator"),
            (S::UnknownCard, None, None, "a card that is not supported; its answer to reset is 3B00"),
            (S::Busy, None, None, "a card that another program keeps for itself"),
            (S::Busy, None, Some("It is gpg-agent."), "It is gpg-agent."),
            (S::Mute, None, None, "a card that does not answer; is it the right way round?"),
            (S::Mute, None, Some("Is it the right way round?"), "Is it the right way round?"),
            (S::UnknownCard, None, Some("Not known."), "Not known. Its answer to reset is 3B00."),
        ] {
            let atr = Some(Hex(vec![0x3B, 0]));
            let reader = Reader {
                name: "R".into(),
                state,
                atr,
                card,
                pin_pad: false,
                detail: detail.map(str::to_owned),
                check: None,
            };
            assert_eq!(contents(&reader), words);
        }
    }

    #[test]
    fn policies() {
        let policy = PinPolicy {
            min_length: 4,
            max_length: 16,
            characters: PinCharacters::Ascii,
            complexity: None,
            source: PolicySource::Assumed,
        };
        assert_eq!(
            policy_sentence(&policy),
            "4 to 16 letters, digits or signs. The card does not publish its policy; this is what cards of its \
             kind take."
        );
        let policy = PinPolicy {
            min_length: 6,
            max_length: 6,
            characters: PinCharacters::Digits,
            complexity: Some(true),
            source: PolicySource::Card,
        };
        assert_eq!(policy_sentence(&policy), "6 digits. What is easy to guess is refused.");
    }
}
