//! A pinentry, spoken to in Assuan's line protocol (libassuan manual, "Client requests" and "Server responses"; pinentry
//! manual, "Protocol"). What it says is read into one buffer that is wiped.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use zeroize::{Zeroize as _, Zeroizing};

/// The longest line of the protocol, with its end (libassuan, ASSUAN_LINELENGTH).
const LINE: usize = 1002;

/// The error codes for "cancelled" and "not confirmed", without the part that says which program it was (libgpg-error).
const CANCELLED: u32 = 99;
const NOT_CONFIRMED: u32 = 114;

/// Why a question has no answer.
#[derive(Debug, PartialEq, Eq)]
pub enum Unanswered {
    /// Somebody said no, or closed the window.
    Cancelled,
    /// The program does not work; in words.
    Failed(String),
}

/// A pinentry that runs.
pub struct Pinentry {
    child: Child,
    stdin: ChildStdin,
    stdout: ChildStdout,
    /// What was read and not taken yet; wiped up to its end.
    buffer: Zeroizing<Vec<u8>>,
    filled: usize,
}

impl Pinentry {
    /// Starts one.
    ///
    /// # Errors
    /// [`Unanswered::Failed`]
    pub fn start(program: &Path) -> Result<Self, Unanswered> {
        let started =
            Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut child = started.map_err(|error| failed(&error))?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(failed(&"it has no streams"));
        };
        let buffer = Zeroizing::new(vec![0; LINE]);
        let mut pinentry = Self { child, stdin, stdout, buffer, filled: 0 };
        pinentry.answer(|_| {})?;
        pinentry.request("SETTITLE", Some("Kortti"))?;
        Ok(pinentry)
    }

    /// Asks for something that is not shown while it is typed. `fault` says what was wrong with the answer before.
    ///
    /// # Errors
    /// [`Unanswered`]
    pub fn secret<T: for<'a> From<&'a [u8]>>(
        &mut self,
        description: &str,
        prompt: &str,
        fault: Option<&str>,
    ) -> Result<T, Unanswered> {
        self.request("SETDESC", Some(description))?;
        self.request("SETPROMPT", Some(prompt))?;
        if let Some(fault) = fault {
            self.request("SETERROR", Some(fault))?;
        }
        self.send("GETPIN", None)?;
        // No data at all is an empty answer.
        let mut typed = T::from(<&[u8]>::default());
        self.answer(|data| {
            let length = unescape(data);
            typed = T::from(data.get(..length).unwrap_or_default());
        })?;
        Ok(typed)
    }

    /// Asks a question to which the buttons answer yes or no.
    ///
    /// # Errors
    /// [`Unanswered::Failed`]
    pub fn yes(&mut self, question: &str, yes: &str, no: &str) -> Result<bool, Unanswered> {
        self.request("SETDESC", Some(question))?;
        self.request("SETOK", Some(yes))?;
        self.request("SETCANCEL", Some(no))?;
        let answer = self.request("CONFIRM", None);
        self.request("SETOK", Some("OK"))?;
        self.request("SETCANCEL", Some("Cancel"))?;
        match answer {
            Ok(()) => Ok(true),
            Err(Unanswered::Cancelled) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Says something, until it was read.
    ///
    /// # Errors
    /// [`Unanswered`]
    pub fn say(&mut self, sentence: &str) -> Result<(), Unanswered> {
        self.request("SETDESC", Some(sentence))?;
        self.request("MESSAGE", None)
    }

    fn request(&mut self, command: &str, text: Option<&str>) -> Result<(), Unanswered> {
        self.send(command, text)?;
        self.answer(|_| {})
    }

    fn send(&mut self, command: &str, text: Option<&str>) -> Result<(), Unanswered> {
        let line = match text {
            Some(text) => format!("{command} {}\n", escape(text, LINE - command.len() - 2)),
            None => format!("{command}\n"),
        };
        self.stdin.write_all(line.as_bytes()).map_err(|_| ended())
    }

    /// Reads up to the answer, and hands over the data before it. There is at most one line of data: nothing that is
    /// typed is longer.
    fn answer(&mut self, mut data: impl FnMut(&mut [u8])) -> Result<(), Unanswered> {
        let mut is_given = false;
        loop {
            let end = self.line()?;
            let line = self.buffer.get_mut(..end).unwrap_or_default();
            let outcome = match line {
                [b'O', b'K'] | [b'O', b'K', b' ', ..] => Some(Ok(())),
                [b'E', b'R', b'R', b' ', rest @ ..] => Some(Err(refusal(&String::from_utf8_lossy(rest)))),
                // Half of a PIN is not to be taken for a PIN.
                [b'D', b' ', ..] if is_given => Some(Err(failed(&"it says more than it may"))),
                [b'D', b' ', rest @ ..] => {
                    is_given = true;
                    data(rest);
                    None
                }
                // Comments and states; and questions, of which there is none that we gave cause for.
                [b'#' | b'S', ..] => None,
                _ => Some(Err(failed(&"it does not speak the protocol"))),
            };
            self.take(end + 1);
            if let Some(outcome) = outcome {
                return outcome;
            }
        }
    }

    /// Reads until there is a line, and says where it ends.
    fn line(&mut self) -> Result<usize, Unanswered> {
        loop {
            let filled = self.buffer.get(..self.filled).unwrap_or_default();
            if let Some(end) = filled.iter().position(|byte| *byte == b'\n') {
                return Ok(end);
            }
            let space = self.buffer.get_mut(self.filled..).unwrap_or_default();
            if space.is_empty() {
                return Err(failed(&"it says more than it may"));
            }
            match self.stdout.read(space) {
                Ok(0) => return Err(ended()),
                Ok(read) => self.filled += read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => return Err(ended()),
            }
        }
    }

    /// Takes bytes from the front of the buffer, and wipes what that leaves behind.
    fn take(&mut self, length: usize) {
        self.buffer.copy_within(length..self.filled, 0);
        let left = self.filled - length;
        self.buffer.get_mut(left..self.filled).unwrap_or_default().zeroize();
        self.filled = left;
    }
}

impl Drop for Pinentry {
    fn drop(&mut self) {
        // It is told to end; one that does not want to is ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn failed(why: &dyn std::fmt::Display) -> Unanswered {
    Unanswered::Failed(format!("The pinentry does not work: {why}."))
}

fn ended() -> Unanswered {
    failed(&"it ended before it answered")
}

/// What an `ERR` line means: the code is in its lower 16 bits.
fn refusal(line: &str) -> Unanswered {
    let (code, words) = line.split_once(' ').unwrap_or((line, ""));
    match code.parse::<u32>().map(|code| code & 0xFFFF) {
        Ok(CANCELLED | NOT_CONFIRMED) => Unanswered::Cancelled,
        _ => failed(&words.chars().filter(|c| !c.is_control()).take(200).collect::<String>()),
    }
}

/// A text as an argument of a request, of at most `most` bytes, cut at a character.
fn escape(text: &str, most: usize) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        let piece = match character {
            '%' | '\n' | '\r' => format!("%{:02X}", u32::from(character)),
            // They have no business here, and a pinentry would show them as they are.
            _ if character.is_control() => continue,
            _ => character.to_string(),
        };
        if escaped.len() + piece.len() > most {
            break;
        }
        escaped.push_str(&piece);
    }
    escaped
}

/// Undoes the escapes of data where it stands, and says how long it is then.
fn unescape(data: &mut [u8]) -> usize {
    let (mut from, mut to) = (0, 0);
    while let Some(byte) = data.get(from).copied() {
        let digits = data.get(from + 1..from + 3).and_then(|digits| std::str::from_utf8(digits).ok());
        let escaped = digits.filter(|_| byte == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok());
        if let Some(place) = data.get_mut(to) {
            *place = escaped.unwrap_or(byte);
        }
        from += if escaped.is_some() { 3 } else { 1 };
        to += 1;
    }
    to
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes() {
        assert_eq!(escape("100 %\nof\u{1B}[2J it", 100), "100 %25%0Aof[2J it");
        assert_eq!(escape("ääää", 5), "ää");
        assert_eq!(escape("%%", 5), "%25");
        for (data, decoded) in
            [("123456", "123456"), ("1%252%0a", "1%2\n"), ("%", "%"), ("%2", "%2"), ("%zz%31", "%zz1")]
        {
            let mut data = data.as_bytes().to_vec();
            let length = unescape(&mut data);
            assert_eq!(&data[..length], decoded.as_bytes());
        }
    }

    #[test]
    fn refusals() {
        assert_eq!(refusal("83886179 Operation cancelled <Pinentry>"), Unanswered::Cancelled);
        assert_eq!(refusal("83886194 Not confirmed"), Unanswered::Cancelled);
        assert_eq!(
            refusal("83886340 Invalid IPC response"),
            Unanswered::Failed("The pinentry does not work: Invalid IPC response.".into())
        );
    }
}
