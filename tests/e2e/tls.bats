#!/usr/bin/env bats
# TLS of the clients against Debian's mosquitto and openssl.
load helper
load certificates

setup_file() {
  make_ca ca
  make_ca stranger
  make_certificate server ca /CN=localhost DNS:localhost,IP:127.0.0.1
  make_certificate other ca /CN=other.example DNS:other.example
  make_certificate expired ca /CN=localhost DNS:localhost -1
  make_certificate alice ca /CN=alice
  openssl rehash "$certs"
}

# tls_mosquitto [LINE...]: mosquitto with a certificate.
tls_mosquitto() { start_mosquitto "certfile $certs/server.crt" "keyfile $certs/server.key" "$@"; }

# round_trip PUB SUB OPTION...: a message from one to the other over $port.
round_trip() {
  local pub=$1 sub=$2
  shift 2
  subscribe got "$sub" -h localhost -t t -C 1 "$@"
  "$pub" -h localhost -p "$port" -t t -m 'over TLS' -q 1 "$@"
  finished "$sub_pid"
  [ "$(messages got)" = 'over TLS' ]
}

# start_openssl OPTION...: openssl's own server, with that certificate; sets $port and $broker_pid. What it is sent
# is in $work/served, what it is to send goes to descriptor 8.
start_openssl() {
  rm -f "$work/fifo"
  mkfifo "$work/fifo"
  exec 8<>"$work/fifo"
  openssl s_server -accept 127.0.0.1:0 -naccept 1 -cert "$certs/server.crt" -key "$certs/server.key" "$@" \
    <"$work/fifo" >"$work/served" 2>"$work/served.err" 3>&- 8>&- &
  broker_pid=$!
  pids+=("$broker_pid")
  whole_line() { has_line '^ACCEPT ' "$1" && [ -z "$(tail -c 1 "$1")" ]; }
  wait_for whole_line "$work/served"
  port=$(sed -n 's/^ACCEPT .*://p' "$work/served")
}

@test "mqpub and mqsub over TLS to mosquitto" {
  tls_mosquitto
  round_trip mqpub mqsub --cafile "$certs/ca.crt"
  round_trip mqpub mqsub --capath "$certs" --tls-version tlsv1.3
  SSL_CERT_FILE=$certs/ca.crt round_trip mqpub mqsub --tls
  SSL_CERT_FILE=$certs/ca.crt mqpub -L "mqtts://localhost:$port/t" -m x
  [ "$(mqrr -h localhost -p "$port" --cafile "$certs/ca.crt" -t r -e r -m echo -W 20)" = echo ]
  # A large message, in many records.
  head -c 300000 /dev/urandom >"$work/sent"
  subscribe large mqsub -h localhost -t large -C 1 -N --cafile "$certs/ca.crt"
  mqpub -h localhost -p "$port" --cafile "$certs/ca.crt" -t large -f "$work/sent" -q 2
  finished "$sub_pid"
  cmp "$work/sent" "$work/large"
}

@test "each version of TLS, and none that both sides know" {
  tls_mosquitto 'tls_version tlsv1.3'
  run -0 mqpub -p "$port" -h localhost --cafile "$certs/ca.crt" -t t -m x --tls-info
  [[ $output = *'TLS: TLSv1.3, '* ]]
  [[ $output = *'TLS: subject CN=localhost'*'TLS: issuer CN=ca'*'TLS: names localhost, 127.0.0.1'* ]]
  tls_mosquitto 'ciphers ECDHE-ECDSA-AES128-GCM-SHA256' 'tls_version tlsv1.2'
  run -1 mqpub -p "$port" -h localhost --cafile "$certs/ca.crt" -t t -m x \
    --ciphers ECDHE-RSA-AES256-GCM-SHA384 --tls13-ciphers TLS_AES_128_CCM_8_SHA256
  [[ $output = *'no cipher in common'* ]]
  start_openssl -tls1_2
  run -1 mqpub -p "$port" -h localhost --cafile "$certs/ca.crt" -t t -m x --tls-version tlsv1.3
  [[ $output = *"TLS with localhost:$port failed: the server speaks no version of TLS that this side allows"* ]]
  # An old server.
  start_openssl -tls1_1 -cipher 'DEFAULT:@SECLEVEL=0'
  run -1 mqpub -p "$port" -h localhost --cafile "$certs/ca.crt" -t t -m x
  [[ $output = *'no version of TLS that this side allows (--tls-version)'* ]]
}

@test "openssl is sent what a broker is, by TLS 1.2 and 1.3, with the name that was asked for and ALPN" {
  local version
  for version in 2 3; do
    if [ $version -eq 2 ]; then
      start_openssl -tls1_2 -servername localhost -cert2 "$certs/server.crt" -key2 "$certs/server.key"
    else
      start_openssl -tls1_3 -alpn mqtt
    fi
    mqpub -p "$port" -h localhost --cafile "$certs/ca.crt" --tls-alpn mqtt -t topic -m payload --tls-info \
      2>"$work/pub.err" 3>&- 8>&- &
    local pub_pid=$!
    pids+=("$pub_pid")
    wait_for grep -a MQTT "$work/served"
    printf '\x20\x02\0\0' >&8
    finished "$pub_pid"
    exec 8>&-
    has_line "^TLS: TLSv1.$version, " "$work/pub.err"
    wait_for grep -a topicpayload "$work/served"
    cp "$work/served" "$work/served.$version"
  done
  grep -qa 'Hostname in TLS extension: "localhost"' "$work/served.2"
  grep -qa 'ALPN protocols selected: mqtt' "$work/served.3"
}

@test "a certificate that cannot be trusted: why, whose it is and what to do" {
  tls_mosquitto
  run -1 mqpub -h localhost -p "$port" -t t -m x --cafile "$certs/stranger.crt"
  [[ $output = *"TLS with localhost:$port failed: the server's certificate is not accepted: unable to get local issuer certificate (subject CN=localhost; issuer CN=ca); give the certificate of its CA with --cafile"* ]]
  run -1 mqsub -h localhost -p "$port" -t t --tls
  [[ $output = *'--cafile'* ]]
  run -0 mqpub -h localhost -p "$port" -t t -m x --insecure

  start_mosquitto "certfile $certs/other.crt" "keyfile $certs/other.key"
  run -1 mqpub -h localhost -p "$port" -t t -m x --cafile "$certs/ca.crt"
  [[ $output = *'hostname mismatch'*'it is for other.example, and not for localhost'*'--tls-hostname'* ]]
  run -0 mqpub -h localhost -p "$port" -t t -m x --cafile "$certs/ca.crt" \
    --tls-hostname other.example

  start_mosquitto "certfile $certs/expired.crt" "keyfile $certs/expired.key"
  run -1 mqpub -h localhost -p "$port" -t t -m x --cafile "$certs/ca.crt"
  [[ $output = *'certificate has expired'*'valid until '* ]]
}

@test "a pinned key is the one that is accepted" {
  tls_mosquitto
  local pin
  pin=sha256//$(openssl x509 -in "$certs/server.crt" -pubkey -noout |
    openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64)
  mqpub -h localhost -p "$port" -t t -m x --insecure --tls-pin "$pin"
  run -1 mqpub -h localhost -p "$port" -t t -m x --insecure \
    --tls-pin sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
  [[ $output = *"its pin is $pin"* ]]
}

@test "a client certificate, and what is said without one" {
  tls_mosquitto "cafile $certs/ca.crt" 'require_certificate true'
  round_trip mqpub mqsub --cafile "$certs/ca.crt" --cert "$certs/alice.crt" --key "$certs/alice.key"
  run ! mqpub -h localhost -p "$port" -t t -m x --cafile "$certs/ca.crt"
  [[ $output = *'the server wants a client certificate: give one with --cert and --key'* ]]
  # The key is encrypted: its pass phrase comes from a file or the environment.
  openssl ec -in "$certs/alice.key" -aes128 -passout pass:sesame -out "$work/sealed.key" 2>/dev/null
  echo sesame >"$work/pass"
  mqpub -h localhost -p "$port" -t t -m x --cafile "$certs/ca.crt" --cert "$certs/alice.crt" \
    --key "$work/sealed.key" --key-pass-file "$work/pass"
  PASS=sesame mqpub -h localhost -p "$port" -t t -m x --cafile "$certs/ca.crt" \
    --cert "$certs/alice.crt" --key "$work/sealed.key" --key-pass-env PASS
  echo wrong >"$work/pass"
  run -1 mqpub -h localhost -p "$port" -t t -m x --cafile "$certs/ca.crt" \
    --cert "$certs/alice.crt" --key "$work/sealed.key" --key-pass-file "$work/pass"
  [[ $output = *'its pass phrase another one?'* ]]
}

@test "a key that is not in a file: OpenSSL's stores, providers, and what is said where there is none" {
  tls_mosquitto "cafile $certs/ca.crt" 'require_certificate true'
  local arguments=(-h localhost -p "$port" -t t -m x --cafile "$certs/ca.crt" --cert "$certs/alice.crt")
  mqpub "${arguments[@]}" --key "file:$certs/alice.key"
  mqpub "${arguments[@]}" --key "file:$certs/alice.key" --tls-provider legacy
  # Debian has no provider for PKCS#11; whoever has one names it.
  run -1 mqpub "${arguments[@]}" --key 'pkcs11:token=mqkit;object=alice'
  [[ $output = *"cannot read the key in pkcs11:token=mqkit;object=alice: OpenSSL knows no such URIs"*--tls-provider* ]]
  run -1 mqpub "${arguments[@]}" --key "file:$certs/alice.key" --tls-provider nonesuch
  [[ $output = *"cannot load the provider 'nonesuch'"* ]]
  run -1 mqpub "${arguments[@]}" --key /no/such.key
  [[ $output = *'cannot read the key in /no/such.key: No such file or directory'* ]]
  run -1 mqpub "${arguments[@]}" --key "$certs/alice.crt"
  [[ $output = *"cannot read the key in $certs/alice.crt"*"there is none in it"* ]]
  openssl ec -in "$certs/alice.key" -aes128 -passout pass:sesame -out "$work/sealed.key" 2>/dev/null
  run -1 setsid -w mqpub "${arguments[@]}" --key "$work/sealed.key" </dev/null
  [[ $output = *'is it encrypted, and its pass phrase missing?'* ]]
}

@test "a pre-shared key instead of certificates" {
  echo alice:00ff10 >"$work/psk"
  start_mosquitto "psk_file $work/psk" 'psk_hint mqkit'
  round_trip mqpub mqsub --psk 00ff10 --psk-identity alice
  run ! mqpub -h localhost -p "$port" -t t -m x --psk 00ff11 --psk-identity alice
  [[ $output = *"TLS with localhost:$port failed"* ]]
  run ! mqpub -h localhost -p "$port" -t t -m x --psk 00ff10 --psk-identity bob
}

@test "TLS to a plain port and plain to a TLS port" {
  start_mosquitto
  run ! timeout 20 mqpub -h localhost -p "$port" -t t -m x --tls
  [[ $output = *'during the handshake'* || $output = *'plain connections?'* ]]
  tls_mosquitto
  run ! mqpub -h localhost -p "$port" -t t -m x
}

@test "the secrets of a connection can be kept for a network analyser" {
  tls_mosquitto
  mqpub -h localhost -p "$port" -t t -m x --cafile "$certs/ca.crt" --tls-keylog "$work/keys"
  has_line '^SERVER_TRAFFIC_SECRET_0 ' "$work/keys"
  [ "$(stat -c %a "$work/keys")" = 600 ]
}
