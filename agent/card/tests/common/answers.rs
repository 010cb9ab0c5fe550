//! A card that is made to answer otherwise.

use card::transport::Transaction;

/// A card some of whose answers are replaced.
pub(crate) struct Answers<'t, F>(pub(crate) &'t mut dyn Transaction, pub(crate) F);

impl<F: FnMut(&[u8]) -> Option<Vec<u8>>> Transaction for Answers<'_, F> {
    fn atr(&self) -> &[u8] {
        self.0.atr()
    }

    fn control(&mut self, code: u32, data: &[u8]) -> card::transport::Result<Vec<u8>> {
        self.0.control(code, data)
    }

    fn transmit(&mut self, command: &[u8]) -> card::transport::Result<Vec<u8>> {
        self.1(command).map_or_else(|| self.0.transmit(command), Ok)
    }

    fn keep_alive(&mut self) -> card::transport::Result<()> {
        self.0.keep_alive()
    }
}
