//! What it costs: nothing at rest, little for a list, and no memory for cards that come and go.

use harness::stack::Stack;
use std::fs;
use std::thread;
use std::time::Duration;

use crate::cards::{GET_RESPONSE, anna, without_roots};

/// How long rest is watched.
const REST: Duration = Duration::from_secs(10);

/// How often any thread of a process has gone to sleep by itself: as often as something has woken it.
fn sleeps(pid: u32) -> u64 {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    // A thread may end while it is looked at.
    let states = tasks.filter_map(|task| fs::read_to_string(task.unwrap().path().join("status")).ok());
    states.map(|status| field(&status, "voluntary_ctxt")).sum()
}

/// Waits until nothing has woken the agent for a while: a thread that served `kortti` may still be on its way out.
fn until_at_rest(stack: &Stack) {
    let moved = |pause| {
        let before = sleeps(stack.agent());
        thread::sleep(pause);
        sleeps(stack.agent()) != before
    };
    let patience = 20;
    let moves = (0..patience).take_while(|_| moved(Duration::from_millis(1200))).count();
    assert!(moves < patience, "the agent does not come to rest");
}

/// Resident memory of a process, in KiB.
fn resident(pid: u32) -> u64 {
    field(&fs::read_to_string(format!("/proc/{pid}/status")).unwrap(), "VmRSS")
}

fn field(status: &str, name: &str) -> u64 {
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// With a card in, its list read, and somebody watching: no APDU and no wake-up.
#[test]
fn at_rest_nothing_happens() {
    let card = anna();
    let stack = Stack::with(&card);
    for _ in 0..2 {
        stack.certificates();
    }
    until_at_rest(&stack);
    let (apdus, slept) = (card.apdus(), sleeps(stack.agent()));
    thread::sleep(REST);
    assert_eq!(card.apdus() - apdus, 0, "APDUs in {REST:?}");
    assert_eq!(sleeps(stack.agent()) - slept, 0, "wake-ups in {REST:?}");
}

/// The first list of a card with two certificates, and every further one. What does not fit into one answer takes
/// a GET RESPONSE for every 256 bytes, so a card that holds the authority as well costs more APDUs, but no more
/// commands.
#[test]
fn a_list_costs_few_apdus() {
    for (name, card, limit) in [("two certificates", without_roots(), 12), ("and the authority", anna(), 15)]
    {
        let stack = Stack::with(&card);
        let mark = card.apdus();
        let first = stack.certificates();
        let cold = card.log_since(mark);
        let commands = cold.iter().filter(|apdu| apdu.instruction != GET_RESPONSE).count();
        println!("{name}: the first list takes {} APDUs, {commands} commands", cold.len());
        assert!(cold.len() <= limit, "{name}: the first list takes {} APDUs", cold.len());
        assert_eq!((first.len(), commands), (2, 4), "{name}");
        for _ in 0..3 {
            let mark = card.apdus();
            assert_eq!(stack.certificates(), first);
            assert_eq!(card.apdus() - mark, 2, "{name}: a list of a card that is known");
        }
    }
}

/// What a process holds: threads, and open files.
fn held(pid: u32) -> [usize; 2] {
    ["task", "fd"].map(|kind| fs::read_dir(format!("/proc/{pid}/{kind}")).unwrap().count())
}

#[test]
fn cards_that_come_and_go_leave_nothing_behind() {
    let card = anna();
    let mut stack = Stack::new();
    stack.insert(0, &card);
    until_at_rest(&stack);
    let before = held(stack.agent());
    stack.remove(0);
    let mut cycles = |number| {
        for _ in 0..number {
            stack.insert(0, &card);
            assert_eq!(stack.certificates().len(), 2);
            stack.remove(0);
        }
        resident(stack.agent())
    };
    // The first cycles fill what the allocator keeps for every thread.
    let first = cycles(6);
    let last = cycles(24);
    println!("resident memory: {first} KiB after 6 cycles, {last} KiB after 30");
    assert!(last <= first + 1024, "{first} KiB have become {last} KiB");
    stack.insert(0, &card);
    until_at_rest(&stack);
    assert_eq!(held(stack.agent()), before, "threads and open files");
}
