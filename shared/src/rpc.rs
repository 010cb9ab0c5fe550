//! JSON-RPC 2.0, one object per line: the envelope, and the limits that both ends keep.

pub mod events;
pub mod methods;

use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use crate::error::Error;

/// The version of the protocol. It rises when a method or field changes its meaning, not when one is added.
pub const PROTOCOL: u32 = 1;

/// The longest line that either end accepts, in bytes. The largest request imports a file of
/// [`MAX_FILE`] bytes, which base64 makes a third longer.
pub const MAX_LINE: usize = 1 << 20;

/// The largest file that can be imported, in bytes.
pub const MAX_FILE: usize = 512 * 1024;

/// One method of the agent: its name and what goes in and out.
pub trait Method {
    /// The name on the wire.
    const NAME: &'static str;
    /// What the caller says.
    type Params: Serialize + for<'de> Deserialize<'de>;
    /// What the agent answers.
    type Reply: Serialize + DeserializeOwned;
}

/// A request line as the agent reads it. Parameters stay raw until the method is known, so that a secret among
/// them is decoded once, into its own type.
#[derive(Debug, Deserialize)]
pub struct Request<'a> {
    /// Must be `2.0`.
    #[serde(borrow)]
    pub jsonrpc: std::borrow::Cow<'a, str>,
    /// A number or string of the caller's choosing, repeated in the answer; a request without one is not
    /// answered, and Kortti has none such.
    #[serde(borrow, default, deserialize_with = "present")]
    pub id: Option<&'a RawValue>,
    /// The method.
    #[serde(borrow)]
    pub method: std::borrow::Cow<'a, str>,
    /// Its parameters.
    #[serde(borrow, default)]
    pub params: Option<&'a RawValue>,
}

/// A field that is there, even as `null`; serde takes that for absent otherwise.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// A request line as a client writes it.
#[derive(Serialize)]
pub struct Call<'a, P> {
    /// Always `2.0`.
    pub jsonrpc: &'static str,
    /// Repeated in the answer.
    pub id: u64,
    /// The method.
    pub method: &'a str,
    /// Its parameters.
    pub params: &'a P,
}

/// An answer line.
#[derive(Debug, Serialize, Deserialize)]
pub struct Answer<'a, R> {
    /// Always `2.0`.
    pub jsonrpc: std::borrow::Cow<'a, str>,
    /// The request's.
    #[serde(borrow)]
    pub id: Option<&'a RawValue>,
    /// What the method returned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<R>,
    /// Why it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Fault>,
}

/// The error member of an answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Fault {
    /// JSON-RPC's number: -32700 not JSON, -32600 no request, -32601 no such method, -32602 bad parameters, and
    /// -32000 for everything that `data` explains.
    pub code: i32,
    /// The sentence of `data`, for programs that know JSON-RPC only.
    pub message: String,
    /// The failure itself.
    pub data: Error,
}

/// A line that the agent sends unasked, after `subscribe`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(bound(deserialize = "P: Deserialize<'de>"))]
pub struct Notification<'a, P> {
    /// Always `2.0`.
    pub jsonrpc: std::borrow::Cow<'a, str>,
    /// Always `event`.
    pub method: std::borrow::Cow<'a, str>,
    /// The event.
    pub params: P,
}
