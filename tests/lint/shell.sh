#!/bin/bash
# Every shell script, told by its name or its first line, goes through shellcheck.
# Usage: shell.sh [ROOT]
set -euo pipefail
cd "${1:-$(dirname "$0")/../..}"

scripts=()
while IFS= read -r -d '' file; do
  case $file in
    *.sh | *.bash | *.bats) scripts+=("$file") ;;
    completions/*) ;;
    *) if head -n 1 "$file" | grep -qaE '^#!.*\<(sh|bash|bats)\>'; then scripts+=("$file"); fi ;;
  esac
done < <(find . -path ./build -prune -o -path ./.git -prune -o -name node_modules -prune \
  -o -type f -printf '%P\0' | sort -z)

shellcheck --external-sources -- "${scripts[@]}"
