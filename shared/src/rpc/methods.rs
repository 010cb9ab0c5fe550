//! One type per method: its name, its parameters, its reply.

use serde::{Deserialize, Serialize};

use super::Method;
use crate::hex::Hex;
use crate::model::{
    AlternativeName, CardDetails, Certificate, CertificateView, Csn, Finding, KeyAlgorithm, ManagementKey,
    PinPolicy, PinStatus, PinUse, Reader, Role, Service, TouchUse,
};
use crate::secret::{FileText, KeyText, Password, Pin, ResponseText};

/// Which card is meant. With neither field, the only card there is. A field that is misspelt is refused, since the
/// request would go to whichever card is there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Select {
    /// The reader's exact name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reader: Option<String>,
    /// The card serial number, in any form that [`Csn::matches`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<String>,
}

/// No parameters, or nothing to say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Empty {}

/// Parameters that name a card and nothing else.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct OnCard {
    /// The card.
    #[serde(default)]
    pub select: Select,
}

macro_rules! methods {
    ($($(#[$doc:meta])* $name:ident = $wire:literal ($params:ty) -> $reply:ty;)*) => {
        $(
            $(#[$doc])*
            pub struct $name;

            impl Method for $name {
                const NAME: &'static str = $wire;
                type Params = $params;
                type Reply = $reply;
            }
        )*

        /// The names of all methods.
        pub const ALL: &[&str] = &[$($wire),*];
    };
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
    /// Ends the agent, once running operations are done.
    AgentStop = "agent.stop" (Empty) -> Empty;
    /// Puts a virtual card into a virtual reader; only in an agent started with `--virtual`.
    VirtualInsert = "virtual.insert" (VirtualInsertParams) -> Empty;
    /// Takes the card out of a virtual reader; only in an agent started with `--virtual`.
    VirtualRemove = "virtual.remove" (VirtualRemoveParams) -> Empty;
}

/// Parameters of [`Hello`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HelloParams {
    /// The caller's program and version, for the log.
    pub client: String,
    /// The protocol version it speaks.
    pub protocol: u32,
}

/// Reply of [`Hello`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HelloReply {
    /// The agent's version.
    pub version: String,
    /// The protocol version it speaks.
    pub protocol: u32,
}

/// Reply of [`Status`], and the content of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
}

/// Parameters of [`CardRepair`].
#[derive(Debug, Serialize, Deserialize)]
pub struct RepairParams {
    /// The card.
    #[serde(default)]
    pub select: Select,
    /// The primary card PIN; left out where it is typed on the reader, or where the management key is all it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<Pin>,
    /// The management key, on cards that have one and do not keep it for whoever has the PIN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub management_key: Option<KeyText>,
    /// That the last try may be used.
    #[serde(default)]
    pub last_try: bool,
}

/// Reply of [`CardRepair`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RepairReply {
    /// What was mended.
    pub mended: Vec<Finding>,
    /// What is still wrong.
    pub remaining: Vec<Finding>,
}

/// Reply of [`CardAccess`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// The PINs and other authenticators, each with its tries.
    pub pins: Vec<PinStatus>,
    /// The key that authorises writing beside the PIN, on cards that have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub management_key: Option<ManagementKey>,
    /// Whether the card erases all its private keys once both PIN and PUK are blocked.
    #[serde(default)]
    pub blocking_erases_keys: bool,
    /// Whether PINs are typed on the reader itself.
    #[serde(default)]
    pub pin_pad: bool,
}

/// Parameters of [`PinTries`].
#[derive(Debug, Serialize, Deserialize)]
pub struct TriesParams {
    /// The card.
    #[serde(default)]
    pub select: Select,
    /// Tries of the PIN, 1 to 255.
    pub pin_tries: u8,
    /// Tries of the PUK, 1 to 255.
    pub puk_tries: u8,
    /// The present PIN, which stays.
    pub pin: Pin,
    /// The PUK that the card is to have. The present one is not asked for: the management key is.
    pub puk: Pin,
    /// The management key, unless the card keeps it for whoever has the PIN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub management_key: Option<KeyText>,
    /// That the last try may be used.
    #[serde(default)]
    pub last_try: bool,
}

/// Parameters of [`PinChange`].
#[derive(Debug, Serialize, Deserialize)]
pub struct PinChangeParams {
    /// The card.
    #[serde(default)]
    pub select: Select,
    /// Which PIN; the primary card PIN unless named.
    #[serde(default = "user")]
    pub role: Role,
    /// The present PIN; left out, with the new one, where they are typed on the reader.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<Pin>,
    /// The new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<Pin>,
    /// That the last try may be used.
    #[serde(default)]
    pub last_try: bool,
}

fn user() -> Role {
    Role::USER
}

/// Parameters of [`UnblockStart`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UnblockStartParams {
    /// The card.
    #[serde(default)]
    pub select: Select,
    /// Which PIN is to be unblocked; the primary card PIN unless named.
    #[serde(default = "user")]
    pub role: Role,
}

/// Reply of [`UnblockStart`]: what is read out to the administrator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    /// The reader that must keep the card.
    pub reader: String,
    /// The card serial number.
    pub csn: Csn,
    /// Which PIN it is for.
    #[serde(default = "user")]
    pub role: Role,
    /// What the new PIN must look like: the card must not be asked while the challenge is out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<PinPolicy>,
    /// The challenge.
    pub challenge: Hex,
    /// Its CRC-16/CCITT-FALSE, four digits.
    pub checksum: String,
    /// When it was taken, RFC 3339 in UTC.
    pub taken: String,
    /// Until when no other program can use the card, RFC 3339 in UTC.
    pub locked_until: String,
}

/// Reply of [`UnblockStatus`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum UnblockState {
    /// No procedure was started on this card since the agent runs.
    None,
    /// The challenge can still be answered.
    Good {
        /// The challenge that was given out.
        #[serde(flatten)]
        challenge: Challenge,
        /// Whether other programs are still kept off the card.
        locked: bool,
    },
    /// The challenge is no longer the card's.
    Void {
        /// What happened, in a sentence.
        reason: String,
    },
}

/// Parameters of [`UnblockFinish`].
#[derive(Debug, Serialize, Deserialize)]
pub struct UnblockFinishParams {
    /// The card.
    #[serde(default)]
    pub select: Select,
    /// The challenge that this is the response to; refused as `challenge_void` when the card's is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge: Option<Hex>,
    /// The response as typed.
    pub response: ResponseText,
    /// The new PIN; left out where it is typed on the reader.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<Pin>,
}

/// Parameters of [`UnblockPuk`].
#[derive(Debug, Serialize, Deserialize)]
pub struct UnblockPukParams {
    /// The card.
    #[serde(default)]
    pub select: Select,
    /// Which PIN is to be unblocked; the primary card PIN unless named.
    #[serde(default = "user")]
    pub role: Role,
    /// The PUK; left out, with the new PIN, where they are typed on the reader.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub puk: Option<Pin>,
    /// The new PIN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<Pin>,
    /// That the PUK's last try may be used.
    #[serde(default)]
    pub last_try: bool,
}

/// Parameters that name a certificate.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CertParams {
    /// The card.
    #[serde(default)]
    pub select: Select,
    /// Its `id`, its container's number, or the first eight or more digits of its SHA-1 or SHA-256 thumbprint.
    pub certificate: String,
}

/// Parameters of [`CertInspect`].
#[derive(Debug, Serialize, Deserialize)]
pub struct InspectParams {
    /// The card.
    #[serde(default)]
    pub select: Select,
    /// The file, base64.
    pub file: FileText,
    /// Its password; absent for files that have none, and to learn whether one is needed.
    #[serde(default)]
    pub password: Option<Password>,
    /// The slot that was chosen, as `9A`, on cards that have slots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<String>,
}

/// Reply of [`CertInspect`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportPlan {
    /// The card.
    pub csn: Csn,
    /// The reader it is in.
    pub reader: String,
    /// Common name of the certificate that would be imported.
    pub common_name: String,
    /// Whether a private key comes with it.
    pub with_key: bool,
    /// Other certificates of the file; the card keeps those it has room and a place for.
    pub chain: Vec<String>,
    /// The container it would go to.
    pub container: u8,
    /// Its slot, on cards that have slots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<String>,
    /// Common name of the certificate that it would replace, if there is one.
    pub replaces: Option<String>,
    /// Whether another private key would be lost, which the import must allow with `overwrite`.
    #[serde(default)]
    pub overwrites_key: bool,
    /// Whether the card wants the PIN beside the management key, since it does not show its keys and a new one is
    /// tried out.
    #[serde(default)]
    pub wants_pin: bool,
}

/// Parameters of [`CertImport`].
#[derive(Debug, Serialize, Deserialize)]
pub struct ImportParams {
    /// The card.
    #[serde(default)]
    pub select: Select,
    /// The file, base64.
    pub file: FileText,
    /// Its password, if it has one.
    #[serde(default)]
    pub password: Option<Password>,
    /// The slot that was chosen, as `9A`, on cards that have slots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<String>,
    /// That a private key which is in the slot may be lost.
    #[serde(default)]
    pub overwrite: bool,
    /// The primary card PIN; left out where it is typed on the reader, or where the management key is all it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<Pin>,
    /// The management key, on cards that have one and do not keep it for whoever has the PIN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub management_key: Option<KeyText>,
    /// Whether its container becomes the default one.
    #[serde(default)]
    pub default: bool,
    /// That the last try may be used.
    #[serde(default)]
    pub last_try: bool,
}

/// Reply of [`CertImport`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ImportReply {
    /// The certificate as it now stands on the card.
    pub certificate: Certificate,
    /// Common names of the file's other certificates that are now on the card too.
    pub chain: Vec<String>,
}

/// Parameters of [`CertPlace`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PlaceParams {
    /// The card.
    #[serde(default)]
    pub select: Select,
    /// Kind and size of the key.
    pub algorithm: KeyAlgorithm,
    /// The slot that was chosen, as `9A`, on cards that have slots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<String>,
}

/// Reply of [`CertPlace`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyPlan {
    /// The card.
    pub csn: Csn,
    /// The reader it is in.
    pub reader: String,
    /// The container it would go to.
    pub container: u8,
    /// Its slot, on cards that have slots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<String>,
    /// Common name of the certificate that would be lost, if there is one.
    pub replaces: Option<String>,
    /// Whether another private key would be lost, which the request must allow with `overwrite`.
    #[serde(default)]
    pub overwrites_key: bool,
}

/// What is made of a new key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Product {
    /// A certificate that the key signs itself, on the card.
    #[default]
    Certificate,
    /// A request for a certificate (PKCS#10), to be sent to an authority.
    Request,
    /// Nothing: only its public half comes out.
    Key,
}

/// Parameters of [`CertGenerate`].
#[derive(Debug, Serialize, Deserialize)]
pub struct GenerateParams {
    /// The card.
    #[serde(default)]
    pub select: Select,
    /// Kind and size of the key.
    pub algorithm: KeyAlgorithm,
    /// The slot that was chosen, as `9A`, on cards that have slots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<String>,
    /// The subject, RFC 4514, such as `CN=Anna Virtanen,O=Example`; for the bare key it means nothing.
    #[serde(default)]
    pub subject: String,
    /// Other names of the same person or machine, of the kinds `email`, `dns` and `upn`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alternative_names: Vec<AlternativeName>,
    /// What is made of the key.
    #[serde(default)]
    pub product: Product,
    /// How many days the certificate holds, from now; for a request it means nothing.
    #[serde(default = "year")]
    pub days: u16,
    /// When the key will want the PIN, on cards that let one choose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin_use: Option<PinUse>,
    /// When the key will want a touch, on cards that let one choose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub touch_use: Option<TouchUse>,
    /// Whether its container becomes the default one.
    #[serde(default)]
    pub default: bool,
    /// That a private key which is in the slot may be lost.
    #[serde(default)]
    pub overwrite: bool,
    /// The primary card PIN; left out where it is typed on the reader.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<Pin>,
    /// The management key, on cards that have one and do not keep it for whoever has the PIN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub management_key: Option<KeyText>,
    /// That the last try may be used.
    #[serde(default)]
    pub last_try: bool,
}

fn year() -> u16 {
    365
}

/// Reply of [`CertGenerate`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GenerateReply {
    /// The container that the key is in.
    pub container: u8,
    /// Its slot, on cards that have slots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<String>,
    /// The certificate, where one was wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Certificate>,
    /// The request, PEM, where one was wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// The public key: SubjectPublicKeyInfo, PEM.
    pub public_key: String,
}

/// Parameters of [`CertMove`].
#[derive(Debug, Serialize, Deserialize)]
pub struct MoveParams {
    /// The card.
    #[serde(default)]
    pub select: Select,
    /// As in [`CertParams`]; the slot of a key without a certificate is taken too.
    pub certificate: String,
    /// The slot that it is moved to, as `9A`; it must be free.
    pub slot: String,
    /// The primary card PIN, where the card keeps the management key for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<Pin>,
    /// The management key, unless the card keeps it for whoever has the PIN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub management_key: Option<KeyText>,
    /// That the last try may be used.
    #[serde(default)]
    pub last_try: bool,
}

/// Parameters of [`CertDefault`].
#[derive(Debug, Serialize, Deserialize)]
pub struct CertWriteParams {
    /// The card.
    #[serde(default)]
    pub select: Select,
    /// As in [`CertParams`].
    pub certificate: String,
    /// The primary card PIN; left out where it is typed on the reader, or where the management key is all it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<Pin>,
    /// The management key, on cards that have one and do not keep it for whoever has the PIN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub management_key: Option<KeyText>,
    /// That the last try may be used.
    #[serde(default)]
    pub last_try: bool,
}

/// Parameters of [`CertDelete`].
#[derive(Debug, Serialize, Deserialize)]
pub struct DeleteParams {
    /// The card.
    #[serde(default)]
    pub select: Select,
    /// As in [`CertParams`]; the number of a container without a certificate is taken too.
    pub certificate: String,
    /// Whether container and key stay, and only the certificate goes.
    #[serde(default)]
    pub keep_key: bool,
    /// The primary card PIN; left out where it is typed on the reader, or where the management key is all it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<Pin>,
    /// The management key, on cards that have one and do not keep it for whoever has the PIN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub management_key: Option<KeyText>,
    /// That the last try may be used.
    #[serde(default)]
    pub last_try: bool,
}

/// Reply of [`CertDelete`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DeleteReply {
    /// What is orphaned by it, in sentences: a key without a certificate, what was enciphered for a deleted key.
    pub orphans: Vec<String>,
    /// The container that is the default one now, if there is one.
    pub default: Option<u8>,
}

/// Parameters of [`VirtualInsert`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct VirtualInsertParams {
    /// The virtual reader.
    pub reader: String,
    /// The card, by its name in the description; the one last in this reader, or described for it, unless named.
    #[serde(default)]
    pub card: Option<String>,
}

/// Parameters of [`VirtualRemove`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct VirtualRemoveParams {
    /// The virtual reader.
    pub reader: String,
}
