#!/bin/bash
# The include graph of lib/ and tools/, as ARCHITECTURE.md draws it, and who may use which outside
# library. Usage: layers.sh [ROOT]; prints each violation as FILE:LINE and exits 1 if there is one.
set -euo pipefail
cd "${1:-$(dirname "$0")/../..}"

mapfile -t files < <(find lib tools tests -name '*.h' -o -name '*.cc' | sort)

awk '
BEGIN {
  # Module -> what it may include of ours, beside itself.
  may["base"] = ""
  may["codec"] = "base"
  may["session"] = "base codec"
  may["client"] = "base codec session"
  may["store"] = "base codec session"
  may["broker"] = "base codec session store/session_store.h"
  may["auth"] = "base codec broker/access.h"
  may["bridge"] = "base codec session client"
  may["io"] = "base codec session client store broker auth bridge"
  split("mqpub mqsub mqrr mqbroker mqbench", tools)
}

function reject(why) {
  printf "%s:%d: %s: %s\n", FILENAME, FNR, why, $0
  bad = 1
}

function allowed(list, path, module,    words, count, i) {
  count = split(list, words, " ")
  for (i = 1; i <= count; ++i) if (words[i] == path || words[i] == module) return 1
  return 0
}

FNR == 1 {
  split(FILENAME, part, "/")
  tree = part[1]
  module = part[2]
  header = FILENAME ~ /\.h$/
  on_disk = FILENAME ~ /^lib\/store\/sqlite_/
  # Finds modules beside the program.
  loads = FILENAME == "lib/base/module.cc"
  pure = tree == "lib" && module != "io" && !on_disk && !loads
  if (tree == "lib" && !(module in may)) reject("a module that the layer table does not know")
}

# The core is given the time; it never asks for it.
pure && /(steady_clock|system_clock|high_resolution_clock)|clock_gettime|gettimeofday/ {
  reject("the core must not read a clock")
}

/^[ \t]*#[ \t]*include[ \t]*"/ {
  path = $0
  sub(/^[^"]*"/, "", path)
  sub(/".*/, "", path)
  slash = index(path, "/")
  target = slash ? substr(path, 1, slash - 1) : ""
  if (tree == "lib") {
    if (!slash) reject("write the path from lib/")
    else if (target != module && !allowed(may[module], path, target))
      reject("lib/" module " may include only " module (may[module] == "" ? "" : " " may[module]))
  } else if (tree == "tools") {
    from_tools = path
    sub(/^tools\//, "", from_tools)
    split(from_tools, piece, "/")
    for (i in tools)
      if (piece[1] == tools[i] && piece[1] != module) reject("one tool must not include another")
  }
}

/^[ \t]*#[ \t]*include[ \t]*</ {
  path = $0
  sub(/^[^<]*</, "", path)
  sub(/>.*/, "", path)
  in_io = tree == "lib" && module == "io"
  hashes = tree == "lib" && module == "auth" && path ~ /^(openssl\/|argon2\.h)/
  if (tree != "tests" && !in_io && !hashes && path ~ /^(uv\.h|openssl\/|wslay\/|boost\/|argon2\.h)/)
    reject("only lib/io may include it, and lib/auth what hashes")
  if (tree != "tests" && !on_disk && path ~ /^sqlite3/)
    reject("only lib/store/sqlite_* may include it")
  logs = FILENAME == "lib/base/log.cc" && path == "atomic"  # every thread logs
  if (pure && !logs && path ~ /^(sys\/|netinet\/|arpa\/|netdb\.h|unistd\.h|fcntl\.h|poll\.h|thread$|mutex$|atomic$|fstream$|iostream$)/)
    reject("the core does no I/O and has one thread")
  if (path ~ /^(n?curses|term)\.h$/ && FILENAME != "tools/screen/curses_writer.cc")
    reject("curses is in its module alone: tools/screen/curses_writer.cc")
  if (path ~ /^yaml-cpp\// && FILENAME != "tools/mqbench/yaml_reader.cc")
    reject("yaml-cpp is in its module alone: tools/mqbench/yaml_reader.cc")
  if (path ~ /^CLI\//) {
    if (header) reject("CLI11 costs seconds a file: never in a header")
    else if (tree == "lib") reject("options belong to the tools")
    else if (tree == "tools" && module != "common" && FILENAME !~ /args\.cc$/)
      reject("CLI11 belongs into args.cc files and tools/common")
  }
  if (path ~ /^nlohmann\//) {
    if (header) reject("json costs seconds a file: never in a header")
    else if (tree == "lib" && FILENAME != "lib/auth/token_module.cc")
      reject("json belongs into the tools, and where tokens are read")
  }
  if (path ~ /^fmt\// && header) reject("fmt belongs into .cc files")
}

END { exit bad }
' "${files[@]}"
