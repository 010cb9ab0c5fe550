//! The link that opens the page. It holds a token, and so it is no argument of a program, which other users could read: the browser is
//! given the name of a file that only this user can open, and that leads to the link.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use shared::private::make_private;
use shared::{Error, ErrorCode, Result, socket};

use super::session::random;

/// Who opens the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// The person's browser.
    Browser,
    /// Whoever reads it on standard output.
    Printed,
}

/// The file that leads to the link; gone when dropped.
pub(super) struct LinkFile(PathBuf);

impl LinkFile {
    pub(super) fn write(link: &str) -> Result<Self> {
        let folder = socket::directory()?;
        let failed = |error: std::io::Error| {
            Error::new(ErrorCode::System, format!("{} cannot be used: {error}.", folder.display()))
        };
        make_private(&folder).map_err(failed)?;
        let name: String = random()?.chars().take(16).collect();
        let path = folder.join(format!("web-{name}.html"));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path).map_err(failed)?;
        let link_file = Self(path);
        let page = format!(
            "<!doctype html><meta charset=\"utf-8\"><title>Kortti</title><meta http-equiv=\"refresh\" content=\"0; url={link}\">\n"
        );
        file.write_all(page.as_bytes()).map_err(failed)?;
        Ok(link_file)
    }

    /// Has the person's browser open it.
    ///
    /// # Errors
    /// In words, where nothing opens it.
    pub(super) fn open(&self) -> std::result::Result<(), String> {
        let mut command = opener(&self.0);
        let started = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut child = started.map_err(|error| format!("No browser can be started: {error}."))?;
        // It is waited for so that it does not stay as a zombie; the browser it starts is none of ours.
        let path = self.0.clone();
        let wait = move || {
            let failed = child.wait().is_ok_and(|status| !status.success());
            // Explorer says so whatever it did, and a browser may at its end: the file is gone once the page was opened.
            if failed && !cfg!(windows) && path.exists() {
                eprintln!(
                    "No browser opened the page. Get a link to open by yourself with: kortti web --no-open"
                );
            }
        };
        std::thread::Builder::new()
            .name("browser".to_owned())
            .spawn(wait)
            .map(drop)
            .map_err(|error| format!("No thread can be started: {error}."))
    }
}

impl Drop for LinkFile {
    fn drop(&mut self) {
        // It may have been taken away already, and leads nowhere any more.
        let _ = fs::remove_file(&self.0);
    }
}

/// The address of a file. What has a meaning in an address is written as its number (RFC 3986 section 2.1).
fn file_url(path: &Path) -> String {
    let mut url = String::from("file://");
    for byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(byte) {
            url.push(char::from(*byte));
        } else {
            url.push_str(&format!("%{byte:02X}"));
        }
    }
    url
}

fn opener(path: &Path) -> Command {
    let url = file_url(path);
    if cfg!(windows) {
        let mut command = Command::new("explorer");
        command.arg(path);
        command
    } else if cfg!(target_os = "macos") {
        let mut command = Command::new("open");
        command.arg(url);
        command
    } else {
        let mut command = Command::new("xdg-open");
        command.arg(url);
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_the_same_in_an_address() {
        for (path, url) in [
            ("/run/user/1000/kortti/web-0.html", "file:///run/user/1000/kortti/web-0.html"),
            ("/Users/a/Library/Application Support/x", "file:///Users/a/Library/Application%20Support/x"),
            ("/home/50%#1?/\u{e4}", "file:///home/50%25%231%3F/%C3%A4"),
            ("/a\"b&c;d'e<f>", "file:///a%22b%26c%3Bd%27e%3Cf%3E"),
        ] {
            assert_eq!(file_url(Path::new(path)), url);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_path_need_not_be_text() {
        use std::os::unix::ffi::OsStrExt as _;
        let path = Path::new(std::ffi::OsStr::from_bytes(b"/\xFF"));
        assert_eq!(file_url(path), "file:///%FF");
    }
}
