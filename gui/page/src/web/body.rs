//! What comes with a request.

use http_body_util::BodyExt as _;
use hyper::StatusCode;
use hyper::body::{Body as _, Incoming};
use shared::rpc::MAX_LINE;
use zeroize::Zeroizing;

/// How large the body of a request may be, in bytes: a line of the agent's socket and what stands around it.
const BODY: usize = MAX_LINE + 64 * 1024;

/// The body of a request.
pub(super) async fn read(mut body: Incoming) -> std::result::Result<Zeroizing<Vec<u8>>, StatusCode> {
    let announced = body.size_hint().upper().and_then(|length| usize::try_from(length).ok());
    if announced.is_some_and(|length| length > BODY) {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    let mut whole = Zeroizing::new(Vec::new());
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| StatusCode::BAD_REQUEST)?.into_data() else { continue };
        append(&mut whole, &data)?;
    }
    Ok(whole)
}

/// Adds a piece of a body to what has come of it. The buffer is no larger than twice what has come, however much was announced, and leaves
/// nothing behind when it grows.
fn append(whole: &mut Zeroizing<Vec<u8>>, piece: &[u8]) -> std::result::Result<(), StatusCode> {
    let length = whole.len() + piece.len();
    if length > BODY {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    if length > whole.capacity() {
        let mut larger = Zeroizing::new(Vec::with_capacity(length.max(2 * whole.len()).min(BODY)));
        larger.extend_from_slice(whole);
        *whole = larger;
    }
    whole.extend_from_slice(piece);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_takes_no_more_room_than_it_needs() {
        let mut whole = Zeroizing::new(Vec::new());
        let mut come = 0;
        while come < BODY {
            let piece = vec![b'x'; (BODY - come).min(7_777)];
            append(&mut whole, &piece).unwrap();
            come += piece.len();
            assert_eq!(whole.len(), come);
            assert!(whole.capacity() <= (2 * come).min(BODY), "{} for {come}", whole.capacity());
        }
        assert_eq!(append(&mut whole, b"x"), Err(StatusCode::PAYLOAD_TOO_LARGE));
        assert_eq!(whole.len(), BODY);
    }
}
