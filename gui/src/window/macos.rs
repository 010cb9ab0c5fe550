//! macOS: WKWebView.

use muda::{Menu, PredefinedMenuItem, Submenu};
use shared::Result;
use tao::window::Window;
use wry::{WebView, WebViewBuilder};

use crate::host::Tell;

/// A process in a session of macOS has a display.
pub(crate) fn has_display() -> Result<()> {
    Ok(())
}

/// macOS has no such thing.
pub(crate) fn startup_id() -> Option<String> {
    None
}

pub(super) fn prepare() -> Result<()> {
    Ok(())
}

pub(super) fn build(builder: WebViewBuilder<'_>, window: &Window) -> wry::Result<WebView> {
    let view = builder.build(window)?;
    // Without a menu that has them, the keys for copying, pasting and quitting do nothing. Without the menu itself there is a window.
    if let Ok(menu) = menu() {
        menu.init_for_nsapp();
        // It has to live as long as the program does.
        std::mem::forget(menu);
    }
    Ok(view)
}

fn menu() -> muda::Result<Menu> {
    let application = Submenu::with_items(
        "Kortti",
        true,
        &[
            &PredefinedMenuItem::hide(None),
            &PredefinedMenuItem::close_window(None),
            &PredefinedMenuItem::quit(None),
        ],
    )?;
    let edit = Submenu::with_items(
        "Edit",
        true,
        &[
            &PredefinedMenuItem::undo(None),
            &PredefinedMenuItem::redo(None),
            &PredefinedMenuItem::separator(),
            &PredefinedMenuItem::cut(None),
            &PredefinedMenuItem::copy(None),
            &PredefinedMenuItem::paste(None),
            &PredefinedMenuItem::select_all(None),
        ],
    )?;
    Menu::with_items(&[&application, &edit])
}

pub(super) fn look_after(_view: &WebView, _tell: &Tell) {}

pub(super) fn to_front(window: &Window, _startup: Option<&str>) {
    window.set_minimized(false);
    window.set_focus();
}
