"""The probes and the pods of `helm test`, run as the chart has them against a live gateway:
grpc-health-probe in place of the kubelet. What the chart says of TLS and pool sizes, too."""

import pathlib
import re
import shutil
import signal
import tempfile
import unittest

from chart import HELM, PGSLUICE, config_text, container_of, main, render, run
from servers import Gateway, Postgres, free_ports, make_certificate, wait_for

SERVING = 0
NOT_SERVING = 4
NO_CONNECTION = 2


class HealthProbe(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.postgres = cls.enterClassContext(Postgres())
        cls.port, cls.admin_port, cls.metrics_port = free_ports(3)
        cls.objects = cls.render_here()

    @classmethod
    def render_here(cls, *settings):
        return render(
            "--set", f"ports.grpc={cls.port},ports.admin={cls.admin_port}",
            "--set", f"ports.address=127.0.0.1,ports.metrics={cls.metrics_port}",
            # Longer than the test takes on any machine; it does not wait for the end.
            "--set", "config.shutdown.drain_delay=1m", *settings,
        )  # fmt: skip

    def database(self):
        return f"postgresql://app@127.0.0.1:{self.postgres.port}/postgres?sslmode=disable"

    def gateway(self):
        # What Kubernetes adds for a Service called pgsluice is no setting.
        links = {"PGSLUICE_SERVICE_HOST": "10.0.0.1", "PGSLUICE_PORT": "tcp://10.0.0.1:7432"}
        return self.enterContext(
            Gateway(config_text(self.objects), {"DATABASE_URL": self.database()} | links)
        )

    def probe(self, name):
        asked = container_of(self.objects)[name]["grpc"]
        return run(
            "grpc-health-probe",
            f"-addr=127.0.0.1:{asked['port']}",
            f"-service={asked['service']}",
            "-connect-timeout=1s",
            "-rpc-timeout=1s",
        ).returncode

    def expect(self, **states):
        """Waits until all three probes say so at a time."""

        def states_now():
            return {name: self.probe(f"{name}Probe") for name in states}

        wait_for(lambda: states_now() == states, f"{states}, not {states_now()}")

    def test_a_database_that_is_down_makes_it_unready_and_no_more(self):
        self.expect(startup=NO_CONNECTION, liveness=NO_CONNECTION, readiness=NO_CONNECTION)
        self.postgres.stop()
        self.gateway()
        self.expect(startup=SERVING, liveness=SERVING, readiness=NOT_SERVING)
        self.postgres.start()
        self.expect(startup=SERVING, liveness=SERVING, readiness=SERVING)
        self.postgres.stop()
        self.expect(startup=SERVING, liveness=SERVING, readiness=NOT_SERVING)
        self.postgres.start()
        self.expect(startup=SERVING, liveness=SERVING, readiness=SERVING)

    def test_a_pod_that_goes_is_unready_and_serves_on(self):
        gateway = self.gateway()
        self.expect(startup=SERVING, liveness=SERVING, readiness=SERVING)
        gateway.process.send_signal(signal.SIGTERM)
        self.expect(liveness=SERVING, readiness=NOT_SERVING)
        self.assertEqual(self.run_test_pod("query").returncode, 0)
        gateway.process.send_signal(signal.SIGTERM)
        self.assertEqual(gateway.process.wait(30), 0)

    def run_test_pod(self, test):
        pod = self.objects["Pod", f"r-pgsluice-test-{test}"]["spec"]["containers"][0]
        service = f"r-pgsluice.default.svc:{self.port}"
        here = [a.replace(service, f"127.0.0.1:{self.port}") for a in pod["args"]]
        self.assertNotEqual(here, pod["args"])
        return run(PGSLUICE, *here)

    def test_helm_test_finds_out(self):
        for test in ("health", "query"):
            self.assertNotEqual(self.run_test_pod(test).returncode, 0)
        self.gateway()
        self.expect(readiness=SERVING)
        for test in ("health", "query"):
            done = self.run_test_pod(test)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_the_ca_of_the_secret_decides(self):
        objects = self.render_here("--set", "database.tls.existingSecret=ca")
        mounted = self.enterContext(tempfile.TemporaryDirectory())
        environment = {
            e["name"]: e["value"].replace("/run/secrets/pgsluice-tls", mounted)
            for e in container_of(objects)["env"]
        }
        # It says nothing of TLS.
        environment["DATABASE_URL"] = f"postgresql://app@localhost:{self.postgres.port}/postgres"
        make_certificate(mounted, "other")
        for ca, expected in (
            (f"{mounted}/other.crt", "certificate verify failed"),
            (f"{self.postgres.data}/server.crt", "readiness: SERVING"),
        ):
            shutil.copy(ca, f"{mounted}/ca.crt")
            with Gateway(config_text(objects), environment):
                wait_for(lambda told=expected: told in self.health(), expected)

    def test_pods_share_sizes_as_the_chart_counts(self):
        objects = self.render_here(
            "--set", "sharePoolSizes=true,replicaCount=5,config.pools.primary.max_size=23"
        )
        mounted = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        fleet_size = mounted / "fleet_size"
        fleet_size.write_text(objects["ConfigMap", "r-pgsluice-fleet"]["data"]["fleet_size"])
        text = config_text(objects).replace("/etc/pgsluice-fleet", str(mounted))
        self.enterContext(Gateway(text, {"DATABASE_URL": self.database()}))
        wait_for(lambda: self.pool_size() == 23 // 5, "a fifth")
        fleet_size.write_text("2")
        wait_for(lambda: self.pool_size() == 23 // 2, "a half")

    def pool_size(self):
        """max_size of the primary's pool, as the gateway has it now."""
        told = run(PGSLUICE, "--addr", f"127.0.0.1:{self.port}", "pools").stdout
        row = re.search(r"\| primary +\| +\d+ \| +(\d+) \|", told)
        return int(row[1]) if row else None

    def health(self):
        return run(PGSLUICE, "--addr", f"127.0.0.1:{self.port}", "health").stdout

    def test_unknown_services_are_no_success(self):
        self.gateway()
        self.expect(startup=SERVING)
        done = run(
            "grpc-health-probe", f"-addr=127.0.0.1:{self.admin_port}", "-service=nonsense"
        )
        self.assertNotEqual(done.returncode, SERVING)


if __name__ == "__main__":
    main(HELM, "grpc-health-probe")
