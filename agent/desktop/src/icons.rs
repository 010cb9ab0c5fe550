//! The icons of the six states.

#[cfg(not(any(windows, target_os = "macos")))]
pub(crate) mod theme;

use crate::tray::TrayState;

/// The width and the height of the pixels.
pub(crate) const SIZE: u16 = 32;

macro_rules! pixels {
    ($state:literal) => {
        include_bytes!(concat!("../icons/pixels/kortti-", $state, "-dark.rgba"))
    };
}

/// The pixels of a state, for a dark panel that takes nothing else: red, green, blue and opacity, [`SIZE`] lines of
/// [`SIZE`].
pub(crate) fn pixels(state: TrayState) -> &'static [u8] {
    match state {
        TrayState::NoService => pixels!("no-service"),
        TrayState::NoReader => pixels!("no-reader"),
        TrayState::Empty => pixels!("empty"),
        TrayState::Card => pixels!("card"),
        TrayState::Attention => pixels!("attention"),
        TrayState::Blocked => pixels!("blocked"),
    }
}
