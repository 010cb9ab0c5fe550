//! The tray icon as the StatusNotifierItem specification has it, by the crate `ksni`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ksni::menu::{CheckmarkItem, StandardItem, SubMenu};
use ksni::{Category, Handle, MenuItem, OfflineReason, Status, ToolTip, TrayMethods as _};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::{Face, Item, TrayState};
use crate::action::{Action, Panel};
use crate::surface::{Ear, TrayReport};
use crate::{icons, text};

/// How long a panel may take to accept the icon before it is said that nobody shows it. It may still do so later.
const PATIENCE: Duration = Duration::from_secs(2);

/// Longest texts, in characters.
const LONGEST_LINE: usize = 100;
const LONGEST_TOOLTIP: usize = 600;
/// Most entries of one menu.
const MOST_ENTRIES: usize = 100;

/// How long after the coming of a panel the icon may take to be in it.
const GRACE: Duration = Duration::from_millis(500);

/// Whether there is one that knows the panels.
#[derive(Clone, Copy, Default)]
pub(crate) struct Panels {
    /// How often it came and went.
    pub(crate) changes: u64,
    /// Whether it came last.
    pub(crate) are_there: bool,
}

/// Keeps the icon in the tray until `panels` has no sender any more.
pub(crate) async fn keep(
    mut faces: watch::Receiver<Option<Face>>,
    mut panels: watch::Receiver<Panels>,
    ear: Arc<Ear>,
) {
    let first = tokio::select! {
        first = faces.wait_for(Option::is_some) => first.ok().and_then(|first| first.clone()),
        () = ended(&mut panels) => None,
    };
    let Some(mut face) = first else { return };
    loop {
        let before = panels.borrow().changes;
        let is_shown = Arc::new(AtomicBool::new(true));
        let item = StatusNotifierItem { face, ear: Arc::clone(&ear), is_shown: Arc::clone(&is_shown) };
        // Without the one that knows the panels this succeeds, and waits for it.
        let starting = item.assume_sni_available(true).spawn();
        let started = tokio::select! {
            outcome = told_when_late(starting, &ear) => outcome,
            () = ended(&mut panels) => return,
        };
        match started {
            Ok(handle) => {
                if is_shown.load(Ordering::Relaxed) {
                    ear.tray_is(TrayReport::Shown);
                }
                let news = panels.clone();
                let is_missed = tokio::select! {
                    () = show(&handle, &mut faces) => false,
                    () = ended(&mut panels) => false,
                    () = missed(news, before, &is_shown) => true,
                };
                // Without it the service of `ksni` would go on without us.
                let _ = timeout(PATIENCE, handle.shutdown()).await;
                if !is_missed {
                    return;
                }
                tracing::debug!("a panel does not know of the icon, so it is shown anew");
            }
            Err(error) => {
                tracing::info!("the tray icon was refused: {error}");
                ear.tray_is(TrayReport::NoHost);
                if panels.wait_for(|panels| panels.changes != before).await.is_err() {
                    return;
                }
            }
        }
        match faces.borrow_and_update().clone() {
            Some(newest) => face = newest,
            None => return,
        }
    }
}

/// Shows the newest face until there will be no other one.
async fn show(handle: &Handle<StatusNotifierItem>, faces: &mut watch::Receiver<Option<Face>>) {
    loop {
        let newest = faces.borrow_and_update().clone();
        // A panel that does not answer keeps `ksni` from taking it.
        let _ = handle.update(|item| item.face = newest.unwrap_or_else(|| item.face.clone())).await;
        if faces.changed().await.is_err() {
            return;
        }
    }
}

/// Waits until there is a panel that does not have the icon though it had the time: `ksni` asks whether there is one before it
/// listens to who comes, and does not hear of one that comes in between, as it may at a login.
async fn missed(mut panels: watch::Receiver<Panels>, mut known: u64, is_shown: &AtomicBool) {
    loop {
        let news = panels.wait_for(|panels| panels.changes != known).await.map(|panels| panels.changes);
        let Ok(changes) = news else { return std::future::pending().await };
        known = changes;
        sleep(GRACE).await;
        if panels.borrow().are_there && !is_shown.load(Ordering::Relaxed) {
            return;
        }
    }
}

async fn told_when_late<T>(
    starting: impl Future<Output = Result<T, ksni::Error>>,
    ear: &Ear,
) -> Result<T, ksni::Error> {
    let mut starting = std::pin::pin!(starting);
    match timeout(PATIENCE, &mut starting).await {
        Ok(outcome) => outcome,
        Err(_) => {
            ear.tray_is(TrayReport::NoHost);
            starting.await
        }
    }
}

async fn ended(panels: &mut watch::Receiver<Panels>) {
    while panels.changed().await.is_ok() {}
}

struct StatusNotifierItem {
    face: Face,
    ear: Arc<Ear>,
    is_shown: Arc<AtomicBool>,
}

impl StatusNotifierItem {
    fn ask(&self, action: Action) {
        self.ear.asked(action);
    }
}

impl ksni::Tray for StatusNotifierItem {
    fn id(&self) -> String {
        "kortti".to_owned()
    }

    fn category(&self) -> Category {
        Category::Hardware
    }

    fn status(&self) -> Status {
        match self.face.state {
            TrayState::Attention | TrayState::Blocked => Status::NeedsAttention,
            _ => Status::Active,
        }
    }

    fn title(&self) -> String {
        text::line(&self.face.title, LONGEST_LINE)
    }

    fn tool_tip(&self) -> ToolTip {
        ToolTip {
            title: without_tags(&self.title()),
            description: without_tags(&text::lines(&self.face.tooltip, LONGEST_TOOLTIP)),
            ..ToolTip::default()
        }
    }

    fn icon_theme_path(&self) -> String {
        icons::theme::folder().map(|folder| folder.display().to_string()).unwrap_or_default()
    }

    fn icon_name(&self) -> String {
        self.face.state.icon_name().to_owned()
    }

    fn icon_pixmap(&self) -> Vec<ksni::Icon> {
        vec![ksni::Icon {
            width: icons::SIZE.into(),
            height: icons::SIZE.into(),
            data: in_network_order(icons::pixels(self.face.state)),
        }]
    }

    fn attention_icon_name(&self) -> String {
        self.icon_name()
    }

    fn attention_icon_pixmap(&self) -> Vec<ksni::Icon> {
        self.icon_pixmap()
    }

    fn activate(&mut self, _x: i32, _y: i32) {
        self.ask(Action::Open { panel: Panel::Overview, reader: None, card: None });
    }

    fn menu(&self) -> Vec<MenuItem<Self>> {
        self.face.menu.iter().take(MOST_ENTRIES).map(entry).collect()
    }

    fn watcher_online(&self) {
        self.is_shown.store(true, Ordering::Relaxed);
        self.ear.tray_is(TrayReport::Shown);
    }

    fn watcher_offline(&self, reason: OfflineReason) -> bool {
        if let OfflineReason::Error(error) = reason {
            tracing::debug!("the tray icon is not shown: {error}");
        }
        self.is_shown.store(false, Ordering::Relaxed);
        self.ear.tray_is(TrayReport::NoHost);
        true
    }
}

fn entry(item: &Item) -> MenuItem<StatusNotifierItem> {
    let shown = |label: &str| text::without_mnemonic(&text::line(label, LONGEST_LINE), '_');
    match item {
        Item::Note(words) => {
            StandardItem { label: shown(words), enabled: false, ..StandardItem::default() }.into()
        }
        Item::Act { label, action, enabled, checked: None } => {
            let action = action.clone();
            let activate = Box::new(move |item: &mut StatusNotifierItem| item.ask(action.clone()));
            StandardItem { label: shown(label), enabled: *enabled, activate, ..StandardItem::default() }
                .into()
        }
        Item::Act { label, action, enabled, checked: Some(checked) } => {
            let (action, checked) = (action.clone(), *checked);
            let activate = Box::new(move |item: &mut StatusNotifierItem| item.ask(action.clone()));
            let (label, enabled) = (shown(label), *enabled);
            CheckmarkItem { label, enabled, checked, activate, ..CheckmarkItem::default() }.into()
        }
        Item::Submenu { label, items } => {
            let submenu = items.iter().take(MOST_ENTRIES).map(entry).collect();
            SubMenu { label: shown(label), submenu, ..SubMenu::default() }.into()
        }
        Item::Separator => MenuItem::Separator,
    }
}

/// Some panels read markup in a tooltip, others do not: what would begin a tag looks alike and begins none.
fn without_tags(text: &str) -> String {
    text.replace('<', "‹").replace('>', "›")
}

/// Opacity, red, green, blue: ARGB32 in network byte order (StatusNotifierItem specification, "Icons").
fn in_network_order(pixels: &[u8]) -> Vec<u8> {
    let mut turned = pixels.to_vec();
    turned.chunks_exact_mut(4).for_each(|pixel| pixel.rotate_right(1));
    turned
}
