#!/usr/bin/env bats
# JSON Web Tokens as passwords.

load helper

setup_file() {
  cd "$BATS_FILE_TMPDIR" || return
  openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa 2>/dev/null
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec
  openssl pkey -in rsa -pubout -out rsa.pub
  openssl req -x509 -key ec -subj /CN=issuer -days 2 -out ec.crt
  openssl rand -hex 32 >secret
}

keys=$BATS_FILE_TMPDIR

token() { python3 "$BATS_TEST_DIRNAME/make_token.py" "$@"; }

# with_token ALG KEY CLAIMS COMMAND...
with_token() {
  local password
  password=$(token "$1" "$keys/$2" "$3")
  shift 3
  local command=$1
  shift
  timeout 10 "$command" -p "$port" -P "$password" "$@"
}

@test "each algorithm lets its tokens in, in every version of MQTT, and nothing else is let in" {
  start_broker --jwt-key-file "$keys/secret" --jwt-key-file "$keys/rsa.pub" \
    --jwt-key-file "$keys/ec.crt" -v
  grep -q 'with passwords' "$work/broker.log"
  local claims='{"sub":"alice"}'
  for version in 31 311 5; do
    with_token HS256 secret "$claims" mqpub -V $version -u alice -t t -m m
    with_token RS256 rsa "$claims" mqpub -V $version -u alice -t t -m m
    with_token ES256 ec "$claims" mosquitto_pub -V mqttv$version -u alice -t t -m m
  done
  with_token ES256 ec "$claims" mqpub -V 5 -t t -m m # named by the token
  with_token ES256 ec '{"sub":"alice","exp":90000000000}' mqpub -V 5 -t t -m m
  [ "$(grep -c 'info connected .* user=alice' "$work/broker.log")" = 11 ]
  run -135 with_token ES256 ec "$claims" mqpub -V 5 -u bob -t t -m m
  run -135 with_token RS256 ec "$claims" mqpub -V 5 -u alice -t t -m m
  # The public key as the shared secret.
  run -135 with_token HS256 rsa.pub "$claims" mqpub -V 5 -u alice -t t -m m
  run -135 with_token HS256 secret '{"sub":"alice","exp":1}' mqpub -V 5 -u alice -t t -m m
  run -135 mqpub -p "$port" -V 5 -u alice -P secret -t t -m m
  run -135 mqpub -p "$port" -V 5 -t t -m m
  grep -q 'token_refused .*user=bob detail="it is for another user"' "$work/broker.log"
  grep -q 'token_refused .*detail="it has expired"' "$work/broker.log"
}

@test "passwords beside tokens, keys of a configuration file, and what SIGHUP changes" {
  mqbroker passwd -c -b -I 1000 "$work/users" bob secret
  cp "$keys/secret" "$work/key"
  printf '%s\n' "password_file $work/users" "jwt_key_file $work/key" 'jwt_issuer me' \
    'jwt_audience us' 'jwt_user_claim name' 'jwt_leeway 0' >"$work/conf"
  mqbroker --check-config "$work/conf"
  start_broker -c "$work/conf"
  mqpub -p "$port" -u bob -P secret -t t -m m
  with_token HS256 secret '{"name":"ann","iss":"me","aud":["us"]}' mqpub -u ann -t t -m m
  run ! with_token HS256 secret '{"name":"ann","iss":"you","aud":["us"]}' mqpub -u ann -t t -m m
  run ! with_token HS256 secret '{"name":"ann","iss":"me"}' mqpub -u ann -t t -m m
  openssl rand -hex 32 >"$work/key"
  kill -HUP "$broker_pid"
  wait_for has_line '^notice reloaded' "$work/broker.log"
  run ! with_token HS256 secret '{"name":"ann","iss":"me","aud":["us"]}' mqpub -u ann -t t -m m
  cp "$keys/rsa" "$work/key"
  run -1 mqbroker --check-config "$work/conf"
  [[ $output == *"$work/key: it is a private key"* ]]
}

@test "rights of a token, within those of the rules, and claims in patterns" {
  printf '%s\n' 'pattern readwrite %{tenant}/#' >"$work/acl"
  start_broker --jwt-key-file "$keys/secret" --acl-file "$work/acl"
  local ann='{"sub":"ann","tenant":"acme","acl":{"pub":["acme/%u"],"sub":["#"]}}'
  local all='{"sub":"all","tenant":"acme"}'
  pw=$(token HS256 "$keys/secret" "$ann")
  subscribe seen mqsub -V 5 -P "$pw" -v -t '#'
  with_token HS256 secret "$ann" mqpub -V 5 -q 1 -t acme/ann -m 1
  run -135 with_token HS256 secret "$ann" mqpub -V 5 -q 1 -t acme/x -m 2
  run -135 with_token HS256 secret "$ann" mqpub -V 5 -q 1 -t other/ann -m 3
  run -135 with_token HS256 secret "$ann" mqpub -V 5 -q 1 -t ann -m 3 \
    --will-topic acme/x --will-payload w
  with_token HS256 secret "$all" mqpub -V 5 -q 1 -t acme/x -m 4
  run -135 with_token HS256 secret "$all" mqpub -V 5 -q 1 -t other/x -m 5
  run -135 with_token HS256 secret '{"sub":"eve","tenant":"+"}' mqpub -V 5 -q 1 -t acme/x -m 6
  wait_for has_line 'acme/x 4' "$work/seen"
  [ "$(cat "$work/seen")" = $'acme/ann 1\nacme/x 4' ]
}

@test "a session ends when its token does" {
  start_broker --jwt-key-file "$keys/secret" --jwt-leeway 0
  claims="{\"sub\":\"ann\",\"exp\":$(($(date +%s) + 3))}"
  pw=$(token HS256 "$keys/secret" "$claims")
  run mqsub -p "$port" -V 5 --no-reconnect -P "$pw" -t t
  [ "$status" != 0 ]
  [[ $output == *'0xA0'* ]]
  run ! mqpub -p "$port" -V 5 -P "$pw" -t t -m m
}

@test "a device cannot take the session that another user's token began" {
  start_broker --jwt-key-file "$keys/secret"
  with_token HS256 secret '{"sub":"ann"}' mqsub -u ann -i device -c -q 1 -t t -E
  run -133 with_token HS256 secret '{"sub":"eve"}' mqsub -V 5 -u eve -i device -c -q 1 -t t -E
  with_token HS256 secret '{"sub":"ann"}' mqsub -u ann -i device -c -q 1 -t t -E
}
