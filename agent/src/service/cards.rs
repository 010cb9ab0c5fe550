//! One card as a whole: everything about it, and its repair.

use std::sync::Arc;

use card::SmartCard;
use shared::Result;
use shared::model::{CardDetails, Csn, Finding, ManagementKey, PinStatus, Role};
use shared::rpc::events::{Cause, Change, OnCardEvent};
use shared::rpc::methods::{Access, OnCard, RepairParams, RepairReply};

use crate::errors::Failure;
use crate::service::authority::Authority;
use crate::service::{Service, pins, rules};

/// How a card stands beside its contents.
struct State {
    pins: Vec<PinStatus>,
    management_key: Option<ManagementKey>,
    blocking_erases_keys: bool,
    windows_id: Option<String>,
    advice: Vec<Finding>,
}

impl State {
    fn of(card: &mut dyn SmartCard, personalised: bool) -> std::result::Result<Self, Failure> {
        let windows_id = if personalised { card.windows_id()? } else { None };
        Ok(Self {
            pins: card.pins()?,
            management_key: card.management_key()?,
            blocking_erases_keys: card.blocking_erases_keys(),
            windows_id: windows_id.and_then(|bytes| Csn::new(&bytes).guid()),
            advice: card.advice()?,
        })
    }
}

/// Everything there is to know about a card without a PIN.
pub fn show(service: &Service, params: &OnCard) -> Result<CardDetails> {
    let target = service.registry().find(&params.select)?;
    target.ask(move |desk, turn, target| {
        let (state, contents, certificates) = match target.card.csn {
            Some(_) => desk.ask(turn, target, |card, cache| {
                Ok((State::of(card, true)?, cache.contents.clone(), cache.listed.clone()))
            })?,
            None => desk.operate(turn, target, |card| {
                // Another program may have personalised it since.
                pins::confirm(card, target)?;
                Ok((State::of(card, false)?, Arc::default(), Vec::new()))
            })?,
        };
        let State { pins, management_key, blocking_erases_keys, windows_id, advice } = state;
        let pins = rules::shown(pins, &desk.policy().config.pin);
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
            findings: contents.findings.iter().cloned().chain(advice).collect(),
        })
    })
}

/// What a write needs.
pub fn access(service: &Service, params: &OnCard) -> Result<Access> {
    let target = service.registry().find(&params.select)?;
    let pin_pad = target.pin_pad;
    target.ask(move |desk, turn, target| {
        let policy = desk.policy();
        desk.operate(turn, target, |card| {
            Ok(Access {
                pins: rules::shown(card.pins()?, &policy.config.pin),
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
        let policy = desk.policy();
        let authority = Authority::of(
            &policy.config.pin,
            params.pin.as_ref(),
            params.management_key.as_ref(),
            params.last_try,
        )?;
        let repaired = desk.operate(turn, target, |card| {
            authority.prove(card, target, turn)?;
            let mended = card.repair()?;
            // What was mended is mended, also when the card goes before it can be looked at once more.
            Ok(RepairReply {
                mended,
                remaining: card
                    .contents()
                    .and_then(|contents| Ok([contents.findings, card.advice()?].concat()))
                    .unwrap_or_default(),
            })
        });
        pins::report(desk.registry(), target, Role::USER, repaired.as_ref().err());
        let reply = repaired?;
        desk.touched(target, &[], true);
        if let Some(csn) = target.card.csn.clone().filter(|_| !reply.mended.is_empty()) {
            let event = OnCardEvent { reader: target.reader.clone(), csn, cause: Cause::User };
            desk.registry().publish(Change::CardRepaired(event));
        }
        Ok(reply)
    })
}
