//! One card as a whole: everything about it, and its repair.

use shared::Result;
use shared::model::{CardDetails, Csn, Role};
use shared::rpc::events::{Cause, Change, OnCardEvent};
use shared::rpc::methods::{OnCard, RepairParams, RepairReply};

use crate::service::certificates::Cache;
use crate::service::{Service, pins};

/// Everything there is to know about a card without a PIN.
pub fn show(service: &Service, params: &OnCard) -> Result<CardDetails> {
    let target = service.registry().find(&params.select)?;
    target.ask(move |desk, turn, target| {
        let mut cache = desk.cache.take();
        let pins = desk.operate(turn, target, |card| {
            let pins = card.pins()?;
            match target.card.csn {
                Some(_) => Cache::refresh(&mut cache, card, target)?,
                // Another program may have personalised it since.
                None => drop(pins::confirm(card, target)?),
            }
            Ok(pins)
        })?;
        let (contents, certificates) = match &cache {
            Some(cache) => (cache.contents.clone(), cache.listed.clone()),
            None => Default::default(),
        };
        desk.cache = cache;
        Ok(CardDetails {
            reader: target.reader.clone(),
            atr: target.atr.clone(),
            csn_guid: target.card.csn.as_ref().and_then(Csn::guid),
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

/// Mends what an interrupted write left.
pub fn repair(service: &Service, params: RepairParams) -> Result<RepairReply> {
    let target = service.registry().find(&params.select)?;
    target.ask(move |desk, turn, target| {
        desk.cache = None;
        let repaired = desk.operate(turn, target, |card| {
            pins::present(card, target, turn, &params.pin, params.last_try)?;
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
