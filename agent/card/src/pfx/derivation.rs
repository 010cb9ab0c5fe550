//! Keys out of passwords: PBKDF2 (RFC 8018 5.2) by its crate, and PKCS#12's own derivation (RFC 7292 B.2).

use hmac::{Hmac, KeyInit, Mac};
use pbkdf2::pbkdf2_hmac;
use sha1::Sha1;
use sha1::digest::{Digest, block_api::BlockSizeUser};
use sha2::{Sha224, Sha256, Sha384, Sha512};
use x509_parser::asn1_rs::oid;
use zeroize::{Zeroize, Zeroizing};

/// The hash functions that files use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hash {
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

const SHA1: &[u8] = &oid!(raw 1.3.14.3.2.26);
const SHA256: &[u8] = &oid!(raw 2.16.840.1.101.3.4.2.1);
const SHA384: &[u8] = &oid!(raw 2.16.840.1.101.3.4.2.2);
const SHA512: &[u8] = &oid!(raw 2.16.840.1.101.3.4.2.3);
const SHA224: &[u8] = &oid!(raw 2.16.840.1.101.3.4.2.4);
const HMAC_SHA1: &[u8] = &oid!(raw 1.2.840.113549.2.7);
const HMAC_SHA224: &[u8] = &oid!(raw 1.2.840.113549.2.8);
const HMAC_SHA256: &[u8] = &oid!(raw 1.2.840.113549.2.9);
const HMAC_SHA384: &[u8] = &oid!(raw 1.2.840.113549.2.10);
const HMAC_SHA512: &[u8] = &oid!(raw 1.2.840.113549.2.11);

/// Runs one expression with `$hash` as the type of the hash function.
macro_rules! with_hash {
    ($value:expr, $hash:ident => $run:expr) => {
        match $value {
            Hash::Sha1 => {
                type $hash = Sha1;
                $run
            }
            Hash::Sha224 => {
                type $hash = Sha224;
                $run
            }
            Hash::Sha256 => {
                type $hash = Sha256;
                $run
            }
            Hash::Sha384 => {
                type $hash = Sha384;
                $run
            }
            Hash::Sha512 => {
                type $hash = Sha512;
                $run
            }
        }
    };
}

impl Hash {
    /// By the identifier of the hash itself.
    pub(super) fn of(oid: &[u8]) -> Option<Self> {
        Some(match oid {
            SHA1 => Self::Sha1,
            SHA224 => Self::Sha224,
            SHA256 => Self::Sha256,
            SHA384 => Self::Sha384,
            SHA512 => Self::Sha512,
            _ => return None,
        })
    }

    /// By the identifier of the HMAC with it.
    pub(super) fn of_hmac(oid: &[u8]) -> Option<Self> {
        Some(match oid {
            HMAC_SHA1 => Self::Sha1,
            HMAC_SHA224 => Self::Sha224,
            HMAC_SHA256 => Self::Sha256,
            HMAC_SHA384 => Self::Sha384,
            HMAC_SHA512 => Self::Sha512,
            _ => return None,
        })
    }

    /// Of its result, in bytes.
    pub(super) fn length(self) -> usize {
        with_hash!(self, H => <H as Digest>::output_size())
    }

    /// Fills `key` from a password.
    pub(super) fn pbkdf2(self, password: &[u8], salt: &[u8], iterations: u32, key: &mut [u8]) {
        with_hash!(self, H => pbkdf2_hmac::<H>(password, salt, iterations, key));
    }

    /// Whether `tag` is the MAC of a PKCS#12 file (RFC 7292 appendix B and section 4) over `content`. Compares in
    /// constant time.
    pub(super) fn verify_mac(
        self,
        password: &[u8],
        salt: &[u8],
        iterations: u32,
        content: &[u8],
        tag: &[u8],
    ) -> bool {
        with_hash!(self, H => {
            let mut key = Zeroizing::new(vec![0; self.length()]);
            pkcs12::<H>(Purpose::Mac, password, salt, iterations, &mut key);
            Hmac::<H>::new_from_slice(&key).is_ok_and(|mac| mac.chain_update(content).verify_slice(tag).is_ok())
        })
    }
}

/// What a key of PKCS#12's derivation is for (RFC 7292 B.3).
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    Key,
    Iv,
    Mac,
}

impl Purpose {
    fn id(self) -> u8 {
        match self {
            Self::Key => 1,
            Self::Iv => 2,
            Self::Mac => 3,
        }
    }
}

/// Fills `out` from a password in UTF-16 with its terminating zero (RFC 7292 B.2). The letters are the RFC's.
pub(super) fn pkcs12<D: Digest + BlockSizeUser>(
    purpose: Purpose,
    password: &[u8],
    salt: &[u8],
    iterations: u32,
    out: &mut [u8],
) {
    let v = D::block_size();
    let filled = |bytes: &[u8]| v * bytes.len().div_ceil(v);
    let mut i = Zeroizing::new(Vec::with_capacity(filled(salt) + filled(password)));
    i.extend(salt.iter().cycle().take(filled(salt)));
    i.extend(password.iter().cycle().take(filled(password)));

    let diversifier = vec![purpose.id(); v];
    for part in out.chunks_mut(<D as Digest>::output_size()) {
        let mut a = D::new().chain_update(&diversifier).chain_update(i.as_slice()).finalize();
        for _ in 1..iterations {
            a = D::digest(&a);
        }
        part.iter_mut().zip(&a).for_each(|(to, from)| *to = *from);
        // Each block of I becomes itself + B + 1, where B is A repeated.
        let b: Zeroizing<Vec<u8>> = Zeroizing::new(a.iter().copied().cycle().take(v).collect());
        for block in i.chunks_mut(v) {
            let mut carry = 1;
            for (byte, add) in block.iter_mut().rev().zip(b.iter().rev()) {
                let [high, low] = (u16::from(*byte) + u16::from(*add) + carry).to_be_bytes();
                *byte = low;
                carry = u16::from(high);
            }
        }
        a.as_mut_slice().zeroize();
    }
}
