//! The messages of the Desktop Notifications Specification, made and taken apart.

use std::collections::HashMap;

use serde::Serialize;
use zbus::message::{Message, Type as MessageType};
use zbus::zvariant::{DynamicType, Value};

use super::super::{Notice, Urgency};
use super::{Abilities, Action};
use crate::icons::theme;
use crate::text;

/// The name of the daemon, and of its interface.
pub(super) const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";

/// The name of the bus itself, and of its interface.
pub(super) const BUS: &str = "org.freedesktop.DBus";
const BUS_PATH: &str = "/org/freedesktop/DBus";

/// The key of the action that a click on the notice stands for (specification, "Actions").
const DEFAULT: &str = "default";

/// Longest texts, in characters.
const LONGEST_TITLE: usize = 120;
const LONGEST_BODY: usize = 1000;
const LONGEST_LABEL: usize = 60;
/// Most buttons; no daemon shows more in a row.
const MOST_BUTTONS: usize = 4;

/// What the actions of a notice ask for, by their keys.
pub(super) type Buttons = HashMap<String, Action>;

/// Asks the bus for the signals of whoever shows notices, and for news of who that is.
pub(super) fn watch() -> Vec<Message> {
    let rules = [
        format!("type='signal',sender='{NAME}',path='{PATH}',interface='{NAME}'"),
        format!("type='signal',sender='{BUS}',interface='{BUS}',member='NameOwnerChanged',arg0='{NAME}'"),
    ];
    rules.iter().filter_map(|rule| to_bus("AddMatch", rule)).collect()
}

/// A call of the bus itself.
pub(super) fn to_bus(method: &str, arguments: &(impl Serialize + DynamicType)) -> Option<Message> {
    built(BUS, BUS_PATH, BUS, method, arguments)
}

/// A call of the daemon with this unique name, so that it goes to the one whose abilities are known.
pub(super) fn to_daemon(
    owner: &str,
    method: &str,
    arguments: &(impl Serialize + DynamicType),
) -> Option<Message> {
    built(owner, PATH, NAME, method, arguments)
}

fn built(
    destination: &str,
    path: &str,
    interface: &str,
    method: &str,
    arguments: &(impl Serialize + DynamicType),
) -> Option<Message> {
    let message = || {
        Message::method_call(path, method)?.destination(destination)?.interface(interface)?.build(arguments)
    };
    // The names are constants, or come from the bus; texts without a zero byte always fit.
    message().inspect_err(|error| tracing::warn!(%error, method, "a message cannot be built")).ok()
}

/// Who owns the daemon's name now, if that is what the message tells.
pub(super) fn new_owner(message: &Message) -> Option<Option<String>> {
    let header = message.header();
    if header.member().is_none_or(|member| member.as_str() != "NameOwnerChanged") {
        return None;
    }
    let (name, _, owner) = message.body().deserialize::<(String, String, String)>().ok()?;
    (name == NAME).then(|| Some(owner).filter(|owner| !owner.is_empty()))
}

/// What an answer says if it is an error.
pub(super) fn failure(message: &Message) -> Option<String> {
    if message.message_type() != MessageType::Error {
        return None;
    }
    let header = message.header();
    let name = header.error_name().map_or("unnamed error", |name| name.as_str());
    let words = message.body().deserialize::<String>().unwrap_or_default();
    Some(text::line(&format!("{name}: {words}"), 200))
}

/// The keys of a notice's actions. They are used once, so that a late click cannot mean a newer notice's button.
pub(super) fn buttons(notice: &Notice, number: u64, abilities: Abilities) -> Buttons {
    if !abilities.actions {
        return Buttons::new();
    }
    let labelled = notice.actions.iter().take(MOST_BUTTONS).enumerate();
    let labelled = labelled.map(|(at, (_, action))| (button(number, at), action.clone()));
    labelled.chain(notice.default.iter().map(|action| (DEFAULT.to_owned(), action.clone()))).collect()
}

fn button(number: u64, at: usize) -> String {
    format!("{number}.{at}")
}

/// The call that shows a notice in the place of the one with the number `replaces`, or as a new one if that is 0.
pub(super) fn notify(
    owner: &str,
    replaces: u32,
    notice: &Notice,
    number: u64,
    abilities: Abilities,
) -> Option<Message> {
    let title = text::line(&notice.title, LONGEST_TITLE);
    let mut body = text::lines(&notice.body, LONGEST_BODY);
    if abilities.markup {
        body = escaped(&body);
    }
    let mut actions = Vec::new();
    if abilities.actions {
        // KDE and GNOME do not show the label of this one.
        actions.extend(notice.default.iter().flat_map(|_| [DEFAULT.to_owned(), "Open".to_owned()]));
        for (at, (label, _)) in notice.actions.iter().take(MOST_BUTTONS).enumerate() {
            actions.extend([button(number, at), text::line(label, LONGEST_LABEL)]);
        }
    }
    let urgency: u8 = match notice.urgency {
        Urgency::Low => 0,
        Urgency::Normal => 1,
        Urgency::Critical => 2,
    };
    let hints = HashMap::from([
        ("urgency", Value::from(urgency)),
        ("category", Value::from(notice.category)),
        ("desktop-entry", Value::from("kortti")),
    ]);
    let expires = notice.expires.map_or(-1, |time| i32::try_from(time.as_millis()).unwrap_or(i32::MAX));
    let icon = theme::for_notice(notice.icon);
    let arguments = ("Kortti", replaces, icon, title, body, actions, hints, expires);
    to_daemon(owner, "Notify", &arguments)
}

/// For a daemon that reads markup (specification, "Markup").
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
