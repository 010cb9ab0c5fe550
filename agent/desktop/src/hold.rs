//! A terminal window that was opened for one command: it stays open until somebody has read what the command said.

use std::ffi::OsString;
use std::io::{Read as _, Write as _};
use std::process::{Command, ExitCode};

/// Runs a command in this terminal, then waits for the Enter key.
pub(crate) fn run(command: &[OsString]) -> ExitCode {
    // Ctrl-C is for the command; it is set back to the default in it.
    #[cfg(unix)]
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGQUIT] {
        let _ = signal_hook::flag::register(signal, std::sync::Arc::default());
    }
    let Some((program, arguments)) = command.split_first() else { return ExitCode::FAILURE };
    let code = match Command::new(program).args(arguments).status() {
        Ok(status) => status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1),
        Err(error) => {
            eprintln!("{} cannot be started: {error}.", program.display());
            1
        }
    };
    print!("\nPress Enter to close this window.");
    let _ = std::io::stdout().flush();
    // A line, or the end of the terminal.
    let mut stdin = std::io::stdin().lock();
    let mut byte = [0];
    while matches!(stdin.read(&mut byte), Ok(1)) && byte != *b"\n" {}
    ExitCode::from(code)
}
