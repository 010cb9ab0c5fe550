// The types of Kortti's wire. Made from the types of the crate shared by its test `the_file_says_what_the_types_say`,
// which writes this file anew with KORTTI_WRITE_TYPES=1: not to be edited.

/** Reply of `CardAccess`. */
export type Access = {
  /** The PINs and other authenticators, each with its tries. */
  pins: Array<PinStatus>,
  /** The key that authorises writing beside the PIN, on cards that have one. */
  management_key?: ManagementKey | null,
  /** Whether the card erases all its private keys once both PIN and PUK are blocked. */
  blocking_erases_keys: boolean,
  /** Whether PINs are typed on the reader itself. */
  pin_pad: boolean,
};

/** One subject alternative name. */
export type AlternativeName = {
  /** `email`, `dns`, `uri`, `ip`, `directory`, `upn` (user principal name), `registered_id` or `other`. */
  kind: string,
  /** The name as text; hexadecimal where it is none. */
  value: string,
};

/** The record of writes and refusals. */
export type Audit = {
  /** Whether it is kept. */
  enabled: boolean,
  /** How large one file grows, in KiB, before another is begun. */
  size_kib: number,
  /** How many full files are kept. */
  keep: number,
};

/** A write to a card, or a refusal of one, as it is kept in the record. */
export type AuditRecord = {
  /** When it was done or refused, RFC 3339 in UTC. */
  time: string,
  /** The method that was called. */
  method: string,
  /** The reader, where one was found. */
  reader?: string | null,
  /** The card, where one was found. */
  csn?: Csn | null,
  /** What it was about: a certificate's id, a slot, the number of a PIN. */
  about?: string | null,
  /** Who asked. */
  program: Program,
  /** Why it was not done; absent when it was. */
  refused?: ErrorCode | null,
  /** The tries that were left then, where the card told. */
  tries_left?: number | null,
};

/** For how long the public contents of a card are kept, in memory only. */
export type CacheMode = "insertion" | "none";

/** What is kept of a card's contents. */
export type CacheRules = {
  /** For how long. */
  mode: CacheMode,
};

/** What tells one card from another. */
export type Card = {
  /** The command set it speaks. */
  edge: Edge,
  /** Its serial number; absent as long as the card is not initialised. */
  csn: Csn | null,
  /** What to call it on screen, such as `GIDS card` or `YubiKey 5.7.1`. */
  name: string,
  /** The serial number as printed on the device, in decimal digits, where that differs from the CSN. */
  serial?: string | null,
};

/** Everything there is to know about one card without a PIN. */
export type CardDetails = {
  /** The reader it is in. */
  reader: string,
  /** Its answer to reset. */
  atr: Hex,
  /**
   * The identifier by which Windows knows the card, as Windows tools show it. On PIV it may change with the
   * certificates.
   */
  windows_id: string | null,
  /** Whether it is personalised; if not, the lists below are empty. */
  initialised: boolean,
  /** Its PINs and other authenticators, each with its tries. */
  pins: Array<PinStatus>,
  /** The key that authorises writing beside the PIN, on cards that have one. */
  management_key?: ManagementKey | null,
  /** Whether the card erases all its private keys once both PIN and PUK are blocked. */
  blocking_erases_keys: boolean,
  /** What decides which container is the default one; absent where nothing does. */
  default_source?: DefaultSource | null,
  /** Its private keys. */
  containers: Array<Container>,
  /** Its certificates. */
  certificates: Array<Certificate>,
  /** How full it is. */
  space: Space,
  /** What is wrong with its contents, if anything. */
  findings: Array<Finding>,
  /** The command set it speaks. */
  edge: Edge,
  /** Its serial number; absent as long as the card is not initialised. */
  csn: Csn | null,
  /** What to call it on screen, such as `GIDS card` or `YubiKey 5.7.1`. */
  name: string,
  /** The serial number as printed on the device, in decimal digits, where that differs from the CSN. */
  serial?: string | null,
};

/** Which cards are used. */
export type CardRules = {
  /** Answers to reset or serial numbers, in hexadecimal digits; with any, only cards that begin so are used. */
  allow: Array<string>,
};

/** Who brought a change about. */
export type Cause = "user" | "other_program" | "hardware" | "service";

/** An event that concerns a certificate. */
export type CertEvent = {
  /** The reader. */
  reader: string,
  /** The card. */
  csn: Csn,
  /** The certificate's `id`. */
  certificate: string,
  /** Who brought it about. */
  cause: Cause,
};

/** Parameters that name a certificate. */
export type CertParams = {
  /** The card. */
  select?: Select,
  /** Its `id`, its container's number, or the first eight or more digits of its SHA-1 or SHA-256 thumbprint. */
  certificate: string,
};

/** What may be done with certificates. */
export type CertRules = {
  /** Whether nothing may be imported. */
  forbid_import: boolean,
  /** Whether nothing may be deleted, neither a certificate nor a key, and no key overwritten. */
  forbid_delete: boolean,
  /** Whether a person is asked before another certificate becomes the default one. */
  warn_replace_default: boolean,
  /** Whether a PIV card gets a new identifier after its certificates changed, which makes Windows look again. */
  renew_identifier: boolean,
};

/** Parameters of `CertDefault`. */
export type CertWriteParams = {
  /** The card. */
  select?: Select,
  /** As in `CertParams`. */
  certificate: string,
  /** The primary card PIN; left out where it is typed on the reader, or where the management key is all it takes. */
  pin?: Pin | null,
  /** The management key, on cards that have one and do not keep it for whoever has the PIN. */
  management_key?: KeyText | null,
  /** That the last try may be used. */
  last_try?: boolean,
};

/** A certificate on the card: the row of a list. */
export type Certificate = {
  /** Its name on the card, by which commands take it, such as `kxc00`. */
  id: string,
  /** The container it belongs to; `None` for a certificate without a container. */
  container: number | null,
  /** The slot it is in, as PIV tools write it, such as `9A`. */
  slot?: string | null,
  /** The container's name. */
  container_name: string | null,
  /** The PIN that guards the container. */
  role: Role | null,
  /** What that PIN is for. */
  pin_type: PinType | null,
  /** Whether its container is the default one. */
  default: boolean,
  /** What makes its container the default one, where it is and something does. */
  default_source?: DefaultSource | null,
  /** Whether its private key is on the card. */
  has_key: boolean,
  /** Why it cannot be read; everything below is then empty. */
  damaged?: string | null,
  /** The subject's common name, or the whole subject where it has none. */
  common_name: string,
  /** The issuer's common name, or the whole issuer where it has none. */
  issuer_name: string,
  /** First second of validity, RFC 3339 in UTC. */
  not_before: string | null,
  /** Last second of validity, RFC 3339 in UTC. */
  not_after: string | null,
  /** Kind and size of its public key. */
  key: KeyAlgorithm | null,
  /** What it is for, in words: key usages and extended key usages. */
  usage: Array<string>,
  /** SHA-1 over its DER encoding: what Windows calls the thumbprint. */
  sha1: Hex | null,
  /** SHA-256 over its DER encoding. */
  sha256: Hex | null,
};

/** Every field of one certificate that a person may want to see. */
export type CertificateFields = {
  /** X.509 version, 1 to 3. */
  version: number,
  /** Serial number. */
  serial: Hex,
  /** Subject, RFC 4514. */
  subject: string,
  /** Issuer, RFC 4514. */
  issuer: string,
  /** First second of validity, RFC 3339 in UTC. */
  not_before: string,
  /** Last second of validity, RFC 3339 in UTC. */
  not_after: string,
  /** Kind and size of the public key. */
  key: KeyAlgorithm,
  /** The public key: SubjectPublicKey bits. */
  public_key: Hex,
  /** How the issuer signed, by name where known, else dotted decimal. */
  signature_algorithm: string,
  /** Key usages by their RFC 5280 names (`digitalSignature`, …). */
  key_usage: Array<string>,
  /** Extended key usages. */
  extended_key_usage: Array<NamedOid>,
  /** Subject alternative names. */
  alternative_names: Array<AlternativeName>,
  /** Certificate policies. */
  policies: Array<NamedOid>,
  /** Whether it may issue certificates (basic constraints). */
  authority: boolean,
  /** How many further authorities may follow, where limited. */
  path_length: number | null,
  /** Subject key identifier. */
  subject_key_id: Hex | null,
  /** Authority key identifier. */
  authority_key_id: Hex | null,
  /** Where revocation lists are. */
  crl_urls: Array<string>,
  /** Where OCSP responders and issuer certificates are. */
  authority_urls: Array<string>,
  /** SHA-1 thumbprint over the DER encoding. */
  sha1: Hex,
  /** SHA-256 thumbprint over the DER encoding. */
  sha256: Hex,
  /** The certificate itself, DER. */
  der: Hex,
};

/** One certificate in full, with the chain that the card holds for it. */
export type CertificateView = {
  /** The row of the list. */
  summary: Certificate,
  /** Its fields; absent when the certificate is damaged. */
  fields: CertificateFields | null,
  /** The issuers found on the card, nearest first. */
  chain: Array<CertificateFields>,
};

/** Reply of `UnblockStart`: what is read out to the administrator. */
export type Challenge = {
  /** The reader that must keep the card. */
  reader: string,
  /** The card serial number. */
  csn: Csn,
  /** Which PIN it is for. */
  role: Role,
  /** What the new PIN must look like: the card must not be asked while the challenge is out. */
  policy?: PinPolicy | null,
  /** The challenge. */
  challenge: Hex,
  /** Its CRC-16/CCITT-FALSE, four digits. */
  checksum: string,
  /** When it was taken, RFC 3339 in UTC. */
  taken: string,
  /** Until when no other program can use the card, RFC 3339 in UTC. */
  locked_until: string,
};

/** One thing that was looked at. */
export type Check = {
  /** What it is called. */
  name: string,
  /** How it stands. */
  verdict: Verdict,
  /** What was found. */
  found: string,
  /** What to do. */
  advice?: string | null,
};

/** What a look at a card showed: how its PINs stand, and what a person should know. */
export type CheckUp = {
  /** When it was, RFC 3339 in UTC. */
  time: string,
  /** The PINs and how they stand. */
  pins: Array<PinStatus>,
  /** How many certificates are on the card. */
  certificates: number,
  /** What a person should know, the most pressing first. */
  concerns: Array<Concern>,
  /**
   * Of what reaches its end, what was told by an event since the card came in: certificates by their `id`, the card
   * itself as `card`. Who begins to listen after that may tell it too.
   */
  told?: Array<string>,
};

/** Something about a card that a person should know. */
export type Concern = { "concern": "pin_blocked",
  /** Which PIN. */
  role: Role,
} | { "concern": "low_tries",
  /** Which PIN. */
  role: Role,
  /** How many. */
  tries_left: number,
} | { "concern": "pin_change_required",
  /** Which PIN. */
  role: Role,
  /** Why. */
  reason: PinChangeReason,
} | { "concern": "cert_expiring" } & Expiry | { "concern": "card_expiring",
  /** Its last day, RFC 3339 in UTC. */
  not_after: string,
  /** Whole days left; negative once it has expired. */
  days: number,
};

/** Every setting, each at its default unless a file says otherwise. The names of fields are the names of keys. */
export type Config = {
  /** What is demanded of PINs beyond what cards demand. */
  pin: PinRules,
  /** How a blocked PIN may be unblocked. */
  unblock: UnblockRules,
  /** What may be done with certificates. */
  cert: CertRules,
  /** What is told by notices. */
  notify: Notify,
  /** What happens when a card comes in: the first rule that fits decides. */
  insert: Array<InsertRule>,
  /** What happens when a card goes out. */
  removal: Removal,
  /** Programs that are started when something happens. */
  hook: Hook,
  /** Which readers are used. */
  readers: ReaderRules,
  /** Which cards are used. */
  cards: CardRules,
  /** What is kept of a card's contents. */
  cache: CacheRules,
  /** The icon in the panel. */
  tray: Tray,
  /** The record of writes and refusals. */
  audit: Audit,
  /** The language of the window and the web page, as `en` or `de`; the desktop's own where it is empty. */
  language: string,
  /** The page in the browser. */
  web: Web,
};

/** Reply of `ConfigShow`. */
export type ConfigReply = {
  /** What is in force. */
  config: Config,
  /** The same, key by key, with who settled it. */
  entries: Array<Entry>,
  /** What was refused; what that place held before is in force instead. */
  problems: Array<Problem>,
  /** The places that were looked at, from the one that wins to the one that gives way. */
  places: Array<string>,
};

/** A private key on the card. */
export type Container = {
  /** Its number: on GIDS its place in the container map, on PIV the key reference of its slot. */
  index: number,
  /** The slot as PIV tools write it, such as `9A`. */
  slot?: string | null,
  /** Its name, up to 39 characters. */
  name: string,
  /** The PIN that guards it. */
  role: Role,
  /** What that PIN is for. */
  pin_type: PinType,
  /** Whether it is the one Windows logon picks. */
  default: boolean,
  /** Whether the key itself is there (a torn import may leave the entry without it). */
  has_key: boolean,
  /** Kind and size of the key as the card states it. */
  algorithm: KeyAlgorithm | null,
  /** The `id` of its certificate, if it has one. */
  certificate: string | null,
  /** Where the key was made, where the card tells. */
  origin?: KeyOrigin | null,
  /** When the key wants the PIN, where the card tells or its standard does. */
  pin_use?: PinUse | null,
  /** When the key wants a touch, where the card tells. */
  touch_use?: TouchUse | null,
};

/**
 * A card serial number: upper-case hexadecimal digits. On GIDS the 16 bytes of the file `cardid`;
 * on PIV the device's serial number (4 bytes) where it has a real one, else the 16 bytes of the GUID in its CHUID.
 */
export type Csn = string;

/** What decides which container is the default one. */
export type DefaultSource = "container_map" | "slot_9a";

/** Parameters of `CertDelete`. */
export type DeleteParams = {
  /** The card. */
  select?: Select,
  /** As in `CertParams`; the number of a container without a certificate is taken too. */
  certificate: string,
  /** Whether container and key stay, and only the certificate goes. */
  keep_key?: boolean,
  /** The primary card PIN; left out where it is typed on the reader, or where the management key is all it takes. */
  pin?: Pin | null,
  /** The management key, on cards that have one and do not keep it for whoever has the PIN. */
  management_key?: KeyText | null,
  /** That the last try may be used. */
  last_try?: boolean,
};

/** Reply of `CertDelete`. */
export type DeleteReply = {
  /** What is orphaned by it, in sentences: a key without a certificate, what was enciphered for a deleted key. */
  orphans: Array<string>,
  /** The container that is the default one now, if there is one. */
  default: number | null,
};

/** What the desktop program can do in this session, as it says itself. */
export type Desktop = {
  /** The icon in the panel. */
  tray: Part,
  /** Notices. */
  notices: Part,
  /** What tells of sleep and of the session, and locks it. */
  session: Part,
};

/** The command set that a card speaks. */
export type Edge = "gids" | "piv";

/** No parameters, or nothing to say. */
export type Empty = Record<symbol, never>;

/** One setting as it is in force. */
export type Entry = {
  /** Its key, with dots. */
  key: string,
  /** Its value. */
  value: unknown,
  /** Who set it. */
  source: Source,
  /** Where it was set; absent for a default. */
  place?: string | null,
  /** Whether the person cannot change it. */
  locked: boolean,
};

/**
 * A failure: a stable code, a sentence that says what to do next, and the tries left where a PIN is concerned.
 * It never holds a secret.
 */
export type Error = {
  /** The stable name. */
  code: ErrorCode,
  /** A sentence for people. */
  message: string,
  /** Tries left of the PIN concerned, where the card told. */
  tries_left?: number | null,
};

/** The stable name of a failure. Scripts decide by it; it never changes its meaning. */
export type ErrorCode = "bad_request" | "no_agent" | "protocol_version" | "no_service" | "permission" | "no_reader" | "no_card" | "several_cards" | "unknown_card" | "not_initialised" | "mute" | "busy" | "card_removed" | "card_reset" | "card_changed" | "wrong_pin" | "pin_blocked" | "last_try" | "management_key_needed" | "wrong_management_key" | "would_overwrite" | "not_touched" | "forbidden" | "pin_policy" | "not_typed" | "wrong_response" | "bad_response" | "challenge_void" | "bad_file" | "file_password" | "no_matching_key" | "not_found" | "card_full" | "not_supported" | "damaged" | "write_failed" | "card_error" | "system";

/** An event with its place in the stream. */
export type Event = {
  /** One more than that of the event before; a subscriber that sees a gap has missed something. */
  sequence: number,
  /** When it happened, RFC 3339 in UTC. */
  time: string,
} & ({ "event": "snapshot" } & StatusReply | { "event": "service_up" } | { "event": "service_down",
  /** What is wrong and what to do. */
  reason: string,
} | { "event": "reader_added",
  /** Its name. */
  reader: string,
} | { "event": "reader_removed",
  /** Its name. */
  reader: string,
} | { "event": "card_inserted",
  /** The reader. */
  reader: string,
  /** The answer to reset. */
  atr: Hex,
} | { "event": "card_identified",
  /** The reader. */
  reader: string,
  /** The card. */
  card: Card,
  /** Whether it is personalised. */
  initialised: boolean,
} | { "event": "card_unusable",
  /** The reader. */
  reader: string,
  /** Why: unknown, mute, busy or failed, as in a reader's state. */
  state: ReaderState,
  /** A sentence for people. */
  reason: string,
} | { "event": "card_removed",
  /** The reader. */
  reader: string,
  /** The card, if it had been identified. */
  csn: Csn | null,
  /**
   * A hand; or the PC/SC service, which went away; or another program, whose reset the card did not take well; or
   * the user, whose settings leave the reader alone. In the last three cases the card may still be in.
   */
  cause: Cause,
} | { "event": "card_checked",
  /** The reader. */
  reader: string,
  /** The card. */
  csn: Csn,
  /** What was seen. */
  check: CheckUp,
} | { "event": "card_busy",
  /** The reader. */
  reader: string,
  /** The card, if it had been identified. */
  csn: Csn | null,
  /** The programs that may have it, as they are named to people. */
  holders: Array<string>,
} | { "event": "card_reset",
  /** The reader. */
  reader: string,
  /** The card. */
  csn: Csn | null,
  /** Always another program. */
  cause: Cause,
} | { "event": "pin_changed" } & PinEvent | { "event": "pin_failed" } & PinEvent | { "event": "pin_blocked" } & PinEvent | { "event": "pin_unblocked" } & PinEvent | { "event": "low_tries" } & PinEvent | { "event": "pin_change_required",
  /** The reader. */
  reader: string,
  /** The card. */
  csn: Csn,
  /** Which PIN. */
  role: Role,
  /** Why. */
  reason: PinChangeReason,
} | { "event": "touch_needed" } & OnCardEvent | { "event": "touch_over" } & OnCardEvent | { "event": "challenge_issued" } & OnCardEvent | { "event": "challenge_void",
  /** The reader. */
  reader: string,
  /** The card. */
  csn: Csn,
  /** What happened, in a sentence. */
  reason: string,
} | { "event": "cert_imported" } & CertEvent | { "event": "cert_deleted" } & CertEvent | { "event": "cert_moved" } & CertEvent | { "event": "key_generated" } & KeyEvent | { "event": "default_changed" } & CertEvent | { "event": "cert_expiring" } & ExpiryEvent | { "event": "cert_expired" } & ExpiryEvent | { "event": "card_expiring",
  /** The reader. */
  reader: string,
  /** The card. */
  csn: Csn,
  /** Its last day, RFC 3339 in UTC. */
  not_after: string,
  /** Whole days left; negative once it has expired. */
  days: number,
} | { "event": "policy_changed",
  /** What was refused of it, with place, line and reason. */
  problems: Array<string>,
} | { "event": "card_repaired" } & OnCardEvent | { "event": "agent_stopping" });

/** When a certificate ends that ends soon. */
export type Expiry = {
  /** The certificate's `id`. */
  certificate: string,
  /** Its subject's common name. */
  common_name: string,
  /** Last second of validity, RFC 3339 in UTC. */
  not_after: string,
  /** Whole days left; negative once it has expired. */
  days: number,
};

/** An event that concerns the end of a certificate's validity. */
export type ExpiryEvent = {
  /** The reader. */
  reader: string,
  /** The card. */
  csn: Csn,
  /** The certificate's `id`. */
  certificate: string,
  /** Its subject's common name. */
  common_name: string,
  /** Last second of validity, RFC 3339 in UTC. */
  not_after: string,
  /** Whole days left; negative once it has expired. */
  days: number,
};

/** A file that may hold a private key, base64 on the wire. */
export type FileText = string;

/** Something on the card that is not as it should be. */
export type Finding = {
  /** Which part of the card is meant, in the card's own names, such as `mscp/kxc00`. */
  place: string,
  /** What is wrong, in a sentence. */
  text: string,
  /** What `card repair` will do about it; absent when it can do nothing without losing data. */
  repair?: string | null,
};

/** Parameters of `CertGenerate`. */
export type GenerateParams = {
  /** The card. */
  select?: Select,
  /** Kind and size of the key. */
  algorithm: KeyAlgorithm,
  /** The slot that was chosen, as `9A`, on cards that have slots. */
  slot?: string | null,
  /** The subject, RFC 4514, such as `CN=Anna Virtanen,O=Example`; for the bare key it means nothing. */
  subject?: string,
  /** Other names of the same person or machine, of the kinds `email`, `dns` and `upn`. */
  alternative_names?: Array<AlternativeName>,
  /** What is made of the key. */
  product?: Product,
  /** How many days the certificate holds, from now; for a request it means nothing. */
  days?: number,
  /** When the key will want the PIN, on cards that let one choose. */
  pin_use?: PinUse | null,
  /** When the key will want a touch, on cards that let one choose. */
  touch_use?: TouchUse | null,
  /** Whether its container becomes the default one. */
  default?: boolean,
  /** That a private key which is in the slot may be lost. */
  overwrite?: boolean,
  /** The primary card PIN; left out where it is typed on the reader. */
  pin?: Pin | null,
  /** The management key, on cards that have one and do not keep it for whoever has the PIN. */
  management_key?: KeyText | null,
  /** That the last try may be used. */
  last_try?: boolean,
};

/** Reply of `CertGenerate`. */
export type GenerateReply = {
  /** The container that the key is in. */
  container: number,
  /** Its slot, on cards that have slots. */
  slot?: string | null,
  /** The certificate, where one was wanted. */
  certificate?: Certificate | null,
  /** The request, PEM, where one was wanted. */
  request?: string | null,
  /** The public key: SubjectPublicKeyInfo, PEM. */
  public_key: string,
};

/** Parameters of `Hello`. */
export type HelloParams = {
  /** The caller's program and version, for the log. */
  client: string,
  /** The protocol version it speaks. */
  protocol: number,
};

/** Reply of `Hello`. */
export type HelloReply = {
  /** The agent's version. */
  version: string,
  /** The protocol version it speaks. */
  protocol: number,
};

/** Bytes that travel and are shown as upper-case hexadecimal text. Never for a secret: it can be printed. */
export type Hex = string;

/** Programs that are started when something happens. */
export type Hook = {
  /** For each event, by its name on the socket, the commands: program and arguments, no shell. */
  on: { [key in string]: Array<Array<string>> },
  /** How long each may take, in seconds. */
  timeout_s: number,
};

/** Parameters of `CertImport`. */
export type ImportParams = {
  /** The card. */
  select?: Select,
  /** The file, base64. */
  file: FileText,
  /** Its password, if it has one. */
  password?: Password | null,
  /** The slot that was chosen, as `9A`, on cards that have slots. */
  slot?: string | null,
  /** That a private key which is in the slot may be lost. */
  overwrite?: boolean,
  /** The primary card PIN; left out where it is typed on the reader, or where the management key is all it takes. */
  pin?: Pin | null,
  /** The management key, on cards that have one and do not keep it for whoever has the PIN. */
  management_key?: KeyText | null,
  /** Whether its container becomes the default one. */
  default?: boolean,
  /** That the last try may be used. */
  last_try?: boolean,
};

/** Reply of `CertInspect`. */
export type ImportPlan = {
  /** The card. */
  csn: Csn,
  /** The reader it is in. */
  reader: string,
  /** Common name of the certificate that would be imported. */
  common_name: string,
  /** Whether a private key comes with it. */
  with_key: boolean,
  /** Other certificates of the file; the card keeps those it has room and a place for. */
  chain: Array<string>,
  /** The container it would go to. */
  container: number,
  /** Its slot, on cards that have slots. */
  slot?: string | null,
  /** Common name of the certificate that it would replace, if there is one. */
  replaces: string | null,
  /** Whether another private key would be lost, which the import must allow with `overwrite`. */
  overwrites_key: boolean,
  /**
   * Whether the card wants the PIN beside the management key, since it does not show its keys and a new one is
   * tried out.
   */
  wants_pin: boolean,
};

/** Reply of `CertImport`. */
export type ImportReply = {
  /** The certificate as it now stands on the card. */
  certificate: Certificate,
  /** Common names of the file's other certificates that are now on the card too. */
  chain: Array<string>,
};

/** What Kortti is. */
export type Information = {
  /** The version. */
  version: string,
  /** The version of the protocol. */
  protocol: number,
  /** The cards that are supported, each with what it cannot do. */
  supported_cards: Array<string>,
  /** The licence. */
  licence: string,
  /** The legal notice. */
  notice: string,
};

/** What happens when a card comes in that fits. */
export type InsertRule = {
  /** The reader's exact name; any reader without it. */
  reader?: string | null,
  /** The card's serial number, as `Card::matches` takes it; any card without it. */
  card?: string | null,
  /** The kind of card; any kind without it. */
  kind?: Edge | null,
  /** What is done. */
  do: Array<OnInsert>,
};

/** Parameters of `CertInspect`. */
export type InspectParams = {
  /** The card. */
  select?: Select,
  /** The file, base64. */
  file: FileText,
  /** Its password; absent for files that have none, and to learn whether one is needed. */
  password?: Password | null,
  /** The slot that was chosen, as `9A`, on cards that have slots. */
  slot?: string | null,
};

/** Kind and size of a key. */
export type KeyAlgorithm = {
  /** Its family. */
  family: KeyFamily,
  /** Modulus or field size in bits; 0 where unknown. */
  bits: number,
};

/** An event that concerns a key. */
export type KeyEvent = {
  /** The reader. */
  reader: string,
  /** The card. */
  csn: Csn,
  /** The container that the key is in. */
  container: number,
  /** Who brought it about. */
  cause: Cause,
};

/** The family of a public key. */
export type KeyFamily = "rsa" | "ec" | "ed25519" | "x25519" | "other";

/** Where a private key was made. */
export type KeyOrigin = "generated" | "imported";

/** Reply of `CertPlace`. */
export type KeyPlan = {
  /** The card. */
  csn: Csn,
  /** The reader it is in. */
  reader: string,
  /** The container it would go to. */
  container: number,
  /** Its slot, on cards that have slots. */
  slot?: string | null,
  /** Common name of the certificate that would be lost, if there is one. */
  replaces: string | null,
  /** Whether another private key would be lost, which the request must allow with `overwrite`. */
  overwrites_key: boolean,
};

/**
 * The management key of a PIV card, as typed: hexadecimal digits, perhaps grouped; or the word `factory` for
 * the key with which cards leave the factory.
 */
export type KeyText = string;

/** What becomes of the last try of a PIN. It is never used without a yes. */
export type LastTry = "ask" | "never";

/** Parameters of `LogRead`. */
export type LogParams = {
  /** How many records at the most, from 1 to 1000. */
  limit?: number,
  /** The card that they are about; all cards unless named. */
  card?: string | null,
};

/** Reply of `LogRead`. */
export type LogReply = {
  /** The records, the newest last. */
  records: Array<AuditRecord>,
};

/** The key of a PIV card that authorises writing (key reference 9B of SP 800-78, the card management key). */
export type ManagementKey = {
  /** Its cipher; absent where the card does not tell. */
  algorithm: ManagementKeyAlgorithm | null,
  /** Whether it is the factory's, which everybody knows; absent where the card does not tell. */
  factory: boolean | null,
  /** Whether the card keeps it for whoever has the PIN, so that nobody needs to type it. */
  protected: boolean,
  /** Whether it wants the device to be touched; absent where the card does not tell. */
  touch: boolean | null,
};

/** The cipher of a management key. */
export type ManagementKeyAlgorithm = "3des" | "aes_128" | "aes_192" | "aes_256";

/** Parameters of `CertMove`. */
export type MoveParams = {
  /** The card. */
  select?: Select,
  /** As in `CertParams`; the slot of a key without a certificate is taken too. */
  certificate: string,
  /** The slot that it is moved to, as `9A`; it must be free. */
  slot: string,
  /** The primary card PIN, where the card keeps the management key for it. */
  pin?: Pin | null,
  /** The management key, unless the card keeps it for whoever has the PIN. */
  management_key?: KeyText | null,
  /** That the last try may be used. */
  last_try?: boolean,
};

/** One extended key usage or policy: the object identifier, and its usual name where it has one. */
export type NamedOid = {
  /** Dotted decimal. */
  oid: string,
  /** The usual name in English. */
  name: string | null,
};

/** What a notice is about. The names are those of the keys under `notify`. */
export type NoticeKind = "card_in" | "card_out" | "unknown_card" | "cert_expiring" | "cert_expired" | "card_expiring" | "low_tries" | "pin_blocked" | "pin_changed" | "pin_change_required" | "touch" | "card_busy";

/** What is told by notices, and in which words. */
export type Notify = {
  /** Whether there are notices at all. */
  enabled: boolean,
  /** `NoticeKind::CardIn` */
  card_in: boolean,
  /** `NoticeKind::CardOut` */
  card_out: boolean,
  /** `NoticeKind::UnknownCard` */
  unknown_card: boolean,
  /** `NoticeKind::CertExpiring` */
  cert_expiring: boolean,
  /** `NoticeKind::CertExpired` */
  cert_expired: boolean,
  /** `NoticeKind::CardExpiring` */
  card_expiring: boolean,
  /** `NoticeKind::LowTries` */
  low_tries: boolean,
  /** `NoticeKind::PinBlocked` */
  pin_blocked: boolean,
  /** `NoticeKind::PinChanged` */
  pin_changed: boolean,
  /** `NoticeKind::PinChangeRequired` */
  pin_change_required: boolean,
  /** `NoticeKind::Touch` */
  touch: boolean,
  /** `NoticeKind::CardBusy` */
  card_busy: boolean,
  /** How many days before its end a certificate, or a card, is spoken of: once at each stage. */
  expiring_days: Array<number>,
  /** From how many tries left on there are few. */
  low_tries_at: number,
  /** For how many seconds a notice is shown; 0 leaves that to the desktop. */
  duration_s: number,
  /**
   * Other titles, by the kind of notice. In them and in texts `{card}`, `{reader}`, `{certificate}`, `{days}`, `{tries}`
   * and `{holder}` stand for what they name.
   */
  title: { [key in NoticeKind]?: string },
  /** Other texts, by the kind of notice. */
  text: { [key in NoticeKind]?: string },
};

/** Parameters that name a card and nothing else. */
export type OnCard = {
  /** The card. */
  select?: Select,
};

/** An event that concerns a whole card. */
export type OnCardEvent = {
  /** The reader. */
  reader: string,
  /** The card. */
  csn: Csn,
  /** Who brought it about. */
  cause: Cause,
};

/** Something that is done when a card comes in. */
export type OnInsert = "notice" | "window" | "check_expiry" | "pin_change";

/** How a part of the desktop stands. */
export type Part = {
  /** In a word. */
  state: PartState,
  /** What it is, or what is missing and what to do, in words. */
  detail: string,
};

/** How a part of the desktop stands, in a word. */
export type PartState = "works" | "missing" | "off";

/** The password of a file. */
export type Password = string;

/** A PIN or PUK as typed: UTF-8 text. */
export type Pin = string;

/** Parameters of `PinChange`. */
export type PinChangeParams = {
  /** The card. */
  select?: Select,
  /** Which PIN; the primary card PIN unless named. */
  role?: Role,
  /** The present PIN; left out, with the new one, where they are typed on the reader. */
  current?: Pin | null,
  /** The new one. */
  new?: Pin | null,
  /** That the last try may be used. */
  last_try?: boolean,
};

/** Why a PIN has to be changed. */
export type PinChangeReason = "factory" | "first_use" | "expired";

/** Which characters a PIN may have. */
export type PinCharacters = "digits" | "ascii";

/** An event that concerns a PIN. */
export type PinEvent = {
  /** The reader. */
  reader: string,
  /** The card. */
  csn: Csn,
  /** Which PIN. */
  role: Role,
  /** Tries left, where the card told. */
  tries_left: number | null,
  /** Who brought it about. */
  cause: Cause,
};

/** How a person proves to hold an authenticator (SECRET_TYPE of the minidriver model). */
export type PinKind = "typed" | "challenge_response";

/** What a card demands of a PIN. */
export type PinPolicy = {
  /** Fewest bytes. */
  min_length: number,
  /** Most bytes. */
  max_length: number,
  /** Allowed characters. */
  characters: PinCharacters,
  /** Whether values that are easy to guess are refused; absent where the card may and does not tell. */
  complexity?: boolean | null,
  /** Where this was learned. */
  source: PolicySource,
};

/** What is demanded of PINs beyond what cards demand. */
export type PinRules = {
  /** Whether a new PIN may have digits only. */
  forbid_letters: boolean,
  /**
   * Whether a new PIN may be longer than what cards of the kind are known to take. What the card itself says is
   * the limit all the same.
   */
  allow_longer_than_max: boolean,
  /** Whether a new PIN may be shorter than what cards of the kind are known to take, as above. */
  allow_shorter_than_min: boolean,
  /** Whether a person is asked for a new PIN when a card is seen here for the first time. */
  force_change_first_use: boolean,
  /** Whether that question comes again until the PIN is changed. */
  forbid_cancel_first_use: boolean,
  /** After how many days a person is asked for a new PIN; 0 for never. */
  expires_days: number,
  /** What becomes of the last try. */
  last_try: LastTry,
};

/** One authenticator of a card and how it stands. */
export type PinStatus = {
  /** Its number. */
  role: Role,
  /** What it is for. */
  pin_type: PinType,
  /** How it is proved. */
  kind: PinKind,
  /** Tries left before it blocks; `None` where the card does not tell. */
  tries_left: number | null,
  /** Tries it has after a success; `None` where the card does not tell. */
  tries_max: number | null,
  /** True when the card says that no try is left. */
  blocked: boolean,
  /** What a new value must look like; `None` for a key. */
  policy: PinPolicy | null,
  /** Who may change it. */
  changed_by: Array<Role>,
  /** Who may unblock it; empty when nobody can. */
  unblocked_by: Array<Role>,
};

/** What an authenticator is for (SECRET_PURPOSE of the minidriver model). */
export type PinType = "authentication" | "digital_signature" | "encryption" | "non_repudiation" | "administrator" | "primary_card_pin" | "unblock_only";

/** When a key wants the PIN. */
export type PinUse = "never" | "once" | "always" | "match_once" | "match_always";

/** Parameters of `CertPlace`. */
export type PlaceParams = {
  /** The card. */
  select?: Select,
  /** Kind and size of the key. */
  algorithm: KeyAlgorithm,
  /** The slot that was chosen, as `9A`, on cards that have slots. */
  slot?: string | null,
};

/** Where a policy was learned. */
export type PolicySource = "card" | "assumed";

/** Why a place was not taken in. */
export type Problem = {
  /** The place. */
  place: string,
  /** The line of a file, from 1. */
  line?: number | null,
  /** What is wrong, in words. */
  reason: string,
};

/** What is made of a new key. */
export type Product = "certificate" | "request" | "key";

/** A program that asked for something. */
export type Program = {
  /** Its process number, where the system tells. */
  pid?: number | null,
  /** Where its file is, or only its name, where the system tells. */
  path?: string | null,
};

/** A reader and what is in it. */
export type Reader = {
  /** The name that PC/SC gives it; exact, and unique on this machine. */
  name: string,
  /** What it holds. */
  state: ReaderState,
  /** The card's answer to reset, whenever there is a card. */
  atr?: Hex | null,
  /** The card, once identified. */
  card?: Card | null,
  /** Whether PINs are typed on the reader itself. A request then leaves them out. */
  pin_pad: boolean,
  /** A sentence for people when the state needs one. */
  detail?: string | null,
  /** What the last look at the card showed, once there was one. */
  check?: CheckUp | null,
};

/** Which readers are used. */
export type ReaderRules = {
  /** The exact names of readers that are left alone. */
  ignore: Array<string>,
  /** The exact name of the reader that is meant when several have a card and none is named. */
  prefer?: string | null,
};

/** What a reader holds. */
export type ReaderState = "empty" | "identifying" | "ready" | "not_initialised" | "unknown_card" | "mute" | "busy" | "failed" | "forbidden";

/** What happens when a card goes out. */
export type Removal = {
  /** What is done with the session. */
  action: RemovalAction,
  /** The serial numbers of the cards whose removal counts; every card's without any. */
  cards: Array<string>,
};

/** What is done with the session when a card goes out. */
export type RemovalAction = "none" | "lock";

/** Parameters of `CardRepair`. */
export type RepairParams = {
  /** The card. */
  select?: Select,
  /** The primary card PIN; left out where it is typed on the reader, or where the management key is all it takes. */
  pin?: Pin | null,
  /** The management key, on cards that have one and do not keep it for whoever has the PIN. */
  management_key?: KeyText | null,
  /** That the last try may be used. */
  last_try?: boolean,
};

/** Reply of `CardRepair`. */
export type RepairReply = {
  /** What was mended. */
  mended: Array<Finding>,
  /** What is still wrong. */
  remaining: Array<Finding>,
};

/**
 * The response to a challenge, as typed: hexadecimal text, perhaps grouped, perhaps with its checksum.
 * It unblocks a card, so it is as secret as a PIN until it has been used.
 */
export type ResponseText = string;

/**
 * The number of an authenticator in the minidriver model (PIN_ID): 1 user, 2 administrator, 3 to 7 further PINs
 * that guard key containers only.
 */
export type Role = number;

/**
 * Which card is meant. With neither field, the only card there is. A field that is misspelt is refused, since the
 * request would go to whichever card is there.
 */
export type Select = {
  /** The reader's exact name. */
  reader?: string | null,
  /** The card serial number, in any form that `crate::model::Csn::matches`. */
  card?: string | null,
};

/** The PC/SC service as the agent sees it. */
export type Service = { "state": "up" } | { "state": "down",
  /** What is wrong and what to do about it. */
  reason: string,
};

/** Whose setting it is, from the one that wins to the one that gives way. */
export type Source = "managed" | "system" | "user" | "default";

/** How many of the card's places are taken. `None` where the card does not tell and the model is not known. */
export type Space = {
  /** Key containers in use. */
  containers_used: number,
  /** Key containers the card can hold. */
  containers_max: number | null,
  /** Data objects in use beside the keys. */
  files_used: number,
  /** Data objects the card can hold. */
  files_max: number | null,
};

/** Reply of `Status`, and the content of a snapshot. */
export type StatusReply = {
  /** The agent's version. */
  version: string,
  /** Its process number. */
  pid: number,
  /** Whether its readers and cards are virtual. */
  virtual: boolean,
  /** The PC/SC service. */
  service: Service,
  /** The readers, in the order of their names. */
  readers: Array<Reader>,
  /** The reader that is meant when several have a card and none is named, where the settings say so. */
  preferred?: string | null,
  /** What the desktop program can do, where one runs. */
  desktop?: Desktop | null,
};

/** When a key wants the device to be touched. */
export type TouchUse = "never" | "always" | "cached";

/** The icon in the panel. */
export type Tray = {
  /** Whether there is one. */
  visible: boolean,
};

/** Parameters of `PinTries`. */
export type TriesParams = {
  /** The card. */
  select?: Select,
  /** Tries of the PIN, 1 to 255. */
  pin_tries: number,
  /** Tries of the PUK, 1 to 255. */
  puk_tries: number,
  /** The present PIN, which stays. */
  pin: Pin,
  /** The PUK that the card is to have. The present one is not asked for: the management key is. */
  puk: Pin,
  /** The management key, unless the card keeps it for whoever has the PIN. */
  management_key?: KeyText | null,
  /** That the last try may be used. */
  last_try?: boolean,
};

/** Parameters of `UnblockFinish`. */
export type UnblockFinishParams = {
  /** The card. */
  select?: Select,
  /** The challenge that this is the response to; refused as `challenge_void` when the card's is another one. */
  challenge?: Hex | null,
  /** The response as typed. */
  response: ResponseText,
  /** The new PIN; left out where it is typed on the reader. */
  new?: Pin | null,
};

/** A way to unblock a PIN. */
export type UnblockMethod = "challenge" | "puk";

/** Parameters of `UnblockPuk`. */
export type UnblockPukParams = {
  /** The card. */
  select?: Select,
  /** Which PIN is to be unblocked; the primary card PIN unless named. */
  role?: Role,
  /** The PUK; left out, with the new PIN, where they are typed on the reader. */
  puk?: Pin | null,
  /** The new PIN. */
  new?: Pin | null,
  /** That the PUK's last try may be used. */
  last_try?: boolean,
};

/** How a blocked PIN may be unblocked. */
export type UnblockRules = {
  /** The ways that may be taken. */
  methods: Array<UnblockMethod>,
  /** After how many seconds a challenge is given up; 0 for never. */
  challenge_timeout_s: number,
  /** For how many seconds other programs are kept off a card whose challenge is out. */
  lock_card_s: number,
  /** Whether the response to a challenge may be calculated on this machine. */
  calculate_response_visible: boolean,
};

/** Parameters of `UnblockStart`. */
export type UnblockStartParams = {
  /** The card. */
  select?: Select,
  /** Which PIN is to be unblocked; the primary card PIN unless named. */
  role?: Role,
};

/** Reply of `UnblockStatus`. */
export type UnblockState = { "state": "none" } | { "state": "good",
  /** Whether other programs are still kept off the card. */
  locked: boolean,
  /** The reader that must keep the card. */
  reader: string,
  /** The card serial number. */
  csn: Csn,
  /** Which PIN it is for. */
  role: Role,
  /** What the new PIN must look like: the card must not be asked while the challenge is out. */
  policy?: PinPolicy | null,
  /** The challenge. */
  challenge: Hex,
  /** Its CRC-16/CCITT-FALSE, four digits. */
  checksum: string,
  /** When it was taken, RFC 3339 in UTC. */
  taken: string,
  /** Until when no other program can use the card, RFC 3339 in UTC. */
  locked_until: string,
} | { "state": "void",
  /** What happened, in a sentence. */
  reason: string,
};

/** How something stands. */
export type Verdict = "good" | "note" | "bad";

/** Parameters of `VirtualInsert`. */
export type VirtualInsertParams = {
  /** The virtual reader. */
  reader: string,
  /** The card, by its name in the description; the one last in this reader, or described for it, unless named. */
  card?: string | null,
};

/** Parameters of `VirtualRemove`. */
export type VirtualRemoveParams = {
  /** The virtual reader. */
  reader: string,
};

/** The page in the browser. */
export type Web = {
  /** Whether it may be opened at all. */
  allowed: boolean,
  /** Where PINs are typed for it. */
  pin_entry: WebPinEntry,
};

/** Where PINs are typed for the page in the browser. */
export type WebPinEntry = "page" | "pinentry";

/** The agent's methods by their names. */
export interface Methods {
  /** First call of a connection: who speaks, and which protocol. */
  "hello": { params: HelloParams, reply: HelloReply },
  /** The agent, the PC/SC service, the readers and what is in them. Speaks to no card. */
  "status": { params: Empty, reply: StatusReply },
  /** Turns the connection into a stream of events, the first of which is a snapshot. The reply comes before it. */
  "subscribe": { params: Empty, reply: Empty },
  /** Everything about one card. */
  "card.show": { params: OnCard, reply: CardDetails },
  /**
   * What a write needs: how the PINs stand, whether there is a management key, whether the reader has keys of its
   * own. Cheaper than `card.show`, and uses no try.
   */
  "card.access": { params: OnCard, reply: Access },
  /** Lets go of a card: gives up a challenge that is out, and forgets what was read. */
  "card.release": { params: OnCard, reply: Empty },
  /** Mends what an interrupted write left. Needs the PIN. */
  "card.repair": { params: RepairParams, reply: RepairReply },
  /** The PINs of a card and their tries. */
  "pin.list": { params: OnCard, reply: Array<PinStatus> },
  /**
   * Changes a PIN. The new one is checked against the policy, and the tries left are looked at, before
   * anything is sent.
   */
  "pin.change": { params: PinChangeParams, reply: PinStatus },
  /** Sets how many tries PIN and PUK have, on cards that can, and PIN and PUK with them. */
  "pin.tries": { params: TriesParams, reply: Array<PinStatus> },
  /** Takes a challenge from the card and keeps the card for its response. */
  "unblock.start": { params: UnblockStartParams, reply: Challenge },
  /** Whether the challenge is still good, and if not, why. */
  "unblock.status": { params: OnCard, reply: UnblockState },
  /** Sends the response and sets the new PIN. */
  "unblock.finish": { params: UnblockFinishParams, reply: PinStatus },
  /** Gives up the challenge and lets go of the card. */
  "unblock.cancel": { params: OnCard, reply: Empty },
  /** Unblocks with a PUK instead, on cards that have one. */
  "unblock.puk": { params: UnblockPukParams, reply: PinStatus },
  /** The certificates of a card. */
  "cert.list": { params: OnCard, reply: Array<Certificate> },
  /** One certificate in full. */
  "cert.view": { params: CertParams, reply: CertificateView },
  /** Says what an import would do, before a PIN is asked for: opens the file, looks at the card, writes nothing. */
  "cert.inspect": { params: InspectParams, reply: ImportPlan },
  /** Imports a certificate, with its key where the file has one. */
  "cert.import": { params: ImportParams, reply: ImportReply },
  /** Says where a new key would go, before a PIN is asked for: looks at the card, writes nothing. */
  "cert.place": { params: PlaceParams, reply: KeyPlan },
  /** Makes a key on the card, with a certificate signed by itself, or a request for one. */
  "cert.generate": { params: GenerateParams, reply: GenerateReply },
  /** Moves a certificate and its key to another slot, on cards that can. */
  "cert.move": { params: MoveParams, reply: Certificate },
  /** Makes a certificate's container the default one. */
  "cert.default": { params: CertWriteParams, reply: Certificate },
  /** Deletes a certificate, and its container unless told to keep it. */
  "cert.delete": { params: DeleteParams, reply: DeleteReply },
  /** The settings in force, who settled them, and what was refused. */
  "config.show": { params: Empty, reply: ConfigReply },
  /** The record of writes and refusals, the newest last. */
  "log.read": { params: LogParams, reply: LogReply },
  /**
   * Takes in what the desktop program of this session can do, for `status` to show. What it said is forgotten when
   * it ends.
   */
  "desktop.report": { params: Desktop, reply: Empty },
  /** Reads the configuration anew, lets go of every card, and looks at the readers again. */
  "agent.reload": { params: Empty, reply: Empty },
  /** Ends the agent, once running operations are done. */
  "agent.stop": { params: Empty, reply: Empty },
  /** Puts a virtual card into a virtual reader; only in an agent started with `--virtual`. */
  "virtual.insert": { params: VirtualInsertParams, reply: Empty },
  /** Takes the card out of a virtual reader; only in an agent started with `--virtual`. */
  "virtual.remove": { params: VirtualRemoveParams, reply: Empty },
}
