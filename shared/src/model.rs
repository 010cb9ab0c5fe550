//! Plain values of the domain, named as the minidriver model and ISO 7816 name them. They are the vocabulary of
//! the wire, so a field is only ever added, and a program ignores fields that it does not know.

mod audit;
mod card;
mod certificate;
mod checkup;
mod desktop;
mod pin;

pub use audit::*;
pub use card::*;
pub use certificate::*;
pub use checkup::*;
pub use desktop::*;
pub use pin::*;
