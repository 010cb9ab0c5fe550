//! Secrets that a script gives.

use std::fs::File;
use std::io::{ErrorKind, IsTerminal, Read};

use zeroize::Zeroizing;

use super::{Line, MAX_LINE, system};
use crate::exit::{Failure, usage};
use crate::words;

/// Secrets that a script gives, one per line.
pub(crate) struct Lines {
    pub(super) source: Box<dyn Read>,
    pub(super) name: String,
}

impl Lines {
    pub(super) fn standard_input() -> Result<Self, Failure> {
        let name = "standard input".to_owned();
        let unreadable =
            |error: std::io::Error| usage(format!("Standard input {}", words::unreadable(&error)));
        Self::new(system::standard_input().map_err(unreadable)?, name)
    }

    #[cfg(unix)]
    pub(super) fn descriptor(number: u32) -> Result<Self, Failure> {
        let name = format!("descriptor {number}");
        let file = File::open(format!("/dev/fd/{number}"))
            .map_err(|error| usage(format!("Descriptor {number} {}", words::unreadable(&error))))?;
        Self::new(file, name)
    }

    fn new(file: File, name: String) -> Result<Self, Failure> {
        if file.is_terminal() {
            return Err(usage(format!(
                "The {name} is a terminal, which would show the secrets. Leave the option out."
            )));
        }
        Ok(Self { source: Box::new(file), name })
    }

    /// The next line. Line breaks are LF or CR LF; the last line needs none.
    pub(super) fn next(&mut self, what: &str) -> Result<Line, Failure> {
        let mut line = Zeroizing::new(Vec::with_capacity(MAX_LINE));
        let mut byte = Zeroizing::new([0; 1]);
        loop {
            match self.source.read(&mut *byte) {
                Ok(0) if line.is_empty() => {
                    return Err(usage(format!("{what}: the {} ended before it.", self.name)));
                }
                Ok(0) => break,
                Ok(_) if *byte == *b"\n" => break,
                Ok(_) if line.len() == MAX_LINE => return Err(usage(format!("{what}: it is too long."))),
                Ok(_) => line.extend_from_slice(&*byte),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(usage(format!("The {} {}", self.name, words::unreadable(&error)))),
            }
        }
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        Ok(line)
    }
}
