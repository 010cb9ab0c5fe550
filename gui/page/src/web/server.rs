//! The server: who comes in, what is answered, and when it ends.

use std::convert::Infallible;
use std::future::Future;
use std::io::{IsTerminal as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use http_body_util::{Either, Full};
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue, SET_COOKIE};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Deserialize;
use shared::Result;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{Receiver, channel};
use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};
use zeroize::Zeroizing;

use super::body;
use super::gate::Address;
use super::link::{LinkFile, Opening};
use super::session::{LINK, Session, Trade};
use super::{Order, forbidden, is_allowed, owner, refused};
use crate::bridge::{self, Bridge, Host};
use crate::files;
use crate::listening::Listening;

/// Connections at once.
const CONNECTIONS: u16 = 32;
/// How large the head of a request may be, in bytes, and how long it may take.
const HEAD: usize = 16 * 1024;
const HEAD_TIME: Duration = Duration::from_secs(5);
/// How long the body of a request may take.
const BODY_TIME: Duration = Duration::from_secs(10);
/// After how long without a page it is said how to open it otherwise.
const HINT: Duration = Duration::from_secs(15);
/// Connections of which it is not known yet whose they are. More of them wait with the system.
const WAITING: usize = 128;
/// How long what is being answered may take once the server is to end.
const LAST_ANSWERS: Duration = Duration::from_secs(5);
/// How many events may wait for the page.
const EVENTS: usize = 256;

type Answer = Response<Either<Full<Bytes>, EventStream>>;

/// What all connections share.
struct Server {
    address: Address,
    here: SocketAddrV4,
    session: Mutex<Session>,
    bridge: Bridge,
    /// How many requests and streams of events a page has open.
    present: AtomicUsize,
    /// How often a page asked to listen: one that finds no agent keeps looking for one, and is open all the same.
    asked: AtomicUsize,
    /// Something happened after which the server may have to end.
    changed: Notify,
    /// Somebody brought the token a second time.
    betrayed: Notify,
    /// The settings have come to forbid the page.
    forbidden: Notify,
    /// A place for each request that the bridge is answering.
    answering: Semaphore,
    /// Whether connections end with the answer that is under way.
    ending: watch::Sender<bool>,
}

/// Serves until the page has been closed for a while.
pub(super) async fn run(order: Order) -> Result<&'static str> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(|error| refused(&error))?;
    let SocketAddr::V4(here) = listener.local_addr().map_err(|error| refused(&error))? else {
        return Err(refused(&std::io::ErrorKind::AddrNotAvailable.into()));
    };
    let address = Address::new(here.port());
    let session = Session::new()?;
    let link = Zeroizing::new(format!("{}/#token={}", address.origin(), session.token()));
    let server = Arc::new(Server {
        bridge: Bridge::new(Host::Web { origin: address.origin() }, order.place),
        address,
        here,
        session: Mutex::new(session),
        present: AtomicUsize::new(0),
        asked: AtomicUsize::new(0),
        changed: Notify::new(),
        betrayed: Notify::new(),
        forbidden: Notify::new(),
        answering: Semaphore::new(CONNECTIONS.into()),
        ending: watch::Sender::new(false),
    });
    let stop = stop_signal().map_err(|error| refused(&error))?;
    let link_file = announce(&link, order.opening)?;
    drop(link);
    let places = Arc::new(Semaphore::new(CONNECTIONS.into()));
    let mut accept = pin!(accept(&listener, &server, &places));
    let why = tokio::select! {
        never = &mut accept => match never {},
        () = stop => Ok("The page is closed: this program was asked to end."),
        () = server.betrayed.notified() => Ok("The page is closed: somebody used its link a second time. Nobody but you should have it; open the page again."),
        () = server.forbidden.notified() => Err(forbidden()),
        why = idle(&server, order.end_after, link_file) => Ok(why),
    };
    // Nobody is the page any more, but what it asked for before is not left without an answer.
    server.session().end();
    tokio::select! {
        never = accept => match never {},
        _ = timeout(LAST_ANSWERS, last_answers(&server, &places)) => {}
    }
    why
}

/// Ends when everything that was asked for is answered, and every connection closed.
async fn last_answers(server: &Server, places: &Semaphore) {
    drop(server.answering.acquire_many(CONNECTIONS.into()).await);
    server.ending.send_replace(true);
    drop(places.acquire_many(CONNECTIONS.into()).await);
}

/// Tells the browser, or whoever reads standard output, where the page is.
fn announce(link: &str, opening: Opening) -> Result<Option<LinkFile>> {
    let mut stdout = std::io::stdout();
    // Whoever has closed standard output does not want to read it.
    let mut print = |text: &str| drop(writeln!(stdout, "{text}").and_then(|()| stdout.flush()));
    if opening == Opening::Printed {
        print(link);
        return Ok(None);
    }
    let file = LinkFile::write(link)?;
    if let Err(words) = file.open() {
        print(&words);
    }
    if std::io::stdout().is_terminal() {
        print(&format!(
            "The page opens in your browser. If it does not, open this link, which is good once:\n{link}"
        ));
    }
    Ok(Some(file))
}

/// Ends when nobody opened the page in time, or when nobody has had it open for a while.
async fn idle(server: &Server, end_after: Duration, link_file: Option<LinkFile>) -> &'static str {
    let opened = async {
        while !server.session().is_open() {
            server.changed.notified().await;
        }
    };
    let asked = link_file.is_some();
    let hint = async {
        sleep(HINT).await;
        if asked {
            // A browser in a sandbox of its own (Snap, Flatpak) cannot read the file, and says so only in its window.
            eprintln!("No page has opened so far. A link to open by yourself: kortti web --no-open");
        }
        std::future::pending::<()>().await;
    };
    let in_time = async {
        tokio::select! {
            () = opened => {}
            () = hint => {}
        }
    };
    if timeout(LINK, in_time).await.is_err() {
        return "The page is closed: nobody opened its link.";
    }
    drop(link_file);
    loop {
        let asked = server.asked.load(Ordering::SeqCst);
        let is_open = async {
            while server.present.load(Ordering::SeqCst) == 0 && server.asked.load(Ordering::SeqCst) == asked {
                server.changed.notified().await;
            }
        };
        if timeout(end_after, is_open).await.is_err() {
            return "The page is closed.";
        }
        while server.present.load(Ordering::SeqCst) > 0 {
            server.changed.notified().await;
        }
    }
}

/// Takes connections. Those of other users are closed at once, and so are those that are too many.
///
/// Whose they are is asked for all that have come meanwhile at once, on another thread: somebody who connects as fast as he can makes the
/// person wait for a few looks at the kernel's table, and not for one for each of his connections.
async fn accept(listener: &TcpListener, server: &Arc<Server>, places: &Arc<Semaphore>) -> Infallible {
    let (comes, waiting) = channel(WAITING);
    let take = async {
        loop {
            let Ok((stream, SocketAddr::V4(peer))) = listener.accept().await else {
                // Too many open files, say: it passes.
                sleep(Duration::from_millis(50)).await;
                continue;
            };
            // The one that takes them out goes on for as long as this does.
            let _ = comes.send((stream, peer)).await;
        }
    };
    tokio::select! {
        never = take => never,
        never = let_in(waiting, server, places) => never,
    }
}

/// Serves the connections that are the person's.
async fn let_in(
    mut waiting: Receiver<(TcpStream, SocketAddrV4)>,
    server: &Arc<Server>,
    places: &Arc<Semaphore>,
) -> Infallible {
    let mut crowd = Vec::with_capacity(WAITING);
    loop {
        waiting.recv_many(&mut crowd, WAITING).await;
        let peers: Vec<_> = crowd.iter().map(|(_, peer)| *peer).collect();
        let here = server.here;
        let mine = spawn_blocking(move || owner::are_mine(&peers, here)).await.unwrap_or_default();
        for ((stream, _), is_mine) in crowd.drain(..).zip(mine) {
            if !is_mine {
                // A connection that was closed politely would stay in the kernel's table for a minute and make it long.
                let _ = stream.set_zero_linger();
                continue;
            }
            let Ok(place) = Arc::clone(places).try_acquire_owned() else { continue };
            let server = Arc::clone(server);
            tokio::spawn(async move {
                converse(stream, server).await;
                drop(place);
            });
        }
    }
}

async fn converse(stream: TcpStream, server: Arc<Server>) {
    // An answer is short, and whoever waits for it is on this machine.
    let _ = stream.set_nodelay(true);
    let mut ending = server.ending.subscribe();
    let was_used = AtomicBool::new(false);
    let service = service_fn(|request| {
        was_used.store(true, Ordering::Relaxed);
        let server = Arc::clone(&server);
        async move { Ok::<_, Infallible>(server.answer(request).await) }
    });
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME).max_buf_size(HEAD).max_headers(64);
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
    // Whatever is wrong with a connection ends it, and no other.
    tokio::select! {
        _ = &mut connection => return,
        _ = ending.wait_for(|ending| *ending) => {}
    }
    if was_used.load(Ordering::Relaxed) {
        connection.as_mut().graceful_shutdown();
        let _ = connection.await;
    }
}

impl Server {
    fn session(&self) -> MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Answer {
        let (head, body) = request.into_parts();
        if let Err(status) = self.address.admit(&head.method, &head.headers) {
            return plain(status);
        }
        // A whole address, as for a proxy, would name a host beside the one that was looked at.
        if head.uri.authority().is_some() {
            return plain(StatusCode::MISDIRECTED_REQUEST);
        }
        if head.method == Method::GET {
            return head.uri.query().is_none().then(|| files::find(head.uri.path())).flatten().map_or_else(
                || plain(StatusCode::NOT_FOUND),
                |file| with_type(Bytes::from_static(file.content), file.media_type()),
            );
        }
        let path = head.uri.path();
        let is_trade = path == "/session";
        if !is_trade && !matches!(path, "/call" | "/events") {
            return plain(StatusCode::NOT_FOUND);
        }
        let (cookies, secret) = self.address.credentials(&head.headers);
        if !is_trade && !self.session().admits(&cookies, secret) {
            return plain(StatusCode::UNAUTHORIZED);
        }
        let body = match timeout(BODY_TIME, body::read(body)).await {
            Err(_) => return plain(StatusCode::REQUEST_TIMEOUT),
            Ok(Err(status)) => return plain(status),
            Ok(Ok(body)) => body,
        };
        // They may have changed since the page was opened.
        if !spawn_blocking(is_allowed).await.unwrap_or(true) {
            self.forbidden.notify_one();
            return plain(StatusCode::UNAUTHORIZED);
        }
        match path {
            "/session" => self.trade(&body),
            "/call" => self.call(body).await,
            _ => self.events(&body).await,
        }
    }

    fn trade(&self, body: &[u8]) -> Answer {
        #[derive(Deserialize)]
        struct Token<'a> {
            token: &'a str,
        }
        let Ok(Token { token }) = serde_json::from_slice(body) else { return plain(StatusCode::BAD_REQUEST) };
        let trade = self.session().trade(token, Instant::now());
        match trade {
            Trade::Refused => plain(StatusCode::FORBIDDEN),
            Trade::Twice => {
                self.betrayed.notify_one();
                plain(StatusCode::FORBIDDEN)
            }
            Trade::Opened { cookie, secret } => {
                self.changed.notify_one();
                let body = serde_json::json!({ "secret": secret }).to_string();
                let mut answer = with_type(Bytes::from(body), "application/json");
                let cookie = format!("{}={cookie}; HttpOnly; SameSite=Strict; Path=/", self.address.cookie());
                if let Ok(cookie) = HeaderValue::from_str(&cookie) {
                    answer.headers_mut().insert(SET_COOKIE, cookie);
                }
                answer
            }
        }
    }

    /// Has the bridge answer. A page that is closed meanwhile does not keep the agent from ending what it began.
    async fn call(self: Arc<Self>, body: Zeroizing<Vec<u8>>) -> Answer {
        // Whoever is asked by pinentry has not gone.
        let present = Present::of(&self);
        let server = Arc::clone(&self);
        // There is a place for each connection, until the server ends.
        let Ok(answering) = server.answering.try_acquire() else { return plain(StatusCode::UNAUTHORIZED) };
        let answered = spawn_blocking(move || self.bridge.answer(&body)).await;
        drop((present, answering));
        match answered {
            Ok(answer) => with_type(Bytes::from(answer), "application/json"),
            Err(_) => plain(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }

    async fn events(self: Arc<Self>, body: &[u8]) -> Answer {
        #[derive(Deserialize)]
        struct Wish {
            start: bool,
        }
        let Ok(Wish { start }) = serde_json::from_slice(body) else { return plain(StatusCode::BAD_REQUEST) };
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.changed.notify_one();
        let listening = match spawn_blocking(move || Listening::open(start)).await {
            Ok(Ok(listening)) => listening,
            Ok(Err(error)) => return with_type(Bytes::from(bridge::failed(error)), "application/json"),
            Err(_) => return plain(StatusCode::INTERNAL_SERVER_ERROR),
        };
        let (sender, receiver) = channel(EVENTS);
        let server = Arc::clone(&self);
        // It ends when the page has gone, which it notices with the next event or breath.
        spawn_blocking(move || {
            listening.run(|event| {
                let may_be_forbidden = event.is_none_or(|event| event.contains("\"policy_changed\""));
                if may_be_forbidden && !is_allowed() {
                    server.forbidden.notify_one();
                    return false;
                }
                let line = event.map_or_else(|| "\n".to_owned(), |event| format!("{event}\n"));
                sender.try_send(Bytes::from(line)).is_ok()
            });
        });
        let mut ending = self.ending.subscribe();
        let ended = Box::pin(async move { drop(ending.wait_for(|ending| *ending).await) });
        let stream = EventStream { lines: receiver, ended, _present: Present::of(&self) };
        answer_of(StatusCode::OK, Either::Right(stream), "application/x-ndjson")
    }
}

/// The events of the agent, as the body of an answer.
pub(super) struct EventStream {
    lines: Receiver<Bytes>,
    /// Comes when the server ends.
    ended: Pin<Box<dyn Future<Output = ()> + Send>>,
    _present: Present,
}

impl Body for EventStream {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Frame<Bytes>, Infallible>>> {
        if self.ended.as_mut().poll(context).is_ready() {
            return Poll::Ready(None);
        }
        self.lines.poll_recv(context).map(|line| line.map(|line| Ok(Frame::data(line))))
    }
}

/// That a page is there: it listens, or waits for an answer.
struct Present(Arc<Server>);

impl Present {
    fn of(server: &Arc<Server>) -> Self {
        server.present.fetch_add(1, Ordering::SeqCst);
        server.changed.notify_one();
        Self(Arc::clone(server))
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        self.0.present.fetch_sub(1, Ordering::SeqCst);
        self.0.changed.notify_one();
    }
}

/// An answer that is nothing but its status.
fn plain(status: StatusCode) -> Answer {
    answer_of(status, Either::Left(Full::default()), "text/plain")
}

fn with_type(body: Bytes, media_type: &'static str) -> Answer {
    answer_of(StatusCode::OK, Either::Left(Full::new(body)), media_type)
}

fn answer_of(status: StatusCode, body: Either<Full<Bytes>, EventStream>, media_type: &'static str) -> Answer {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    for (name, value) in files::HEADERS {
        headers.insert(*name, HeaderValue::from_static(value));
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    answer
}

/// Ends when somebody asks this program to end.
#[cfg(unix)]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut end, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = end.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Ends when somebody asks this program to end.
#[cfg(windows)]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    let mut interrupt = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        interrupt.recv().await;
    })
}
