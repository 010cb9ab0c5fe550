//! The files of the page, in the program itself.

/// One file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct File {
    /// Its path below the page's root, as `js/main.js`.
    pub path: &'static str,
    /// What is in it.
    pub content: &'static [u8],
}

macro_rules! files {
    ($($path:literal,)*) => {
        /// All of them.
        pub const ALL: &[File] =
            &[$(File { path: $path, content: include_bytes!(concat!("../files/", $path)) }),*];
    };
}

files! {
    "icon.svg",
    "index.html",
    "js/authority.js",
    "js/bridge.js",
    "js/certificates/import.js",
    "js/certificates/names.js",
    "js/certificates/table.js",
    "js/certificates/view.js",
    "js/checksum.js",
    "js/clipboard.js",
    "js/dialog.js",
    "js/dom.js",
    "js/empty.js",
    "js/failure.js",
    "js/help.js",
    "js/main.js",
    "js/new_pin.js",
    "js/panels/certificates.js",
    "js/panels/information.js",
    "js/panels/overview.js",
    "js/panels/pin.js",
    "js/panels/unblock.js",
    "js/pin_field.js",
    "js/pins.js",
    "js/policy.js",
    "js/readers.js",
    "js/settings.js",
    "js/status.js",
    "js/store.js",
    "js/text.js",
    "js/unblock/challenge.js",
    "js/unblock/hand_over.js",
    "js/unblock/puk.js",
    "js/unblock/respond.js",
    "js/unblock/step.js",
    "js/zoom.js",
    "style/base.css",
    "style/certificates.css",
    "style/controls.css",
    "style/panels.css",
}

/// What every answer with a file of the page says, whoever serves it: nothing but its own files is loaded, no script or style stands
/// in the markup, nothing may frame it, and nobody keeps it.
pub const HEADERS: &[(&str, &str)] = &[
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("cache-control", "no-store"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), microphone=(), geolocation=(), usb=(), serial=(), hid=(), payment=()"),
];

/// The file at the path of an address, such as `/js/main.js`; the root is the page itself.
pub fn find(path: &str) -> Option<File> {
    let path = path.strip_prefix('/')?;
    let path = if path.is_empty() { "index.html" } else { path };
    ALL.iter().find(|file| file.path == path).copied()
}

impl File {
    /// Its media type.
    pub fn media_type(&self) -> &'static str {
        match self.path.rsplit('.').next() {
            Some("html") => "text/html; charset=utf-8",
            Some("css") => "text/css; charset=utf-8",
            Some("js") => "text/javascript; charset=utf-8",
            Some("svg") => "image/svg+xml",
            _ => "application/octet-stream",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    fn on_disk(folder: &Path, found: &mut BTreeSet<String>, root: &Path) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                on_disk(&path, found, root);
            } else {
                found.insert(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
            }
        }
    }

    #[test]
    fn every_file_is_there() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("files");
        let mut found = BTreeSet::new();
        on_disk(&root, &mut found, &root);
        found.retain(|path| !path.ends_with(".ftl"));
        assert_eq!(found, ALL.iter().map(|file| file.path.to_owned()).collect());
    }

    #[test]
    fn only_files_of_the_page_are_found() {
        assert_eq!(find("/").map(|file| file.path), Some("index.html"));
        assert_eq!(find("/js/main.js").map(|file| file.media_type()), Some("text/javascript; charset=utf-8"));
        for path in [
            "",
            "js/main.js",
            "//js/main.js",
            "/js/../js/main.js",
            "/../Cargo.toml",
            "/js",
            "/text/en.ftl",
            "/js/main.js?x",
        ] {
            assert_eq!(find(path), None, "{path}");
        }
    }

    /// The policy of the page forbids both, so that a name from a card that became markup would do nothing.
    #[test]
    fn no_script_and_no_style_stand_in_the_markup() {
        for file in ALL {
            let text = String::from_utf8_lossy(file.content);
            for unwanted in [
                "innerHTML",
                "insertAdjacentHTML",
                "outerHTML",
                "document.write",
                "eval(",
                "new Function",
                "http://",
                "https://",
            ] {
                let harmless = text.replace("http://www.w3.org/2000/svg", "");
                assert!(!harmless.contains(unwanted), "{}: {unwanted}", file.path);
            }
            if file.path.ends_with(".html") {
                for unwanted in ["<style", " style=", " onclick=", " onload="] {
                    assert!(!text.contains(unwanted), "{}: {unwanted}", file.path);
                }
                assert!(
                    text.matches("<script").count() == text.matches("<script type=\"module\" src=").count(),
                    "{}",
                    file.path
                );
            }
        }
    }
}
