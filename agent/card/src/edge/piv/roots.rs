//! Trusted roots and intermediates, MSROOTS: a PKCS#7 bag in pages (card-piv.md 6).

use super::Piv;
use super::certificate_object::unpack;
use super::objects::ObjectId;
use crate::error::Result;
use crate::{tlv, x509};

/// Tag: a page that others follow.
const MORE: u32 = 0x83;
/// Tag: the last page.
const LAST: u32 = 0x82;

impl Piv<'_> {
    /// The certificates in the pages. The inner error is a sentence.
    pub(super) fn roots(&mut self) -> Result<std::result::Result<Vec<Vec<u8>>, String>> {
        let mut pages = Vec::new();
        for id in ObjectId::roots() {
            let Some(page) = self.get(id)? else { break };
            let last = tlv::find(&page, LAST).is_some();
            pages.push(page);
            if last {
                break;
            }
        }
        Ok(decode(&pages))
    }
}

/// The certificates in these pages, DER.
///
/// # Errors
/// A sentence that says what is wrong.
pub(super) fn decode(pages: &[Vec<u8>]) -> std::result::Result<Vec<Vec<u8>>, String> {
    let mut bag = Vec::new();
    let mut ended = pages.is_empty();
    for page in pages {
        let (chunk, last) = match (tlv::find(page, LAST), tlv::find(page, MORE)) {
            (Some(chunk), _) => (chunk, true),
            (None, Some(chunk)) => (chunk, false),
            (None, None) => return Err("One of its pages is none.".to_owned()),
        };
        bag.extend_from_slice(chunk);
        ended = last;
        if last {
            break;
        }
    }
    if !ended {
        return Err("Its last page is missing.".to_owned());
    }
    if bag.is_empty() {
        return Ok(Vec::new());
    }
    let all = x509::roots(&unpack(&bag).map_err(|_| "It is not well formed.".to_owned())?);
    if all.is_empty() { Err("It holds no certificate.".to_owned()) } else { Ok(all) }
}

/// The pages that hold these certificates, each of at most `limit` bytes; `None` when there are too few pages for
/// them.
pub(super) fn encode(certificates: &[Vec<u8>], limit: usize) -> Option<Vec<Vec<u8>>> {
    let bag = x509::roots_bag(certificates);
    let chunks: Vec<&[u8]> = bag.chunks(limit.checked_sub(4)?.clamp(1, 0xFF00)).collect();
    (chunks.len() <= ObjectId::roots().count()).then_some(())?;
    let last = chunks.len().saturating_sub(1);
    let page = |(number, chunk)| tlv::object(if number == last { LAST } else { MORE }, chunk);
    Some(chunks.into_iter().enumerate().map(page).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(number: u8) -> Vec<u8> {
        [&[0x30, 0x82, 0x03, 0xE8][..], &[number; 1000]].concat()
    }

    #[test]
    fn there_and_back() {
        for (count, limit, pages) in
            [(1, 3000, Some(1)), (4, 3000, Some(2)), (14, 3000, Some(5)), (16, 3000, None)]
        {
            let all: Vec<_> = (0..count).map(certificate).collect();
            let encoded = encode(&all, limit);
            assert_eq!(encoded.as_ref().map(Vec::len), pages, "{count}");
            if let Some(pages) = encoded {
                assert!(pages.iter().all(|page| page.len() <= limit));
                assert_eq!(decode(&pages).unwrap(), all);
                assert!(pages.len() == 1 || decode(&pages[..pages.len() - 1]).is_err());
            }
        }
    }

    #[test]
    fn odd_pages() {
        assert_eq!(decode(&[]), Ok(Vec::new()));
        assert_eq!(decode(&[vec![LAST.to_be_bytes()[3], 0]]), Ok(Vec::new()));
        for page in [&[][..], &[0x82], &[0x84, 1, 1], &[0x82, 2, 0x30, 0], &[0x82, 3, 7, 7, 7], &[0x83, 0]] {
            assert!(decode(&[page.to_vec()]).is_err(), "{page:02X?}");
        }
    }
}
