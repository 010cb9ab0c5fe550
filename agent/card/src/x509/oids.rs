//! Object identifiers and their usual names.

/// A named purpose: dotted decimal, the name in full, and a word or two for the column of a list.
pub(super) struct Purpose {
    pub(super) oid: &'static str,
    pub(super) name: &'static str,
    pub(super) short: &'static str,
}

const fn purpose(oid: &'static str, name: &'static str, short: &'static str) -> Purpose {
    Purpose { oid, name, short }
}

/// RFC 5280 4.2.1.12, RFC 4556 (Kerberos), RFC 9336 (documents), Microsoft's and the PIV card's.
const PURPOSES: [Purpose; 24] = [
    purpose("2.5.29.37.0", "Any purpose", "Any purpose"),
    purpose("1.3.6.1.5.5.7.3.1", "TLS server authentication", "Server authentication"),
    purpose("1.3.6.1.5.5.7.3.2", "TLS client authentication", "Client authentication"),
    purpose("1.3.6.1.5.5.7.3.3", "Code signing", "Code signing"),
    purpose("1.3.6.1.5.5.7.3.4", "E-mail protection", "E-mail"),
    purpose("1.3.6.1.5.5.7.3.8", "Time stamping", "Time stamping"),
    purpose("1.3.6.1.5.5.7.3.9", "OCSP signing", "OCSP signing"),
    purpose("1.3.6.1.5.5.7.3.17", "IPsec IKE", "IPsec"),
    purpose("1.3.6.1.5.5.7.3.21", "SSH client", "SSH client"),
    purpose("1.3.6.1.5.5.7.3.36", "Document signing", "Document signing"),
    purpose("1.3.6.1.5.2.3.4", "Kerberos PKINIT client authentication", "Kerberos"),
    purpose("1.3.6.1.5.2.3.5", "Kerberos key distribution centre", "Kerberos server"),
    purpose("1.3.6.1.4.1.311.20.2.1", "Certificate request agent", "Request agent"),
    purpose("1.3.6.1.4.1.311.20.2.2", "Smart card logon", "Smart card logon"),
    purpose("1.3.6.1.4.1.311.10.3.4", "Encrypting file system", "File encryption"),
    purpose("1.3.6.1.4.1.311.10.3.4.1", "Encrypting file system recovery", "File recovery"),
    purpose("1.3.6.1.4.1.311.10.3.11", "Key recovery", "Key recovery"),
    purpose("1.3.6.1.4.1.311.10.3.12", "Document signing (Microsoft)", "Document signing"),
    purpose("1.3.6.1.4.1.311.21.5", "Private key archival", "Key archival"),
    purpose("1.3.6.1.4.1.311.21.6", "Key recovery agent", "Key recovery"),
    purpose("1.3.6.1.4.1.311.67.1.1", "BitLocker drive encryption", "BitLocker"),
    purpose("1.3.6.1.4.1.311.67.1.2", "BitLocker data recovery agent", "BitLocker recovery"),
    purpose("2.16.840.1.101.3.6.8", "PIV card authentication", "Card authentication"),
    purpose("1.2.840.113583.1.1.5", "Adobe authentic documents", "Document signing"),
];

/// An extended key usage by its number.
pub(super) fn extended_key_usage(oid: &str) -> Option<&'static Purpose> {
    PURPOSES.iter().find(|purpose| purpose.oid == oid)
}

/// The bits of KeyUsage in their order (RFC 5280 4.2.1.3), and the words for a list.
pub(super) const KEY_USAGES: [(&str, &str); 9] = [
    ("digitalSignature", "Digital signature"),
    ("nonRepudiation", "Non-repudiation"),
    ("keyEncipherment", "Encryption"),
    ("dataEncipherment", "Encryption"),
    ("keyAgreement", "Key agreement"),
    ("keyCertSign", "Certificate signing"),
    ("cRLSign", "CRL signing"),
    ("encipherOnly", "Encipher only"),
    ("decipherOnly", "Decipher only"),
];

/// RFC 8017, RFC 5758, RFC 8410.
const SIGNATURES: [(&str, &str); 16] = [
    ("1.2.840.113549.1.1.4", "md5WithRSAEncryption"),
    ("1.2.840.113549.1.1.5", "sha1WithRSAEncryption"),
    ("1.2.840.113549.1.1.10", "RSASSA-PSS"),
    ("1.2.840.113549.1.1.11", "sha256WithRSAEncryption"),
    ("1.2.840.113549.1.1.12", "sha384WithRSAEncryption"),
    ("1.2.840.113549.1.1.13", "sha512WithRSAEncryption"),
    ("1.2.840.113549.1.1.14", "sha224WithRSAEncryption"),
    ("1.2.840.10045.4.1", "ecdsa-with-SHA1"),
    ("1.2.840.10045.4.3.1", "ecdsa-with-SHA224"),
    ("1.2.840.10045.4.3.2", "ecdsa-with-SHA256"),
    ("1.2.840.10045.4.3.3", "ecdsa-with-SHA384"),
    ("1.2.840.10045.4.3.4", "ecdsa-with-SHA512"),
    ("1.3.101.112", "Ed25519"),
    ("1.3.101.113", "Ed448"),
    ("1.2.840.10040.4.3", "dsa-with-SHA1"),
    ("2.16.840.1.101.3.4.3.2", "dsa-with-SHA256"),
];

/// How an issuer signed, by name where known.
pub(super) fn signature(oid: String) -> String {
    SIGNATURES.iter().find(|(number, _)| *number == oid).map_or(oid, |(_, name)| (*name).to_owned())
}

/// The usual name of a certificate policy (RFC 5280 4.2.1.4, CA/Browser Forum, ETSI EN 319 411).
pub(super) fn policy(oid: &str) -> Option<&'static str> {
    Some(match oid {
        "2.5.29.32.0" => "Any policy",
        "2.23.140.1.2.1" => "Domain validated",
        "2.23.140.1.2.2" => "Organisation validated",
        "2.23.140.1.2.3" => "Individual validated",
        "0.4.0.2042.1.1" => "Normalised certificate (NCP)",
        "0.4.0.2042.1.2" => "Normalised certificate on a secure device (NCP+)",
        "0.4.0.194112.1.0" => "EU qualified, natural person",
        "0.4.0.194112.1.1" => "EU qualified, legal person",
        "0.4.0.194112.1.2" => "EU qualified on a signature device, natural person",
        "0.4.0.194112.1.3" => "EU qualified on a signature device, legal person",
        _ => return None,
    })
}
