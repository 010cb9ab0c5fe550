//! Certificates that sign themselves, and requests for certificates (PKCS#10), for keys on cards: what has to be
//! signed, and the whole once the card has signed it.

use sha1::{Digest as _, Sha1};
use time::OffsetDateTime;
use x509_parser::asn1_rs::oid;

use super::key;
use super::names::{hidden, visible};
use super::subject::Name;
use crate::der::{
    BIT_STRING, BOOLEAN, CONTEXT_0, CONTEXT_3, GENERALIZED_TIME, INTEGER, NULL, OCTET_STRING, OID, SEQUENCE,
    SET, UTC_TIME, UTF8_STRING, encode, unsigned,
};
use crate::key::{PublicKey, Scheme, Signature};

const SHA256_WITH_RSA: &[u8] = &oid!(raw 1.2.840.113549.1.1.11);
const ECDSA_WITH_SHA256: &[u8] = &oid!(raw 1.2.840.10045.4.3.2);
const ECDSA_WITH_SHA384: &[u8] = &oid!(raw 1.2.840.10045.4.3.3);

const SUBJECT_KEY_IDENTIFIER: &[u8] = &oid!(raw 2.5.29.14);
const KEY_USAGE: &[u8] = &oid!(raw 2.5.29.15);
const SUBJECT_ALTERNATIVE_NAME: &[u8] = &oid!(raw 2.5.29.17);
const BASIC_CONSTRAINTS: &[u8] = &oid!(raw 2.5.29.19);
const EXTENDED_KEY_USAGE: &[u8] = &oid!(raw 2.5.29.37);
/// The attribute of a request in which it asks for extensions (RFC 2985 section 5.4.2).
const EXTENSION_REQUEST: &[u8] = &oid!(raw 1.2.840.113549.1.9.14);
const USER_PRINCIPAL_NAME: &[u8] = &oid!(raw 1.3.6.1.4.1.311.20.2.3);

/// rfc822Name and dNSName among the general names (RFC 5280 section 4.2.1.6), implicit.
const RFC822_NAME: u8 = 0x81;
const DNS_NAME: u8 = 0x82;

/// The longest address or host name.
const MAX_NAME: usize = 254;

/// What a certificate, or a request for one, says.
#[derive(Clone, Copy, Debug)]
pub struct Content<'a> {
    /// Whose it is.
    pub subject: &'a Name,
    /// The key.
    pub public_key: &'a PublicKey,
    /// Other names of the same person or machine.
    pub alternative_names: &'a [AlternativeName],
    /// What the key may do.
    pub key_usages: &'a [KeyUsage],
    /// What the certificate is for.
    pub extended_key_usages: &'a [ExtendedKeyUsage],
}

impl<'a> Content<'a> {
    /// A certificate to log on with: digitalSignature and clientAuth, and no other names.
    pub fn for_client(subject: &'a Name, public_key: &'a PublicKey) -> Self {
        Self {
            subject,
            public_key,
            alternative_names: &[],
            key_usages: &[KeyUsage::DigitalSignature],
            extended_key_usages: &[ExtendedKeyUsage::ClientAuthentication],
        }
    }
}

/// A bit of keyUsage (RFC 5280 section 4.2.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyUsage {
    /// digitalSignature
    DigitalSignature,
    /// nonRepudiation
    NonRepudiation,
    /// keyEncipherment
    KeyEncipherment,
    /// keyAgreement
    KeyAgreement,
}

impl KeyUsage {
    /// Its bit, the first of the bit string being the highest.
    const fn bit(self) -> u8 {
        match self {
            Self::DigitalSignature => 0x80,
            Self::NonRepudiation => 0x40,
            Self::KeyEncipherment => 0x20,
            Self::KeyAgreement => 0x08,
        }
    }
}

/// A purpose in extKeyUsage (RFC 5280 section 4.2.1.12).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExtendedKeyUsage {
    /// TLS client authentication.
    ClientAuthentication,
    /// E-mail protection.
    EmailProtection,
    /// Microsoft's smart card logon.
    SmartCardLogon,
}

impl ExtendedKeyUsage {
    const fn oid(self) -> &'static [u8] {
        match self {
            Self::ClientAuthentication => &oid!(raw 1.3.6.1.5.5.7.3.2),
            Self::EmailProtection => &oid!(raw 1.3.6.1.5.5.7.3.4),
            Self::SmartCardLogon => &oid!(raw 1.3.6.1.4.1.311.20.2.2),
        }
    }
}

/// A subject alternative name (RFC 5280 section 4.2.1.6), encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlternativeName {
    der: Vec<u8>,
}

impl AlternativeName {
    /// An e-mail address.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn email(text: &str) -> Result<Self, String> {
        if !(text.is_ascii() && is_address(text)) {
            return Err(format!("\"{}\" is no e-mail address such as anna@example.org.", quoted(text)));
        }
        Ok(Self { der: encode(RFC822_NAME, text.as_bytes()) })
    }

    /// A host name.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn dns(text: &str) -> Result<Self, String> {
        let is_label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        if text.len() > MAX_NAME || !text.split('.').all(is_label) {
            return Err(format!("\"{}\" is no host name such as host.example.org.", quoted(text)));
        }
        Ok(Self { der: encode(DNS_NAME, text.as_bytes()) })
    }

    /// The name by which Windows knows a user: an otherName with a UTF8String.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn user_principal_name(text: &str) -> Result<Self, String> {
        if !is_address(text) {
            return Err(format!("\"{}\" is no user principal name such as anna@example.org.", quoted(text)));
        }
        let value = encode(CONTEXT_0, &encode(UTF8_STRING, text.as_bytes()));
        Ok(Self { der: encode(CONTEXT_0, &[encode(OID, USER_PRINCIPAL_NAME), value].concat()) })
    }
}

/// What was typed, safe for a terminal, and cut where it is longer than any name may be.
fn quoted(text: &str) -> String {
    let shown: String = text.chars().take(MAX_NAME).collect();
    visible(&shown)
}

/// Something, one `@`, something.
fn is_address(text: &str) -> bool {
    let sides = text.split_once('@');
    text.len() <= MAX_NAME
        && !text.chars().any(|character| hidden(character) || character.is_whitespace())
        && sides.is_some_and(|(user, domain)| !user.is_empty() && !domain.is_empty() && !domain.contains('@'))
}

/// A certificate or a request that has not been signed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsigned {
    content: Vec<u8>,
    scheme: Scheme,
}

impl Unsigned {
    /// What has to be signed: TBSCertificate or CertificationRequestInfo, DER.
    pub fn to_be_signed(&self) -> &[u8] {
        &self.content
    }

    /// How.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The whole, DER, with the signature over [`Unsigned::to_be_signed`] by the key that is in it.
    pub fn signed(&self, signature: &Signature) -> Vec<u8> {
        let parts = [
            self.content.clone(),
            algorithm(self.scheme),
            encode(BIT_STRING, &[&[0], signature.bytes()].concat()),
        ];
        encode(SEQUENCE, &parts.concat())
    }
}

/// A certificate that the key signs for itself: version 3, a random serial number, valid from the first second to
/// the last (RFC 5280 section 4.1). It may issue no others.
///
/// # Errors
/// A sentence: the key cannot sign, or the times make no sense.
pub fn self_signed(
    content: &Content<'_>,
    not_before: OffsetDateTime,
    not_after: OffsetDateTime,
) -> Result<Unsigned, String> {
    let (scheme, info) = subject_public_key_info(content.public_key)?;
    if not_after < not_before {
        return Err("The certificate would end before it begins.".to_owned());
    }
    let mut serial = [0; 16];
    getrandom::fill(&mut serial).map_err(|_| "This machine has no random numbers.".to_owned())?;
    if let Some(first) = serial.first_mut() {
        // Positive, and of one length.
        *first = *first & 0x7F | 0x40;
    }
    let identifier = encode(OCTET_STRING, &Sha1::digest(key::bits(content.public_key)));
    let mut extensions = vec![
        extension(BASIC_CONSTRAINTS, true, &encode(SEQUENCE, &[])),
        extension(SUBJECT_KEY_IDENTIFIER, false, &identifier),
    ];
    extensions.extend(requested(content));
    let subject = content.subject.der();
    let parts = [
        encode(CONTEXT_0, &encode(INTEGER, &[2])),
        unsigned(&serial),
        algorithm(scheme),
        subject.to_vec(),
        encode(SEQUENCE, &[moment(not_before)?, moment(not_after)?].concat()),
        subject.to_vec(),
        info,
        encode(CONTEXT_3, &encode(SEQUENCE, &extensions.concat())),
    ];
    Ok(Unsigned { content: encode(SEQUENCE, &parts.concat()), scheme })
}

/// A request for a certificate (RFC 2986 section 4.1) with the extensions that are wanted.
///
/// # Errors
/// A sentence: the key cannot sign.
pub fn request(content: &Content<'_>) -> Result<Unsigned, String> {
    let (scheme, info) = subject_public_key_info(content.public_key)?;
    let wanted = requested(content);
    let mut attributes = Vec::new();
    if !wanted.is_empty() {
        let extensions = encode(SEQUENCE, &wanted.concat());
        attributes = encode(SEQUENCE, &[encode(OID, EXTENSION_REQUEST), encode(SET, &extensions)].concat());
    }
    let parts = [encode(INTEGER, &[0]), content.subject.der().to_vec(), info, encode(CONTEXT_0, &attributes)];
    Ok(Unsigned { content: encode(SEQUENCE, &parts.concat()), scheme })
}

fn subject_public_key_info(public_key: &PublicKey) -> Result<(Scheme, Vec<u8>), String> {
    Scheme::of(public_key.algorithm()).zip(key::info(public_key)).ok_or_else(|| {
        format!(
            "The key cannot sign ({}), so it can neither have a certificate of its own making nor ask for one.",
            public_key.algorithm()
        )
    })
}

/// AlgorithmIdentifier (RFC 4055 section 5, RFC 5758 section 3.2, RFC 8410 section 3).
fn algorithm(scheme: Scheme) -> Vec<u8> {
    let (oid, parameters) = match scheme {
        Scheme::RsaPkcs1Sha256 => (SHA256_WITH_RSA, encode(NULL, &[])),
        Scheme::EcdsaP256Sha256 => (ECDSA_WITH_SHA256, Vec::new()),
        Scheme::EcdsaP384Sha384 => (ECDSA_WITH_SHA384, Vec::new()),
        Scheme::Ed25519 => (key::ED25519, Vec::new()),
    };
    encode(SEQUENCE, &[encode(OID, oid), parameters].concat())
}

/// The extensions that a request may ask for.
fn requested(content: &Content<'_>) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    let bits = content.key_usages.iter().fold(0, |bits, usage| bits | usage.bit());
    if bits != 0 {
        let unused = u8::try_from(bits.trailing_zeros()).unwrap_or_default();
        all.push(extension(KEY_USAGE, true, &encode(BIT_STRING, &[unused, bits])));
    }
    if !content.extended_key_usages.is_empty() {
        let purposes: Vec<u8> =
            content.extended_key_usages.iter().flat_map(|purpose| encode(OID, purpose.oid())).collect();
        all.push(extension(EXTENDED_KEY_USAGE, false, &encode(SEQUENCE, &purposes)));
    }
    if !content.alternative_names.is_empty() {
        let names: Vec<u8> = content.alternative_names.iter().flat_map(|name| name.der.clone()).collect();
        all.push(extension(SUBJECT_ALTERNATIVE_NAME, false, &encode(SEQUENCE, &names)));
    }
    all
}

fn extension(oid: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    let critical = if critical { encode(BOOLEAN, &[0xFF]) } else { Vec::new() };
    encode(SEQUENCE, &[encode(OID, oid), critical, encode(OCTET_STRING, value)].concat())
}

/// UTCTime up to 2049, GeneralizedTime after (RFC 5280 section 4.1.2.5).
fn moment(time: OffsetDateTime) -> Result<Vec<u8>, String> {
    let utc = time.to_utc();
    let (year, month, day) = (utc.year(), u8::from(utc.month()), utc.day());
    let rest = format!("{month:02}{day:02}{:02}{:02}{:02}Z", utc.hour(), utc.minute(), utc.second());
    match year {
        1950..=2049 => Ok(encode(UTC_TIME, format!("{:02}{rest}", year % 100).as_bytes())),
        2050..=9999 => Ok(encode(GENERALIZED_TIME, format!("{year}{rest}").as_bytes())),
        _ => Err("A certificate's dates lie between 1950 and 9999.".to_owned()),
    }
}
