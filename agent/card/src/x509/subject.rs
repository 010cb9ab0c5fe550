//! A distinguished name as a person types it (RFC 4514), for certificates and requests that are made here.

use std::iter::Peekable;
use std::str::{Chars, FromStr};

use x509_parser::asn1_rs::Oid;

use super::names::{SHORT_NAMES, hidden};
use crate::der::{IA5_STRING, OID, PRINTABLE_STRING, SEQUENCE, SET, UTF8_STRING, encode};

/// The longest text that is read, in bytes.
const MAX_TEXT: usize = 1024;
/// The most attributes of a name.
const MAX_ATTRIBUTES: usize = 16;
/// What a subject looks like.
const EXAMPLE: &str = "Write it like CN=Anna Virtanen,O=Example.";
/// Names that other programs have for attributes: Windows, OpenSSL.
const OTHER_NAMES: [(&str, &str); 4] =
    [("E", "emailAddress"), ("S", "ST"), ("G", "givenName"), ("GN", "givenName")];

/// A distinguished name, encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    der: Vec<u8>,
}

impl Name {
    /// DER.
    pub(super) fn der(&self) -> &[u8] {
        &self.der
    }
}

impl FromStr for Name {
    type Err = String;

    /// Reads a name such as `CN=Anna Virtanen,O=Example`, in which the last attribute comes first, as RFC 4514 has it.
    /// Spaces around `,`, `+` and `=` mean nothing.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Err(format!("The subject is empty. {EXAMPLE}"));
        }
        if text.len() > MAX_TEXT {
            return Err(format!("The subject is longer than {MAX_TEXT} bytes."));
        }
        if text.trim_start().starts_with('/') {
            return Err(format!("A subject has commas and no slashes. {EXAMPLE}"));
        }
        let mut rest = text.chars().peekable();
        let mut names = Vec::new();
        let mut attributes = Vec::new();
        for _ in 0..MAX_ATTRIBUTES {
            attributes.push(attribute(&mut rest)?);
            let separator = rest.next();
            if separator != Some('+') {
                // DER sorts what is in a SET by its bytes (X.690 11.6).
                attributes.sort();
                names.push(encode(SET, &attributes.concat()));
                attributes.clear();
            }
            if separator.is_none() {
                names.reverse();
                return Ok(Self { der: encode(SEQUENCE, &names.concat()) });
            }
        }
        Err(format!("The subject has more than {MAX_ATTRIBUTES} attributes."))
    }
}

/// Up to the next separator: AttributeTypeAndValue.
fn attribute(rest: &mut Peekable<Chars<'_>>) -> Result<Vec<u8>, String> {
    let mut name = String::new();
    while let Some(character) = rest.next_if(|character| !matches!(character, '=' | ',' | '+')) {
        name.push(character);
    }
    let name = name.trim();
    if rest.next_if_eq(&'=').is_none() {
        let hint = format!("{EXAMPLE} A comma or plus sign within a value is written \\, or \\+.");
        return Err(match name {
            "" => format!("The subject has a separator with nothing behind it. {hint}"),
            name => format!("In the subject, {} has no equals sign. {hint}", quoted(name)),
        });
    }
    let kind = Kind::named(name)?;
    let value = value(rest, &kind)?;
    kind.encode(&value)
}

/// The value, unescaped, up to the next separator, which stays.
fn value(rest: &mut Peekable<Chars<'_>>, kind: &Kind) -> Result<String, String> {
    let name = kind.name;
    while rest.next_if_eq(&' ').is_some() {}
    if rest.peek() == Some(&'#') {
        return Err(format!("A number sign at the beginning of {name} is written \\#."));
    }
    let mut bytes = Vec::new();
    // So many of them stay when the spaces at the end go.
    let mut kept = 0;
    while let Some(character) = rest.next_if(|character| !matches!(character, ',' | '+')) {
        match character {
            '\\' => bytes.push(escaped(rest)?),
            '"' | ';' | '<' | '>' => {
                return Err(format!("The character {character} in {name} is written \\{character}."));
            }
            _ => bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
        if character != ' ' {
            kept = bytes.len();
        }
    }
    bytes.truncate(kept);
    let value = String::from_utf8(bytes).map_err(|_| format!("The bytes in {name} are no text in UTF-8."))?;
    if value.is_empty() {
        return Err(format!("{name} has no value. {EXAMPLE}"));
    }
    if value.chars().any(hidden) {
        return Err(format!("{name} has a character that cannot be seen."));
    }
    Ok(value)
}

/// What stands behind a backslash (RFC 4514 section 3): a special character, or a byte in hexadecimal.
fn escaped(rest: &mut Peekable<Chars<'_>>) -> Result<u8, String> {
    let first = rest.next();
    if let Some(special @ ('"' | '+' | ',' | ';' | '<' | '>' | '\\' | ' ' | '#' | '=')) = first {
        return u8::try_from(special).map_err(|_| String::new());
    }
    let digit = |character: Option<char>| character.and_then(|character| character.to_digit(16));
    let byte =
        digit(first).zip(digit(rest.next())).and_then(|(high, low)| u8::try_from(high << 4 | low).ok());
    byte.ok_or_else(|| {
        "A backslash in the subject stands before a special character, such as \\, for a comma, or before two \
         hexadecimal digits. A backslash itself is written \\\\."
            .to_owned()
    })
}

/// A kind of attribute.
struct Kind {
    /// Dotted decimal.
    oid: &'static str,
    name: &'static str,
}

impl Kind {
    fn named(name: &str) -> Result<Self, String> {
        let other = OTHER_NAMES.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
        let name = other.map_or(name, |(_, usual)| usual);
        let found = SHORT_NAMES.iter().find(|(_, short)| short.eq_ignore_ascii_case(name));
        let (oid, name) = found.ok_or_else(|| {
            format!(
                "In the subject, {} is no known attribute. Use CN (name), O (organisation), OU (its unit), L (town), \
                 ST (region), C (country), emailAddress, UID, DC or serialNumber.",
                quoted(name)
            )
        })?;
        Ok(Self { oid, name })
    }

    /// The string type of its value, and the most characters (RFC 5280 appendix A.1; RFC 1035 for DC).
    fn limits(&self) -> (u8, usize) {
        match self.name {
            "C" => (PRINTABLE_STRING, 2),
            "serialNumber" | "dnQualifier" => (PRINTABLE_STRING, 64),
            "DC" => (IA5_STRING, 63),
            "emailAddress" => (IA5_STRING, 255),
            "CN" | "O" | "OU" | "title" => (UTF8_STRING, 64),
            _ => (UTF8_STRING, 128),
        }
    }

    fn encode(&self, value: &str) -> Result<Vec<u8>, String> {
        let name = self.name;
        let (string, most) = self.limits();
        if name == "C" && !(value.len() == 2 && value.bytes().all(|byte| byte.is_ascii_alphabetic())) {
            return Err("C is the two letters of a country, such as FI.".to_owned());
        }
        let value = if name == "C" { value.to_ascii_uppercase() } else { value.to_owned() };
        if value.chars().count() > most {
            return Err(format!("{name} has at most {most} characters."));
        }
        let fits = match string {
            PRINTABLE_STRING => {
                value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&byte))
            }
            IA5_STRING => value.is_ascii(),
            _ => true,
        };
        if !fits {
            return Err(match string {
                PRINTABLE_STRING => {
                    format!("{name} takes plain letters, digits, spaces and ' ( ) + , - . / : = ? only.")
                }
                _ => format!("{name} takes plain letters and signs only (ASCII)."),
            });
        }
        let oid: Oid<'_> = self.oid.parse().map_err(|_| format!("{name} cannot be written."))?;
        Ok(encode(SEQUENCE, &[encode(OID, oid.as_bytes()), encode(string, value.as_bytes())].concat()))
    }
}

/// What was typed, for a sentence: not more than fits into one.
fn quoted(text: &str) -> String {
    let start: String = text.chars().take(40).collect();
    format!("\"{}\"", super::names::visible(&start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use x509_parser::prelude::{FromDer as _, X509Name};

    #[test]
    fn names_come_out_as_they_went_in() {
        for (typed, shown) in [
            ("CN=Anna Virtanen,O=Example", "CN=Anna Virtanen,O=Example"),
            (" cn = Anna Virtanen , o = Example ", "CN=Anna Virtanen,O=Example"),
            // RFC 4514 section 4
            ("UID=jsmith,DC=example,DC=net", "UID=jsmith,DC=example,DC=net"),
            ("CN=J.  Smith+OU=Sales,DC=example,DC=net", "OU=Sales+CN=J.  Smith,DC=example,DC=net"),
            (r#"CN=James \"Jim\" Smith\, III,DC=example"#, r#"CN=James \"Jim\" Smith\, III,DC=example"#),
            (r"CN=Lu\C4\8Di\C4\87", "CN=Lučić"),
            (r"CN=\ a\ ,O=\#1", r"CN=\ a\ ,O=\#1"),
            (r"CN=a\\b\+c\=d\;e", r"CN=a\\b\+c=d\;e"),
            ("CN=a=b", "CN=a=b"),
            (
                "E=anna@example.org,S=Uusimaa,C=fi,GN=Anna,sn=Virtanen,serialNumber=7-A",
                "emailAddress=anna@example.org,ST=Uusimaa,C=FI,givenName=Anna,sn=Virtanen,serialNumber=7-A",
            ),
            ("CN=Åsa 山田", "CN=Åsa 山田"),
        ] {
            let name: Name = typed.parse().unwrap_or_else(|error| panic!("{typed}: {error}"));
            let (rest, parsed) = X509Name::from_der(name.der()).unwrap();
            assert!(rest.is_empty());
            assert_eq!(crate::x509::names::distinguished(&parsed), shown, "{typed}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        let long = format!("CN={}", "x".repeat(65));
        let longest = "CN=x,".repeat(300);
        let many = ["O=x"; 17].join(",");
        for (typed, said) in [
            ("", "The subject is empty. Write it like CN=Anna Virtanen,O=Example."),
            ("  ", "The subject is empty."),
            ("/CN=Anna/O=Example", "A subject has commas and no slashes."),
            ("Anna Virtanen", "In the subject, \"Anna Virtanen\" has no equals sign. Write it like"),
            ("O=Example, Inc.", "In the subject, \"Inc.\" has no equals sign."),
            ("CN=Anna,", "The subject has a separator with nothing behind it."),
            ("CN=Anna,,O=Example", "The subject has a separator with nothing behind it."),
            ("CN=", "CN has no value."),
            ("CN= ,O=Example", "CN has no value."),
            ("=Anna", "In the subject, \"\" is no known attribute. Use CN"),
            ("XY=Anna", "In the subject, \"XY\" is no known attribute."),
            ("2.5.4.3=Anna", "In the subject, \"2.5.4.3\" is no known attribute."),
            ("X\u{1b}[2J=Anna", "In the subject, \"X\\1B[2J\" is no known attribute."),
            ("CN=#04024869", "A number sign at the beginning of CN is written \\#."),
            ("CN=\"Anna\"", "The character \" in CN is written \\\"."),
            ("CN=Anna;O=Example", "The character ; in CN is written \\;."),
            ("CN=a\\", "A backslash in the subject stands before"),
            ("CN=a\\g1", "A backslash in the subject stands before"),
            ("CN=a\\4", "A backslash in the subject stands before"),
            ("CN=a\\é", "A backslash in the subject stands before"),
            ("CN=a\\FF", "The bytes in CN are no text in UTF-8."),
            ("CN=a\\00", "CN has a character that cannot be seen."),
            ("CN=a\u{202e}b", "CN has a character that cannot be seen."),
            ("C=Finland", "C is the two letters of a country, such as FI."),
            ("C=é", "C is the two letters of a country, such as FI."),
            ("serialNumber=7_A", "serialNumber takes plain letters, digits"),
            ("E=änna@example.org", "emailAddress takes plain letters and signs only (ASCII)."),
            (&long, "CN has at most 64 characters."),
            (&longest, "The subject is longer than 1024 bytes."),
            (&many, "The subject has more than 16 attributes."),
        ] {
            let error = typed.parse::<Name>().unwrap_err();
            assert!(error.starts_with(said), "{typed}: {error}");
        }
    }
}
