//! The menu: a submenu for each reader, then what concerns Kortti as a whole.

use shared::config::NoticeKind;
use shared::model::{PinKind, Reader, ReaderState, Role};
use shared::words::{card_number, is_blocked};

use super::{View, no_service};
use crate::action::{Action, Panel};
use crate::known::pin_of;
use crate::phrases;
use crate::text;
use crate::tray::Item;

/// The most readers that have a submenu, and the most lines about what a person should know.
const READERS: usize = 32;
const CONCERNS: usize = 12;

/// The whole menu.
pub(super) fn menu(view: &View<'_>) -> Vec<Item> {
    let mut items = match no_service(view.known) {
        Some(reason) => vec![Item::Note(text::line(reason, phrases::SENTENCE))],
        None if view.known.readers.is_empty() => {
            vec![Item::Note("No reader; connect a smart card reader".to_owned())]
        }
        None => view.known.readers.iter().take(READERS).map(reader).collect(),
    };
    if view.known.away.is_some() {
        items.push(act("Start the agent", Action::StartAgent));
    }
    items.push(Item::Separator);
    items.push(act("Open window", open(Panel::Overview, None)));
    items.push(notices(view));
    if let Some(autostart) = view.autostart {
        items.push(switch("Start with the session", autostart, Action::Autostart(!autostart)));
    }
    items.push(Item::Separator);
    items.push(act("Information", open(Panel::Information, None)));
    items.push(act("Quit", Action::Quit));
    items
}

fn act(label: &str, action: Action) -> Item {
    Item::Act { label: label.to_owned(), action, enabled: true, checked: None }
}

fn switch(label: &str, is_on: bool, action: Action) -> Item {
    Item::Act { label: label.to_owned(), action, enabled: true, checked: Some(is_on) }
}

fn open(panel: Panel, reader: Option<&Reader>) -> Action {
    let csn = reader.and_then(|reader| reader.card.as_ref()?.csn.as_ref());
    Action::Open {
        panel,
        reader: reader.map(|reader| reader.name.clone()),
        card: csn.map(ToString::to_string),
    }
}

fn reader(reader: &Reader) -> Item {
    let mut items = match &reader.card {
        Some(card) if reader.state == ReaderState::Ready => {
            let number = text::line(&card_number(card), phrases::SENTENCE);
            vec![Item::Note(phrases::name(&card.name)), Item::Note(format!("CSN {number}"))]
        }
        _ => vec![Item::Note(capitalised(&text::line(&shared::words::contents(reader), phrases::SENTENCE)))],
    };
    if let Some(check) = &reader.check {
        let told = check.pins.iter().filter(|pin| pin.kind == PinKind::Typed || is_blocked(pin));
        items.extend(
            told.map(|pin| {
                Item::Note(format!("{}: {}", phrases::pin(pin, &check.pins), phrases::stands(pin)))
            }),
        );
        let concerns = check.concerns.iter().filter_map(|found| phrases::concern(found, &check.pins));
        items.extend(concerns.take(CONCERNS).map(Item::Note));
    }
    if reader.state != ReaderState::Empty {
        let is_ready = reader.state == ReaderState::Ready;
        let can_change = is_ready && !pin_of(reader, Role::USER).is_some_and(is_blocked);
        let verb = |label: &str, panel, enabled| Item::Act {
            label: label.to_owned(),
            action: open(panel, Some(reader)),
            enabled,
            checked: None,
        };
        items.push(Item::Separator);
        items.push(verb("Change PIN…", Panel::Pin, can_change));
        items.push(verb("Unblock PIN…", Panel::Unblock, is_ready));
        items.push(verb("Certificates…", Panel::Certificates, is_ready));
        items.push(act("Release the card", Action::Release { reader: reader.name.clone() }));
    }
    Item::Submenu { label: phrases::name(&reader.name), items }
}

fn notices(view: &View<'_>) -> Item {
    let notify = &view.config.notify;
    let setting = |key: &str, label: &str, is_on, action| {
        let is_locked = view.locked.contains(key);
        let label =
            if is_locked { format!("{label} (settled by your administrator)") } else { label.to_owned() };
        Item::Act { label, action, enabled: !is_locked, checked: Some(is_on) }
    };
    let mut items = vec![setting(
        "notify.enabled",
        "Show notices",
        notify.enabled,
        Action::SwitchNotices(!notify.enabled),
    )];
    if notify.enabled {
        items.push(match view.paused {
            true => act("Resume", Action::ResumeNotices),
            false => act("Pause for an hour", Action::PauseNotices),
        });
        items.push(Item::Separator);
        // Each by itself, whatever the switch above says.
        items.extend(NoticeKind::ALL.map(|kind| {
            let is_on = notify.wants(kind);
            setting(&phrases::key(kind), phrases::kind(kind), is_on, Action::SwitchKind(kind, !is_on))
        }));
    }
    let label = match (notify.enabled, view.paused) {
        (false, _) => "Notices (off)",
        (true, true) => "Notices (paused)",
        (true, false) => "Notices",
    };
    Item::Submenu { label: label.to_owned(), items }
}

fn capitalised(sentence: &str) -> String {
    let mut characters = sentence.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}
