//! From files to settings: each layer is read by itself, a bad one is refused whole, and the others are laid over
//! each other.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::Path;

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::{Config, Place, Places};

/// The largest file that is read, in bytes.
const LARGEST: u64 = 256 * 1024;

/// Whose setting it is, from the one that wins to the one that gives way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The policy of whoever manages the machine.
    Managed,
    /// The machine's own configuration.
    System,
    /// The person's.
    User,
    /// Nobody's: as the program comes.
    Default,
}

/// One setting as it is in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Entry {
    /// Its key, with dots.
    pub key: String,
    /// Its value.
    #[cfg_attr(test, ts(type = "unknown"))]
    pub value: serde_json::Value,
    /// Who set it.
    pub source: Source,
    /// Where it was set; absent for a default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Whether the person cannot change it.
    pub locked: bool,
}

/// Why a place was not taken in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Problem {
    /// The place.
    pub place: String,
    /// The line of a file, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// What is wrong, in words.
    pub reason: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}, line {line}: {}", self.place, self.reason),
            None => write!(f, "{}: {}", self.place, self.reason),
        }
    }
}

/// The settings in force, and how they came about.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Loaded {
    /// What is in force.
    pub config: Config,
    /// The same, key by key.
    pub entries: Vec<Entry>,
    /// The places that were refused; what they held when they were last read well is still in force.
    pub problems: Vec<Problem>,
    /// What each place held when it was last read well.
    layers: BTreeMap<String, Table>,
}

impl Loaded {
    /// These settings, which no place has set.
    pub fn of(config: Config) -> Self {
        Self { config, ..Self::default() }
    }
}

/// Reads the places. A place that cannot be used is told among the problems, and what it held before stays in force.
pub fn load(places: &Places, before: &Loaded) -> Loaded {
    let mut problems = Vec::new();
    let mut layers = Vec::new();
    for (source, place) in &places.0 {
        let name = place.to_string();
        let table = match read(*source, place) {
            Ok(table) => table,
            Err((line, reason)) => {
                problems.push(Problem { place: name.clone(), line, reason });
                before.layers.get(&name).cloned().unwrap_or_default()
            }
        };
        layers.push((*source, name, table));
    }
    let mut merged = Table::new();
    for (_, _, table) in layers.iter().rev() {
        lay_over("", &mut merged, table);
    }
    // Each layer fits the settings by itself, and no two of them can make a setting of another kind together.
    let config = Value::Table(merged).try_into().unwrap_or_else(|_| before.config.clone());
    let entries = entries(&config, &layers);
    let layers = layers.into_iter().map(|(_, name, table)| (name, table)).collect();
    Loaded { config, entries, problems, layers }
}

/// The settings that are tables of whatever entries. An empty one says that there are none.
const MAPS: [&str; 3] = ["hook.on", "notify.text", "notify.title"];

/// A table over another: what it sets wins, and a list or a setting is replaced as a whole.
fn lay_over(prefix: &str, below: &mut Table, above: &Table) {
    for (key, value) in above {
        let name = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match (below.get_mut(key), value) {
            (Some(Value::Table(below)), Value::Table(above))
                if !above.is_empty() || !MAPS.contains(&name.as_str()) =>
            {
                lay_over(&name, below, above);
            }
            _ => drop(below.insert(key.clone(), value.clone())),
        }
    }
}

type Refused = (Option<u32>, String);

fn read(source: Source, place: &Place) -> Result<Table, Refused> {
    let table = match place {
        Place::File(path) => match text_of(source, path)? {
            Some(text) => return parse(&text),
            None => Table::new(),
        },
        #[cfg(windows)]
        Place::Registry(key) => super::registry::read(key).map_err(|reason| (None, reason))?,
        #[cfg(target_os = "macos")]
        Place::PropertyList(path) => property_list(path).map_err(|reason| (None, reason))?,
        #[cfg(not(windows))]
        Place::Registry(_) => Table::new(),
        #[cfg(not(target_os = "macos"))]
        Place::PropertyList(_) => Table::new(),
    };
    let config: Config =
        Value::Table(table.clone()).try_into().map_err(|error: toml::de::Error| (None, said(&error)))?;
    config.check().map_err(|reason| (None, reason))?;
    Ok(table)
}

/// The settings of a property list. One that does not exist sets nothing.
#[cfg(target_os = "macos")]
fn property_list(path: &Path) -> Result<Table, String> {
    match plist::from_file(path) {
        Ok(table) => Ok(table),
        Err(error) if error.as_io().is_some_and(|error| error.kind() == ErrorKind::NotFound) => {
            Ok(Table::new())
        }
        Err(error) => Err(format!("it cannot be read: {error}")),
    }
}

/// The text of a file, if it is there. What the machine's administrator settles must be the administrator's.
fn text_of(source: Source, path: &Path) -> Result<Option<String>, Refused> {
    let refused = |reason: String| (None, reason);
    // Looked at before it is opened: a pipe would keep whoever opens it.
    match std::fs::metadata(path) {
        Ok(about) if about.is_file() => {}
        Ok(_) => return Err(refused("it is no file".to_owned())),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(refused(format!("it cannot be read: {error}"))),
    }
    let file = File::open(path).map_err(|error| refused(format!("it cannot be read: {error}")))?;
    let about = file.metadata().map_err(|error| refused(format!("it cannot be read: {error}")))?;
    if !about.is_file() {
        return Err(refused("it is no file".to_owned()));
    }
    #[cfg(unix)]
    if source != Source::User {
        use std::os::unix::fs::MetadataExt as _;
        if about.uid() != 0 || about.mode() & 0o022 != 0 {
            return Err(refused("it must belong to root, and nobody else may write to it".to_owned()));
        }
    }
    #[cfg(not(unix))]
    let _ = source;
    let mut text = String::new();
    file.take(LARGEST + 1)
        .read_to_string(&mut text)
        .map_err(|error| refused(format!("it cannot be read: {error}")))?;
    if text.len() > usize::try_from(LARGEST).unwrap_or(usize::MAX) {
        return Err(refused(format!("it is larger than {} KiB", LARGEST / 1024)));
    }
    Ok(Some(text))
}

/// Reads a file's text.
///
/// # Errors
/// The line, where it can be told, and what is wrong there.
pub(super) fn parse(text: &str) -> Result<Table, Refused> {
    let refused = |error: toml::de::Error| (error.span().map(|span| line_of(text, span.start)), said(&error));
    let table: Table = toml::from_str(text).map_err(refused)?;
    let config: Config = toml::from_str(text).map_err(refused)?;
    config.check().map_err(|reason| (line_naming(text, &reason), reason))?;
    Ok(table)
}

/// What the library says is wrong, on one line and without the text around it.
fn said(error: &toml::de::Error) -> String {
    error.message().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn line_of(text: &str, offset: usize) -> u32 {
    let before = text.get(..offset).unwrap_or(text);
    u32::try_from(before.matches('\n').count()).unwrap_or(u32::MAX).saturating_add(1)
}

/// The line on which the last part of the key stands with which a reason begins.
fn line_naming(text: &str, reason: &str) -> Option<u32> {
    let name = reason.split(':').next()?.rsplit('.').next()?;
    let at = text.lines().position(|line| line.trim_start().starts_with(name))?;
    u32::try_from(at + 1).ok()
}

/// Every setting, key by key, with who set it.
fn entries(config: &Config, layers: &[(Source, String, Table)]) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut leaves = Vec::new();
    if let Ok(Value::Table(table)) = Value::try_from(config) {
        collect("", &table, &mut leaves);
    }
    for (key, value) in leaves {
        let setter = layers.iter().find(|(_, _, table)| sets(table, &key));
        let source = setter.map_or(Source::Default, |(source, _, _)| *source);
        entries.push(Entry {
            value: serde_json::to_value(&value).unwrap_or_default(),
            source,
            place: setter.map(|(_, place, _)| place.clone()),
            locked: matches!(source, Source::Managed | Source::System),
            key,
        });
    }
    entries
}

/// The settings in a table, each with its key. A table without any is one setting.
fn collect(prefix: &str, table: &Table, leaves: &mut Vec<(String, Value)>) {
    for (name, value) in table {
        let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        match value {
            Value::Table(inner) if !inner.is_empty() => collect(&key, inner, leaves),
            value => leaves.push((key, value.clone())),
        }
    }
}

/// Whether a table sets this key.
pub(super) fn sets(table: &Table, key: &str) -> bool {
    let mut parts = key.split('.');
    let last = parts.next_back().unwrap_or_default();
    let holder = parts.try_fold(table, |table, part| table.get(part)?.as_table());
    holder.is_some_and(|holder| holder.contains_key(last))
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) | Self::PropertyList(path) => path.display().fmt(f),
            Self::Registry(key) => write!(f, "HKEY_LOCAL_MACHINE\\{key}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::*;
    use crate::config::{NoticeKind, OnInsert};

    /// A folder of its own, gone when dropped.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("kortti-config-{}-{name}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn file(&self, name: &str, text: &str) -> PathBuf {
            let path = self.0.join(name);
            fs::write(&path, text).unwrap();
            path
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn user(path: PathBuf) -> Places {
        Places(vec![(Source::User, Place::File(path))])
    }

    #[test]
    fn the_first_layer_wins_and_says_so() {
        let folder = Folder::new("layers");
        // Layers of one user, so that the test need not be root.
        let above =
            folder.file("policy.toml", "[cert]\nforbid_import = true\n[notify.text]\ncard_in = \"Hello\"\n");
        let below = folder.file(
            "config.toml",
            "[cert]\nforbid_import = false\nforbid_delete = true\n[notify.text]\ncard_out = \"Bye\"\n\
             [[insert]]\nkind = \"piv\"\ndo = [\"window\"]\n",
        );
        let places =
            Places(vec![(Source::User, Place::File(above.clone())), (Source::User, Place::File(below))]);
        let Loaded { config, entries, problems, .. } = load(&places, &Loaded::default());
        assert_eq!(problems, []);
        assert!(config.cert.forbid_import && config.cert.forbid_delete);
        assert_eq!(config.notify.text.len(), 2);
        assert_eq!(config.notify.text[&NoticeKind::CardIn], "Hello");
        assert_eq!(config.insert[0].r#do, [OnInsert::Window]);
        let entry = |key: &str| entries.iter().find(|entry| entry.key == key).unwrap();
        assert_eq!(entry("cert.forbid_import").place, Some(above.display().to_string()));
        assert_eq!(entry("cert.renew_identifier").source, Source::Default);
        assert_eq!(entry("notify.expiring_days").value, serde_json::json!([60, 30, 10, 1]));
        assert!(!entry("cert.forbid_import").locked);
    }

    #[test]
    fn an_empty_map_above_leaves_none() {
        let folder = Folder::new("maps");
        let above = folder.file("policy.toml", "[hook]\non = {}\n[cert]\n");
        let below =
            folder.file("config.toml", "[hook.on]\ncard_removed = [[\"a\"]]\n[cert]\nforbid_import = true\n");
        let places = Places(vec![(Source::User, Place::File(above)), (Source::User, Place::File(below))]);
        let Loaded { config, problems, .. } = load(&places, &Loaded::default());
        assert_eq!((problems, config.hook.on.len(), config.cert.forbid_import), (vec![], 0, true));
        let locked = Entry {
            key: "hook.on".into(),
            value: serde_json::json!({}),
            source: Source::Managed,
            place: None,
            locked: true,
        };
        let loaded = Loaded { entries: vec![locked], ..Loaded::default() };
        let file = folder.0.join("config.toml");
        let refused = crate::config::set(&file, &loaded, "hook.on.card_removed", "[]").unwrap_err();
        assert_eq!(refused.code, crate::ErrorCode::Forbidden);
    }

    /// A pipe in the place of a file keeps nobody.
    #[cfg(unix)]
    #[test]
    fn a_pipe_is_no_file() {
        let folder = Folder::new("pipe");
        let path = folder.0.join("config.toml");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        assert_eq!(load(&user(path), &Loaded::default()).problems[0].reason, "it is no file");
    }

    #[test]
    fn what_is_refused_and_where() {
        for (text, line, reason) in [
            ("[cert]\nforbid_import = \"yes\"\n", Some(2), "invalid type"),
            ("[cert]\n\nforbid_inport = true\n", Some(3), "unknown field"),
            ("[notify]\ntext.card_inn = \"x\"\n", Some(2), "unknown variant"),
            ("cert = [\n", Some(1), "unclosed array"),
            ("[hook.on]\ncard_insert = [[\"a\"]]\n", Some(2), "there is no event of that name"),
            ("[hook.on]\ncard_inserted = [[]]\n", Some(2), "a command needs a program"),
            ("[hook]\ntimeout_s = 0\n", Some(2), "one second at least"),
            ("[notify]\nexpiring_days = [70000]\n", Some(2), "invalid value"),
        ] {
            let (found, said) = parse(text).unwrap_err();
            assert_eq!(found, line, "{text} {said}");
            assert!(said.contains(reason) && !said.contains('\n'), "{text} {said}");
        }
        assert!(parse("").unwrap().is_empty());
    }

    #[test]
    fn a_file_that_breaks_leaves_what_it_said_before_in_force() {
        let folder = Folder::new("breaks");
        let path = folder.file("config.toml", "[tray]\nvisible = false\n");
        let places = user(path.clone());
        let first = load(&places, &Loaded::default());
        assert!(!first.config.tray.visible);
        fs::write(&path, "[tray]\nvisible = fals\n").unwrap();
        let broken = load(&places, &first);
        assert!(!broken.config.tray.visible);
        assert_eq!(broken.problems.len(), 1);
        assert_eq!(broken.problems[0].line, Some(2));
        fs::write(&path, "").unwrap();
        let mended = load(&places, &broken);
        assert!(mended.config.tray.visible && mended.problems.is_empty());
        fs::remove_file(&path).unwrap();
        assert_eq!(load(&places, &mended).config, Config::default());
    }

    #[test]
    fn a_file_that_is_too_large_or_no_file_is_refused() {
        let folder = Folder::new("large");
        let path = folder.file("config.toml", &"#".repeat(300 * 1024));
        assert_eq!(load(&user(path), &Loaded::default()).problems[0].reason, "it is larger than 256 KiB");
        let problems = load(&user(folder.0.clone()), &Loaded::default()).problems;
        assert!(problems[0].reason.starts_with("it is no file"), "{problems:?}");
    }

    #[test]
    fn one_key_is_changed_and_the_rest_of_the_file_stays() {
        use crate::config::{set, unset};

        let folder = Folder::new("edit");
        let path = folder.file("config.toml", "# mine\n[tray]\nvisible = true # shown\n");
        let loaded = Loaded::default();
        set(&path, &loaded, "tray.visible", "false").unwrap();
        set(&path, &loaded, "notify.title.card_in", "Hello there").unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains("# mine") && text.contains("visible = false"), "{text}");
        assert_eq!(
            load(&user(path.clone()), &loaded).config.notify.title[&NoticeKind::CardIn],
            "Hello there"
        );
        unset(&path, &loaded, "tray.visible").unwrap();
        assert!(load(&user(path.clone()), &loaded).config.tray.visible);
        for (key, value) in [
            ("tray.visible", "7"),
            ("tray.visibl", "true"),
            ("tray", "1"),
            ("", "1"),
            ("tray.visible.x", "1"),
        ] {
            assert!(set(&path, &loaded, key, value).is_err(), "{key}");
        }
        let locked = Entry {
            key: "tray.visible".into(),
            value: true.into(),
            source: Source::Managed,
            place: Some("the policy".into()),
            locked: true,
        };
        let error =
            set(&path, &Loaded { entries: vec![locked], ..Loaded::default() }, "tray.visible", "false");
        assert!(error.unwrap_err().message.contains("the policy"));
    }
}
