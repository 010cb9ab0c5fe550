//! `cert`: the certificates of a card.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use shared::ErrorCode;
use shared::model::{Certificate, CertificateFields, CertificateView, NamedOid};
use shared::rpc::methods::{
    CardShow, CertDefault, CertDelete, CertImport, CertInspect, CertList, CertParams, CertView,
    CertWriteParams, DeleteParams, DeleteReply, ImportParams, ImportPlan, ImportReply, InspectParams, OnCard,
    Select,
};
use shared::secret::{FileText, Password};
use time::OffsetDateTime;

use super::pin;
use crate::args::{self, Cert, Export, Format, Global};
use crate::exit::{Failure, failure, usage};
use crate::files::{self, Overwrite};
use crate::output::{Output, Row, clean, fields, note, print, table};
use crate::session::Session;
use crate::terminal::Secrets;
use crate::words::{self, moment, yes_no};

#[derive(Serialize)]
struct Certificates<'a> {
    certificates: &'a [Certificate],
}

/// `cert …`
pub(super) fn run(verb: Cert, global: &Global, output: Output) -> Result<(), Failure> {
    match verb {
        Cert::List => list(global, output),
        Cert::View { which } => {
            let view = view(&mut Session::open(global)?, &which.cert)?;
            output.show(&view, || view_text(&view, OffsetDateTime::now_utc(), output.width))
        }
        Cert::Export(options) => export(&options, global, output),
        Cert::Import { file, default, write } => import(&file, default, &write, global, output),
        Cert::Default { which, write } => make_default(&which.cert, &write, global, output),
        Cert::Delete { which, keep_key, yes, write } => {
            delete(&Deletion { cert: &which.cert, keep_key, yes }, &write, global, output)
        }
    }
}

fn list(global: &Global, output: Output) -> Result<(), Failure> {
    let certificates = Session::open(global)?.on_card::<CertList>(|select| OnCard { select })?;
    output.show(Certificates { certificates: &certificates }, || {
        if certificates.is_empty() {
            "The card holds no certificate.\n".into()
        } else {
            certificates_table(&certificates, output.width, OffsetDateTime::now_utc())
        }
    })
}

/// Certificates as a table; what each is for stands below it.
pub(super) fn certificates_table(
    certificates: &[Certificate],
    width: Option<usize>,
    now: OffsetDateTime,
) -> String {
    let rows: Vec<Row> = certificates.iter().map(|certificate| row(certificate, now)).collect();
    table(&["", "ID", "~NAME", "~ISSUER", "VALID UNTIL", "CONTAINER", "KEY", "~PIN"], &rows, width)
}

fn row(certificate: &Certificate, now: OffsetDateTime) -> Row {
    let not_before = certificate.not_before.as_deref();
    let cells = vec![
        if certificate.default { "*".into() } else { String::new() },
        certificate.id.clone(),
        if certificate.damaged.is_some() { "damaged".into() } else { certificate.common_name.clone() },
        certificate.issuer_name.clone(),
        words::valid_until(not_before, certificate.not_after.as_deref(), now),
        certificate.container.map_or_else(|| "none".into(), |container| container.to_string()),
        if certificate.has_key { "yes".into() } else { "no".into() },
        words::guarded_by(certificate.role, certificate.pin_type),
    ];
    let below = certificate.damaged.clone().unwrap_or_else(|| certificate.usage.join(", "));
    Row { cells, below }
}

fn view(session: &mut Session, cert: &str) -> Result<CertificateView, Failure> {
    session.on_card::<CertView>(|select| CertParams { select, certificate: cert.into() })
}

fn view_text(view: &CertificateView, now: OffsetDateTime, width: Option<usize>) -> String {
    let row = &view.summary;
    let container = row.container.map(|container| match &row.container_name {
        Some(name) => format!("{container}, {name}"),
        None => container.to_string(),
    });
    let pin = row.role.zip(row.pin_type).map(|(role, pin_type)| format!("{}, {pin_type}", role.0));
    let mut text = fields(
        &[
            ("ID", vec![row.id.clone()]),
            ("Damaged", row.damaged.iter().cloned().collect()),
            ("Container", vec![container.unwrap_or_else(|| "none".into())]),
            ("PIN", pin.into_iter().collect()),
            ("Default", vec![yes_no(row.default)]),
            ("Key on the card", vec![yes_no(row.has_key)]),
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
            (all.map(|certificate| pem(&certificate.der.0)).collect::<String>().into_bytes(), "pem")
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

/// RFC 7468: base64 in lines of 64 characters between two labels.
fn pem(der: &[u8]) -> String {
    let mut text = String::from("-----BEGIN CERTIFICATE-----\n");
    for bytes in der.chunks(48) {
        text.push_str(&STANDARD.encode(bytes));
        text.push('\n');
    }
    text.push_str("-----END CERTIFICATE-----\n");
    text
}

fn import(
    path: &Path,
    default: bool,
    write: &args::Write,
    global: &Global,
    output: Output,
) -> Result<(), Failure> {
    let file = files::read_for_import(path)?;
    let mut secrets = Secrets::open(&write.secrets)?;
    let mut session = Session::open(global)?;
    let select = session.bind(secrets.terminal())?;
    let inspect = |session: &mut Session, password: Option<&Password>| {
        let file = FileText::from(file.as_slice());
        session.call::<CertInspect>(&InspectParams {
            select: select.clone(),
            file,
            password: password.map(again),
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
    let (pin, last_try) = pin::primary(&mut session, &select, write, &mut secrets)?;
    let file = FileText::from(file.as_slice());
    let reply =
        session.call::<CertImport>(&ImportParams { select, file, password, pin, default, last_try })?;
    if let Some(container) = reply.certificate.container.filter(|container| *container != plan.container) {
        note(&format!(
            "The card was changed meanwhile: the certificate went to container {container}, not {}.",
            plan.container
        ));
    }
    output.show(&reply, || imported_text(&reply))
}

/// The password for another request: it is sent once to look and once to write.
fn again(password: &Password) -> Password {
    Password::from(password.bytes())
}

fn plan_text(plan: &ImportPlan) -> String {
    let ImportPlan { common_name, container, csn, reader, .. } = plan;
    let key = if plan.with_key { " with its private key" } else { "" };
    let mut text = format!(
        "The certificate \"{common_name}\"{key} goes to container {container} of the card {csn} in {reader}."
    );
    if let Some(replaced) = &plan.replaces {
        text.push_str(&format!(" It replaces \"{replaced}\"."));
    }
    if !plan.chain.is_empty() {
        let names = plan.chain.join("\", \"");
        text.push_str(&format!(" These of its file go along where the card has room: \"{names}\"."));
    }
    text
}

fn imported_text(reply: &ImportReply) -> String {
    let certificate = &reply.certificate;
    let mut text = format!("Imported: {}, {}\n", clean(&certificate.id), clean(&certificate.common_name));
    for name in &reply.chain {
        text.push_str(&format!("On the card too: {}\n", clean(name)));
    }
    text
}

fn make_default(cert: &str, write: &args::Write, global: &Global, output: Output) -> Result<(), Failure> {
    let mut secrets = Secrets::open(&write.secrets)?;
    let mut session = Session::open(global)?;
    let select = session.bind(secrets.terminal())?;
    let view = bound_view(&mut session, &select, cert)?;
    let certificate = as_shown(&mut session, &select, &view.summary)?;
    if let Some(terminal) = secrets.terminal() {
        terminal.say(&format!("The default will be {}, {}.", view.summary.id, view.summary.common_name));
    }
    let (pin, last_try) = pin::primary(&mut session, &select, write, &mut secrets)?;
    let params = CertWriteParams { select, certificate, pin, last_try };
    let certificate = session.call::<CertDefault>(&params)?;
    output.show(&certificate, || {
        format!("The default is now {}, {}.\n", clean(&certificate.id), clean(&certificate.common_name))
    })
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

struct Deletion<'a> {
    cert: &'a str,
    keep_key: bool,
    yes: bool,
}

fn delete(
    deletion: &Deletion<'_>,
    write: &args::Write,
    global: &Global,
    output: Output,
) -> Result<(), Failure> {
    let mut secrets = Secrets::open(&write.secrets)?;
    if secrets.terminal().is_none() && !deletion.yes {
        return Err(usage(
            "Nothing can be asked here, and a deletion cannot be undone. Allow it with --yes.",
        ));
    }
    let mut session = Session::open(global)?;
    let select = session.bind(secrets.terminal())?;
    let (certificate, what) = to_delete(&mut session, &select, deletion)?;
    note(&what);
    if let (Some(terminal), false) = (secrets.terminal(), deletion.yes)
        && !terminal.yes("Delete it?")?
    {
        return Err(Failure::Cancelled);
    }
    let (pin, last_try) = pin::primary(&mut session, &select, write, &mut secrets)?;
    let params = DeleteParams { select, certificate, keep_key: deletion.keep_key, pin, last_try };
    let reply = session.call::<CertDelete>(&params)?;
    output.show(&reply, || deleted_text(&reply))
}

/// What exactly is deleted, by the name under which it is sent, and what that means.
fn to_delete(
    session: &mut Session,
    select: &Select,
    deletion: &Deletion<'_>,
) -> Result<(String, String), Failure> {
    match bound_view(session, select, deletion.cert) {
        Ok(CertificateView { summary, .. }) => {
            Ok((as_shown(session, select, &summary)?, deletion_text(&summary, deletion.keep_key)))
        }
        Err(Failure::Error(error)) if error.code == ErrorCode::NotFound => {
            // The number of a container without a certificate is taken too.
            let Ok(number) = deletion.cert.parse::<u8>() else { return Err(error.into()) };
            let card = session.call::<CardShow>(&OnCard { select: select.clone() })?;
            let found = card.containers.iter().find(|container| container.index == number);
            let Some(container) = found.filter(|_| !deletion.keep_key) else { return Err(error.into()) };
            let name = &container.name;
            let gone = if container.has_key { GONE } else { "" };
            Ok((
                number.to_string(),
                format!("Container {number}, {name}, is deleted. It has no certificate.{gone}"),
            ))
        }
        Err(failure) => Err(failure),
    }
}

const GONE: &str = " Its private key is lost: what was enciphered for it can no longer be read.";

fn deletion_text(certificate: &Certificate, keep_key: bool) -> String {
    let Certificate { id, common_name, issuer_name, .. } = certificate;
    let name = if certificate.damaged.is_some() {
        format!("{id}, which is damaged,")
    } else {
        format!("{id}, \"{common_name}\" issued by \"{issuer_name}\",")
    };
    let rest = match (certificate.container, keep_key) {
        (None, _) => String::new(),
        (Some(container), true) => format!(" Container {container} stays without a certificate."),
        (Some(container), false) if certificate.has_key => {
            format!(" Container {container} is deleted with it.{GONE}")
        }
        (Some(container), false) => format!(" Container {container}, which has no key, is deleted with it."),
    };
    format!("The certificate {name} is deleted.{rest}")
}

fn deleted_text(reply: &DeleteReply) -> String {
    let mut text = String::from("Deleted.\n");
    for orphan in &reply.orphans {
        text.push_str(&clean(orphan));
        text.push('\n');
    }
    if let Some(container) = reply.default {
        text.push_str(&format!("The default container is now {container}.\n"));
    }
    text
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
            container_name: None,
            role: Some(Role::USER),
            pin_type: Some(PinType::PrimaryCardPin),
            default: true,
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
        let table = certificates_table(&[good.clone(), torn], Some(80), datetime!(2026-05-04 12:00 UTC));
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
        let table = certificates_table(&[expired], Some(80), datetime!(2026-05-04 12:00 UTC));
        assert!(table.contains("  expired 2020-05-16  "), "{table}");
        assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
    }

    #[test]
    fn pem_has_lines_of_64() {
        let text = pem(&[0; 49]);
        let lengths: Vec<usize> = text.lines().map(str::len).collect();
        assert_eq!(lengths, [27, 64, 4, 25]);
    }
}
