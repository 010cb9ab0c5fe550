#!/bin/sh
# Makes the keys and certificates of this directory: one person for each kind of key that PIV cards have, and two
# whose certificates are large: one that compression makes fit a card, one that nothing does.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat > "$work/cnf" <<'CNF'
[req]
distinguished_name = name
prompt = no
[name]
CN = unused
[authority]
basicConstraints = critical, CA:true
[logon]
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth, 1.3.6.1.4.1.311.20.2.2
[signature]
keyUsage = critical, digitalSignature, nonRepudiation
[encipherment]
keyUsage = critical, keyAgreement
[mail]
keyUsage = critical, keyEncipherment
extendedKeyUsage = emailProtection
[none]
subjectKeyIdentifier = hash
[long]
keyUsage = critical, digitalSignature, nonRepudiation
nsComment = @LONG@
CNF
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/ca.key" -out authority.pem -days 36500 \
    -config "$work/cnf" -extensions authority -subj '/CN=Example PIV Authority' 2>/dev/null

# name, section, key options...
person() {
    name=$1 section=$2
    shift 2
    openssl genpkey -quiet "$@" -out "$name.key"
    openssl pkey -in "$name.key" -pubout -out "$work/pub"
    openssl req -new -key "$work/ca.key" -subj "/CN=$name" -config "$work/cnf" -out "$work/csr"
    openssl x509 -req -in "$work/csr" -force_pubkey "$work/pub" -CA authority.pem -CAkey "$work/ca.key" \
        -days 36500 -extfile "$work/cnf" -extensions "$section" -out "$name.pem" 2>/dev/null
}
again() {
    name=$1 section=$2 key=$3
    openssl pkey -in "$key.key" -pubout -out "$work/pub"
    openssl req -new -key "$work/ca.key" -subj "/CN=$name" -config "$work/cnf" -out "$work/csr"
    openssl x509 -req -in "$work/csr" -force_pubkey "$work/pub" -CA authority.pem -CAkey "$work/ca.key" \
        -days 36500 -extfile "$work/cnf" -extensions "$section" -out "$name.pem" 2>/dev/null
}

person gerda logon -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:named_curve
again gerda-renewed logon gerda
person hans signature -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -pkeyopt ec_param_enc:named_curve
person ida none -algorithm ED25519
person jon encipherment -algorithm X25519
person karin mail -algorithm RSA -pkeyopt rsa_keygen_bits:1024
person lars logon -algorithm RSA -pkeyopt rsa_keygen_bits:3072
person mona mail -algorithm RSA -pkeyopt rsa_keygen_bits:4096
person nils logon -algorithm RSA -pkeyopt rsa_keygen_bits:2048

comment=$(head -c 4000 /dev/zero | tr '\0' 'x')
sed -i "s/@LONG@/$comment/" "$work/cnf"
again gerda-large long gerda
random=$(openssl rand -hex 6000)
sed -i "s/^nsComment = .*/nsComment = $random/" "$work/cnf"
again gerda-huge long gerda
