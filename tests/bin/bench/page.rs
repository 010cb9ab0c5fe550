//! What the window and the page in the browser cost: how soon something can be seen, how much memory they take while they are open, and
//! whether the agent notices.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use harness::display::Display;
use harness::programs::{AgentProcess, Home};

use super::{Bar, Table, as_figure, median, milliseconds};

/// How often each is started.
const ROUNDS: usize = 7;
/// How long anything here may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How much memory may differ that nobody asked for, in bytes: what an allocator keeps of a few connections.
const SETTLED: f64 = 300e3;

/// A program that is ended with this value.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(super) fn measure(table: &mut Table) {
    let display = Display::start();
    let mut home = Home::new();
    display.show(&mut home);
    let agent = home.agent_that_logs("warn", &["--virtual"]);
    home.kortti(&["cert", "list", "--card", "7D1F93C2"], &[]).code(0);
    window(table, &home, &agent);
    browser(table, &home, &agent);
}

fn window(table: &mut Table, home: &Home, agent: &AgentProcess) {
    let mut times = Vec::new();
    let mut kept = None;
    for _ in 0..ROUNDS {
        // The one before is closed first: a second start would bring it to the front.
        drop(kept.take());
        let begun = Instant::now();
        let mut command = home.program("kortti-gui");
        let mut child = command
            .arg("--say-painted")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the window");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output"))
            .read_line(&mut line)
            .expect("its first line");
        assert!(line.starts_with("painted"), "the window did not open: {line}");
        times.push(milliseconds(begun.elapsed()));
        kept = Some(Running(child));
    }
    let least = times.iter().copied().fold(f64::INFINITY, f64::min);
    table.row(
        "window: from start to first paint",
        format!("{:>19.0} ms, least {least:.0} ms", median(&mut times)),
        &Bar::None,
    );
    let open = kept.expect("the last one");
    settle(|| memory(open.0.id()));
    let processes = descendants(open.0.id());
    let total: f64 = processes.iter().map(|pid| proportional(*pid)).sum();
    table.row(
        "window: memory while open, all its processes",
        format!("{:>19.0} MB ({} processes)", total / 1e6, processes.len()),
        &Bar::None,
    );
    let with = as_figure(usize::try_from(agent.resident()).expect("a size"));
    drop(open);
    settle(|| as_figure(usize::try_from(agent.resident()).expect("a size")));
    let without = as_figure(usize::try_from(agent.resident()).expect("a size"));
    let name = "window: memory of the agent while it is open, and after";
    let text = format!("{:>19.1} MB, {:.1} MB", with / 1e6, without / 1e6);
    table.row(name, text, &Bar::AtMost((with - without) / 1e6, SETTLED / 1e6, "MB more"));
}

fn browser(table: &mut Table, home: &Home, agent: &AgentProcess) {
    let before = agent.resident();
    let mut times = Vec::new();
    let mut kept = None;
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        let mut command = home.program("kortti-web");
        let mut child = command
            .arg("--no-open")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("kortti-web");
        let mut link = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut link).expect("its link");
        let port: u16 = link
            .trim_start_matches("http://127.0.0.1:")
            .split('/')
            .next()
            .and_then(|port| port.parse().ok())
            .expect("a port");
        let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
        write!(stream, "GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n")
            .expect("a request");
        let mut page = String::new();
        stream.read_to_string(&mut page).expect("the page");
        assert!(page.starts_with("HTTP/1.1 200"), "{page}");
        times.push(milliseconds(begun.elapsed()));
        kept = Some(Running(child));
    }
    table.row(
        "web page: from start to the first byte of the page",
        format!("{:>19.1} ms", median(&mut times)),
        &Bar::None,
    );
    let served = kept.expect("the last one");
    table.row(
        "web page: memory of kortti-web",
        format!("{:>19.1} MB", proportional(served.0.id()) / 1e6),
        &Bar::None,
    );
    let grown = (as_figure(usize::try_from(agent.resident()).expect("a size"))
        - as_figure(usize::try_from(before).expect("a size")))
        / 1e6;
    table.row(
        "web page: memory that the agent takes for it",
        format!("{grown:>19.1} MB"),
        &Bar::AtMost(grown, SETTLED / 1e6, "MB more"),
    );
}

/// Memory of a process and all that it started.
fn memory(pid: u32) -> f64 {
    descendants(pid).iter().map(|pid| proportional(*pid)).sum()
}

/// Waits until a figure stays what it is for a second.
fn settle(figure: impl Fn() -> f64) {
    let end = Instant::now() + PATIENCE;
    let (mut last, mut since) = (figure(), Instant::now());
    while since.elapsed() < Duration::from_secs(1) && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(100));
        let now = figure();
        if (now - last).abs() > 0.01 * last {
            (last, since) = (now, Instant::now());
        }
    }
}

/// A process and those that it started, and they, by their numbers.
fn descendants(pid: u32) -> BTreeSet<u32> {
    let parent = |pid: u32| -> Option<u32> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
    };
    let all: Vec<u32> = fs::read_dir("/proc")
        .expect("/proc")
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect();
    let mut found = BTreeSet::from([pid]);
    loop {
        let more: Vec<u32> = all
            .iter()
            .copied()
            .filter(|one| !found.contains(one) && parent(*one).is_some_and(|parent| found.contains(&parent)))
            .collect();
        if more.is_empty() {
            return found;
        }
        found.extend(more);
    }
}

/// The memory that a process has for itself, and its part of what it shares (Pss), in bytes.
fn proportional(pid: u32) -> f64 {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let kibibytes = rollup
        .lines()
        .find_map(|line| line.strip_prefix("Pss:")?.trim().strip_suffix(" kB")?.parse::<f64>().ok());
    kibibytes.unwrap_or(0.0) * 1024.0
}
