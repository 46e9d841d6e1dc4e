"""A throwaway kube-apiserver and its etcd, as processes of a test, on the loopback address."""

import contextlib
import json
import os
import pathlib
import secrets
import signal
import ssl
import subprocess
import tempfile
import urllib.error
import urllib.request

from servers import free_ports, wait_for

# No controllers run: what they would make has to be made by the test.
PATHS = {
    "ConfigMap": "api/v1/{}/configmaps",
    "Deployment": "apis/apps/v1/{}/deployments",
    "HorizontalPodAutoscaler": "apis/autoscaling/v2/{}/horizontalpodautoscalers",
    "Namespace": "api/v1/namespaces",
    "NetworkPolicy": "apis/networking.k8s.io/v1/{}/networkpolicies",
    "Pod": "api/v1/{}/pods",
    "PodDisruptionBudget": "apis/policy/v1/{}/poddisruptionbudgets",
    "PriorityClass": "apis/scheduling.k8s.io/v1/priorityclasses",
    "Secret": "api/v1/{}/secrets",
    "Service": "api/v1/{}/services",
    "ServiceAccount": "api/v1/{}/serviceaccounts",
}


class ApiServer:
    """Gone at the end of `with`. The administrator's credentials are in `kubeconfig`."""

    def __enter__(self):
        self.stack = contextlib.ExitStack()
        self.folder = pathlib.Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.processes = []
        self.token = secrets.token_hex(16)
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def spawn(self, *command):
        log = self.stack.enter_context(open(self.folder / f"{command[0]}.log", "wb"))
        self.processes.append(subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder))

    def start(self):
        etcd, peers, self.port = free_ports(3)
        self.spawn(
            "etcd", "--data-dir", "etcd-data", "--unsafe-no-fsync",
            "--listen-client-urls", f"http://127.0.0.1:{etcd}",
            "--advertise-client-urls", f"http://127.0.0.1:{etcd}",
            "--listen-peer-urls", f"http://127.0.0.1:{peers}",
        )  # fmt: skip
        key = self.folder / "accounts.key"
        subprocess.run(
            ["openssl", "genrsa", "-out", str(key), "2048"],
            check=True, capture_output=True, timeout=60,
        )  # fmt: skip
        tokens = self.folder / "tokens.csv"
        tokens.touch(mode=0o600)
        tokens.write_text(f'{self.token},admin,admin,"system:masters"\n', encoding="utf-8")
        self.spawn(
            "kube-apiserver", f"--etcd-servers=http://127.0.0.1:{etcd}",
            "--bind-address=127.0.0.1", f"--secure-port={self.port}", f"--cert-dir={self.folder}",
            "--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none",
            "--service-cluster-ip-range=10.0.0.0/24", f"--token-auth-file={tokens}",
            "--authorization-mode=RBAC", "--service-account-issuer=https://example.org",
            f"--service-account-key-file={key}", f"--service-account-signing-key-file={key}",
        )  # fmt: skip
        self.certificate = self.folder / "apiserver.crt"
        wait_for(self.is_ready, "kube-apiserver")
        self.kubeconfig = self.folder / "kubeconfig"
        self.kubeconfig.touch(mode=0o600)
        self.kubeconfig.write_text(json.dumps(self.configuration()), encoding="utf-8")

    def configuration(self):
        cluster = {
            "server": f"https://127.0.0.1:{self.port}",
            "certificate-authority": str(self.certificate),
        }
        return {
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": "test", "cluster": cluster}],
            "users": [{"name": "admin", "user": {"token": self.token}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "admin"}}],
        }  # fmt: skip

    def is_ready(self):
        for process in self.processes:
            if process.poll() is not None:
                log = (self.folder / f"{process.args[0]}.log").read_text(errors="replace")
                raise RuntimeError(f"{process.args[0]} has ended: {log[-2000:]}")
        try:
            return self.certificate.exists() and self.ask("GET", "readyz")[0] == 200
        except OSError:
            return False

    def ask(self, method, path, thing=None):
        """Status, text and warnings."""
        request = urllib.request.Request(
            f"https://127.0.0.1:{self.port}/{path}",
            method=method,
            data=None if thing is None else json.dumps(thing).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        context = ssl.create_default_context(cafile=self.certificate)
        # Kubernetes makes its own certificates without all that a strict reader wants.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        # Not by a proxy.
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        try:
            answer = opener.open(request, timeout=30)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            warnings = answer.headers.get_all("Warning") or []
            return answer.status, answer.read().decode(), warnings

    def create(self, thing, namespace=None):
        """As `kubectl create --validate=strict`."""
        path = PATHS[thing["kind"]].format(f"namespaces/{namespace}")
        return self.ask("POST", f"{path}?fieldValidation=Strict", thing)

    def version(self):
        return json.loads(self.ask("GET", "version")[1])["gitVersion"]

    def __exit__(self, *_):
        # The API server first: it would complain of a lost etcd.
        for process in reversed(self.processes):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait(20)
        self.stack.close()


def environment(server, folder):
    """For helm: with that cluster, and none of the caller's own settings."""
    return {
        "PATH": os.environ["PATH"], "HOME": str(folder), "KUBECONFIG": str(server.kubeconfig),
        "NO_PROXY": "127.0.0.1",
    }  # fmt: skip
