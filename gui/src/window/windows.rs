//! Windows: WebView2.

use shared::Result;
use tao::window::Window;
use wry::{WebView, WebViewBuilder};

use crate::host::Tell;

/// A process in a session of Windows has a display.
pub(crate) fn has_display() -> Result<()> {
    Ok(())
}

/// Windows lets the program that a person has started bring windows of others to the front.
pub(crate) fn startup_id() -> Option<String> {
    None
}

pub(super) fn prepare() -> Result<()> {
    Ok(())
}

pub(super) fn build(builder: WebViewBuilder<'_>, window: &Window) -> wry::Result<WebView> {
    builder.build(window)
}

pub(super) fn look_after(_view: &WebView, _tell: &Tell) {}

pub(super) fn to_front(window: &Window, _startup: Option<&str>) {
    window.set_minimized(false);
    window.set_focus();
}
