# A throwaway primary and its streaming replica, on loopback TCP only. Uses
# unprivileged_dir and run_unprivileged.

# Sets pg_bin to the newest server's programs.
find_postgres() {
  local dir
  pg_bin=''
  while read -r dir; do
    [[ ! -x $dir/initdb ]] || pg_bin=$dir
  done < <(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V)
  [[ -n $pg_bin ]] || fail 'no initdb in /usr/lib/postgresql/*/bin: install postgresql'
}

random_password() { od -An -tx1 -N16 /dev/urandom | tr -d ' \n'; }

# Runs one of PostgreSQL's programs with the passwords of this cluster, from a directory
# that its user can be in.
pg_tool() {
  local program=$1
  shift
  (
    cd "$unprivileged_dir"
    export PGPASSFILE=$unprivileged_dir/passfile
    exec_unprivileged "$pg_bin/$program" "$@"
  )
}

# Speed over safety: nothing here outlives the demo.
pg_settings() {
  cat <<'SETTINGS'
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
fsync = off
full_page_writes = off
shared_buffers = 64MB
wal_retrieve_retry_interval = 200ms
log_min_messages = warning
SETTINGS
}

write_private() {
  (
    umask 077
    cat >"$1"
  )
  [[ -z $unprivileged_user ]] || chown "$unprivileged_user" "$1"
}

# make_primary PORT: initdb, and a superuser and a user "shop", who owns the database.
make_primary() {
  local port=$1 superuser_password
  superuser_password=$(random_password)
  shop_password=$(random_password)
  write_private "$unprivileged_dir/superuser_password" <<<"$superuser_password"
  write_private "$unprivileged_dir/shop_password" <<<"$shop_password"
  write_private "$unprivileged_dir/passfile" <<<"127.0.0.1:*:*:postgres:$superuser_password
127.0.0.1:*:*:shop:$shop_password"
  pg_tool initdb -D "$unprivileged_dir/db1" -U postgres --auth=scram-sha-256 \
    --pwfile="$unprivileged_dir/superuser_password" -E UTF8 --locale=C.UTF-8 --no-sync \
    >"$unprivileged_dir/initdb.log" 2>&1 || fail_with_log initdb
  pg_settings >>"$unprivileged_dir/db1/postgresql.conf"
  start_postgres db1 "$port"
  run_psql "$port" postgres postgres -f - <<SQL
CREATE ROLE shop LOGIN PASSWORD '$shop_password';
CREATE DATABASE bookshop OWNER shop;
SQL
}

# make_replica PORT PRIMARY_PORT: a base backup that goes on streaming.
make_replica() {
  local port=$1 primary_port=$2
  pg_tool pg_basebackup -D "$unprivileged_dir/db2" -h 127.0.0.1 -p "$primary_port" \
    -U postgres --write-recovery-conf --create-slot --slot=db2 --wal-method=stream \
    --checkpoint=fast --no-sync >"$unprivileged_dir/pg_basebackup.log" 2>&1 ||
    fail_with_log pg_basebackup
  start_postgres db2 "$port"
}

# start_postgres NAME PORT: starts the server and waits until it answers.
start_postgres() {
  local name=$1 port=$2 pid
  # A session of its own: Ctrl-C is for the script, which then stops all in order. SIGQUIT
  # makes a server whose script was killed take its children along.
  (
    cd "$unprivileged_dir"
    export PGPASSFILE=$unprivileged_dir/passfile
    death_signal=QUIT exec_unprivileged setsid "$pg_bin/postgres" \
      -D "$unprivileged_dir/$name" -p "$port" </dev/null >"$unprivileged_dir/$name.log" 2>&1
  ) &
  pid=$!
  postgres_pids+=("$pid")
  wait_until 30 "$pid" "$pg_bin/pg_isready" -q -h 127.0.0.1 -p "$port" ||
    fail_with_log "$name"
}

run_psql() {
  local port=$1 user=$2 database=$3
  shift 3
  pg_tool psql -X -q -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$port" -U "$user" -d "$database" \
    -o /dev/null "$@" || fail 'psql failed, see above'
}

# Waits until the replica has replayed what the primary has written.
wait_for_replica() {
  local primary_port=$1 port=$2 lsn
  lsn=$(query_postgres "$primary_port" 'SELECT pg_current_wal_flush_lsn()')
  wait_until 30 '' has_replayed "$port" "$lsn" || fail_with_log db2
}

has_replayed() {
  [[ $(query_postgres "$1" "SELECT pg_last_wal_replay_lsn() >= '$2'") == t ]]
}

query_postgres() {
  pg_tool psql -X -At -h 127.0.0.1 -p "$1" -U postgres -d postgres -c "$2"
}

stop_postgres() {
  local i
  # The replica, started last, first: it is not to complain of a lost primary.
  for ((i = ${#postgres_pids[@]} - 1; i >= 0; --i)); do
    stop_process "${postgres_pids[i]}" INT
  done
  postgres_pids=()
}

fail_with_log() {
  tail -n 20 "$unprivileged_dir/$1.log" >&2 || true
  fail "$1 failed; its last words are above"
}
