//! What Kortti costs: APDUs, time, memory and wake-ups, in one run on one virtual card behind a real pcscd, beside
//! what OpenSC's tools cost on the same card. Figures are printed and judged, but nothing fails because of them.
//!
//! `packaging/bench` builds and runs it with what it needs.

// A benchmark that cannot go on says why and ends, on the spot.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod desktop;
mod page;
mod piv;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use card::transport::pcsc::PcscReaders;
use card::transport::{Presence, Readers as _};
use card::virt::{VirtualCard, VirtualReaders};
use harness::pcscd::Pcscd;
use harness::programs::{AgentProcess, Home};
use harness::wire::Wire;
use serde_json::Value;
use shared::unblock;

const ADMIN_KEY: &[u8] = b"0123456789ABCDEFFEDCBA987654321089ABCDEF01234567";
const PIN: &str = "123456";
/// How often something is done whose median is printed.
const ROUNDS: usize = 5;
/// How often the warm list is taken.
const LISTS: usize = 50;
/// How long the agent is watched at rest.
const REST: Duration = Duration::from_secs(60);
/// How long its system calls are counted.
const TRACE: &str = "10";
/// The part that measures the desktop's side alone.
const DESKTOP: &str = "desktop";
/// The part that measures the window and the page in the browser alone.
const PAGE: &str = "page";
/// The name under which the benchmark starts itself as a bare watcher.
const WATCHER: &str = "watcher";

fn main() {
    if std::env::args().nth(1).as_deref() == Some(WATCHER) {
        return watch();
    }
    if std::env::args().nth(1).as_deref() == Some(PAGE) {
        let mut table = Table::default();
        page::measure(&mut table);
        return table.print();
    }
    let cards = VirtualReaders::from_description(&description()).expect("a description");
    let card = cards.card("two").expect("the card");
    let with_issuer = cards.card("three").expect("the card");
    let mut pcscd = Pcscd::start();
    let mut table = Table::default();
    if std::env::args().nth(1).as_deref() == Some(DESKTOP) {
        desktop::measure(&mut table, &mut pcscd, &card);
        return table.print();
    }
    opensc(&mut table, &mut pcscd, &card);

    let mut home = Home::new();
    home.set("PCSCLITE_CSOCK_NAME", pcscd.socket().to_str().expect("a path in UTF-8"));
    let agent = home.agent_that_logs("warn", &[]);
    insertions(&mut table, &mut pcscd, &card, &with_issuer, &home);
    let inserted = pcscd.insert(0, &card);
    let bench = Bench { home, card };
    bench.kortti(&["cert", "list"], &[]);
    bench.lists(&mut table, &agent);
    bench.rest(&mut table, &agent, &pcscd);
    bench.unblock(&mut table);
    bench.import(&mut table, &pcscd);
    pcscd.remove(0, inserted);
    piv::lists(&mut table, &mut pcscd, &bench.home);
    drop((bench, agent));
    let card = cards.card("two").expect("the card");
    desktop::measure(&mut table, &mut pcscd, &card);
    page::measure(&mut table);
    table.print();
}

/// A card with two certificates and their RSA-2048 keys, and one with their issuer's certificate too.
fn description() -> String {
    const DEMO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../agent/card/src/virt/demo");
    let card = |name: &str, csn: char, roots: &str| {
        let container = |name: &str, file: &str| {
            format!(
                "[[card.container]]\nname = \"{name}\"\nkey = \"{DEMO}/{file}.key\"\ncertificate = \"{DEMO}/{file}.pem\"\n"
            )
        };
        let csn = String::from(csn).repeat(32);
        let key = String::from_utf8_lossy(ADMIN_KEY);
        [
            format!("[[card]]\nname = \"{name}\"\npin = \"{PIN}\"\nadmin-key = \"{key}\"\ncardid = \"{csn}\"\nroots = [{roots}]\n"),
            container("3f6d2c1a-0b5e-4d7f-9a61-7c2e8f104b93", "logon"),
            container("b8a7e64d-52f0-4c19-8e3b-90d1c6f27a45", "mail"),
        ]
        .concat()
    };
    card("two", '2', "") + &card("three", '3', &format!("\"{DEMO}/ca.pem\""))
}

/// What is measured, as it is printed.
#[derive(Default)]
struct Table(Vec<[String; 3]>);

/// What the project promises of a figure.
enum Bar {
    /// Nothing.
    None,
    /// The figure, and the most it may be.
    AtMost(f64, f64, &'static str),
}

impl Table {
    fn row(&mut self, what: &str, measured: String, bar: &Bar) {
        let bar = match bar {
            Bar::None => String::new(),
            Bar::AtMost(figure, most, unit) => {
                format!("{} at most {most} {unit}", if figure <= most { "kept:  " } else { "MISSED:" })
            }
        };
        eprintln!("measured: {what}");
        self.0.push([what.to_owned(), measured, bar]);
    }

    fn print(&self) {
        let width = |column: usize| self.0.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let (first, second) = (width(0), width(1));
        for [what, measured, bar] in &self.0 {
            println!("{}", format!("{what:first$}  {measured:second$}  {bar}").trim_end());
        }
    }
}

/// What something cost: APDUs and milliseconds, the median of each.
struct Cost {
    apdus: usize,
    milliseconds: f64,
}

impl Cost {
    /// Does something that often.
    fn of(card: &VirtualCard, rounds: usize, mut act: impl FnMut()) -> Self {
        let mut apdus = Vec::new();
        let mut times = Vec::new();
        for _ in 0..rounds {
            let (before, begun) = (card.apdus(), Instant::now());
            act();
            times.push(milliseconds(begun.elapsed()));
            apdus.push(card.apdus() - before);
        }
        Self { apdus: median(&mut apdus), milliseconds: median(&mut times) }
    }

    fn text(&self) -> String {
        format!("{:>4} APDUs {:>8.1} ms", self.apdus, self.milliseconds)
    }

    fn within(&self, most: u32) -> Bar {
        Bar::AtMost(as_figure(self.apdus), most.into(), "APDUs")
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn as_figure(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}

fn median<T: PartialOrd + Copy>(figures: &mut [T]) -> T {
    figures.sort_by(|a, b| a.partial_cmp(b).expect("figures"));
    figures[figures.len() / 2]
}

/// OpenSC's tools, before there is an agent.
fn opensc(table: &mut Table, pcscd: &mut Pcscd, card: &VirtualCard) {
    let inserted = pcscd.insert(0, card);
    for line in ["pkcs11-tool -O", "pkcs15-tool -c", "gids-tool"] {
        let words: Vec<&str> = line.split(' ').collect();
        let cost = Cost::of(card, ROUNDS, || {
            let output = pcscd
                .client(words[0])
                .args(&words[1..])
                .output()
                .expect("OpenSC: install the package opensc");
            assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        });
        table.row(&format!("{line} (OpenSC, for comparison)"), cost.text(), &Bar::None);
    }
    pcscd.remove(0, inserted);
}

/// Waits for changes as a program does that does nothing else, and prints when a card came.
fn watch() {
    let readers = PcscReaders::new();
    let mut known = Vec::new();
    while let Ok(seen) = readers.wait(&known) {
        if seen.iter().any(|reader| matches!(reader.presence, Presence::Card(_))) {
            println!("{}", now().as_nanos());
        }
        known = seen;
    }
}

/// The time on the clock that all processes share.
fn now() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a clock")
}

/// A bare watcher in a process of its own, ended with this value.
struct Watcher(Child);

impl Watcher {
    fn start(pcscd: &Pcscd) -> (Self, Receiver<Duration>) {
        let mut command =
            pcscd.client(std::env::current_exe().expect("this program").to_str().expect("UTF-8"));
        let mut child = command.arg(WATCHER).stdout(Stdio::piped()).spawn().expect("a watcher");
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let (times, seen) = channel();
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let _ = times.send(Duration::from_nanos(line.parse().expect("a time")));
            }
        });
        (Self(child), seen)
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// From the card's coming in to the event on the socket, and what the first look costs.
fn insertions(
    table: &mut Table,
    pcscd: &mut Pcscd,
    card: &VirtualCard,
    with_issuer: &VirtualCard,
    home: &Home,
) {
    let (_watcher, seen) = Watcher::start(pcscd);
    let mut wire = Wire::open(home);
    wire.subscribe();
    let (arrivals, events) = channel();
    thread::spawn(move || {
        let mut removed = 0;
        while removed <= ROUNDS {
            let event = wire.event();
            removed += usize::from(event["event"] == "card_removed");
            let _ = arrivals.send((now(), event["event"].as_str().unwrap_or_default().to_owned()));
        }
    });
    let until = |name: &str| {
        let patience = Duration::from_secs(20);
        loop {
            let (time, event) = events.recv_timeout(patience).unwrap_or_else(|_| panic!("no {name}"));
            if event == name {
                return time;
            }
        }
    };
    let (mut connected, mut told, mut identified) = (Vec::new(), Vec::new(), Vec::new());
    let (mut looks, mut lists) = (Vec::new(), Vec::new());
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        while seen.try_recv().is_ok() {}
        let (mark, begun) = (card.apdus(), now());
        let inserted = pcscd.insert(0, card);
        let inserted_at = until("card_inserted");
        let identified_at = until("card_identified");
        let seen_at = seen.recv_timeout(Duration::from_secs(20)).expect("the bare watcher sees the card");
        connected.push(milliseconds(inserted_at.saturating_sub(begun)));
        told.push(milliseconds(inserted_at) - milliseconds(seen_at));
        identified.push(milliseconds(identified_at.saturating_sub(inserted_at)));
        looks.push(card.apdus() - mark);
        let (mark, begun) = (card.apdus(), Instant::now());
        home.kortti(&["cert", "list"], &[]).code(0);
        times.push(milliseconds(begun.elapsed()));
        lists.push(card.apdus() - mark);
        pcscd.remove(0, inserted);
        until("card_removed");
    }
    let inserted = pcscd.insert(0, with_issuer);
    until("card_identified");
    let besides = Cost::of(with_issuer, 1, || drop(home.kortti(&["cert", "list"], &[]).code(0)));
    pcscd.remove(0, inserted);
    until("card_removed");
    let first = Cost { apdus: median(&mut lists), milliseconds: median(&mut times) };
    let look = Cost { apdus: median(&mut looks), milliseconds: median(&mut identified) };
    table.row("identification of a card that comes in", look.text(), &Bar::None);
    table.row("kortti cert list, first sight of the card", first.text(), &first.within(12));
    table.row("the same with their issuer's certificate on the card", besides.text(), &Bar::None);
    let told = format!("{:>19.1} ms", median(&mut told));
    table.row("from SCardGetStatusChange to card_inserted on the socket", told, &Bar::None);
    let connected = format!("{:>19.1} ms", median(&mut connected));
    table.row("from vpcd's connection to it (pcscd looks every 400 ms)", connected, &Bar::None);
}

/// A card that stays in, and an agent.
struct Bench {
    home: Home,
    card: VirtualCard,
}

impl Bench {
    fn kortti(&self, arguments: &[&str], secrets: &[&str]) -> String {
        self.home.kortti(arguments, secrets).code(0).stdout
    }

    fn lists(&self, table: &mut Table, agent: &AgentProcess) {
        let mut times = Vec::new();
        let cost = Cost::of(&self.card, LISTS, || {
            let begun = Instant::now();
            self.kortti(&["cert", "list"], &[]);
            times.push(milliseconds(begun.elapsed()));
        });
        table.row("kortti cert list, nothing has changed", cost.text(), &cost.within(2));
        let least = times.iter().copied().fold(f64::INFINITY, f64::min);
        let text = format!("{:>11.1} ms, least {least:.1} ms", cost.milliseconds);
        let name = format!("the same from start to exit, median of {LISTS}");
        table.row(&name, text, &Bar::AtMost(cost.milliseconds, 10.0, "ms"));
        let resident = as_figure(usize::try_from(agent.resident()).expect("a size")) / 1e6;
        table.row("memory of the agent", format!("{resident:>19.1} MB"), &Bar::AtMost(resident, 10.0, "MB"));
    }

    fn rest(&self, table: &mut Table, agent: &AgentProcess, pcscd: &Pcscd) {
        let (watcher, seen) = Watcher::start(pcscd);
        seen.recv_timeout(Duration::from_secs(20)).expect("the bare watcher sees the card");

        // What the last command has left to do is not rest.
        thread::sleep(Duration::from_secs(1));
        let (apdus, switches, library) = (self.card.apdus(), wake_ups(agent.pid()), wake_ups(watcher.0.id()));
        thread::sleep(REST);
        let apdus = self.card.apdus() - apdus;
        let (switches, threads) = woken_since(&switches, agent.pid());
        let (library, _) = woken_since(&library, watcher.0.id());
        table.row(
            &format!("APDUs at rest, in {} s", REST.as_secs()),
            format!("{apdus:>4} APDUs"),
            &Bar::AtMost(as_figure(apdus), 0.0, "APDUs"),
        );
        table.row(
            &format!("wake-ups of all threads at rest, in {} s", REST.as_secs()),
            format!("{switches:>4} wake-ups {threads}"),
            &Bar::AtMost(as_figure(switches), 0.0, "wake-ups"),
        );
        // pcsc-lite's client library itself looks up once a minute from a wait without end.
        let name = "the same of a program that does nothing but SCardGetStatusChange";
        table.row(name, format!("{library:>4} wake-ups"), &Bar::None);
        let name = format!("system calls of all threads at rest, in {TRACE} s");
        match system_calls(agent.pid(), self.home.path()) {
            Some(calls) => {
                table.row(&name, format!("{calls:>4} calls"), &Bar::AtMost(as_figure(calls), 0.0, "calls"));
            }
            None => table.row(&name, "not counted: strace is missing or may not look".to_owned(), &Bar::None),
        }
    }

    fn unblock(&self, table: &mut Table) {
        let key = unblock::parse_key(ADMIN_KEY).expect("a key");
        let mut challenge = Value::Null;
        let mut costs = [Vec::new(), Vec::new()];
        for _ in 0..ROUNDS {
            costs[0].push(Cost::of(&self.card, 1, || {
                let started = self.kortti(&["unblock", "start", "--json"], &[]);
                challenge = serde_json::from_str(&started).expect("JSON");
            }));
            let bytes = challenge["challenge"].as_str().and_then(|text| unblock::parse_challenge(text).ok());
            let response = unblock::respond(&bytes.expect("a challenge"), &key, None).expect("a response");
            let digits: String = response.iter().map(|byte| format!("{byte:02X}")).collect();
            costs[1].push(Cost::of(&self.card, 1, || {
                self.kortti(&["unblock", "finish", "--pin-stdin"], &[&digits, PIN]);
            }));
        }
        for (name, costs) in ["kortti unblock start", "kortti unblock finish"].iter().zip(costs) {
            table.row(name, middle(&costs).text(), &Bar::None);
        }
    }

    fn import(&self, table: &mut Table, pcscd: &Pcscd) {
        let openssl = |line: &str| {
            let output = pcscd.client("openssl").args(line.split(' ')).output().expect("openssl");
            assert!(output.status.success(), "openssl {line}: {}", String::from_utf8_lossy(&output.stderr));
        };
        openssl("req -x509 -newkey rsa:2048 -noenc -days 9 -subj /CN=Bench -keyout new.key -out new.pem");
        openssl("pkcs12 -export -inkey new.key -in new.pem -passout pass:secret -out new.pfx");
        let file = pcscd.directory().join("new.pfx");
        let mut costs = [Vec::new(), Vec::new()];
        for _ in 0..ROUNDS {
            costs[0].push(Cost::of(&self.card, 1, || {
                let import = ["cert", "import", file.to_str().expect("UTF-8"), "--pin-stdin"];
                self.kortti(&import, &["secret", PIN]);
            }));
            let list: Value =
                serde_json::from_str(&self.kortti(&["cert", "list", "--json"], &[])).expect("JSON");
            let listed = list["certificates"].as_array().expect("certificates");
            let new = listed.iter().find(|one| one["common_name"] == "Bench").expect("the new one");
            let id = new["id"].as_str().expect("an id");
            costs[1].push(Cost::of(&self.card, 1, || {
                self.kortti(&["cert", "delete", id, "--yes", "--pin-stdin"], &[PIN]);
            }));
        }
        for (name, costs) in
            ["kortti cert import, a .pfx with an RSA-2048 key", "kortti cert delete, with its key"]
                .iter()
                .zip(costs)
        {
            table.row(name, middle(&costs).text(), &Bar::None);
        }
    }
}

fn middle(costs: &[Cost]) -> Cost {
    let mut apdus: Vec<usize> = costs.iter().map(|cost| cost.apdus).collect();
    let mut times: Vec<f64> = costs.iter().map(|cost| cost.milliseconds).collect();
    Cost { apdus: median(&mut apdus), milliseconds: median(&mut times) }
}

/// How often each thread of a process has gone to sleep, and so woken up.
fn wake_ups(pid: u32) -> BTreeMap<String, usize> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).expect("the process").flatten();
    let of_thread = |task: fs::DirEntry| {
        let name = fs::read_to_string(task.path().join("comm")).ok()?;
        let status = fs::read_to_string(task.path().join("status")).ok()?;
        let count = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
        Some((format!("{} {}", name.trim(), task.file_name().display()), count.trim().parse().ok()?))
    };
    tasks.filter_map(of_thread).collect()
}

/// How often the threads have woken up since, and the names of those that have.
fn woken_since(before: &BTreeMap<String, usize>, pid: u32) -> (usize, String) {
    let woken: Vec<(String, usize)> = wake_ups(pid)
        .into_iter()
        .map(|(thread, count)| (before.get(&thread).map_or(0, |before| count - before), thread))
        .filter(|(count, _)| *count > 0)
        .map(|(count, thread)| {
            (thread.rsplit_once(' ').map_or(thread.clone(), |(name, _)| name.to_owned()), count)
        })
        .collect();
    let names: Vec<&str> = woken.iter().map(|(name, _)| name.as_str()).collect();
    (woken.iter().map(|(_, count)| count).sum(), names.join(", "))
}

/// The system calls that a process makes in ten seconds; those in which it sleeps all the time are not among them.
fn system_calls(pid: u32, directory: &Path) -> Option<usize> {
    let summary = directory.join("strace");
    let mut strace = Command::new("timeout");
    strace
        .args(["--signal", "INT", TRACE, "strace", "-f", "-c", "-o"])
        .arg(&summary)
        .args(["-p", &pid.to_string()]);
    strace.stdout(Stdio::null()).stderr(Stdio::null()).status().ok()?;
    let summary = fs::read_to_string(summary).ok()?;
    let total = summary.lines().find(|line| line.trim_end().ends_with("total"));
    // Without a single call there is no summary.
    total.map_or(Some(0), |line| line.split_whitespace().nth(3)?.parse().ok())
}
