//! A text that can be posted: no name of a person or a home, no serial number.

/// What is taken out of a text.
pub(super) struct Safe {
    home: Option<String>,
    user: Option<String>,
}

/// So many digits in a row may be a serial number. Fewer are versions, years and numbers of readers.
const SERIAL: usize = 5;

impl Safe {
    pub(super) fn of_this_user() -> Self {
        let long_enough = |name: String| (name.len() > 1).then_some(name);
        let home = std::env::home_dir().and_then(|home| home.to_str().map(str::to_owned));
        let user = ["USER", "LOGNAME", "USERNAME"].iter().find_map(|name| std::env::var(name).ok());
        Self { home: home.and_then(long_enough), user: user.and_then(long_enough) }
    }

    /// The text with `~` for the home, `USER` for the user's name, and `#` for what may be a serial number.
    pub(super) fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        if let Some(home) = &self.home {
            text = text.replace(home.as_str(), "~");
        }
        if let Some(user) = &self.user {
            text = without_word(&text, user);
        }
        without_serials(&text)
    }
}

/// The text with `USER` wherever the word stands by itself.
fn without_word(text: &str, word: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(word) {
        let part_of_a_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        let within = part_of_a_word(before.chars().next_back()) || part_of_a_word(after.chars().next());
        shown.push_str(before);
        shown.push_str(if within { word } else { "USER" });
        rest = after;
    }
    shown + rest
}

fn without_serials(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut run = String::new();
    // The end stands for a character that is no digit.
    for character in text.chars().map(Some).chain([None]) {
        match character.filter(char::is_ascii_hexdigit) {
            Some(digit) => run.push(digit),
            None => {
                // A word of letters only, such as "decade", is no number.
                let serial = run.len() >= SERIAL && run.chars().any(|c| c.is_ascii_digit());
                shown.push_str(if serial { "#" } else { &run });
                run.clear();
                shown.extend(character);
            }
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_out() {
        let safe = Safe { home: Some("/home/anna".into()), user: Some("anna".into()) };
        for (text, shown) in [
            ("/home/anna/.config/kortti", "~/.config/kortti"),
            ("anna's agent, by (anna)", "USER's agent, by (USER)"),
            ("Hannah and annals", "Hannah and annals"),
            ("/run/user/1000/kortti", "/run/user/1000/kortti"),
            ("ACS ACR39U (21134567) 00 00", "ACS ACR39U (#) 00 00"),
            ("7D1F93C2A4E05B68B19C3D2E6F804A57", "#"),
            ("pcsc-lite 1.9.9, 2026-11-26", "pcsc-lite 1.9.9, 2026-11-26"),
            ("decade, facade, a cafe", "decade, facade, a cafe"),
            ("grün 12345", "grün #"),
        ] {
            assert_eq!(safe.text(text), shown);
        }
        let nobody = Safe { home: None, user: None };
        assert_eq!(nobody.text("/home/anna"), "/home/anna");
    }
}
