//! The terminal: the only place that reads secrets, and the only one that asks questions.
//!
//! Rules:
//! - Questions and what belongs to them go to the terminal itself, never to standard output or error, so that
//!   both can be redirected.
//! - A secret is not shown while it is typed, and the terminal shows typed text again afterwards whatever
//!   happens: an error, Ctrl-C, a signal.
//! - The response to a challenge is shown while it is typed, since a mistyped one costs a try of the admin key,
//!   and erased at once.
//! - What was typed before its prompt was there is thrown away.
//! - Ctrl-C and Ctrl-D cancel; nothing is asked after that.
//! - A PIN that goes to the card is asked for once. Only a new PIN, which the card has not seen, is asked for
//!   again when it does not fit.
//! - With `--pin-stdin` or `--pin-fd` nothing is asked at all.
//! - Secrets are read without a buffer but their own, which has its full size from the start and is wiped.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use shared::ErrorCode;
use shared::model::PinPolicy;
use shared::secret::{KeyText, Password, Pin, ResponseText};
use shared::words::policy_sentence;
use zeroize::Zeroizing;

use crate::args;
use crate::exit::{Failure, failure, usage};
use crate::output::{clean, wrap};
use crate::words;

#[path = "terminal/lines.rs"]
mod lines;
#[cfg(unix)]
#[path = "terminal/unix.rs"]
mod system;
#[cfg(windows)]
#[path = "terminal/windows.rs"]
mod system;

use lines::Lines;

/// A line as it was typed or read, without its line break; wiped when dropped.
type Line = Zeroizing<Vec<u8>>;

/// The most bytes that a line or a key file may have.
const MAX_LINE: usize = 4096;

/// How often a new PIN is asked for.
const ROUNDS: u8 = 3;

/// What the person at the terminal sees of what is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Echo {
    Shown,
    Hidden,
}

/// The terminal this program was started from.
pub(crate) struct Terminal(system::Tty);

impl Terminal {
    /// The terminal, if there is one.
    pub(crate) fn open() -> Option<Self> {
        system::Tty::open().ok().map(Self)
    }

    /// Says something that belongs to a question.
    pub(crate) fn say(&self, sentence: &str) {
        // A terminal that is gone shows at the next question.
        let _ = self.0.write(&format!("{}\n", self.wrapped(sentence)));
    }

    /// Asks a question whose answer may be seen.
    ///
    /// # Errors
    /// [`Failure::Cancelled`]
    pub(crate) fn ask(&self, question: &str) -> Result<String, Failure> {
        let line = self.0.read_line(&format!("{} ", self.wrapped(question)), Echo::Shown)?;
        Ok(String::from_utf8_lossy(&line).trim().to_owned())
    }

    /// Asks a question to which only `y` and `yes` mean yes, and `n`, `no` and nothing at all mean no. Any other
    /// answer is erased, as somebody may type a PIN here, and the question is asked again.
    ///
    /// # Errors
    /// [`Failure::Cancelled`]
    pub(crate) fn yes(&self, question: &str) -> Result<bool, Failure> {
        let prompt = format!("{} ", self.wrapped(&format!("{question} [y/N]")));
        loop {
            let line = self.0.read_line(&prompt, Echo::Shown)?;
            let answer = line.trim_ascii();
            let is_any = |words: [&str; 2]| words.iter().any(|w| answer.eq_ignore_ascii_case(w.as_bytes()));
            if is_any(["y", "yes"]) {
                return Ok(true);
            }
            if answer.is_empty() || is_any(["n", "no"]) {
                return Ok(false);
            }
            self.erase(&prompt, &line);
            self.say("Answer y for yes or n for no.");
        }
    }

    /// A sentence as it is shown: harmless, and broken at words where the terminal ends.
    fn wrapped(&self, sentence: &str) -> String {
        wrap(&clean(sentence), self.0.width()).join("\n")
    }

    fn secret(&self, name: &str) -> Result<Line, Failure> {
        self.0.read_line(&format!("{name}: "), Echo::Hidden)
    }

    fn erased(&self, name: &str) -> Result<Line, Failure> {
        let prompt = format!("{name}: ");
        let line = self.0.read_line(&prompt, Echo::Shown)?;
        self.erase(&prompt, &line);
        Ok(line)
    }

    /// Takes a prompt and what was typed at it off the screen, however many lines of it they fill.
    fn erase(&self, prompt: &str, typed: &[u8]) {
        // Up one line, to its start, and clear it (ECMA-48: CUU, EL).
        let _ = self.0.write(&"\x1b[1A\r\x1b[2K".repeat(rows(prompt, typed, self.0.width())));
    }
}

/// How many lines of the screen a prompt and what was typed at it fill. A control character shows as two (`^C`).
fn rows(prompt: &str, typed: &[u8], width: Option<usize>) -> usize {
    let typed = String::from_utf8_lossy(typed);
    let typed: usize = typed.chars().map(|character| if character.is_control() { 2 } else { 1 }).sum();
    let last = prompt.lines().last().map_or(0, |line| line.chars().count());
    let before = prompt.lines().count().saturating_sub(1);
    before + width.filter(|width| *width > 0).map_or(1, |width| (last + typed).div_ceil(width).max(1))
}

/// Where secrets come from.
pub(crate) enum Secrets {
    /// From whoever sits at the terminal.
    Asked(Terminal),
    /// From a script, one per line.
    Given(Lines),
    /// From nowhere, which is enough where PINs are typed on the reader.
    Missing,
}

impl Secrets {
    /// The source that the command line names.
    ///
    /// # Errors
    /// [`ErrorCode::BadRequest`] when it cannot be read.
    pub(crate) fn open(options: &args::Secrets) -> Result<Self, Failure> {
        if options.pin_stdin {
            return Lines::standard_input().map(Self::Given);
        }
        #[cfg(unix)]
        if let Some(descriptor) = options.pin_fd {
            return Lines::descriptor(descriptor).map(Self::Given);
        }
        Ok(Terminal::open().map_or(Self::Missing, Self::Asked))
    }

    /// The terminal, if that is where they come from: only then may anything be asked.
    pub(crate) fn terminal(&self) -> Option<&Terminal> {
        match self {
            Self::Asked(terminal) => Some(terminal),
            Self::Given(_) | Self::Missing => None,
        }
    }

    /// A PIN or PUK that the card has, by the name that its prompt shows.
    ///
    /// # Errors
    /// [`ErrorCode::PinPolicy`] for what no card takes, [`ErrorCode::BadRequest`] for a source that ended.
    pub(crate) fn pin(&mut self, name: &str) -> Result<Pin, Failure> {
        let line = self.line(name)?;
        if line.is_empty() {
            return Err(refused(&format!("{name}: nothing was given.")));
        }
        if std::str::from_utf8(&line).map_or(true, |text| text.chars().any(char::is_control)) {
            return Err(refused(&format!("{name}: it holds characters that cannot be part of it.")));
        }
        Ok(Pin::from(line.as_slice()))
    }

    /// A new PIN or PUK, as `name` has it, that fits the policy; typed twice at a terminal.
    ///
    /// # Errors
    /// [`ErrorCode::PinPolicy`] when it does not fit, [`ErrorCode::BadRequest`] for a source that ended.
    pub(crate) fn new_pin(&mut self, name: &str, policy: Option<&PinPolicy>) -> Result<Pin, Failure> {
        if let (Self::Asked(terminal), Some(policy)) = (&*self, policy) {
            terminal.say(&format!("The new {name}: {}", policy_sentence(policy)));
        }
        let mut round = 1;
        loop {
            let fault = match self.new_pin_once(name, policy)? {
                Ok(pin) => return Ok(pin),
                Err(fault) => fault,
            };
            match self.terminal() {
                Some(terminal) if round < ROUNDS => terminal.say(&format!("{fault} Type another one.")),
                _ => return Err(refused(&fault)),
            }
            round += 1;
        }
    }

    fn new_pin_once(
        &mut self,
        name: &str,
        policy: Option<&PinPolicy>,
    ) -> Result<Result<Pin, String>, Failure> {
        let pin = match self.pin(&format!("New {name}")) {
            Err(Failure::Error(error)) if error.code == ErrorCode::PinPolicy => {
                let fault = format!("The new {name} is empty or holds characters that cannot be part of it.");
                return Ok(Err(fault));
            }
            result => result?,
        };
        if let Some(Err(violation)) = policy.map(|policy| policy.check(&pin)) {
            return Ok(Err(format!("The new {name} does not fit: {violation}.")));
        }
        if let Self::Asked(terminal) = self
            && *terminal.secret(&format!("New {name} again"))? != pin.bytes()
        {
            return Ok(Err("The two are not the same.".into()));
        }
        Ok(Ok(pin))
    }

    /// The password of a file; it may be empty.
    ///
    /// # Errors
    /// [`ErrorCode::FilePassword`] when it is no text, [`ErrorCode::BadRequest`] for a source that ended.
    pub(crate) fn password(&mut self) -> Result<Password, Failure> {
        let line = self.line("Password of the file")?;
        if std::str::from_utf8(&line).is_err() {
            return Err(failure(ErrorCode::FilePassword, "The password of the file is not UTF-8 text."));
        }
        Ok(Password::from(line.as_slice()))
    }

    /// The response to a challenge as it was typed.
    ///
    /// # Errors
    /// [`ErrorCode::BadRequest`] for a source that ended.
    pub(crate) fn response(&mut self) -> Result<ResponseText, Failure> {
        let line = match self {
            Self::Asked(terminal) => terminal.erased("Response")?,
            Self::Given(_) | Self::Missing => self.line("Response")?,
        };
        Ok(ResponseText::from(line.as_slice()))
    }

    /// The management key of a card, from where the command line says, else from where the other secrets come. It
    /// is as often asked for as a PIN that goes to the card: once.
    ///
    /// # Errors
    /// [`ErrorCode::BadRequest`] for what is none, and for a source that cannot be read or ended.
    pub(crate) fn management_key(&mut self, options: &args::ManagementKey) -> Result<KeyText, Failure> {
        const NAME: &str = "Management key (hexadecimal digits, or the word factory)";
        let line = match options {
            args::ManagementKey { management_key_file: Some(path), .. } => key_file(path)?,
            #[cfg(unix)]
            args::ManagementKey { management_key_fd: Some(descriptor), .. } => {
                Lines::descriptor(*descriptor)?.next("Management key")?
            }
            _ => self.line(NAME)?,
        };
        let text = line.trim_ascii();
        if can_be_management_key(text) {
            return Ok(KeyText::from(text));
        }
        Err(usage(
            "This is no management key: it has 32, 48 or 64 hexadecimal digits; or say factory for the one with which \
             cards leave the factory. Nothing was sent to the card.",
        ))
    }

    fn line(&mut self, name: &str) -> Result<Line, Failure> {
        match self {
            Self::Asked(terminal) => terminal.secret(name),
            Self::Given(lines) => lines.next(name),
            Self::Missing => {
                Err(usage("There is no terminal to ask for secrets. Use --pin-stdin or --pin-fd."))
            }
        }
    }
}

/// Whether this is the word for the factory's key, or has the length of one (SP 800-78-4 table 6-2), grouped or not.
fn can_be_management_key(text: &[u8]) -> bool {
    let is_digit = |byte: &&u8| byte.is_ascii_hexdigit();
    let digits = text.iter().filter(is_digit).count();
    text.eq_ignore_ascii_case(b"factory")
        || matches!(digits, 32 | 48 | 64)
            && text.iter().all(|byte| is_digit(&byte) || matches!(byte, b' ' | b':' | b'-'))
}

fn refused(what: &str) -> Failure {
    failure(ErrorCode::PinPolicy, format!("{what} Nothing was sent to the card."))
}

/// The admin key as text, from where the command line says.
///
/// # Errors
/// [`ErrorCode::BadRequest`] when it cannot be read, or when there is no terminal.
pub(crate) fn admin_key(options: &args::Respond) -> Result<Line, Failure> {
    if let Some(path) = &options.key_file {
        return key_file(path);
    }
    #[cfg(unix)]
    if let Some(descriptor) = options.key_fd {
        return Lines::descriptor(descriptor)?.next("Admin key");
    }
    Terminal::open()
        .ok_or_else(|| usage("There is no terminal to ask for the admin key. Use --key-file or --key-fd."))?
        .secret("Admin key")
}

fn key_file(path: &Path) -> Result<Line, Failure> {
    let unreadable =
        |error: std::io::Error| usage(format!("{} {}", path.display(), words::unreadable(&error)));
    let mut file = File::open(path).map_err(unreadable)?;
    let mut key = Zeroizing::new(vec![0; MAX_LINE]);
    let mut length = 0;
    while let Some(rest) = key.get_mut(length..).filter(|rest| !rest.is_empty()) {
        match file.read(rest) {
            Ok(0) => {
                key.truncate(length);
                return Ok(key);
            }
            Ok(read) => length += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(unreadable(error)),
        }
    }
    Err(usage(format!("{} is too long for a file with a key.", path.display())))
}

#[cfg(test)]
mod tests {
    use shared::model::{PinCharacters, PolicySource};

    use super::*;

    fn given(text: &'static [u8]) -> Secrets {
        Secrets::Given(Lines { source: Box::new(text), name: "test".into() })
    }

    #[test]
    fn lines_of_a_script() {
        const LONGEST: &[u8] = &[b'1'; MAX_LINE];
        const TOO_LONG: &[u8] = &[b'1'; MAX_LINE + 1];
        for (text, lines) in [
            (&b"1234\n5678\n"[..], &[Some(&b"1234"[..]), Some(b"5678"), None][..]),
            (b"1234\r\n5678", &[Some(b"1234"), Some(b"5678"), None]),
            (b"12\r34\r\r\n", &[Some(b"12\r34\r"), None]),
            (b"\n\r\n", &[Some(b""), Some(b""), None]),
            (b" 12 \n", &[Some(b" 12 "), None]),
            (b"", &[None]),
            (LONGEST, &[Some(LONGEST), None]),
            (TOO_LONG, &[None]),
        ] {
            let mut source = Lines { source: Box::new(text), name: "test".into() };
            for expected in lines {
                let line = source.next("PIN").ok();
                assert_eq!(line.as_ref().map(|line| line.as_slice()), *expected);
                assert!(line.is_none_or(|line| line.capacity() == MAX_LINE), "the buffer grew");
            }
        }
    }

    #[test]
    fn what_is_erased() {
        for (prompt, typed, width, lines) in [
            ("Response: ", &b"B0A1"[..], Some(80), 1),
            ("Response: ", b"B0A1", None, 1),
            ("", b"", Some(80), 1),
            ("Go on? ", &[b'1'; 73], Some(80), 1),
            ("Go on? ", &[b'1'; 74], Some(80), 2),
            ("A sentence.\nGo on? ", &[b'1'; 153], Some(80), 3),
            ("Go on? ", &[1, 1], Some(10), 2),
            ("Go on? ", "ööö".as_bytes(), Some(10), 1),
            ("Go on? ", b"1", Some(0), 1),
        ] {
            assert_eq!(rows(prompt, typed, width), lines, "{prompt:?} {typed:?}");
        }
    }

    #[test]
    fn pins_that_never_leave() {
        for (text, taken) in [
            (&b"1234\n"[..], true),
            ("grün\n".as_bytes(), true),
            (b"\n", false),
            (b"12\x0334\n", false),
            (b"\xFF\xFE\n", false),
        ] {
            match given(text).pin("PIN") {
                Ok(pin) => assert!(taken && !pin.is_empty()),
                Err(Failure::Error(error)) => assert!(!taken && error.code == ErrorCode::PinPolicy),
                Err(other) => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn a_new_pin_is_checked_here() {
        let policy = PinPolicy {
            min_length: 4,
            max_length: 8,
            characters: PinCharacters::Digits,
            complexity: None,
            source: PolicySource::Card,
        };
        for (text, code) in [
            (&b"1234\n"[..], None),
            (b"123\n", Some(ErrorCode::PinPolicy)),
            (b"123456789\n", Some(ErrorCode::PinPolicy)),
            (b"12a4\n", Some(ErrorCode::PinPolicy)),
            (b"\n", Some(ErrorCode::PinPolicy)),
            (b"", Some(ErrorCode::BadRequest)),
        ] {
            let result = given(text).new_pin("PIN", Some(&policy));
            let found = match &result {
                Ok(_) => None,
                Err(Failure::Error(error)) => {
                    assert!(!error.message.contains("12"), "{error}");
                    Some(error.code)
                }
                Err(other) => panic!("{other:?}"),
            };
            assert_eq!(found, code);
        }
    }

    #[test]
    fn what_can_be_a_management_key() {
        for (digits, fits) in
            [(0, false), (6, false), (32, true), (47, false), (48, true), (64, true), (66, false)]
        {
            let digits = "0a".repeat(digits).split_at(digits).0.to_owned();
            let grouped = digits.split_at(digits.len() / 2);
            for text in [format!("{digits}\n"), format!(" {}-{} : \r\n", grouped.0, grouped.1)] {
                let mut source = Secrets::Given(Lines {
                    source: Box::new(std::io::Cursor::new(text)),
                    name: "test".into(),
                });
                let key = source.management_key(&args::ManagementKey::default());
                assert_eq!(key.is_ok(), fits, "{digits}");
            }
        }
        for (text, fits) in [("factory", true), ("Factory", true), ("factories", false), ("g", false)] {
            assert_eq!(can_be_management_key(text.as_bytes()), fits, "{text}");
        }
        assert!(!can_be_management_key(&[b'g'; 48]));
    }

    #[test]
    fn a_key_file_is_read_whole_or_not_at_all() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        for (length, fits) in
            [(0, true), (48, true), (MAX_LINE - 1, true), (MAX_LINE, false), (3 * MAX_LINE, false)]
        {
            std::fs::write(&path, vec![b'0'; length]).unwrap();
            let key = key_file(&path).ok();
            assert_eq!(key.map(|key| key.len()), fits.then_some(length));
        }
        assert!(key_file(&directory.path().join("none")).is_err());
    }
}
