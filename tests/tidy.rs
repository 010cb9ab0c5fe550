//! What ARCHITECTURE.md promises and the compiler does not keep: who may import whom, what is absent, and that the
//! protocol's page says what the programs do.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use harness::programs::Home;
use harness::wire::Wire;

/// The longest source file, tests left out.
const LONGEST: usize = 500;

/// The one file in which there is unsafe code: an allocator that looks for secrets.
const UNSAFE: &str = "tests/leaks/leaks.rs";

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The sources of these folders: path from the root, and content.
fn sources(folders: &[&str]) -> Vec<(String, String)> {
    let mut folders: Vec<PathBuf> = folders.iter().map(|folder| root().join(folder)).collect();
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(!found.is_empty());
    found.sort();
    found
}

fn everything() -> Vec<(String, String)> {
    sources(&["shared", "agent", "cli", "gui", "tests"])
}

/// The code of a source, without its comments.
fn code(source: &str) -> String {
    let lines = source.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The modules that stand behind `prefix`, alone or in braces.
fn named_behind(code: &str, prefix: &str) -> BTreeSet<String> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let first_name = |text: &str| text.trim_start().chars().take_while(|c| is_name(*c)).collect::<String>();
    let mut names = BTreeSet::new();
    for (at, _) in code.match_indices(prefix) {
        if code[..at].ends_with(is_name) {
            continue;
        }
        let rest = &code[at + prefix.len()..];
        let Some(group) = rest.strip_prefix('{') else {
            names.insert(first_name(rest));
            continue;
        };
        let mut depth = 0;
        for part in group.split_inclusive(['{', '}', ',']) {
            if depth == 0 {
                names.insert(first_name(part));
            }
            depth += i32::from(part.ends_with('{')) - i32::from(part.ends_with('}'));
            if depth < 0 {
                break;
            }
        }
    }
    names.remove("");
    names
}

#[test]
fn imports_in_the_crate_card_go_one_way() {
    let allowed: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("tlv", &[][..]),
        ("der", &[]),
        ("atr", &[]),
        ("key", &["der"]),
        ("transport", &[]),
        ("error", &["transport"]),
        ("smart_card", &["error", "key"]),
        ("apdu", &["tlv", "key", "transport"]),
        ("pin_pad", &["transport", "error"]),
        ("applet", &["tlv", "key", "transport", "apdu", "atr", "pin_pad", "error"]),
        ("edge", &["tlv", "key", "transport", "apdu", "pin_pad", "applet", "error", "smart_card", "x509"]),
        ("x509", &["der", "key"]),
        ("pfx", &["der", "key", "x509"]),
        ("virt", &["transport"]),
    ]);
    let is_module = |name: &str| allowed.contains_key(name);
    let mut seen = BTreeSet::new();
    for (path, source) in sources(&["agent/card/src"]) {
        let place = path.strip_prefix("agent/card/src/").unwrap();
        let module = place.split(['/', '.']).next().unwrap();
        if module == "lib" {
            continue;
        }
        let mine = allowed.get(module).unwrap_or_else(|| panic!("{path}: say here what {module} may import"));
        let code = code(&source);
        let mut imported = named_behind(&code, "crate::");
        // At the top the parent is the crate; further down nobody needs what is above the parent.
        assert!(!code.contains("super::super"), "{path}");
        if !place.contains('/') {
            imported.extend(named_behind(&code, "super::").into_iter().filter(|name| is_module(name)));
        }
        for name in imported {
            // The crate's root shows the types of two modules that are private.
            let from = match name.as_str() {
                "Error" | "PadEnd" | "Result" | "VoidReason" => "error",
                name if !is_module(name) => "smart_card",
                name => name,
            };
            assert!(from == module || mine.contains(&from), "{path} must not import {name}");
        }
        seen.insert(module.to_owned());
    }
    assert_eq!(
        seen,
        allowed.keys().map(|name| (*name).to_owned()).collect(),
        "the modules of the crate card"
    );
}

#[test]
fn imports_are_found_in_all_their_forms() {
    let code = "use crate::{tlv, x509::{der, names}, edge}; crate::apdu::encode(); not_crate::virt; use crate::key::A;";
    let found = named_behind(code, "crate::");
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["apdu", "edge", "key", "tlv", "x509"]);
}

#[test]
fn only_the_transport_knows_the_pcsc_library() {
    for (path, source) in everything() {
        let known = code(&source).contains(&["::", "pcsc::{"].concat())
            || code(&source).contains(&["use ", "pcsc"].concat());
        // The other one plays the part of another program at the same card.
        let may = ["agent/card/src/transport/pcsc.rs", "tests/another_program.rs"];
        assert_eq!(known, may.contains(&path.as_str()), "{path}");
    }
}

/// Which folders know the libraries of the platform: buses, event loops, windows, web views, and the server of the page.
#[test]
fn only_the_surfaces_know_the_platform() {
    let desktop: &[&str] =
        &["agent/desktop/src/surface/", "agent/desktop/src/tray/", "agent/desktop/src/notices/"];
    let window: &[&str] = &["gui/src/window.rs", "gui/src/window/"];
    let web: &[&str] = &["gui/page/src/web.rs", "gui/page/src/web/"];
    let both = [desktop, window].concat();
    let served = [desktop, web].concat();
    let rows: [(&str, &[&str]); 15] = [
        ("zbus", desktop),
        ("ksni", desktop),
        ("futures_util", desktop),
        ("tray_icon", desktop),
        ("notify_rust", desktop),
        ("tokio", &served),
        ("tao", &both),
        ("wry", window),
        ("gtk", window),
        ("gdkx11", window),
        ("webkit2gtk", window),
        ("muda", window),
        ("hyper", web),
        ("hyper_util", web),
        ("http_body_util", web),
    ];
    for (library, may) in rows {
        let mut known = false;
        for (path, source) in sources(&["shared", "agent", "cli", "gui"]) {
            if !named_behind(&code(&source), &format!("{library}::")).is_empty() {
                assert!(may.iter().any(|place| path.starts_with(place)), "{path} and {library}");
                known = true;
            }
        }
        assert!(known, "{library} is not known to anybody");
    }
}

#[test]
fn crates_depend_as_they_may() {
    let ours = ["agent", "card", "cli", "desktop", "gui", "page", "shared"];
    let rows: [(&str, &[&str], bool); 7] = [
        ("shared", &[], false),
        ("agent/card", &["shared"], true),
        ("agent", &["card", "shared"], false),
        ("agent/desktop", &["shared"], false),
        ("cli", &["shared"], false),
        ("gui/page", &["shared"], false),
        ("gui", &["page", "shared"], false),
    ];
    for (package, allowed, knows_pcsc) in rows {
        let manifest = read(&format!("{package}/Cargo.toml"));
        let depends = |name: &str| {
            let is_it =
                |line: &str| line.starts_with(&format!("{name}.")) || line.starts_with(&format!("{name} "));
            manifest.split("dependencies]").skip(1).any(|section| section.lines().any(is_it))
        };
        for name in ours {
            assert_eq!(depends(name), allowed.contains(&name), "{package} and {name}");
        }
        assert_eq!(depends("pcsc"), knows_pcsc, "{package} and pcsc");
        assert!(
            manifest.contains("[lints]\nworkspace = true"),
            "{package}: the lints, which forbid unsafe code"
        );
    }
    assert!(read("Cargo.toml").contains("unsafe_code = \"forbid\""));
}

#[test]
fn what_must_not_be_there_is_not() {
    let unwanted =
        [["to", "do!("], ["unimple", "mented!("], ["d", "bg!("], ["#[ig", "nore"], ["#[should", "_panic"]];
    for (path, source) in everything() {
        let code = code(&source);
        for word in unwanted.map(|parts| parts.concat()) {
            assert!(!code.contains(&word), "{path}: {word}");
        }
        let is_unsafe = ["{", "impl", "fn"].iter().any(|next| code.contains(&["unsafe ", next].concat()));
        assert_eq!(is_unsafe, path == UNSAFE, "{path}: unsafe code");
        let lines = source.lines().count();
        let is_test = path.contains("tests");
        assert!(is_test || lines <= LONGEST, "{path} has {lines} lines: part it");
    }
}

/// A file says what it is for, unless it is one of several and the file above them does.
#[test]
fn every_file_says_what_it_is_for() {
    let all: BTreeMap<String, String> = everything().into_iter().collect();
    let says = |path: String| all.get(&path).is_some_and(|source| source.starts_with("//!"));
    for path in all.keys() {
        let folder = Path::new(path).parent().unwrap().display().to_string();
        let above = [format!("{folder}.rs"), format!("{folder}/main.rs"), format!("{folder}/lib.rs")];
        assert!(says(path.clone()) || above.into_iter().any(says), "{path}");
    }
}

#[test]
fn kortti_can_do_what_the_agent_can() {
    let cli: String = sources(&["cli/src"]).iter().map(|(_, source)| code(source)).collect();
    // The client itself greets and subscribes, and what the desktop can do only the desktop says.
    let used = cli + &code(&read("shared/src/client.rs")) + &code(&read("agent/desktop/src/agent.rs"));
    let methods = code(&read("shared/src/rpc/methods.rs"));
    for wire in shared::rpc::methods::ALL {
        let line = methods.lines().find(|line| line.contains(&format!("= \"{wire}\"")));
        let name = line.and_then(|line| line.split_whitespace().next()).unwrap();
        assert!(used.contains(&format!("<{name}>")), "{wire} is not used");
    }
}

/// `kortti` is told of each error by a stand-in for the agent, and ends as the protocol's page says.
#[test]
fn the_page_of_the_protocol_names_every_error() {
    let page = read("docs/protocol.md");
    let mut documented = BTreeMap::new();
    for row in page.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [names, _, exit] = cells[..] else { continue };
        for name in names.split(", ") {
            let exit: i32 = exit.parse().unwrap_or_else(|_| panic!("{row}"));
            assert_eq!(documented.insert(name.trim_matches('`').to_owned(), exit), None, "{name}");
        }
    }
    let source = code(&read("shared/src/error.rs"));
    let variants = source.split_once("pub enum ErrorCode {").unwrap().1.split_once('}').unwrap().0;
    let in_snake_case = |name: &str| {
        let letters = name.chars().enumerate().flat_map(|(at, letter)| {
            let parting = (at > 0 && letter.is_uppercase()).then_some('_');
            parting.into_iter().chain(letter.to_lowercase())
        });
        letters.collect::<String>()
    };
    let known: BTreeSet<String> =
        variants.split(',').map(str::trim).filter(|name| !name.is_empty()).map(in_snake_case).collect();
    assert_eq!(documented.keys().cloned().collect::<BTreeSet<_>>(), known);

    let home = Home::new();
    fs::create_dir(home.path().join("kortti")).unwrap();
    let listener = UnixListener::bind(Wire::place(&home)).unwrap();
    for (name, exit) in documented {
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = String::new();
                BufReader::new(&stream).read_line(&mut request).unwrap();
                let data = format!(r#"{{"code":"{name}","message":"Told."}}"#);
                let fault = format!(r#"{{"code":-32000,"message":"Told.","data":{data}}}"#);
                writeln!(stream, r#"{{"jsonrpc":"2.0","id":1,"error":{fault}}}"#).unwrap();
            });
            let run = home.kortti(&["agent", "status", "--json"], &[]).code(exit);
            assert_eq!(run.json()["error"]["code"], name.as_str());
        });
    }
}
