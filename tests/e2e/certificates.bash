# shellcheck shell=bash
# Certificates by openssl, for the .bats files that need some. Made once a file, in $certs.

certs=$BATS_FILE_TMPDIR

# make_ca NAME: a CA in NAME.crt and NAME.key.
make_ca() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
    -subj "/CN=$1" -keyout "$certs/$1.key" -out "$certs/$1.crt" 2>/dev/null
}

# make_certificate NAME CA SUBJECT [NAMES] [DAYS]: signed by CA; NAMES as subjectAltName has them.
make_certificate() {
  local name=$certs/$1 ca=$certs/$2 extension=()
  if [ -n "${4-}" ]; then
    echo "subjectAltName=$4" >"$name.ext"
    extension=(-extfile "$name.ext")
  fi
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "$3" \
    -keyout "$name.key" -out "$name.csr" 2>/dev/null
  openssl x509 -req -in "$name.csr" -CA "$ca.crt" -CAkey "$ca.key" -CAcreateserial \
    -days "${5:-2}" "${extension[@]}" -out "$name.crt" 2>/dev/null
}
