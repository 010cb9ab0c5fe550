//! What an answer to reset says of the card (ISO/IEC 7816-3 section 8.2 and 7816-4 section 8.1.1).

/// The longest answer to reset.
const MAX_ATR: usize = 33;
/// Tag of the card capabilities among the historical bytes.
const CARD_CAPABILITIES: u8 = 7;
/// In their third byte: the card knows extended lengths.
const EXTENDED: u8 = 0x40;
/// The protocol T=1.
const T1: u8 = 1;

/// Whether the card says that it knows extended lengths, and has them in its protocol: T=0 carries none as they
/// are.
pub fn allows_extended(atr: &[u8]) -> bool {
    let Some((protocols, historical)) = parts(atr) else { return false };
    // Every card without contacts is told of as one that offers T=0 and T=1, and speaks neither (PC/SC part 3,
    // section 3.1.3.2.3).
    let in_its_protocol = protocols == [T1] || protocols == [0, T1] && matches!(atr, [_, _, 0x80, 0x01, ..]);
    in_its_protocol
        && capabilities(historical).and_then(|bytes| bytes.get(2)).is_some_and(|b| b & EXTENDED != 0)
}

/// The protocols in the order in which they are offered, each once, and the historical bytes.
fn parts(atr: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let [0x3B | 0x3F, format, rest @ ..] = atr else { return None };
    if atr.len() > MAX_ATR {
        return None;
    }
    let (mut follows, mut rest, mut protocols) = (*format, rest, Vec::new());
    loop {
        // The upper half tells which of TA, TB, TC and TD follow.
        let (without_protocol, has_protocol) = ((follows >> 4 & 0x07).count_ones(), follows & 0x80 != 0);
        rest = rest.get(usize::try_from(without_protocol).ok()?..)?;
        if !has_protocol {
            break;
        }
        (follows, rest) = rest.split_first().map(|(next, rest)| (*next, rest))?;
        let protocol = follows & 0x0F;
        // 15 stands for global interface bytes.
        if protocol != 15 && !protocols.contains(&protocol) {
            protocols.push(protocol);
        }
    }
    if protocols.is_empty() {
        protocols.push(0);
    }
    Some((protocols, rest.get(..usize::from(format & 0x0F))?))
}

/// The value of the card capabilities.
fn capabilities(historical: &[u8]) -> Option<&[u8]> {
    let (category, rest) = historical.split_first()?;
    let mut objects = match category {
        0x80 => rest,
        // Three bytes of status stand at the end, in no object.
        0x00 => rest.get(..rest.len().checked_sub(3)?)?,
        _ => return None,
    };
    while let [header, rest @ ..] = objects {
        let (value, rest) = rest.split_at_checked(usize::from(header & 0x0F))?;
        if header >> 4 == CARD_CAPABILITIES {
            return Some(value);
        }
        objects = rest;
    }
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn who_knows_extended_lengths() {
        for (name, atr, expected) in [
            ("YubiKey 5", "3BFD1300008131FE158073C021C057597562694B657940", true),
            ("YubiKey 5, without contacts", "3B8D80018073C021C057597562694B6579F9", true),
            ("YubiKey 4: no capabilities", "3BF81300008131FE15597562696B657934D4", false),
            ("the capabilities say no", "3BFD1300008131FE158073C0218057597562694B657940", false),
            ("capabilities of two bytes", "3BFC1300008131FE158072C02157597562694B657940", false),
            ("T=0 and T=1", "3BFD13000080 81 31FE158073C021C057597562694B657940", false),
            ("T=0", "3B6D00008073C021C057597562694B6579", false),
            ("a status at the end", "3B888101 0073C021C0079000", true),
            ("a status in the place of capabilities", "3B848101 0073C021", false),
            ("proprietary", "3B888101 4173C021C0079000", false),
            ("cut off in the interface bytes", "3BFD13", false),
            ("cut off in the historical bytes", "3BFD1300008131FE158073C021C0", false),
            ("an object that runs over the end", "3B838101 801773", false),
            ("no ATR", "006D00008073C021C0", false),
            ("nothing", "", false),
        ] {
            let digits: Vec<u8> = atr.bytes().filter(|byte| *byte != b' ').collect();
            let atr = shared::hex::decode(&digits).unwrap();
            assert_eq!(allows_extended(&atr), expected, "{name}");
        }
        let endless: Vec<u8> = [&[0x3B, 0x80][..], &[0x80; 40]].concat();
        assert!(!allows_extended(&endless));
    }
}
