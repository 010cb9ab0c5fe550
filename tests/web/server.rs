//! A server of the page, and connections to it on which one says what one likes.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use harness::programs::Home;
use serde_json::{Value, json};

/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A request that every page may make.
pub(crate) const STATUS: &str = r#"{"jsonrpc":"2.0","id":1,"method":"status","params":{}}"#;

/// `kortti-web`, ended when dropped.
pub(crate) struct Server {
    pub(crate) child: Child,
    pub(crate) port: u16,
    pub(crate) token: String,
}

impl Server {
    pub(crate) fn start(home: &Home) -> Self {
        Self::start_with(home, &[])
    }

    pub(crate) fn start_with(home: &Home, arguments: &[&str]) -> Self {
        let mut command = home.program("kortti-web");
        command
            .arg("--no-open")
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut link = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut link).unwrap();
        let (origin, token) = link.trim().split_once("/#token=").unwrap_or_else(|| panic!("no link: {link}"));
        let port = origin.strip_prefix("http://127.0.0.1:").unwrap().parse().unwrap();
        Self { child, port, token: token.to_owned() }
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// The first lines of a request that a page of this server makes.
    pub(crate) fn head(&self, method: &str, path: &str) -> String {
        let port = self.port;
        let origin = if method == "POST" {
            format!(
                "Origin: http://127.0.0.1:{port}\r\nReferer: http://127.0.0.1:{port}/\r\nContent-Type: application/json\r\n"
            )
        } else {
            String::new()
        };
        format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n{origin}")
    }

    /// Sends these bytes, and reads until the other end closes.
    pub(crate) fn say(&self, bytes: &[u8]) -> Reply {
        let mut stream = self.connect();
        // A server that has heard enough does not read the rest.
        let _ = stream.write_all(bytes);
        Reply::read(stream)
    }

    /// A request with further header lines, each with its end, and a body.
    pub(crate) fn request(&self, method: &str, path: &str, lines: &str, body: &str) -> Reply {
        let head = self.head(method, path);
        self.say(format!("{head}{lines}Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes())
    }

    pub(crate) fn trade(&self, token: &str) -> Reply {
        self.request("POST", "/session", "", &json!({ "token": token }).to_string())
    }

    /// Opens the session as the page does.
    pub(crate) fn open(&self) -> Page<'_> {
        let reply = self.trade(&self.token);
        assert_eq!(reply.status, 200, "{reply:?}");
        let cookie = reply.header("set-cookie").unwrap();
        for part in ["HttpOnly", "SameSite=Strict", "Path=/"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let secret = reply.json()["secret"].as_str().unwrap().to_owned();
        Page { server: self, cookie, secret }
    }

    /// Waits for its end; what it said comes along.
    pub(crate) fn ends(&mut self) -> (ExitStatus, String) {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                let mut words = String::new();
                if let Some(mut stderr) = self.child.stderr.take() {
                    stderr.read_to_string(&mut words).unwrap();
                }
                return (status, words);
            }
            assert!(Instant::now() < end, "it still runs");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The page, with its session.
pub(crate) struct Page<'s> {
    pub(crate) server: &'s Server,
    pub(crate) cookie: String,
    pub(crate) secret: String,
}

impl Page<'_> {
    pub(crate) fn credentials(&self) -> String {
        format!("Cookie: {}\r\nX-Kortti: {}\r\n", self.cookie, self.secret)
    }

    pub(crate) fn call(&self, request: &Value) -> Value {
        let reply = self.server.request("POST", "/call", &self.credentials(), &request.to_string());
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()
    }

    pub(crate) fn method(&self, method: &str, params: &Value) -> Value {
        self.call(&json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }))
    }

    /// Begins to listen; the head of the answer has been read.
    pub(crate) fn listen(&self) -> BufReader<TcpStream> {
        self.listen_to(false)
    }

    /// Begins to listen, to an agent that is started if none runs.
    pub(crate) fn listen_to(&self, start: bool) -> BufReader<TcpStream> {
        self.try_listen(start).expect("a place for one more connection")
    }

    /// The same; `None` if there is no place for the connection.
    pub(crate) fn try_listen(&self, start: bool) -> Option<BufReader<TcpStream>> {
        let mut stream = self.server.connect();
        let body = json!({ "start": start }).to_string();
        let head = self.server.head("POST", "/events").replace("Connection: close\r\n", "");
        let request = format!("{head}{}Content-Length: {}\r\n\r\n{body}", self.credentials(), body.len());
        let _ = stream.write_all(request.as_bytes());
        let mut events = BufReader::new(stream);
        let mut line = String::new();
        events.read_line(&mut line).ok().filter(|read| *read > 0)?;
        assert!(line.contains(" 200 "), "{line}");
        while !line.trim().is_empty() {
            line.clear();
            events.read_line(&mut line).unwrap();
        }
        Some(events)
    }
}

/// The next event of this name on a stream of them.
pub(crate) fn next_event(events: &mut BufReader<TcpStream>, name: &str) -> Value {
    loop {
        let mut line = String::new();
        assert!(events.read_line(&mut line).unwrap() > 0, "the stream ended before {name}");
        if let Ok(event) = serde_json::from_str::<Value>(&line)
            && event["event"] == name
        {
            return event;
        }
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    /// 0 for a connection that was closed without a word.
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn read(mut stream: TcpStream) -> Self {
        let mut bytes = Vec::new();
        // A connection that is reset has said all that it will.
        let _ = stream.read_to_end(&mut bytes);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).unwrap_or(0);
        let header =
            |line: &str| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()));
        Self { status, headers: lines.filter_map(header).collect(), body: body.to_owned() }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}
