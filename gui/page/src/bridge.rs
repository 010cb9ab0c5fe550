//! What the page asks for: most of it goes to the agent as it is, some the host does itself.
//!
//! A request is JSON-RPC 2.0, as on the agent's socket. Beside `params` it may have `ask`, the names of secrets that the host asks
//! for by pinentry and puts into the parameters. Answers have the form of the agent's.

mod asked;
mod local;
mod save;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use shared::client::Client;
use shared::config::{self, Config, Loaded, Places, WebPinEntry};
use shared::place::Place;
use shared::rpc::{Answer, Fault};
use shared::{Error, ErrorCode, Result};
use zeroize::Zeroizing;

/// The methods of the agent that the page may call. Not those that end or reload the agent, move virtual cards, or belong to the
/// desktop program.
const FORWARDED: &[&str] = &[
    "status",
    "card.show",
    "card.access",
    "card.release",
    "card.repair",
    "pin.list",
    "pin.change",
    "unblock.start",
    "unblock.status",
    "unblock.finish",
    "unblock.cancel",
    "unblock.puk",
    "cert.list",
    "cert.view",
    "cert.inspect",
    "cert.import",
    "cert.default",
    "cert.delete",
    "config.show",
    "log.read",
];

/// The parameters that are secrets which a person types.
const SECRETS: &[&str] = &["pin", "current", "new", "puk", "management_key", "password", "admin_key"];

/// Who shows the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// A window of Kortti's.
    Window,
    /// A browser.
    Web {
        /// The origin of the page, as the person sees it in the address bar.
        origin: String,
    },
}

/// Answers what the page asks for. Can be used by several threads.
pub struct Bridge {
    host: Host,
    place: Place,
    /// Held while pinentry asks: a person is asked one thing at a time.
    asking: Mutex<()>,
}

/// A request of the page.
#[derive(Deserialize)]
pub struct Request<'a> {
    #[serde(borrow)]
    id: &'a RawValue,
    /// What is to be done.
    #[serde(borrow)]
    pub method: Cow<'a, str>,
    #[serde(borrow, default)]
    params: Option<&'a RawValue>,
    #[serde(borrow, default)]
    ask: Vec<Cow<'a, str>>,
}

/// JSON-RPC's numbers, as on the agent's socket.
const NOT_JSON: i32 = -32700;
const NO_REQUEST: i32 = -32600;
const NO_METHOD: i32 = -32601;
const FAILED: i32 = -32000;

/// The longest id of a request, in bytes, as on the agent's socket.
const LONGEST_ID: usize = 128;

impl<'a> Request<'a> {
    /// Understands a request.
    ///
    /// # Errors
    /// The answer where it is none.
    pub fn read(request: &'a [u8]) -> std::result::Result<Self, Vec<u8>> {
        let number = match serde_json::from_slice::<Self>(request) {
            Ok(request) if request.id.get().len() <= LONGEST_ID => return Ok(request),
            Err(error) if !error.is_data() => NOT_JSON,
            _ => NO_REQUEST,
        };
        Err(answer(None, Err((number, bad_request("The request was not understood.")))))
    }

    /// Its parameters, for a method of the host's own.
    ///
    /// # Errors
    /// [`ErrorCode::BadRequest`] if they are others.
    pub fn parameters<P: Deserialize<'a>>(&self) -> Result<P> {
        parameters(self.params.unwrap_or(RawValue::NULL))
    }

    /// The answer to it.
    pub fn answer(&self, reply: Result<impl Serialize>) -> Vec<u8> {
        answer(Some(self.id), reply.and_then(replied).map_err(|error| (FAILED, error)))
    }
}

impl Bridge {
    /// The bridge of a page that opens at a place.
    #[must_use]
    pub fn new(host: Host, place: Place) -> Self {
        Self { host, place, asking: Mutex::new(()) }
    }

    /// The answer to a request. Blocks for as long as the agent does.
    pub fn answer(&self, request: &[u8]) -> Vec<u8> {
        match Request::read(request) {
            Ok(request) => self.reply_to(&request),
            Err(answer) => answer,
        }
    }

    /// The answer to a request that was understood. Blocks for as long as the agent does.
    pub fn reply_to(&self, request: &Request<'_>) -> Vec<u8> {
        let method = request.method.as_ref();
        if !FORWARDED.contains(&method) && !local::METHODS.contains(&method) {
            let unknown = bad_request(&format!("There is no method {}.", printable(method)));
            return answer(Some(request.id), Err((NO_METHOD, unknown)));
        }
        request.answer(self.reply(request))
    }

    fn reply(&self, request: &Request<'_>) -> Result<Box<RawValue>> {
        let nothing = RawValue::from_string("{}".to_owned()).map_err(|_| bad_request("There is nothing."))?;
        let params = request.params.unwrap_or(&nothing);
        self.may_hold(request, params)?;
        if request.ask.is_empty() {
            return self.carry_out(&request.method, params);
        }
        let whole = self.ask(&request.method, params, &request.ask)?;
        let params =
            serde_json::from_slice(&whole).map_err(|_| bad_request("A secret was not understood."))?;
        self.carry_out(&request.method, params)
    }

    fn carry_out(&self, method: &str, params: &RawValue) -> Result<Box<RawValue>> {
        if FORWARDED.contains(&method) {
            return Client::connect()?.forward(method, params);
        }
        self.local(method, params)
    }

    /// Whether PINs come the way the settings have it: the page must not hold what a window of pinentry is to ask for.
    fn may_hold(&self, request: &Request<'_>, params: &RawValue) -> Result<()> {
        if !self.by_pinentry() {
            if request.ask.is_empty() {
                return Ok(());
            }
            return Err(Error::new(
                ErrorCode::Forbidden,
                "PINs are typed in the page here, and no other window asks for them. Nothing was sent.",
            ));
        }
        let fields: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_str(params.get())
            .map_err(|_| bad_request("The parameters were not understood."))?;
        match fields.iter().find(|(name, value)| SECRETS.contains(&name.as_ref()) && value.get() != "null") {
            None => Ok(()),
            Some(_) => Err(Error::new(
                ErrorCode::Forbidden,
                "The settings of this machine do not allow PINs to be typed in this page. Nothing was sent.",
            )),
        }
    }

    /// Whether a window of pinentry asks for PINs.
    fn by_pinentry(&self) -> bool {
        matches!(self.host, Host::Web { .. }) && settings().web.pin_entry == WebPinEntry::Pinentry
    }
}

/// The settings in force, read as whoever needs no agent reads them.
fn settings() -> Config {
    config::load(&Places::of_this_user(), &Loaded::default()).config
}

fn bad_request(why: &str) -> Error {
    Error::new(ErrorCode::BadRequest, why)
}

fn printable(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(40).collect()
}

/// An answer line, without its end.
fn answer(id: Option<&RawValue>, reply: std::result::Result<Box<RawValue>, (i32, Error)>) -> Vec<u8> {
    let (result, error) = match reply {
        Ok(reply) => (Some(reply), None),
        Err((code, data)) => (None, Some(Fault { code, message: data.message.clone(), data })),
    };
    serde_json::to_vec(&Answer { jsonrpc: "2.0".into(), id, result, error }).unwrap_or_default()
}

/// Why there is nothing but this, for a transport whose requests have no id.
pub(crate) fn failed(error: Error) -> Vec<u8> {
    answer(None, Err((FAILED, error)))
}

/// A reply of the host's own.
fn replied(reply: impl Serialize) -> Result<Box<RawValue>> {
    serde_json::value::to_raw_value(&reply).map_err(|_| bad_request("The reply cannot be written."))
}

/// Parameters of the host's own methods.
fn parameters<'p, P: Deserialize<'p>>(params: &'p RawValue) -> Result<P> {
    serde_json::from_str(params.get()).map_err(|_| bad_request("The parameters were not understood."))
}

/// A buffer for parameters with secrets in them: large enough from the start, and wiped.
type Wiped = Zeroizing<Vec<u8>>;

#[cfg(test)]
#[path = "bridge/tests.rs"]
mod tests;
