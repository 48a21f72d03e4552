#!/bin/sh
# Makes the odd certificates of this folder with OpenSSL 3: sh make.sh. Keys are thrown away.
set -eu
keys=$(mktemp -d)
trap 'rm -rf "$keys"' EXIT
key() { openssl genpkey -quiet -out "$keys/$1" -algorithm "$2" ${3:+-pkeyopt "$3"} ${4:+-pkeyopt "$4"}; }
# Self-signed for fifty years: name, key, subject, then options.
certificate() {
  name=$1 key=$2 subject=$3
  shift 3
  openssl req -x509 -new -utf8 -config empty.cnf -key "$keys/$key" -subj "$subject" -days 18250 -out "$name.pem" "$@"
}
leaf='-addext basicConstraints=critical,CA:FALSE -addext keyUsage=critical,digitalSignature'

key ec EC ec_paramgen_curve:P-256
key p521 EC ec_paramgen_curve:P-521
key k1 EC ec_paramgen_curve:secp256k1
key explicit EC ec_paramgen_curve:P-256 ec_param_enc:explicit
key ed ED25519
key rsa RSA rsa_keygen_bits:2048
key rsa1024 RSA rsa_keygen_bits:1024
key rsa2047 RSA rsa_keygen_bits:2047
# With two primes OpenSSL rounds these sizes down.
key rsa2049 RSA rsa_keygen_bits:2049 rsa_keygen_primes:3
key rsa4097 RSA rsa_keygen_bits:4097 rsa_keygen_primes:3
key pss RSA-PSS rsa_keygen_bits:2048

certificate p256 ec /CN=p256 $leaf -set_serial 1
certificate p521 p521 /CN=p521 $leaf
certificate secp256k1 k1 /CN=secp256k1 $leaf
certificate explicit-curve explicit /CN=explicit $leaf
certificate ed25519 ed /CN=ed25519 $leaf
certificate rsa1024 rsa1024 /CN=rsa1024 $leaf
certificate rsa2047 rsa2047 /CN=rsa2047 $leaf
certificate rsa2049 rsa2049 /CN=rsa2049 $leaf
certificate rsa4097 rsa4097 /CN=rsa4097 $leaf
certificate pss-key pss /CN=pss-key $leaf
certificate pss-signature rsa /CN=pss-signature $leaf -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32
certificate md5 rsa /CN=md5 $leaf -md5
certificate sha1 rsa /CN=sha1 $leaf -sha1
certificate sha224 ec /CN=sha224 $leaf -sha224
certificate empty-subject ec / $leaf
certificate no-key-usage ec /CN=no-key-usage -addext basicConstraints=critical,CA:FALSE
certificate other-usage ec /CN=other-usage -addext keyUsage=critical,keyAgreement
certificate ca ec /CN=ca -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,digitalSignature
certificate high-bit-serial ec /CN=high-bit $leaf -set_serial 0xF0000000000000000000000000000000000001
certificate names ec "/C=DE/O=Ünited \"R&D\" (x)/OU=a+OU=b/CN=O'Brien, Pat/serialNumber=7" $leaf -multivalue-rdn \
  -addext 'subjectAltName=DNS:*.example.org,DNS:plain.example.org,URI:https://example.org/x?y,email:a@example.org,otherName:1.2.3.4;UTF8:x' \
  -addext extendedKeyUsage=serverAuth
certificate directory-name ec /CN=directory-name -config directory-name.cnf
openssl req -new -config empty.cnf -key "$keys/ec" -subj /CN=v1 | openssl x509 -req -signkey "$keys/ec" -days 18250 -out v1.pem 2>/dev/null
