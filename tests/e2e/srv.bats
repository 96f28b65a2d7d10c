#!/usr/bin/env bats
# -S: brokers found in DNS. A name server listens on port 53 of a network of its own, with a
# resolv.conf of its own; where neither can be had, these tests are skipped.
load helper
load certificates

setup_file() {
  make_ca ca
  make_certificate server ca /CN=example.test DNS:example.test
}

setup() {
  unshare --map-root-user --mount --net true 2>/dev/null || skip 'no network namespaces here'
  cat >"$work/hosts" <<<'127.0.0.1 localhost'
  echo 'search example.test' >"$work/resolv.conf"
  echo 'nameserver 127.0.0.1' >>"$work/resolv.conf"
  cat >"$work/mosquitto.conf" <<END
user $(id -un)
allow_anonymous true
listener 1885 127.0.0.1
listener 1886 127.0.0.1
certfile $certs/server.crt
keyfile $certs/server.key
END
}

# apart COMMANDS NAME=VALUE...: runs commands where those names are known and mosquitto listens on the
# ports 1885 and, with TLS, 1886.
apart() {
  local commands=$1
  shift
  cat >"$work/apart.sh" <<END
set -e
ip link set lo up
mount --bind "$work/resolv.conf" /etc/resolv.conf
mount --bind "$work/hosts" /etc/hosts
/usr/bin/python3 "$BATS_TEST_DIRNAME/../support/dns_server.py" "$work/dns" $* &
dns=\$!
mosquitto -c "$work/mosquitto.conf" 2>"$work/mosquitto.log" &
broker=\$!
trap 'kill \$dns \$broker' EXIT
for i in {1..500}; do
  if [ -e "$work/dns" ] && (exec 9<>/dev/tcp/127.0.0.1/1886) 2>/dev/null; then break; fi
  sleep 0.02
done
$commands
END
  timeout 30 unshare --map-root-user --mount --net bash "$work/apart.sh" 3>&-
}

@test "the broker of a domain, by its SRV record; the best one that is there" {
  run -0 --separate-stderr apart 'mqpub -S -h example.test -r -t t -m found -q 1
    mqsub -S -h example.test -t t -C 1 -W 10
    mqsub -S -t t -C 1 -W 10                # the domain of this machine
    mqrr -S -h example.test -t e -e e -m echo -W 10' \
    _mqtt._tcp.example.test=20,0,1885,there.example.test \
    _mqtt._tcp.example.test=10,5,1887,gone.example.test \
    _mqtt._tcp.example.test=10,0,1887,unknown.example.test \
    gone.example.test=127.0.0.1 there.example.test=127.0.0.1
  [ "$output" = $'found\nfound\necho' ]
}

@test "with TLS another service, and the certificate is the domain's" {
  run -0 --separate-stderr apart "mqpub -S -h example.test --cafile '$certs/ca.crt' -r -q 1 -t t -m found
    mqsub -S -h example.test --cafile '$certs/ca.crt' -t t -C 1 -W 10" \
    _secure-mqtt._tcp.example.test=0,0,1886,there.test there.test=127.0.0.1
  [ "$output" = found ]
}

@test "no SRV record, a service that is not offered, and brokers that are not there" {
  run -1 apart 'mqpub -S -h nothing.test -t t -m m'
  [[ $output == *'there is no SRV record _mqtt._tcp.nothing.test'*'Without -S'* ]]
  rm "$work/dns"
  run -1 apart 'mqpub -S -h example.test -t t -m m' _mqtt._tcp.example.test=0,0,0,.
  [[ $output == *'does not offer this'* ]]
  rm "$work/dns"
  run -1 apart 'mqsub -S -h example.test -t t' \
    _mqtt._tcp.example.test=0,0,1887,gone.test gone.test=127.0.0.1
  [[ $output == *'gone.test:1887: connection refused'* ]]
}

@test "a name server that does not answer: the time to connect is kept" {
  run -1 apart 'mqpub -S -h example.test -t t -m m --connect-timeout 0.2' \
    _mqtt._tcp.example.test=silent
  [[ $output == *'cannot look up the SRV record _mqtt._tcp.example.test: timed out after 0.2 s'* ]]
  rm "$work/dns"
  # Also where the host's own name is looked up. The resolver itself would take ten seconds.
  run -27 apart 'timeout 5 mqsub -h silent.test -t t -W 0.2' silent.test=silent
}

@test "-S and what cannot be used with it" {
  run -1 mqpub -S --unix "$work/s" -t t -m m
  [[ $output == *'-S and a unix socket'* ]]
  run -1 mqpub -S -h h --proxy socks5h://p -t t -m m
  [[ $output == *'-S and --proxy'* ]]
}
