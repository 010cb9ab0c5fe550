//! Status words of ISO 7816-4, with what the PIV card means by them (card-piv.md 9).

/// Done.
pub(super) const OK: u16 = 0x9000;
/// Wrong length.
pub(super) const LENGTH: u16 = 0x6700;
/// Secure messaging is not supported.
pub(super) const SECURE_MESSAGING: u16 = 0x6882;
/// PIN, management key or touch is missing.
pub(super) const SECURITY: u16 = 0x6982;
/// No try is left.
pub(super) const BLOCKED: u16 = 0x6983;
/// Nothing was asked before, or the PIN is too simple.
pub(super) const CONDITIONS: u16 = 0x6985;
/// Wrong data.
pub(super) const WRONG_DATA: u16 = 0x6A80;
/// Not supported.
pub(super) const NOT_SUPPORTED: u16 = 0x6A81;
/// No such object or application.
pub(super) const NOT_FOUND: u16 = 0x6A82;
/// Full.
pub(super) const FULL: u16 = 0x6A84;
/// Wrong P1 or P2: no such slot, another algorithm.
pub(super) const PARAMETERS: u16 = 0x6A86;
/// No such reference, or the slot is empty.
pub(super) const NO_REFERENCE: u16 = 0x6A88;
/// Unknown instruction.
pub(super) const INSTRUCTION: u16 = 0x6D00;
/// Unknown class.
pub(super) const CLASS: u16 = 0x6E00;
/// The card ran into an error of its own.
pub(super) const INTERNAL: u16 = 0x6F00;

/// Wrong, so many tries left: a counter above 15 shows as 15 (3).
pub(super) fn tries(left: u8) -> u16 {
    0x63C0 | u16::from(left.min(0x0F))
}
