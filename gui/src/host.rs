//! Answers the page, each request on a thread of its own, and hands it the agent's events.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use page::bridge::{self, Bridge, Request};
use page::listening::Listening;
use serde::Deserialize;
use shared::place::Place;
use shared::rpc::methods::Empty;
use shared::{Error, ErrorCode, Result};
use zeroize::Zeroizing;

use crate::handover::Asked;

/// What the main thread, which alone has the window, is told.
pub(crate) enum Message {
    /// Run this in the page.
    Script(Zeroizing<String>),
    /// Something of the page can be seen, and it hears.
    Painted,
    /// Show everything so many times as large.
    Zoom(f64),
    /// Come to the front, and show this.
    Show(Asked),
    /// What shows the page has ended; in words.
    #[cfg_attr(
        any(windows, target_os = "macos"),
        expect(dead_code, reason = "wry does not tell it there: the view stays empty")
    )]
    Broken(&'static str),
}

/// How the main thread is told.
pub(crate) type Tell = Arc<dyn Fn(Message) + Send + Sync>;

/// The host of the page in the window.
pub(crate) struct Host {
    bridge: Bridge,
    tell: Tell,
    /// Which subscription is the one that counts: a page that subscribes again does not hear twice.
    subscription: AtomicU64,
}

#[derive(Deserialize)]
struct Subscribe {
    start: bool,
}

#[derive(Deserialize)]
struct Zoom {
    factor: f64,
}

/// How small and how large everything may be shown.
const SIZES: std::ops::RangeInclusive<f64> = 0.25..=5.0;

impl Host {
    /// The host of a page that opens at a place.
    pub(crate) fn new(place: Place, tell: Tell) -> Arc<Self> {
        let bridge = Bridge::new(bridge::Host::Window, place);
        Arc::new(Self { bridge, tell, subscription: AtomicU64::new(0) })
    }

    /// Takes a request, and returns at once. The answer comes as a script.
    ///
    /// # Errors
    /// No thread can be started. Then there is no answer.
    pub(crate) fn take(self: &Arc<Self>, request: String) -> io::Result<()> {
        let request = Zeroizing::new(request);
        let host = Arc::clone(self);
        let work = move || {
            let answer = Zeroizing::new(host.answer(&request));
            (host.tell)(script("answer", &answer));
        };
        thread::Builder::new().name("request".to_owned()).spawn(work).map(drop)
    }

    fn answer(self: &Arc<Self>, request: &str) -> Vec<u8> {
        let request = match Request::read(request.as_bytes()) {
            Ok(request) => request,
            Err(answer) => return answer,
        };
        let done = match request.method.as_ref() {
            "page.painted" => {
                (self.tell)(Message::Painted);
                Ok(())
            }
            "page.subscribe" => request.parameters().and_then(|wish| self.subscribe(wish)),
            "page.zoom" => request.parameters().and_then(|wish| self.zoom(wish)),
            _ => return self.bridge.reply_to(&request),
        };
        request.answer(done.map(|()| Empty {}))
    }

    fn zoom(&self, Zoom { factor }: Zoom) -> Result<()> {
        if !SIZES.contains(&factor) {
            return Err(Error::new(ErrorCode::BadRequest, "That is no size."));
        }
        (self.tell)(Message::Zoom(factor));
        Ok(())
    }

    fn subscribe(self: &Arc<Self>, Subscribe { start }: Subscribe) -> Result<()> {
        let listening = Listening::open(start)?;
        let mine = self.subscription.fetch_add(1, Ordering::Relaxed) + 1;
        let host = Arc::clone(self);
        let listen = move || {
            let counts = || host.subscription.load(Ordering::Relaxed) == mine;
            listening.run(|event| {
                if let Some(event) = event.filter(|_| counts()) {
                    (host.tell)(script("event", event.as_bytes()));
                }
                counts()
            });
            if counts() {
                (host.tell)(script("event", b"null"));
            }
        };
        let started = thread::Builder::new().name("events".to_owned()).spawn(listen);
        started
            .map(drop)
            .map_err(|error| Error::new(ErrorCode::System, format!("No thread can be started: {error}.")))
    }
}

/// A call of one of the page's functions, with JSON for its argument.
fn script(function: &str, json: &[u8]) -> Message {
    let json = std::str::from_utf8(json).unwrap_or("null");
    let mut text = Zeroizing::new(String::with_capacity(function.len() + json.len() + 16));
    for part in ["kortti.", function, "(", json, ")"] {
        text.push_str(part);
    }
    Message::Script(text)
}

/// Has the page show a place.
pub(crate) fn show(place: &Place) -> Message {
    script("show", &serde_json::to_vec(place).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc::{Receiver, channel};

    use super::*;

    fn host() -> (Arc<Host>, Receiver<Message>) {
        let (sender, told) = channel();
        let sender = Mutex::new(sender);
        let host =
            Host::new(Place::default(), Arc::new(move |message| drop(sender.lock().unwrap().send(message))));
        (host, told)
    }

    fn answered(told: &Receiver<Message>) -> serde_json::Value {
        let Message::Script(script) = told.recv().unwrap() else { panic!("no script") };
        let json = script.strip_prefix("kortti.answer(").and_then(|rest| rest.strip_suffix(')')).unwrap();
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn the_page_tells_that_it_can_be_seen() {
        let (host, told) = host();
        host.take(r#"{"jsonrpc":"2.0","id":7,"method":"page.painted","params":{}}"#.to_owned()).unwrap();
        assert!(matches!(told.recv().unwrap(), Message::Painted));
        assert_eq!(answered(&told), serde_json::json!({ "jsonrpc": "2.0", "id": 7, "result": {} }));
    }

    #[test]
    fn the_bridge_answers_the_rest() {
        let (host, told) = host();
        host.take(r#"{"jsonrpc":"2.0","id":8,"method":"page.information"}"#.to_owned()).unwrap();
        assert_eq!(answered(&told)["result"]["version"], shared::VERSION);
        host.take("nothing".to_owned()).unwrap();
        assert_eq!(answered(&told)["error"]["data"]["code"], "bad_request");
        host.take(r#"{"jsonrpc":"2.0","id":9,"method":"agent.stop"}"#.to_owned()).unwrap();
        assert_eq!(answered(&told)["error"]["data"]["code"], "bad_request");
        host.take(r#"{"jsonrpc":"2.0","id":10,"method":"page.subscribe","params":[]}"#.to_owned()).unwrap();
        assert_eq!(answered(&told)["error"]["data"]["code"], "bad_request");
    }
}
