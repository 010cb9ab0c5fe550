//! A recorded dialogue played back.
//!
//! A dialogue is text: a line `> 00A40400...` is a command, the line `< 6F00...9000` after it its answer, `<
//! removed` and `< reset` what else can come. Spaces between digits, empty lines and lines that begin with `#`
//! mean nothing.

use super::{Error, Result, Transaction};

/// A card that expects certain commands, in their order, and gives the answers that were recorded.
pub struct Replay {
    exchanges: std::vec::IntoIter<(Vec<u8>, Result<Vec<u8>>)>,
}

impl Replay {
    /// Reads a dialogue.
    ///
    /// # Errors
    /// A sentence that names the line.
    pub fn parse(dialogue: &str) -> std::result::Result<Self, String> {
        let mut exchanges = Vec::new();
        let mut asked = None;
        for (number, line) in (1..).zip(dialogue.lines().map(str::trim)) {
            let wrong = |what: &str| format!("Line {number}: {what}");
            match (line.split_at_checked(1), &asked) {
                (None | Some(("#", _)), _) => {}
                (Some((">", command)), None) => {
                    asked = Some(bytes(command).ok_or_else(|| wrong("this is no hexadecimal text."))?);
                }
                (Some(("<", answer)), Some(command)) => {
                    let answer = match answer.trim() {
                        "removed" => Err(Error::Removed),
                        "reset" => Err(Error::Reset),
                        answer => Ok(bytes(answer).ok_or_else(|| wrong("this is no hexadecimal text."))?),
                    };
                    exchanges.push((command.clone(), answer));
                    asked = None;
                }
                (Some((">", _)), Some(_)) => return Err(wrong("the command before has no answer.")),
                (Some(("<", _)), None) => return Err(wrong("an answer must follow its command.")),
                _ => return Err(wrong("a line begins with >, < or #.")),
            }
        }
        match asked {
            Some(_) => Err("The last command has no answer.".to_owned()),
            None => Ok(Self { exchanges: exchanges.into_iter() }),
        }
    }

    /// How many exchanges have not been asked for yet.
    pub fn left(&self) -> usize {
        self.exchanges.len()
    }
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    shared::hex::decode(&digits)
}

impl Transaction for Replay {
    fn atr(&self) -> &[u8] {
        &[]
    }

    fn control(&mut self, _: u32, _: &[u8]) -> Result<Vec<u8>> {
        Err(Error::Failed("a recorded dialogue has no reader".to_owned()))
    }

    /// Fails when the command is not the one that was recorded; the error does not show it, since it may hold a
    /// PIN.
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>> {
        let left = self.exchanges.len();
        match self.exchanges.next() {
            Some((expected, answer)) if expected == command => answer,
            Some(_) => Err(Error::Failed(format!("another command was recorded, {left} before the end"))),
            None => Err(Error::Failed("the recorded dialogue is at its end".to_owned())),
        }
    }

    fn keep_alive(&mut self) -> Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plays_back() {
        let mut replay =
            Replay::parse("# SELECT\n> 00 A4 04 00\n< 90 00\n\n> 00CB\n< removed\n> 00CB\n< reset\n")
                .unwrap();
        assert_eq!(replay.transmit(&[0, 0xA4, 4, 0]), Ok(vec![0x90, 0]));
        assert_eq!(replay.transmit(&[0, 0xCB]), Err(Error::Removed));
        assert_eq!(replay.left(), 1);
        assert!(matches!(replay.transmit(&[0, 0xCC]), Err(Error::Failed(_))));
        assert!(matches!(replay.transmit(&[0, 0xCB]), Err(Error::Failed(_))));
    }

    #[test]
    fn what_is_no_dialogue() {
        for (text, line) in [
            ("> 0", "Line 1:"),
            ("\n< 9000", "Line 2:"),
            ("> 00\n> 00", "Line 2:"),
            ("> 00\n< xy", "Line 2:"),
            ("9000", "Line 1:"),
            ("> 00", "The last"),
        ] {
            let error = Replay::parse(text).err().unwrap();
            assert!(error.starts_with(line), "{text}: {error}");
        }
    }
}
