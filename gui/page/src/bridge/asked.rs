//! Secrets that a window of pinentry asks for, where the settings do not want them in the page. The window says which page asks, what
//! for and for which card, in words that do not come from the page.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use shared::client::Client;
use shared::model::Role;
use shared::pinentry::{Pinentry, Unanswered};
use shared::programs::Programs;
use shared::rpc::methods::{CardAccess, OnCard, Select};
use shared::secret::Pin;
use shared::{Error, ErrorCode, Result};

use super::{Bridge, Host, Wiped, bad_request, printable, settings};
use crate::catalogue::{self, Language};

/// How often a new PIN is asked for whose second typing differs.
const ROUNDS: usize = 3;

/// What a request says of the card that it is for.
#[derive(Default, Deserialize)]
#[serde(default)]
struct About {
    select: Select,
    role: Option<Role>,
}

impl Bridge {
    /// The parameters with the secrets in them.
    ///
    /// # Errors
    /// [`ErrorCode::NotTyped`] when somebody cancels, [`ErrorCode::Busy`] while another question is open, and
    /// [`ErrorCode::System`] where there is no pinentry.
    pub(super) fn ask(&self, method: &str, params: &RawValue, names: &[Cow<'_, str>]) -> Result<Wiped> {
        let distinct = |at: usize| {
            names.get(..at).is_some_and(|before| names.get(at).is_some_and(|name| !before.contains(name)))
        };
        let known = taken_by(method);
        if names.iter().any(|name| !known.contains(&name.as_ref())) || !(0..names.len()).all(distinct) {
            return Err(bad_request("There is no such secret to ask for."));
        }
        let Ok(_asking) = self.asking.try_lock() else {
            return Err(Error::new(ErrorCode::Busy, "Another question is open: answer it first."));
        };
        let program = Programs::of_this_process().pinentry().ok_or_else(|| {
            let words = "The settings of this machine want PINs asked for by pinentry, and there is none. Install a \
                         graphical pinentry.";
            Error::new(ErrorCode::System, words)
        })?;
        let about: About = serde_json::from_str(params.get())
            .map_err(|_| bad_request("The parameters were not understood."))?;
        // The window says which card a PIN is for, so the request must say it, and no other card can be meant.
        if method != RESPOND && (about.select.reader.is_none() || about.select.card.is_none()) {
            return Err(bad_request("The request does not say which card it is for."));
        }
        let question =
            Question { language: catalogue::language(&settings().language), method, about, host: &self.host };
        let mut pinentry = Pinentry::start(&program).map_err(unanswered)?;
        let mut secrets = Vec::new();
        for name in names {
            secrets.push((name.as_ref(), question.put(&mut pinentry, name).map_err(unanswered)?));
        }
        with(params, &secrets)
    }
}

/// The secrets that a method takes.
fn taken_by(method: &str) -> &'static [&'static str] {
    match method {
        "pin.change" => &["current", "new"],
        "unblock.finish" => &["new"],
        "unblock.puk" => &["puk", "new"],
        "cert.inspect" => &["password"],
        "cert.import" => &["password", "management_key", "pin"],
        "cert.default" | "cert.delete" | "card.repair" => &["management_key", "pin"],
        RESPOND => &["admin_key"],
        _ => &[],
    }
}

const RESPOND: &str = "page.respond";

fn unanswered(why: Unanswered) -> Error {
    match why {
        Unanswered::Cancelled => {
            Error::new(ErrorCode::NotTyped, "You cancelled. Nothing was sent, and no try was used.")
        }
        Unanswered::Failed(words) => Error::new(ErrorCode::System, words),
    }
}

/// The parameters with these members added, in a buffer of final size.
fn with(params: &RawValue, secrets: &[(&str, Pin)]) -> Result<Wiped> {
    let open = params
        .get()
        .trim_end()
        .strip_suffix('}')
        .ok_or_else(|| bad_request("The parameters are no object."))?;
    let empty = open.trim() == "{";
    // A byte becomes six at the most where JSON escapes it.
    let room: usize = secrets.iter().map(|(name, secret)| name.len() + 6 * secret.bytes().len() + 8).sum();
    let mut whole = Wiped::new(Vec::with_capacity(open.len() + room + 1));
    whole.extend_from_slice(open.as_bytes());
    for (at, (name, secret)) in secrets.iter().enumerate() {
        if at > 0 || !empty {
            whole.push(b',');
        }
        whole.push(b'"');
        whole.extend_from_slice(name.as_bytes());
        whole.extend_from_slice(b"\":");
        serde_json::to_writer(&mut *whole, secret).map_err(|_| bad_request("What was typed is no text."))?;
    }
    whole.push(b'}');
    Ok(whole)
}

/// What a person is asked, and why.
struct Question<'a> {
    language: Language,
    method: &'a str,
    about: About,
    host: &'a Host,
}

impl Question<'_> {
    fn text(&self, id: &str, values: &[(&str, &str)]) -> String {
        catalogue::text(self.language, id, values)
    }

    /// Asks for one secret; a new one twice.
    fn put(&self, pinentry: &mut Pinentry, name: &str) -> std::result::Result<Pin, Unanswered> {
        let tries = self.tries_left(name);
        if tries == Some(1) {
            let question = format!("{}\n{}", self.description(tries), self.text("pinentry-last-try", &[]));
            let (yes, no) = (self.text("yes", &[]), self.text("no", &[]));
            // The yes that the last try takes is said here: the page's own is not enough.
            if !pinentry.yes(&question, &yes, &no)? {
                return Err(Unanswered::Cancelled);
            }
        }
        let description = self.description(tries);
        let prompt = self.text(prompt(name), &[]);
        if name != "new" {
            return pinentry.secret(&description, &prompt, None);
        }
        let differs = self.text("pinentry-differs", &[]);
        for round in 0..ROUNDS {
            let first: Pin =
                pinentry.secret(&description, &prompt, (round > 0).then_some(differs.as_str()))?;
            let second: Pin = pinentry.secret(&description, &self.text("pin-confirm", &[]), None)?;
            if first.bytes() == second.bytes() {
                return Ok(first);
            }
        }
        Err(Unanswered::Cancelled)
    }

    fn description(&self, tries: Option<u8>) -> String {
        let origin = match self.host {
            Host::Web { origin } => origin.as_str(),
            Host::Window => "Kortti",
        };
        let mut lines = vec![self.text("pinentry-asks", &[("origin", origin)])];
        lines.push(self.text(action(self.method), &[]));
        let Select { reader, card } = &self.about.select;
        if let Some(reader) = reader {
            let card = printable(card.as_deref().unwrap_or_default());
            lines.push(self.text("pinentry-card", &[("card", &card), ("reader", &printable(reader))]));
        }
        lines.extend(tries.map(|tries| self.text("pinentry-tries", &[("tries", &tries.to_string())])));
        lines.join("\n")
    }

    /// How many tries what is asked for has.
    fn tries_left(&self, name: &str) -> Option<u8> {
        let role = match name {
            "pin" => Role::USER,
            "current" => self.about.role.unwrap_or(Role::USER),
            "puk" => Role::ADMIN,
            _ => return None,
        };
        let access =
            Client::connect().ok()?.call::<CardAccess>(&OnCard { select: self.about.select.clone() }).ok()?;
        access.pins.into_iter().find(|pin| pin.role == role)?.tries_left
    }
}

/// The label of what is typed.
fn prompt(name: &str) -> &'static str {
    match name {
        "current" => "pin-current",
        "new" => "pin-new",
        "puk" => "puk-field",
        "management_key" => "authority-key",
        "password" => "import-password",
        "admin_key" => "respond-key",
        _ => "authority-pin",
    }
}

/// What it is typed for.
fn action(method: &str) -> &'static str {
    match method {
        "pin.change" => "pinentry-change",
        "unblock.finish" | "unblock.puk" => "pinentry-unblock",
        "cert.import" | "cert.inspect" => "pinentry-import",
        "cert.default" => "pinentry-default",
        "cert.delete" => "pinentry-delete",
        "card.repair" => "pinentry-repair",
        RESPOND => "pinentry-respond",
        _ => "pinentry-other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_put_into_the_parameters() {
        let params = |text: &str| RawValue::from_string(text.to_owned()).unwrap();
        let pin = |text: &str| Pin::from(text.as_bytes());
        for (before, secrets, after) in [
            ("{}", vec![("pin", pin("12\"3"))], r#"{"pin":"12\"3"}"#),
            ("{ }", vec![("pin", pin("1")), ("new", pin("2"))], r#"{ "pin":"1","new":"2"}"#),
            (r#"{"role":1}"#, vec![("current", pin("\u{1}ä"))], r#"{"role":1,"current":"\u0001ä"}"#),
        ] {
            let whole = with(&params(before), &secrets).unwrap();
            assert_eq!(std::str::from_utf8(&whole).unwrap(), after);
            serde_json::from_slice::<serde_json::Value>(&whole).unwrap();
        }
        assert!(with(&params("[1]"), &[]).is_err());
    }
}
