use serde_json::{Value, json};

use crate::harness::Reply;

pub(crate) const CSN: &str = "33221100554477668899AABBCCDDEEFF";
pub(crate) const READER: &str = "Test Reader 00";

/// The thumbprint of every certificate that can be read.
pub(crate) const SHA256: &str = "00FF00FF000000000000000000000000000000000000000000000000000000FF";

pub(crate) fn reader(name: &str, csn: &str) -> Value {
    json!({ "name": name, "state": "ready", "atr": "3B00", "pin_pad": false,
            "card": { "edge": "gids", "csn": csn, "name": "GIDS card" } })
}

pub(crate) fn status_of(readers: &[Value]) -> Reply {
    Ok(
        json!({ "version": "0.1.0", "pid": 7, "virtual": false, "service": { "state": "up" }, "readers": readers }),
    )
}

/// One reader with one card.
pub(crate) fn status() -> Reply {
    status_of(&[reader(READER, CSN)])
}

/// What a command adds to its parameters once the card is known.
pub(crate) fn select() -> Value {
    json!({ "reader": READER, "card": CSN })
}

pub(crate) fn pin(tries_left: u8) -> Value {
    json!({ "role": 1, "pin_type": "primary_card_pin", "kind": "typed", "tries_left": tries_left, "tries_max": 5,
            "blocked": tries_left == 0, "policy": policy(), "changed_by": [1], "unblocked_by": [2] })
}

pub(crate) fn policy() -> Value {
    json!({ "min_length": 4, "max_length": 16, "characters": "ascii", "source": "assumed" })
}

pub(crate) fn admin() -> Value {
    json!({ "role": 2, "pin_type": "administrator", "kind": "challenge_response", "tries_left": null,
            "tries_max": null, "blocked": false, "policy": null, "changed_by": [2], "unblocked_by": [] })
}

pub(crate) fn puk(tries_left: u8) -> Value {
    json!({ "role": 3, "pin_type": "unblock_only", "kind": "typed", "tries_left": tries_left, "tries_max": 3,
            "blocked": tries_left == 0, "policy": null, "changed_by": [3], "unblocked_by": [] })
}

/// The PINs of a card whose PIN has so many tries left.
pub(crate) fn pins(tries_left: u8) -> Reply {
    Ok(json!([pin(tries_left), admin()]))
}

/// What a write to a card takes whose PIN has so many tries left.
pub(crate) fn access(tries_left: u8) -> Reply {
    Ok(json!({ "pins": [pin(tries_left), admin()] }))
}

pub(crate) fn certificate(id: &str, container: u8) -> Value {
    json!({ "id": id, "container": container, "container_name": "key", "role": 1, "pin_type": "primary_card_pin",
            "default": container == 0, "has_key": true, "common_name": "Aino Virtanen",
            "issuer_name": "Example Issuing CA 1", "not_before": "2025-01-01T00:00:00Z",
            "not_after": "9999-12-31T23:59:59Z", "key": { "family": "rsa", "bits": 2048 },
            "usage": ["digital signature", "smart card logon"], "sha1": null, "sha256": SHA256 })
}

pub(crate) fn damaged(id: &str) -> Value {
    json!({ "id": id, "container": null, "container_name": null, "role": null, "pin_type": null, "default": false,
            "has_key": false, "damaged": "It is not DER.", "common_name": "", "issuer_name": "", "not_before": null,
            "not_after": null, "key": null, "usage": [], "sha1": null, "sha256": null })
}

pub(crate) fn fields(subject: &str, der: &str) -> Value {
    json!({ "version": 3, "serial": "0102", "subject": subject, "issuer": "CN=Example Issuing CA 1",
            "not_before": "2025-01-01T00:00:00Z", "not_after": "9999-12-31T23:59:59Z",
            "key": { "family": "rsa", "bits": 2048 }, "public_key": "3082", "signature_algorithm": "sha256WithRSA",
            "key_usage": ["digitalSignature"],
            "extended_key_usage": [{ "oid": "1.3.6.1.4.1.311.20.2.2", "name": "smart card logon" }],
            "alternative_names": [{ "kind": "upn", "value": "aino@example.test" }], "policies": [],
            "authority": false, "path_length": null, "subject_key_id": "AA", "authority_key_id": null,
            "crl_urls": [], "authority_urls": [], "sha1": "01", "sha256": SHA256, "der": der })
}

/// The challenge of the design notes, whose response under the key of eights is `B0A1674747F4EB87`.
pub(crate) fn challenge() -> Value {
    json!({ "reader": READER, "csn": CSN, "role": 1, "policy": policy(), "challenge": "A892D75601617C5D",
            "checksum": "FDAD", "taken": "2020-01-01T12:00:00Z", "locked_until": "2020-01-01T12:15:00Z" })
}

pub(crate) fn good_challenge() -> Reply {
    let mut state = challenge();
    state["state"] = json!("good");
    state["locked"] = json!(true);
    Ok(state)
}
