#!/bin/bash
# Every rule and every way around one in tests/access.tsv has a test of the name that stands there.
# Usage: access.sh [ROOT]
set -euo pipefail
cd "${1:-$(dirname "$0")/../..}"

# Names as they are in the sources, without what the layout of long ones adds.
names=$(cat tests/*/*_test.cc tests/e2e/*.bats | tr '\n' ' ' | sed 's/"  *"//g; s/TEST_CASE(  */TEST_CASE(/g')
status=0
rows=0
while IFS=$'\t' read -r kind what test; do
  [[ $kind == '#'* || $kind == kind ]] && continue
  rows=$((rows + 1))
  if [[ $kind != rule && $kind != bypass ]] || [[ -z $what ]]; then
    echo "tests/access.tsv: $kind: it must be a rule or a bypass, and what it is about"
    status=1
  elif [[ -z $test || $names != *"TEST_CASE(\"$test\")"* && $names != *"@test \"$test\""* ]]; then
    echo "tests/access.tsv: $what: there is no test '$test'"
    status=1
  fi
done <tests/access.tsv
echo "$rows rules and ways around them are tested"
exit $status
