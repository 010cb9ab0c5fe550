//! Status words of ISO 7816-4, with what the GIDS card means by them.

/// Done.
pub(super) const OK: u16 = 0x9000;
/// The application is terminated.
pub(super) const TERMINATED: u16 = 0x6285;
/// Wrong length, or an extended APDU.
pub(super) const LENGTH: u16 = 0x6700;
/// Secure messaging is not supported.
pub(super) const SECURE_MESSAGING: u16 = 0x6882;
/// This command cannot be chained, or a chain is not at its end.
pub(super) const CHAINING: u16 = 0x6884;
/// Another chain is not at its end.
pub(super) const OTHER_CHAIN: u16 = 0x6900;
/// The file is not of the kind that the command is for.
pub(super) const FILE_KIND: u16 = 0x6981;
/// The access rule is not met.
pub(super) const SECURITY: u16 = 0x6982;
/// No try is left.
pub(super) const BLOCKED: u16 = 0x6983;
/// Malformed data, a key file that is missing or there already.
pub(super) const DATA_INVALID: u16 = 0x6984;
/// Not activated, or nothing was asked before.
pub(super) const CONDITIONS: u16 = 0x6985;
/// Not now, or no file is selected.
pub(super) const NOT_ALLOWED: u16 = 0x6986;
/// Wrong data.
pub(super) const WRONG_DATA: u16 = 0x6A80;
/// The algorithm is not supported.
pub(super) const NOT_SUPPORTED: u16 = 0x6A81;
/// No such file or application.
pub(super) const FILE_NOT_FOUND: u16 = 0x6A82;
/// Full.
pub(super) const FULL: u16 = 0x6A84;
/// Wrong P1 or P2.
pub(super) const PARAMETERS: u16 = 0x6A86;
/// No such data object or reference.
pub(super) const NOT_FOUND: u16 = 0x6A88;
/// Unknown instruction.
pub(super) const INSTRUCTION: u16 = 0x6D00;
/// Unknown class.
pub(super) const CLASS: u16 = 0x6E00;
/// The applet ran into an exception of its own.
pub(super) const INTERNAL: u16 = 0x6F00;

/// Wrong, so many tries left.
pub(super) fn tries(left: u8) -> u16 {
    0x63C0 | u16::from(left.min(0x0F))
}
