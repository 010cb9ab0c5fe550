//! `another-program`, a program that is not Kortti and uses the same card.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use super::pcscd::{Pcscd, READERS};
use super::programs::programs;

/// `another-program`, connected to the card in the first reader.
pub struct Other {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl Other {
    /// Starts it. Whether it is connected is its first answer.
    ///
    /// # Panics
    /// It cannot be started.
    pub fn starts(pcscd: &Pcscd, share: &str) -> Self {
        let mut command = pcscd.client(&programs().join("another-program").display().to_string());
        command.args([READERS[0], share]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Self { stdin: child.stdin.take(), stdout, child }
    }

    /// Starts it, and waits until it is connected.
    ///
    /// # Panics
    /// It cannot be.
    #[track_caller]
    pub fn connects(pcscd: &Pcscd, share: &str) -> Self {
        let mut other = Self::starts(pcscd, share);
        assert_eq!(other.answer(), "done", "{share}");
        other
    }

    /// Its next answer.
    ///
    /// # Panics
    /// It has ended.
    pub fn answer(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// Lets it begin to do something.
    ///
    /// # Panics
    /// It has ended.
    pub fn begins(&mut self, action: &str) {
        writeln!(self.stdin.as_mut().unwrap(), "{action}").unwrap();
    }

    /// Lets it do something, and returns how that went.
    ///
    /// # Panics
    /// It has ended.
    pub fn does(&mut self, action: &str) -> String {
        self.begins(action);
        self.answer()
    }

    /// Lets it go on to its end.
    ///
    /// # Panics
    /// It fails.
    #[track_caller]
    pub fn ends(mut self) {
        drop(self.stdin.take());
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        // It has ended, unless the test failed before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Other {
    /// Its process number.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}
