use std::fmt;

use serde::{Deserialize, Serialize};

use super::{DefaultSource, PinType, Role};
use crate::hex::Hex;

/// The family of a public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum KeyFamily {
    /// RSA
    Rsa,
    /// An elliptic curve over a prime field, named by its size: P-256, P-384, P-521.
    Ec,
    /// Ed25519
    Ed25519,
    /// X25519
    X25519,
    /// Anything else.
    Other,
}

/// Kind and size of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct KeyAlgorithm {
    /// Its family.
    pub family: KeyFamily,
    /// Modulus or field size in bits; 0 where unknown.
    pub bits: u16,
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.family {
            KeyFamily::Rsa => write!(f, "RSA {}", self.bits),
            KeyFamily::Ec => write!(f, "EC P-{}", self.bits),
            KeyFamily::Ed25519 => f.write_str("Ed25519"),
            KeyFamily::X25519 => f.write_str("X25519"),
            KeyFamily::Other => f.write_str("unknown key"),
        }
    }
}

/// Where a private key was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum KeyOrigin {
    /// On the card, which it never left.
    Generated,
    /// Elsewhere.
    Imported,
}

/// When a key wants the PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum PinUse {
    /// Never.
    Never,
    /// Once, until the card is reset or another application is selected.
    Once,
    /// Before every use.
    Always,
    /// A finger or the PIN, once.
    MatchOnce,
    /// A finger or the PIN, before every use.
    MatchAlways,
}

/// When a key wants the device to be touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum TouchUse {
    /// Never.
    Never,
    /// For every use.
    Always,
    /// Unless it was touched in the last 15 seconds.
    Cached,
}

/// A private key on the card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Container {
    /// Its number: on GIDS its place in the container map, on PIV the key reference of its slot.
    pub index: u8,
    /// The slot as PIV tools write it, such as `9A`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<String>,
    /// Its name, up to 39 characters.
    pub name: String,
    /// The PIN that guards it.
    pub role: Role,
    /// What that PIN is for.
    pub pin_type: PinType,
    /// Whether it is the one Windows logon picks.
    pub default: bool,
    /// Whether the key itself is there (a torn import may leave the entry without it).
    pub has_key: bool,
    /// Kind and size of the key as the card states it.
    pub algorithm: Option<KeyAlgorithm>,
    /// The `id` of its certificate, if it has one.
    pub certificate: Option<String>,
    /// Where the key was made, where the card tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<KeyOrigin>,
    /// When the key wants the PIN, where the card tells or its standard does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin_use: Option<PinUse>,
    /// When the key wants a touch, where the card tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub touch_use: Option<TouchUse>,
}

/// A certificate on the card: the row of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Certificate {
    /// Its name on the card, by which commands take it, such as `kxc00`.
    pub id: String,
    /// The container it belongs to; `None` for a certificate without a container.
    pub container: Option<u8>,
    /// The slot it is in, as PIV tools write it, such as `9A`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<String>,
    /// The container's name.
    pub container_name: Option<String>,
    /// The PIN that guards the container.
    pub role: Option<Role>,
    /// What that PIN is for.
    pub pin_type: Option<PinType>,
    /// Whether its container is the default one.
    pub default: bool,
    /// What makes its container the default one, where it is and something does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_source: Option<DefaultSource>,
    /// Whether its private key is on the card.
    pub has_key: bool,
    /// Why it cannot be read; everything below is then empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub damaged: Option<String>,
    /// The subject's common name, or the whole subject where it has none.
    pub common_name: String,
    /// The issuer's common name, or the whole issuer where it has none.
    pub issuer_name: String,
    /// First second of validity, RFC 3339 in UTC.
    pub not_before: Option<String>,
    /// Last second of validity, RFC 3339 in UTC.
    pub not_after: Option<String>,
    /// Kind and size of its public key.
    pub key: Option<KeyAlgorithm>,
    /// What it is for, in words: key usages and extended key usages.
    pub usage: Vec<String>,
    /// SHA-1 over its DER encoding: what Windows calls the thumbprint.
    #[serde(default)]
    pub sha1: Option<Hex>,
    /// SHA-256 over its DER encoding.
    pub sha256: Option<Hex>,
}

/// One extended key usage or policy: the object identifier, and its usual name where it has one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct NamedOid {
    /// Dotted decimal.
    pub oid: String,
    /// The usual name in English.
    pub name: Option<String>,
}

/// One subject alternative name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct AlternativeName {
    /// `email`, `dns`, `uri`, `ip`, `directory`, `upn` (user principal name), `registered_id` or `other`.
    pub kind: String,
    /// The name as text; hexadecimal where it is none.
    pub value: String,
}

/// Every field of one certificate that a person may want to see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct CertificateFields {
    /// X.509 version, 1 to 3.
    pub version: u8,
    /// Serial number.
    pub serial: Hex,
    /// Subject, RFC 4514.
    pub subject: String,
    /// Issuer, RFC 4514.
    pub issuer: String,
    /// First second of validity, RFC 3339 in UTC.
    pub not_before: String,
    /// Last second of validity, RFC 3339 in UTC.
    pub not_after: String,
    /// Kind and size of the public key.
    pub key: KeyAlgorithm,
    /// The public key: SubjectPublicKey bits.
    pub public_key: Hex,
    /// How the issuer signed, by name where known, else dotted decimal.
    pub signature_algorithm: String,
    /// Key usages by their RFC 5280 names (`digitalSignature`, …).
    pub key_usage: Vec<String>,
    /// Extended key usages.
    pub extended_key_usage: Vec<NamedOid>,
    /// Subject alternative names.
    pub alternative_names: Vec<AlternativeName>,
    /// Certificate policies.
    pub policies: Vec<NamedOid>,
    /// Whether it may issue certificates (basic constraints).
    pub authority: bool,
    /// How many further authorities may follow, where limited.
    pub path_length: Option<u32>,
    /// Subject key identifier.
    pub subject_key_id: Option<Hex>,
    /// Authority key identifier.
    pub authority_key_id: Option<Hex>,
    /// Where revocation lists are.
    pub crl_urls: Vec<String>,
    /// Where OCSP responders and issuer certificates are.
    pub authority_urls: Vec<String>,
    /// SHA-1 thumbprint over the DER encoding.
    pub sha1: Hex,
    /// SHA-256 thumbprint over the DER encoding.
    pub sha256: Hex,
    /// The certificate itself, DER.
    pub der: Hex,
}

/// One certificate in full, with the chain that the card holds for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct CertificateView {
    /// The row of the list.
    pub summary: Certificate,
    /// Its fields; absent when the certificate is damaged.
    pub fields: Option<CertificateFields>,
    /// The issuers found on the card, nearest first.
    pub chain: Vec<CertificateFields>,
}
