//! Certificates: DER in, the fields that people read out.

use shared::model::CertificateFields;

use crate::key::PublicKey;

/// Every field that a person may want to see.
///
/// # Errors
/// A sentence saying what is wrong with the bytes.
pub fn fields(_der: &[u8]) -> Result<CertificateFields, String> {
    todo!()
}

/// The public key of a certificate; `None` when it cannot be read.
pub fn public_key(_der: &[u8]) -> Option<PublicKey> {
    todo!()
}

/// The common name of the subject, or the whole subject where it has none.
pub fn common_name(_der: &[u8]) -> Option<String> {
    todo!()
}
