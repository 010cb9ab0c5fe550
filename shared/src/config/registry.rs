//! Settings out of the Windows registry, whose values know fewer kinds than settings do.

use toml::{Table, Value};

use super::Config;

/// A value as the registry has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Raw {
    /// REG_DWORD or REG_QWORD.
    Number(u64),
    /// REG_SZ.
    Text(String),
    /// REG_MULTI_SZ.
    Texts(Vec<String>),
}

/// What a registry value means as a setting with this key. A number stands for a switch where a switch is wanted, and a
/// text is read as TOML where something else than text is wanted.
///
/// # Errors
/// What is wrong, in words.
pub(super) fn meaning(key: &str, raw: Raw) -> Result<Value, String> {
    let wanted = default_of(key);
    match (raw, wanted) {
        (Raw::Number(number @ (0 | 1)), Some(Value::Boolean(_))) => Ok(Value::Boolean(number == 1)),
        (Raw::Number(number), _) => {
            i64::try_from(number).map(Value::Integer).map_err(|_| format!("{key}: the number is too large"))
        }
        (Raw::Texts(texts), _) => Ok(Value::Array(texts.into_iter().map(Value::String).collect())),
        (Raw::Text(text), Some(Value::String(_)) | None) => Ok(Value::String(text)),
        (Raw::Text(text), Some(_)) => {
            let mut read: Table = toml::from_str(&format!("value = {text}"))
                .map_err(|_| format!("{key}: this text is no value as TOML has it"))?;
            read.remove("value").ok_or_else(|| format!("{key}: there is no value"))
        }
    }
}

fn default_of(key: &str) -> Option<Value> {
    let mut value = Value::try_from(Config::default()).ok()?;
    for part in key.split('.') {
        value = value.as_table_mut()?.remove(part)?;
    }
    Some(value)
}

/// The settings below a key of HKEY_LOCAL_MACHINE. A key that does not exist sets nothing.
///
/// # Errors
/// What is wrong, in words.
#[cfg(windows)]
pub(super) fn read(path: &str) -> Result<Table, String> {
    fn refused(error: impl std::fmt::Display) -> String {
        format!("it cannot be read: {error}")
    }

    /// How deep settings are nested, at the most.
    const DEEPEST: usize = 4;

    fn table_of(key: &windows_registry::Key, prefix: &str, depth: usize) -> Result<Table, String> {
        let name_of =
            |name: &str| if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") };
        let mut table = Table::new();
        for (name, value) in key.values().map_err(refused)? {
            let raw = match value.ty() {
                windows_registry::Type::U32 | windows_registry::Type::U64 => {
                    Raw::Number(u64::try_from(value).map_err(refused)?)
                }
                windows_registry::Type::MultiString => {
                    Raw::Texts(key.get_multi_string(&name).map_err(refused)?)
                }
                windows_registry::Type::String => Raw::Text(key.get_string(&name).map_err(refused)?),
                _ => return Err(format!("{}: values of this kind are not read", name_of(&name))),
            };
            table.insert(name.clone(), meaning(&name_of(&name), raw)?);
        }
        for name in key.keys().map_err(refused)? {
            if depth == DEEPEST {
                return Err(format!("{}: settings are not nested so deep", name_of(&name)));
            }
            let inner = key.open(&name).map_err(refused)?;
            table.insert(name.clone(), Value::Table(table_of(&inner, &name_of(&name), depth + 1)?));
        }
        Ok(table)
    }

    match windows_registry::LOCAL_MACHINE.open(path) {
        Ok(key) => table_of(&key, "", 0),
        // ERROR_FILE_NOT_FOUND, as an HRESULT.
        Err(error) if error.code().0.cast_unsigned() == 0x8007_0002 => Ok(Table::new()),
        Err(error) => Err(refused(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_the_registry() {
        let list = |items: &[i64]| Value::Array(items.iter().copied().map(Value::Integer).collect());
        let texts = |items: &[&str]| Value::Array(items.iter().map(|item| Value::from(*item)).collect());
        for (key, raw, value) in [
            ("cert.forbid_import", Raw::Number(1), Ok(Value::Boolean(true))),
            ("cert.forbid_import", Raw::Number(0), Ok(Value::Boolean(false))),
            ("cert.forbid_import", Raw::Number(2), Ok(Value::Integer(2))),
            ("unblock.lock_card_s", Raw::Number(0), Ok(Value::Integer(0))),
            ("unblock.lock_card_s", Raw::Number(u64::MAX), Err(())),
            ("cert.forbid_import", Raw::Text("true".into()), Ok(Value::Boolean(true))),
            ("pin.last_try", Raw::Text("never".into()), Ok(Value::from("never"))),
            ("readers.prefer", Raw::Text("[a]".into()), Ok(Value::from("[a]"))),
            ("notify.expiring_days", Raw::Text("[30, 7]".into()), Ok(list(&[30, 7]))),
            ("notify.expiring_days", Raw::Text("30; 7".into()), Err(())),
            ("notify.expiring_days", Raw::Text("1\nother = 2".into()), Ok(Value::Integer(1))),
            ("unblock.methods", Raw::Texts(vec!["puk".into()]), Ok(texts(&["puk"]))),
            ("notify.text.card_in", Raw::Text("Hello".into()), Ok(Value::from("Hello"))),
        ] {
            assert_eq!(meaning(key, raw.clone()).map_err(|_| ()), value, "{key} {raw:?}");
        }
    }
}
