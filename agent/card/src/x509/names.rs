//! Distinguished names and other text out of certificates, made safe to show. Whoever made the certificate chose
//! the text, so nothing in it may steer a terminal or turn the reading direction.

use std::fmt::Write as _;

use shared::hex::Hex;
use x509_parser::asn1_rs::{Any, Tag, ToDer};
use x509_parser::prelude::X509Name;

/// Attribute types by their LDAP names (RFC 4514 section 3, RFC 4519, and PKCS#9 for the e-mail address).
pub(super) const SHORT_NAMES: [(&str, &str); 22] = [
    ("2.5.4.3", "CN"),
    ("2.5.4.4", "sn"),
    ("2.5.4.5", "serialNumber"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.9", "STREET"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("2.5.4.12", "title"),
    ("2.5.4.13", "description"),
    ("2.5.4.15", "businessCategory"),
    ("2.5.4.17", "postalCode"),
    ("2.5.4.41", "name"),
    ("2.5.4.42", "givenName"),
    ("2.5.4.43", "initials"),
    ("2.5.4.44", "generationQualifier"),
    ("2.5.4.46", "dnQualifier"),
    ("2.5.4.97", "organizationIdentifier"),
    ("0.9.2342.19200300.100.1.1", "UID"),
    ("0.9.2342.19200300.100.1.25", "DC"),
    ("1.2.840.113549.1.9.1", "emailAddress"),
];

/// A name as RFC 4514 writes it, last attribute first. An attribute of an unknown type or whose value is no
/// text is written in hexadecimal (section 2.4).
pub(super) fn distinguished(name: &X509Name<'_>) -> String {
    let names: Vec<_> = name.iter().collect();
    let mut out = String::new();
    for (position, relative) in names.iter().rev().enumerate() {
        for (part, attribute) in relative.iter().enumerate() {
            out.push_str(match (position, part) {
                (0, 0) => "",
                (_, 0) => ",",
                _ => "+",
            });
            let oid = attribute.attr_type().to_id_string();
            let short = SHORT_NAMES.iter().find(|(number, _)| *number == oid).map(|(_, short)| *short);
            out.push_str(short.unwrap_or(&oid));
            out.push('=');
            match short.and_then(|_| text(attribute.attr_value())) {
                Some(value) => escape_value(&value, &mut out),
                None => {
                    let der = attribute.attr_value().to_der_vec().unwrap_or_default();
                    let _ = write!(out, "#{}", Hex(der));
                }
            }
        }
    }
    out
}

/// The last common name, which is the most specific one, or the whole name where there is none.
pub(super) fn common(name: &X509Name<'_>) -> String {
    name.iter_common_name()
        .filter_map(|attribute| text(attribute.attr_value()))
        .filter(|value| !value.trim().is_empty())
        .last()
        .map_or_else(|| distinguished(name), |value| visible(&value))
}

/// The text of one of the string types of X.680. T61String is read as Latin-1, which is what is in them.
pub(super) fn text(value: &Any<'_>) -> Option<String> {
    let wide = |size: usize| {
        let units =
            value.data.chunks(size).map(|unit| unit.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte)));
        value.data.len().is_multiple_of(size).then_some(units)
    };
    match value.tag() {
        Tag::Utf8String => std::str::from_utf8(value.data).ok().map(str::to_owned),
        Tag::PrintableString | Tag::Ia5String | Tag::NumericString | Tag::VisibleString | Tag::T61String => {
            Some(value.data.iter().copied().map(char::from).collect())
        }
        Tag::BmpString => {
            let units: Vec<u16> = wide(2)?.filter_map(|unit| u16::try_from(unit).ok()).collect();
            String::from_utf16(&units).ok()
        }
        Tag::UniversalString => wide(4)?.map(char::from_u32).collect(),
        _ => None,
    }
}

/// Text that is safe on a terminal: every character that is not seen, or that changes how others are seen, as
/// the bytes of its UTF-8 encoding, `\XX` each (the form of RFC 4514). A backslash is doubled.
pub(super) fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        push_visible(character, &mut out);
    }
    out
}

fn push_visible(character: char, out: &mut String) {
    if character == '\\' {
        out.push_str("\\\\");
    } else if hidden(character) {
        push_escaped(character, out);
    } else {
        out.push(character);
    }
}

fn push_escaped(character: char, out: &mut String) {
    for byte in character.encode_utf8(&mut [0; 4]).bytes() {
        let _ = write!(out, "\\{byte:02X}");
    }
}

/// Control characters, and the format characters of Unicode that reorder text, separate lines or show nothing.
/// The joiners U+200C and U+200D stay: Persian and Indic names are written with them.
pub(super) fn hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
}

/// RFC 4514 section 2.4.
fn escape_value(value: &str, out: &mut String) {
    let last = value.chars().count().saturating_sub(1);
    for (position, character) in value.chars().enumerate() {
        match character {
            '"' | '+' | ',' | ';' | '<' | '>' => out.extend(['\\', character]),
            '#' if position == 0 => out.push_str("\\#"),
            ' ' if position == 0 || position == last => out.push_str("\\ "),
            _ => push_visible(character, out),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_as_in_rfc_4514() {
        for (value, escaped) in [
            ("James \"Jim\" Smith, III", "James \\\"Jim\\\" Smith\\, III"),
            ("Before\rAfter", "Before\\0DAfter"),
            ("#a#", "\\#a#"),
            (" ", "\\ "),
            ("  a  ", "\\  a \\ "),
            ("a\\b<c>;+", "a\\\\b\\<c\\>\\;\\+"),
            ("Lučić", "Lučić"),
            ("", ""),
        ] {
            let mut out = String::new();
            escape_value(value, &mut out);
            assert_eq!(out, escaped, "{value:?}");
        }
    }

    #[test]
    fn nothing_steers_a_terminal() {
        for (hostile, shown) in [
            ("\u{1b}[2Jroot", "\\1B[2Jroot"),
            ("a\u{9b}31m", "a\\C2\\9B31m"),
            ("user\u{202e}nimda", "user\\E2\\80\\AEnimda"),
            ("a\nb\0", "a\\0Ab\\00"),
            ("zero\u{200b}width", "zero\\E2\\80\\8Bwidth"),
            ("grün 山田 می\u{200c}خواهم", "grün 山田 می\u{200c}خواهم"),
        ] {
            assert_eq!(visible(hostile), shown);
        }
    }

    #[test]
    fn string_types() {
        for (tag, bytes, expected) in [
            (Tag::Utf8String, &b"gr\xC3\xBCn"[..], Some("grün")),
            (Tag::Utf8String, b"gr\xFCn", None),
            (Tag::PrintableString, b"plain", Some("plain")),
            (Tag::T61String, b"gr\xFCn", Some("grün")),
            (Tag::BmpString, b"\0g\0r\0\xFC\0n", Some("grün")),
            (Tag::BmpString, b"\xD8\x3D\xDE\x00", Some("😀")),
            (Tag::BmpString, b"\0g\0", None),
            (Tag::BmpString, b"\xD8\x3D", None),
            (Tag::UniversalString, b"\0\0\0g\0\x01\xF6\x00", Some("g😀")),
            (Tag::UniversalString, b"\0\x11\0\0", None),
            (Tag::Integer, b"\x05", None),
        ] {
            assert_eq!(
                text(&Any::from_tag_and_data(tag, bytes)).as_deref(),
                expected,
                "{tag:?} {bytes:02X?}"
            );
        }
    }
}
