//! Compact access rules (tag 8C of a file's control parameters, ISO 7816-4 section 5.4.3.1).

use crate::virt::tlv;

/// What an access rule allows or forbids: a bit of the access mode byte. Which bit stands for what depends on the
/// kind of file (GIDS: application, BER-TLV file, key file).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    /// Delete the file itself.
    Delete,
    /// Terminate the application.
    Terminate,
    /// Activate.
    Activate,
    /// Generate a key pair in a key file.
    Generate,
    /// Choose a key for use.
    Use,
    /// PUT DATA, PUT KEY, or CREATE in the application.
    Write,
    /// GET DATA or the public key; in the application, delete a child.
    Read,
}

impl Operation {
    const fn bit(self) -> u8 {
        match self {
            Self::Delete => 0x40,
            Self::Terminate => 0x20,
            Self::Activate => 0x10,
            Self::Generate => 0x08,
            Self::Use => 0x04,
            Self::Write => 0x02,
            Self::Read => 0x01,
        }
    }
}

/// Who has been authenticated.
#[derive(Clone, Copy, Default)]
pub(super) struct Authenticated {
    /// By the PIN.
    pub user: bool,
    /// By the admin key, external or mutual.
    pub admin: bool,
}

/// Whether the rule in these control parameters (the value of tag 62) allows the operation. What the rule does
/// not mention is allowed to everybody: so does the applet.
pub(super) fn allows(parameters: &[u8], operation: Operation, who: Authenticated) -> bool {
    let Some([modes, conditions @ ..]) = tlv::find(parameters, 0x8C) else { return true };
    let bit = operation.bit();
    if modes & bit == 0 {
        return true;
    }
    // Conditions stand in the order of the bits from 40 down; bit 80 has none.
    let before = (modes & 0x7F & !(bit | (bit - 1))).count_ones();
    let condition = usize::try_from(before).ok().and_then(|index| conditions.get(index));
    condition.is_some_and(|condition| satisfied(*condition, who))
}

fn satisfied(condition: u8, who: Authenticated) -> bool {
    const CONTACTLESS_ONLY: u8 = 0x02;
    match condition {
        0x00 => true,
        0xFF => false,
        _ if condition & 0x0F == CONTACTLESS_ONLY => false,
        _ => {
            let (user, admin) = (condition & 0x10 != 0, condition & 0x20 != 0);
            if condition & 0x80 != 0 {
                (!user || who.user) && (!admin || who.admin)
            } else if user || admin {
                user && who.user || admin && who.admin
            } else {
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOBODY: Authenticated = Authenticated { user: false, admin: false };
    const USER: Authenticated = Authenticated { user: true, admin: false };
    const ADMIN: Authenticated = Authenticated { user: false, admin: true };

    #[test]
    fn rules_of_the_notes() {
        use Operation::*;
        for (rule, operation, [nobody, user, admin]) in [
            // Access files (card-gids.md 3.1): UserWrite EveryoneRead, AdminWrite, UserRead, never.
            ("03 30 00", Write, [false, true, true]),
            ("03 30 00", Read, [true, true, true]),
            ("03 20 00", Write, [false, false, true]),
            ("03 30 30", Read, [false, true, true]),
            ("03 30 FF", Read, [false, false, false]),
            ("03 30 00", Delete, [true, true, true]),
            // Key files (8.2): bit 80 has no condition byte.
            ("8F 10 10 10 00", Generate, [false, true, false]),
            ("8F 10 10 10 00", Use, [false, true, false]),
            ("8F 10 10 10 00", Write, [false, true, false]),
            ("8F 10 10 10 00", Read, [true, true, true]),
            ("8F 10 10 10 00", Delete, [true, true, true]),
            // The admin key (9.5).
            ("87 00 20 FF", Use, [true, true, true]),
            ("87 00 20 FF", Write, [false, false, true]),
            ("87 00 20 FF", Read, [false, false, false]),
            // Mandatory, interface, condition byte missing.
            ("01 90", Read, [false, true, false]),
            ("01 A0", Read, [false, false, true]),
            ("01 11", Read, [false, true, false]),
            ("01 12", Read, [false, false, false]),
            ("03 30", Read, [false, false, false]),
        ] {
            let rule = shared::hex::decode(rule.replace(' ', "").as_bytes()).unwrap();
            let parameters = tlv::object(0x8C, &rule);
            for (who, expected) in [(NOBODY, nobody), (USER, user), (ADMIN, admin)] {
                assert_eq!(allows(&parameters, operation, who), expected, "{rule:02X?}");
            }
        }
        assert!(allows(&[], Read, NOBODY));
    }
}
