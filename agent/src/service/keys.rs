//! Keys that are made on a card, and moved from slot to slot.

use std::sync::Arc;

use card::key::{PublicKey, Scheme, Signature};
use card::x509::issue::{self, AlternativeName, Content, ExtendedKeyUsage, KeyUsage, Unsigned};
use card::{Import, NewKey, Placement, SmartCard, x509};
use shared::model::{Certificate, Edge, KeyFamily, PinUse};
use shared::rpc::events::{Cause, Change, KeyEvent};
use shared::rpc::methods::{GenerateParams, GenerateReply, KeyPlan, MoveParams, PlaceParams, Product};
use shared::{Error, ErrorCode, Result, pem};

use crate::clock;
use crate::errors::{self, Failure};
use crate::registry::Target;
use crate::service::authority::Authority;
use crate::service::certificates::{
    allow, announce, changed, choose, chosen_slot, list_of, named, only, slot_text, write,
};
use crate::service::touch::Touch;
use crate::service::{Service, pins, rules};

/// Where a new key would go.
pub fn place(service: &Service, params: &PlaceParams) -> Result<KeyPlan> {
    let target = service.registry().find(&params.select)?;
    let container = chosen_slot(&target, params.slot.as_deref())?;
    let new =
        NewKey { container, algorithm: params.algorithm, pin_use: None, touch_use: None, default: false };
    target.ask(move |desk, turn, target| {
        let csn = target.card.csn.clone().ok_or_else(|| errors::card(&card::Error::NotInitialised))?;
        desk.ask(turn, target, |card, cache| {
            pins::confirm(card, target)?;
            let placement = card.place_key(&new)?;
            let replaced = placement.replaces.as_deref().and_then(|id| cache.find(id));
            Ok(KeyPlan {
                csn: csn.clone(),
                reader: target.reader.clone(),
                container: placement.container,
                slot: slot_text(target, placement.container),
                replaces: replaced.map(|certificate| certificate.common_name.clone()),
                overwrites_key: placement.overwrites_key,
            })
        })
    })
}

/// The most alternative names, and the most bytes that they have together. A certificate with more fits no card, which
/// would be found out when the old key of the slot is lost already.
const MAX_NAMES: usize = 16;
const MAX_NAMES_TEXT: usize = 1024;

/// What a new key is made for.
struct Order {
    new: NewKey,
    product: Product,
    subject: Option<x509::Name>,
    alternative_names: Vec<AlternativeName>,
    days: u16,
}

/// Makes a key, and a certificate or a request for one.
pub fn generate(service: &Service, params: GenerateParams) -> Result<GenerateReply> {
    let target = service.registry().find(&params.select)?;
    let order = Arc::new(order(&target, &params)?);
    target.ask(move |desk, turn, target| {
        let policy = desk.policy();
        let mut authority = Authority::of(
            &policy.config.pin,
            params.pin.as_ref(),
            params.management_key.as_ref(),
            params.last_try,
        )?;
        let renew = policy.config.cert.renew_identifier;
        let made = write(desk, turn, target, |card| {
            // Whatever can be refused is refused before the PIN costs a try or the card is written.
            let placement = card.place_key(&order.new)?;
            allow(target, &placement, params.overwrite, &policy.config)?;
            if placement.replaces.is_some() {
                rules::delete(&policy.config)?;
            }
            // The new key signs, for which it wants the PIN unless its slot or its policy says otherwise.
            let pinless = order.new.pin_use.map_or(placement.container == 0x9E, |pin| pin == PinUse::Never);
            authority.pin_wanted(order.product != Product::Key && !pinless);
            authority.prove(card, target, turn)?;
            let public_key = card.generate(&order.new)?;
            let made = certify(card, target, &order, &authority, &placement, &public_key);
            changed(card, renew);
            made.map_err(|failure| without_certificate(target, &placement, failure))
        })?;
        if let Some(csn) = target.card.csn.clone() {
            let event = KeyEvent {
                reader: target.reader.clone(),
                csn,
                container: made.container,
                cause: Cause::User,
            };
            desk.registry().publish(Change::KeyGenerated(event));
        }
        if let Some(certificate) = &made.certificate {
            announce(desk, target, &certificate.id, Change::CertImported);
            if params.default {
                announce(desk, target, &certificate.id, Change::DefaultChanged);
            }
        }
        Ok(made)
    })
}

/// Reads what can be refused before the card is looked at.
fn order(target: &Target, params: &GenerateParams) -> Result<Order> {
    let GenerateParams { algorithm, pin_use, touch_use, default, product, days, .. } = *params;
    let container = chosen_slot(target, params.slot.as_deref())?;
    let new = NewKey { container, algorithm, pin_use, touch_use, default };
    if days == 0 && product == Product::Certificate {
        let words = "A certificate is valid for one day at least. Nothing was sent.";
        return Err(Error::new(ErrorCode::BadRequest, words));
    }
    if product == Product::Key {
        return Ok(Order { new, product, subject: None, alternative_names: Vec::new(), days });
    }
    if Scheme::of(algorithm).is_none() {
        let words = format!(
            "A key of the kind {algorithm} cannot sign, so it can have neither a certificate signed by itself nor a \
             request. Nothing was sent."
        );
        return Err(Error::new(ErrorCode::NotSupported, words));
    }
    let told = |why: String| Error::new(ErrorCode::BadRequest, why);
    let text: usize = params.alternative_names.iter().map(|name| name.value.len()).sum();
    if params.alternative_names.len() > MAX_NAMES || text > MAX_NAMES_TEXT {
        let words = format!(
            "These are too many other names for a card: it has room for {MAX_NAMES} of them, and for {MAX_NAMES_TEXT} \
             bytes of them altogether. Nothing was sent."
        );
        return Err(told(words));
    }
    let name = |name: &shared::model::AlternativeName| match name.kind.as_str() {
        "email" => AlternativeName::email(&name.value),
        "dns" => AlternativeName::dns(&name.value),
        "upn" => AlternativeName::user_principal_name(&name.value),
        _ => Err("Alternative names can be of the kinds email, dns and upn.".to_owned()),
    };
    Ok(Order {
        new,
        product,
        subject: Some(params.subject.parse().map_err(told)?),
        alternative_names: params
            .alternative_names
            .iter()
            .map(name)
            .collect::<std::result::Result<_, String>>()
            .map_err(told)?,
        days,
    })
}

/// Makes of a new key what was wanted. The key stays, whatever becomes of this.
fn certify(
    card: &mut dyn SmartCard,
    target: &Target,
    order: &Order,
    authority: &Authority<'_>,
    placement: &Placement,
    public_key: &PublicKey,
) -> std::result::Result<GenerateReply, Failure> {
    let container = placement.container;
    let mut reply = GenerateReply {
        container,
        slot: slot_text(target, container),
        certificate: None,
        request: None,
        public_key: x509::public_key_info(public_key)
            .map(|der| pem::encode("PUBLIC KEY", &der))
            .unwrap_or_default(),
    };
    let Some(subject) = &order.subject else { return Ok(reply) };
    let (key_usages, extended_key_usages) = usages(target, container, public_key.algorithm().family);
    let content = Content {
        subject,
        public_key,
        alternative_names: &order.alternative_names,
        key_usages,
        extended_key_usages,
    };
    let told = |why: String| Error::new(ErrorCode::NotSupported, why);
    if order.product == Product::Request {
        let unsigned = issue::request(&content).map_err(told)?;
        let der = unsigned.signed(&sign(card, target, order, authority, container, &unsigned)?);
        reply.request = Some(pem::encode("CERTIFICATE REQUEST", &der));
        return Ok(reply);
    }
    let (from, to) = clock::days_from_now(order.days);
    let unsigned = issue::self_signed(&content, from, to).map_err(told)?;
    let der = unsigned.signed(&sign(card, target, order, authority, container, &unsigned)?);
    let import = Import {
        certificate: &der,
        public_key,
        private_key: None,
        chain: &[],
        container: Some(container),
        default: order.new.default,
    };
    let id = card.import(&import)?;
    // It is imported, read back and compared; a card that goes now has it.
    let contents = card.contents().unwrap_or_else(|_| only(&id, container, &import));
    reply.certificate = Some(choose(&list_of(&contents), &id)?.clone());
    Ok(reply)
}

fn sign(
    card: &mut dyn SmartCard,
    target: &Target,
    order: &Order,
    authority: &Authority<'_>,
    container: u8,
    unsigned: &Unsigned,
) -> std::result::Result<Signature, Failure> {
    let _touch = Touch::for_key(target, order.new.touch_use);
    Ok(card.sign(container, unsigned.to_be_signed(), authority.pin(target).ok())?)
}

/// What a certificate for this slot is usually for (SP 800-73-4 part 1, section 3.3; card-piv.md 5.2).
fn usages(
    target: &Target,
    container: u8,
    family: KeyFamily,
) -> (&'static [KeyUsage], &'static [ExtendedKeyUsage]) {
    use {ExtendedKeyUsage as E, KeyUsage as K};
    match (target.card.edge, container, family) {
        (Edge::Piv, 0x9C, _) => (&[K::DigitalSignature, K::NonRepudiation], &[E::EmailProtection]),
        (Edge::Piv, 0x9D | 0x82..=0x95, KeyFamily::Rsa) => (&[K::KeyEncipherment], &[E::EmailProtection]),
        (Edge::Piv, 0x9D | 0x82..=0x95, KeyFamily::Ec) => (&[K::KeyAgreement], &[E::EmailProtection]),
        _ => (&[K::DigitalSignature], &[E::ClientAuthentication]),
    }
}

/// A failure after the key was made: it is there, and whoever reads this must know.
fn without_certificate(target: &Target, placement: &Placement, failure: Failure) -> Failure {
    let mut error = Error::from(failure);
    let place = slot_text(target, placement.container)
        .map_or_else(|| format!("container {}", placement.container), |slot| format!("slot {slot}"));
    error.message.push_str(&format!(" The new key is in {place}, and has no certificate."));
    error.into()
}

/// Moves a certificate and its key.
pub fn move_to(service: &Service, params: MoveParams) -> Result<Certificate> {
    let target = service.registry().find(&params.select)?;
    let to = chosen_slot(&target, Some(&params.slot))?;
    target.ask(move |desk, turn, target| {
        let policy = desk.policy();
        let authority = Authority::of(&policy.config.pin, params.pin.as_ref(), params.management_key.as_ref(), params.last_try)?;
        let renew = policy.config.cert.renew_identifier;
        let (id, certificate) = write(desk, turn, target, |card| {
            let contents = card.contents()?;
            let listed = list_of(&contents);
            let from = match choose(&listed, &params.certificate) {
                Ok(certificate) => certificate.container,
                Err(error) => Some(named(&contents.containers, &params.certificate).ok_or(error)?.index),
            };
            let (Some(from), Some(to)) = (from, to) else {
                let words = "This certificate is in no slot that it could be moved from.";
                return Err(Error::new(ErrorCode::NotSupported, words).into());
            };
            let taken = contents.containers.iter().any(|container| container.index == to && container.has_key)
                || listed.iter().any(|certificate| certificate.container == Some(to));
            if taken {
                let words = format!(
                    "Slot {to:02X} is not free. Nothing was sent; move or delete first what is in it, or choose another."
                );
                return Err(Error::new(ErrorCode::WouldOverwrite, words).into());
            }
            card.admits(&card::Change::Move { from, to })?;
            authority.prove(card, target, turn)?;
            card.move_key(from, to)?;
            changed(card, renew);
            let after = card.contents()?;
            let moved = list_of(&after).into_iter().find(|certificate| certificate.container == Some(to));
            Ok((moved.as_ref().map(|certificate| certificate.id.clone()).unwrap_or_default(), moved))
        })?;
        announce(desk, target, &id, Change::CertMoved);
        certificate.ok_or_else(|| {
            let words = "The key was moved. It has no certificate that could be shown.";
            Error::new(ErrorCode::NotFound, words)
        })
    })
}
