# shellcheck shell=bash
# The Debian packages that building and testing need, and how missing ones are installed. Sourced by
# packaging/quickstart and tests/run.

# shellcheck disable=SC2034  # used by those who source this file
build_packages=(
  g++ cmake ninja-build pkg-config
  libuv1-dev libssl-dev libargon2-dev libwslay-dev libcli11-dev libexpected-dev libfmt-dev
  nlohmann-json3-dev zlib1g-dev libsqlite3-dev libncurses-dev libyaml-cpp-dev
  scdoc
)
# shellcheck disable=SC2034
test_packages=(
  ccache                                              # the next run, also in another checkout, is fast
  doctest-dev bats shellcheck jq procps               # unit tests, end-to-end tests, scripts
  mosquitto mosquitto-clients python3-paho-mqtt openssl  # the peers to get along with ...
  nodejs npm                                          # ... one of which comes from npm
  microsocks iproute2                                 # a SOCKS proxy; networks of their own
  tmux                                                # a terminal
  clang-14 libclang-rt-14-dev                         # fuzzing
  dpkg-dev file man-db                                # packages, and what is in them
  libhdrhistogram-java default-jre-headless parallel  # results of mqbench: who else reads them,
  python3-jsonschema chromium                         # their schema, their page
)

# is_installed PACKAGE: by dpkg, or for Node.js by its commands: many machines have it from its
# makers and not from Debian.
is_installed() {
  case $1 in
    nodejs) command -v node >/dev/null && return ;;
    npm) command -v npm >/dev/null && return ;;
    default-jre-headless) command -v java >/dev/null && return ;;
  esac
  [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# install_missing PACKAGE...: what is there already is left alone, and with everything there apt is
# not even asked.
install_missing() {
  local package missing=() as_root=()
  for package in "$@"; do
    is_installed "$package" || missing+=("$package")
  done
  if [ ${#missing[@]} -eq 0 ]; then return; fi
  if ! command -v apt-get >/dev/null; then
    echo "missing, and there is no apt-get to install them: ${missing[*]}" >&2
    return 1
  fi
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "missing, and neither root nor sudo to install them: ${missing[*]}" >&2
      return 1
    fi
    as_root=(sudo)
  fi
  echo "installing with ${as_root[*]:+sudo }apt-get: ${missing[*]}"
  if [[ " ${missing[*]} " == *" mosquitto "* ]]; then
    echo "(Debian's mosquitto package starts a broker on port 1883; the tests do not use that one)"
  fi
  "${as_root[@]}" apt-get update -qq &&
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get install --yes -qq --no-install-recommends "${missing[@]}"
}
