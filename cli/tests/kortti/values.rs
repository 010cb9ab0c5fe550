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

/// A YubiKey whose serial number is printed on it.
pub(crate) const PIV_CSN: &str = "00BC614E";
pub(crate) const PRINTED: &str = "12345678";

pub(crate) fn piv_reader(pin_pad: bool) -> Value {
    json!({ "name": READER, "state": "ready", "atr": "3B00", "pin_pad": pin_pad,
            "card": { "edge": "piv", "csn": PIV_CSN, "name": "YubiKey 5.7.1", "serial": PRINTED } })
}

pub(crate) fn piv_status() -> Reply {
    status_of(&[piv_reader(false)])
}

pub(crate) fn piv_select() -> Value {
    json!({ "reader": READER, "card": PIV_CSN })
}

/// PIN and PUK of a PIV card, with so many tries left each.
pub(crate) fn piv_pins(pin: Option<u8>, puk: Option<u8>) -> Value {
    let policy = json!({ "min_length": 6, "max_length": 8, "characters": "ascii", "complexity": true,
                         "source": "card" });
    let status = |role, pin_type: &str, left: Option<u8>, unblocked_by: Value| {
        json!({ "role": role, "pin_type": pin_type, "kind": "typed", "tries_left": left, "tries_max": null,
                "blocked": left == Some(0), "policy": policy, "changed_by": [role],
                "unblocked_by": unblocked_by })
    };
    json!([status(1, "primary_card_pin", pin, json!([2])), status(2, "unblock_only", puk, json!([]))])
}

/// What a write to a PIV card takes.
pub(crate) fn piv_access(management_key: &Value, pin_pad: bool) -> Value {
    json!({ "pins": piv_pins(Some(3), Some(3)), "management_key": management_key,
            "blocking_erases_keys": false, "pin_pad": pin_pad })
}

pub(crate) fn management_key(factory: Option<bool>, protected: bool) -> Value {
    json!({ "algorithm": "aes_192", "factory": factory, "protected": protected, "touch": null })
}

/// A certificate in a slot.
pub(crate) fn in_slot(slot: &str) -> Value {
    let mut row = certificate(&slot.to_lowercase(), u8::from_str_radix(slot, 16).unwrap());
    row["slot"] = json!(slot);
    row["container_name"] = json!("Authentication");
    row["default"] = json!(slot == "9A");
    if slot == "9A" {
        row["default_source"] = json!("slot_9a");
    }
    row
}

/// Everything about a PIV card with a certificate in 9A, and a key without one in 82.
pub(crate) fn piv_card(default_source: &str) -> Value {
    let key = |slot: &str, certificate: Value| {
        json!({ "index": u8::from_str_radix(slot, 16).unwrap(), "slot": slot, "name": "Authentication", "role": 1,
                "pin_type": "primary_card_pin", "default": slot == "9A", "has_key": true,
                "algorithm": { "family": "ec", "bits": 256 }, "certificate": certificate, "origin": "generated",
                "pin_use": "always", "touch_use": "cached" })
    };
    json!({ "reader": READER, "atr": "3B00", "edge": "piv", "csn": PIV_CSN, "name": "YubiKey 5.7.1",
            "serial": PRINTED, "windows_id": "C2931F7D-E0A4-685B-B19C-3D2E6F804A57", "initialised": true,
            "pins": piv_pins(Some(3), None), "management_key": management_key(Some(true), false),
            "blocking_erases_keys": true, "default_source": default_source,
            "containers": [key("9A", json!("9a")), key("82", Value::Null)], "certificates": [in_slot("9A")],
            "findings": [],
            "space": { "containers_used": 2, "containers_max": 24, "files_used": 3, "files_max": null } })
}
