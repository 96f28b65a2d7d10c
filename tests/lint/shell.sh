#!/bin/bash
# Every shell script, told by its name or its first line, goes through shellcheck.
# Usage: shell.sh [ROOT]
set -euo pipefail
cd "${1:-$(dirname "$0")/../..}"

scripts=() bats_files=()
while IFS= read -r -d '' file; do
  case $file in
    *.bats) bats_files+=("$file") ;;
    *.sh | *.bash) scripts+=("$file") ;;
    completions/*) ;;
    *) if head -n 1 "$file" | grep -qaE '^#!.*\<(sh|bash)\>'; then scripts+=("$file"); fi ;;
  esac
done < <(find . -path ./build -prune -o -path ./.git -prune -o -name node_modules -prune \
  -o -type f -printf '%P\0' | sort -z)

status=0
shellcheck --external-sources -- "${scripts[@]}" || status=1
# Variables come from the loaded helper, and each test is a subshell by design.
if [ ${#bats_files[@]} -gt 0 ]; then
  shellcheck --exclude=SC2154,SC2030,SC2031 -- "${bats_files[@]}" || status=1
fi
exit $status
