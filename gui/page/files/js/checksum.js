// The checksum beside challenges and responses: CRC-16/CCITT-FALSE over the raw bytes, as shared::unblock has it.

/**
 * @param {string} digits hexadecimal, an even number
 * @returns {string} four digits
 */
export function checksum(digits) {
  let sum = 0xffff;
  for (let at = 0; at + 1 < digits.length; at += 2) {
    sum ^= Number.parseInt(digits.slice(at, at + 2), 16) << 8;
    for (let bit = 0; bit < 8; bit += 1) sum = (sum & 0x8000 ? (sum << 1) ^ 0x1021 : sum << 1) & 0xffff;
  }
  return sum.toString(16).toUpperCase().padStart(4, "0");
}

/**
 * What was typed of a challenge or a response: its digits, and how they stand.
 *
 * @param {string} typed
 * @param {number} length the digits that it should have, without its checksum
 * @returns {{state: "empty" | "letters" | "short" | "long" | "wrong" | "whole" | "checked", digits: string, missing: number, sum: string}}
 */
export function examine(typed, length) {
  const plain = typed.replace(/[\s-]/g, "").toUpperCase();
  const digits = plain.slice(0, length);
  const sum = digits.length === length ? checksum(digits) : "";
  const result = (/** @type {any} */ state) => ({ state, digits, missing: length - digits.length, sum });
  if (plain === "") return result("empty");
  if (!/^[0-9A-F]*$/.test(plain)) return result("letters");
  if (plain.length < length) return result("short");
  if (plain.length === length) return result("whole");
  const theirs = plain.slice(length);
  if (theirs.length > 4) return result("long");
  if (theirs.length < 4) return result("whole");
  return result(theirs === sum ? "checked" : "wrong");
}
