//! One type per method: its name, its parameters, its reply.

mod cards;
mod certificates;
mod keys;
mod pins;
mod unblock;

use serde::{Deserialize, Serialize};

use super::Method;
use crate::config::{Config, Entry, Problem};
use crate::model::{
    AuditRecord, CardDetails, Certificate, CertificateView, Desktop, PinStatus, Reader, Service,
};

pub use cards::{Access, RepairParams, RepairReply};
pub use certificates::{
    CertParams, CertWriteParams, DeleteParams, DeleteReply, ImportParams, ImportPlan, ImportReply,
    InspectParams,
};
pub use keys::{GenerateParams, GenerateReply, KeyPlan, MoveParams, PlaceParams, Product};
pub use pins::{PinChangeParams, TriesParams};
pub use unblock::{Challenge, UnblockFinishParams, UnblockPukParams, UnblockStartParams, UnblockState};

/// Which card is meant. With neither field, the only card there is. A field that is misspelt is refused, since the
/// request would go to whichever card is there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct Select {
    /// The reader's exact name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reader: Option<String>,
    /// The card serial number, in any form that [`crate::model::Csn::matches`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<String>,
}

/// No parameters, or nothing to say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Empty {}

/// Parameters that name a card and nothing else.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct OnCard {
    /// The card.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub select: Select,
}

macro_rules! methods {
    ($($(#[doc = $doc:literal])* $name:ident = $wire:literal ($params:ty) -> $reply:ty;)*) => {
        $(
            $(#[doc = $doc])*
            pub struct $name;

            impl Method for $name {
                const NAME: &'static str = $wire;
                type Params = $params;
                type Reply = $reply;
            }
        )*

        /// The names of all methods.
        pub const ALL: &[&str] = &[$($wire),*];

        /// Shows each method to somebody who wants to see all.
        #[cfg(test)]
        pub(crate) fn show(viewer: &mut impl Viewer) {
            $(viewer.method::<$name>(concat!($($doc, "\n"),*));)*
        }
    };
}

/// Somebody who wants to see all methods.
#[cfg(test)]
pub(crate) trait Viewer {
    /// Takes in one of them, and what it is for.
    fn method<M: Method>(&mut self, docs: &str)
    where
        M::Params: ts_rs::TS + 'static,
        M::Reply: ts_rs::TS + 'static;
}

methods! {
    /// First call of a connection: who speaks, and which protocol.
    Hello = "hello" (HelloParams) -> HelloReply;
    /// The agent, the PC/SC service, the readers and what is in them. Speaks to no card.
    Status = "status" (Empty) -> StatusReply;
    /// Turns the connection into a stream of events, the first of which is a snapshot. The reply comes before it.
    Subscribe = "subscribe" (Empty) -> Empty;
    /// Everything about one card.
    CardShow = "card.show" (OnCard) -> CardDetails;
    /// What a write needs: how the PINs stand, whether there is a management key, whether the reader has keys of its
    /// own. Cheaper than `card.show`, and uses no try.
    CardAccess = "card.access" (OnCard) -> Access;
    /// Lets go of a card: gives up a challenge that is out, and forgets what was read.
    CardRelease = "card.release" (OnCard) -> Empty;
    /// Mends what an interrupted write left. Needs the PIN.
    CardRepair = "card.repair" (RepairParams) -> RepairReply;
    /// The PINs of a card and their tries.
    PinList = "pin.list" (OnCard) -> Vec<PinStatus>;
    /// Changes a PIN. The new one is checked against the policy, and the tries left are looked at, before
    /// anything is sent.
    PinChange = "pin.change" (PinChangeParams) -> PinStatus;
    /// Sets how many tries PIN and PUK have, on cards that can, and PIN and PUK with them.
    PinTries = "pin.tries" (TriesParams) -> Vec<PinStatus>;
    /// Takes a challenge from the card and keeps the card for its response.
    UnblockStart = "unblock.start" (UnblockStartParams) -> Challenge;
    /// Whether the challenge is still good, and if not, why.
    UnblockStatus = "unblock.status" (OnCard) -> UnblockState;
    /// Sends the response and sets the new PIN.
    UnblockFinish = "unblock.finish" (UnblockFinishParams) -> PinStatus;
    /// Gives up the challenge and lets go of the card.
    UnblockCancel = "unblock.cancel" (OnCard) -> Empty;
    /// Unblocks with a PUK instead, on cards that have one.
    UnblockPuk = "unblock.puk" (UnblockPukParams) -> PinStatus;
    /// The certificates of a card.
    CertList = "cert.list" (OnCard) -> Vec<Certificate>;
    /// One certificate in full.
    CertView = "cert.view" (CertParams) -> CertificateView;
    /// Says what an import would do, before a PIN is asked for: opens the file, looks at the card, writes nothing.
    CertInspect = "cert.inspect" (InspectParams) -> ImportPlan;
    /// Imports a certificate, with its key where the file has one.
    CertImport = "cert.import" (ImportParams) -> ImportReply;
    /// Says where a new key would go, before a PIN is asked for: looks at the card, writes nothing.
    CertPlace = "cert.place" (PlaceParams) -> KeyPlan;
    /// Makes a key on the card, with a certificate signed by itself, or a request for one.
    CertGenerate = "cert.generate" (GenerateParams) -> GenerateReply;
    /// Moves a certificate and its key to another slot, on cards that can.
    CertMove = "cert.move" (MoveParams) -> Certificate;
    /// Makes a certificate's container the default one.
    CertDefault = "cert.default" (CertWriteParams) -> Certificate;
    /// Deletes a certificate, and its container unless told to keep it.
    CertDelete = "cert.delete" (DeleteParams) -> DeleteReply;
    /// The settings in force, who settled them, and what was refused.
    ConfigShow = "config.show" (Empty) -> ConfigReply;
    /// The record of writes and refusals, the newest last.
    LogRead = "log.read" (LogParams) -> LogReply;
    /// Takes in what the desktop program of this session can do, for `status` to show. What it said is forgotten when
    /// it ends.
    DesktopReport = "desktop.report" (Desktop) -> Empty;
    /// Reads the configuration anew, lets go of every card, and looks at the readers again.
    AgentReload = "agent.reload" (Empty) -> Empty;
    /// Ends the agent, once running operations are done.
    AgentStop = "agent.stop" (Empty) -> Empty;
    /// Puts a virtual card into a virtual reader; only in an agent started with `--virtual`.
    VirtualInsert = "virtual.insert" (VirtualInsertParams) -> Empty;
    /// Takes the card out of a virtual reader; only in an agent started with `--virtual`.
    VirtualRemove = "virtual.remove" (VirtualRemoveParams) -> Empty;
}

/// Parameters of [`Hello`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct HelloParams {
    /// The caller's program and version, for the log.
    pub client: String,
    /// The protocol version it speaks.
    pub protocol: u32,
}

/// Reply of [`Hello`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct HelloReply {
    /// The agent's version.
    pub version: String,
    /// The protocol version it speaks.
    pub protocol: u32,
}

/// Reply of [`Status`], and the content of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct StatusReply {
    /// The agent's version.
    pub version: String,
    /// Its process number.
    pub pid: u32,
    /// Whether its readers and cards are virtual.
    pub r#virtual: bool,
    /// The PC/SC service.
    pub service: Service,
    /// The readers, in the order of their names.
    pub readers: Vec<Reader>,
    /// The reader that is meant when several have a card and none is named, where the settings say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preferred: Option<String>,
    /// What the desktop program can do, where one runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub desktop: Option<Desktop>,
}

/// Reply of [`ConfigShow`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ConfigReply {
    /// What is in force.
    pub config: Config,
    /// The same, key by key, with who settled it.
    pub entries: Vec<Entry>,
    /// What was refused; what that place held before is in force instead.
    pub problems: Vec<Problem>,
    /// The places that were looked at, from the one that wins to the one that gives way.
    pub places: Vec<String>,
}

/// Parameters of [`LogRead`].
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct LogParams {
    /// How many records at the most, from 1 to 1000.
    #[serde(default = "hundred")]
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub limit: u16,
    /// The card that they are about; all cards unless named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<String>,
}

fn hundred() -> u16 {
    100
}

/// Reply of [`LogRead`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct LogReply {
    /// The records, the newest last.
    pub records: Vec<AuditRecord>,
}

/// Parameters of [`VirtualInsert`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct VirtualInsertParams {
    /// The virtual reader.
    pub reader: String,
    /// The card, by its name in the description; the one last in this reader, or described for it, unless named.
    #[serde(default)]
    #[cfg_attr(test, ts(optional = nullable))]
    pub card: Option<String>,
}

/// Parameters of [`VirtualRemove`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct VirtualRemoveParams {
    /// The virtual reader.
    pub reader: String,
}
