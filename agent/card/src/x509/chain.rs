//! Which certificate issued which, by names and key identifiers. Signatures are not checked: this puts
//! certificates in order, it trusts none of them.

use super::{Extensions, parse};

/// The longest chain that is followed.
const MAX_CHAIN: usize = 16;

/// What ties a certificate to others.
struct Link<'a> {
    der: &'a [u8],
    subject: &'a [u8],
    issuer: &'a [u8],
    subject_key_id: Option<&'a [u8]>,
    authority_key_id: Option<&'a [u8]>,
}

impl<'a> Link<'a> {
    fn of(der: &'a [u8]) -> Option<Self> {
        let certificate = parse(der).ok()?;
        let extensions = Extensions::of(&certificate);
        Some(Self {
            der: certificate.as_raw(),
            subject: certificate.tbs_certificate.subject.as_raw(),
            issuer: certificate.tbs_certificate.issuer.as_raw(),
            subject_key_id: extensions.subject_key_id,
            authority_key_id: extensions.authority_key_id,
        })
    }

    fn self_issued(&self) -> bool {
        self.subject == self.issuer
    }

    /// Whether `issuer` has the name, and no other key than the one, that this certificate says of its issuer.
    fn may_be_issued_by(&self, issuer: &Link<'_>) -> bool {
        let same_key = match (self.authority_key_id, issuer.subject_key_id) {
            (Some(wanted), Some(has)) => wanted == has,
            _ => true,
        };
        self.issuer == issuer.subject && same_key
    }
}

/// The issuers of `leaf` among `others`, nearest first, up to a self-issued one. Each is used once, so there is no
/// loop; what issued nothing is left out.
pub fn order_chain(leaf: &[u8], others: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let Some(mut current) = Link::of(leaf) else { return Vec::new() };
    let mut candidates: Vec<_> = others.iter().filter_map(|der| Link::of(der)).collect();
    let mut chain = Vec::new();
    while chain.len() < MAX_CHAIN && !current.self_issued() {
        candidates.retain(|candidate| candidate.der != current.der);
        // One that has the key identifier goes before one that has none.
        let issuers =
            candidates.iter().enumerate().filter(|(_, candidate)| current.may_be_issued_by(candidate));
        let best = issuers.min_by_key(|(_, candidate)| candidate.subject_key_id.is_none());
        let Some((position, _)) = best else { break };
        current = candidates.swap_remove(position);
        chain.push(current.der.to_vec());
    }
    chain
}

/// The positions of the certificates that issued none of the others.
pub(crate) fn leaves(certificates: &[Vec<u8>]) -> Vec<usize> {
    let links: Vec<_> = certificates.iter().map(|der| Link::of(der)).collect();
    let issued_none = |one: &Link<'_>| {
        links.iter().flatten().all(|other| other.der == one.der || !other.may_be_issued_by(one))
    };
    let leaf = |(position, link): (usize, &Option<Link<'_>>)| {
        link.as_ref().is_some_and(issued_none).then_some(position)
    };
    links.iter().enumerate().filter_map(leaf).collect()
}
