//! Secrets: wiped when dropped, never printed, never cloned.
//!
//! On the wire a secret is an ordinary JSON string. serde would decode one that has escapes through a scratch
//! buffer that nobody wipes, so secrets are decoded here, from the raw text into a buffer of their own that is
//! large enough from the start and therefore never moves.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

/// Bytes that are wiped on drop. The types below say what they are for.
struct Bytes(Zeroizing<Vec<u8>>);

impl Bytes {
    fn copy(bytes: &[u8]) -> Self {
        let mut own = Zeroizing::new(Vec::with_capacity(bytes.len()));
        own.extend_from_slice(bytes);
        Self(own)
    }

    fn from_json(raw: &RawValue) -> Option<Self> {
        let text = raw.get().strip_prefix('"')?.strip_suffix('"')?;
        let mut own = Zeroizing::new(Vec::with_capacity(text.len()));
        unescape(text, &mut own).then_some(Self(own))
    }

    fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }
}

/// Decodes the inside of a JSON string (RFC 8259 section 7). The result is never longer than the text.
fn unescape(text: &str, out: &mut Vec<u8>) -> bool {
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        let decoded = if character == '\\' {
            let Some(decoded) = unescape_one(&mut characters) else { return false };
            decoded
        } else {
            character
        };
        let mut buffer = Zeroizing::new([0; 4]);
        out.extend_from_slice(decoded.encode_utf8(&mut *buffer).as_bytes());
    }
    true
}

fn unescape_one(characters: &mut std::str::Chars<'_>) -> Option<char> {
    Some(match characters.next()? {
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'u' => match unit(characters)? {
            high @ 0xD800..=0xDBFF => {
                if characters.next() != Some('\\') || characters.next() != Some('u') {
                    return None;
                }
                let low = unit(characters)?.checked_sub(0xDC00).filter(|low| *low < 0x400)?;
                char::from_u32(0x10000 + ((high - 0xD800) << 10) + low)?
            }
            unit => char::from_u32(unit)?,
        },
        plain @ ('"' | '\\' | '/') => plain,
        _ => return None,
    })
}

fn unit(characters: &mut std::str::Chars<'_>) -> Option<u32> {
    (0..4).try_fold(0, |value, _| Some(value << 4 | characters.next()?.to_digit(16)?))
}

macro_rules! secret {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[cfg_attr(test, derive(ts_rs::TS), ts(type = "string"))]
        pub struct $name(Bytes);

        impl $name {
            /// The bytes, for the one who sends or checks them. Do not copy them into anything that grows.
            pub fn bytes(&self) -> &[u8] {
                &self.0.0
            }
        }

        impl From<&[u8]> for $name {
            fn from(bytes: &[u8]) -> Self {
                Self(Bytes::copy(bytes))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(not shown)"))
            }
        }
    };
}

macro_rules! on_the_wire {
    ($($name:ident),*) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let text = self.0.text().ok_or(serde::ser::Error::custom("a secret must be UTF-8 text"))?;
                serializer.serialize_str(text)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let raw = <&RawValue>::deserialize(deserializer).map_err(|_| D::Error::custom("expected a secret"))?;
                Bytes::from_json(raw).map(Self).ok_or_else(|| D::Error::custom("expected a string"))
            }
        }
    )*};
}

secret! {
    /// A PIN or PUK as typed: UTF-8 text.
    Pin
}

secret! {
    /// The password of a file.
    Password
}

secret! {
    /// The response to a challenge, as typed: hexadecimal text, perhaps grouped, perhaps with its checksum.
    /// It unblocks a card, so it is as secret as a PIN until it has been used.
    ResponseText
}

secret! {
    /// The management key of a PIV card, as typed: hexadecimal digits, perhaps grouped; or the word `factory` for
    /// the key with which cards leave the factory.
    KeyText
}

secret! {
    /// A file that may hold a private key, base64 on the wire.
    FileText
}

secret! {
    /// The symmetric key of a card's administrator, raw. It never goes over the wire.
    AdminKey
}

on_the_wire!(Pin, Password, ResponseText, KeyText, FileText);

impl Pin {
    /// Whether nothing was typed. An empty PIN never reaches a card: to most it is a status query.
    pub fn is_empty(&self) -> bool {
        self.bytes().is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_what_serde_encodes() {
        for text in ["", "123456", "pass \"word\" \\ /", "tab\tnew\nline", "grün €", "😀"] {
            let pin = Pin::from(text.as_bytes());
            let json = serde_json::to_string(&pin).unwrap();
            let back: Pin = serde_json::from_str(&json).unwrap();
            assert_eq!(back.bytes(), text.as_bytes(), "{json}");
        }
    }

    #[test]
    fn decodes_escapes_and_refuses_the_rest() {
        for (json, text) in [
            (r#""A12""#, Some("A12")),
            (r#""\ud83d\ude00""#, Some("😀")),
            (r#""\/\b\f""#, Some("/\u{8}\u{c}")),
            (r#""\ud83d""#, None),
            (r#""\ud83dA""#, None),
            (r#""\udc00""#, None),
            ("1234", None),
            ("null", None),
            ("[]", None),
        ] {
            let pin: Option<Pin> = serde_json::from_str(json).ok();
            assert_eq!(pin.as_ref().map(Pin::bytes), text.map(str::as_bytes), "{json}");
        }
    }

    #[test]
    fn is_never_printed() {
        let printed = format!("{:?}", (Pin::from(&b"13579"[..]), Password::from(&b"13579"[..])));
        assert!(!printed.contains("13579"), "{printed}");
        let error = serde_json::from_str::<Pin>("13579").unwrap_err().to_string();
        assert!(!error.contains("13579"), "{error}");
    }
}
