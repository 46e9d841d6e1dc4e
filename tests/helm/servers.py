"""A throwaway PostgreSQL server and a gateway, as processes of a test."""

import contextlib
import os
import pathlib
import pwd
import signal
import socket
import subprocess
import tempfile
import time

from chart import PGSLUICED

LIMIT_SECONDS = 30


def wait_for(condition, what):
    limit = time.monotonic() + LIMIT_SECONDS
    while not condition():
        if time.monotonic() > limit:
            raise TimeoutError(what)
        time.sleep(0.02)


def free_ports(count):
    with contextlib.ExitStack() as stack:
        ports = []
        for _ in range(count):
            taken = stack.enter_context(socket.socket())
            taken.bind(("127.0.0.1", 0))
            ports.append(taken.getsockname()[1])
        return ports


def unprivileged():
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            user = pwd.getpwnam(name)
            return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise RuntimeError('running as root, and there is no user "postgres" or "nobody"')


def postgres_programs():
    found = sorted(
        pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"),
        key=lambda path: int(path.parts[-3]),
    )
    if not found:
        raise RuntimeError("no initdb in /usr/lib/postgresql/*/bin: install postgresql")
    return found[-1].parent


def make_certificate(folder, name):
    """A key, and a certificate for localhost that it has signed itself."""
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-days", "2", "-subj", "/CN=localhost",
            "-addext", "subjectAltName=DNS:localhost",
            "-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.crt",
        ],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip


class Postgres:
    """Listens on 127.0.0.1, with TLS for who wants it, trusts everybody, and is gone at the end of
    `with`. The certificate is data/server.crt."""

    def __enter__(self):
        self.stack = contextlib.ExitStack()
        directory = self.stack.enter_context(tempfile.TemporaryDirectory())
        identity = unprivileged()
        if identity:
            os.chown(directory, identity["user"], identity["group"])
        self.bin = postgres_programs()
        self.identity = dict(identity, cwd=directory)
        self.data = f"{directory}/data"
        subprocess.run(
            [self.bin / "initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "--no-sync"],
            check=True, capture_output=True, timeout=60, **self.identity,
        )  # fmt: skip
        make_certificate(self.data, "server")
        if identity:
            for name in ("server.key", "server.crt"):
                os.chown(f"{self.data}/{name}", identity["user"], identity["group"])
        os.chmod(f"{self.data}/server.key", 0o600)
        (self.port,) = free_ports(1)
        self.process = None
        self.start()
        # The gateway refuses a superuser.
        subprocess.run(
            [
                self.bin / "psql", "-X", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres",
                "-c", "CREATE ROLE app LOGIN", "postgres",
            ],
            check=True, capture_output=True, timeout=60, **self.identity,
        )  # fmt: skip
        return self

    def start(self):
        self.process = subprocess.Popen(
            [
                self.bin / "postgres", "-D", self.data, "-p", str(self.port),
                "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
                "-c", "fsync=off", "-c", "ssl=on",
            ],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **self.identity,
        )  # fmt: skip
        ask = [self.bin / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        wait_for(lambda: subprocess.run(ask, check=False).returncode == 0, "PostgreSQL")

    def stop(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(LIMIT_SECONDS)
            self.process = None

    def __exit__(self, *_):
        self.stop()
        self.stack.close()


class Gateway:
    """pgsluiced with a configuration file of this text."""

    def __init__(self, config, environment):
        self.config = config
        self.environment = environment

    def __enter__(self):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml", delete=False) as file:
            file.write(self.config)
        self.path = file.name
        self.process = subprocess.Popen(
            [PGSLUICED, "--config", self.path],
            env=self.environment, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(LIMIT_SECONDS)
        os.unlink(self.path)
