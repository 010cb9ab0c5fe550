//! Light or dark, as the person has chosen it for the desktop. GTK 3 does not follow that by itself: the settings portal tells it
//! (XDG Desktop Portal, org.freedesktop.portal.Settings). Without a bus or a portal GTK's own setting stands.

use gtk::gio::{self, BusType, Cancellable, DBusCallFlags, DBusConnection, DBusSignalFlags};
use gtk::glib::{Variant, VariantTy};
use gtk::prelude::*;

const PORTAL: &str = "org.freedesktop.portal.Desktop";
const PLACE: &str = "/org/freedesktop/portal/desktop";
const SETTINGS: &str = "org.freedesktop.portal.Settings";
const APPEARANCE: &str = "org.freedesktop.appearance";
const SCHEME: &str = "color-scheme";

/// How long the portal may take, in milliseconds.
const PATIENCE: i32 = 5000;

/// Follows the desktop from now on. Nothing waits for it.
pub(super) fn follow() {
    gio::bus_get(BusType::Session, None::<&Cancellable>, |bus| {
        if let Ok(bus) = bus {
            ask(&bus);
        }
    });
}

fn ask(bus: &DBusConnection) {
    bus.signal_subscribe(
        Some(PORTAL),
        Some(SETTINGS),
        Some("SettingChanged"),
        Some(PLACE),
        Some(APPEARANCE),
        DBusSignalFlags::NONE,
        |_, _, _, _, _, changed| {
            if changed.try_child_value(1).is_some_and(|key| key.str() == Some(SCHEME)) {
                changed.try_child_value(2).as_ref().map(take);
            }
        },
    );
    let what = (APPEARANCE, SCHEME).to_variant();
    bus.call(
        Some(PORTAL),
        PLACE,
        SETTINGS,
        "Read",
        Some(&what),
        None,
        DBusCallFlags::NONE,
        PATIENCE,
        None::<&Cancellable>,
        |reply| {
            if let Ok(reply) = reply {
                reply.try_child_value(0).as_ref().map(take);
            }
        },
    );
}

/// Takes a choice over: 1 is dark, 2 is light, anything else is none.
fn take(value: &Variant) {
    let mut value = value.clone();
    // `Read` wraps it once more than it should.
    while value.type_() == VariantTy::VARIANT {
        let Some(inner) = value.as_variant() else { return };
        value = inner;
    }
    if let (Some(scheme @ (1 | 2)), Some(settings)) = (value.get::<u32>(), gtk::Settings::default()) {
        settings.set_gtk_application_prefer_dark_theme(scheme == 1);
    }
}
