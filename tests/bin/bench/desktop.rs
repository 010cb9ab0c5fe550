//! What the desktop's side costs: how soon a person is told of a card, beside opensc-notify on the same bus and at the
//! same insertions; what tray and notices cost when nothing happens; and whether memory grows with insertions.

use std::fs;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use card::virt::VirtualCard;
use harness::bus::Bus;
use harness::desktop::{Desktop, session};
use harness::logind::Logind;
use harness::notifier::{Arrival, Notifier};
use harness::panel::Panel;
use harness::pcscd::Pcscd;
use harness::programs::{AgentProcess, Home};
use harness::wire::Wire;
use serde_json::json;

use super::{Bar, Table, Watcher, as_figure, median, milliseconds, now, wake_ups, woken_since};

/// How often a card comes in for the latencies.
const ROUNDS: usize = 9;
/// How long agent and desktop are watched at rest.
const REST: Duration = Duration::from_secs(600);
/// How often a card comes and goes for the memory.
const CYCLES: usize = 10_000;
/// After how many of them memory is looked at for the first time: allocators keep what the first ones needed.
const SETTLED: usize = 1_000;
/// How long anything here may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// opensc-notify, on this bus and on this service; ended with this value.
struct OpenscNotify(Child);

impl OpenscNotify {
    fn start(pcscd: &Pcscd, bus: &Bus) -> Self {
        let conf = pcscd.directory().join("opensc-notify.conf");
        let text = "app default {\n framework pkcs15 {\n use_file_caching = no;\n }\n}\napp opensc-notify {\n enable_notify = yes;\n}\n";
        fs::write(&conf, text).expect("a configuration");
        let mut command = pcscd.client("opensc-notify");
        command.env("OPENSC_CONF", conf).env("DBUS_SESSION_BUS_ADDRESS", bus.address());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        Self(command.spawn().expect("opensc-notify: install the package opensc"))
    }
}

impl Drop for OpenscNotify {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A session with everything that a desktop offers.
struct Session {
    _desktop: Desktop,
    agent: AgentProcess,
    notifier: Notifier,
    panel: Panel,
    _logind: Logind,
    home: Home,
    bus: Bus,
    _system: Bus,
}

impl Session {
    fn start(arguments: &[&str], settle: impl FnOnce(&mut Home)) -> Self {
        let (bus, system) = (Bus::new(), Bus::new());
        let (panel, notifier, logind) = (Panel::on(&bus), Notifier::on(&bus), Logind::on(&system));
        let mut home = session(Some(&bus), Some(&system));
        home.configure_alone("");
        settle(&mut home);
        let agent = home.agent_that_logs("warn", arguments);
        let desktop = Desktop::start_that_logs(&home, "warn", &[]);
        Self { _desktop: desktop, agent, notifier, panel, _logind: logind, home, bus, _system: system }
    }

    fn pids(&self) -> [u32; 2] {
        [self.agent.pid(), self._desktop.pid()]
    }

    fn resident(&self) -> f64 {
        as_figure(self.pids().map(resident).iter().sum()) / 1e3
    }
}

/// Resident memory of a process, in units of 1000 bytes.
fn resident(pid: u32) -> usize {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("its status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
    line.trim().trim_end_matches(" kB").parse::<usize>().expect("a number") * 1024 / 1000
}

/// What a process has computed so far, in milliseconds.
fn computed(pid: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/schedstat")).expect("its times");
    let nanoseconds: f64 = stat.split(' ').next().and_then(|time| time.parse().ok()).expect("a time");
    let threads = fs::read_dir(format!("/proc/{pid}/task")).expect("its threads").flatten();
    let of_thread = |task: fs::DirEntry| {
        let stat = fs::read_to_string(task.path().join("schedstat")).ok()?;
        stat.split(' ').next()?.parse::<f64>().ok()
    };
    // The process's own line is that of its first thread alone.
    threads.filter_map(of_thread).sum::<f64>().max(nanoseconds) / 1e6
}

pub(super) fn measure(table: &mut Table, pcscd: &mut Pcscd, card: &VirtualCard) {
    let socket = pcscd.socket().display().to_string();
    let session = Session::start(&[], |home| home.set("PCSCLITE_CSOCK_NAME", &socket));
    session.panel.shows("kortti-empty-symbolic");
    latency(table, pcscd, card, &session);
    rest(table, pcscd, card, &session);
    drop(session);
    insertions(table);
}

/// From the moment at which SCardGetStatusChange returns in a program that does nothing else.
fn latency(table: &mut Table, pcscd: &mut Pcscd, card: &VirtualCard, session: &Session) {
    let (_watcher, seen) = Watcher::start(pcscd);
    let _other = OpenscNotify::start(pcscd, &session.bus);
    let mut wire = Wire::open(&session.home);
    wire.subscribe();
    let (arrivals, events) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let mut removed = 0;
        while removed < ROUNDS {
            let event = wire.event();
            removed += usize::from(event["event"] == "card_removed");
            let _ = arrivals.send((now(), event["event"].as_str().unwrap_or_default().to_owned()));
        }
    });
    let until = |name: &str| loop {
        let (time, event) = events.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no {name}"));
        if event == name {
            return time;
        }
    };
    let (mut told, mut shown, mut named, mut other) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        while seen.try_recv().is_ok() {}
        let before = session.notifier.screen().arrivals.len();
        let inserted = pcscd.insert(0, card);
        let event_at = until("card_inserted");
        let seen_at = seen.recv_timeout(PATIENCE).expect("the bare watcher sees the card");
        let since = |arrival: &Arrival| milliseconds(arrival.time) - milliseconds(seen_at);
        let notices = |screen: &harness::notifier::Screen, ours: bool| {
            let new = screen.arrivals.iter().skip(before);
            new.filter(|arrival| (arrival.program == "Kortti") == ours).cloned().collect::<Vec<_>>()
        };
        let (first, last) = session.notifier.until(|screen| {
            let ours = notices(screen, true);
            // At once that there is a card, and then which one and what is on it.
            (ours.len() >= 3).then(|| (ours[0].clone(), ours[ours.len() - 1].clone()))
        });
        let theirs = session.notifier.until(|screen| notices(screen, false).first().cloned());
        told.push(milliseconds(event_at) - milliseconds(seen_at));
        shown.push(since(&first));
        named.push(since(&last));
        other.push(since(&theirs));
        pcscd.remove(0, inserted);
        until("card_removed");
    }
    let text = |figure: f64| format!("{figure:>19.1} ms");
    let (told, shown) = (median(&mut told), median(&mut shown));
    table.row(
        "desktop: from SCardGetStatusChange to card_inserted",
        text(told),
        &Bar::AtMost(told, 5.0, "ms"),
    );
    table.row(
        "desktop: from SCardGetStatusChange to the notice",
        text(shown),
        &Bar::AtMost(shown, 50.0, "ms"),
    );
    table.row("desktop: … to the notice that says what is on the card", text(median(&mut named)), &Bar::None);
    table.row("desktop: … to the notice of opensc-notify", text(median(&mut other)), &Bar::None);
}

/// With a card in, the icon in the panel, and its notices shown.
fn rest(table: &mut Table, pcscd: &mut Pcscd, card: &VirtualCard, session: &Session) {
    let inserted = pcscd.insert(0, card);
    session.panel.until(|look| look.text("IconName").contains("card").then_some(()));
    // What the insertion has left to do is not rest.
    thread::sleep(Duration::from_secs(5));
    let pids = session.pids();
    let (apdus, before) = (card.apdus(), pids.map(wake_ups));
    let computing = pids.map(computed);
    thread::sleep(REST);
    let name = |what: &str| format!("desktop: {what}, in {} min", REST.as_secs() / 60);
    let apdus = as_figure(card.apdus() - apdus);
    table.row(&name("APDUs at rest"), format!("{apdus:>4} APDUs"), &Bar::AtMost(apdus, 0.0, "APDUs"));
    for ((program, pid), (before, computing)) in
        ["kortti-agent", "kortti-desktop"].iter().zip(pids).zip(before.iter().zip(computing))
    {
        let (woken, threads) = woken_since(before, pid);
        let computed = computed(pid) - computing;
        table.row(
            &name(&format!("{program} at rest")),
            format!("{woken:>4} wake-ups {computed:.1} ms of a processor {threads}"),
            &Bar::None,
        );
    }
    let resident = session.resident();
    table.row(
        "desktop: memory of agent and desktop with tray",
        format!("{resident:>19.1} MB"),
        &Bar::AtMost(resident, 20.0, "MB"),
    );
    pcscd.remove(0, inserted);
}

/// Memory before and after many insertions, on virtual readers.
fn insertions(table: &mut Table) {
    let session = Session::start(&["--virtual"], |_| {});
    let mut wire = Wire::open(&session.home);
    let mut events = Wire::open(&session.home);
    events.subscribe();
    let reader = json!({ "reader": "Kortti Virtual Reader 00 00" });
    let mut settled = 0.0;
    let begun = Instant::now();
    wire.call("virtual.remove", &reader).expect("the card goes");
    for cycle in 0..CYCLES {
        if cycle == SETTLED {
            settled = session.resident();
        }
        wire.call("virtual.insert", &reader).expect("the card comes");
        while events.event()["event"] != "card_checked" {}
        wire.call("virtual.remove", &reader).expect("the card goes");
        while events.event()["event"] != "card_removed" {}
    }
    let time = begun.elapsed().as_secs();
    let resident = session.resident();
    table.row(
        &format!("desktop: memory after {SETTLED} insertions"),
        format!("{settled:>19.1} MB"),
        &Bar::None,
    );
    table.row(
        &format!("desktop: memory after {CYCLES} insertions ({time} s)"),
        format!("{resident:>19.1} MB"),
        &Bar::AtMost(resident, settled + 1.0, "MB"),
    );
}
