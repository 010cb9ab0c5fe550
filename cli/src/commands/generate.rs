//! `cert generate`: a key made on the card, with a certificate or a request for one.

use std::path::Path;

use shared::model::{AlternativeName, KeyAlgorithm, KeyFamily, PinUse, TouchUse};
use shared::rpc::methods::{
    CertGenerate, CertPlace, GenerateParams, GenerateReply, KeyPlan, PlaceParams, Product,
};

use super::access::{self, Authority, Wants};
use super::cert::{container_text, may_overwrite, named, replaced_default, replaced_text};
use crate::args::{Generate, Global};
use crate::exit::{Failure, usage};
use crate::files::{Overwrite, Reserved};
use crate::output::{Output, clean, note, print};
use crate::session::Session;
use crate::terminal::Secrets;

/// The slot whose key wants no PIN unless told otherwise (SP 800-73-4 part 1, table 4b).
const WITHOUT_PIN: &str = "9E";

/// Where a request or a public key goes.
enum Destination {
    Nowhere,
    StandardOutput,
    File(Reserved),
}

/// `cert generate`
pub(super) fn run(order: &Generate, global: &Global, output: Output) -> Result<(), Failure> {
    let algorithm = KeyAlgorithm::from(order.algorithm);
    let (pin_use, touch_use) = (order.pin_policy.map(PinUse::from), order.touch.map(TouchUse::from));
    let (product, file) = product(order);
    let mut secrets = Secrets::open(&order.write.write.secrets)?;
    // A request that finds no place once the key is made would be lost, so its place is made sure of first.
    let destination = destination(order, file, output)?;
    let mut session = Session::open(global)?;
    let select = session.bind(secrets.terminal())?;
    let slot = order.place.slot.clone();
    let plan =
        session.call::<CertPlace>(&PlaceParams { select: select.clone(), algorithm, slot: slot.clone() })?;
    note(&plan_text(&plan, algorithm));
    let place = container_text(plan.slot.as_deref(), plan.container);
    let overwrite = may_overwrite(plan.overwrites_key, &order.place, &place, &secrets)?;
    if order.default {
        replaced_default::warn(&mut session, &select, None, &secrets)?;
    }
    let signs = product != Product::Key;
    let wants_pin =
        pin_use.map_or(plan.slot.as_deref() != Some(WITHOUT_PIN), |wanted| wanted != PinUse::Never);
    let wants_touch = touch_use.is_some_and(|wanted| wanted != TouchUse::Never);
    let wants = Wants { pin: signs && wants_pin, touch: signs && wants_touch };
    let Authority { pin, management_key, last_try } =
        access::authorise(&mut session, &select, &order.write, &mut secrets, wants)?;
    if let Some(patience) = patience(algorithm) {
        note(patience);
    }
    let reply = session.call::<CertGenerate>(&GenerateParams {
        select,
        algorithm,
        slot,
        subject: order.subject.clone().unwrap_or_default(),
        alternative_names: alternative_names(order),
        product,
        days: order.days,
        pin_use,
        touch_use,
        default: order.default,
        overwrite,
        pin,
        management_key,
        last_try,
    })?;
    let written = match product {
        Product::Request => reply.request.as_deref().unwrap_or_default(),
        Product::Key | Product::Certificate => &reply.public_key,
    };
    match destination {
        Destination::Nowhere => {}
        Destination::StandardOutput => {
            generated_text(&reply, None).lines().for_each(note);
            return print(written.as_bytes());
        }
        Destination::File(reserved) => reserved.write(written.as_bytes())?,
    }
    output.show(&reply, || generated_text(&reply, file))
}

/// What is made of the key, and the file that it goes to.
fn product(order: &Generate) -> (Product, Option<&Path>) {
    match (&order.request, &order.public_key) {
        (Some(file), _) => (Product::Request, Some(file)),
        (None, Some(file)) => (Product::Key, Some(file)),
        (None, None) => (Product::Certificate, None),
    }
}

fn alternative_names(order: &Generate) -> Vec<AlternativeName> {
    let name = |kind: &str, value: &String| AlternativeName { kind: kind.into(), value: value.clone() };
    let emails = order.email.iter().map(|value| name("email", value));
    let hosts = order.dns.iter().map(|value| name("dns", value));
    let user = order.upn.iter().map(|value| name("upn", value));
    emails.chain(hosts).chain(user).collect()
}

fn destination(order: &Generate, file: Option<&Path>, output: Output) -> Result<Destination, Failure> {
    match file {
        None if order.force => Err(usage("Nothing is written to a file, so --force means nothing.")),
        None => Ok(Destination::Nowhere),
        Some(file) if file.as_os_str() == "-" => {
            if output.json {
                return Err(usage("Standard output cannot take it and JSON too. Name a file."));
            }
            Ok(Destination::StandardOutput)
        }
        Some(file) => {
            let overwrite = if order.force { Overwrite::Yes } else { Overwrite::No };
            Ok(Destination::File(Reserved::at(file, overwrite)?))
        }
    }
}

fn plan_text(plan: &KeyPlan, algorithm: KeyAlgorithm) -> String {
    let KeyPlan { csn, reader, .. } = plan;
    let place = container_text(plan.slot.as_deref(), plan.container);
    let replaced = replaced_text(plan.replaces.as_deref(), plan.overwrites_key);
    format!("A new key, {algorithm}, is made in {place} of the card {csn} in {reader}.{replaced}")
}

/// What is said of a key that takes a while to make; those on curves are there at once.
fn patience(algorithm: KeyAlgorithm) -> Option<&'static str> {
    match (algorithm.family, algorithm.bits) {
        (KeyFamily::Rsa, 0..=2048) => Some("The card makes the key now. That takes some seconds."),
        (KeyFamily::Rsa, _) => Some("The card makes the key now. That takes a minute or more; leave it in."),
        _ => None,
    }
}

fn generated_text(reply: &GenerateReply, file: Option<&Path>) -> String {
    if let Some(certificate) = &reply.certificate {
        return format!("Generated: {}\n", named(certificate));
    }
    let place = container_text(reply.slot.as_deref(), reply.container);
    let mut text = format!("Generated: the key in {}\n", clean(&place));
    if let Some(file) = file {
        text.push_str(&format!("Written: {}\n", clean(&file.display().to_string())));
    }
    if reply.request.is_some() {
        text.push_str("Send it to your authority; import the answer with: kortti cert import FILE\n");
    }
    text
}
