//! The console of a Windows process.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::windows::io::AsHandle;

use shared::ErrorCode;
use zeroize::Zeroizing;

use super::{Echo, Line, MAX_LINE};
use crate::exit::{Failure, failure};
use crate::words;

/// The console, whatever the standard handles are.
pub(super) struct Tty {
    input: File,
    output: File,
}

/// Standard input without the buffer of the standard library, which would keep a copy.
pub(super) fn standard_input() -> io::Result<File> {
    Ok(File::from(io::stdin().as_handle().try_clone_to_owned()?))
}

impl Tty {
    pub(super) fn open() -> io::Result<Self> {
        let console = |name| OpenOptions::new().read(true).write(true).open(name);
        Ok(Self { input: console("CONIN$")?, output: console("CONOUT$")? })
    }

    /// Its columns, where it tells.
    pub(super) fn width(&self) -> Option<usize> {
        terminal_size::terminal_size_of(&self.output).map(|(width, _)| usize::from(width.0))
    }

    pub(super) fn write(&self, text: &str) -> io::Result<()> {
        (&self.output).write_all(text.as_bytes())
    }

    /// Prompts, and reads the line that is typed.
    pub(super) fn read_line(&self, prompt: &str, echo: Echo) -> Result<Line, Failure> {
        let lost = |error: io::Error| match error.kind() {
            ErrorKind::Interrupted | ErrorKind::UnexpectedEof => Failure::Cancelled,
            _ => {
                failure(ErrorCode::System, format!("The console cannot be used: {}.", words::system(&error)))
            }
        };
        self.write(prompt).map_err(lost)?;
        match echo {
            Echo::Shown => self.line().map_err(lost),
            Echo::Hidden => {
                let typed = Zeroizing::new(rpassword::read_password().map_err(lost)?);
                if typed.len() > MAX_LINE {
                    return Err(lost(io::Error::other("the line is too long")));
                }
                let mut line = Zeroizing::new(Vec::with_capacity(MAX_LINE));
                line.extend_from_slice(typed.as_bytes());
                Ok(line)
            }
        }
    }

    fn line(&self) -> io::Result<Line> {
        let mut line = Zeroizing::new(Vec::with_capacity(MAX_LINE));
        let mut byte = Zeroizing::new([0; 1]);
        loop {
            match (&self.input).read(&mut *byte)? {
                0 if line.is_empty() => return Err(ErrorKind::UnexpectedEof.into()),
                0 => return Ok(line),
                _ if *byte == *b"\n" => break,
                _ if line.len() == MAX_LINE => return Err(io::Error::other("the line is too long")),
                _ => line.extend_from_slice(&*byte),
            }
        }
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        Ok(line)
    }
}
