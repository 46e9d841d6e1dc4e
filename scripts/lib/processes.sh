# Waiting for processes, and ending them.

# wait_until SECONDS PID COMMAND...: tries the command until it succeeds; fails when the
# time is over, or when process PID (unless empty) has ended.
wait_until() {
  local limit=$((SECONDS + $1)) pid=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    [[ -z $pid ]] || kill -0 "$pid" 2>/dev/null || return 1
    ((SECONDS < limit)) || return 1
    sleep 0.05
  done
}

# stop_process PID SIGNAL: sends it and waits; kills what does not end.
stop_process() {
  local pid=$1 signal=$2
  kill -s "$signal" "$pid" 2>/dev/null || return 0
  if ! wait_until 20 '' is_gone "$pid"; then
    note "process $pid did not end in time, killing it"
    kill -s KILL "$pid" 2>/dev/null || true
  fi
  wait "$pid" 2>/dev/null || true
}

is_gone() { ! kill -0 "$1" 2>/dev/null; }
