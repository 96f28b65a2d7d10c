#!/usr/bin/env bats
# The .deb and the .tar.gz: built from the executables under test, unpacked, and used from there.

load helper
load terminal

tools=(mqpub mqsub mqrr mqbroker mqbench)

setup_file() {
  local build
  build=$(cd "${MQKIT_BIN:-$BATS_TEST_DIRNAME/../../build/release/bin}/.." && pwd)
  cpack --config "$build/CPackConfig.cmake" -B "$BATS_FILE_TMPDIR" >"$BATS_FILE_TMPDIR/cpack.log" 2>&1 ||
    { cat "$BATS_FILE_TMPDIR/cpack.log" >&2; return 1; }
  export DEB TGZ
  DEB=$(ls "$BATS_FILE_TMPDIR"/mqkit_*.deb)
  TGZ=$(ls "$BATS_FILE_TMPDIR"/mqkit-*.tar.gz)
  dpkg -x "$DEB" "$BATS_FILE_TMPDIR/deb"
  mkdir "$BATS_FILE_TMPDIR/tgz"
  tar -xzf "$TGZ" -C "$BATS_FILE_TMPDIR/tgz" --strip-components=1
}

setup() {
  deb=$BATS_FILE_TMPDIR/deb/usr
  tgz=$BATS_FILE_TMPDIR/tgz
}

# completes FILE TOOL WORD EXPECTED: bash, with FILE sourced, offers EXPECTED for WORD.
completes() {
  # shellcheck disable=SC2016  # the inner shell expands it
  env -i PATH="$PATH" bash --norc -c '
    source "$1"
    read -ra registered < <(complete -p "$2")
    for ((i = 0; i < ${#registered[@]}; ++i)); do
      if [ "${registered[i]}" = -F ]; then function=${registered[i + 1]}; fi
    done
    COMP_WORDS=("$2" "$3") COMP_CWORD=1 COMP_LINE="$2 $3" COMP_POINT=$((${#2} + 1 + ${#3}))
    "$function" "$2" "$3" "$2"
    printf "%s\n" "${COMPREPLY[@]}"
  ' bash "$1" "$2" "$3" | grep -qxE -- "$4 ?"
}

@test "the .deb has proper control fields and checksums" {
  field() { dpkg-deb --field "$DEB" "$1"; }
  [ "$(field Package)" = mqkit ]
  [ "$(field Version)" = "$(mqpub --version | grep -oE '[0-9]+\.[0-9]+\.[0-9]+' | head -n 1)" ]
  [ "$(field Architecture)" = "$(dpkg --print-architecture)" ]
  [[ $(field Maintainer) == *'<'*@*'>' ]]
  [[ $(field Section)/$(field Priority) == net/optional ]]
  for library in libc6 libstdc++6 libuv1 libfmt9 libssl3 libargon2-1 libncursesw6 libyaml-cpp0.7; do [[ $(field Depends) == *"$library"* ]]; done
  dpkg-deb --control "$DEB" "$work/control"
  (cd "$BATS_FILE_TMPDIR/deb" && md5sum --check --quiet "$work/control/md5sums")
}

@test "the tools run from the unpacked .deb and the unpacked .tar.gz" {
  for root in "$deb" "$tgz"; do
    for tool in "${tools[@]}"; do
      "$root/bin/$tool" --version | grep -q "^$tool"
      file "$root/bin/$tool" | grep -q ', stripped'
    done
  done
}

@test "the tools of the packages find their modules" {
  for root in "$deb" "$tgz"; do
    "$root/bin/mqbroker" passwd -b -c "$work/users" alice secret
    # Refused before a connection is tried: the certificates come from the other module.
    run -1 "$root/bin/mqpub" --cafile "$work/users" -t t -m m
    [[ $output == *"$work/users"* ]]
    run -0 ldd "$root/bin/mqbroker"
    [[ $output != *libcrypto* ]]
  done
}

@test "the module for a terminal is found where the packages put it" {
  start_broker
  for root in "$deb" "$tgz"; do
    open_terminal 80 24 "$root/bin/mqsub" -p "$port" -t '#' --top
    wait_for shows '^mqsub --top .* connected'
    close_terminal
  done
}

@test "the man pages of the packages render, with the options in them" {
  for root in "$deb" "$tgz"; do
    for page in man1/mqpub.1 man1/mqsub.1 man1/mqbench.1 man8/mqbroker.8; do
      MANWIDTH=80 man --local-file "$root/share/man/$page.gz" >"$work/page"
      for section in NAME SYNOPSIS OPTIONS; do grep -q "^$section" "$work/page"; done
      grep -qE -- '--(host|port)' "$work/page"
    done
  done
}

@test "bash completion from the packages" {
  for root in "$deb" "$tgz"; do
    completions=$root/share/bash-completion/completions
    completes "$completions/mqpub" mqpub --to --topic
    completes "$completions/mqsub" mqsub --verb --verbose
    completes "$completions/mqbroker" mqbroker --po --port
    completes "$completions/mqbench" mqbench --ver --version
  done
}

@test "zsh and fish completion are where each shell looks, and parse" {
  for tool in "${tools[@]}"; do
    head -n 1 "$deb/share/zsh/vendor-completions/_$tool" | grep -q "^#compdef.*$tool"
    cmp "$deb/share/zsh/vendor-completions/_$tool" "$tgz/share/zsh/site-functions/_$tool"
    if command -v zsh >/dev/null; then zsh -n "$tgz/share/zsh/site-functions/_$tool"; fi
    grep -q "complete.*$tool" "$deb/share/fish/vendor_completions.d/$tool.fish"
    if command -v fish >/dev/null; then fish --no-execute "$deb/share/fish/vendor_completions.d/$tool.fish"; fi
  done
}

@test "licence and documents are in both; the unit and its account in the .deb" {
  cmp "$deb/share/doc/mqkit/copyright" "$BATS_TEST_DIRNAME/../../LICENSE"
  cmp "$tgz/share/doc/mqkit/LICENSE" "$BATS_TEST_DIRNAME/../../LICENSE"
  [ -s "$deb/share/doc/mqkit/README.md" ]
  [ -s "$tgz/share/doc/mqkit/README.md" ]
  grep -q '^ExecStart=/usr/bin/mqbroker' "$deb/lib/systemd/system/mqbroker.service"
  grep -q '^Type=notify' "$deb/lib/systemd/system/mqbroker.service"
  run -0 mqbroker --config "$deb/../etc/mqbroker/mqbroker.conf" --print-config
  [[ $output == *'persistence true'* && $output == *'persistence_location /var/lib/mqbroker/'* ]]
  dpkg-deb --info "$DEB" conffiles | grep -qx /etc/mqbroker/mqbroker.conf
  grep -q '^u mqbroker ' "$deb/lib/sysusers.d/mqbroker.conf"
  if command -v systemd-sysusers >/dev/null; then
    systemd-sysusers --dry-run --root="$work" "$deb/lib/sysusers.d/mqbroker.conf"
  fi
}

@test "dpkg -i, use, apt-get remove" {
  if [ "$(id -u)" -ne 0 ] || [ "${CI:-}" != true ]; then skip 'only as root, and with CI=true'; fi
  dpkg -i "$DEB"
  for tool in "${tools[@]}"; do "/usr/bin/$tool" --version; done
  MANWIDTH=80 man mqpub | grep -q -- --topic
  if command -v systemd-sysusers >/dev/null; then getent passwd mqbroker; fi
  DEBIAN_FRONTEND=noninteractive apt-get remove --yes -qq mqkit
  [ ! -e /usr/bin/mqpub ]
}
