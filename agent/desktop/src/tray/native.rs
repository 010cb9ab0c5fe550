//! The tray icon of Windows and the menu bar icon of macOS, by the crate `tray-icon`. All of it is for the main
//! thread only.

use std::collections::HashMap;
use std::sync::Arc;

use tray_icon::menu::{CheckMenuItem, IsMenuItem, Menu, MenuItem, PredefinedMenuItem, Submenu};
use tray_icon::{TrayIcon, TrayIconBuilder};

use super::{Face, Item};
use crate::action::{Action, Panel};
use crate::surface::{Ear, TrayReport};
use crate::{icons, text};

/// Longest label, in characters.
const LONGEST_LINE: usize = 100;
/// Longest tooltip of Windows, in UTF-16 units without the zero at its end (NOTIFYICONDATAW, `szTip`).
const LONGEST_TOOLTIP: usize = 127;
/// Most entries of one menu.
const MOST_ENTRIES: usize = 100;

/// The icon, and what its menu asks for.
pub(crate) struct Icon {
    ear: Arc<Ear>,
    is_wanted: bool,
    face: Option<Face>,
    icon: Option<TrayIcon>,
    actions: HashMap<String, Action>,
}

impl Icon {
    /// One that is not shown yet.
    pub(crate) fn new(ear: Arc<Ear>) -> Self {
        Self { ear, is_wanted: false, face: None, icon: None, actions: HashMap::new() }
    }

    /// Shows it, or takes it away.
    pub(crate) fn want(&mut self, wanted: bool) {
        self.is_wanted = wanted;
        if wanted {
            self.draw();
        } else {
            self.icon = None;
            self.ear.tray_is(TrayReport::Off);
        }
    }

    /// Shows this from now on.
    pub(crate) fn show(&mut self, face: Face) {
        if self.face.as_ref() != Some(&face) {
            self.face = Some(face);
            self.draw();
        }
    }

    /// Somebody chose the entry with this id.
    pub(crate) fn chosen(&self, id: &str) {
        // The menu may have changed since.
        if let Some(action) = self.actions.get(id) {
            self.ear.asked(action.clone());
        }
    }

    /// Somebody clicked on the icon.
    pub(crate) fn activated(&self) {
        self.ear.asked(Action::Open { panel: Panel::Overview, reader: None, card: None });
    }

    fn draw(&mut self) {
        let (Some(face), true) = (&self.face, self.is_wanted) else { return };
        self.actions.clear();
        let menu = Menu::new();
        for item in face.menu.iter().take(MOST_ENTRIES) {
            let appended = menu.append(entry(item, &mut self.actions).as_ref());
            appended.unwrap_or_else(|error| tracing::warn!(%error, "an entry of the menu is missing"));
        }
        let tooltip = tooltip(face);
        let picture = picture(face);
        let is_drawn = self.icon.as_ref().is_some_and(|icon| {
            icon.set_menu(Some(Box::new(menu.clone())));
            // While there is no taskbar these fail, and the icon would come back as it was before.
            repaint(icon, picture.clone()).is_ok() && icon.set_tooltip(Some(&tooltip)).is_ok()
        });
        if is_drawn {
            return;
        }
        self.icon = None;
        let mut builder = TrayIconBuilder::new().with_id("kortti").with_menu(Box::new(menu));
        builder = builder.with_tooltip(&tooltip).with_menu_on_left_click(cfg!(target_os = "macos"));
        if let Some(picture) = picture {
            #[cfg(target_os = "macos")]
            {
                builder = builder.with_icon_templated(picture);
            }
            #[cfg(windows)]
            {
                builder = builder.with_icon(picture);
            }
        }
        // Without a taskbar this succeeds, and the icon appears with it.
        match builder.build() {
            Ok(icon) => {
                self.icon = Some(icon);
                self.ear.tray_is(TrayReport::Shown);
            }
            Err(error) => {
                tracing::warn!(%error, "the tray icon cannot be shown");
                self.ear.tray_is(TrayReport::NoHost);
            }
        }
    }
}

/// On macOS the menu bar colours it.
fn repaint(icon: &TrayIcon, picture: Option<tray_icon::Icon>) -> tray_icon::Result<()> {
    #[cfg(target_os = "macos")]
    return icon.set_icon_templated(picture);
    #[cfg(windows)]
    icon.set_icon(picture)
}

fn picture(face: &Face) -> Option<tray_icon::Icon> {
    let pixels = icons::pixels(face.state).to_vec();
    let picture = tray_icon::Icon::from_rgba(pixels, icons::SIZE.into(), icons::SIZE.into());
    picture.inspect_err(|error| tracing::warn!(%error, "the tray icon has no picture")).ok()
}

fn tooltip(face: &Face) -> String {
    let whole = text::lines(&format!("{}\n{}", face.title, face.tooltip), LONGEST_TOOLTIP);
    let mut left = LONGEST_TOOLTIP;
    let fits = |character: &char| {
        let units = left.checked_sub(character.len_utf16());
        left = units.unwrap_or(0);
        units.is_some()
    };
    whole.chars().take_while(fits).collect()
}

fn entry(item: &Item, actions: &mut HashMap<String, Action>) -> Box<dyn IsMenuItem> {
    let shown = |label: &str| text::without_mnemonic(&text::line(label, LONGEST_LINE), '&');
    match item {
        Item::Note(words) => Box::new(MenuItem::new(shown(words), false, None)),
        Item::Act { label, action, enabled, checked } => {
            let id = actions.len().to_string();
            actions.insert(id.clone(), action.clone());
            match checked {
                None => Box::new(MenuItem::with_id(id, shown(label), *enabled, None)),
                Some(checked) => Box::new(CheckMenuItem::with_id(id, shown(label), *enabled, *checked, None)),
            }
        }
        Item::Submenu { label, items } => {
            let submenu = Submenu::new(shown(label), true);
            for item in items.iter().take(MOST_ENTRIES) {
                let appended = submenu.append(entry(item, actions).as_ref());
                appended.unwrap_or_else(|error| tracing::warn!(%error, "an entry of the menu is missing"));
            }
            Box::new(submenu)
        }
        Item::Separator => Box::new(PredefinedMenuItem::separator()),
    }
}
