//! A display that nobody sees.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use super::programs::Home;

/// A running Xvfb; ended when dropped.
pub struct Display {
    server: Child,
    name: String,
}

impl Display {
    /// Starts one, and waits until it can be used.
    ///
    /// # Panics
    /// There is no Xvfb.
    pub fn start() -> Self {
        let mut command = Command::new("Xvfb");
        command.args(["-displayfd", "1", "-nolisten", "tcp", "-noreset", "-screen", "0", "1280x900x24"]);
        let mut server =
            command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("Xvfb: install xvfb");
        let mut number = String::new();
        BufReader::new(server.stdout.take().expect("its output")).read_line(&mut number).expect("its number");
        Self { server, name: format!(":{}", number.trim()) }
    }

    /// Has what is started in a home use it, and no bus of a desktop.
    pub fn show(&self, home: &mut Home) {
        home.set("DISPLAY", &self.name);
        home.set("WAYLAND_DISPLAY", "");
        home.set("GDK_BACKEND", "x11");
        home.set("NO_AT_BRIDGE", "1");
        let nowhere = format!("unix:path={}/no-bus", home.path().display());
        home.set("DBUS_SESSION_BUS_ADDRESS", &nowhere);
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
