//! Unblocking a PIN, by challenge and response or by PUK.

use card::UnblockProof;
use shared::config::UnblockMethod;
use shared::model::{PinKind, PinStatus, Role};
use shared::rpc::events::Change;
use shared::rpc::methods::{
    Challenge, Empty, OnCard, UnblockFinishParams, UnblockPukParams, UnblockStartParams, UnblockState,
};
use shared::{Error, ErrorCode, Result};

use crate::service::{Service, pins, rules};
use crate::worker::Answer;

/// Takes a challenge.
pub fn start(service: &Service, params: &UnblockStartParams) -> Result<Challenge> {
    rules::unblock(&service.policy().now().config, UnblockMethod::Challenge)?;
    let target = service.registry().find(&params.select)?;
    let worker = target.worker.clone();
    worker.start_unblock(target, params.role)
}

/// Whether it is still good.
pub fn status(service: &Service, params: &OnCard) -> Result<UnblockState> {
    service.registry().find_challenge(&params.select)?.unblock_status()
}

/// Answers it.
pub fn finish(service: &Service, params: UnblockFinishParams) -> Result<PinStatus> {
    let UnblockFinishParams { select, challenge, response, new } = params;
    let answer = Answer { challenge, response, new };
    service.registry().find_challenge(&select)?.finish_unblock(answer)
}

/// Gives it up.
pub fn cancel(service: &Service, params: &OnCard) -> Result<Empty> {
    service.registry().find_challenge(&params.select)?.cancel_unblock().map(|()| Empty {})
}

/// Unblocks with the PUK.
pub fn puk(service: &Service, params: UnblockPukParams) -> Result<PinStatus> {
    rules::unblock(&service.policy().now().config, UnblockMethod::Puk)?;
    let target = service.registry().find(&params.select)?;
    target.ask(move |desk, turn, target| {
        let UnblockPukParams { role, last_try, .. } = &params;
        let policy = desk.policy();
        rules::unblock(&policy.config, UnblockMethod::Puk)?;
        let puk = pins::entry(params.puk.as_ref(), target.pin_pad)?;
        let new = pins::entry(params.new.as_ref(), target.pin_pad)?;
        let unblocked = desk.operate(turn, target, |card| {
            pins::confirm(card, target)?;
            let pins = card.pins()?;
            if pins::find(&pins, Role::ADMIN)?.kind != PinKind::Typed {
                let words = "This card has no PUK. Its administrator unblocks it: kortti unblock start";
                return Err(Error::new(ErrorCode::NotSupported, words).into());
            }
            pins::fits(pins::find(&pins, *role)?.policy.as_ref(), &policy.config.pin, new)?;
            pins::admit(&pins, &policy.config.pin, Role::ADMIN, puk, *last_try)?;
            if !turn.commit() {
                return Err(pins::left());
            }
            card.unblock(*role, UnblockProof::Puk(puk), new)?;
            Ok(pins::after_setting(card, *role, pins::find(&pins, *role)?.policy.clone()))
        });
        pins::report(desk.registry(), target, Role::ADMIN, unblocked.as_ref().err());
        let status = unblocked?;
        desk.touched(target, &[*role], false);
        if let Some(csn) = &target.card.csn {
            desk.registry().publish(Change::PinUnblocked(pins::event(&target.reader, csn, &status)));
        }
        Ok(status)
    })
}
