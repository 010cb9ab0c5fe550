//! A program that goes into the background: it leaves the session and the terminal of whoever started it, who has been
//! told before that it is ready.

/// Leaves them. Standard output and error go nowhere from then on.
///
/// # Errors
/// What the operating system says when it refuses.
pub fn process() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        // Fails for the leader of a process group, which has nothing to leave.
        let _ = rustix::process::setsid();
        let nothing = std::fs::OpenOptions::new().read(true).write(true).open("/dev/null")?;
        rustix::stdio::dup2_stdout(&nothing)?;
        rustix::stdio::dup2_stderr(&nothing)?;
    }
    Ok(())
}
