//! Which certificate issued which, by names and key identifiers. Signatures are not checked: this puts
//! certificates in order, it trusts none of them.

use x509_parser::prelude::X509Certificate;

use super::{Extensions, parse};

/// The longest chain that is followed.
const MAX_CHAIN: usize = 16;

/// The issuers of `leaf` among `others`, nearest first, up to a self-issued one. Each is used once, so there is no
/// loop; what issued nothing is left out.
pub fn order_chain(leaf: &[u8], others: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let Ok(leaf) = parse(leaf) else { return Vec::new() };
    let mut candidates: Vec<_> = others.iter().filter_map(|der| parse(der).ok()).collect();
    candidates.retain(|candidate| candidate.as_raw() != leaf.as_raw());
    let mut current = leaf;
    let mut chain = Vec::new();
    while chain.len() < MAX_CHAIN && !self_issued(&current) {
        let Some(position) = issuer_of(&current, &candidates) else { break };
        current = candidates.swap_remove(position);
        candidates.retain(|candidate| candidate.as_raw() != current.as_raw());
        chain.push(current.as_raw().to_vec());
    }
    chain
}

fn self_issued(certificate: &X509Certificate<'_>) -> bool {
    certificate.subject().as_raw() == certificate.issuer().as_raw()
}

/// The candidate with the issuer's name: the one with the right key identifier, or one where either side has none.
fn issuer_of(certificate: &X509Certificate<'_>, candidates: &[X509Certificate<'_>]) -> Option<usize> {
    let wanted = Extensions::of(certificate).authority_key_id;
    let named =
        |candidate: &&X509Certificate<'_>| candidate.subject().as_raw() == certificate.issuer().as_raw();
    let mut fallback = None;
    for (position, candidate) in candidates.iter().enumerate().filter(|(_, candidate)| named(candidate)) {
        match (wanted, Extensions::of(candidate).subject_key_id) {
            (Some(wanted), Some(has)) if wanted == has => return Some(position),
            (Some(_), Some(_)) => {}
            _ => fallback = fallback.or(Some(position)),
        }
    }
    fallback
}

/// Whether `issuer` is named as the issuer of `certificate`.
pub(crate) fn is_issuer(issuer: &[u8], certificate: &[u8]) -> bool {
    let (Ok(issuer), Ok(certificate)) = (parse(issuer), parse(certificate)) else { return false };
    issuer_of(&certificate, &[issuer]).is_some()
}
