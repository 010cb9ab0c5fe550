//! Text encoding of DER structures (RFC 7468), for people and for other programs. What is encoded is public.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Base64 in lines of 64 characters between two lines with the label, such as `CERTIFICATE`.
pub fn encode(label: &str, der: &[u8]) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    for bytes in der.chunks(48) {
        text.push_str(&STANDARD.encode(bytes));
        text.push('\n');
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pem_has_lines_of_64() {
        let text = encode("CERTIFICATE", &[0; 49]);
        let lengths: Vec<usize> = text.lines().map(str::len).collect();
        assert_eq!(lengths, [27, 64, 4, 25]);
    }
}
