//! What a program that handles PINs does first: no core dump, and nobody of the same user may look inside.

/// Forbids core dumps and, on Linux, tracing and reading of this process's memory by programs of the same user.
/// On macOS the hardened runtime that a signed build asks for does the latter; on Windows a process is guarded by
/// its own access list.
///
/// # Errors
/// What the operating system says when it refuses.
pub fn process() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    }
    Ok(())
}
