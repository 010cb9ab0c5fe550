//! No core dump, and nobody of the same user may look inside.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

use harness::programs::Home;

/// The overflow user, whom every Linux system has: nothing is closed to root, so somebody else must run the programs.
const USER: u32 = 65534;

fn core_limits(pid: u32) -> Vec<String> {
    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    line.split_whitespace().skip(4).take(2).map(str::to_owned).collect()
}

#[test]
fn the_programs_cannot_be_looked_into() {
    let root = fs::metadata("/proc/self").unwrap().uid() == 0;
    let home = if root { Home::of(USER) } else { Home::new() };
    let as_the_user = |program: &str| {
        let mut command = Command::new(program);
        if root {
            command.uid(USER).gid(USER);
        }
        command.current_dir("/");
        command
    };
    let agent = home.agent(&["--virtual"]);
    let mut kortti = home.program("kortti");
    let mut kortti = kortti.arg("watch").stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(kortti.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let mut other = as_the_user("sleep").arg("600").stdin(Stdio::piped()).spawn().unwrap();

    let can_read = |pid: u32| {
        let mut cat = as_the_user("cat");
        let cat = cat.arg(format!("/proc/{pid}/environ")).stdout(Stdio::null()).stderr(Stdio::null());
        cat.status().unwrap().success()
    };
    let owner = |pid: u32| {
        ["mem", "environ", "maps"].map(|file| fs::metadata(format!("/proc/{pid}/{file}")).unwrap().uid())
    };
    let user = fs::metadata(home.path()).unwrap().uid();
    // Another program of the same user shows that it is the guard that keeps him out.
    assert!(can_read(other.id()), "the user can look into an ordinary program");
    assert_eq!(owner(other.id()), [user; 3]);
    for (name, pid) in [("agent", agent.pid()), ("kortti", kortti.id())] {
        assert_eq!(core_limits(pid), ["0", "0"], "{name}");
        assert!(!can_read(pid), "{name}");
        assert_eq!(owner(pid), [0; 3], "{name}");
    }
    for child in [&mut other, &mut kortti] {
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
