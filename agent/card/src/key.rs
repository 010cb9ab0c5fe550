//! Keys and signatures as values: what certificates, files and cards exchange.

mod private;
mod signature;

use shared::model::{KeyAlgorithm, KeyFamily};

pub use private::{Components, PrivateKey, RsaComponents};
pub(crate) use private::{read_ec_private_key, read_rsa_private_key};
pub use signature::{Scheme, Signature, digest_info, verify};

/// A public key in the form in which two of them can be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicKey {
    /// RSA: modulus and public exponent, big-endian without leading zeros.
    Rsa {
        /// n
        modulus: Vec<u8>,
        /// e
        exponent: Vec<u8>,
    },
    /// Anything else: algorithm and the subjectPublicKey bits as they stand in the certificate.
    Other {
        /// Kind and size.
        algorithm: KeyAlgorithm,
        /// An uncompressed point, or 32 bytes of a Montgomery or Edwards curve.
        point: Vec<u8>,
    },
}

impl PublicKey {
    /// An RSA key from big-endian integers that may have leading zeros.
    pub fn rsa(modulus: &[u8], exponent: &[u8]) -> Self {
        let strip = |bytes: &[u8]| bytes.iter().copied().skip_while(|byte| *byte == 0).collect();
        Self::Rsa { modulus: strip(modulus), exponent: strip(exponent) }
    }

    /// Kind and size.
    pub fn algorithm(&self) -> KeyAlgorithm {
        match self {
            Self::Rsa { modulus, .. } => {
                let spare = modulus.first().map_or(0, |byte| byte.leading_zeros());
                let bits = u32::try_from(modulus.len()).unwrap_or(u32::MAX).saturating_mul(8) - spare;
                KeyAlgorithm { family: KeyFamily::Rsa, bits: u16::try_from(bits).unwrap_or(u16::MAX) }
            }
            Self::Other { algorithm, .. } => *algorithm,
        }
    }
}
