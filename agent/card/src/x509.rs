//! Certificates: DER in, the fields that people read out (RFC 5280). [`issue`] makes some.
//!
//! What a certificate says is shown, never trusted: no signature and no validity is checked here. Text from a
//! certificate comes out escaped, so that it is safe on a terminal. Bytes after the certificate are ignored
//! everywhere: cards pad.

mod bag;
mod chain;
pub mod issue;
mod key;
mod names;
mod oids;
mod subject;

use std::net::{Ipv4Addr, Ipv6Addr};

use sha1::{Digest, Sha1};
use sha2::Sha256;
use shared::hex::Hex;
use shared::model::{AlternativeName, CertificateFields, KeyAlgorithm, NamedOid};
use time::{UtcOffset, format_description::well_known::Rfc3339};
use x509_parser::asn1_rs::{Any, FromDer, Oid, Tag};
use x509_parser::extensions::{DistributionPointName, GeneralName, ParsedExtension};
use x509_parser::prelude::X509Certificate;
use x509_parser::time::ASN1Time;

use crate::der;
use crate::key::PublicKey;

pub use bag::{roots, roots_bag};
pub(crate) use chain::leaves;
pub use chain::order_chain;
pub(crate) use key::{EC_PUBLIC_KEY, ED25519, RSA_ENCRYPTION, RSASSA_PSS, X25519, curve};
pub use subject::Name;

/// The largest certificate that is read, in bytes.
pub const MAX_CERTIFICATE: usize = 64 * 1024;

/// Microsoft's user principal name in a subject alternative name.
const USER_PRINCIPAL_NAME: &str = "1.3.6.1.4.1.311.20.2.3";

/// What the row of a list says of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// The subject's common name, or the whole subject where it has none.
    pub common_name: String,
    /// The issuer's common name, or the whole issuer where it has none.
    pub issuer_name: String,
    /// First second of validity, RFC 3339 in UTC.
    pub not_before: String,
    /// Last second of validity, RFC 3339 in UTC.
    pub not_after: String,
    /// Kind and size of its public key.
    pub key: KeyAlgorithm,
    /// What it is for, in a word or two each: extended key usages, then key usages.
    pub usage: Vec<String>,
    /// Whether it may issue certificates.
    pub authority: bool,
    /// SHA-1 over its DER encoding.
    pub sha1: Hex,
    /// SHA-256 over its DER encoding.
    pub sha256: Hex,
}

/// What a list shows.
///
/// # Errors
/// A sentence saying what is wrong with the bytes.
pub fn describe(der: &[u8]) -> Result<Described, String> {
    let certificate = parse(der)?;
    let extensions = Extensions::of(&certificate);
    let mut usage: Vec<String> = Vec::new();
    let purposes = extensions.extended_key_usage.iter().map(|oid| {
        oids::extended_key_usage(oid).map_or_else(|| oid.clone(), |purpose| purpose.short.to_owned())
    });
    let usages = extensions.key_usages().map(|(_, short)| short.to_owned());
    for word in purposes.chain(usages) {
        if !usage.contains(&word) {
            usage.push(word);
        }
    }
    Ok(Described {
        common_name: names::common(certificate.subject()),
        issuer_name: names::common(certificate.issuer()),
        not_before: utc(certificate.validity().not_before)?,
        not_after: utc(certificate.validity().not_after)?,
        key: key::of(certificate.public_key()).algorithm(),
        usage,
        authority: extensions.authority,
        sha1: Hex(Sha1::digest(certificate.as_raw()).to_vec()),
        sha256: Hex(Sha256::digest(certificate.as_raw()).to_vec()),
    })
}

/// Every field that a person may want to see.
///
/// # Errors
/// A sentence saying what is wrong with the bytes.
pub fn fields(der: &[u8]) -> Result<CertificateFields, String> {
    let certificate = parse(der)?;
    let extensions = Extensions::of(&certificate);
    let key_usage = extensions.key_usages().map(|(name, _)| name.to_owned()).collect();
    let extended_key_usage = extensions.extended_key_usage.into_iter().map(|oid| NamedOid {
        name: oids::extended_key_usage(&oid).map(|purpose| purpose.name.to_owned()),
        oid,
    });
    let policies = extensions
        .policies
        .into_iter()
        .map(|oid| NamedOid { name: oids::policy(&oid).map(str::to_owned), oid });
    Ok(CertificateFields {
        version: u8::try_from(certificate.version().0.saturating_add(1)).unwrap_or(u8::MAX),
        serial: Hex(certificate.raw_serial().to_vec()),
        subject: names::distinguished(certificate.subject()),
        issuer: names::distinguished(certificate.issuer()),
        not_before: utc(certificate.validity().not_before)?,
        not_after: utc(certificate.validity().not_after)?,
        key: key::of(certificate.public_key()).algorithm(),
        public_key: Hex(certificate.public_key().subject_public_key.data.to_vec()),
        signature_algorithm: oids::signature(certificate.signature_algorithm.algorithm.to_id_string()),
        key_usage,
        extended_key_usage: extended_key_usage.collect(),
        alternative_names: extensions.alternative_names,
        policies: policies.collect(),
        authority: extensions.authority,
        path_length: extensions.path_length,
        subject_key_id: extensions.subject_key_id.map(|id| Hex(id.to_vec())),
        authority_key_id: extensions.authority_key_id.map(|id| Hex(id.to_vec())),
        crl_urls: extensions.crl_urls,
        authority_urls: extensions.authority_urls,
        sha1: Hex(Sha1::digest(certificate.as_raw()).to_vec()),
        sha256: Hex(Sha256::digest(certificate.as_raw()).to_vec()),
        der: Hex(certificate.as_raw().to_vec()),
    })
}

/// SubjectPublicKeyInfo of a key, DER (RFC 5280 section 4.1.2.7); `None` for a kind without a name.
pub fn public_key_info(public_key: &PublicKey) -> Option<Vec<u8>> {
    key::info(public_key)
}

/// The public key of a certificate; `None` when the certificate cannot be read.
pub fn public_key(der: &[u8]) -> Option<PublicKey> {
    parse(der).ok().map(|certificate| key::of(certificate.public_key()))
}

/// The common name of the subject, or the whole subject where it has none.
pub fn common_name(der: &[u8]) -> Option<String> {
    parse(der).ok().map(|certificate| names::common(certificate.subject()))
}

/// The common name of the issuer, or the whole issuer where it has none.
pub fn issuer_name(der: &[u8]) -> Option<String> {
    parse(der).ok().map(|certificate| names::common(certificate.issuer()))
}

/// The certificate without the bytes that follow it; `None` when the bytes do not begin with a whole element of
/// ASN.1 that could be one.
pub fn trimmed(bytes: &[u8]) -> Option<&[u8]> {
    (bytes.first() == Some(&der::SEQUENCE)).then_some(())?;
    bytes.get(..der::announced_length(bytes)?)
}

fn parse(bytes: &[u8]) -> Result<X509Certificate<'_>, String> {
    let malformed = || "the certificate is not well formed".to_owned();
    if bytes.first() != Some(&der::SEQUENCE) {
        return Err("this is not a certificate".to_owned());
    }
    let length = der::announced_length(bytes).ok_or_else(malformed)?;
    if length > MAX_CERTIFICATE {
        return Err(format!("the certificate is longer than {MAX_CERTIFICATE} bytes"));
    }
    let whole = bytes.get(..length).ok_or_else(|| "the end of the certificate is missing".to_owned())?;
    let (_, certificate) = X509Certificate::from_der(whole).map_err(|_| malformed())?;
    Ok(certificate)
}

/// Through `checked_to_offset`, since a time with an offset on the last day of 9999 may have no UTC.
fn utc(time: ASN1Time) -> Result<String, String> {
    time.to_datetime()
        .checked_to_offset(UtcOffset::UTC)
        .and_then(|time| time.format(&Rfc3339).ok())
        .ok_or_else(|| "the certificate has a date that does not exist".to_owned())
}

/// The extensions that mean something to us. One that cannot be read counts as absent: it hides nothing else.
#[derive(Default)]
struct Extensions<'a> {
    key_usage: u16,
    extended_key_usage: Vec<String>,
    alternative_names: Vec<AlternativeName>,
    policies: Vec<String>,
    authority: bool,
    path_length: Option<u32>,
    subject_key_id: Option<&'a [u8]>,
    authority_key_id: Option<&'a [u8]>,
    crl_urls: Vec<String>,
    authority_urls: Vec<String>,
}

impl<'a> Extensions<'a> {
    fn of(certificate: &X509Certificate<'a>) -> Self {
        let mut own = Self::default();
        for extension in certificate.extensions() {
            match extension.parsed_extension() {
                ParsedExtension::KeyUsage(usage) => own.key_usage = usage.flags,
                // From the raw value, which keeps the order.
                ParsedExtension::ExtendedKeyUsage(_) => {
                    let oids =
                        Vec::<Oid<'_>>::from_der(extension.value).map(|(_, oids)| oids).unwrap_or_default();
                    own.extended_key_usage = oids.iter().map(Oid::to_id_string).collect();
                }
                ParsedExtension::SubjectAlternativeName(names) => {
                    own.alternative_names = names.general_names.iter().map(alternative_name).collect();
                }
                ParsedExtension::CertificatePolicies(policies) => {
                    own.policies = policies.iter().map(|policy| policy.policy_id.to_id_string()).collect();
                }
                ParsedExtension::BasicConstraints(constraints) => {
                    own.authority = constraints.ca;
                    own.path_length = constraints.path_len_constraint.filter(|_| constraints.ca);
                }
                ParsedExtension::SubjectKeyIdentifier(id) => own.subject_key_id = Some(id.0),
                ParsedExtension::AuthorityKeyIdentifier(id) => {
                    own.authority_key_id = id.key_identifier.as_ref().map(|id| id.0);
                }
                ParsedExtension::CRLDistributionPoints(points) => {
                    let names = points.points.iter().filter_map(|point| match &point.distribution_point {
                        Some(DistributionPointName::FullName(names)) => Some(names),
                        _ => None,
                    });
                    own.crl_urls = names.flatten().filter_map(url).collect();
                }
                ParsedExtension::AuthorityInfoAccess(access) => {
                    own.authority_urls =
                        access.iter().filter_map(|access| url(&access.access_location)).collect();
                }
                _ => {}
            }
        }
        own
    }

    /// RFC 5280 name and short word of each bit that is set.
    fn key_usages(&self) -> impl Iterator<Item = (&'static str, &'static str)> + use<> {
        let bits = self.key_usage;
        oids::KEY_USAGES
            .into_iter()
            .enumerate()
            .filter(move |(bit, _)| bits >> bit & 1 == 1)
            .map(|(_, names)| names)
    }
}

fn url(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::URI(uri) => Some(names::visible(uri)),
        _ => None,
    }
}

fn alternative_name(name: &GeneralName<'_>) -> AlternativeName {
    let (kind, value) = match name {
        GeneralName::RFC822Name(address) => ("email", names::visible(address)),
        GeneralName::DNSName(host) => ("dns", names::visible(host)),
        GeneralName::URI(uri) => ("uri", names::visible(uri)),
        GeneralName::IPAddress(bytes) => ("ip", ip_address(bytes)),
        GeneralName::DirectoryName(name) => ("directory", names::distinguished(name)),
        GeneralName::RegisteredID(oid) => ("registered_id", oid.to_id_string()),
        GeneralName::OtherName(oid, value) => match (oid.to_id_string().as_str(), explicit_text(value)) {
            (USER_PRINCIPAL_NAME, Some(text)) => ("upn", names::visible(&text)),
            (oid, Some(text)) => ("other", format!("{oid}={}", names::visible(&text))),
            (oid, None) => ("other", format!("{oid}=#{}", Hex(value.to_vec()))),
        },
        GeneralName::X400Address(any) | GeneralName::EDIPartyName(any) => {
            ("other", format!("#{}", Hex(any.data.to_vec())))
        }
        GeneralName::Invalid(_, bytes) => ("other", format!("#{}", Hex(bytes.to_vec()))),
    };
    AlternativeName { kind: kind.to_owned(), value }
}

/// The text in `[0] EXPLICIT`, the value of an otherName (RFC 5280 4.2.1.6).
fn explicit_text(value: &[u8]) -> Option<String> {
    let (_, explicit) = Any::from_der(value).ok()?;
    (explicit.tag() == Tag(0)).then_some(())?;
    names::text(&Any::from_der(explicit.data).ok()?.1)
}

fn ip_address(bytes: &[u8]) -> String {
    match (<[u8; 4]>::try_from(bytes), <[u8; 16]>::try_from(bytes)) {
        (Ok(four), _) => Ipv4Addr::from(four).to_string(),
        (_, Ok(sixteen)) => Ipv6Addr::from(sixteen).to_string(),
        _ => format!("#{}", Hex(bytes.to_vec())),
    }
}
