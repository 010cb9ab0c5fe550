#!/bin/sh
# Makes the keys and certificates of this directory: six people with RSA keys, the first with a renewed
# certificate, the second without the extended key usage of smart card logon, and the authority that issued all.
set -eu
cd "$(dirname "$0")"

cat > /tmp/gids-test.cnf <<'CNF'
[req]
distinguished_name = name
prompt = no
[name]
CN = unused
[authority]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[logon]
keyUsage = critical, digitalSignature, keyEncipherment
extendedKeyUsage = clientAuth, 1.3.6.1.4.1.311.20.2.2
subjectAltName = otherName:1.3.6.1.4.1.311.20.2.3;UTF8:person@example.test
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[mail]
keyUsage = critical, digitalSignature
extendedKeyUsage = emailProtection
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
CNF

openssl req -x509 -newkey rsa:2048 -nodes -keyout /tmp/gids-test-ca.key -out authority.pem -days 36500 \
    -config /tmp/gids-test.cnf -extensions authority -subj "/O=Kortti tests/CN=Authority"

issue() { # certificate, key, profile, common name
    openssl req -new -key "$2.key" -config /tmp/gids-test.cnf -subj "/O=Kortti tests/CN=$4" |
        openssl x509 -req -CA authority.pem -CAkey /tmp/gids-test-ca.key -days 36500 \
            -extfile /tmp/gids-test.cnf -extensions "$3" -out "$1.pem"
}

for person in anna bo carl dora emil fred; do
    openssl genrsa -traditional -out "$person.key" 2048
    case $person in bo) profile=mail ;; *) profile=logon ;; esac
    issue "$person" "$person" "$profile" "$person"
done
issue anna-renewed anna logon "anna renewed"

openssl genrsa -traditional -3 -out exponent-3.key 2048
issue exponent-3 exponent-3 mail "exponent 3"
openssl genrsa -traditional -out rsa-1536.key 1536
issue rsa-1536 rsa-1536 mail "rsa 1536"
rm -f /tmp/gids-test.cnf /tmp/gids-test-ca.key
