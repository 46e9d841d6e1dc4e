# Configuring and building presets.

export CCACHE_BASEDIR="${CCACHE_BASEDIR:-$ROOT_DIR}" CCACHE_NOHASHDIR=1

build_dir() { printf '%s\n' "$ROOT_DIR/build/$1"; }

# As many compilers as there are cores, and memory for them.
job_count() {
  local cores memory_mib jobs
  cores=$(nproc)
  memory_mib=$(awk '/^MemAvailable:/ { print int($2 / 1024) }' /proc/meminfo)
  jobs=$((memory_mib / 1200))
  ((jobs < cores)) || jobs=$cores
  ((jobs > 0)) || jobs=1
  printf '%s\n' "$jobs"
}

cached_option() {
  sed -n "s/^$2:[A-Z]*=//p" "$(build_dir "$1")/CMakeCache.txt" 2>/dev/null
}

# configure PRESET [-DNAME=VALUE...]: does nothing when it has been done that way.
configure() {
  local preset=$1 option name value is_current=1
  shift
  [[ -f $(build_dir "$preset")/build.ninja ]] || is_current=0
  for option in "$@"; do
    name=${option#-D} name=${name%%=*} value=${option#*=}
    [[ $(cached_option "$preset" "$name") == "$value" ]] || is_current=0
  done
  ((is_current == 0)) || return 0
  step "Configuring build/$preset"
  # Nobody needs the finding of every library told.
  (cd "$ROOT_DIR" && cmake --preset "$preset" --log-level=NOTICE "$@") ||
    fail 'cmake failed, see above'
}

# build PRESET [TARGET...]: with ninja's own progress.
build() {
  local preset=$1
  local -a targets=()
  shift
  (($# == 0)) || targets=(--target "$@")
  step "Building build/$preset${*:+: $*}"
  cmake --build "$(build_dir "$preset")" -j "$(job_count)" "${targets[@]}" ||
    fail 'the build failed, see above'
}
