//! Dialogues with virtual cards. A line is a command, `=`, and the whole answer; `*` stands for any bytes, and what
//! follows `#` is a remark.

#![allow(clippy::unwrap_used, clippy::panic)]

/// The bytes of hexadecimal digits; spaces do not count.
pub(super) fn bytes(text: &str) -> Vec<u8> {
    shared::hex::decode(text.replace(' ', "").as_bytes()).unwrap_or_else(|| panic!("not hexadecimal: {text}"))
}

/// Hexadecimal digits.
pub(super) fn text(bytes: &[u8]) -> String {
    shared::hex::Hex(bytes.to_vec()).to_string()
}

/// Holds a dialogue.
#[track_caller]
pub(super) fn hold(mut transmit: impl FnMut(&[u8]) -> Vec<u8>, script: &str) {
    for line in
        script.lines().map(|line| line.split('#').next().unwrap().trim()).filter(|line| !line.is_empty())
    {
        let (command, expected) = line.split_once('=').unwrap_or_else(|| panic!("no answer: {line}"));
        let answer = text(&transmit(&bytes(command)));
        let expected = expected.replace(' ', "");
        let fits = match expected.split_once('*') {
            Some((head, tail)) => answer.starts_with(head) && answer.ends_with(tail),
            None => answer == expected,
        };
        assert!(fits, "{line}\nanswered {answer}");
    }
}

/// Sends data of any length in a chain, as far as the card goes along, and returns the last answer.
pub(super) fn chain(
    mut transmit: impl FnMut(&[u8]) -> Vec<u8>,
    chunk: usize,
    instruction_and_parameters: &str,
    data: &[u8],
) -> Vec<u8> {
    let mut answer = Vec::new();
    let parts: Vec<&[u8]> = data.chunks(chunk).collect();
    for (index, part) in parts.iter().enumerate() {
        let class = if index + 1 == parts.len() { "00" } else { "10" };
        let head = bytes(&format!("{class}{instruction_and_parameters}{:02X}", part.len()));
        answer = transmit(&[&head[..], part, &[0]].concat());
        if answer.len() == 2 && answer != [0x90, 0] {
            break;
        }
    }
    answer
}

/// An answer with everything that waits behind it.
pub(super) fn whole(mut transmit: impl FnMut(&[u8]) -> Vec<u8>, mut answer: Vec<u8>) -> (Vec<u8>, u16) {
    let mut data = Vec::new();
    loop {
        let status = u16::from_be_bytes(*answer.last_chunk().unwrap());
        answer.truncate(answer.len() - 2);
        data.append(&mut answer);
        match status.to_be_bytes() {
            [0x61, waiting] => answer = transmit(&[0, 0xC0, 0, 0, waiting]),
            _ => return (data, status),
        }
    }
}
