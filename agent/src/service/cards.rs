//! One card as a whole: everything about it, and its repair.

use std::sync::Arc;

use card::SmartCard;
use shared::Result;
use shared::model::{CardDetails, Csn, Role};
use shared::rpc::events::{Cause, Change, OnCardEvent};
use shared::rpc::methods::{Access, OnCard, RepairParams, RepairReply};

use crate::errors::Failure;
use crate::service::authority::Authority;
use crate::service::{Service, pins};

/// Everything there is to know about a card without a PIN.
pub fn show(service: &Service, params: &OnCard) -> Result<CardDetails> {
    let target = service.registry().find(&params.select)?;
    target.ask(move |desk, turn, target| {
        let state = |card: &mut dyn SmartCard| -> std::result::Result<_, Failure> {
            Ok((card.pins()?, card.management_key()?, card.blocking_erases_keys()))
        };
        let ((pins, management_key, blocking_erases_keys), contents, certificates) = match target.card.csn {
            Some(_) => desk.ask(turn, target, |card, cache| {
                Ok((state(card)?, cache.contents.clone(), cache.listed.clone()))
            })?,
            None => desk.operate(turn, target, |card| {
                // Another program may have personalised it since.
                pins::confirm(card, target)?;
                Ok((state(card)?, Arc::default(), Vec::new()))
            })?,
        };
        let windows_id = match &contents.windows_id {
            Some(bytes) => Csn::new(bytes).guid(),
            None => target.card.csn.as_ref().and_then(Csn::guid),
        };
        Ok(CardDetails {
            reader: target.reader.clone(),
            atr: target.atr.clone(),
            windows_id,
            management_key,
            blocking_erases_keys,
            default_source: contents.default_source,
            initialised: target.card.csn.is_some(),
            card: target.card.clone(),
            pins,
            containers: contents.containers.clone(),
            certificates,
            space: contents.space.clone(),
            findings: contents.findings.clone(),
        })
    })
}

/// What a write needs.
pub fn access(service: &Service, params: &OnCard) -> Result<Access> {
    let target = service.registry().find(&params.select)?;
    let pin_pad = target.pin_pad;
    target.ask(move |desk, turn, target| {
        desk.operate(turn, target, |card| {
            Ok(Access {
                pins: card.pins()?,
                management_key: card.management_key()?,
                blocking_erases_keys: card.blocking_erases_keys(),
                pin_pad,
            })
        })
    })
}

/// Mends what an interrupted write left.
pub fn repair(service: &Service, params: RepairParams) -> Result<RepairReply> {
    let target = service.registry().find(&params.select)?;
    target.ask(move |desk, turn, target| {
        desk.cache = None;
        let authority = Authority::of(params.pin.as_ref(), params.management_key.as_ref(), params.last_try)?;
        let repaired = desk.operate(turn, target, |card| {
            authority.prove(card, target, turn)?;
            let mended = card.repair()?;
            // What was mended is mended, also when the card goes before it can be looked at once more.
            Ok(RepairReply {
                mended,
                remaining: card.contents().map(|contents| contents.findings).unwrap_or_default(),
            })
        });
        pins::report(desk.registry(), target, Role::USER, repaired.as_ref().err());
        let reply = repaired?;
        if let Some(csn) = target.card.csn.clone().filter(|_| !reply.mended.is_empty()) {
            let event = OnCardEvent { reader: target.reader.clone(), csn, cause: Cause::User };
            desk.registry().publish(Change::CardRepaired(event));
        }
        Ok(reply)
    })
}
