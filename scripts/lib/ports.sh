# Ports nobody listens on, below the ephemeral range.

is_port_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Sets picked_port to a free port: one of those given, else any other. Never the same twice.
declare -A given_ports=()
pick_port() {
  local port
  for port in "$@" $(shuf -i 12000-31000 -n 100); do
    [[ -z ${given_ports[$port]:-} ]] || continue
    if is_port_free "$port"; then
      given_ports[$port]=1
      picked_port=$port
      return
    fi
  done
  fail 'no free TCP port between 12000 and 31000'
}
