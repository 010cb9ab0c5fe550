//! The socket: who may speak, how long, how many at once, and in which form.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::Duration;

use interprocess::local_socket::prelude::*;
use interprocess::local_socket::{Listener, Stream};
use serde_json::value::RawValue;
use shared::model::Program;
use shared::rpc::events::{Change, Event};
use shared::rpc::methods::{DesktopReport, Empty, Subscribe};
use shared::rpc::{Answer, Fault, Method, Notification, Request};
use shared::socket::{self, LineReader, Patience};
use shared::{Error, ErrorCode};

use crate::caller;
use crate::registry::Subscription;
use crate::service::settings::Reporter;
use crate::service::{Service, fault};

/// Connections at the same time. A desktop has a handful.
const CONNECTIONS: usize = 64;

/// A connection may be idle this long, and a request may take this long to arrive.
const PATIENCE: Patience = Patience { first: Some(Duration::from_secs(300)), rest: Duration::from_secs(10) };

/// A client that does not take an answer or an event in this time is cut off.
const SEND: Duration = Duration::from_secs(5);

/// Accepts connections until the process ends.
pub(crate) fn run(listener: &Listener, service: &Arc<Service>) {
    let connections = Arc::new(AtomicUsize::new(0));
    for stream in listener.incoming() {
        let stream = match stream {
            Ok(stream) => stream,
            Err(error) => {
                // Out of descriptors, most likely: others must close theirs first.
                tracing::warn!(%error, "a connection could not be accepted");
                thread::sleep(Duration::from_millis(100));
                continue;
            }
        };
        if !socket::same_user(&stream) {
            tracing::warn!("a connection of another user was refused");
            continue;
        }
        let place = Place::take(&connections);
        // Now, since a program that has gone leaves its number to another one.
        let caller = caller::of(&stream);
        let service = Arc::clone(service);
        let thread = thread::Builder::new().name("client".to_owned());
        let spawned = thread.spawn(move || match place {
            Some(_place) => serve(&stream, &service, &caller),
            None => {
                let error = Error::new(ErrorCode::Busy, "Too many programs are connected to the agent.");
                let _ = answer(&stream, None, Err(fault(-32000, error)));
            }
        });
        if let Err(error) = spawned {
            tracing::warn!(%error, "no thread for a connection");
        }
    }
}

/// One of the places for a connection, given back when dropped.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(connections: &Arc<AtomicUsize>) -> Option<Self> {
        let free = |taken: usize| (taken < CONNECTIONS).then_some(taken + 1);
        let taken = connections.fetch_update(Ordering::SeqCst, Ordering::SeqCst, free);
        taken.is_ok().then(|| Self(Arc::clone(connections)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn serve(stream: &Stream, service: &Arc<Service>, caller: &Program) {
    if cfg!(unix) && stream.set_send_timeout(Some(SEND)).is_err() {
        return;
    }
    let mut lines = LineReader::default();
    let reporter = Reporter::new(service);
    loop {
        // The desktop's connection stands for the desktop, which may have nothing to say for days.
        let first = PATIENCE.first.filter(|_| !reporter.has_reported());
        let line = match lines.next(stream, Patience { first, ..PATIENCE }) {
            Ok(Some(line)) => line,
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                let error = Error::new(ErrorCode::BadRequest, "The request is too long.");
                let _ = answer(stream, None, Err(fault(-32600, error)));
                return;
            }
            Ok(None) | Err(_) => return,
        };
        let Ok(request) = serde_json::from_slice::<Request<'_>>(line) else {
            let error =
                Error::new(ErrorCode::BadRequest, "The request is not one JSON-RPC 2.0 object on a line.");
            if answer(stream, None, Err(fault(-32700, error))).is_err() {
                return;
            }
            continue;
        };
        let id = request.id;
        if request.jsonrpc != "2.0" || id.is_none_or(|id| !is_id(id)) {
            let error = Error::new(ErrorCode::BadRequest, "A request needs jsonrpc 2.0 and an id.");
            if answer(stream, None, Err(fault(-32600, error))).is_err() {
                return;
            }
            continue;
        }
        if request.method == Subscribe::NAME {
            let reply = serde_json::value::to_raw_value(&Empty {}).map_err(|_| unwritable());
            if answer(stream, id, reply).is_ok() {
                stream_events(stream, service);
            }
            return;
        }
        // Counted until the answer is written: an agent that ends leaves nobody in doubt of what was done.
        let running = service.work();
        let result = if request.method == DesktopReport::NAME {
            reporter.report(request.params)
        } else {
            service.dispatch(caller, &request.method, request.params)
        };
        let answered = answer(stream, id, result);
        drop(running);
        if answered.is_err() {
            return;
        }
    }
}

fn unwritable() -> Fault {
    fault(-32000, Error::new(ErrorCode::System, "The answer could not be written."))
}

/// JSON-RPC ids are strings, numbers or null; they are copied back, so they must not be long.
fn is_id(id: &RawValue) -> bool {
    id.get().len() <= 128 && !id.get().starts_with(['{', '[', 't', 'f'])
}

fn answer(stream: &Stream, id: Option<&RawValue>, result: Result<Box<RawValue>, Fault>) -> io::Result<()> {
    let (result, error) = match result {
        Ok(result) => (Some(result), None),
        Err(fault) => (None, Some(fault)),
    };
    socket::write_line(stream, &Answer { jsonrpc: "2.0".into(), id, result, error })
}

/// Sends events until the subscriber lags behind, goes, or the agent ends. This thread waits for the subscriber to
/// go (it has nothing more to say), another one sends.
fn stream_events(stream: &Stream, service: &Arc<Service>) {
    // Counted until the last event is sent, which an ending agent waits for.
    let running = service.work();
    let Subscription { number, snapshot, events } = service.registry().subscribe();
    if service.is_stopping() {
        // The last event may have been published already.
        service.registry().unsubscribe(number);
        return;
    }
    thread::scope(|scope| {
        scope.spawn(move || {
            send_events(stream, &snapshot, &events);
            drop(running);
            hang_up(stream);
        });
        let _ = LineReader::default().next(stream, Patience { first: None, ..PATIENCE });
        service.registry().unsubscribe(number);
    });
}

fn send_events(stream: &Stream, snapshot: &Event, events: &Receiver<Event>) {
    let send = |event: &Event| {
        let notification = Notification { jsonrpc: "2.0".into(), method: "event".into(), params: event };
        socket::write_line(stream, &notification).is_ok()
    };
    let mut open = send(snapshot);
    while open && let Ok(event) = events.recv() {
        open = send(&event) && event.change != Change::AgentStopping;
    }
}

/// Ends both directions, so that the thread that reads wakes up. A named pipe knows no such thing: there it ends
/// with the subscriber.
fn hang_up(stream: &Stream) {
    #[cfg(unix)]
    {
        let Stream::UdSocket(socket) = stream;
        let _ = rustix::net::shutdown(socket, rustix::net::Shutdown::Both);
    }
    #[cfg(windows)]
    let _ = stream;
}
