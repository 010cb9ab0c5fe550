//! What is in a file that a person wants on a card: PKCS#12, or a certificate in DER or PEM.

use shared::secret::Password;

use crate::key::PrivateKey;

/// The contents of a file, ready to be imported.
#[derive(Debug)]
pub struct Credential {
    /// The certificate to import, DER: with a key, the one that belongs to it.
    pub certificate: Vec<u8>,
    /// Its private key, if the file has one.
    pub private_key: Option<PrivateKey>,
    /// The file's other certificates, DER, nearest issuer first.
    pub chain: Vec<Vec<u8>>,
}

/// Why a file cannot be imported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// The file has a password, and none was given.
    #[error("the file needs a password")]
    PasswordNeeded,
    /// The password is not the file's.
    #[error("the password is wrong")]
    WrongPassword,
    /// The file is damaged; the text says how.
    #[error("the file is damaged: {0}")]
    Damaged(String),
    /// The file is neither a certificate nor PKCS#12.
    #[error("the file is neither a certificate nor a PKCS#12 file")]
    NotACertificate,
    /// Well formed, and made in a way that is not supported; the text says which.
    #[error("the file cannot be used: {0}")]
    Unsupported(String),
}

/// Opens a file of at most `shared::rpc::MAX_FILE` bytes.
///
/// # Errors
/// [`FileError`]
pub fn open(_file: &[u8], _password: Option<&Password>) -> Result<Credential, FileError> {
    Err(FileError::NotACertificate)
}
