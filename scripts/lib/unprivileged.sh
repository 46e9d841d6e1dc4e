# PostgreSQL refuses to run as root: a user to run it as, and a directory of his.

# Sets unprivileged_user to a name, or to nothing when we are not root.
choose_unprivileged_user() {
  unprivileged_user=''
  ((EUID == 0)) || return 0
  local name
  for name in postgres nobody; do
    if id "$name" >/dev/null 2>&1; then
      unprivileged_user=$name
      return
    fi
  done
  fail 'running as root, and there is no user "postgres" or "nobody" to run PostgreSQL as'
}

# Replaces this process (so use it in a subshell) by a command run as that user. The
# command ends when whoever started it dies.
exec_unprivileged() {
  local -a identity=()
  [[ -z $unprivileged_user ]] ||
    identity=(--reuid "$unprivileged_user" --regid "$(id -g "$unprivileged_user")" --init-groups)
  exec setpriv "${identity[@]}" --pdeathsig "${death_signal:-TERM}" -- "$@"
}

run_unprivileged() { (exec_unprivileged "$@"); }

# make_unprivileged_dir WANTED: sets unprivileged_dir to an empty directory that the user
# owns and can reach: WANTED, or one in the system's own place for such things.
make_unprivileged_dir() {
  local wanted=$1
  rm -rf "$wanted"
  mkdir -p "$wanted"
  unprivileged_dir=$wanted
  [[ -n $unprivileged_user ]] || return 0
  chown "$unprivileged_user" "$wanted"
  if ! run_unprivileged test -w "$wanted"; then
    rmdir "$wanted"
    unprivileged_dir=$(mktemp -d "${TMPDIR:-/tmp}/pgsluice-demo.XXXXXX")
    chown "$unprivileged_user" "$unprivileged_dir"
    say "($unprivileged_user cannot reach $wanted; using $unprivileged_dir)"
  fi
}
