//! Changes to the person's own file, which keep its comments and its order.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use toml_edit::{DocumentMut, Item, Table};

use super::layers::{Entry, Loaded, parse};
use crate::{Error, ErrorCode, Result};

/// Sets a key in the file of this user. `value` is as TOML has it; text that is no TOML is taken as text.
///
/// # Errors
/// [`ErrorCode::Forbidden`] for a key that somebody above settles, [`ErrorCode::BadRequest`] for an unknown key or a value
/// that does not fit, [`ErrorCode::System`] when the file cannot be written.
pub fn set(file: &Path, loaded: &Loaded, key: &str, value: &str) -> Result<()> {
    refuse_locked(loaded, key)?;
    let value: toml_edit::Value = value.parse().unwrap_or_else(|_| value.into());
    change(file, key, |holder, name| {
        holder.insert(name, Item::Value(value));
    })
}

/// Takes a key out of the file of this user, so that what is below it is in force again.
///
/// # Errors
/// As for [`set`].
pub fn unset(file: &Path, loaded: &Loaded, key: &str) -> Result<()> {
    refuse_locked(loaded, key)?;
    change(file, key, |holder, name| {
        holder.remove(name);
    })
}

fn refuse_locked(loaded: &Loaded, key: &str) -> Result<()> {
    let settles = |entry: &&Entry| {
        let within = key.strip_prefix(entry.key.as_str()).is_some_and(|rest| rest.starts_with('.'));
        entry.locked && (entry.key == key || within)
    };
    match loaded.entries.iter().find(settles) {
        Some(entry) => Err(Error::new(
            ErrorCode::Forbidden,
            format!(
                "{key} is settled by {}; ask your administrator.",
                entry.place.as_deref().unwrap_or("the policy of this machine")
            ),
        )),
        None => Ok(()),
    }
}

fn change(file: &Path, key: &str, act: impl FnOnce(&mut Table, &str)) -> Result<()> {
    let failed = |error: &dyn std::fmt::Display| {
        Error::new(ErrorCode::System, format!("{} cannot be changed: {error}.", file.display()))
    };
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => return Err(failed(&error)),
    };
    let mut document: DocumentMut = text.parse().map_err(|_| {
        Error::new(
            ErrorCode::BadRequest,
            format!("{} is no TOML as it stands. `kortti config` says where; mend it first.", file.display()),
        )
    })?;
    let (path, name) = key.rsplit_once('.').map_or(("", key), |(path, name)| (path, name));
    let mut holder = document.as_table_mut();
    for part in path.split('.').filter(|part| !part.is_empty()) {
        let inner = holder.entry(part).or_insert_with(|| {
            let mut table = Table::new();
            table.set_implicit(true);
            Item::Table(table)
        });
        holder = inner.as_table_mut().ok_or_else(|| unknown(key, "it is not a group of settings"))?;
    }
    act(holder, name);
    let text = document.to_string();
    parse(&text).map_err(|(_, reason)| unknown(key, &reason))?;
    write(file, &text).map_err(|error| failed(&error))
}

fn unknown(key: &str, reason: &str) -> Error {
    Error::new(
        ErrorCode::BadRequest,
        format!("{key} cannot be set so: {reason}. `kortti config` lists the keys."),
    )
}

/// Writes the file whole or not at all.
fn write(file: &Path, text: &str) -> std::io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new(""));
    fs::create_dir_all(folder)?;
    // A link to where the file really is, as in a folder of dotfiles, stays one.
    let file = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    let beside = file.with_extension(format!("toml.{}", std::process::id()));
    // What a run left that was killed, or a link that somebody has put there.
    let _ = fs::remove_file(&beside);
    let mut new = fs::OpenOptions::new().write(true).create_new(true).open(&beside)?;
    if let Ok(before) = fs::metadata(&file) {
        new.set_permissions(before.permissions())?;
    }
    new.write_all(text.as_bytes())?;
    new.sync_all()?;
    fs::rename(&beside, &file).inspect_err(|_| {
        let _ = fs::remove_file(&beside);
    })
}
