#!/bin/bash
# The top level holds what it holds now; a new entry there is a decision, not an accident.
# Usage: top_level.sh [ROOT]
set -euo pipefail
cd "${1:-$(dirname "$0")/../..}"

# What git tracks or would track; outside a work tree (an unpacked archive) what is there.
if [ -e .git ]; then
  entries=$(git ls-files --cached --others --exclude-standard | cut -d/ -f1 | sort -u)
else
  entries=$(find . -mindepth 1 -maxdepth 1 ! -name build -printf '%f\n' | sort)
fi

status=0
for entry in $entries; do
  case $entry in
    .* | CMakeLists.txt | CMakePresets.json | tools | lib | man | completions | tests | packaging) ;;
    README.md | ARCHITECTURE.md | HACKING.md | CHANGELOG.md | LICENSE) ;;
    *)
      echo "$entry: does not belong at the top level"
      status=1
      ;;
  esac
done
exit $status
