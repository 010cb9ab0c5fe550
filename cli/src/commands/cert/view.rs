//! `cert view`: every field of a certificate.

use serde::Serialize;
use shared::model::{
    Certificate, CertificateFields, CertificateView, Container, DefaultSource, KeyOrigin, NamedOid, Role,
};
use shared::rpc::methods::{CardShow, CertParams, CertView, OnCard};
use time::OffsetDateTime;

use crate::args::Global;
use crate::exit::Failure;
use crate::output::{Output, fields};
use crate::session::Session;
use crate::words::{self, moment, yes_no};

/// `cert view`
pub(super) fn run(cert: &str, global: &Global, output: Output) -> Result<(), Failure> {
    let mut session = Session::open(global)?;
    let view = view(&mut session, cert)?;
    let key = key_of(&mut session, &view.summary)?;
    output.show(Viewed { view: &view, key: key.as_ref() }, || {
        view_text(&view, key.as_ref(), OffsetDateTime::now_utc(), output.width)
    })
}

/// A certificate of the card that is meant.
pub(super) fn view(session: &mut Session, cert: &str) -> Result<CertificateView, Failure> {
    session.on_card::<CertView>(|select| CertParams { select, certificate: cert.into() })
}

/// A view with what the card tells of the private key.
#[derive(Serialize)]
struct Viewed<'a> {
    #[serde(flatten)]
    view: &'a CertificateView,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a Container>,
}

/// What the card tells of a certificate's key, on cards with slots; others tell nothing more than the certificate does.
fn key_of(session: &mut Session, certificate: &Certificate) -> Result<Option<Container>, Failure> {
    if certificate.slot.is_none() {
        return Ok(None);
    }
    let card = session.on_card::<CardShow>(|select| OnCard { select })?;
    Ok(card.containers.into_iter().find(|container| Some(container.index) == certificate.container))
}

fn view_text(
    view: &CertificateView,
    key: Option<&Container>,
    now: OffsetDateTime,
    width: Option<usize>,
) -> String {
    let row = &view.summary;
    let named = |place: String| match row.container_name.as_deref().filter(|name| !name.is_empty()) {
        Some(name) => format!("{place}, {name}"),
        None => place,
    };
    let place = match (&row.slot, row.container) {
        (Some(slot), _) => ("Slot", named(slot.clone())),
        (None, Some(container)) => ("Container", named(container.to_string())),
        (None, None) => ("Container", "none".into()),
    };
    let pin = match (row.role, row.pin_type) {
        (Some(Role::EVERYONE), _) => Some("none".into()),
        (Some(role), Some(pin_type)) => Some(format!("{}, {pin_type}", role.0)),
        _ => None,
    };
    let default = match row.default_source.filter(|_| row.slot.is_some()) {
        Some(DefaultSource::Slot9A) => "yes: Windows takes the certificate in slot 9A".into(),
        Some(DefaultSource::ContainerMap) => "yes: the card's container map marks it".into(),
        None => yes_no(row.default),
    };
    let origin = key.and_then(|key| key.origin).map(|origin| match origin {
        KeyOrigin::Generated => "on the card",
        KeyOrigin::Imported => "elsewhere, and imported",
    });
    let told = |words: Option<&'static str>| words.map(str::to_owned).into_iter().collect();
    let mut text = fields(
        &[
            ("ID", vec![row.id.clone()]),
            ("Damaged", row.damaged.iter().cloned().collect()),
            (place.0, vec![place.1]),
            ("PIN", pin.into_iter().collect()),
            ("PIN wanted", told(key.and_then(|key| key.pin_use).map(words::pin_use))),
            ("Touch wanted", told(key.and_then(|key| key.touch_use).map(words::touch_use))),
            ("Default", vec![default]),
            ("Key on the card", vec![yes_no(row.has_key)]),
            ("Key made", told(origin)),
        ],
        width,
    );
    if let Some(fields) = &view.fields {
        text.push('\n');
        text.push_str(&certificate_text(fields, now, width));
    }
    for issuer in &view.chain {
        text.push_str("\nIssuer on the card\n");
        text.push_str(&certificate_text(issuer, now, width));
    }
    text
}

fn certificate_text(certificate: &CertificateFields, now: OffsetDateTime, width: Option<usize>) -> String {
    let named = |oids: &[NamedOid]| -> Vec<String> {
        oids.iter()
            .map(|oid| match &oid.name {
                Some(name) => format!("{name} ({})", oid.oid),
                None => oid.oid.clone(),
            })
            .collect()
    };
    let authority = match (certificate.authority, certificate.path_length) {
        (false, _) => vec![],
        (true, None) => vec!["yes".into()],
        (true, Some(length)) => vec![format!("yes, with {length} further authorities below it")],
    };
    fields(
        &[
            ("Subject", vec![certificate.subject.clone()]),
            (
                "Also named",
                certificate
                    .alternative_names
                    .iter()
                    .map(|name| format!("{} {}", name.kind, name.value))
                    .collect(),
            ),
            ("Issuer", vec![certificate.issuer.clone()]),
            ("Serial number", vec![certificate.serial.to_string()]),
            ("Valid from", vec![moment(&certificate.not_before)]),
            (
                "Valid until",
                vec![
                    moment(&certificate.not_after)
                        + words::validity(&certificate.not_before, &certificate.not_after, now),
                ],
            ),
            ("Key usage", certificate.key_usage.clone()),
            ("Extended key usage", named(&certificate.extended_key_usage)),
            ("Authority", authority),
            ("Policies", named(&certificate.policies)),
            ("Public key", vec![certificate.key.to_string(), certificate.public_key.to_string()]),
            ("Signed with", vec![certificate.signature_algorithm.clone()]),
            ("Subject key id", certificate.subject_key_id.iter().map(ToString::to_string).collect()),
            ("Authority key id", certificate.authority_key_id.iter().map(ToString::to_string).collect()),
            ("Revocation lists", certificate.crl_urls.clone()),
            ("Authority access", certificate.authority_urls.clone()),
            ("X.509 version", vec![certificate.version.to_string()]),
            ("SHA-1", vec![certificate.sha1.to_string()]),
            ("SHA-256", vec![certificate.sha256.to_string()]),
        ],
        width,
    )
}
