//! `cert`: the certificates of a card.

mod delete;
pub(super) mod replaced_default;
mod view;

use std::path::Path;

use serde::Serialize;
use shared::model::{Certificate, CertificateFields, CertificateView, DefaultSource};
use shared::rpc::methods::{
    CardShow, CertDefault, CertImport, CertInspect, CertList, CertMove, CertParams, CertView,
    CertWriteParams, ImportParams, ImportPlan, ImportReply, InspectParams, MoveParams, OnCard, Select,
};
use shared::secret::{FileText, Password};
use shared::{ErrorCode, pem};
use time::OffsetDateTime;

use self::delete::{Deletion, without_certificate};
use self::view::view;
use super::access::{self, Authority, Wants};
use super::generate;
use crate::args::{self, Cert, Export, Format, Global};
use crate::exit::{Failure, failure, usage};
use crate::files::{self, Overwrite};
use crate::output::{Output, Row, clean, note, print, table, wrap};
use crate::session::Session;
use crate::terminal::Secrets;
use crate::words;

#[derive(Serialize)]
struct Certificates<'a> {
    certificates: &'a [Certificate],
}

/// `cert …`
pub(super) fn run(verb: Cert, global: &Global, output: Output) -> Result<(), Failure> {
    match verb {
        Cert::List => list(global, output),
        Cert::View { which } => view::run(&which.cert, global, output),
        Cert::Export(options) => export(&options, global, output),
        Cert::Import { file, place, default, write } => {
            import(&Order { file: &file, place: &place, default }, &write, global, output)
        }
        Cert::Generate(order) => generate::run(&order, global, output),
        Cert::Move { which, to, write } => r#move(&which.cert, &to, &write, global, output),
        Cert::Default { which, write } => make_default(&which.cert, &write, global, output),
        Cert::Delete { which, keep_key, yes, write } => {
            delete::run(&Deletion { cert: &which.cert, keep_key, yes }, &write, global, output)
        }
    }
}

fn list(global: &Global, output: Output) -> Result<(), Failure> {
    let certificates = Session::open(global)?.on_card::<CertList>(|select| OnCard { select })?;
    output.show(Certificates { certificates: &certificates }, || {
        if certificates.is_empty() {
            "The card holds no certificate.\n".into()
        } else {
            certificates_text(&certificates, output.width, OffsetDateTime::now_utc())
        }
    })
}

/// Certificates as a table, in which a line below each says what it is for; and below it what makes the default one
/// the default, where cards differ in that.
pub(super) fn certificates_text(
    certificates: &[Certificate],
    width: Option<usize>,
    now: OffsetDateTime,
) -> String {
    let slots = certificates.iter().any(|certificate| certificate.slot.is_some());
    let rows: Vec<Row> = certificates.iter().map(|certificate| row(certificate, slots, now)).collect();
    let headers: &[&str] = if slots {
        &["", "SLOT", "~NAME", "~ISSUER", "VALID UNTIL", "KEY", "~PIN"]
    } else {
        &["", "ID", "~NAME", "~ISSUER", "VALID UNTIL", "CONTAINER", "KEY", "~PIN"]
    };
    let mut text = table(headers, &rows, width);
    let in_slot = certificates.iter().find(|certificate| certificate.default && certificate.slot.is_some());
    if let Some(source) = in_slot.and_then(|certificate| certificate.default_source) {
        text.push_str(&(wrap(words::default_rule(source), width).join("\n") + "\n"));
    }
    text
}

/// The row of a certificate. Where there are slots, the slot says what the ID and the container do elsewhere.
fn row(certificate: &Certificate, slots: bool, now: OffsetDateTime) -> Row {
    let not_before = certificate.not_before.as_deref();
    let container = certificate.container.map_or_else(|| "none".into(), |container| container.to_string());
    let mut cells = vec![
        if certificate.default { "*".into() } else { String::new() },
        certificate.slot.clone().unwrap_or_else(|| certificate.id.clone()),
        if certificate.damaged.is_some() { "damaged".into() } else { certificate.common_name.clone() },
        certificate.issuer_name.clone(),
        words::valid_until(not_before, certificate.not_after.as_deref(), now),
    ];
    if !slots {
        cells.push(container);
    }
    cells.push(if certificate.has_key { "yes".into() } else { "no".into() });
    cells.push(words::guarded_by(certificate));
    let below = certificate.damaged.clone().unwrap_or_else(|| certificate.usage.join(", "));
    Row { cells, below }
}

#[derive(Serialize)]
struct Exported<'a> {
    file: &'a Path,
    format: &'a str,
    certificates: usize,
}

fn export(options: &Export, global: &Global, output: Output) -> Result<(), Failure> {
    let to_stdout = options.file.as_os_str() == "-";
    let format = format_of(options, to_stdout)?;
    if options.chain && format == Format::Der {
        return Err(usage("A DER file holds one certificate. For the chain use --format pem."));
    }
    if to_stdout && output.json {
        return Err(usage("Standard output cannot take the certificate and JSON. Name a file."));
    }
    let view = view(&mut Session::open(global)?, &options.which.cert)?;
    let Some(certificate) = &view.fields else {
        let reason = view.summary.damaged.as_deref().unwrap_or("It cannot be read.");
        return Err(failure(ErrorCode::Damaged, format!("The certificate is damaged: {reason}")));
    };
    let chain: &[CertificateFields] = if options.chain { &view.chain } else { &[] };
    let (bytes, name) = match format {
        Format::Der => (certificate.der.0.clone(), "der"),
        Format::Pem => {
            let all = std::iter::once(certificate).chain(chain);
            (
                all.map(|certificate| pem::encode("CERTIFICATE", &certificate.der.0))
                    .collect::<String>()
                    .into_bytes(),
                "pem",
            )
        }
    };
    if to_stdout {
        return print(&bytes);
    }
    files::write(&options.file, &bytes, if options.force { Overwrite::Yes } else { Overwrite::No })?;
    let exported = Exported { file: &options.file, format: name, certificates: 1 + chain.len() };
    output.show(exported, || format!("Written: {}\n", clean(&options.file.display().to_string())))
}

fn format_of(options: &Export, to_stdout: bool) -> Result<Format, Failure> {
    if let Some(format) = options.format {
        return Ok(format);
    }
    if to_stdout {
        return Ok(Format::Pem);
    }
    let extension = options.file.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    match extension.as_deref() {
        Some("cer" | "der") => Ok(Format::Der),
        Some("pem" | "crt") => Ok(Format::Pem),
        _ => Err(usage("The file's name does not say its format. Use --format der or --format pem.")),
    }
}

/// What is to be imported, and where to.
struct Order<'a> {
    file: &'a Path,
    place: &'a args::Place,
    default: bool,
}

fn import(
    order: &Order<'_>,
    write: &args::CardWrite,
    global: &Global,
    output: Output,
) -> Result<(), Failure> {
    let file = files::read_for_import(order.file)?;
    let slot = &order.place.slot;
    let mut secrets = Secrets::open(&write.write.secrets)?;
    let mut session = Session::open(global)?;
    let select = session.bind(secrets.terminal())?;
    let inspect = |session: &mut Session, password: Option<&Password>| {
        let file = FileText::from(file.as_slice());
        session.call::<CertInspect>(&InspectParams {
            select: select.clone(),
            file,
            password: password.map(again),
            slot: slot.clone(),
        })
    };
    let (plan, password) = match inspect(&mut session, None) {
        Err(Failure::Error(error)) if error.code == ErrorCode::FilePassword => {
            let password = secrets.password()?;
            (inspect(&mut session, Some(&password))?, Some(password))
        }
        result => (result?, None),
    };
    note(&plan_text(&plan));
    let place = container_text(plan.slot.as_deref(), plan.container);
    let overwrite = may_overwrite(plan.overwrites_key, order.place, &place, &secrets)?;
    if order.default {
        replaced_default::warn(&mut session, &select, None, &secrets)?;
    }
    let wants = Wants { pin: plan.wants_pin, ..Wants::default() };
    let Authority { pin, management_key, last_try } =
        access::authorise(&mut session, &select, write, &mut secrets, wants)?;
    let reply = session.call::<CertImport>(&ImportParams {
        select,
        file: FileText::from(file.as_slice()),
        password,
        slot: slot.clone(),
        overwrite,
        pin,
        management_key,
        default: order.default,
        last_try,
    })?;
    let Certificate { slot, container, .. } = &reply.certificate;
    if let Some(container) = container.filter(|container| *container != plan.container) {
        let there = container_text(slot.as_deref(), container);
        note(&format!("The card was changed meanwhile: the certificate went to {there}, not {place}."));
    }
    output.show(&reply, || imported_text(&reply))
}

/// The password for another request: it is sent once to look and once to write.
fn again(password: &Password) -> Password {
    Password::from(password.bytes())
}

/// Where something goes, in words.
pub(super) fn container_text(slot: Option<&str>, container: u8) -> String {
    slot.map_or_else(|| format!("container {container}"), |slot| format!("slot {slot}"))
}

/// Whether a private key that is there may be lost; whoever sits at the terminal is asked.
///
/// # Errors
/// [`ErrorCode::WouldOverwrite`] where nobody allowed it, [`Failure::Cancelled`].
pub(super) fn may_overwrite(
    overwrites_key: bool,
    place: &args::Place,
    name: &str,
    secrets: &Secrets,
) -> Result<bool, Failure> {
    if !overwrites_key || place.overwrite {
        return Ok(place.overwrite);
    }
    match secrets.terminal() {
        Some(terminal)
            if terminal.yes(&format!("The key in {name} cannot be brought back. Overwrite it?"))? =>
        {
            Ok(true)
        }
        Some(_) => Err(Failure::Cancelled),
        None => Err(failure(
            ErrorCode::WouldOverwrite,
            format!(
                "The key in {name} would be lost for ever. Nothing was sent. Choose another slot with --slot, or \
                 allow it with --overwrite."
            ),
        )),
    }
}

/// What a new key or certificate takes the place of.
pub(super) fn replaced_text(replaces: Option<&str>, overwrites_key: bool) -> String {
    match (replaces, overwrites_key) {
        (Some(name), false) => format!(" It replaces \"{name}\"."),
        (Some(name), true) => {
            format!(" It replaces \"{name}\", and the private key that is there is lost for ever.")
        }
        (None, true) => " A private key is there, or may be, and would be lost for ever.".into(),
        (None, false) => String::new(),
    }
}

fn plan_text(plan: &ImportPlan) -> String {
    let ImportPlan { common_name, csn, reader, .. } = plan;
    let key = if plan.with_key { " with its private key" } else { "" };
    let place = container_text(plan.slot.as_deref(), plan.container);
    let mut text =
        format!("The certificate \"{common_name}\"{key} goes to {place} of the card {csn} in {reader}.");
    text.push_str(&replaced_text(plan.replaces.as_deref(), plan.overwrites_key));
    if !plan.chain.is_empty() {
        let names = plan.chain.join("\", \"");
        text.push_str(&format!(" These of its file go along where the card has room: \"{names}\"."));
    }
    text
}

/// What people call a certificate: its slot, or its ID where there are no slots.
pub(super) fn named(certificate: &Certificate) -> String {
    let Certificate { id, slot, common_name, .. } = certificate;
    format!("{}, {}", clean(slot.as_ref().unwrap_or(id)), clean(common_name))
}

fn imported_text(reply: &ImportReply) -> String {
    let mut text = format!("Imported: {}\n", named(&reply.certificate));
    for name in &reply.chain {
        text.push_str(&format!("On the card too: {}\n", clean(name)));
    }
    text
}

fn r#move(
    cert: &str,
    to: &str,
    write: &args::CardWrite,
    global: &Global,
    output: Output,
) -> Result<(), Failure> {
    let mut secrets = Secrets::open(&write.write.secrets)?;
    let mut session = Session::open(global)?;
    let select = session.bind(secrets.terminal())?;
    let (certificate, what) = match bound_view(&mut session, &select, cert) {
        Ok(CertificateView { summary, .. }) => {
            let Certificate { id, slot, common_name, .. } = &summary;
            let what = format!("The certificate {}, \"{common_name}\",", slot.as_ref().unwrap_or(id));
            (as_shown(&mut session, &select, &summary)?, what)
        }
        Err(Failure::Error(error)) if error.code == ErrorCode::NotFound => {
            let container = without_certificate(&mut session, &select, cert)?.ok_or(error)?;
            (
                cert.to_owned(),
                format!("The key in {}", container_text(container.slot.as_deref(), container.index)),
            )
        }
        Err(failure) => return Err(failure),
    };
    let card = session.call::<CardShow>(&OnCard { select: select.clone() })?;
    let is_there = |slot: &Option<String>| slot.as_ref().is_some_and(|slot| slot.eq_ignore_ascii_case(to));
    if card.containers.iter().any(|key| is_there(&key.slot))
        || card.certificates.iter().any(|certificate| is_there(&certificate.slot))
    {
        let message = format!(
            "Slot {to} is not free. Move or delete first what is in it, or choose another. Nothing was sent."
        );
        return Err(failure(ErrorCode::WouldOverwrite, message));
    }
    note(&format!("{what} moves to slot {to} with its key, and its slot becomes free."));
    let Authority { pin, management_key, last_try } =
        access::authorise(&mut session, &select, write, &mut secrets, Wants::default())?;
    let params = MoveParams { select, certificate, slot: to.to_owned(), pin, management_key, last_try };
    let moved = session.call::<CertMove>(&params)?;
    output.show(&moved, || format!("Moved: {}\n", named(&moved)))
}

fn make_default(cert: &str, write: &args::CardWrite, global: &Global, output: Output) -> Result<(), Failure> {
    let mut secrets = Secrets::open(&write.write.secrets)?;
    let mut session = Session::open(global)?;
    let select = session.bind(secrets.terminal())?;
    let view = bound_view(&mut session, &select, cert)?;
    can_be_default(&mut session, &select, &view.summary)?;
    replaced_default::warn(&mut session, &select, Some(&view.summary.id), &secrets)?;
    let certificate = as_shown(&mut session, &select, &view.summary)?;
    if let Some(terminal) = secrets.terminal() {
        terminal.say(&format!("The default will be {}.", named(&view.summary)));
    }
    let Authority { pin, management_key, last_try } =
        access::authorise(&mut session, &select, write, &mut secrets, Wants::default())?;
    let params = CertWriteParams { select, certificate, pin, management_key, last_try };
    let certificate = session.call::<CertDefault>(&params)?;
    output.show(&certificate, || format!("The default is now {}.\n", named(&certificate)))
}

/// Refuses, before anything is typed, what the card cannot mark.
fn can_be_default(session: &mut Session, select: &Select, chosen: &Certificate) -> Result<(), Failure> {
    let Some(slot) = chosen.slot.as_deref().filter(|_| !chosen.default) else { return Ok(()) };
    let card = session.call::<CardShow>(&OnCard { select: select.clone() })?;
    if card.default_source != Some(DefaultSource::Slot9A) {
        return Ok(());
    }
    let message = format!(
        "On this card the slot decides: Windows takes the certificate in slot 9A. Once that is free, move it there: \
         kortti cert move {slot} --to 9A"
    );
    Err(failure(ErrorCode::NotSupported, message))
}

fn bound_view(session: &mut Session, select: &Select, cert: &str) -> Result<CertificateView, Failure> {
    session.call::<CertView>(&CertParams { select: select.clone(), certificate: cert.into() })
}

/// The name under which a certificate that was shown is sent: its thumbprint, so that a write never meets another
/// certificate that took its place meanwhile. Its `id` where it cannot be read, or is on the card twice.
fn as_shown(session: &mut Session, select: &Select, shown: &Certificate) -> Result<String, Failure> {
    let Some(sha256) = &shown.sha256 else { return Ok(shown.id.clone()) };
    let listed = session.call::<CertList>(&OnCard { select: select.clone() })?;
    let same = listed.iter().filter(|certificate| certificate.sha256.as_ref() == Some(sha256));
    Ok(if same.count() > 1 { shown.id.clone() } else { sha256.to_string() })
}

#[cfg(test)]
mod tests {
    use shared::model::{PinType, Role};
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_list_fits_eighty_columns() {
        let good = Certificate {
            id: "kxc00".into(),
            container: Some(0),
            slot: None,
            container_name: None,
            role: Some(Role::USER),
            pin_type: Some(PinType::PrimaryCardPin),
            default: true,
            default_source: None,
            has_key: true,
            damaged: None,
            common_name: "Virtanen Aino Maria 12345678A".into(),
            issuer_name: "Example Issuing Certification Authority 1".into(),
            not_before: None,
            not_after: Some("2026-05-16T12:00:00Z".into()),
            key: None,
            usage: [
                "digital signature",
                "key encipherment",
                "client authentication",
                "smart card logon",
                "e-mail",
            ]
            .map(str::to_owned)
            .into(),
            sha1: None,
            sha256: None,
        };
        let torn = Certificate {
            id: "ksc01".into(),
            container: Some(1),
            has_key: false,
            default: false,
            ..good.clone()
        };
        let table = certificates_text(&[good.clone(), torn], Some(80), datetime!(2026-05-04 12:00 UTC));
        assert_eq!(
            table,
            "   ID     NAME               ISSUER             VALID UNTIL  CONTAINER  KEY  PIN\n\
             *  kxc00  Virtanen Aino Ma…  Example Issuing …  in 12 days   0          yes  PIN\n   \
             digital signature, key encipherment, client authentication, smart card logon…\n   \
             ksc01  Virtanen Aino Ma…  Example Issuing …  in 12 days   1          no   PIN\n   \
             digital signature, key encipherment, client authentication, smart card logon…\n"
        );
        assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");

        let expired = Certificate {
            role: Some(Role(4)),
            pin_type: Some(PinType::NonRepudiation),
            not_after: Some("2020-05-16T12:00:00Z".into()),
            ..good
        };
        let table = certificates_text(&[expired], Some(80), datetime!(2026-05-04 12:00 UTC));
        assert!(table.contains("  expired 2020-05-16  "), "{table}");
        assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
    }
}
