# The gateway in front of the demo's two servers.

# write_gateway_config FILE PORT1 PORT2
write_gateway_config() {
  cat >"$1" <<YAML
# Made by scripts/demo. Roles are not configured: the gateway asks each server.
endpoints:
  - name: db1
    conninfo: host=127.0.0.1 port=$2 dbname=bookshop user=shop
    password_file: $unprivileged_dir/shop_password
  - name: db2
    conninfo: host=127.0.0.1 port=$3 dbname=bookshop user=shop
    password_file: $unprivileged_dir/shop_password
server:
  listen_address: 127.0.0.1:$gateway_port
  admin_listen_address: 127.0.0.1:$admin_port
  metrics_listen_address: 127.0.0.1:$metrics_port
shutdown:
  # Nobody has to notice that we go.
  drain_delay: 0s
  drain_deadline: 2s
YAML
}

# start_gateway CONFIG LOG: returns once it serves, on both roles. Nothing of the caller's
# environment is to reconfigure it.
start_gateway() {
  local config=$1 log=$2 service name
  for name in "${!PGSLUICE_@}" "${!PG@}"; do
    [[ $name == PGSLUICE_ADDR ]] || unset "$name"
  done
  (exec setpriv --pdeathsig TERM -- setsid "$bin_dir/pgsluiced" --config "$config" \
    </dev/null >"$log" 2>&1) &
  gateway_pid=$!
  for service in readiness pool.primary pool.replica; do
    wait_until 20 "$gateway_pid" "$bin_dir/pgsluice" health "$service" && continue
    tail -n 20 "$log" >&2
    fail "the gateway does not report $service; its log is above"
  done
}

stop_gateway() {
  [[ -n ${gateway_pid:-} ]] || return 0
  stop_process "$gateway_pid" TERM
  gateway_pid=''
}
