"""Yubico's own library against the virtual PIV card in the first reader. Called by witness_piv.rs with a scenario,
the card's profile and a transport; says nothing and ends with 0 when library and card agree."""

import os
import sys
from datetime import datetime, timedelta

import smartcard.System
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, x25519
from ykman import piv as ykman
from yubikit.core import NotSupportedError, TRANSPORT
from yubikit.core.smartcard import SW, ApduError, SmartCardConnection
from yubikit.piv import (
    KEY_TYPE,
    MANAGEMENT_KEY_TYPE,
    OBJECT_ID,
    PIN_POLICY,
    SLOT,
    TOUCH_POLICY,
    InvalidPinError,
    PivSession,
)

FACTORY_KEY = bytes.fromhex("0102030405060708" * 3)
MESSAGE = b"to be signed"


class Card(SmartCardConnection):
    """The reader. Over USB the library sends extended APDUs, otherwise short ones and chains."""

    def __init__(self, transport):
        reader = next(r for r in smartcard.System.readers() if r.name == "Virtual PCD 00 00")
        self._connection = reader.createConnection()
        self._connection.connect()
        self._transport = transport

    @property
    def transport(self):
        return self._transport

    def send_and_receive(self, apdu):
        data, sw1, sw2 = self._connection.transmit(list(apdu))
        return bytes(data), sw1 << 8 | sw2

    def close(self):
        self._connection.disconnect()


def refused(error, act, *arguments, **more):
    """The exception that something ends with."""
    try:
        act(*arguments, **more)
    except error as problem:
        return problem
    raise AssertionError(f"{act} was not refused")


def verify(public_key, signature):
    """Whether a signature of MESSAGE is this key's."""
    if isinstance(public_key, rsa.RSAPublicKey):
        public_key.verify(signature, MESSAGE, padding.PKCS1v15(), hashes.SHA256())
    elif isinstance(public_key, ec.EllipticCurvePublicKey):
        public_key.verify(signature, MESSAGE, ec.ECDSA(hashes.SHA256()))
    else:
        public_key.verify(signature, MESSAGE)


def sign(session, slot, key_type):
    return session.sign(slot, key_type, MESSAGE, hashes.SHA256(), padding.PKCS1v15())


def pins(session, profile):
    has_metadata = profile != "yubikey-4"
    most = 5 if profile == "pivapplet" else 3
    assert session.get_pin_attempts() == most
    if has_metadata:
        metadata = session.get_pin_metadata()
        assert (metadata.default_value, metadata.total_attempts) == (True, most), metadata
        assert session.get_puk_metadata().attempts_remaining == 3
    assert refused(InvalidPinError, session.verify_pin, "999999").attempts_remaining == most - 1
    session.verify_pin("123456")
    session.change_pin("123456", "654321")
    session.change_puk("12345678", "87654321")
    assert refused(InvalidPinError, session.change_puk, "99999999", "12345678").attempts_remaining == 2
    for left in reversed(range(most)):
        assert refused(InvalidPinError, session.verify_pin, "999999").attempts_remaining == left
    assert refused(InvalidPinError, session.verify_pin, "654321").attempts_remaining == 0
    session.unblock_pin("87654321", "123456")
    session.authenticate(FACTORY_KEY)
    session.verify_pin("123456")
    session.set_pin_attempts(4, 6)
    assert session.get_pin_attempts() == 4
    if has_metadata:
        assert session.get_puk_metadata().total_attempts == 6
        assert not session.change_pin("123456", "135790") and not session.get_pin_metadata().default_value
    if profile != "pivapplet":
        # The library presents an empty PIN until it is blocked, which PivApplet refuses without counting.
        session.reset()
        assert session.get_pin_attempts() == most


def keys(session, profile):
    kinds = [KEY_TYPE.RSA1024, KEY_TYPE.ECCP256, KEY_TYPE.ECCP384]
    if profile == "yubikey-5.7":
        kinds += [KEY_TYPE.ED25519, KEY_TYPE.X25519]
    refused(ApduError, session.generate_key, SLOT.AUTHENTICATION, KEY_TYPE.ECCP256)
    session.authenticate(FACTORY_KEY)
    for kind in kinds:
        public = session.generate_key(SLOT.AUTHENTICATION, kind)
        if profile != "yubikey-4":
            # PivApplet counts the origins from 0, which this library takes for "imported".
            metadata = session.get_slot_metadata(SLOT.AUTHENTICATION)
            assert (metadata.key_type, metadata.generated) == (kind, profile == "yubikey-5.7"), metadata
            assert metadata.pin_policy == PIN_POLICY.ONCE and metadata.touch_policy == TOUCH_POLICY.NEVER
            parts = [serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo]
            assert metadata.public_key.public_bytes(*parts) == public.public_bytes(*parts)
        session.verify_pin("123456")
        if kind != KEY_TYPE.X25519:
            verify(public, sign(session, SLOT.AUTHENTICATION, kind))
        agree(session, SLOT.AUTHENTICATION, kind, public)
    privates = [
        rsa.generate_private_key(65537, 2048),
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP384R1()),
    ]
    if profile == "yubikey-5.7":
        privates += [ed25519.Ed25519PrivateKey.generate(), x25519.X25519PrivateKey.generate()]
    for private in privates:
        kind = session.put_key(SLOT.RETIRED3, private, PIN_POLICY.NEVER, TOUCH_POLICY.CACHED)
        if kind != KEY_TYPE.X25519:
            verify(private.public_key(), sign(session, SLOT.RETIRED3, kind))
        if kind == KEY_TYPE.RSA2048:
            cryptogram = private.public_key().encrypt(MESSAGE, padding.PKCS1v15())
            assert session.decrypt(SLOT.RETIRED3, cryptogram, padding.PKCS1v15()) == MESSAGE
        agree(session, SLOT.RETIRED3, kind, private.public_key())
        if profile != "yubikey-4":
            metadata = session.get_slot_metadata(SLOT.RETIRED3)
            assert metadata.pin_policy == PIN_POLICY.NEVER and metadata.touch_policy == TOUCH_POLICY.CACHED
            assert not metadata.generated or profile == "pivapplet"
    if profile == "yubikey-5.7":
        session.move_key(SLOT.RETIRED3, SLOT.KEY_MANAGEMENT)
        refused(ApduError, session.get_slot_metadata, SLOT.RETIRED3)
        agree(session, SLOT.KEY_MANAGEMENT, KEY_TYPE.X25519, private.public_key())
        session.delete_key(SLOT.KEY_MANAGEMENT)
        refused(ApduError, session.get_slot_metadata, SLOT.KEY_MANAGEMENT)
    else:
        refused((NotSupportedError, ApduError), session.delete_key, SLOT.AUTHENTICATION)
    # The PIN is for one signature in this slot.
    public = session.generate_key(SLOT.SIGNATURE, KEY_TYPE.ECCP256)
    session.verify_pin("123456")
    verify(public, sign(session, SLOT.SIGNATURE, KEY_TYPE.ECCP256))
    assert refused(ApduError, sign, session, SLOT.SIGNATURE, KEY_TYPE.ECCP256).sw == SW.SECURITY_CONDITION_NOT_SATISFIED
    refused((NotSupportedError, ApduError), session.attest_key, SLOT.SIGNATURE)


def agree(session, slot, kind, public):
    """Both sides come to the same secret."""
    if kind == KEY_TYPE.X25519:
        other = x25519.X25519PrivateKey.generate()
        expected = other.exchange(public)
    elif kind in (KEY_TYPE.ECCP256, KEY_TYPE.ECCP384):
        other = ec.generate_private_key(public.curve)
        expected = other.exchange(ec.ECDH(), public)
    else:
        return
    assert session.calculate_secret(slot, other.public_key()) == expected


def certificates(session, profile):
    session.authenticate(FACTORY_KEY)
    begin = datetime(2026, 1, 1)
    for slot, compress in ((SLOT.AUTHENTICATION, False), (SLOT.SIGNATURE, True), (SLOT.RETIRED1, False)):
        public = session.generate_key(slot, KEY_TYPE.ECCP384)
        session.verify_pin("123456")
        made = ykman.generate_self_signed_certificate(
            session, slot, public, "CN=made", begin, begin + timedelta(days=9)
        )
        session.put_certificate(slot, made, compress)
        assert session.get_certificate(slot) == made
        session.verify_pin("123456")
        assert ykman.generate_csr(session, slot, public, "CN=asked").is_signature_valid
    listed = ykman.list_certificates(session)
    assert list(listed) == [SLOT.AUTHENTICATION, SLOT.SIGNATURE, SLOT.RETIRED1], listed
    session.delete_certificate(SLOT.AUTHENTICATION)
    assert refused(ApduError, session.get_certificate, SLOT.AUTHENTICATION).sw == SW.FILE_NOT_FOUND
    session.put_object(OBJECT_ID.CHUID, ykman.generate_chuid())
    session.put_object(OBJECT_ID.CAPABILITY, ykman.generate_ccc())
    assert session.get_object(OBJECT_ID.CHUID)[:2] == b"\x30\x19"
    session.put_object(OBJECT_ID.SECURITY, os.urandom(2900))
    # With extended APDUs the library itself knows that a YubiKey does not take so much.
    too_large = refused((ApduError, NotSupportedError), session.put_object, OBJECT_ID.SECURITY, os.urandom(3064))
    assert getattr(too_large, "sw", SW.NO_SPACE) == SW.NO_SPACE, too_large
    if profile == "yubikey-5.7":
        said = str(ykman.get_piv_info(session))
        for part in ("Using default PIN!", "Using default PUK!", "AES192", "CN=made", "Slot 9C", "3/3"):
            assert part in said, said


def management(session, profile):
    kinds = [MANAGEMENT_KEY_TYPE.TDES]
    if profile != "yubikey-4":
        kinds += [MANAGEMENT_KEY_TYPE.AES128, MANAGEMENT_KEY_TYPE.AES192, MANAGEMENT_KEY_TYPE.AES256]
        assert session.get_management_key_metadata().default_value
    session.authenticate(FACTORY_KEY)
    for kind in kinds:
        key = ykman.generate_random_management_key(kind)
        session.set_management_key(kind, key)
        refused(ApduError, session.authenticate, os.urandom(kind.key_len))
        session.authenticate(key)
    if profile == "pivapplet":
        return
    # Kept on the card, behind the PIN.
    key = ykman.generate_random_management_key(kind)
    session.verify_pin("123456")
    ykman.pivman_set_mgm_key(session, key, kind, store_on_device=True)
    assert ykman.get_pivman_data(session).has_stored_key
    assert ykman.get_pivman_protected_data(session).key == key
    session.authenticate(key)


def demonstration(session, profile):
    """What the description of `erik` has put on the card."""
    assert session.get_serial() == 20250611
    assert ykman.get_pivman_data(session).has_stored_key
    refused(ApduError, ykman.get_pivman_protected_data, session)
    session.verify_pin("123456")
    session.authenticate(ykman.get_pivman_protected_data(session).key)
    for slot, file in (
        (SLOT.AUTHENTICATION, "logon"),
        (SLOT.SIGNATURE, "signature"),
        (SLOT.KEY_MANAGEMENT, "encryption"),
    ):
        with open(f"erik-{file}.pem", "rb") as pem:
            expected = x509.load_pem_x509_certificate(pem.read())
        assert session.get_certificate(slot) == expected
        session.verify_pin("123456")
        kind = KEY_TYPE.from_public_key(expected.public_key())
        verify(expected.public_key(), sign(session, slot, kind))


def main():
    scenario, profile, transport = sys.argv[1:]
    card = Card(TRANSPORT[transport])
    try:
        session = PivSession(card)
        assert str(session.version) == {"yubikey-5.7": "5.7.1", "yubikey-4": "4.3.5", "pivapplet": "5.4.0"}[profile]
        globals()[scenario](session, profile)
    except InvalidSignature as problem:
        raise AssertionError("the signature is wrong") from problem
    finally:
        card.close()


main()
