//! Virtual readers and cards.

use crate::transport::{Card, ReaderState, Readers, Result};

/// Virtual readers, each of which can hold a virtual card.
pub struct VirtualReaders(());

impl VirtualReaders {
    /// The readers and cards of a description (TOML).
    ///
    /// # Errors
    /// A sentence that names the line.
    pub fn from_description(_toml: &str) -> std::result::Result<Self, String> {
        todo!()
    }
    /// The demonstration set.
    pub fn demo() -> Self {
        todo!()
    }
    /// Puts a card into a reader: the named one, or the one that was last in it or is described for it.
    ///
    /// # Errors
    /// A sentence.
    pub fn insert(&self, _reader: &str, _card: Option<&str>) -> std::result::Result<(), String> {
        todo!()
    }
    /// Takes the card out.
    ///
    /// # Errors
    /// A sentence.
    pub fn remove(&self, _reader: &str) -> std::result::Result<(), String> {
        todo!()
    }
}

impl Readers for VirtualReaders {
    fn wait(&self, _known: &[ReaderState]) -> Result<Vec<ReaderState>> {
        todo!()
    }
    fn stop(&self) {
        todo!()
    }
    fn connect(&self, _reader: &str) -> Result<Box<dyn Card>> {
        todo!()
    }
}
