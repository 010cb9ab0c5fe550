//! `cert delete`: what goes, what stays, and that it is meant.

use shared::ErrorCode;
use shared::model::{Certificate, CertificateView, Container};
use shared::rpc::methods::{CardShow, CertDelete, DeleteParams, DeleteReply, OnCard, Select};

use super::{as_shown, bound_view};
use crate::args::{self, Global};
use crate::commands::access::{self, Authority, Wants};
use crate::exit::{Failure, usage};
use crate::output::{Output, clean, note, wrap};
use crate::session::Session;
use crate::terminal::Secrets;

/// What somebody wants to be deleted.
pub(super) struct Deletion<'a> {
    /// The certificate, as it was named.
    pub cert: &'a str,
    /// Whether its key stays.
    pub keep_key: bool,
    /// Whether nothing is asked.
    pub yes: bool,
}

/// `cert delete`
pub(super) fn run(
    deletion: &Deletion<'_>,
    write: &args::CardWrite,
    global: &Global,
    output: Output,
) -> Result<(), Failure> {
    let mut secrets = Secrets::open(&write.write.secrets)?;
    if secrets.terminal().is_none() && !deletion.yes {
        return Err(usage(
            "Nothing can be asked here, and a deletion cannot be undone. Allow it with --yes.",
        ));
    }
    let mut session = Session::open(global)?;
    let select = session.bind(secrets.terminal())?;
    let Doomed { certificate, what, keeps_default } = to_delete(&mut session, &select, deletion)?;
    note(&what);
    if let (Some(terminal), false) = (secrets.terminal(), deletion.yes)
        && !terminal.yes("Delete it?")?
    {
        return Err(Failure::Cancelled);
    }
    let Authority { pin, management_key, last_try } =
        access::authorise(&mut session, &select, write, &mut secrets, Wants::default())?;
    let keep_key = deletion.keep_key;
    let params = DeleteParams { select, certificate, keep_key, pin, management_key, last_try };
    let reply = session.call::<CertDelete>(&params)?;
    output.show(&reply, || deleted_text(&reply, keeps_default, output.width))
}

/// What exactly is deleted.
struct Doomed {
    /// The name under which it is sent.
    certificate: String,
    /// What that means, in words.
    what: String,
    /// Whether it is in a slot and another one is the default: then that stays so.
    keeps_default: bool,
}

fn to_delete(session: &mut Session, select: &Select, deletion: &Deletion<'_>) -> Result<Doomed, Failure> {
    match bound_view(session, select, deletion.cert) {
        Ok(CertificateView { summary, .. }) => Ok(Doomed {
            certificate: as_shown(session, select, &summary)?,
            what: deletion_text(&summary, deletion.keep_key),
            keeps_default: summary.slot.is_some() && !summary.default,
        }),
        Err(Failure::Error(error)) if error.code == ErrorCode::NotFound && !deletion.keep_key => {
            let container = without_certificate(session, select, deletion.cert)?.ok_or(error)?;
            let what = match &container.slot {
                Some(slot) => {
                    format!(
                        "The key in slot {slot} is deleted, where the card can. It has no certificate.{GONE}"
                    )
                }
                None => {
                    let gone = if container.has_key { GONE } else { "" };
                    let Container { index, name, .. } = &container;
                    format!("Container {index}, {name}, is deleted. It has no certificate.{gone}")
                }
            };
            let keeps_default = container.slot.is_some() && !container.default;
            Ok(Doomed { certificate: deletion.cert.to_owned(), what, keeps_default })
        }
        Err(failure) => Err(failure),
    }
}

/// The key without a certificate that a person means by the number of its container, or by its slot.
pub(super) fn without_certificate(
    session: &mut Session,
    select: &Select,
    text: &str,
) -> Result<Option<Container>, Failure> {
    let is_place = text.len() <= 3 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_place {
        return Ok(None);
    }
    let card = session.call::<CardShow>(&OnCard { select: select.clone() })?;
    Ok(card.containers.into_iter().find(|container| match &container.slot {
        Some(slot) => slot.eq_ignore_ascii_case(text),
        None => container.index.to_string() == text,
    }))
}

const GONE: &str = " Its private key is lost: what was enciphered for it can no longer be read.";

fn deletion_text(certificate: &Certificate, keep_key: bool) -> String {
    let Certificate { common_name, issuer_name, .. } = certificate;
    let id = certificate.slot.as_ref().unwrap_or(&certificate.id);
    let name = if certificate.damaged.is_some() {
        format!("{id}, which is damaged,")
    } else {
        format!("{id}, \"{common_name}\" issued by \"{issuer_name}\",")
    };
    if let (Some(slot), true) = (&certificate.slot, certificate.has_key) {
        let rest = if keep_key {
            format!("The private key in slot {slot} stays without a certificate.")
        } else {
            format!(
                "The private key in slot {slot} goes with it, and what was enciphered for it can no longer be read. On a \
                 card that cannot delete keys it stays there without a certificate."
            )
        };
        return format!("The certificate {name} is deleted. {rest}");
    }
    let rest = match (certificate.container.filter(|_| certificate.slot.is_none()), keep_key) {
        (None, _) => String::new(),
        (Some(container), true) => format!(" Container {container} stays without a certificate."),
        (Some(container), false) if certificate.has_key => {
            format!(" Container {container} is deleted with it.{GONE}")
        }
        (Some(container), false) => format!(" Container {container}, which has no key, is deleted with it."),
    };
    format!("The certificate {name} is deleted.{rest}")
}

fn deleted_text(reply: &DeleteReply, keeps_default: bool, width: Option<usize>) -> String {
    let mut lines = vec!["Deleted.".to_owned()];
    lines.extend(reply.orphans.iter().flat_map(|orphan| wrap(&clean(orphan), width)));
    match reply.default.filter(|_| !keeps_default) {
        // Container numbers of this size are slots (SP 800-73-4 part 1, table 4b).
        Some(slot @ 0x80..) => lines.push(format!("The default is now in slot {slot:02X}.")),
        Some(container) => lines.push(format!("The default container is now {container}.")),
        None => {}
    }
    lines.join("\n") + "\n"
}
