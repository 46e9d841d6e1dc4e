"""What attacks do to a gateway, and to a good caller of it, in figures:

    python3 measure.py --port 7432 --pid $(pidof pgsluiced) [--scale X] [ATTACK...]

Prints a table in Markdown. The gateway has to be one without TLS and without
authentication, on this machine. Attacker and caller take their share of the machine, too.
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
        self.times = []
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
                ended = connection.wait(lambda: stream in connection.ended, 10)
                is_served = ended and connection.ended.get(stream) == h2.HEADERS
            except OSError:
                connection, is_served = None, False
            if is_served:
                self.times.append(time.monotonic() - begun)
                connection.ended.clear()
            else:
                self.failures += 1
                time.sleep(0.05)
            stream += 2

    def end(self):
        self.is_over = True
        self.join()
        return self

    def quantile(self, share):
        """In milliseconds."""
        if not self.times:
            return float("nan")
        times = sorted(self.times)
        return 1000 * times[min(len(times) - 1, int(share * len(times)))]


def calls_for(port, seconds):
    caller = GoodCaller(port)
    caller.start()
    time.sleep(seconds)
    return caller.end()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--pid", type=int, required=True)
    parser.add_argument("--scale", type=float, default=1)
    parser.add_argument("attacks", nargs="*", choices=[[], *attacks.ATTACKS],
                        default=[])
    arguments = parser.parse_args()
    print("| attack | took s | server CPU s | RSS before, peak MiB | p99 without, with ms "
          "| calls, failed | seen |")
    print("|---|---|---|---|---|---|---|")
    for name in arguments.attacks or attacks.ATTACKS:
        before = calls_for(arguments.port, 2)
        rss = status_of(arguments.pid, "VmRSS")
        pathlib.Path(f"/proc/{arguments.pid}/clear_refs").write_text("5")
        cpu = cpu_seconds(arguments.pid)
        caller = GoodCaller(arguments.port)
        caller.start()
        attack = subprocess.run(
            [sys.executable, attacks.__file__, str(arguments.port), name, "--scale",
             str(arguments.scale)], check=False, capture_output=True, text=True)
        caller.end()
        if not pathlib.Path(f"/proc/{arguments.pid}").exists():
            print(f"| {name} | the gateway is gone |")
            return 1
        sys.stderr.write(attack.stderr)
        seen = json.loads(attack.stdout or "{}")
        took = seen.pop("took", "?")
        peak = status_of(arguments.pid, "VmHWM")
        print(f"| {name} | {took} | {cpu_seconds(arguments.pid) - cpu:.1f} "
              f"| {rss // 1024}, {peak // 1024} "
              f"| {before.quantile(0.99):.1f}, {caller.quantile(0.99):.1f} "
              f"| {len(caller.times)}, {caller.failures} | {json.dumps(seen)} |",
              flush=True)
        time.sleep(1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
