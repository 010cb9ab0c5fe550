//! `unblock`: from a challenge, over the response that an administrator calculates, to a new PIN.
//!
//! Challenge and response belong together, and the card keeps one challenge only as long as nobody else speaks to
//! it. So between start and finish nothing here asks the card anything: the agent says what it remembers.

use serde::Serialize;
use shared::ErrorCode;
use shared::config::{self, Loaded, Places};
use shared::hex::{Hex, grouped};
use shared::model::{PinStatus, Role};
use shared::rpc::methods::{
    Access, CardAccess, Challenge, OnCard, Select, UnblockCancel, UnblockFinish, UnblockFinishParams,
    UnblockPuk, UnblockPukParams, UnblockStart, UnblockStartParams, UnblockState, UnblockStatus,
};
use shared::secret::{Pin, ResponseText};
use shared::unblock::{self, Cipher};
use shared::words::{is_blocked, puk_of, tries_sentence};
use time::OffsetDateTime;

use super::access;
use crate::args::{self, Global, UnblockVerb};
use crate::exit::{Failure, failure, usage};
use crate::output::{Output, fields, note};
use crate::session::Session;
use crate::terminal::{Secrets, Terminal, admin_key};
use crate::words;

/// How often a response is asked for; one that is not well formed costs nothing.
const ROUNDS: u8 = 3;

/// `unblock …`
pub(super) fn run(unblock: args::Unblock, global: &Global, output: Output) -> Result<(), Failure> {
    match unblock.verb {
        None => whole(unblock.role.map_or(Role::USER, Role), global, output),
        Some(UnblockVerb::Start { which, new }) => start(Role(which.role), new, global, output),
        Some(UnblockVerb::Status) => status(global, output),
        Some(UnblockVerb::Respond(options)) => respond(&options, output),
        Some(UnblockVerb::Finish(source)) => finish(&source, global, output),
        Some(UnblockVerb::Puk { which, write }) => {
            let mut secrets = Secrets::open(&write.secrets)?;
            puk(Role(which.role), write.last_try, &mut secrets, &mut Session::open(global)?, output)
        }
        Some(UnblockVerb::Cancel) => cancel(global, output),
    }
}

fn cancel(global: &Global, output: Output) -> Result<(), Failure> {
    let mut session = Session::open(global)?;
    let state = session.on_card::<UnblockStatus>(|select| OnCard { select })?;
    let text = match state {
        UnblockState::Good { .. } => "The challenge is given up.\n",
        UnblockState::Void { .. } | UnblockState::None => "There is no challenge to give up.\n",
    };
    // Sent whatever the state is: the agent then lets go of the card for certain.
    let reply = session.on_card::<UnblockCancel>(|select| OnCard { select })?;
    output.show(reply, || text.into())
}

fn start(role: Role, new: bool, global: &Global, output: Output) -> Result<(), Failure> {
    let mut session = Session::open(global)?;
    let (challenge, first) = match challenge_out(&mut session)? {
        Some(out) if !new && out.role == role => {
            (out, "This is the challenge that is out. For another one: kortti unblock start --new\n\n")
        }
        Some(_) => (take(&mut session, role)?, "The challenge that was out is void now.\n\n"),
        None => match way(&mut session, role)? {
            Way::Challenge(access) => (take_if_meant(&mut session, role, &access)?, ""),
            Way::Puk => {
                let message = format!("{BY_PUK} Use instead: kortti unblock puk");
                return Err(failure(ErrorCode::NotSupported, message));
            }
        },
    };
    output.show(&challenge, || {
        let text = challenge_text(&challenge, OffsetDateTime::now_utc(), output.width);
        format!(
            "{first}{text}\nRead these to your administrator, and leave the card in.\n\
             Then run: kortti unblock finish\n"
        )
    })
}

/// The good challenge that is out, if one is.
fn challenge_out(session: &mut Session) -> Result<Option<Challenge>, Failure> {
    Ok(match session.on_card::<UnblockStatus>(|select| OnCard { select })? {
        UnblockState::Good { challenge, .. } => Some(challenge),
        UnblockState::Void { .. } | UnblockState::None => None,
    })
}

fn take(session: &mut Session, role: Role) -> Result<Challenge, Failure> {
    session.on_card::<UnblockStart>(|select| UnblockStartParams { select, role })
}

/// How a card is unblocked.
enum Way {
    /// By a challenge, which only its administrator can answer.
    Challenge(Access),
    /// By the PUK that it has instead.
    Puk,
}

/// What is said of a card that is unblocked with its PUK.
const BY_PUK: &str = "This card is unblocked with its PUK; it has no challenge.";

fn way(session: &mut Session, role: Role) -> Result<Way, Failure> {
    let access = session.on_card::<CardAccess>(|select| OnCard { select })?;
    let has_puk = puk_of(&access.pins, role).is_some();
    Ok(if has_puk { Way::Puk } else { Way::Challenge(access) })
}

/// Takes a challenge where none is out. Whoever sits at the terminal is asked first when the PIN needs no unblock,
/// since the card is of no other use until the challenge is answered or given up.
fn take_if_meant(session: &mut Session, role: Role, access: &Access) -> Result<Challenge, Failure> {
    if let (Some(terminal), Some(left)) = (session.terminal(), usable(&access.pins, role)) {
        let question = format!(
            "The PIN is not blocked{left}. Take a challenge all the same? Other programs are then kept off the card."
        );
        if !terminal.yes(&question)? {
            return Err(Failure::Cancelled);
        }
    }
    take(session, role)
}

/// How many tries a PIN has that is not blocked, to stand behind that.
fn usable(pins: &[PinStatus], role: Role) -> Option<String> {
    let pin = pins.iter().find(|pin| pin.role == role && !is_blocked(pin))?;
    Some(match pin.tries_left {
        None => String::new(),
        Some(1) => " (1 try left)".into(),
        Some(left) => format!(" ({left} tries left)"),
    })
}

/// What is read out.
fn challenge_text(challenge: &Challenge, now: OffsetDateTime, width: Option<usize>) -> String {
    fields(
        &[
            ("Reader", vec![challenge.reader.clone()]),
            ("CSN", vec![challenge.csn.to_string()]),
            ("Challenge", vec![grouped(&challenge.challenge.0, 4)]),
            ("Checksum", vec![challenge.checksum.clone()]),
            ("Card kept until", vec![words::deadline(&challenge.locked_until, now)]),
        ],
        width,
    )
}

fn status(global: &Global, output: Output) -> Result<(), Failure> {
    let state = Session::open(global)?.on_card::<UnblockStatus>(|select| OnCard { select })?;
    output.show(&state, || match &state {
        UnblockState::None => "No unblock was started. Start one with: kortti unblock start\n".into(),
        UnblockState::Void { reason } => {
            fields(&[("Challenge", vec!["void".into(), reason.clone()])], output.width)
        }
        UnblockState::Good { challenge, locked } => {
            let others = if *locked {
                "The challenge is good. Other programs are kept off the card."
            } else {
                "The challenge is good, but other programs can use the card now and make it void."
            };
            format!("{}\n{others}\n", challenge_text(challenge, OffsetDateTime::now_utc(), output.width))
        }
    })
}

/// The challenge that is out; an error when there is none or it is void.
fn good(state: UnblockState) -> Result<Challenge, Failure> {
    match state {
        UnblockState::Good { challenge, .. } => Ok(challenge),
        UnblockState::Void { reason } => Err(failure(
            ErrorCode::ChallengeVoid,
            format!(
                "The challenge is void: {reason} Nothing was sent. Get a new one with: kortti unblock start"
            ),
        )),
        UnblockState::None => Err(failure(
            ErrorCode::ChallengeVoid,
            "No unblock was started on this card. Start one with: kortti unblock start",
        )),
    }
}

fn finish(source: &args::Secrets, global: &Global, output: Output) -> Result<(), Failure> {
    let mut secrets = Secrets::open(source)?;
    let mut session = Session::open(global)?;
    let challenge = good(session.on_card::<UnblockStatus>(|select| OnCard { select })?)?;
    if let Some(terminal) = secrets.terminal() {
        terminal.say(&format!("Response to the challenge {}", grouped(&challenge.challenge.0, 4)));
    }
    let pin = answer(&mut session, &mut secrets, challenge)?;
    output.show(&pin, || unblocked_text(&pin))
}

/// Start and finish in one; goes on with a challenge that is already out.
fn whole(role: Role, global: &Global, output: Output) -> Result<(), Failure> {
    let mut secrets = Terminal::open().map(Secrets::Asked).ok_or_else(|| {
        usage("There is no terminal to ask at. Use instead: kortti unblock start, then kortti unblock finish")
    })?;
    let mut session = Session::open(global)?;
    let challenge = match challenge_out(&mut session)? {
        Some(challenge) if challenge.role == role => challenge,
        Some(_) => take(&mut session, role)?,
        None => match way(&mut session, role)? {
            Way::Challenge(access) => take_if_meant(&mut session, role, &access)?,
            Way::Puk => {
                access::say(&secrets, BY_PUK);
                return puk(role, false, &mut secrets, &mut session, output);
            }
        },
    };
    if let Some(terminal) = secrets.terminal() {
        for line in challenge_text(&challenge, OffsetDateTime::now_utc(), None).lines() {
            terminal.say(line);
        }
        terminal
            .say("Read these to your administrator, leave the card in, and type the response you are told.");
    }
    let pin = answer(&mut session, &mut secrets, challenge)?;
    output.show(&pin, || unblocked_text(&pin))
}

/// Asks for response and new PIN and sends both. Whoever gives up half way is told what becomes of the challenge.
fn answer(session: &mut Session, secrets: &mut Secrets, challenge: Challenge) -> Result<PinStatus, Failure> {
    let (response, new) = match ask(session, secrets, &challenge) {
        Err(Failure::Cancelled) => {
            note(&left_behind(session, &challenge));
            return Err(Failure::Cancelled);
        }
        asked => asked?,
    };
    let select = select(&challenge);
    let challenge = Some(challenge.challenge);
    session.call::<UnblockFinish>(&UnblockFinishParams { select, challenge, response, new })
}

/// The response and the new PIN. Nobody types a new PIN, twice, for a challenge that is void by then.
fn ask(
    session: &mut Session,
    secrets: &mut Secrets,
    challenge: &Challenge,
) -> Result<(ResponseText, Option<Pin>), Failure> {
    let response = response(secrets, challenge.challenge.0.len())?;
    if secrets.terminal().is_some() {
        still_good(session, challenge)?;
    }
    if session.has_pin_pad(&challenge.reader) {
        access::say(secrets, "Type the new PIN on the reader, twice.");
        return Ok((response, None));
    }
    let new = secrets.new_pin("PIN", challenge.policy.as_ref())?;
    Ok((response, Some(new)))
}

fn select(challenge: &Challenge) -> Select {
    Select { reader: Some(challenge.reader.clone()), card: Some(challenge.csn.to_string()) }
}

/// Fails unless this challenge is the one that is out, and good.
fn still_good(session: &mut Session, challenge: &Challenge) -> Result<(), Failure> {
    let now = good(session.call::<UnblockStatus>(&OnCard { select: select(challenge) })?)?;
    if now.challenge == challenge.challenge {
        return Ok(());
    }
    let message = "The challenge is void: another one was taken meanwhile. Nothing was sent. \
                   See it with: kortti unblock status";
    Err(failure(ErrorCode::ChallengeVoid, message))
}

/// What becomes of a challenge that nobody answers now.
fn left_behind(session: &mut Session, challenge: &Challenge) -> String {
    match still_good(session, challenge) {
        Ok(()) => {
            let role = match challenge.role {
                Role::USER => String::new(),
                Role(role) => format!(" --role {role}"),
            };
            format!(
                "The challenge stays good while the card stays in. Go on with: kortti unblock{role}. Or give it up, \
                 which frees the card, with: kortti unblock cancel"
            )
        }
        Err(Failure::Error(error)) => error.message,
        Err(Failure::Cancelled | Failure::OutputClosed | Failure::Ended(_)) => String::new(),
    }
}

/// A well-formed response to a challenge of `length` bytes.
fn response(secrets: &mut Secrets, length: usize) -> Result<ResponseText, Failure> {
    let mut round = 1;
    loop {
        let typed = secrets.response()?;
        let fault = match unblock::parse_response(&typed, length) {
            Ok(bytes) => {
                if let Some(terminal) = secrets.terminal() {
                    let checksum = unblock::checksum_text(&bytes);
                    terminal.say(&format!(
                        "Checksum of the response: {checksum}. If your administrator has another one, press Ctrl-C."
                    ));
                }
                return Ok(typed);
            }
            Err(fault) => fault,
        };
        match secrets.terminal() {
            Some(terminal) if round < ROUNDS => terminal.say(&format!("This is no response: {fault}.")),
            _ => {
                let message = format!("This is no response: {fault}. Nothing was sent to the card.");
                return Err(failure(ErrorCode::BadResponse, message));
            }
        }
        round += 1;
    }
}

fn puk(
    role: Role,
    last_try: bool,
    secrets: &mut Secrets,
    session: &mut Session,
    output: Output,
) -> Result<(), Failure> {
    let select = session.bind(secrets.terminal())?;
    let access = access::access(session, &select)?;
    let blocked = access::typed_pin(&access.pins, role)?;
    let puk = puk_of(&access.pins, role).ok_or_else(|| {
        let message = if blocked.unblocked_by.is_empty() {
            "This PIN has no PUK: nobody can unblock it."
        } else {
            "This card has no PUK for this PIN. Use instead: kortti unblock"
        };
        failure(ErrorCode::NotSupported, message)
    })?;
    if let (Some(terminal), Some(left)) = (secrets.terminal(), usable(&access.pins, role)) {
        terminal.say(&format!("The PIN is not blocked{left}. The PUK sets a new one all the same."));
    }
    let last_try = access::may_be_tried(puk, &access, last_try, secrets)?;
    let (puk, new) = if access.pin_pad {
        access::say(secrets, "Type on the reader: the PUK, then the new PIN twice.");
        (None, None)
    } else {
        (Some(secrets.pin("PUK")?), Some(secrets.new_pin("PIN", blocked.policy.as_ref())?))
    };
    let params = UnblockPukParams { select, role, puk, new, last_try };
    let pin = session.call::<UnblockPuk>(&params)?;
    output.show(&pin, || unblocked_text(&pin))
}

fn unblocked_text(pin: &PinStatus) -> String {
    format!("The PIN is unblocked, and the new one is set. {}\n", tries_sentence(pin.tries_left))
}

#[derive(Serialize)]
struct Response {
    challenge: Hex,
    challenge_checksum: String,
    response: Hex,
    response_checksum: String,
}

fn respond(options: &args::Respond, output: Output) -> Result<(), Failure> {
    // This needs no agent, so the settings are read here.
    let settings = config::load(&Places::of_this_user(), &Loaded::default()).config;
    if !settings.unblock.calculate_response_visible {
        let message = "The policy of this machine does not allow responses to be calculated here. `kortti config` says who \
                       settled it.";
        return Err(failure(ErrorCode::Forbidden, message));
    }
    let challenge = challenge(options)?;
    let key = unblock::parse_key(&admin_key(options)?)
        .ok_or_else(|| usage("The admin key is not one: 32, 48 or 64 hexadecimal digits are expected."))?;
    if let Some(name) = unblock::default_key_name(&key) {
        note(&format!(
            "Warning: this is a well-known factory key ({name}). Anybody can unblock a card that has it; give the \
             card a key of its own."
        ));
    }
    let response = unblock::respond(&challenge, &key, options.cipher.map(Cipher::from)).map_err(|error| {
        let hint = if error == unblock::RespondError::EitherCipher { " with --cipher" } else { "" };
        usage(format!("There is no response: {error}{hint}."))
    })?;
    let reply = Response {
        challenge_checksum: unblock::checksum_text(&challenge),
        challenge: Hex(challenge),
        response_checksum: unblock::checksum_text(&response),
        response: Hex(response.to_vec()),
    };
    output.show(&reply, || {
        fields(
            &[
                ("Response", vec![grouped(&reply.response.0, 4)]),
                ("Checksum", vec![reply.response_checksum.clone()]),
            ],
            output.width,
        )
    })
}

/// The challenge that the holder of the card reads out.
fn challenge(options: &args::Respond) -> Result<Vec<u8>, Failure> {
    let not_one = |fault| usage(format!("This is no challenge: {fault}."));
    if let Some(typed) = &options.challenge {
        return unblock::parse_challenge(typed).map_err(not_one);
    }
    let terminal = Terminal::open()
        .ok_or_else(|| usage("There is no terminal to ask for the challenge. Name it with --challenge."))?;
    let challenge = unblock::parse_challenge(&terminal.ask("Challenge:")?).map_err(not_one)?;
    terminal.say(&format!(
        "Checksum of the challenge: {}. If the holder of the card has another one, press Ctrl-C.",
        unblock::checksum_text(&challenge)
    ));
    Ok(challenge)
}
