//! Text that may come from a card, made harmless before anybody shows it.

/// What stands for what was cut off.
const CUT: char = '…';

/// The text on one line: without what is hidden or reorders the rest, and no longer than `most` characters.
pub(crate) fn line(text: &str, most: usize) -> String {
    let mut kept = Kept::new(most);
    let mut space = false;
    for character in text.chars().filter(|character| !is_hidden(*character)) {
        if character.is_whitespace() || character.is_control() {
            space = true;
        } else {
            if std::mem::take(&mut space) && !kept.text.is_empty() {
                kept.push(' ');
            }
            kept.push(character);
        }
        if kept.is_full {
            break;
        }
    }
    kept.text
}

/// The text with its lines kept, each made harmless, and no longer than `most` characters altogether.
pub(crate) fn lines(text: &str, most: usize) -> String {
    let mut kept = Kept::new(most);
    for (at, text) in text.lines().enumerate() {
        let line = line(text, most);
        let parting = (at > 0).then_some('\n');
        parting.into_iter().chain(line.chars()).for_each(|character| kept.push(character));
        if kept.is_full {
            break;
        }
    }
    kept.text
}

/// For a menu in which `mark` stands before the letter of a key.
pub(crate) fn without_mnemonic(label: &str, mark: char) -> String {
    let mut escaped = String::with_capacity(label.len());
    for character in label.chars() {
        if character == mark {
            escaped.push(mark);
        }
        escaped.push(character);
    }
    escaped
}

/// What was kept of a text that may be too long.
struct Kept {
    text: String,
    left: usize,
    is_full: bool,
}

impl Kept {
    fn new(most: usize) -> Self {
        Self { text: String::new(), left: most, is_full: false }
    }

    fn push(&mut self, character: char) {
        if self.is_full {
            return;
        }
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                self.text.push(character);
            }
            None => {
                self.is_full = true;
                self.text.pop();
                self.text.push(CUT);
            }
        }
    }
}

/// The format characters of Unicode that reorder text or show nothing. The joiners U+200C and U+200D stay: Persian
/// and Indic names are written with them.
fn is_hidden(character: char) -> bool {
    matches!(character,
        '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_a_line() {
        assert_eq!(line(" Anna\tDemo\r\n\x1B[31m \u{202E}nigol\0", 40), "Anna Demo [31m nigol");
        assert_eq!(line("می\u{200C}خواهم", 40), "می\u{200C}خواهم");
        assert_eq!(line("\u{202E}\n\u{7}", 40), "");
    }

    #[test]
    fn long_text_is_cut_where_it_is_seen() {
        assert_eq!(line("12345", 5), "12345");
        assert_eq!(line("123456", 5), "1234…");
        assert_eq!(line(&"ä".repeat(9), 5), "ääää…");
        assert_eq!(lines("12\n34\n56", 5), "12\n3…");
        assert_eq!(lines(&"1\n".repeat(1_000_000), 7).chars().count(), 7);
    }

    #[test]
    fn lines_are_kept() {
        assert_eq!(lines("PIN 1: 3 tries\u{7}\r\nPIN 2:\tblocked", 100), "PIN 1: 3 tries\nPIN 2: blocked");
    }

    #[test]
    fn nothing_is_read_as_a_key() {
        assert_eq!(without_mnemonic("R&D _x__", '_'), "R&D __x____");
        assert_eq!(without_mnemonic("R&D", '&'), "R&&D");
    }
}
