//! Private keys of all the kinds that virtual cards hold. As in `rsa.rs`, they guard nothing.

use ed25519_dalek::Signer;
use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::elliptic_curve::sec1::ToSec1Point;
use x25519_dalek::StaticSecret;
use zeroize::Zeroizing;

use super::rsa::RsaKey;
use super::tlv;

/// Object identifiers, DER without tag and length (RFC 5480, RFC 8410, RFC 8017).
const RSA: &[u8] = b"\x2A\x86\x48\x86\xF7\x0D\x01\x01\x01";
const EC_PUBLIC_KEY: &[u8] = b"\x2A\x86\x48\xCE\x3D\x02\x01";
const SECP256R1: &[u8] = b"\x2A\x86\x48\xCE\x3D\x03\x01\x07";
const SECP384R1: &[u8] = b"\x2B\x81\x04\x00\x22";
const ED25519: &[u8] = b"\x2B\x65\x70";
const X25519: &[u8] = b"\x2B\x65\x6E";

/// The kinds of key, by what a card must know to make one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyKind {
    /// RSA with so many bits.
    Rsa(u64),
    /// NIST's curves.
    P256,
    P384,
    /// Signatures of RFC 8032.
    Ed25519,
    /// Key agreement of RFC 7748.
    X25519,
}

/// A private key.
pub(super) enum Key {
    Rsa(Box<RsaKey>),
    P256(p256::SecretKey),
    P384(p384::SecretKey),
    Ed25519(Box<ed25519_dalek::SigningKey>),
    X25519(StaticSecret),
}

impl Key {
    /// A new key.
    pub(super) fn generate(kind: KeyKind) -> Result<Self, getrandom::Error> {
        let size = match kind {
            KeyKind::Rsa(bits) => return Ok(Self::Rsa(Box::new(RsaKey::generate(bits)?))),
            KeyKind::P384 => 48,
            KeyKind::P256 | KeyKind::Ed25519 | KeyKind::X25519 => 32,
        };
        let mut secret = Zeroizing::new(vec![0; size]);
        loop {
            getrandom::fill(&mut secret)?;
            // Hardly ever, the number is no scalar of the curve.
            if let Some(key) = Self::from_secret(kind, &secret) {
                return Ok(key);
            }
        }
    }

    /// A key of a curve, from its scalar or seed of full length.
    pub(super) fn from_secret(kind: KeyKind, secret: &[u8]) -> Option<Self> {
        let seed = || <[u8; 32]>::try_from(secret).ok().map(Zeroizing::new);
        match kind {
            KeyKind::Rsa(_) => None,
            KeyKind::P256 if secret.len() == 32 => p256::SecretKey::from_slice(secret).ok().map(Self::P256),
            KeyKind::P384 if secret.len() == 48 => p384::SecretKey::from_slice(secret).ok().map(Self::P384),
            KeyKind::P256 | KeyKind::P384 => None,
            KeyKind::Ed25519 => {
                seed().map(|seed| Self::Ed25519(Box::new(ed25519_dalek::SigningKey::from_bytes(&seed))))
            }
            KeyKind::X25519 => seed().map(|seed| Self::X25519(StaticSecret::from(*seed))),
        }
    }

    /// Reads the block of a PEM file with this label: PKCS#1, SEC 1 or PKCS#8, without a password.
    pub(super) fn from_pem(label: &str, der: &[u8]) -> Option<Self> {
        match label {
            "RSA PRIVATE KEY" => Self::from_pkcs1(der),
            "EC PRIVATE KEY" => Self::from_sec1(der, None),
            "PRIVATE KEY" => Self::from_pkcs8(der),
            _ => None,
        }
    }

    fn from_pkcs1(der: &[u8]) -> Option<Self> {
        RsaKey::from_pkcs1(der).map(|key| Self::Rsa(Box::new(key)))
    }

    /// ECPrivateKey (RFC 5915 section 3), whose curve is named in it or around it.
    fn from_sec1(der: &[u8], curve: Option<&[u8]>) -> Option<Self> {
        let parts = tlv::only(der, 0x30)?;
        let inside = tlv::find(parts, 0xA0).and_then(|parameters| tlv::only(parameters, 0x06));
        let kind = match curve.or(inside)? {
            SECP256R1 => KeyKind::P256,
            SECP384R1 => KeyKind::P384,
            _ => return None,
        };
        Self::from_secret(kind, tlv::find(parts, 0x04)?)
    }

    /// PrivateKeyInfo (RFC 5958 section 2).
    fn from_pkcs8(der: &[u8]) -> Option<Self> {
        let parts = tlv::only(der, 0x30)?;
        let algorithm = tlv::find(parts, 0x30)?;
        let inner = tlv::find(parts, 0x04)?;
        let (0x06, name, parameters) = tlv::split(algorithm)? else { return None };
        match name {
            RSA => Self::from_pkcs1(inner),
            EC_PUBLIC_KEY => Self::from_sec1(inner, tlv::only(parameters, 0x06)),
            ED25519 => Self::from_secret(KeyKind::Ed25519, tlv::only(inner, 0x04)?),
            X25519 => Self::from_secret(KeyKind::X25519, tlv::only(inner, 0x04)?),
            _ => None,
        }
    }

    /// What kind of key it is.
    pub(super) fn kind(&self) -> KeyKind {
        match self {
            Self::Rsa(key) => KeyKind::Rsa(key.bits()),
            Self::P256(_) => KeyKind::P256,
            Self::P384(_) => KeyKind::P384,
            Self::Ed25519(_) => KeyKind::Ed25519,
            Self::X25519(_) => KeyKind::X25519,
        }
    }

    /// The public point: uncompressed (SEC 1 section 2.3.3), or the 32 bytes of RFC 8032 and RFC 7748. `None` for
    /// RSA.
    pub(super) fn point(&self) -> Option<Vec<u8>> {
        match self {
            Self::Rsa(_) => None,
            Self::P256(key) => Some(key.public_key().to_sec1_point(false).as_bytes().to_vec()),
            Self::P384(key) => Some(key.public_key().to_sec1_point(false).as_bytes().to_vec()),
            Self::Ed25519(key) => Some(key.verifying_key().to_bytes().to_vec()),
            Self::X25519(key) => Some(x25519_dalek::PublicKey::from(key).to_bytes().to_vec()),
        }
    }

    /// The private operation on what is to be signed: a padded block as long as the modulus, a digest no longer than
    /// the curve's order, or a whole message for Ed25519. `None` when it does not fit.
    pub(super) fn sign(&self, input: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Rsa(key) if input.len() == key.size() => key.private(input),
            Self::P256(key) => {
                let digest = left_padded::<32>(input)?;
                let signature: p256::ecdsa::Signature =
                    p256::ecdsa::SigningKey::from(key).sign_prehash(&digest).ok()?;
                Some(signature.to_der().as_bytes().to_vec())
            }
            Self::P384(key) => {
                let digest = left_padded::<48>(input)?;
                let signature: p384::ecdsa::Signature =
                    p384::ecdsa::SigningKey::from(key).sign_prehash(&digest).ok()?;
                Some(signature.to_der().as_bytes().to_vec())
            }
            Self::Ed25519(key) => Some(key.sign(input).to_bytes().to_vec()),
            Self::Rsa(_) | Self::X25519(_) => None,
        }
    }

    /// The secret shared with the owner of this public point: the x coordinate, or what RFC 7748 says. `None` when
    /// the key or the point is none for that.
    pub(super) fn agree(&self, point: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let secret = match self {
            Self::P256(key) => {
                let other = p256::PublicKey::from_sec1_bytes(point).ok()?;
                key.diffie_hellman(&other).raw_secret_bytes().to_vec()
            }
            Self::P384(key) => {
                let other = p384::PublicKey::from_sec1_bytes(point).ok()?;
                key.diffie_hellman(&other).raw_secret_bytes().to_vec()
            }
            Self::X25519(key) => {
                let other = x25519_dalek::PublicKey::from(<[u8; 32]>::try_from(point).ok()?);
                key.diffie_hellman(&other).as_bytes().to_vec()
            }
            Self::Rsa(_) | Self::Ed25519(_) => return None,
        };
        Some(Zeroizing::new(secret))
    }
}

/// A digest shorter than the order stands for the same number with zeros before it (FIPS 186-5 section 6.4.1).
fn left_padded<const N: usize>(digest: &[u8]) -> Option<[u8; N]> {
    let mut padded = [0; N];
    padded.get_mut(N.checked_sub(digest.len())?..)?.copy_from_slice(digest);
    Some(padded)
}
