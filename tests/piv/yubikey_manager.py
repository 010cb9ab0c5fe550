"""Does something with the PIV card in a reader, with Yubico's library: READER STEP... Each step is a word and its
arguments, parted by colons; each prints a line of JSON."""

import json
import os
import sys
from hashlib import sha256

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from smartcard.System import readers
from ykman.pcsc import ScardSmartCardConnection
from ykman.piv import check_key, get_pivman_data, list_certificates, pivman_set_mgm_key
from yubikit.piv import KEY_TYPE, OBJECT_ID, SLOT, PivSession


def slot(name):
    return SLOT(int(name, 16))


def load(path):
    with open(path, "rb") as file:
        return x509.load_pem_x509_certificate(file.read())


def thumbprint(data):
    return sha256(data).hexdigest().upper()


def public(key):
    return thumbprint(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


class Steps:
    def __init__(self, session):
        self.session = session

    def pin(self, pin):
        self.session.verify_pin(pin)

    def key(self, key):
        self.session.authenticate(bytes.fromhex(key))

    def tries(self):
        return self.session.get_pin_attempts()

    def change_pin(self, old, new):
        self.session.change_pin(old, new)

    def change_puk(self, old, new):
        self.session.change_puk(old, new)

    def unblock(self, puk, new):
        self.session.unblock_pin(puk, new)

    def put(self, where, path):
        self.session.put_certificate(slot(where), load(path))

    def generate(self, where, kind, path):
        key = self.session.generate_key(slot(where), KEY_TYPE[kind])
        with open(path, "wb") as file:
            file.write(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))

    def protect(self):
        """Gives the card a management key that it keeps behind the PIN."""
        kind = self.session.management_key_type
        pivman_set_mgm_key(self.session, os.urandom(kind.key_len), kind, store_on_device=True)
        return get_pivman_data(self.session).has_stored_key

    def certificates(self):
        found = list_certificates(self.session)
        return {f"{int(where):02X}": thumbprint(certificate.public_bytes(Encoding.DER))
                for where, certificate in found.items() if certificate}

    def metadata(self, where):
        told = self.session.get_slot_metadata(slot(where))
        return {"kind": told.key_type.name, "generated": told.generated, "public": public(told.public_key)}

    def signs(self, where, path):
        """Whether the key of a slot signs as the one in this certificate."""
        return check_key(self.session, slot(where), load(path).public_key())

    def object(self, name):
        return self.session.get_object(int(name, 16)).hex().upper()

    def chuid(self):
        return self.session.get_object(OBJECT_ID.CHUID).hex().upper()


def main():
    name, *steps = sys.argv[1:]
    [reader] = [reader for reader in readers() if reader.name == name]
    connection = ScardSmartCardConnection(reader.createConnection())
    do = Steps(PivSession(connection))
    for step in steps:
        word, *arguments = step.split(":")
        print(json.dumps(getattr(do, word)(*arguments)), flush=True)
    connection.close()


main()
