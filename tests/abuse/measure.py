"""What attacks do to a gateway, and to a good caller of it, in figures:

    python3 measure.py --port 7432 --pid $(pidof pgsluiced) [--again] [ATTACK...]

Prints a table in Markdown, for all attacks within four minutes. The gateway has to be one
without authentication, on this machine. With --tls the port may be that of a proxy in
front of it.

The attacker comes from 127.0.0.2, the good caller from 127.0.0.1. In earnest an attacker
brings its own machine; here it takes a core from the gateway and from the good caller. So
it is kept to the last of the cores, and the figures under attack stand beside two others:
of a quiet machine, and of one where a process does nothing but use up that core ("busy").
The ratio is to the busy one; with --quiet to the other.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import threading
import time

import attacks
import h2

ATTACKER = "127.0.0.2"
# How long the good caller calls for one figure.
SECONDS = 5
# An attack that takes longer is ended.
MOST_SECONDS = 12


def status_of(pid, name):
    """Of /proc/PID/status, in KiB."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1])
    return 0


def cpu_seconds(pid):
    parts = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


class GoodCaller(threading.Thread):
    """Asks SELECT 1, one call after the other, on one connection that it renews if it has to."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port = port
        self.times = []  # Of all calls, those that failed as well.
        self.failures = 0
        self.is_over = False

    def run(self):
        connection, stream = None, 1
        body = attacks._query("SELECT 1")
        while not self.is_over:
            begun = time.monotonic()
            try:
                if connection is None or connection.is_closed:
                    connection, stream = h2.Connection(self.port), 1
                connection.send(
                    h2.frame(h2.HEADERS, h2.END_HEADERS, stream,
                             h2.call_headers(attacks.QUERY))
                    + h2.frame(h2.DATA, h2.END_STREAM, stream, body))
                ended = connection.wait(
                    lambda: stream in connection.ended or self.is_over, 10)
                is_served = ended and connection.ended.get(stream) == h2.HEADERS
            except OSError:
                connection, is_served = None, False
            self.times.append(time.monotonic() - begun)
            if is_served:
                connection.ended.clear()
            elif not self.is_over:
                self.failures += 1
                time.sleep(0.05)
            stream += 2
        if connection is not None:
            connection.close()

    def end(self):
        self.is_over = True
        self.join()
        return self

    def quantile(self, share):
        """In milliseconds."""
        times = sorted(self.times)
        return 1000 * times[min(len(times) - 1, int(share * len(times)))]

    def __str__(self):
        return f"{self.quantile(0.5):.2f}, {self.quantile(0.99):.2f}"


def calls_for(port, seconds=SECONDS):
    caller = GoodCaller(port)
    caller.start()
    time.sleep(seconds)
    return caller.end()


def beside(arguments):
    """A process of the attacker's: on the last core, if there is more than one."""
    cores = sorted(os.sched_getaffinity(0))
    pin = (lambda: os.sched_setaffinity(0, {cores[-1]})) if len(cores) > 1 else None
    return subprocess.Popen([sys.executable, "-B", *arguments], preexec_fn=pin, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def busy_calls(port):
    spinner = beside(["-c", "while True: pass"])
    try:
        return calls_for(port)
    finally:
        spinner.kill()
        spinner.wait()


def attack_with(name, arguments):
    """What the attacker saw, and the good caller meanwhile, for SECONDS at least."""
    command = [attacks.__file__, str(arguments.port), name, "--scale",
               str(arguments.scale), "--source", ATTACKER]
    if arguments.tls:
        command.append("--tls")
    if arguments.again:
        command += ["--again", str(SECONDS)]
    caller = GoodCaller(arguments.port)
    caller.start()
    begun = time.monotonic()
    attacker = beside(command)
    try:
        out, errors = attacker.communicate(timeout=MOST_SECONDS)
        sys.stderr.write(errors)
        seen = json.loads(out or "{}")
    except subprocess.TimeoutExpired:
        attacker.kill()
        attacker.communicate()
        seen = {"took": f"ended after {MOST_SECONDS}"}
    time.sleep(max(0, begun + SECONDS - time.monotonic()))
    return seen, caller.end()


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--pid", type=int, required=True)
    parser.add_argument("--scale", type=float, default=1)
    parser.add_argument("--again", action="store_true",
                        help="the attacker connects again whenever it was cut")
    parser.add_argument("--tls", action="store_true", help="the port wants it")
    parser.add_argument("--quiet", action="store_true",
                        help="ratios to the quiet machine")
    parser.add_argument("attacks", nargs="*", choices=[[], *attacks.ATTACKS],
                        default=[])
    arguments = parser.parse_args()
    port, pid = arguments.port, arguments.pid
    h2.is_tls_usual = arguments.tls
    quiet, busy = calls_for(port), busy_calls(port)
    base = quiet if arguments.quiet else busy
    print(f"A good caller's p50, p99 in ms: quiet {quiet}; busy {busy}\n")
    print("| attack | took s | gateway's CPU s | RSS before, peak MiB "
          "| p50, p99 with ms | p99 ratio | after ms | calls, failed | seen |")
    print("|---|---|---|---|---|---|---|---|---|", flush=True)
    worst = 0
    for name in arguments.attacks or attacks.ATTACKS:
        rss = status_of(pid, "VmRSS")
        pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")
        cpu = cpu_seconds(pid)
        seen, during = attack_with(name, arguments)
        if not pathlib.Path(f"/proc/{pid}").exists():
            print(f"| {name} | the gateway is gone |")
            return 1
        spent, peak = cpu_seconds(pid) - cpu, status_of(pid, "VmHWM")
        after = calls_for(port, 1)
        took = seen.pop("took", "?")
        ratio = during.quantile(0.99) / base.quantile(0.99)
        worst = max(worst, ratio)
        print(f"| {name} | {took} | {spent:.1f} | {rss // 1024}, {peak // 1024} "
              f"| {during} | {ratio:.1f} | {after} "
              f"| {len(during.times)}, {during.failures} | {json.dumps(seen)} |",
              flush=True)
    print(f"\nWorst ratio: {worst:.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
