//! What goes to standard output (results) and to standard error (everything else that is not a question).
//!
//! Names that come from a card, a file or a reader are hostile: [`clean`] shows their control characters as
//! escapes. JSON escapes them by itself.

use std::io::{ErrorKind, Write};

use serde::Serialize;
use serde_json::json;
use shared::ErrorCode;

use crate::exit::{Failure, failure};
use crate::words;

/// The version of the JSON that `--json` prints. It rises when a field changes its meaning, not when one is added.
const SCHEMA: u32 = 1;

/// How results are printed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    /// As JSON, one object per line.
    pub json: bool,
    /// Columns of the terminal that standard output is; `None` when it is none.
    pub width: Option<usize>,
}

#[derive(Serialize)]
struct Document<T> {
    schema: u32,
    #[serde(flatten)]
    content: T,
}

impl Output {
    /// Looks at standard output.
    pub(crate) fn new(json: bool) -> Self {
        Self { json, width: width_of(std::io::stdout()) }
    }

    /// Prints a result: `value`, which must be an object, as JSON, or else the text.
    ///
    /// # Errors
    /// [`Failure::OutputClosed`] when nobody reads any more.
    pub(crate) fn show<T: Serialize>(self, value: T, text: impl FnOnce() -> String) -> Result<(), Failure> {
        if !self.json {
            return print(text().as_bytes());
        }
        let mut line = serde_json::to_vec(&Document { schema: SCHEMA, content: value })
            .map_err(|_| failure(ErrorCode::System, "The result cannot be written as JSON."))?;
        line.push(b'\n');
        print(&line)
    }

    /// Prints why nothing came of it: a sentence on standard error, or an object on standard output.
    pub(crate) fn refuse(self, failure: &Failure) {
        let (sentence, error) = match failure {
            Failure::Error(error) => (error.message.as_str(), json!({ "error": error })),
            Failure::Cancelled => {
                ("Cancelled.", json!({ "error": { "code": "cancelled", "message": "Cancelled." } }))
            }
            Failure::OutputClosed | Failure::Ended(_) => return,
        };
        if self.json {
            // Nobody is left to tell if this fails; the exit code still says it.
            let _ = self.show(error, String::new);
        } else {
            note(sentence);
        }
    }
}

#[cfg(unix)]
fn width_of(stream: impl std::os::fd::AsFd) -> Option<usize> {
    terminal_size::terminal_size_of(stream).map(|(width, _)| usize::from(width.0))
}

#[cfg(windows)]
fn width_of(stream: impl std::os::windows::io::AsHandle) -> Option<usize> {
    terminal_size::terminal_size_of(stream).map(|(width, _)| usize::from(width.0))
}

/// Writes to standard output at once and whole.
///
/// # Errors
/// [`Failure::OutputClosed`] when nobody reads any more; [`ErrorCode::System`] for a full disk and the like.
pub(crate) fn print(bytes: &[u8]) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(Failure::OutputClosed),
        Err(error) => Err(failure(
            ErrorCode::System,
            format!("Standard output cannot be written: {}.", words::system(&error)),
        )),
    }
}

/// Tells the person something beside the result, on standard error.
pub(crate) fn note(sentence: &str) {
    // Nobody is left to tell if this fails.
    let lines = wrap(&clean(sentence), width_of(std::io::stderr()));
    let _ = writeln!(std::io::stderr(), "{}", lines.join("\n"));
}

/// The text with everything escaped that would move the cursor, change the terminal or reverse the reading order.
pub(crate) fn clean(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        let hidden = character.is_control()
            || matches!(character, '\u{61C}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{FEFF}')
            || matches!(character, '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
        if hidden {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// The lines of a text that is broken at spaces so that each has at most `width` characters. A word that is longer
/// stays whole, so that it can be copied.
pub(crate) fn wrap(text: &str, width: Option<usize>) -> Vec<String> {
    let width = width.map_or(usize::MAX, |width| width.max(NARROWEST));
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some((end, after)) = rest.char_indices().nth(width) {
        let (head, tail) = rest.split_at(end);
        let within = head.rfind(' ').filter(|at| !head.split_at(*at).0.trim().is_empty());
        let at = if after == ' ' { Some(end) } else { within.or_else(|| Some(end + tail.find(' ')?)) };
        let Some((line, next)) = at.map(|at| rest.split_at(at)) else { break };
        lines.push(line.trim_end().to_owned());
        rest = next.trim_start();
    }
    if !rest.is_empty() || lines.is_empty() {
        lines.push(rest.to_owned());
    }
    lines
}

/// A row of a table, and perhaps a line below it.
#[derive(Debug, Default)]
pub(crate) struct Row {
    /// One cell per column.
    pub cells: Vec<String>,
    /// More about the row, indented; empty for none.
    pub below: String,
}

impl Row {
    /// A row without a line below it.
    pub(crate) fn new<const N: usize>(cells: [String; N]) -> Self {
        Self { cells: cells.into(), below: String::new() }
    }
}

/// Fewest characters that a column is shortened to.
const NARROWEST: usize = 8;

/// A table with headers. A `~` before a header marks a column that may be shortened to fit `width`.
pub(crate) fn table(headers: &[&str], rows: &[Row], width: Option<usize>) -> String {
    let mut columns: Vec<(usize, bool)> = headers
        .iter()
        .enumerate()
        .map(|(index, header)| {
            let cells = rows.iter().filter_map(|row| row.cells.get(index)).map(|cell| columns_of(cell));
            let title = header.trim_start_matches('~');
            (cells.max().unwrap_or(0).max(columns_of(title)), header.starts_with('~'))
        })
        .collect();
    if let Some(width) = width {
        shorten(&mut columns, width);
    }
    let mut text = String::new();
    let titles: Vec<String> =
        headers.iter().map(|header| header.trim_start_matches('~').to_owned()).collect();
    line(&mut text, &titles, &columns);
    for row in rows {
        let cells: Vec<String> = row.cells.iter().map(|cell| clean(cell)).collect();
        line(&mut text, &cells, &columns);
        if !row.below.is_empty() {
            let indent = columns.first().map_or(0, |(width, _)| width + 2);
            let below = clean(&row.below);
            let room = width.map_or(usize::MAX, |width| width.saturating_sub(indent).max(NARROWEST));
            text.push_str(&format!("{:indent$}{}\n", "", fit(&below, room)));
        }
    }
    text
}

fn shorten(columns: &mut [(usize, bool)], width: usize) {
    loop {
        let gaps = 2 * columns.len().saturating_sub(1);
        if columns.iter().map(|(width, _)| width).sum::<usize>() + gaps <= width {
            return;
        }
        let widest = columns
            .iter_mut()
            .filter(|(width, may)| *may && *width > NARROWEST)
            .max_by_key(|(width, _)| *width);
        let Some((widest, _)) = widest else { return };
        *widest -= 1;
    }
}

fn line(text: &mut String, cells: &[String], columns: &[(usize, bool)]) {
    let padded: Vec<String> =
        cells.iter().zip(columns).map(|(cell, (width, _))| format!("{:width$}", fit(cell, *width))).collect();
    text.push_str(padded.join("  ").trim_end());
    text.push('\n');
}

/// Columns that a text takes once it is clean.
fn columns_of(text: &str) -> usize {
    clean(text).chars().count()
}

/// At most `width` characters of a text; a cut is shown.
fn fit(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(width.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

/// Labels and their values, aligned, one value per line. A label without a value is left out. A value that does
/// not fit `width` goes on in the next line; only there a long word is cut, as digits without spaces are.
pub(crate) fn fields(list: &[(&str, Vec<String>)], width: Option<usize>) -> String {
    let list = list.iter().filter(|(_, values)| !values.is_empty());
    let indent = list.clone().map(|(label, _)| label.chars().count()).max().unwrap_or(0) + 2;
    let room = width.map(|width| width.saturating_sub(indent).max(NARROWEST));
    let mut text = String::new();
    for (label, values) in list {
        let lines = values.iter().flat_map(|value| wrap(&clean(value), room));
        for (number, line) in lines.flat_map(|line| cut(&line, room)).enumerate() {
            let label = if number == 0 { label } else { "" };
            text.push_str(&format!("{label:indent$}{line}\n"));
        }
    }
    text
}

fn cut(line: &str, width: Option<usize>) -> Vec<String> {
    let characters: Vec<char> = line.chars().collect();
    match width {
        Some(width) if characters.len() > width => {
            characters.chunks(width).map(|part| part.iter().collect()).collect()
        }
        _ => vec![line.to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_is_shown_as_escapes() {
        for (text, shown) in [
            ("Päivi O'Hara", "Päivi O'Hara"),
            ("a\nb\r\t", "a\\nb\\r\\t"),
            ("\u{1b}[31mred", "\\u{1b}[31mred"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("exe\u{202E}fdp", "exe\\u{202e}fdp"),
            ("日本", "日本"),
        ] {
            assert_eq!(clean(text), shown);
        }
    }

    fn row(name: &str, issuer: &str) -> Row {
        let mut row = Row::new(["kxc00".into(), name.into(), issuer.into()]);
        row.below = "digital signature, smart card logon".into();
        row
    }

    #[test]
    fn a_table_fits() {
        let rows = [row("Aino Virtanen", "Example Issuing CA 1"), row("A\nB", "")];
        let headers = ["ID", "~NAME", "~ISSUER"];
        for (width, text) in [
            (
                None,
                "ID     NAME           ISSUER\n\
                 kxc00  Aino Virtanen  Example Issuing CA 1\n       digital signature, smart card logon\n\
                 kxc00  A\\nB\n       digital signature, smart card logon\n",
            ),
            (
                Some(32),
                "ID     NAME          ISSUER\n\
                 kxc00  Aino Virtan…  Example Is…\n       digital signature, smart…\n\
                 kxc00  A\\nB\n       digital signature, smart…\n",
            ),
            (
                Some(3),
                "ID     NAME      ISSUER\n\
                 kxc00  Aino Vi…  Example…\n       digital…\n\
                 kxc00  A\\nB\n       digital…\n",
            ),
        ] {
            let table = table(&headers, &rows, width);
            assert_eq!(table, text, "{width:?}");
            if let Some(width @ 20..) = width {
                assert!(table.lines().all(|line| line.chars().count() <= width), "{table}");
            }
        }
    }

    #[test]
    fn fields_are_aligned() {
        let list = [
            ("Reader", vec!["ACS\u{7} 00".to_owned()]),
            ("Nothing", vec![]),
            ("Chain", vec!["CA 1".to_owned(), "CA\n2".to_owned()]),
        ];
        assert_eq!(fields(&list, None), "Reader  ACS\\u{7} 00\nChain   CA 1\n        CA\\n2\n");
        let list = [
            ("Key", vec!["3082010A02".to_owned(), "of 2048 bits".to_owned()]),
            ("Empty", vec![String::new()]),
        ];
        assert_eq!(
            fields(&list, Some(15)),
            "Key    3082010A\n       02\n       of 2048\n       bits\nEmpty  \n"
        );
    }

    #[test]
    fn sentences_break_at_words() {
        for (text, width, lines) in [
            ("The card is there.", None, &["The card is there."][..]),
            ("The card is there.", Some(18), &["The card is there."]),
            ("The card is there.", Some(17), &["The card is", "there."]),
            ("The card is there.", Some(11), &["The card is", "there."]),
            ("The card  is there.", Some(9), &["The card", "is there."]),
            ("See /a/long/path/of/a/file now", Some(10), &["See", "/a/long/path/of/a/file", "now"]),
            ("/a/long/path/of/a/file", Some(10), &["/a/long/path/of/a/file"]),
            ("   indented words", Some(12), &["   indented", "words"]),
            ("grün grün grün", Some(9), &["grün grün", "grün"]),
            ("trailing   ", Some(8), &["trailing"]),
            ("", Some(8), &[""]),
            ("one two three", Some(0), &["one two", "three"]),
        ] {
            assert_eq!(wrap(text, width), lines, "{text:?} {width:?}");
        }
    }
}
