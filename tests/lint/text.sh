#!/bin/bash
# Plain habits of the source text: no trailing blanks, no tabs where spaces are meant, a newline at
# the end, lines of at most 100 columns in C++, and no notes to self left behind.
# Usage: text.sh [ROOT]
set -euo pipefail
cd "${1:-$(dirname "$0")/../..}"

# LICENSE is quoted, completions are generated, vectors and tables are data.
mapfile -t files < <(find . -path ./build -prune -o -path ./.git -prune -o -name node_modules -prune \
  -o -type f ! -name LICENSE ! -path './completions/*' ! -path '*/corpus/*' ! -path './tests/vectors/*' \
  ! -name '*.tsv' -printf '%P\n' | sort)

status=0
reject() {
  echo "$1"
  status=1
}

for file in "${files[@]}"; do
  # A file may vanish or be empty while somebody edits; only text is judged.
  grep -qI '' "$file" 2>/dev/null || continue
  [ -z "$(tail -c 1 "$file")" ] || reject "$file: no newline at the end"
done

while IFS= read -r line; do reject "$line: trailing blanks"; done \
  < <(grep -nHIE '[[:blank:]]+$' -- "${files[@]}" | cut -d: -f1,2)
while IFS= read -r line; do reject "$line: a tab"; done \
  < <(printf '%s\n' "${files[@]}" | grep -E '\.(h|cc|sh|bash|bats|txt|cmake|json)$' |
    xargs -r -d '\n' grep -nHIP '\t' | cut -d: -f1,2)
while IFS= read -r line; do reject "$line: longer than 100 columns"; done \
  < <(printf '%s\n' "${files[@]}" | grep -E '\.(h|cc)$' |
    LC_ALL=C.UTF-8 xargs -r -d '\n' grep -nHE '^.{101}' | cut -d: -f1,2)
while IFS= read -r line; do reject "$line: a note to self"; done \
  < <(printf '%s\n' "${files[@]}" | grep -v '^tests/lint/' |
    xargs -r -d '\n' grep -nHIwE 'TODO|FIXME|XXX|HACK' | cut -d: -f1,2)
exit $status
