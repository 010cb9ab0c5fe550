//! RSA for virtual cards: plain arithmetic, correct and not hardened. Keys of virtual cards guard nothing.

use num_bigint::BigUint;
use zeroize::Zeroizing;

use super::tlv;

/// A private key in the form in which cards hold it (RFC 8017 section 3.2, second representation).
pub(super) struct RsaKey {
    modulus: BigUint,
    exponent: BigUint,
    p: BigUint,
    q: BigUint,
    dp: BigUint,
    dq: BigUint,
    q_inverse: BigUint,
}

impl RsaKey {
    /// A new key with the exponent 65537.
    pub(super) fn generate(bits: u64) -> Result<Self, getrandom::Error> {
        let exponent = BigUint::from(65537_u32);
        let one = BigUint::from(1_u32);
        loop {
            let p = prime(bits / 2, &exponent)?;
            let q = prime(bits / 2, &exponent)?;
            let modulus = &p * &q;
            let (p1, q1) = (&p - &one, &q - &one);
            let (Some(dp), Some(dq), Some(q_inverse)) =
                (exponent.modinv(&p1), exponent.modinv(&q1), q.modinv(&p))
            else {
                continue;
            };
            if p != q && modulus.bits() == bits {
                return Ok(Self { modulus, exponent, p, q, dp, dq, q_inverse });
            }
        }
    }

    /// Reads an RSAPrivateKey (RFC 8017 appendix A.1.2) of version 0. Takes the numbers as they come: a card does
    /// not check that they belong together.
    pub(super) fn from_pkcs1(der: &[u8]) -> Option<Self> {
        let mut rest = tlv::only(der, 0x30)?;
        let mut next = || {
            let (tag, value, after) = tlv::split(rest)?;
            rest = after;
            (tag == 0x02).then_some(value)
        };
        if next()? != [0] {
            return None;
        }
        let mut number = || next().map(BigUint::from_bytes_be).filter(|number| number.bits() > 1);
        let (modulus, exponent) = (number()?, number()?);
        number()?;
        let (p, q) = (number()?, number()?);
        let (dp, dq, q_inverse) = (number()?, number()?, number()?);
        Some(Self { modulus, exponent, p, q, dp, dq, q_inverse })
    }

    /// Puts a key with the exponent 65537 together: primes, the exponents for them, and q's inverse (big-endian).
    /// Takes the numbers as they come, too; `None` when one of them is 0 or 1.
    pub(super) fn from_parts(p: &[u8], q: &[u8], dp: &[u8], dq: &[u8], q_inverse: &[u8]) -> Option<Self> {
        let number = |bytes| Some(BigUint::from_bytes_be(bytes)).filter(|number| number.bits() > 1);
        let (p, q) = (number(p)?, number(q)?);
        Some(Self {
            modulus: &p * &q,
            exponent: BigUint::from(65537_u32),
            p,
            q,
            dp: number(dp)?,
            dq: number(dq)?,
            q_inverse: number(q_inverse)?,
        })
    }

    /// Computes a key from its primes and its public exponent; `None` when they are of no key.
    pub(super) fn from_primes(p: &[u8], q: &[u8], exponent: &[u8]) -> Option<Self> {
        let number = |bytes| Some(BigUint::from_bytes_be(bytes)).filter(|number| number.bits() > 1);
        let (p, q, exponent) = (number(p)?, number(q)?, number(exponent)?);
        let dp = exponent.modinv(&(&p - 1_u32))?;
        let dq = exponent.modinv(&(&q - 1_u32))?;
        let q_inverse = q.modinv(&p)?;
        Some(Self { modulus: &p * &q, exponent, p, q, dp, dq, q_inverse })
    }

    /// The size of the modulus in bits.
    pub(super) fn bits(&self) -> u64 {
        self.modulus.bits()
    }

    /// The size of the modulus in bytes.
    pub(super) fn size(&self) -> usize {
        usize::try_from(self.bits().div_ceil(8)).unwrap_or(0)
    }

    /// The modulus, big-endian, without leading zeros.
    pub(super) fn modulus(&self) -> Vec<u8> {
        self.modulus.to_bytes_be()
    }

    /// The public exponent, big-endian, without leading zeros.
    pub(super) fn exponent(&self) -> Vec<u8> {
        self.exponent.to_bytes_be()
    }

    /// The private operation (RFC 8017 section 5.1.2) on a block as long as the modulus; `None` when its number is
    /// too large.
    pub(super) fn private(&self, block: &[u8]) -> Option<Vec<u8>> {
        let input = BigUint::from_bytes_be(block);
        if input >= self.modulus {
            return None;
        }
        let m1 = input.modpow(&self.dp, &self.p);
        let m2 = input.modpow(&self.dq, &self.q);
        let difference = (m1 + &self.p - &m2 % &self.p) % &self.p;
        let output = m2 + (difference * &self.q_inverse % &self.p) * &self.q;
        let bytes = output.to_bytes_be();
        let mut padded = vec![0; self.size().checked_sub(bytes.len())?];
        padded.extend_from_slice(&bytes);
        Some(padded)
    }

    /// Signs after padding as in RFC 8017 section 9.2; `None` when the DigestInfo is too long.
    pub(super) fn sign_pkcs1(&self, digest_info: &[u8]) -> Option<Vec<u8>> {
        let filler = self.size().checked_sub(digest_info.len() + 3).filter(|filler| *filler >= 8)?;
        let mut block = vec![0x00, 0x01];
        block.resize(2 + filler, 0xFF);
        block.push(0x00);
        block.extend_from_slice(digest_info);
        self.private(&block)
    }

    /// Deciphers and removes the padding of RFC 8017 section 7.2; `None` when there is none.
    pub(super) fn decipher_pkcs1(&self, cryptogram: &[u8]) -> Option<Vec<u8>> {
        let block = Zeroizing::new(self.private(cryptogram)?);
        let [0x00, 0x02, padded @ ..] = &block[..] else { return None };
        let filler = padded.iter().position(|byte| *byte == 0).filter(|filler| *filler >= 8)?;
        padded.get(filler + 1..).map(<[u8]>::to_vec)
    }
}

/// A random prime with its two highest bits set, so that the product of two has full length.
fn prime(bits: u64, exponent: &BigUint) -> Result<BigUint, getrandom::Error> {
    let one = BigUint::from(1_u32);
    let small = small_primes();
    let mut bytes = vec![0; usize::try_from(bits / 8).unwrap_or(0)];
    loop {
        getrandom::fill(&mut bytes)?;
        let mut candidate = BigUint::from_bytes_be(&bytes);
        for bit in [0, bits - 1, bits - 2] {
            candidate.set_bit(bit, true);
        }
        let composite = small.iter().any(|prime| &candidate % *prime == BigUint::ZERO);
        if !composite && (&candidate - &one) % exponent != BigUint::ZERO && probably_prime(&candidate)? {
            return Ok(candidate);
        }
    }
}

fn small_primes() -> Vec<u32> {
    (3..2000_u32)
        .step_by(2)
        .filter(|n| (3..*n).step_by(2).take_while(|d| d * d <= *n).all(|d| n % d != 0))
        .collect()
}

/// Miller and Rabin with random bases. For random candidates of 512 bits and more, 8 rounds leave less than
/// 2^-80 (Handbook of Applied Cryptography, table 4.3).
fn probably_prime(candidate: &BigUint) -> Result<bool, getrandom::Error> {
    let one = BigUint::from(1_u32);
    let last = candidate - &one;
    let twos = last.trailing_zeros().unwrap_or(0);
    let odd = &last >> twos;
    let mut bytes = vec![0; usize::try_from(candidate.bits() / 8).unwrap_or(0).saturating_sub(1)];
    for _ in 0..8 {
        getrandom::fill(&mut bytes)?;
        let base = BigUint::from_bytes_be(&bytes) + 2_u32;
        let mut power = base.modpow(&odd, candidate);
        if power == one || power == last {
            continue;
        }
        let reaches_last = (1..twos).any(|_| {
            power = &power * &power % candidate;
            power == last
        });
        if !reaches_last {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
impl RsaKey {
    /// p, q, the exponents for them, and q's inverse; each as long as a prime.
    pub(super) fn parts(&self) -> [Vec<u8>; 5] {
        let size = self.size() / 2;
        [&self.p, &self.q, &self.dp, &self.dq, &self.q_inverse].map(|number| {
            let bytes = number.to_bytes_be();
            [vec![0; size - bytes.len()], bytes].concat()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn primes_and_others() {
        // 2^521 - 1 is prime; 2^523 - 1 is not; the product of two primes is not.
        let mersenne = |bits: u32| (BigUint::from(1_u32) << bits) - 1_u32;
        assert!(probably_prime(&mersenne(521)).unwrap());
        assert!(!probably_prime(&mersenne(523)).unwrap());
        assert!(!probably_prime(&(mersenne(521) * mersenne(127))).unwrap());
        assert_eq!(small_primes()[..5], [3, 5, 7, 11, 13]);
    }

    #[test]
    fn signs_and_deciphers() {
        let key = RsaKey::generate(1024).unwrap();
        assert_eq!((key.bits(), key.size(), key.exponent()), (1024, 128, vec![1, 0, 1]));
        let signature = key.sign_pkcs1(b"digest info").unwrap();
        let opened = BigUint::from_bytes_be(&signature).modpow(&key.exponent, &key.modulus).to_bytes_be();
        assert!(opened.starts_with(&[1, 0xFF, 0xFF]) && opened.ends_with(b"\0digest info"));
        assert!(key.sign_pkcs1(&[0; 118]).is_none());

        let mut block = vec![0, 2];
        block.resize(128 - 7, 0x55);
        block.extend_from_slice(b"\0secret");
        let cryptogram = BigUint::from_bytes_be(&block).modpow(&key.exponent, &key.modulus).to_bytes_be();
        assert_eq!(key.decipher_pkcs1(&cryptogram).unwrap(), b"secret");
        assert!(key.decipher_pkcs1(&[1; 128]).is_none() && key.private(&[0xFF; 128]).is_none());
    }
}
