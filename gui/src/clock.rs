//! How long this process has been running.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

static BEGAN: OnceLock<Instant> = OnceLock::new();

/// Takes the time, for systems that do not tell when a process was started.
pub(crate) fn begin() {
    BEGAN.get_or_init(Instant::now);
}

/// The time since the process was started. On Linux it counts from before its libraries were loaded, to a hundredth of a second.
pub(crate) fn since_start() -> Duration {
    let since_main = || BEGAN.get_or_init(Instant::now).elapsed();
    #[cfg(target_os = "linux")]
    {
        since_exec().unwrap_or_else(since_main)
    }
    #[cfg(not(target_os = "linux"))]
    {
        since_main()
    }
}

#[cfg(target_os = "linux")]
fn since_exec() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let now = Duration::try_from(now).ok()?;
    now.checked_sub(started(&stat, rustix::param::clock_ticks_per_second())?)
}

/// When the process was started, since the machine was: field 22 of proc_pid_stat(5), in clock ticks. Before the third field stands the
/// program's name in parentheses, which may have any character in it.
#[cfg(target_os = "linux")]
fn started(stat: &str, ticks_per_second: u64) -> Option<Duration> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let ticks: u64 = after_name.split_whitespace().nth(19)?.parse().ok()?;
    Some(Duration::from_millis(ticks.saturating_mul(1000).checked_div(ticks_per_second)?))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_start_of_a_process() {
        let stat = "4711 (a) b) 7 (c) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 12345 20 21";
        assert_eq!(started(stat, 100), Some(Duration::from_millis(123_450)));
        assert_eq!(started("4711 (kortti-gui) S 1", 100), None);
        assert!(since_exec().is_some_and(|time| time < Duration::from_secs(600)));
    }
}
