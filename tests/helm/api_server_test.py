"""The chart and a real API server: every object is accepted and stored, in a namespace that enforces
the Pod Security Standard "restricted", and helm installs, upgrades and removes it. There are neither
nodes nor controllers: no pod runs."""

import json
import pathlib
import shutil
import tempfile
import unittest

from api_server import ApiServer, environment
from chart import CHART, HELM, VALUES, main, render, run

MORE = {
    "tls": ["--set", "tls.existingSecret=cert,tls.clientCertificates=REQUIRED"],
    "secrets": ["--set", "database.existingSecret=db,database.tls.existingSecret=ca"],
    "tokens": [
        "--set", "tls.existingSecret=cert",
        "--set", "authentication.enabled=true,authentication.tokensSecret=hashes",
    ],
    "dashboard": ["--set", "monitoring.dashboard.enabled=true"],
    "sleep": ["--set", "preStopSleepSeconds=5"],
    "egress": ["--set", "networkPolicy.egress.enabled=true"],
    "shares": ["--set", "sharePoolSizes=true,config.pools.primary.max_size=40"],
}  # fmt: skip


class Chart(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(ApiServer())
        print(f"kube-apiserver {cls.server.version()}")
        # Of the cluster's owner; ci/production-values.yaml names it.
        urgency = {
            "kind": "PriorityClass", "apiVersion": "scheduling.k8s.io/v1",
            "metadata": {"name": "database-clients"}, "value": 1000,
        }  # fmt: skip
        assert cls.server.create(urgency)[0] == 201

    def make_namespace(self, name):
        modes = {f"pod-security.kubernetes.io/{m}": "restricted" for m in ("enforce", "warn")}
        namespace = {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": name, "labels": modes}}
        self.assertEqual(self.server.create(namespace)[0], 201)
        # A controller's work.
        account = {"kind": "ServiceAccount", "apiVersion": "v1", "metadata": {"name": "default"}}
        self.assertEqual(self.server.create(account, name)[0], 201)

    def objects(self, name, *settings):
        """What the chart makes for that namespace, accounts first: pods want theirs to be there."""
        objects = render(*settings, "--namespace", name).values()
        return sorted(objects, key=lambda thing: thing["kind"] == "Pod")

    def test_accepts_every_object_without_a_warning(self):
        for values, settings in {**VALUES, **MORE}.items():
            name = f"with-{values}"  # There is a namespace "default" already.
            self.make_namespace(name)
            for thing in self.objects(name, *settings):
                with self.subTest(name, kind=thing["kind"], object=thing["metadata"]["name"]):
                    status, text, warnings = self.server.create(thing, name)
                    self.assertEqual((status, warnings), (201, []), text)
                if thing["kind"] == "Deployment":
                    with self.subTest(name, kind="a pod of the Deployment"):
                        status, text, warnings = self.server.create(pod_of(thing), name)
                        self.assertEqual((status, warnings), (201, []), text)

    def test_would_refuse_a_pod_that_may_do_more(self):
        self.make_namespace("loose")
        loose = ["--set", "securityContext.allowPrivilegeEscalation=true"]
        for thing in self.objects("loose", *loose):
            status, text, warnings = self.server.create(thing, "loose")
            if thing["kind"] == "Deployment":
                self.assertIn("would violate PodSecurity", "".join(warnings))
                status, text, _ = self.server.create(pod_of(thing), "loose")
            if thing["kind"] in ("Deployment", "Pod"):
                self.assertEqual(status, 403, text)
                self.assertIn('violates PodSecurity \\"restricted:latest\\"', text)

    def test_would_refuse_a_field_that_there_is_not(self):
        self.make_namespace("wrong")
        deployment = render()["Deployment", "r-pgsluice"]
        deployment["spec"]["replicaz"] = 2
        status, text, _ = self.server.create(deployment, "wrong")
        self.assertEqual(status, 400, text)
        self.assertIn("replicaz", text)

    def test_helm_installs_upgrades_rolls_back_and_removes(self):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.make_namespace("helm")

        def helm(*arguments):
            done = run(HELM, "-n", "helm", *arguments, env=environment(self.server, folder))
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            return done.stdout

        def replicas():
            path = "apis/apps/v1/namespaces/helm/deployments/r-pgsluice"
            status, text, _ = self.server.ask("GET", path)
            return json.loads(text)["spec"]["replicas"] if status == 200 else None

        self.assertIn("Try it:", helm("install", "r", str(CHART)))
        self.assertEqual(replicas(), 2)
        helm("upgrade", "r", str(CHART), "--set", "replicaCount=3")
        self.assertEqual(replicas(), 3)
        helm("rollback", "r", "1")
        self.assertEqual(replicas(), 2)
        helm("uninstall", "r")
        self.assertIsNone(replicas())


def pod_of(deployment):
    """What the ReplicaSet's controller would make of it."""
    template = deployment["spec"]["template"]
    metadata = template["metadata"] | {"name": "pod"}
    return {"kind": "Pod", "apiVersion": "v1", "metadata": metadata, "spec": template["spec"]}


if __name__ == "__main__":
    if shutil.which("kube-apiserver") is None:
        print("(scripts/install-deps kubernetes builds kube-apiserver, in some ten minutes)")
    main(HELM, "kube-apiserver", "etcd", "openssl")
