#!/usr/bin/env bats
# mosquitto_conf_keys.tsv is what mqbroker says of each key of mosquitto.conf(5).

load helper

# Without its fourth column the table is what --check-config has to say.
@test "each key of mosquitto.conf: supported, warned about or refused, as the table says" {
  local table=$BATS_TEST_DIRNAME/mosquitto_conf_keys.tsv supported=() warned=() key verdict value why before at
  touch "$work/acl" "$work/users"
  echo me:00ff >"$work/psk"
  mkdir "$work/dir"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost \
    -keyout "$work/key" -out "$work/cert" 2>/dev/null
  while IFS=$'\t' read -r key verdict value why; do
    value=${value/#ACL/$work/acl} value=${value/#USERS/$work/users} value=${value/#DIR/$work/dir}
    value=${value/#PSK;/$work/psk;} value=${value/PSKFILE/$work/psk} value=${value/#PID/$work/pid} value=${value/#PORT/20000}
    value=${value/CERT/$work/cert} value=${value/KEY/$work/key}
    # What the key does not go without.
    value=${value//; /$'\n'} value=${value/%TLS/certfile $work/cert$'\n'keyfile $work/key}
    # Where a key of bridges has its place.
    case $value in
      *%BRIDGE)
        value=${value%%%BRIDGE}
        case $key in
          connection) before='' value+=$'\n'"address broker.example"$'\n''topic #' ;;
          address | addresses) before=$'connection b\ntopic #\n' ;;
          *) before=$'connection b\naddress broker.example\ntopic #\n' ;;
        esac
        ;;
      *) before='' ;;
    esac
    case $verdict in
      supported) supported+=("$before$key $value") ;;
      warned) warned+=("$key $value") ;;
      refused)
        [ -n "$why" ]
        echo "$key $value" >"$work/one.conf"
        run -1 mqbroker --check-config "$work/one.conf"
        [[ $output == *"$work/one.conf:1: $key: "* ]] || { echo "$key: $output"; return 1; }
        [[ $output != *unknown* ]]
        ;;
      *) return 1 ;;
    esac
  done < <(grep -v '^#' "$table")
  # Each alone: what one says must not hide the next.
  for line in "${supported[@]}"; do
    printf '%s\n' "$line" >"$work/one.conf"
    if [[ $line == *' /nonexistent'* ]]; then
      # A file of which only the name matters here: that it is looked for.
      run -1 mqbroker --check-config "$work/one.conf"
      [[ $output == */nonexistent* ]]
      continue
    fi
    run -0 mqbroker --check-config "$work/one.conf"
    at=one.conf:1
    [[ $line != connection* ]] || at=one.conf:
    [[ $output != *ignored* && $output != *"$at"* ]] || { echo "$line: $output"; return 1; }
  done
  printf '%s\n' "${warned[@]}" >"$work/warned.conf"
  run -0 mqbroker --check-config "$work/warned.conf"
  for line in "${warned[@]}"; do
    [[ $output == *": ${line%% *}: ignored: "* ]] || { echo "$line: $output"; return 1; }
  done
}

@test "the table has every key of the manual page of Debian's mosquitto" {
  local page key
  page=$(man -w mosquitto.conf 2>/dev/null) || skip 'the manual pages of mosquitto are not installed'
  zcat -f "$page" | sed -n 's/^\\fB\([a-z0-9_]\{3,\}\)\\fR.*/\1/p' | sort -u >"$work/keys"
  [ "$(wc -l <"$work/keys")" -gt 60 ]
  # Words of the page that are no keys stand in bold, too.
  printf '%s\n' dlt file ipv4 ipv6 mosquitto mosquitto_passwd mqtt stderr stdout syslog value websockets \
    >"$work/words"
  grep -vxFf "$work/words" "$work/keys" | while read -r key; do
    grep -q "^$key"$'\t' "$BATS_TEST_DIRNAME/mosquitto_conf_keys.tsv" || echo "$key"
  done >"$work/missing"
  run -0 cat "$work/missing"
  [ -z "$output" ] || { echo "$output"; return 1; }
}
