#!/usr/bin/env bats
# TLS of mqbroker against Debian's mosquitto clients, openssl s_client and our own.
load helper
load certificates

setup_file() {
  make_ca ca
  make_ca stranger
  make_certificate server ca /CN=localhost DNS:localhost,IP:127.0.0.1
  make_certificate server2 ca /CN=localhost DNS:localhost,IP:127.0.0.1
  make_certificate alice ca '/O=mqkit/CN=alice'
  make_certificate bob ca /CN=bob
  make_certificate nameless ca /O=nobody
  make_certificate expired ca /CN=alice '' -1
  make_certificate foreign stranger /CN=alice
  openssl rehash "$certs"
}

# tls_broker [OPTION...]: an mqbroker with a certificate.
tls_broker() { start_broker -v --certfile "$certs/server.crt" --keyfile "$certs/server.key" "$@"; }

# as NAME COMMAND...: a client with that certificate.
as() {
  local name=$1 command=$2
  shift 2
  "$command" -h localhost -p "$port" --cafile "$certs/ca.crt" --cert "$certs/$name.crt" \
    --key "$certs/$name.key" "$@"
}

# serves NAME: whether that is the certificate that the broker shows.
serves() {
  local served
  served=$(openssl s_client -connect "localhost:$port" </dev/null 2>/dev/null |
    openssl x509 -noout -serial)
  [ "$served" = "$(openssl x509 -noout -serial -in "$certs/$1.crt")" ]
}

@test "mosquitto's clients and ours over TLS, and the line that shows how" {
  tls_broker
  grep -q 'listening on .* (TLS, no password, this machine only) - try: mqsub -p .* --cafile FILE' \
    "$work/broker.log"
  subscribe theirs mosquitto_sub -h localhost --cafile "$certs/ca.crt" -t t -C 2
  local theirs_pid=$sub_pid
  subscribe ours mqsub -h localhost --capath "$certs" -t t -C 2
  mosquitto_pub -h localhost -p "$port" --cafile "$certs/ca.crt" -q 2 -t t -m one
  mqpub -h localhost -p "$port" --cafile "$certs/ca.crt" -q 1 -t t -m two
  finished "$theirs_pid"
  finished "$sub_pid"
  [ "$(messages theirs)" = $'one\ntwo' ]
  [ "$(cat "$work/ours")" = $'one\ntwo' ]
  # In many records, and more than a socket takes at once.
  head -c 3000000 /dev/urandom >"$work/sent"
  subscribe large mqsub -h localhost -t large -C 1 -N --cafile "$certs/ca.crt"
  mqpub -h localhost -p "$port" --cafile "$certs/ca.crt" -t large -f "$work/sent" -q 2
  finished "$sub_pid"
  cmp "$work/sent" "$work/large"
}

@test "openssl s_client: versions, ALPN, ciphers, a session that is resumed" {
  tls_broker
  run -0 openssl s_client -connect "localhost:$port" -CAfile "$certs/ca.crt" -alpn mqtt -brief </dev/null
  [[ $output == *'Protocol version: TLSv1.3'* ]]
  [[ $output == *'Verification: OK'* ]]
  run -0 openssl s_client -connect "localhost:$port" -CAfile "$certs/ca.crt" -alpn x,mqtt </dev/null
  [[ $output == *'ALPN protocol: mqtt'* ]]
  run ! openssl s_client -connect "localhost:$port" -tls1_1 -cipher DEFAULT@SECLEVEL=0 </dev/null
  openssl s_client -connect "localhost:$port" -tls1_2 -sess_out "$work/session" </dev/null >/dev/null 2>&1
  run -0 openssl s_client -connect "localhost:$port" -tls1_2 -sess_in "$work/session" </dev/null
  [[ $output == *'Reused, TLSv1.2'* ]]

  tls_broker --tls-version tlsv1.3 --ciphers-tls1.3 TLS_CHACHA20_POLY1305_SHA256
  run ! openssl s_client -connect "localhost:$port" -tls1_2 </dev/null
  run -0 openssl s_client -connect "localhost:$port" </dev/null
  [[ $output == *'Cipher is TLS_CHACHA20_POLY1305_SHA256'* ]]
  wait_for has_line 'notice handshake_failed peer=\S+ error=".*unsupported protocol' "$work/broker.log"
}

@test "a certificate is the user name: no password is asked for, and rules are for that name" {
  printf '%s\n' 'user alice' 'topic readwrite a/#' 'user CN=alice,O=mqkit' 'topic readwrite s/#' \
    >"$work/acl"
  tls_broker --cafile "$certs/ca.crt" --require-certificate --use-identity-as-username \
    --acl-file "$work/acl" --login carol:secret
  grep -q 'with certificates or keys' "$work/broker.log"
  as alice mosquitto_pub -V mqttv5 -q 1 -t a/1 -m x -r -u carol -P wrong
  [ "$(as alice mqsub -t 'a/#' -C 1 -W 10)" = x ]
  run ! as bob mqpub -V 5 -q 1 -t a/1 -m y -u alice -P secret
  [[ $output == *[Nn]ot\ authorized* ]]
  run ! as nameless mqpub -t a/1 -m y -u alice
  has_line 'notice refused .* detail="neither a certificate' "$work/broker.log"
  # A session is its owner's.
  as alice mqsub -i kept -c -q 1 -t a/1 -E
  run ! as bob mqsub -i kept -c -q 1 -t a/1 -E
  has_line 'refused client=kept .* user=bob detail="the session of this client identifier' "$work/broker.log"

  tls_broker --cafile "$certs/ca.crt" --require-certificate --use-subject-as-username \
    --acl-file "$work/acl"
  as alice mqpub -V 5 -q 1 -t s/1 -m x
}

@test "an open listener beside one with certificates: no way to a proven user's session" {
  printf '%s\n' 'per_listener_settings true' 'listen mqtts://localhost:0' "certfile $certs/server.crt" \
    "keyfile $certs/server.key" "cafile $certs/ca.crt" 'require_certificate true' \
    'use_identity_as_username true' "listen unix://$work/open" 'allow_anonymous true' \
    >"$work/conf"
  start() {
    rm -f "$work/port"
    mqbroker -v -c "$work/conf" --store "$work/db" --port-file "$work/port" 2>>"$work/broker.log" 3>&- &
    broker_pid=$!
    pids+=("$broker_pid")
    wait_for test -s "$work/port"
    port=$(head -n 1 "$work/port")
  }
  start
  as alice mosquitto_sub -V 5 -i device -c -x 1000 -q 1 -t a/1 -E
  as alice mosquitto_pub -q 1 -t a/1 -m secret
  local round name
  for round in running restarted; do
    for name in '' alice bob; do
      run ! mosquitto_sub --unix "$work/open" -i device -c -q 1 ${name:+-u "$name"} -t b/1 -W 1
      run -133 mqsub --unix "$work/open" -V 5 -i device ${name:+-u "$name"} -t b/1 -W 1
    done
    run -133 as bob mqsub -V 5 -i device -c -t b/1 -W 1
    if [ $round = restarted ]; then break; fi
    kill -9 "$broker_pid"
    wait_for gone "$broker_pid"
    start
  done
  [ "$(as alice mqsub -V 5 -i device -c -q 1 -t a/1 -C 1 -W 10)" = secret ]
  # What a stranger has laid out under a free identifier is not what its user comes into.
  mqsub --unix "$work/open" -V 5 -i other -c -x 1000 -q 1 -t '#' -E
  mqpub --unix "$work/open" -q 1 -t planted -m x
  subscribe other mqsub -h localhost --cafile "$certs/ca.crt" --cert "$certs/alice.crt" \
    --key "$certs/alice.key" -V 5 -i other -c -q 1 -t a/2 -v
  as alice mosquitto_pub -q 1 -t a/2 -m end
  wait_for has_line '^a/2 end' "$work/other"
  run ! grep planted "$work/other"
  has_line 'connected client=other .* user=alice detail="an earlier session of whoever has ended' "$work/broker.log"
}

@test "clients' certificates that are missing, foreign, expired or revoked: one line each with the reason" {
  # A list with nobody on it, and one with bob.
  : >"$certs/index.txt"
  printf '%s\n' '[ca]' 'default_ca=c' '[c]' "database=$certs/index.txt" 'default_md=sha256' \
    'default_crl_days=2' >"$certs/ca.cnf"
  crl() { openssl ca -config "$certs/ca.cnf" -cert "$certs/ca.crt" -keyfile "$certs/ca.key" "$@" 2>/dev/null; }
  crl -gencrl -out "$work/crl.pem"
  tls_broker --cafile "$certs/ca.crt" --crlfile "$work/crl.pem" --require-certificate
  as alice mosquitto_pub -t t -m x
  as bob mosquitto_pub -t t -m x
  run ! mosquitto_pub -h localhost -p "$port" --cafile "$certs/ca.crt" -t t -m x
  run ! mqpub -h localhost -p "$port" --cafile "$certs/ca.crt" -t t -m x
  [[ $output == *'the server wants a client certificate'* ]]
  run ! as foreign mosquitto_pub -t t -m x
  run ! as expired mqpub -t t -m x
  [[ $output == *expired* ]]
  crl -revoke "$certs/bob.crt"
  crl -gencrl -out "$work/crl.pem"
  kill -HUP "$broker_pid"
  wait_for has_line '^notice reloaded' "$work/broker.log"
  run ! as bob mqpub -t t -m x
  [[ $output == *revoked* ]]
  as alice mosquitto_pub -t t -m x
  local log=$work/broker.log
  [ "$(grep -c '^notice handshake_failed peer=[^ ]*[0-9] ' "$log")" = 5 ]
  [ "$(grep -c 'error="the client gave no certificate' "$log")" = 2 ]
  grep -q 'error=".*unable to get local issuer certificate (subject CN=alice; issuer CN=stranger)' "$log"
  grep -q 'error=".*certificate has expired (subject CN=alice; issuer CN=ca; valid until' "$log"
  grep -q 'error=".*certificate revoked (subject CN=bob; issuer CN=ca)' "$log"

  tls_broker --cafile "$certs/ca.crt" --require-certificate --disable-client-cert-date-checks
  as expired mosquitto_pub -t t -m x
}

@test "pre-shared keys: the identity is the user name" {
  printf '%s\n' alice:00ff10 bob:0102 >"$work/psk"
  printf '%s\n' 'user alice' 'topic a/#' >"$work/acl"
  start_broker -v --psk-file "$work/psk" --psk-hint mqkit --use-identity-as-username --acl-file "$work/acl"
  local as_alice=(-h localhost -p "$port" --psk-identity alice --psk 00ff10)
  mosquitto_pub "${as_alice[@]}" -q 1 -t a/1 -m one -r
  mosquitto_pub "${as_alice[@]}" -q 1 -t a/2 -m two -r --tls-version tlsv1.2
  [ "$(mqsub "${as_alice[@]}" -t 'a/#' -C 2 -W 10 | sort)" = $'one\ntwo' ]
  run ! mqpub -h localhost -p "$port" --psk-identity bob --psk 0102 -V 5 -q 1 -t a/1 -m x
  [[ $output == *[Nn]ot\ authorized* ]]
  run ! mosquitto_pub -h localhost -p "$port" --psk-identity alice --psk 00ff11 -t a/1 -m x
  run ! mosquitto_pub -h localhost -p "$port" --psk-identity carol --psk 00ff10 -t a/1 -m x
  [ "$(grep -c '^notice handshake_failed peer=' "$work/broker.log")" = 2 ]
  # A key that is taken out of the file no longer opens.
  echo bob:0102 >"$work/psk"
  kill -HUP "$broker_pid"
  wait_for has_line '^notice reloaded' "$work/broker.log"
  run ! mosquitto_pub "${as_alice[@]}" -t a/1 -m x
}

@test "a port that is scanned, and one that hears no TLS: a line each, and the broker goes on" {
  tls_broker --max-connect-seconds 0.3
  accepts "$port"
  wait_for has_line '^notice handshake_failed peer=127.0.0.1:[0-9]+ error="' "$work/broker.log"
  run ! mosquitto_pub -p "$port" -t t -m x
  wait_for has_line 'handshake_failed peer=\S+ error="the client does not speak TLS' "$work/broker.log"
  # One that connects and says nothing is closed.
  exec 9<>"/dev/tcp/127.0.0.1/$port"
  timeout 10 cat <&9
  exec 9>&-
  has_line 'closing client="" peer=127.0.0.1:[0-9]+ .*no CONNECT in time' "$work/broker.log"
  mqpub -h localhost -p "$port" --cafile "$certs/ca.crt" -t t -m x
}

@test "--dev-tls: a CA, a certificate, and a line to paste; a second start keeps them" {
  start_broker --dev-tls "$work/dev"
  local line
  line=$(grep -o 'mqsub .*--cafile [^ ]*' "$work/broker.log")
  [[ $line == "mqsub -p $port --cafile $work/dev/ca.crt" ]]
  mqpub -p "$port" --cafile "$work/dev/ca.crt" -t t -m x -r
  [ "$($line -t t -C 1 -W 10)" = x ]
  mosquitto_pub -h localhost -p "$port" --cafile "$work/dev/ca.crt" -t t -m x
  [ "$(stat -c %a "$work/dev/ca.key")" = 600 ]
  cp "$work/dev/ca.crt" "$work/before"
  start_broker --dev-tls "$work/dev"
  cmp "$work/dev/ca.crt" "$work/before"
}

@test "listeners in a file: plain, TLS and PSK beside each other, each with its own settings" {
  echo alice:00ff10 >"$work/psk"
  printf '%s\n' "psk_file $work/psk" "port_file $work/ports" 'listen mqtt://127.0.0.1:0' \
    'listen mqtts://localhost:0' "certfile $certs/server.crt" "keyfile $certs/server.key" \
    'listen mqtts://127.0.0.1:0' 'psk_hint x' >"$work/mqbroker.conf"
  mqbroker -c "$work/mqbroker.conf" 2>"$work/broker.log" 3>&- &
  pids+=($!)
  wait_for test -s "$work/ports"
  local ports
  mapfile -t ports <"$work/ports"
  mosquitto_pub -p "${ports[0]}" -t t -m x
  mosquitto_pub -h localhost -p "${ports[1]}" --cafile "$certs/ca.crt" -t t -m x
  mosquitto_pub -h localhost -p "${ports[2]}" --psk-identity alice --psk 00ff10 -t t -m x
  run ! mosquitto_pub -h localhost -p "${ports[2]}" --cafile "$certs/ca.crt" -t t -m x
  sed -i 's/mqtt:/unix:/; s|127.0.0.1:0|/sock|; 4,$d' "$work/mqbroker.conf"
  echo "certfile $certs/server.crt" >>"$work/mqbroker.conf"
  run -1 mqbroker --check-config "$work/mqbroker.conf"
  [[ $output == *'there is no TLS on a unix socket'* ]]
}

@test "settings that do not fit are refused with what to do" {
  local tls=(--certfile "$certs/server.crt" --keyfile "$certs/server.key")
  refused() {
    local text=$1
    shift
    run -1 timeout 10 mqbroker -p 0 "$@"
    [[ $output == *"$text"* ]] || { echo "instead of $text: $output"; return 1; }
  }
  refused 'there is no keyfile' --certfile "$certs/server.crt"
  refused 'is not that of the certificate' --certfile "$certs/server.crt" --keyfile "$certs/alice.key"
  refused 'cannot read a certificate from /nowhere' --certfile /nowhere --keyfile /nowhere
  refused 'there is no CA to trust: give a cafile' "${tls[@]}" --require-certificate
  refused 'say require_certificate true' "${tls[@]}" --use-identity-as-username
  refused 'TLS needs a certificate' --listen mqtts://localhost:0
  refused 'cafile without a certificate' --cafile "$certs/ca.crt"
  refused 'psk_hint without a psk_file' --psk-hint x
  echo alice:xyz >"$work/psk"
  refused "$work/psk:1: this line is not IDENTITY:HEXKEY" --psk-hint x --psk-file "$work/psk"
  refused 'no listener that takes its keys' --psk-file "$work/psk"
  refused 'no usable cipher' "${tls[@]}" --ciphers nonsense
  refused 'can be reached from other machines' "${tls[@]}" --bind 0.0.0.0 --require-certificate \
    --cafile "$certs/ca.crt"
  openssl ec -in "$certs/server.key" -aes128 -passout pass:sesame -out "$work/sealed.key" 2>/dev/null
  refused 'is it encrypted, and its pass phrase missing?' --certfile "$certs/server.crt" \
    --keyfile "$work/sealed.key"
  echo sesame >"$work/pass"
  start_broker --certfile "$certs/server.crt" --keyfile "$work/sealed.key" --key-pass-file "$work/pass"
  mosquitto_pub -h localhost -p "$port" --cafile "$certs/ca.crt" -t t -m x
}

@test "certificates that identify clients open the broker to other machines" {
  tls_broker --bind 0.0.0.0 --cafile "$certs/ca.crt" --require-certificate --use-identity-as-username
  grep -q '(TLS, with certificates or keys, open to other machines)' "$work/broker.log"
  as alice mosquitto_pub -t t -m x
}

@test "SIGHUP under load: the new certificate is served, and no connection is closed" {
  cp "$certs/server.crt" "$work/served.crt"
  cp "$certs/server.key" "$work/served.key"
  start_broker --certfile "$work/served.crt" --keyfile "$work/served.key" --max-queued-messages 400000
  serves server
  local trust=(-h localhost -p "$port" --cafile "$certs/ca.crt")
  subscribe load mqsub -h localhost --cafile "$certs/ca.crt" -q 1 -t load
  local load_pid=$sub_pid
  (yes | head -n 50000 | mqpub "${trust[@]}" -l -q 1 -t load) 2>"$work/pub.err" 3>&- &
  local publisher=$!
  pids+=("$publisher")
  wait_for test -s "$work/load"
  # Half of a pair changes nothing, and the log says so.
  cp "$certs/server2.crt" "$work/served.crt"
  kill -HUP "$broker_pid"
  wait_for has_line '^error reload_failed error="the key in .*served.key is not that of' "$work/broker.log"
  serves server
  cp "$certs/server2.key" "$work/served.key"
  kill -HUP "$broker_pid"
  wait_for has_line '^notice reloaded' "$work/broker.log"
  serves server2
  mosquitto_pub "${trust[@]}" -t other -m x
  finished "$publisher"
  WAIT_SECONDS=60 wait_for lines_in 50000 "$work/load"
  kill -0 "$load_pid"
  [ ! -s "$work/pub.err" ]
  run ! grep -q 'lost' "$work/load.err"
}

@test "--reload-on-change: renewed as certbot does it, and a file of rules; half of it changes nothing" {
  mkdir "$work/archive" "$work/live"
  for name in crt key; do
    cp "$certs/server.$name" "$work/archive/1.$name"
    ln -s "../archive/1.$name" "$work/live/served.$name"
  done
  echo 'topic read a/#' >"$work/acl"
  tls_broker --reload-on-change --certfile "$work/live/served.crt" --keyfile "$work/live/served.key" \
    --acl-file "$work/acl"
  subscribe seen mqsub -h localhost --cafile "$certs/ca.crt" -v -t 'a/#'
  local trust=(-h localhost -p "$port" --cafile "$certs/ca.crt")
  renew() {
    cp "$certs/server2.$1" "$work/archive/2.$1"
    ln -s "../archive/2.$1" "$work/live/new"
    mv -T "$work/live/new" "$work/live/served.$1"
  }
  renew crt
  wait_for has_line '^error reload_failed error="the key in .*served.key is not that of' "$work/broker.log"
  serves server
  renew key
  wait_for serves server2
  run ! mqpub "${trust[@]}" -V 5 -q 1 -t a/1 -m x
  echo 'topic a/#' >"$work/acl.new"
  mv "$work/acl.new" "$work/acl"
  wait_for mqpub "${trust[@]}" -V 5 -q 1 -t a/1 -m x
  wait_for has_line '^a/1 x' "$work/seen"
  run ! grep -q 'lost' "$work/seen.err"
}

@test "without TLS and WebSocket neither OpenSSL nor wslay is loaded" {
  start_broker
  mqpub -p "$port" -t t -m x
  run ! grep -qE 'mqkit-filters|libssl|libwslay' "/proc/$broker_pid/maps"
  mqpub --ws -p "$port" -t t -m x
  grep -q mqkit-filters "/proc/$broker_pid/maps"
}
