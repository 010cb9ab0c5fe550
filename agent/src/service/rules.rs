//! What the settings of this machine forbid. Decided before the card is asked.

use shared::config::{Config, LastTry, PinRules, UnblockMethod};
use shared::model::{PinCharacters, PinPolicy, PinStatus, PolicySource};
use shared::{Error, ErrorCode, Result};

/// Whether anything may be imported.
pub(crate) fn import(config: &Config) -> Result<()> {
    if config.cert.forbid_import { Err(forbidden("import certificates")) } else { Ok(()) }
}

/// Whether anything may be deleted, or a key overwritten.
pub(crate) fn delete(config: &Config) -> Result<()> {
    if config.cert.forbid_delete { Err(forbidden("delete certificates or overwrite keys")) } else { Ok(()) }
}

/// Whether a PIN may be unblocked in this way.
pub(crate) fn unblock(config: &Config, method: UnblockMethod) -> Result<()> {
    if config.unblock.methods.contains(&method) {
        return Ok(());
    }
    Err(forbidden(match method {
        UnblockMethod::Challenge => "unblock a PIN with a challenge",
        UnblockMethod::Puk => "unblock a PIN with the PUK",
    }))
}

/// Whether the last try of a PIN may be used by whoever says yes to it.
pub(crate) fn last_try(rules: &PinRules) -> Result<()> {
    match rules.last_try {
        LastTry::Ask => Ok(()),
        LastTry::Never => {
            let error = forbidden("use the last try of a PIN");
            Err(Error { tries_left: Some(1), ..error })
        }
    }
}

/// PINs as they are shown: what a new one must look like, by the settings too.
pub(crate) fn shown(mut pins: Vec<PinStatus>, rules: &PinRules) -> Vec<PinStatus> {
    for pin in &mut pins {
        pin.policy = pin.policy.as_ref().map(|policy| new_pin(policy, rules));
    }
    pins
}

/// What a new PIN must look like, by the card and by the settings.
pub(crate) fn new_pin(policy: &PinPolicy, rules: &PinRules) -> PinPolicy {
    let mut policy = policy.clone();
    if rules.forbid_letters {
        policy.characters = PinCharacters::Digits;
    }
    // What is only assumed of a card may be too strict for it; the card judges in the end.
    if policy.source == PolicySource::Assumed {
        if rules.allow_shorter_than_min {
            policy.min_length = 1;
        }
        if rules.allow_longer_than_max {
            policy.max_length = u8::MAX;
        }
    }
    policy
}

fn forbidden(what: &str) -> Error {
    Error::new(
        ErrorCode::Forbidden,
        format!(
            "The policy of this machine does not allow you to {what}. Nothing was sent. `kortti config` says who settled it."
        ),
    )
}
