//! What the host does itself, without the agent.

use qrcodegen::{QrCode, QrCodeEcc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use shared::config::{self, Loaded, Places};
use shared::hex::Hex;
use shared::information::INFORMATION;
use shared::secret::KeyText;
use shared::unblock::{self, Cipher};
use shared::{Error, ErrorCode, Result, doctor};

use super::{Bridge, Host, bad_request, parameters, replied, save, settings};
use crate::catalogue::{self, LANGUAGES};
use shared::place::{Panel, Place};

/// The methods that are answered here.
pub(super) const METHODS: &[&str] = &[
    "page.start",
    "page.language",
    "page.information",
    "page.doctor",
    "page.respond",
    "page.qr",
    "page.save",
];

/// The longest text that is made a QR code, in bytes: what fits a code that a telephone can still read from a screen.
const LONGEST_QR: usize = 1000;

/// What the page begins with.
#[derive(Serialize)]
struct Start<'a> {
    host: &'static str,
    version: &'static str,
    language: &'static str,
    languages: Vec<Named>,
    direction: &'static str,
    catalogue: Map<String, Value>,
    panel: Option<Panel>,
    reader: Option<&'a str>,
    card: Option<&'a str>,
    pin_entry: &'static str,
    respond: bool,
}

#[derive(Serialize)]
struct Named {
    code: &'static str,
    name: &'static str,
}

#[derive(Deserialize)]
struct LanguageParams<'a> {
    #[serde(borrow)]
    language: std::borrow::Cow<'a, str>,
}

#[derive(Deserialize)]
struct RespondParams {
    challenge: String,
    admin_key: KeyText,
    #[serde(default)]
    cipher: Option<String>,
}

#[derive(Serialize)]
struct Responded {
    response: Hex,
    checksum: String,
    challenge_checksum: String,
    factory_key: Option<&'static str>,
}

#[derive(Deserialize)]
struct QrParams {
    text: String,
}

#[derive(Serialize)]
struct Matrix {
    size: i32,
    rows: Vec<String>,
}

#[derive(Serialize)]
struct Report {
    checks: Vec<doctor::Check>,
}

impl Bridge {
    pub(super) fn local(&self, method: &str, params: &RawValue) -> Result<Box<RawValue>> {
        match method {
            "page.start" => self.start(),
            "page.language" => {
                speak(&parameters::<LanguageParams<'_>>(params)?.language)?;
                self.start()
            }
            "page.information" => replied(INFORMATION),
            "page.doctor" => replied(Report { checks: doctor::checks() }),
            "page.respond" => replied(respond(&parameters(params)?)?),
            "page.qr" => replied(matrix(&parameters::<QrParams>(params)?.text)?),
            "page.save" if self.host == Host::Window => replied(save::save(&parameters(params)?)?),
            _ => Err(bad_request("A browser saves files itself.")),
        }
    }

    fn start(&self) -> Result<Box<RawValue>> {
        let settings = settings();
        let language = catalogue::language(&settings.language);
        let Place { panel, reader, card } = &self.place;
        replied(Start {
            host: match self.host {
                Host::Window => "window",
                Host::Web { .. } => "web",
            },
            version: shared::VERSION,
            language: language.code,
            languages: LANGUAGES.iter().map(|one| Named { code: one.code, name: one.name }).collect(),
            direction: language.direction,
            catalogue: catalogue::messages(language),
            panel: *panel,
            reader: reader.as_deref(),
            card: card.as_deref(),
            pin_entry: if self.by_pinentry() { "pinentry" } else { "page" },
            respond: settings.unblock.calculate_response_visible,
        })
    }
}

/// Keeps the language that somebody chose, in that person's own settings.
fn speak(code: &str) -> Result<()> {
    if !LANGUAGES.iter().any(|language| language.code == code) {
        return Err(bad_request("There is no such language."));
    }
    let file = Places::own_file()
        .ok_or_else(|| Error::new(ErrorCode::System, "This user has no folder for settings."))?;
    let loaded = config::load(&Places::of_this_user(), &Loaded::default());
    config::set(&file, &loaded, "language", code)
}

/// The response to a challenge under an admin key. Needs neither card nor agent.
fn respond(params: &RespondParams) -> Result<Responded> {
    if !settings().unblock.calculate_response_visible {
        return Err(Error::new(
            ErrorCode::Forbidden,
            "The settings of this machine do not allow responses to be calculated here.",
        ));
    }
    let challenge = unblock::parse_challenge(&params.challenge)
        .map_err(|fault| bad_request(&format!("This is no challenge: {fault}.")))?;
    let key = unblock::parse_key(params.admin_key.bytes()).ok_or_else(|| {
        bad_request("The admin key is not one: 32, 48 or 64 hexadecimal digits are expected.")
    })?;
    let cipher = match params.cipher.as_deref() {
        None => None,
        Some("3des") => Some(Cipher::TripleDes),
        Some("aes") => Some(Cipher::Aes),
        Some(_) => return Err(bad_request("There is no such cipher.")),
    };
    let response = unblock::respond(&challenge, &key, cipher)
        .map_err(|error| bad_request(&format!("There is no response: {error}.")))?;
    Ok(Responded {
        checksum: unblock::checksum_text(&response),
        response: Hex(response.to_vec()),
        challenge_checksum: unblock::checksum_text(&challenge),
        factory_key: unblock::default_key_name(&key),
    })
}

fn matrix(text: &str) -> Result<Matrix> {
    if text.len() > LONGEST_QR {
        return Err(bad_request("The text is too long for a QR code."));
    }
    let code = QrCode::encode_text(text, QrCodeEcc::Medium)
        .map_err(|_| bad_request("The text is too long for a QR code."))?;
    let size = code.size();
    let row = |y| (0..size).map(|x| if code.get_module(x, y) { '1' } else { '0' }).collect();
    Ok(Matrix { size, rows: (0..size).map(row).collect() })
}
