//! `kortti-gui` as a person starts it, on a display that nobody sees. What is in the window is tried out by `tests/page`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use harness::display::Display;
use harness::programs::Home;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);

const SECOND_READER: &str = "--reader=Kortti Virtual Reader 01 00";

/// A window; killed when dropped.
struct Window {
    child: Child,
    stdout: BufReader<std::process::ChildStdout>,
}

impl Window {
    /// Opens one, and waits until something can be seen.
    fn open(home: &Home, arguments: &[&str]) -> Self {
        let mut command = home.program("kortti-gui");
        let log = File::options().create(true).append(true).open(home.path().join("window.log")).unwrap();
        command.arg("--say-painted").args(arguments).stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let said = fs::read_to_string(home.path().join("window.log")).unwrap();
        let time: Option<u64> = line.strip_prefix("painted ").and_then(|time| time.trim_end().parse().ok());
        assert!(time.is_some_and(|time| (1..60_000).contains(&time)), "{line}{said}");
        Self { child, stdout }
    }

    /// The processes that it has started.
    fn children(&self) -> Vec<u32> {
        let pid = self.child.id();
        let text = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
        text.split_whitespace().map(|child| child.parse().unwrap()).collect()
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts `kortti-gui`, which ends by itself.
fn start(home: &Home, arguments: &[&str]) -> Output {
    home.program("kortti-gui").args(arguments).stdin(Stdio::null()).output().unwrap()
}

/// The sentence on standard error of a start that failed.
#[track_caller]
fn refused(output: &Output) -> String {
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{output:?}");
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(said.lines().count(), 1, "{said}");
    said
}

#[track_caller]
fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "never so: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn without_a_display_there_is_a_sentence() {
    let mut home = Home::new();
    home.set("WAYLAND_DISPLAY", "");
    home.set("GDK_BACKEND", "x11");
    for display in ["", ":4711"] {
        home.set("DISPLAY", display);
        assert!(
            refused(&start(&home, &[])).starts_with("There is no display to open a window on."),
            "{display}"
        );
    }
    home.set("DISPLAY", "");
    home.set("XDG_RUNTIME_DIR", "");
    assert!(refused(&start(&home, &["--panel=pin"])).starts_with("There is no display"));
}

#[test]
fn what_is_no_place_is_not_understood() {
    let output = start(&Home::new(), &["--panel=nothing"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_second_start_is_handed_over() {
    let display = Display::start();
    let mut home = Home::new();
    display.show(&mut home);
    let agent = home.agent(&["--virtual"]);
    let folder = home.path().join("kortti");
    // What a window leaves that was killed.
    fs::write(folder.join("window.sock"), "").unwrap();
    let mut window = Window::open(&home, &["--panel=information"]);
    let mode = |name: &str| fs::metadata(folder.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("window.sock"), mode("window.lock")), (0o600, 0o600));

    // This panel shows nothing of a card, so nothing is read until another one is asked for.
    let read = || agent.log().matches("command=GET METADATA").count();
    let before = read();
    let second = start(&home, &["--panel=certificates", SECOND_READER, "--say-painted"]);
    assert!(second.status.success() && second.stdout.is_empty() && second.stderr.is_empty(), "{second:?}");
    wait_until("the second card is read", || read() > before);

    // Whoever says something else hangs up, and disturbs nobody.
    for garbage in ["\n", "{}\n", "[1", r#"{"place":{"panel":"nothing"},"startup":null}"#] {
        let mut stream = UnixStream::connect(folder.join("window.sock")).unwrap();
        stream.write_all(garbage.as_bytes()).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert_eq!(answer, "", "{garbage}");
    }
    // Several at once, as from somebody who does not see at once that anything happens.
    let starts: Vec<Child> =
        (0..4).map(|_| home.program("kortti-gui").stdin(Stdio::null()).spawn().unwrap()).collect();
    for mut start in starts {
        assert!(start.wait().unwrap().success());
    }
    // A WebDriver would wait for a window that it can drive.
    assert!(refused(&start(&home, &["--automation"])).contains("open already"));
    assert!(window.child.try_wait().unwrap().is_none(), "the first window is gone");

    // Killed, it says nothing more, and the next start opens a window.
    window.child.kill().unwrap();
    window.child.wait().unwrap();
    let mut rest = String::new();
    window.stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
    drop(window);
    drop(Window::open(&home, &[]));
}

#[test]
fn a_window_that_does_not_answer_is_spoken_of() {
    let display = Display::start();
    let mut home = Home::new();
    display.show(&mut home);
    let folder = home.path().join("kortti");
    fs::create_dir(&folder).unwrap();
    let lock = File::create(folder.join("window.lock")).unwrap();
    lock.lock().unwrap();
    assert!(refused(&start(&home, &[])).contains("does not answer"));
}

/// A core of a process that shows the page has what is typed there in it.
#[test]
fn no_process_of_the_window_leaves_a_core() {
    let display = Display::start();
    let mut home = Home::new();
    display.show(&mut home);
    // Else the page would start one, which would outlive the test.
    let _agent = home.agent(&["--virtual"]);
    let window = Window::open(&home, &[]);
    wait_until("the view has its processes", || window.children().len() >= 2);
    let mut checked = 0;
    for pid in window.children().into_iter().chain([window.child.id()]) {
        // One that shows nothing any more may end while it is looked at.
        let Ok(limits) = fs::read_to_string(format!("/proc/{pid}/limits")) else { continue };
        checked += 1;
        let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
        assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{core}");
    }
    assert!(checked >= 3, "only {checked} could be looked at");
    // Nothing is kept of a window that was closed: no history, no storage, no cookies.
    drop(window);
    let mut find = Command::new("find");
    let found = find.arg(home.path()).args(["-type", "f"]).output().unwrap();
    let found = String::from_utf8(found.stdout).unwrap();
    let ours = ["/kortti/", "/config/", "/window.log", "/agent.log", "/mesa_shader_cache", "/.dbus/"];
    let others: Vec<&str> =
        found.lines().filter(|line| !ours.iter().any(|ours| line.contains(ours))).collect();
    assert!(others.is_empty(), "{others:?}");
}
