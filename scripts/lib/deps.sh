# Which Debian packages a task needs, and installing those that are missing. The names
# are those of Debian 12; Debian 13 and Ubuntu 24.04 have the same. "a|b": either will
# do. "?a": installed if the distribution has it, gone without otherwise.

readonly BUILD_PACKAGES='
  g++ cmake ninja-build ccache pkg-config|pkgconf git
  libgrpc-dev libgrpc++-dev libprotobuf-dev protobuf-compiler protobuf-compiler-grpc
  libabsl-dev libasio-dev libpq-dev libpqxx-dev libssl-dev
  libspdlog-dev libfmt-dev libyaml-cpp-dev libcli11-dev libmimalloc-dev nlohmann-json3-dev
  prometheus-cpp-dev'
readonly DEMO_PACKAGES="$BUILD_PACKAGES
  postgresql|postgresql-15|postgresql-16|postgresql-17|postgresql-18"
readonly TEST_PACKAGES="$DEMO_PACKAGES
  libgtest-dev libgmock-dev python3 python3-grpcio python3-protobuf python3-yaml iproute2 openssl
  ?clang-format-19 ?patroni ?python3-etcd ?etcd-server ?prometheus
  ?pgbouncer"
readonly CHECK_PACKAGES="$TEST_PACKAGES
  clang-19 clang-tidy-19 clang-format-19 libclang-rt-19-dev"
readonly BENCH_PACKAGES="$DEMO_PACKAGES pgbouncer"

# Asked once: dpkg-query is slow.
declare -A installed=()
read_installed() {
  local name status
  installed=()
  while read -r name status; do
    [[ $status != installed ]] || installed[$name]=1
  done < <(dpkg-query -W -f '${Package} ${db:Status-Status}\n')
}

has_candidate() {
  local policy
  policy=$(apt-cache policy "$1" 2>/dev/null)
  [[ $policy == *Candidate:* && $policy != *'Candidate: (none)'* ]]
}

is_any_installed() {
  local name
  for name in ${1//|/ }; do
    [[ -z ${installed[$name]:-} ]] || return 0
  done
  return 1
}

# Optional, and a system that has package lists does not know it.
is_unobtainable() {
  [[ $1 == \?* ]] && has_candidate cmake && ! has_candidate "${1#\?}"
}

# Prints what is missing of the packages given, one a line, as they were written.
missing_packages() {
  local package
  for package in "$@"; do
    is_any_installed "${package#\?}" || is_unobtainable "$package" ||
      printf '%s\n' "$package"
  done
}

# Prints the names to install for packages written as above. Wants current package lists.
names_to_install() {
  local package name chosen
  for package in "$@"; do
    chosen=''
    for name in $(tr '|' ' ' <<<"${package#\?}"); do
      if has_candidate "$name"; then
        chosen=$name
        break
      fi
    done
    if [[ -n $chosen ]]; then
      printf '%s\n' "$chosen"
    elif [[ $package == \?* ]]; then
      note "this distribution has no ${package#\?}; going on without it"
    else
      printf '%s\n' "${package%%|*}" # apt-get says what is wrong.
    fi
  done
}

as_root() {
  if ((EUID == 0)); then "$@"; else sudo "$@"; fi
}

# Installs what is missing of the packages given; neither asks for root nor says a word
# when nothing is.
require_packages() {
  local -a missing names
  command -v dpkg-query >/dev/null || {
    note 'this is not a Debian or Ubuntu system: hoping that all libraries are there'
    return
  }
  read_installed
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]} > 0)) || return 0

  names=("${missing[@]#\?}")
  names=("${names[@]%%|*}")
  step "Installing missing packages: ${names[*]}"
  if ((EUID != 0)) && ! command -v sudo >/dev/null; then
    fail "this needs root, and there is no sudo. As root, run:
  apt-get update && apt-get install --no-install-recommends ${names[*]}"
  fi
  if [[ " ${names[*]} " == *' postgresql '* ]]; then
    say "(Debian's postgresql package also makes a server of its own on port 5432; nothing"
    say 'here uses or touches it.)'
  fi
  if [[ " ${names[*]} " == *' etcd-server '* ]]; then
    say "(Debian's etcd-server package may also start an etcd on port 2379; the tests start"
    say 'their own elsewhere.)'
  fi
  if [[ " ${names[*]} " == *' prometheus '* ]]; then
    say "(Debian's prometheus package, which has promtool, may also start a Prometheus on port"
    say '9090; the tests need none.)'
  fi
  ((EUID == 0)) || say 'sudo may ask for your password.'
  as_root apt-get update -qq
  mapfile -t names < <(names_to_install "${missing[@]}")
  ((${#names[@]} == 0)) ||
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
      --no-install-recommends "${names[@]}"
}
