"""Renders helm/pgsluice with `helm template` and checks what comes out.

Usage: chart_test.py CHART [PGSLUICED]; exit status 77 (skipped) without helm. With
PGSLUICED the rendered configuration is checked by the daemon itself.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

import yaml

CHART = sys.argv[1]
PGSLUICED = sys.argv[2] if len(sys.argv) > 2 else None
SKIPPED = 77


def helm(*arguments):
    return subprocess.run(
        ["helm", *arguments], capture_output=True, text=True, check=False
    )


def render(*settings):
    """Objects by (kind, name)."""
    done = helm("template", "r", CHART, "--kube-version", "1.30.0", *settings)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    objects = [o for o in yaml.safe_load_all(done.stdout) if o]
    return {(o["kind"], o["metadata"]["name"]): o for o in objects}


def pod_of(objects):
    return objects["Deployment", "r-pgsluice"]["spec"]["template"]["spec"]


class Chart(unittest.TestCase):
    def test_lints(self):
        done = helm("lint", "--strict", CHART)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_has_a_deployment_two_services_and_a_configuration(self):
        self.assertEqual(
            set(render()),
            {
                ("ConfigMap", "r-pgsluice"),
                ("Deployment", "r-pgsluice"),
                ("Service", "r-pgsluice"),
                ("Service", "r-pgsluice-headless"),
            },
        )

    def test_probes_ask_three_different_services_on_the_admin_port(self):
        container = pod_of(render("--set", "ports.admin=17433"))["containers"][0]
        asked = {
            probe: container[probe]["grpc"]
            for probe in ("startupProbe", "livenessProbe", "readinessProbe")
        }
        self.assertEqual(
            asked,
            {
                "startupProbe": {"port": 17433, "service": "startup"},
                "livenessProbe": {"port": 17433, "service": "liveness"},
                "readinessProbe": {"port": 17433, "service": "readiness"},
            },
        )

    def test_ports_agree_everywhere(self):
        objects = render("--set", "ports.grpc=17432")
        config = yaml.safe_load(objects["ConfigMap", "r-pgsluice"]["data"]["pgsluice.yaml"])
        self.assertEqual(config["server"]["listen_address"], "0.0.0.0:17432")
        for service in ("r-pgsluice", "r-pgsluice-headless"):
            port = objects["Service", service]["spec"]["ports"][0]
            self.assertEqual((port["port"], port["targetPort"]), (17432, "grpc"))
        ports = pod_of(objects)["containers"][0]["ports"]
        self.assertIn({"name": "grpc", "containerPort": 17432}, ports)

    def test_services_select_the_pods(self):
        objects = render()
        labels = objects["Deployment", "r-pgsluice"]["spec"]["template"]["metadata"]["labels"]
        for service in ("r-pgsluice", "r-pgsluice-headless"):
            selector = objects["Service", service]["spec"]["selector"]
            self.assertLessEqual(selector.items(), labels.items())

    def test_runs_restricted(self):
        pod = pod_of(render())
        self.assertTrue(pod["securityContext"]["runAsNonRoot"])
        self.assertEqual(pod["securityContext"]["seccompProfile"], {"type": "RuntimeDefault"})
        self.assertFalse(pod["automountServiceAccountToken"])
        self.assertEqual(
            pod["containers"][0]["securityContext"],
            {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            },
        )

    def test_the_grace_period_covers_the_drain(self):
        objects = render()
        config = yaml.safe_load(objects["ConfigMap", "r-pgsluice"]["data"]["pgsluice.yaml"])
        drain = sum(
            int(config["shutdown"][name].removesuffix("s"))
            for name in ("drain_delay", "drain_deadline")
        )
        self.assertGreater(pod_of(objects)["terminationGracePeriodSeconds"], drain)

    def test_the_secret_becomes_environment(self):
        container = pod_of(render("--set", "database.existingSecret=db"))["containers"][0]
        self.assertEqual(container["envFrom"], [{"secretRef": {"name": "db"}}])

    def test_a_new_configuration_makes_new_pods(self):
        def checksum(*settings):
            template = render(*settings)["Deployment", "r-pgsluice"]["spec"]["template"]
            return template["metadata"]["annotations"]["checksum/config"]

        self.assertEqual(checksum(), checksum())
        self.assertNotEqual(checksum(), checksum("--set", "config.log.level=DEBUG"))

    def test_refuses_values_that_make_no_sense(self):
        for setting in (
            "replicaCount=many",
            "ports.grpc=80",
            "config.server.listen_address=0.0.0.0:1",
            "databse.existingSecret=db",
            "image.digest=latest",
        ):
            with self.subTest(setting), self.assertRaises(RuntimeError):
                render("--set", setting)

    @unittest.skipUnless(PGSLUICED, "no pgsluiced given")
    def test_the_daemon_accepts_the_configuration(self):
        text = render()["ConfigMap", "r-pgsluice"]["data"]["pgsluice.yaml"]
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "pgsluice.yaml")
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            done = subprocess.run(
                [PGSLUICED, "--config", path, "--check-config"],
                capture_output=True,
                text=True,
                check=False,
                env={"PATH": os.environ["PATH"]},
            )
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    if shutil.which("helm") is None:
        print("SKIPPED: helm is not installed (scripts/install-deps tools builds it)")
        sys.exit(SKIPPED)
    unittest.main(argv=sys.argv[:1], verbosity=2)
