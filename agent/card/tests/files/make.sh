#!/bin/sh
# Makes the files that tests/files.rs opens. Every key in them is thrown away: they protect nothing.
#
# Needs OpenSSL 3, Java's keytool (17), pk12util of NSS (libnss3-tools), and python3 with pip, which fetches
# cryptography 3.4.8: its wheels carry OpenSSL 1.1.1, so the openssl1-* files are really OpenSSL 1's.
# No Windows was at hand: the windows* files imitate its exports (algorithms, iterations, CSP name, localKeyID).
# The umlaut-openssl10 file imitates OpenSSL 1.0, which widened each byte of a UTF-8 password to 16 bits.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

cat > x.cnf <<'CNF'
[req]
distinguished_name = dn
prompt = no
[dn]
CN = unused
[ca]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[intermediate]
basicConstraints = critical, CA:true, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[leaf]
basicConstraints = CA:false
keyUsage = critical, digitalSignature, keyEncipherment
extendedKeyUsage = 1.3.6.1.4.1.311.20.2.2, clientAuth, emailProtection, 1.2.3.4
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = @names
certificatePolicies = 2.5.29.32.0, 1.2.3.4.5
crlDistributionPoints = URI:http://crl.example.org/ca.crl
authorityInfoAccess = OCSP;URI:http://ocsp.example.org, caIssuers;URI:http://example.org/ca.cer
[names]
otherName.1 = 1.3.6.1.4.1.311.20.2.3;UTF8:alice@corp.example.org
otherName.2 = 1.2.3.4;INTEGER:5
email.1 = alice@example.org
DNS.1 = alice.example.org
URI.1 = https://example.org/alice
IP.1 = 192.0.2.7
IP.2 = 2001:db8::7
RID.1 = 1.2.3.4
dirName.1 = other_name
[other_name]
CN = Alice in a directory
CNF

self() { # name, subject, extensions, key options…
    name=$1 subject=$2 extensions=$3; shift 3
    openssl genpkey -quiet "$@" -out "$name.key"
    openssl req -x509 -new -key "$name.key" -config x.cnf -extensions "$extensions" -utf8 -multivalue-rdn \
        -subj "$subject" -days 36500 -out "$name.pem"
}
issued() { # issuer, name, subject, extensions, key options…
    issuer=$1 name=$2 subject=$3 extensions=$4; shift 4
    openssl genpkey -quiet "$@" -out "$name.key"
    openssl req -new -key "$name.key" -config x.cnf -utf8 -subj "$subject" -out "$name.csr"
    openssl x509 -req -in "$name.csr" -CA "$issuer.pem" -CAkey "$issuer.key" -CAcreateserial -extfile x.cnf \
        -extensions "$extensions" -days 36500 -out "$name.pem" 2> /dev/null
}
rsa() { echo "-algorithm RSA -pkeyopt rsa_keygen_bits:$1"; }
ec() { echo "-algorithm EC -pkeyopt ec_paramgen_curve:$1 -pkeyopt ec_param_enc:named_curve"; }

self root "/C=FI/O=Example/CN=Example Root" ca $(ec P-256)
issued root intermediate "/C=FI/O=Example/CN=Example Issuing" intermediate $(ec P-256)
issued intermediate alice "/DC=org/DC=example/O=Example, Ltd/CN=Alice Ääkkönen" leaf $(rsa 2048)
self rsa1024 "/CN=RSA 1024" leaf $(rsa 1024)
self rsa4096 "/CN=RSA 4096" leaf $(rsa 4096)
self p256 "/CN=EC 256" leaf $(ec P-256)
self p384 "/CN=EC 384" leaf $(ec P-384)
self p521 "/CN=EC 521" leaf $(ec P-521)
self brainpool "/CN=Brainpool" leaf $(ec brainpoolP256r1)
self ed25519 "/CN=Edwards" leaf -algorithm ED25519
cat intermediate.pem root.pem > chain.pem
cat alice.pem intermediate.pem root.pem > alice-chain.pem

# Certificates.
for name in root intermediate alice p384 brainpool ed25519; do openssl x509 -in $name.pem -outform DER -out "$here/$name.der"; done
{ echo "Some words before."; openssl x509 -in alice.pem -text; } > "$here/alice-text.pem"
cp alice-chain.pem "$here/chain.pem"
openssl crl2pkcs7 -nocrl -certfile chain.pem -outform DER -out "$here/roots.p7b"
openssl crl2pkcs7 -nocrl -certfile alice-chain.pem -out "$here/chain.p7b.pem"
head -c 500 "$here/alice.der" > "$here/truncated.der"
echo "This is no certificate." > "$here/note.txt"

# PKCS#12 by OpenSSL 3.
export_() { # file, password, options…
    file=$1 password=$2; shift 2
    openssl pkcs12 -export -passout "pass:$password" -out "$here/$file" "$@"
}
alice="-inkey alice.key -in alice.pem -certfile chain.pem"
export_ openssl3.pfx secret $alice
export_ openssl3-legacy.pfx secret $alice -legacy
export_ openssl3-3des.pfx secret $alice -keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg sha1
export_ openssl3-2des.pfx secret $alice -keypbe PBE-SHA1-2DES -certpbe PBE-SHA1-RC2-128 -macalg sha1 -legacy
export_ openssl3-aes128.pfx secret $alice -keypbe AES-128-CBC -certpbe AES-192-CBC -macalg sha512
export_ openssl3-pbes2-3des.pfx secret $alice -keypbe DES-EDE3-CBC -certpbe DES-EDE3-CBC -macalg sha384
export_ openssl3-rc4.pfx secret $alice -keypbe PBE-SHA1-RC4-128 -certpbe PBE-SHA1-RC4-128 -macalg sha1 -legacy
export_ empty-password.pfx "" $alice
export_ empty-password-3des.pfx "" $alice -keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg sha1
export_ umlaut.pfx "pässwörd€" $alice
export_ umlaut-3des.pfx "pässwörd€" $alice -keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg sha1
export_ umlaut-openssl10.pfx "$(printf 'pässwörd' | iconv -f latin1 -t utf8)" $alice -keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg sha1
export_ emoji-3des.pfx "p😀" $alice -keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg sha1
export_ no-mac.pfx secret $alice -nomac
export_ plain.pfx "" $alice -keypbe NONE -certpbe NONE -nomac
export_ plain-with-mac.pfx secret $alice -keypbe NONE -certpbe NONE
export_ rsa1024.pfx secret -inkey rsa1024.key -in rsa1024.pem
export_ rsa4096.pfx secret -inkey rsa4096.key -in rsa4096.pem
export_ p256.pfx secret -inkey p256.key -in p256.pem
export_ p384.pfx secret -inkey p384.key -in p384.pem
export_ p521.pfx secret -inkey p521.key -in p521.pem
export_ brainpool.pfx secret -inkey brainpool.key -in brainpool.pem
export_ ed25519.pfx secret -inkey ed25519.key -in ed25519.pem
export_ key-only.pfx secret -inkey alice.key -nocerts
export_ certificate-only.pfx secret -nokeys -in alice.pem
export_ 20-million.pfx secret -inkey p256.key -in p256.pem -iter 20000000
openssl pkcs12 -export -passout pass:secret -out "$here/windows7.pfx" $alice -name "te-7b7d3a4e" -iter 2000 \
    -keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg sha1 \
    -CSP "Microsoft Enhanced RSA and AES Cryptographic Provider"
openssl pkcs12 -export -passout pass:secret -out "$here/windows10.pfx" $alice -name "te-7b7d3a4e" -iter 2000 \
    -keypbe AES-256-CBC -certpbe AES-256-CBC -macalg sha256 -CSP "Microsoft Software Key Storage Provider"

# Java.
java() { keytool "$@" > /dev/null 2>&1; }
for kind in "rsa RSA -keysize 2048" "ec EC -groupname secp256r1"; do
    set -- $kind
    java -genkeypair -alias "$1" -keyalg "$2" "$3" "$4" -dname "CN=Java $1" -validity 36500 -storetype PKCS12 \
        -keystore "$here/java-$1.p12.new" -storepass secret
    mv "$here/java-$1.p12.new" "$here/java-$1.p12"
done
java -J-Dkeystore.pkcs12.legacy -genkeypair -alias old -keyalg RSA -keysize 2048 -dname "CN=Java old" -validity 36500 \
    -storetype PKCS12 -keystore old.p12 -storepass secret
cp old.p12 "$here/java-legacy.p12"
cp "$here/java-rsa.p12" two.p12
java -genkeypair -alias second -keyalg EC -groupname secp256r1 -dname "CN=Java second" -validity 36500 \
    -storetype PKCS12 -keystore two.p12 -storepass secret
cp two.p12 "$here/java-two-keys.p12"

# NSS, as Firefox and Thunderbird write it: BER with indefinite lengths.
mkdir nss
certutil -N -d sql:nss --empty-password
pk12util -i "$here/windows7.pfx" -W secret -d sql:nss > /dev/null
pk12util -o "$here/nss.p12" -n "te-7b7d3a4e" -W secret -d sql:nss > /dev/null
pk12util -o "$here/nss-legacy.p12" -n "te-7b7d3a4e" -W secret -d sql:nss \
    -c "PKCS #12 V2 PBE With SHA-1 And 3KEY Triple DES-CBC" -C "PKCS #12 V2 PBE With SHA-1 And 40 Bit RC2 CBC" > /dev/null

# OpenSSL 1.1.1, and certificates that the command line does not make.
python3 -m venv venv
venv/bin/pip -q install cryptography==3.4.8 2> /dev/null
venv/bin/python - "$here" <<'PY'
import datetime, sys
from cryptography import x509
from cryptography.hazmat.backends.openssl.backend import backend
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption, Encoding, NoEncryption, load_pem_private_key, pkcs12)
from cryptography.x509.oid import NameOID

here = sys.argv[1]
assert backend.openssl_version_text().startswith("OpenSSL 1.1.1")

def read(name):
    with open(name, "rb") as file:
        return file.read()

def write(name, content):
    with open(f"{here}/{name}", "wb") as file:
        file.write(content)

key = load_pem_private_key(read("alice.key"), None)
certificate = x509.load_pem_x509_certificate(read("alice.pem"))
chain = [x509.load_pem_x509_certificate(read(name)) for name in ("root.pem", "intermediate.pem")]
make = pkcs12.serialize_key_and_certificates
write("openssl1.pfx", make(b"alice", key, certificate, chain, BestAvailableEncryption(b"secret")))
# Its MAC is made with an absent password, which is another encoding than an empty one.
write("openssl1-plain.pfx", make(b"alice", key, certificate, chain, NoEncryption()))
ec = load_pem_private_key(read("p256.key"), None)
write("openssl1-p256.pfx", make(b"ec", ec, x509.load_pem_x509_certificate(read("p256.pem")), None,
                                BestAvailableEncryption(b"secret")))

# Encrypted with an absent password: PKCS12_create(NULL, …) of OpenSSL 1.1.1, which the Python interface hides.
lib, ffi = backend._lib, backend._ffi
triple_des = lib.OBJ_txt2nid(b"1.2.840.113549.1.12.1.3")
file = lib.PKCS12_create(ffi.NULL, b"alice", key._evp_pkey, certificate._x509, ffi.NULL, triple_des, triple_des, 2048, 1, 0)
assert file != ffi.NULL
bio = backend._create_mem_bio_gc()
assert lib.i2d_PKCS12_bio(bio, file) == 1
write("absent-password-3des.pfx", backend._read_mem_bio(bio))

def certificate_for(name, subject, not_after):
    write(name, x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(ec.public_key())
          .serial_number(0xFE01).not_valid_before(datetime.datetime(2020, 1, 2, 3, 4, 5)).not_valid_after(not_after)
          .sign(ec, hashes.SHA256()).public_bytes(Encoding.DER))

certificate_for("forever.der", x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "No common name")]),
                datetime.datetime(9999, 12, 31, 23, 59, 59))
hostile = x509.Name([
    x509.NameAttribute(NameOID.COMMON_NAME, "\x1b[2J\x1b]0;owned\x07 \u202egnp.exe\n# "),
    x509.NameAttribute(x509.ObjectIdentifier("1.2.3.4.5"), "unknown"),
])
certificate_for("hostile.der", hostile, datetime.datetime(2049, 12, 31, 23, 59, 59))

def damaged(name, source, position, cut=False):
    content = bytearray(read(f"{here}/{source}"))
    if cut:
        del content[position:]
    else:
        content[position] ^= 0x10
    write(name, content)

damaged("truncated.pfx", "openssl3.pfx", 1500, cut=True)
damaged("flipped.pfx", "openssl3.pfx", 400)
damaged("flipped-mac.pfx", "openssl3.pfx", -30)
damaged("flipped-no-mac.pfx", "plain.pfx", 60)
PY

# PEM with keys.
cat alice-chain.pem alice.key > "$here/pkcs8.pem"
{ openssl pkey -in alice.key -traditional; cat alice.pem; } > "$here/pkcs1.pem"
{ openssl ecparam -name prime256v1; openssl pkey -in p256.key -traditional; cat p256.pem; } | tr '\n' '\r' | sed 's/\r/\r\n/g' > "$here/sec1.pem"
{ openssl pkcs8 -topk8 -in alice.key -passout pass:secret -v2 aes-256-cbc; cat alice.pem; } > "$here/encrypted.pem"
{ openssl pkcs8 -topk8 -in alice.key -passout pass:secret -v1 PBE-SHA1-3DES; cat alice.pem; } > "$here/encrypted-3des.pem"
{ openssl pkcs8 -topk8 -in p256.key -passout pass:secret -scrypt; cat p256.pem; } > "$here/encrypted-scrypt.pem"
{ openssl rsa -in alice.key -traditional -aes128 -passout pass:secret; cat alice.pem; } > "$here/encrypted-old.pem" 2> /dev/null
cat alice.pem p256.key > "$here/stranger.pem"
cat p256.pem p384.pem > "$here/two-certificates.pem"
cp alice.key "$here/key-only.pem"
openssl pkcs8 -topk8 -nocrypt -in p256.key -outform DER -out "$here/key-only.der"
openssl req -x509 -new -key p256.key -config x.cnf -extensions leaf -subj "/CN=EC 256 renewed" -days 36500 -out renewed.pem
cat p256.key p256.pem renewed.pem > "$here/renewed.pem"

du -sb "$here"
