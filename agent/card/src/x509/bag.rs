//! Certificates in a PKCS#7 SignedData without signers (RFC 5652 section 5): the form of `mscp\msroots` on a card
//! and of `.p7b` files.

use x509_parser::asn1_rs::oid;

use crate::der::{CONTEXT_0, INTEGER, OID, Reader, SEQUENCE, SET, encode};

const SIGNED_DATA: &[u8] = &oid!(raw 1.2.840.113549.1.7.2);
const DATA: &[u8] = &oid!(raw 1.2.840.113549.1.7.1);

/// The certificates in a SignedData, DER, in its order. Empty when the bytes are no such thing. What follows the
/// SignedData is not looked at: cards pad.
pub fn roots(bytes: &[u8]) -> Vec<Vec<u8>> {
    read(bytes).unwrap_or_default()
}

fn read(bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut content_info = Reader::new(bytes).enter(SEQUENCE)?;
    (content_info.oid()? == SIGNED_DATA).then_some(())?;
    let mut signed_data = content_info.enter(CONTEXT_0)?.enter(SEQUENCE)?;
    signed_data.number()?;
    signed_data.expect(SET)?;
    signed_data.expect(SEQUENCE)?;
    let mut choices = signed_data.enter(CONTEXT_0)?;
    let mut certificates = Vec::new();
    while let Some(choice) = choices.next() {
        // The other choices (attribute certificates and older kinds) have context tags.
        if choice.tag == SEQUENCE {
            certificates.push(choice.whole.to_vec());
        }
    }
    Some(certificates)
}

/// A SignedData that holds these certificates, in this order, and nothing else: RFC 5652 5.1, version 1, no digest
/// algorithms, no content, no signers.
pub fn roots_bag(certificates: &[Vec<u8>]) -> Vec<u8> {
    let signed_data = [
        encode(INTEGER, &[1]),
        encode(SET, &[]),
        encode(SEQUENCE, &encode(OID, DATA)),
        encode(CONTEXT_0, &certificates.concat()),
        encode(SET, &[]),
    ];
    let content = encode(CONTEXT_0, &encode(SEQUENCE, &signed_data.concat()));
    encode(SEQUENCE, &[encode(OID, SIGNED_DATA), content].concat())
}
