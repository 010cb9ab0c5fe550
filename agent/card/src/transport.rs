//! Bytes to and from a card in a reader. What carries them is PC/SC, the virtual readers, or a recorded dialogue.

pub mod features;
pub mod pcsc;
pub mod replay;

/// A result of the transport.
pub type Result<T> = std::result::Result<T, Error>;

/// Why bytes did not get to a card or back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The PC/SC service does not run or went away. The context is useless from now on.
    #[error("the smart card service cannot be reached")]
    ServiceDown,
    /// This user may not use the service or the card (polkit).
    #[error("the smart card service refuses this user")]
    PermissionDenied,
    /// There is no reader of that name.
    #[error("no such reader")]
    NoReader,
    /// The reader holds no card.
    #[error("no card")]
    NoCard,
    /// The card was removed during the operation.
    #[error("the card was removed")]
    Removed,
    /// Another program reset the card. [`Card::reconnect`] and a new SELECT are needed.
    #[error("the card was reset by another program")]
    Reset,
    /// Another program keeps the card for itself.
    #[error("another program uses the card")]
    Busy,
    /// The card does not answer.
    #[error("the card does not answer")]
    Mute,
    /// A wait was ended on purpose, or took too long.
    #[error("cancelled")]
    Cancelled,
    /// Anything else, with PC/SC's name for it.
    #[error("the reader failed: {0}")]
    Failed(String),
}

/// What a reader holds, as far as the reader itself can tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presence {
    /// No card.
    Empty,
    /// A card, with its answer to reset.
    Card(Vec<u8>),
    /// Something that does not answer.
    Mute,
    /// The reader exists and cannot be used.
    Unavailable,
}

/// A reader as last seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReaderState {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub presence: Presence,
    /// Counts insertions and removals, so that a card that was swapped between two looks is noticed.
    pub generation: u32,
    /// Whether another program keeps the card for itself.
    pub exclusive: bool,
}

/// Where readers come from.
pub trait Readers: Send + Sync {
    /// Blocks until the readers differ from `known`, and returns all of them. An empty `known` on the first call
    /// makes it return at once. For one thread only.
    ///
    /// # Errors
    /// [`Error::ServiceDown`], [`Error::PermissionDenied`]: the next call starts afresh and may succeed.
    /// [`Error::Cancelled`] after [`Readers::stop`].
    fn wait(&self, known: &[ReaderState]) -> Result<Vec<ReaderState>>;

    /// Makes the present and every later `wait` return [`Error::Cancelled`]. From any thread.
    fn stop(&self);

    /// Makes the present `wait` end, with all readers or with [`Error::Cancelled`], after which the next one returns
    /// them at once. From any thread. When nobody waits, it may do nothing.
    fn look_again(&self);

    /// Connects to the card in a reader, shared with other programs.
    ///
    /// # Errors
    /// [`Error::NoReader`], [`Error::NoCard`], [`Error::Busy`] for a sharing violation, [`Error::Mute`].
    fn connect(&self, reader: &str) -> Result<Box<dyn Card>>;

    /// Other programs that may keep the card in a reader, as they are named to people, such as `scdaemon (1234)`.
    /// What can be found out in 50 milliseconds: maybe too many, maybe none.
    fn holders(&self, reader: &str) -> Vec<String>;
}

/// A connection to a card. Dropping it leaves the card as it is (SCARD_LEAVE_CARD).
pub trait Card: Send {
    /// The answer to reset, and the reader's count of insertions and removals, as of now. Sends no APDU.
    ///
    /// # Errors
    /// [`Error::Removed`], [`Error::Reset`] and those of the service.
    fn look(&mut self) -> Result<ReaderState>;

    /// Keeps other programs off until the transaction is dropped. Blocks while another program has one.
    ///
    /// # Errors
    /// [`Error::Reset`], [`Error::Removed`], [`Error::Busy`].
    fn begin(&mut self) -> Result<Box<dyn Transaction + '_>>;

    /// Takes note that another program reset the card, without resetting it again.
    ///
    /// # Errors
    /// As for [`Readers::connect`].
    fn reconnect(&mut self) -> Result<()>;
}

/// Exclusive use of a card, ended by dropping it, which leaves the card as it is.
pub trait Transaction {
    /// The card's answer to reset, as of the beginning of the transaction. Empty when the reader did not tell.
    fn atr(&self) -> &[u8];

    /// Asks the reader's driver for something (SCardControl): what the reader can do, or to let a person type a PIN
    /// on the reader's own pad, which takes as long as the person does. The answer has at most 4096 bytes.
    ///
    /// # Errors
    /// [`Error::Failed`] when the driver does not know the code, [`Error::Removed`], [`Error::Reset`] and those of
    /// the service.
    fn control(&mut self, code: u32, data: &[u8]) -> Result<Vec<u8>>;

    /// Sends one APDU and returns data and status word. One call is one exchange: nothing is sent again.
    ///
    /// # Errors
    /// [`Error::Removed`], [`Error::Reset`] and those of the service. Whether the card has seen the command is
    /// not known then.
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>>;

    /// Shows the platform that the transaction is alive (Windows ends one that is idle for 5 seconds). Sends no
    /// APDU.
    ///
    /// # Errors
    /// [`Error::Removed`], [`Error::Reset`] and those of the service.
    fn keep_alive(&mut self) -> Result<()>;
}
