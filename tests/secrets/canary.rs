//! Marked secrets, and the search for them in every form in which a program might write them down.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// A marked secret.
pub(crate) struct Canary {
    /// What it is.
    pub(crate) name: &'static str,
    forms: Vec<(&'static str, Vec<u8>)>,
}

impl Canary {
    /// A secret that is text: a PIN, a PUK, a password.
    pub(crate) fn text(name: &'static str, text: &str) -> Self {
        Self { name, forms: forms(text.as_bytes()) }
    }

    /// A secret that is bytes, which people see as hexadecimal digits: a key, a response.
    pub(crate) fn bytes(name: &'static str, bytes: &[u8]) -> Self {
        let mut all = forms(bytes);
        // The digits as typed are text, which can itself be written down in all these ways.
        for digits in
            [joined(bytes, "", |byte| format!("{byte:02X}")), joined(bytes, "", |byte| format!("{byte:02x}"))]
        {
            all.extend(forms(digits.as_bytes()));
        }
        let groups: Vec<String> =
            bytes.chunks(2).map(|pair| joined(pair, "", |byte| format!("{byte:02X}"))).collect();
        for parted in [groups.join(" "), groups.join("-")] {
            all.push(("groups of digits", parted.to_lowercase().into()));
            all.push(("groups of digits", parted.into()));
        }
        Self { name, forms: all }
    }

    /// The form in which it is found somewhere, if it is.
    pub(crate) fn found_in(&self, place: &[u8]) -> Option<&'static str> {
        let is_in = |form: &[u8]| place.windows(form.len()).any(|window| window == form);
        self.forms.iter().find(|(_, form)| is_in(form)).map(|(name, _)| *name)
    }
}

/// The bytes that hexadecimal digits stand for; what stands between them does not count.
pub(crate) fn digits(text: &str) -> Vec<u8> {
    let text: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    text.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// Makes sure that none of these secrets stands in any of these places.
pub(crate) fn search(places: &[(String, Vec<u8>)], canaries: &[Canary]) {
    for (name, place) in places {
        for canary in canaries {
            if let Some(form) = canary.found_in(place) {
                let shown = String::from_utf8_lossy(place);
                let shown: String = shown.chars().take(2000).collect();
                panic!("{} stands in {name}, {form}:\n{shown}", canary.name);
            }
        }
    }
}

fn joined(bytes: &[u8], between: &str, write: impl Fn(&u8) -> String) -> String {
    bytes.iter().map(write).collect::<Vec<_>>().join(between)
}

/// The ways to write bytes down.
fn forms(bytes: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut forms = vec![
        ("as it is", bytes.to_vec()),
        ("upper hexadecimal", joined(bytes, "", |byte| format!("{byte:02X}")).into()),
        ("lower hexadecimal", joined(bytes, "", |byte| format!("{byte:02x}")).into()),
        ("upper hexadecimal in pairs", joined(bytes, " ", |byte| format!("{byte:02X}")).into()),
        ("lower hexadecimal in pairs", joined(bytes, " ", |byte| format!("{byte:02x}")).into()),
        ("a list of numbers", joined(bytes, ", ", ToString::to_string).into()),
        ("UTF-16LE", bytes.iter().flat_map(|byte| [*byte, 0]).collect()),
    ];
    for before in 0..3 {
        // Characters that also depend on what stands before or after are left out.
        let padded = [&vec![0; before], bytes].concat();
        let from = (before * 8).div_ceil(6);
        let to = padded.len() * 8 / 6;
        for text in [STANDARD_NO_PAD.encode(&padded), URL_SAFE_NO_PAD.encode(&padded)] {
            forms.push(("base64", text[from..to].into()));
        }
    }
    forms
}

/// The search finds what is there in each form, and only that.
#[test]
fn the_search_can_fail() {
    let secret = "Canary-7Qx2";
    let key: Vec<u8> = (0..24_u8).map(|byte| byte.wrapping_mul(37) + 5).collect();
    let text = Canary::text("text", secret);
    let bytes = Canary::bytes("bytes", &key);
    let rest = [&b"nothing of it here: Canary-7Qx3 "[..], &key[1..], &[0; 40]].concat();
    assert_eq!((text.found_in(&rest), bytes.found_in(&rest)), (None, None));
    assert_eq!(text.found_in(b""), None);

    let planted = |bytes: &[u8]| [&b"before "[..], bytes, b" after"].concat();
    let digits: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    let grouped =
        key.chunks(2).map(|pair| format!("{:02X}{:02X}", pair[0], pair[1])).collect::<Vec<_>>().join(" ");
    for (canary, written, form) in [
        (&text, planted(secret.as_bytes()), "as it is"),
        (&text, planted(b"43616E6172792D37517832"), "upper hexadecimal"),
        (&text, planted(b"43616e6172792d37517832"), "lower hexadecimal"),
        (&text, planted(b"43 61 6E 61 72 79 2D 37 51 78 32"), "upper hexadecimal in pairs"),
        (&text, planted(b"43 61 6e 61 72 79 2d 37 51 78 32"), "lower hexadecimal in pairs"),
        (&text, planted(format!("{:?}", secret.as_bytes()).as_bytes()), "a list of numbers"),
        (&text, planted(&secret.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()), "UTF-16LE"),
        (&text, planted(STANDARD_NO_PAD.encode(format!("{secret}, the last")).as_bytes()), "base64"),
        (&text, planted(STANDARD_NO_PAD.encode(format!("1{secret}...")).as_bytes()), "base64"),
        (&text, planted(STANDARD_NO_PAD.encode(format!("22{secret}")).as_bytes()), "base64"),
        (&text, planted(URL_SAFE_NO_PAD.encode(format!("4444{secret}~~~")).as_bytes()), "base64"),
        (&bytes, planted(&key), "as it is"),
        (&bytes, planted(digits.as_bytes()), "lower hexadecimal"),
        (&bytes, planted(digits.to_uppercase().as_bytes()), "upper hexadecimal"),
        (&bytes, planted(grouped.as_bytes()), "groups of digits"),
        (&bytes, planted(grouped.to_lowercase().replace(' ', "-").as_bytes()), "groups of digits"),
        (&bytes, planted(STANDARD_NO_PAD.encode(format!("{digits} and more")).as_bytes()), "base64"),
        (&bytes, planted(URL_SAFE_NO_PAD.encode([&[9], &key[..]].concat()).as_bytes()), "base64"),
    ] {
        let shown = String::from_utf8_lossy(&written).into_owned();
        assert_eq!(canary.found_in(&written).unwrap_or_default(), form, "{shown}");
    }
}
