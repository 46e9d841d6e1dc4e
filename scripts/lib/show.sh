# Showing a command and its answer, and checking the answer.

show_checks=0
show_failures=0

# title "What comes next"
title() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }

# show <<'COMMAND': prints the command, runs it, prints its answer. What was printed is
# what was run, word for word.
show() {
  local command
  command=$(cat)
  # Lines that go on stay as they are, so that they can be copied.
  printf '%s$ %s%s\n' "$green" "$command" "$plain"
  shown_status=0
  shown=$(eval "$command" 2>&1) || shown_status=$?
  printf '%s\n' "$shown"
}

# expect STATUS REGEX...: what the last answer must be; each REGEX matches somewhere.
expect() {
  local status=$1 regex
  shift
  ((++show_checks))
  if ((shown_status != status)); then
    complain "expected exit status $status, got $shown_status"
    return
  fi
  for regex in "$@"; do
    if ! grep -qE -- "$regex" <<<"$shown"; then
      complain "expected to see $regex"
      return
    fi
  done
}

complain() {
  ((++show_failures))
  printf '%s^ not right: %s%s\n' "$red" "$*" "$plain"
}
