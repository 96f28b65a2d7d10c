#!/usr/bin/env bats
# The lint scripts themselves: each accepts a small clean tree and rejects one violation of each rule.
# shellcheck disable=SC2016  # the scripts written here are to have their dollars

lint=$BATS_TEST_DIRNAME

setup() {
  tree=$BATS_TEST_TMPDIR/tree
  mkdir -p "$tree"/{lib,tools,tests}
  put lib/base/bytes.h '#include <span>'
  put lib/broker/broker.cc '#include "base/bytes.h"' '#include "store/session_store.h"'
  put lib/io/loop.cc '#include <uv.h>' '#include "client/client_session.h"'
  put tools/mqpub/args.cc '#include <CLI/CLI.hpp>' '#include "io/loop.h"'
  put tools/clients/format.cc '#include <nlohmann/json.hpp>'
  put packaging/setup '#!/bin/sh' 'echo "$1"'
  put tests/base/bytes_test.cc '#include <doctest/doctest.h>'
}

# put PATH LINE...: writes a file of the tree.
put() {
  mkdir -p "$(dirname "$tree/$1")"
  printf '%s\n' "${@:2}" >"$tree/$1"
}

# rejects SCRIPT TEXT: the script fails on the tree and its output has TEXT.
rejects() {
  run "$lint/$1" "$tree"
  echo "$output"
  [ "$status" -eq 1 ]
  [[ $output == *"$2"* ]]
}

@test "every script accepts a clean tree" {
  for script in layers top_level shell text; do "$lint/$script.sh" "$tree"; done
}

@test "access: a rule without its test" {
  put tests/broker/access_test.cc 'TEST_CASE(' '    "a test of a long "' '    "name") {'
  put tests/e2e/auth.bats '@test "another" {'
  put tests/access.tsv '# comment' $'kind\twhat\ttest' $'rule\tdeny\ta test of a long name' $'bypass\twill\tanother'
  "$lint/access.sh" "$tree"
  put tests/access.tsv $'rule\tdeny\ta test'
  rejects access.sh "deny: there is no test 'a test'"
  put tests/access.tsv $'other\tdeny\tanother'
  rejects access.sh 'it must be a rule or a bypass'
}

@test "layers: a lower module must not include a higher one" {
  put lib/base/bytes.cc '#include "codec/packet.h"'
  rejects layers.sh 'lib/base/bytes.cc:1: lib/base may include only base'
}

@test "layers: client and broker never see each other" {
  put lib/client/client_session.cc '#include "broker/broker.h"'
  rejects layers.sh 'lib/client/client_session.cc:1:'
  rm "$tree/lib/client/client_session.cc"
  put lib/broker/session.cc '' '#include "client/client_session.h"'
  rejects layers.sh 'lib/broker/session.cc:2:'
}

@test "layers: the broker knows the store by its interface alone" {
  put lib/broker/session.cc '#include "store/record.h"'
  rejects layers.sh 'store/session_store.h'
}

@test "layers: curses is in its module alone" {
  put tools/screen/curses_writer.cc '#include <curses.h>'
  "$lint/layers.sh" "$tree"
  put tools/screen/terminal.cc '#include <curses.h>'
  rejects layers.sh 'curses is in its module alone'
}

@test "layers: a path without its module" {
  put lib/codec/decode.cc '#include "packet.h"'
  rejects layers.sh 'write the path from lib/'
}

@test "layers: an unknown module" {
  put lib/misc/things.h '#include <span>'
  rejects layers.sh 'lib/misc/things.h:1: a module that the layer table does not know'
}

@test "layers: libuv and OpenSSL outside lib/io" {
  put tools/mqpub/publisher.cc '#include <uv.h>'
  rejects layers.sh 'only lib/io may include it'
  put tools/mqpub/publisher.cc '#include <openssl/ssl.h>'
  rejects layers.sh 'only lib/io may include it'
  put tools/mqpub/publisher.cc
  put lib/base/log.cc '#  include <uv.h>'
  rejects layers.sh 'lib/base/log.cc:1: only lib/io'
}

@test "layers: SQLite outside its part of lib/store" {
  put lib/io/loop.cc '#include <sqlite3.h>'
  rejects layers.sh 'only lib/store/sqlite_* may include it'
  put lib/io/loop.cc
  put lib/store/change.cc '#include <sqlite3ext.h>'
  rejects layers.sh 'only lib/store/sqlite_* may include it'
  put lib/store/change.cc '#include <thread>'
  rejects layers.sh 'the core does no I/O and has one thread'
}

@test "layers: system calls and clocks in the core" {
  put lib/codec/decode.cc '#include <sys/socket.h>'
  rejects layers.sh 'the core does no I/O'
  put lib/codec/decode.cc 'auto now = std::chrono::steady_clock::now();'
  rejects layers.sh 'the core must not read a clock'
}

@test "layers: CLI11 outside args.cc" {
  put tools/mqpub/publisher.cc '#include <CLI/CLI.hpp>'
  rejects layers.sh 'CLI11 belongs into args.cc'
}

@test "layers: CLI11, json and fmt in a header" {
  put tools/mqpub/args.h '#include <CLI/App.hpp>'
  rejects layers.sh 'tools/mqpub/args.h:1: CLI11'
  put tools/mqpub/args.h '#include <nlohmann/json.hpp>'
  rejects layers.sh 'tools/mqpub/args.h:1: json'
  put tools/mqpub/args.h '#include <fmt/core.h>'
  rejects layers.sh 'tools/mqpub/args.h:1: fmt'
}

@test "layers: one tool in another" {
  put tools/mqsub/subscriber.cc '#include "mqpub/publisher.h"'
  rejects layers.sh 'one tool must not include another'
}

@test "top_level: a stray entry" {
  put notes.txt 'remember'
  rejects top_level.sh 'notes.txt: does not belong at the top level'
}

@test "shell: a script with a fault, found by its first line" {
  put packaging/setup '#!/bin/bash' 'rm -rf $HOME/$1'
  rejects shell.sh 'SC2086'
}

@test "text: trailing blanks, tabs, long lines, notes to self, no last newline" {
  put lib/base/bytes.h 'int x;  '
  rejects text.sh 'lib/base/bytes.h:1: trailing blanks'
  put lib/base/bytes.h 'int x;' $'\tint y;'
  rejects text.sh 'lib/base/bytes.h:2: a tab'
  put lib/base/bytes.h "// $(printf 'x%.0s' {1..98})"
  rejects text.sh 'lib/base/bytes.h:1: longer than 100 columns'
  put lib/base/bytes.h '// TODO later'
  rejects text.sh 'lib/base/bytes.h:1: a note to self'
  printf 'int x;' >"$tree/lib/base/bytes.h"
  rejects text.sh 'lib/base/bytes.h: no newline at the end'
}

# A table of the size that the standards have; its first statement of 5.0 has a test.
conformance_table() {
  {
    printf 'version\tstatement\tbinds\ttests\tnote\n'
    printf '5.0\tMQTT-9.0.0-1\tboth\ta case | a bats test\t\n'
    for ((i = 2; i <= 251; i++)); do printf '5.0\tMQTT-9.0.0-%d\tbroker\ta case\t\n' $i; done
    for ((i = 1; i <= 117; i++)); do printf '3.1.1\tMQTT-9.0.0-%d\tclient\ta case\t\n' $i; done
  } >"$tree/tests/conformance.tsv"
  put tests/base/bytes_test.cc 'TEST_CASE("a case") {' 'TEST_CASE(' '    "[MQTT-9.0.0-2] in two "' '    "pieces") {'
  put tests/e2e/a.bats '@test "a bats test" {'
  "$lint/conformance" --update "$tree"
}

@test "conformance: --update puts a test into the row of the statement in its name" {
  conformance_table
  grep -P '^5.0\tMQTT-9.0.0-2\tbroker\t\[MQTT-9.0.0-2\] in two pieces \| a case\t$' "$tree/tests/conformance.tsv"
  put tests/base/bytes_test.cc 'TEST_CASE("a case") {' 'TEST_CASE("3.1.1 [MQTT-9.0.0-2] of the other") {'
  rejects conformance "MQTT-9.0.0-2 of 3.1.1: its row leaves out the test '3.1.1 [MQTT-9.0.0-2] of the other'"
  rejects conformance "there is no test '[MQTT-9.0.0-2] in two pieces'"
  "$lint/conformance" --update "$tree"
}

@test "conformance: a test that does not exist, a statement without a row or a reason" {
  conformance_table
  sed -i 's/a bats test/no such test/' "$tree/tests/conformance.tsv"
  rejects conformance "MQTT-9.0.0-1 of 5.0: there is no test 'no such test'"
  conformance_table
  sed -i '$d' "$tree/tests/conformance.tsv"
  rejects conformance '116 statements of 3.1.1, the standard has 117'
  sed -i '$p' "$tree/tests/conformance.tsv"
  rejects conformance 'MQTT-9.0.0-116 of 3.1.1 is there twice'
  conformance_table
  sed -i '2s/\t[^\t]*\t$/\t\t/' "$tree/tests/conformance.tsv"
  rejects conformance 'MQTT-9.0.0-1 of 5.0 has neither a test nor a reason for none'
}

@test "conformance: less than nine tenths tested" {
  conformance_table
  sed -i '10,33s/\t[^\t]*\t$/\t\tno way to see it/' "$tree/tests/conformance.tsv"
  "$lint/conformance" "$tree"
  sed -i '34,37s/\t[^\t]*\t$/\t\tno way to see it/' "$tree/tests/conformance.tsv"
  rejects conformance 'less than 90% of what binds a broker is tested'
}

# A stand-in for the tools that prints its name and the kind that was asked for.
fake_tools() {
  export MQKIT_BIN=$BATS_TEST_TMPDIR/bin
  mkdir -p "$MQKIT_BIN" "$tree/man" "$tree/tests/lint"
  cp "$lint/generated.sh" "$tree/tests/lint/"
  local entry tool
  for entry in mqpub:1 mqsub:1 mqrr:1 mqbroker:8 mqbench:1; do
    tool=${entry%:*}
    printf '#!/bin/sh\necho "%s $2"\n' "$tool" >"$MQKIT_BIN/$tool"
    chmod +x "$MQKIT_BIN/$tool"
    put "man/$tool.${entry#*:}.scd" "# OPTIONS" "; BEGIN OPTIONS (generated by $tool --generate man)" \
      old "; END OPTIONS" "# EXAMPLES"
  done
}

@test "generated: --update writes the blocks and completions, and then all is equal" {
  fake_tools
  run "$tree/tests/lint/generated.sh"
  echo "$output"
  [ "$status" -eq 1 ]
  [[ $output == *'man/mqpub.1.scd: differs'* ]]
  "$tree/tests/lint/generated.sh" --update
  "$tree/tests/lint/generated.sh"
  [ "$(cat "$tree/man/mqsub.1.scd")" = "# OPTIONS
; BEGIN OPTIONS (generated by mqsub --generate man)
mqsub man
; END OPTIONS
# EXAMPLES" ]
  [ "$(cat "$tree/completions/zsh/_mqbroker")" = 'mqbroker zsh' ]
}

@test "generated: a changed completion and a page without marks are rejected" {
  fake_tools
  "$tree/tests/lint/generated.sh" --update
  put completions/bash/mqpub 'edited by hand'
  run "$tree/tests/lint/generated.sh"
  [ "$status" -eq 1 ]
  [[ $output == *'completions/bash/mqpub: differs'* ]]
  "$tree/tests/lint/generated.sh" --update
  put man/mqpub.1.scd '# OPTIONS'
  run "$tree/tests/lint/generated.sh"
  [ "$status" -eq 1 ]
  [[ $output == *'man/mqpub.1.scd: cannot be compared'* ]]
}
