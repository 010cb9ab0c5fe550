//! Linux and the BSDs: GTK and WebKitGTK, on X11 and Wayland.

mod appearance;

use std::env;
use std::sync::Arc;

use gtk::prelude::*;
use shared::{Error, ErrorCode, Result};
use tao::platform::unix::WindowExtUnix as _;
use tao::window::Window;
use webkit2gtk::{HardwareAccelerationPolicy, SettingsExt as _, WebViewExt as _};
use wry::{WebView, WebViewBuilder, WebViewBuilderExtUnix as _, WebViewExtUnix as _};

use crate::host::{Message, Tell};

/// What the window is called by panels and window managers: the class on X11, the application on Wayland. The desktop entry has the
/// same name.
const APPLICATION: &str = "kortti";

/// Whether there is a display. GTK is not touched for that: it would connect to one that is there.
///
/// # Errors
/// [`ErrorCode::System`] when there is none.
pub(crate) fn has_display() -> Result<()> {
    if variable("WAYLAND_DISPLAY").or_else(|| variable("DISPLAY")).is_some() {
        Ok(())
    } else {
        Err(no_display())
    }
}

/// What the desktop gave this start, so that a window may come to the front.
pub(crate) fn startup_id() -> Option<String> {
    let id = variable("XDG_ACTIVATION_TOKEN").or_else(|| variable("DESKTOP_STARTUP_ID"))?;
    id.into_string().ok()
}

fn variable(name: &str) -> Option<std::ffi::OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

fn no_display() -> Error {
    let words = "There is no display to open a window on. In a terminal `kortti` does the same; `kortti web` shows the page in a browser.";
    Error::new(ErrorCode::System, words)
}

/// Connects to the display, before anything else does and would panic without one.
pub(super) fn prepare() -> Result<()> {
    gtk::glib::set_prgname(Some(APPLICATION));
    gtk::init().map_err(|_| no_display())?;
    gtk::gdk::set_program_class(APPLICATION);
    appearance::follow();
    Ok(())
}

/// Puts the view into the window.
pub(super) fn build(builder: WebViewBuilder<'_>, window: &Window) -> wry::Result<WebView> {
    match window.default_vbox() {
        Some(place) => builder.build_gtk(place),
        None => builder.build_gtk(window.gtk_window()),
    }
}

/// Has it said when the process that shows the page ends, and switches off what the page does not use.
pub(super) fn look_after(view: &WebView, tell: &Tell) {
    let view = view.webview();
    let tell = Arc::clone(tell);
    view.connect_web_process_terminated(move |_, _| {
        tell(Message::Broken(
            "The window has lost its page: the process of WebKitGTK that shows it has ended.",
        ));
    });
    if let Some(settings) = webkit2gtk::WebViewExt::settings(&view) {
        // A page of text and buttons gains nothing by it. It costs 80 MB, and drivers are what leaves windows blank.
        settings.set_hardware_acceleration_policy(HardwareAccelerationPolicy::Never);
        settings.set_enable_webgl(false);
        settings.set_enable_webaudio(false);
        settings.set_enable_media(false);
        settings.set_enable_page_cache(false);
        settings.set_enable_html5_local_storage(false);
        settings.set_enable_html5_database(false);
    }
}

/// Brings the window to the front. A desktop that guards the focus lets it only with what it gave who was started, or, on X11, with the
/// time.
pub(super) fn to_front(window: &Window, startup: Option<&str>) {
    let window = window.gtk_window();
    if let Some(startup) = startup {
        window.set_startup_id(startup);
    }
    window.deiconify();
    match window.window().and_then(|window| window.downcast::<gdkx11::X11Window>().ok()) {
        Some(on_x11) => window.present_with_time(gdkx11::functions::x11_get_server_time(&on_x11)),
        None => window.present(),
    }
}
