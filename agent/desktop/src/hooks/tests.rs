#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use shared::rpc::events::Cause;

use super::*;
use crate::samples;

const PATIENCE: Duration = Duration::from_secs(120);

/// A folder in which hooks leave what they did.
struct Yard(tempfile::TempDir);

impl Yard {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A command that runs this script, with the folder as its first argument.
    fn script(&self, script: &str) -> Vec<String> {
        let arguments = ["/bin/sh", "-c", script, "sh", self.0.path().to_str().unwrap()];
        arguments.map(str::to_owned).to_vec()
    }
}

fn hook(timeout_s: u16, event: &str, commands: Vec<Vec<String>>) -> Hook {
    Hook { on: BTreeMap::from([(event.to_owned(), commands)]), timeout_s }
}

fn event(sequence: u64, change: Change) -> Event {
    Event { sequence, time: "2026-05-04T12:00:00Z".into(), change }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// Whether a process with this number runs.
fn runs(pid: &str) -> bool {
    let state = read(Path::new(&format!("/proc/{}/stat", pid.trim())));
    // One that nobody has reaped is over all the same.
    !state.is_empty() && !state.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('Z'))
}

#[test]
fn the_event_comes_as_a_line_and_by_name() {
    let yard = Yard::new();
    let hooks = Hooks::start().unwrap();
    let script = yard.script(r#"cat > "$1/line"; echo "$KORTTI_EVENT" > "$1/name""#);
    let second = yard.script(r#"test -e "$1/name" && echo 'a $b;c' > "$1/second""#);
    let hook = hook(10, "card_inserted", vec![script, second]);
    let inserted = event(7, samples::inserted());
    hooks.event(&inserted, &hook);
    hooks.event(&event(8, samples::removed(Cause::Hardware)), &hook);
    hooks.event(&event(9, samples::snapshot(vec![])), &hook);
    hooks.finish(PATIENCE);
    let line = read(&yard.path("line"));
    assert_eq!(line.matches('\n').count(), 1);
    assert_eq!(serde_json::from_str::<Event>(&line).unwrap(), inserted);
    assert_eq!(read(&yard.path("name")), "card_inserted\n");
    assert_eq!(read(&yard.path("second")), "a $b;c\n");
}

#[test]
fn a_snapshot_is_no_event_for_hooks() {
    let yard = Yard::new();
    let hooks = Hooks::start().unwrap();
    let hook = hook(10, "snapshot", vec![yard.script(r#"touch "$1/ran""#)]);
    hooks.event(&event(1, samples::snapshot(vec![])), &hook);
    hooks.finish(PATIENCE);
    assert!(!yard.path("ran").exists());
}

#[test]
fn hooks_that_fail_or_are_not_there_keep_nobody_from_running() {
    let yard = Yard::new();
    let hooks = Hooks::start().unwrap();
    let missing = vec!["/nonexistent/program".to_owned()];
    let commands =
        vec![missing, yard.script("exit 3"), yard.script("kill -9 $$"), yard.script(r#"touch "$1/ran""#)];
    hooks.event(&event(1, samples::inserted()), &hook(10, "card_inserted", commands));
    hooks.finish(PATIENCE);
    assert!(yard.path("ran").exists());
}

#[test]
fn megabytes_of_output_go_nowhere() {
    let yard = Yard::new();
    let hooks = Hooks::start().unwrap();
    let script = r#"head -c 8000000 /dev/zero; head -c 8000000 /dev/zero >&2; touch "$1/ran""#;
    hooks.event(&event(1, samples::inserted()), &hook(20, "card_inserted", vec![yard.script(script)]));
    hooks.finish(PATIENCE);
    assert!(yard.path("ran").exists());
}

#[test]
fn a_hook_that_hangs_is_ended_with_all_that_it_started() {
    let yard = Yard::new();
    let hooks = Hooks::start().unwrap();
    // It does not end when it is asked to, and neither does its child.
    let script = r#"trap '' TERM; (trap '' TERM; echo "$(exec sh -c 'echo $PPID')" > "$1/child"; while :; do sleep 1; done) &
        echo $$ > "$1/parent"; while :; do sleep 1; done"#;
    // It has the time to say so before it is asked.
    let hook = hook(5, "card_inserted", vec![yard.script(script), yard.script(r#"touch "$1/next""#)]);
    let begin = Instant::now();
    hooks.event(&event(1, samples::inserted()), &hook);
    hooks.finish(PATIENCE);
    assert!(begin.elapsed() >= Duration::from_secs(7), "{:?}", begin.elapsed());
    for name in ["parent", "child"] {
        let pid = read(&yard.path(name));
        assert!(!pid.is_empty());
        let given_up = Instant::now() + PATIENCE;
        while runs(&pid) {
            assert!(Instant::now() < given_up, "{name} {pid} still runs");
            thread::sleep(Duration::from_millis(5));
        }
    }
    assert!(yard.path("next").exists());
}

#[test]
fn what_a_hook_leaves_in_the_background_is_ended_with_it() {
    let yard = Yard::new();
    let hooks = Hooks::start().unwrap();
    let script = r#"sleep 600 & echo $! > "$1/child""#;
    let begin = Instant::now();
    hooks.event(&event(1, samples::inserted()), &hook(60, "card_inserted", vec![yard.script(script)]));
    hooks.finish(PATIENCE);
    assert!(begin.elapsed() < PATIENCE, "{:?}", begin.elapsed());
    let pid = read(&yard.path("child"));
    assert!(!pid.is_empty());
    while runs(&pid) {
        assert!(begin.elapsed() < PATIENCE, "{pid} still runs");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn at_the_end_nothing_new_begins() {
    let yard = Yard::new();
    let hooks = Hooks::start().unwrap();
    let first = yard.script(r#"echo $$ > "$1/pid"; exec sleep 600"#);
    let next = yard.script(r#"touch "$1/next""#);
    hooks.event(&event(1, samples::inserted()), &hook(600, "card_inserted", vec![first, next.clone()]));
    hooks.event(&event(2, samples::inserted()), &hook(600, "card_inserted", vec![next.clone()]));
    let given_up = Instant::now() + PATIENCE;
    while read(&yard.path("pid")).is_empty() || !yard.path("next").exists() {
        assert!(Instant::now() < given_up);
        thread::sleep(Duration::from_millis(5));
    }
    fs::remove_file(yard.path("next")).unwrap();
    let running = hooks.running.clone();
    hooks.finish(Duration::ZERO);
    // Nothing that is left of it starts anything.
    assert!(running.start(&next, "card_inserted").unwrap().is_none());
    while !running.lock().running.is_empty() {
        assert!(Instant::now() < given_up);
        thread::sleep(Duration::from_millis(5));
    }
    assert!(!yard.path("next").exists());
}

#[test]
fn a_hook_that_does_not_read_a_long_line_is_ended_too() {
    let yard = Yard::new();
    let hooks = Hooks::start().unwrap();
    let reason = "x".repeat(500_000);
    let down = event(1, Change::ServiceDown { reason });
    let begin = Instant::now();
    hooks.event(&down, &hook(1, "service_down", vec![yard.script("exec sleep 600")]));
    hooks.finish(PATIENCE);
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
    // One that reads gets all of it.
    let hooks = Hooks::start().unwrap();
    hooks.event(&down, &hook(20, "service_down", vec![yard.script(r#"sleep 0.1; cat > "$1/line""#)]));
    hooks.finish(PATIENCE);
    assert_eq!(serde_json::from_str::<Event>(&read(&yard.path("line"))).unwrap(), down);
}

#[test]
fn so_many_at_once_so_many_wait_and_the_rest_is_dropped() {
    let yard = Yard::new();
    let hooks = Hooks::start().unwrap();
    // Each waits until it may end.
    let script = r#"read line; n=${line#*\"sequence\":}; n=${n%%,*}; : > "$1/begun-$n"
        while ! test -e "$1/go"; do sleep 0.05; done; : > "$1/ended-$n""#;
    let hook = hook(60, "card_inserted", vec![yard.script(script)]);
    let begun = || {
        let names = fs::read_dir(yard.0.path()).unwrap().map(|entry| entry.unwrap().file_name());
        names.filter(|name| name.to_str().unwrap().starts_with("begun")).count()
    };
    for sequence in 0..16 {
        hooks.event(&event(sequence, samples::inserted()), &hook);
    }
    let given_up = Instant::now() + PATIENCE;
    while begun() < AT_ONCE {
        assert!(Instant::now() < given_up, "{} of them run", begun());
        thread::sleep(Duration::from_millis(5));
    }
    // One is in the dispatcher's hand, and then the queue fills; nothing waits here.
    let begin = Instant::now();
    for sequence in 16..316 {
        hooks.event(&event(sequence, samples::inserted()), &hook);
    }
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
    assert_eq!(begun(), AT_ONCE);
    fs::write(yard.path("go"), "").unwrap();
    hooks.finish(PATIENCE);
    let ran = begun();
    assert!((AT_ONCE + WAITING..=AT_ONCE + WAITING + 1).contains(&ran), "{ran}");
    // Which of them waited depends on when the dispatcher took one.
    let ended = (0..316).filter(|sequence| yard.path(&format!("ended-{sequence}")).exists()).count();
    assert_eq!(ended, ran);
}

#[test]
fn they_begin_in_the_order_of_the_events() {
    let yard = Yard::new();
    let hooks = Hooks::start().unwrap();
    // The first holds up nobody, and what begins later is written later.
    let script = r#"read line; n=${line#*\"sequence\":}; n=${n%%,*}; test $n = 0 && sleep 1; echo "$n" >> "$1/$((n % 2))""#;
    let hook = hook(60, "card_inserted", vec![yard.script(script)]);
    for sequence in 0..2 {
        hooks.event(&event(sequence, samples::inserted()), &hook);
    }
    let given_up = Instant::now() + PATIENCE;
    while read(&yard.path("1")) != "1\n" {
        assert!(Instant::now() < given_up);
        thread::sleep(Duration::from_millis(5));
    }
    hooks.finish(PATIENCE);
    assert_eq!(read(&yard.path("0")), "0\n");
}

#[test]
fn the_end_of_the_program_does_not_wait_for_ever() {
    let yard = Yard::new();
    let hooks = Hooks::start().unwrap();
    let script = r#"echo $$ > "$1/pid"; exec sleep 600"#;
    hooks.event(&event(1, samples::inserted()), &hook(600, "card_inserted", vec![yard.script(script)]));
    let given_up = Instant::now() + PATIENCE;
    while read(&yard.path("pid")).is_empty() {
        assert!(Instant::now() < given_up);
        thread::sleep(Duration::from_millis(5));
    }
    hooks.finish(Duration::from_millis(50));
    let pid = read(&yard.path("pid"));
    while runs(&pid) {
        assert!(Instant::now() < given_up, "{pid} still runs");
        thread::sleep(Duration::from_millis(5));
    }
}
