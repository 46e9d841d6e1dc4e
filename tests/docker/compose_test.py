"""What docker-compose.yaml is made of, without Docker: its scripts run on PostgreSQL of this machine,
its configurations are read by the programs that they are for, and the gateway answers in front of the
servers that came out."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/helm"))

from chart import PGSLUICE, PGSLUICED, run  # noqa: E402
from servers import Gateway, free_ports, postgres_programs, unprivileged, wait_for  # noqa: E402

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yaml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]
PARTS = ROOT / "examples/compose"


def mounts(name):
    """(what, where) of a service."""
    return [tuple(volume.split(":")[:2]) for volume in SERVICES[name].get("volumes", [])]


class Files(unittest.TestCase):
    def test_everything_that_is_named_is_there(self):
        for name, service in SERVICES.items():
            for what, where in mounts(name):
                with self.subTest(name, what=what):
                    if what.startswith("./"):
                        self.assertTrue((ROOT / what).exists())
                    else:
                        self.assertIn(what, COMPOSE["volumes"])
                    self.assertTrue(where.startswith("/"))
            for other in service.get("depends_on", {}):
                self.assertIn(other, SERVICES)

    def test_is_published_on_the_loopback_address_only(self):
        for name, service in SERVICES.items():
            for port in service.get("ports", []):
                self.assertTrue(port.startswith("127.0.0.1:"), f"{name}: {port}")

    def test_scripts_can_be_executed(self):
        for script in ("make-passwords", "set-up-primary", "run-replica"):
            self.assertTrue(os.access(PARTS / script, os.X_OK), script)

    def test_grafana_finds_the_dashboard_and_prometheus(self):
        shown = {where: ROOT / what for what, where in mounts("grafana")}
        self.assertIn("/etc/grafana/provisioning", shown)
        folder = yaml.safe_load((PARTS / "grafana/dashboards/pgsluice.yaml").read_text())
        path = folder["providers"][0]["options"]["path"]
        self.assertEqual(shown[f"{path}/pgsluice.json"], ROOT / "helm/pgsluice/files/dashboard.json")
        source = yaml.safe_load((PARTS / "grafana/datasources/prometheus.yaml").read_text())
        self.assertEqual(source["datasources"][0]["url"], "http://prometheus:9090")

    def test_prometheus_takes_its_configuration(self):
        if shutil.which("promtool") is None:
            self.skipTest("promtool is not installed: this is NOT checked")
        done = run("promtool", "check", "config", str(PARTS / "prometheus.yaml"))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


class Servers(unittest.TestCase):
    """The scripts, as the containers run them: on a server as the image's entrypoint makes it."""

    def setUp(self):
        self.identity = unprivileged()
        self.bin = postgres_programs()
        # Where PostgreSQL's user gets to, whoever runs the test.
        self.home = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        if self.identity:
            os.chown(self.home, self.identity["user"], self.identity["group"])
        self.home.chmod(0o755)
        self.parts = self.home / "compose"
        shutil.copytree(PARTS, self.parts)
        self.passwords = self.home / "passwords"
        self.primary_port, self.replica_port = free_ports(2)

    def environment(self, data, **more):
        return {
            "PATH": f"{self.bin}:{os.environ['PATH']}", "HOME": str(self.home),
            "PGDATA": str(self.home / data), "PASSWORDS": str(self.passwords), **more,
        }  # fmt: skip

    def run_script(self, *command, environment):
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=60, check=False,
            env=environment, cwd=self.home, **self.identity,
        )  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def serve(self, command, environment, port):
        process = subprocess.Popen(
            command, env=environment, cwd=self.home, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, **self.identity,
        )  # fmt: skip

        def stop():
            process.send_signal(signal.SIGQUIT)
            process.wait(30)

        self.addCleanup(stop)
        ask = [self.bin / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
        wait_for(lambda: run(*ask).returncode == 0, f"PostgreSQL on {port}")

    def options(self, port):
        return ["-p", str(port), "-c", f"unix_socket_directories={self.home}", "-c", "fsync=off",
                "-c", "listen_addresses=127.0.0.1"]  # fmt: skip

    def make_primary(self):
        environment = self.environment("primary", PGHOST=str(self.home), PGPORT=str(self.primary_port))
        self.run_script(
            "initdb", "-U", "postgres", "--pwfile", str(self.passwords / "postgres"),
            "--auth-host=scram-sha-256", "--auth-local=trust", "--no-sync", environment=environment,
        )  # fmt: skip
        # The entrypoint's own line.
        with open(self.home / "primary/pg_hba.conf", "a", encoding="utf-8") as rules:
            rules.write("host all all all scram-sha-256\n")
        command = ["postgres", *self.options(self.primary_port)]
        self.serve(command, environment, self.primary_port)
        self.run_script("bash", str(self.parts / "set-up-primary"), environment=environment)
        self.run_script("pg_ctl", "reload", environment=environment)

    def make_replica(self):
        environment = self.environment(
            "replica", PRIMARY="127.0.0.1", PRIMARY_PORT=str(self.primary_port)
        )
        (self.home / "replica").mkdir(mode=0o700)
        # Of a copy that was interrupted.
        (self.home / "replica/rest").write_text("of another copy")
        if self.identity:
            for path in ("replica", "replica/rest"):
                os.chown(self.home / path, self.identity["user"], self.identity["group"])
        script = ["bash", str(self.parts / "run-replica"), *self.options(self.replica_port)]
        self.serve(script, environment, self.replica_port)

    def test_the_gateway_answers_in_front_of_them(self):
        self.passwords.mkdir()
        make = ["bash", str(PARTS / "make-passwords"), str(self.passwords)]
        self.assertEqual(run(*make).returncode, 0)
        made = {path.name: path.read_text() for path in self.passwords.iterdir()}
        self.assertEqual(set(made), {"postgres", "replicator", "app"})
        self.assertTrue(all(re.fullmatch("[0-9a-f]{32}", text) for text in made.values()))
        self.assertEqual(run(*make).returncode, 0)
        self.assertEqual(made, {path.name: path.read_text() for path in self.passwords.iterdir()})

        self.make_primary()
        self.make_replica()

        port, admin, metrics = free_ports(3)
        config = (PARTS / "pgsluice.yaml").read_text(encoding="utf-8")
        for name, own in (("primary", self.primary_port), ("replica", self.replica_port)):
            config = config.replace(f"host={name} ", f"host=127.0.0.1 port={own} ")
        config = config.replace("/passwords/", f"{self.passwords}/")
        config = config.replace("0.0.0.0:7432", f"127.0.0.1:{port}")
        config += f"  admin_listen_address: 127.0.0.1:{admin}\n"
        config += f"  metrics_listen_address: 127.0.0.1:{metrics}\n"
        self.enterContext(Gateway(config, {}))
        for pool in ("pool.primary", "pool.replica"):
            wait_for(lambda asked=pool: self.ask(port, "health", asked).returncode == 0, pool)
        self.assertEqual(self.query(port, "CREATE TABLE t AS SELECT 42 AS n"), "")
        wait_for(lambda: self.query(port, "--read", "SELECT n FROM t") == "42", "the replica")
        self.assertEqual(self.query(port, "--read", "SELECT pg_is_in_recovery()"), "t")
        # An ordinary role: no more rights than it needs.
        rights = "SELECT rolsuper OR rolreplication FROM pg_roles WHERE rolname = current_user"
        self.assertEqual(self.query(port, rights), "f")

    @staticmethod
    def ask(port, *arguments):
        return run(PGSLUICE, "--addr", f"127.0.0.1:{port}", *arguments)

    def query(self, port, *arguments):
        """Its only cell; what went wrong if there is none."""
        done = self.ask(port, "query", "-A", "-t", *arguments)
        return (done.stdout if done.returncode == 0 else done.stderr).strip()


if __name__ == "__main__":
    unittest.main(verbosity=2)
