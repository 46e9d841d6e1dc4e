"""What the chart computes of its values, and which it refuses."""

import json
import os
import re
import tempfile
import unittest

from chart import (
    CHART,
    HELM,
    PGSLUICED,
    VALUES,
    config_of,
    config_text,
    container_of,
    deployment_of,
    main,
    notes,
    pod_of,
    refusal,
    render,
    run,
)

# The setting, as helm's --set-json takes it, and what helm has to say of it.
REFUSED = (
    # By the schema.
    ('replicaCount="many"', "at '/replicaCount': got string, want integer"),
    ("replicaCount=-1", "at '/replicaCount': minimum: got -1, want 0"),
    ('databse={"existingSecret":"db"}', "additional properties 'databse' not allowed"),
    ('image.digest="latest"', "at '/image/digest': 'latest' does not match pattern"),
    ('image.pullPolicy="Sometimes"', "at '/image/pullPolicy': value must be one of"),
    ("ports.grpc=80", "at '/ports/grpc': minimum: got 80, want 1,024"),
    ("rollout.maxSurge=0", "at '/rollout/maxSurge': minimum: got 0, want 1"),
    ('probes.liveness.exec={"command":["x"]}', "additional properties 'exec' not allowed"),
    ('service.type="ExternalName"', "at '/service/type': value must be one of"),
    ('database.tls.sslmode="require"', "at '/database/tls/sslmode': value must be one of"),
    ('extraEnv=[{"value":"x"}]', "at '/extraEnv/0': missing property 'name'"),
    ("networkPolicy.egress.ports=[0]", "at '/networkPolicy/egress/ports/0': minimum"),
    ("autoscaling.maxReplicas=0", "at '/autoscaling/maxReplicas': minimum: got 0, want 1"),
    # By the part of the schema that is the configuration's.
    ("config.pools.primary.max_sise=3", "at '/config/pools/primary': additional properties"),
    ("config.pools.replica.max_size=0", "at '/config/pools/replica/max_size': minimum"),
    ('config.log.level="LOUD"', "at '/config/log/level': 'LOUD' does not match pattern"),
    ('config.shutdown.drain_delay="5sec"', "at '/config/shutdown/drain_delay': '5sec' does not"),
    ("config.shutdown.drain_delay=5", "at '/config/shutdown/drain_delay': maximum: got 5"),
    ('config.server.reflection="yes"', "at '/config/server/reflection': 'yes' does not match"),
    ("config.pools.primary.refuse_doomed=true", "refuse_doomed': got boolean, want string"),
    ('config.server.max_request_bytes="4 apples"', "at '/config/server/max_request_bytes'"),
    ("config.monitor.alerts.max_error_rate=2", "maximum: got 2, want 1"),
    (
        'config.server.listen_address="0.0.0.0:1"',
        "at '/config/server': additional properties 'listen_address' not allowed",
    ),
    (
        'config.endpoints=[{"role":"primary"}]',
        "at '/config/endpoints/0': additional properties 'role' not allowed",
    ),
    # By the chart.
    (
        'config.endpoints=[{"conninfo":"host=db password=hush"}]',
        "config.endpoints[0].conninfo holds a password",
    ),
    (
        'config.endpoints=[{},{"conninfo":"postgresql://app:hush@db/app"}]',
        "config.endpoints[1].conninfo holds a password",
    ),
    (
        'extraEnv=[{"name":"PGSLUICE_POOLS_PRIMARY_MAX_SIZE","value":"9"}]',
        "the chart computes with what PGSLUICE_POOLS_PRIMARY_MAX_SIZE sets; set it in config",
    ),
    ("terminationGracePeriodSeconds=35", "35 s end before a drain does"),
    (
        'config.server.tls={"cert_file":"c"}',
        "at '/config/server/tls': additional properties 'cert_file' not allowed",
    ),
    ('tls.clientCertificates="SOME"', "at '/tls/clientCertificates'"),
    ('tls.clientCertificates="REQUIRED"', "tls.existingSecret: clientCertificates needs"),
    ("authentication.enabled=true", "nobody could be known"),
    ('authentication.tokensSecret="t"', "authentication.tokensSecret: enabled is false"),
    ('authentication.jwksSecret="k"', "authentication.jwksSecret: enabled is false"),
    (
        'authentication={"enabled":true,"jwksSecret":"k"},config.authentication.jwt={"jwks_file":"f"}',
        "config.authentication.jwt.jwks_file is then the chart's",
    ),
    (
        'namedStatements.existingSecret="s",config.named_statements={"file":"f"}',
        "config.named_statements.file is then the chart's",
    ),
    ('config.callers=[{"name":"a"}]', "config.callers: authentication.enabled is false"),
    (
        'extraEnv=[{"name":"PGSLUICE_SERVER_PLAINTEXT","value":"ALLOWED"}]',
        "the chart computes with what PGSLUICE_SERVER_PLAINTEXT sets",
    ),
    ("ports.admin=7432", "ports: grpc and admin are the same"),
    ("ports.metrics=7433", "ports: metrics is the same as grpc or admin"),
    (
        "monitoring.podMonitor.enabled=true,monitoring.serviceMonitor.enabled=true",
        "monitoring: podMonitor and serviceMonitor would scrape every pod twice",
    ),
    ('config.pools.primary.max_size="${MANY}"', "so they take no variables"),
    ('config.shutdown.drain_delay="${LONG}"', "config.shutdown.drain_delay: the chart computes"),
    ('database.tls={"existingSecret":"ca","certKey":"tls.crt"}', "belong together"),
    ('database.tls={"certKey":"c","keyKey":"k"}', "a Secret that is not named"),
    ('autoscaling={"enabled":true,"minReplicas":9}', "minReplicas is above maxReplicas"),
    (
        'autoscaling={"enabled":true,"targetCPUUtilizationPercentage":null}',
        "there is nothing to scale for",
    ),
)
ACCEPTED = (
    'authentication={"enabled":true,"tokensSecret":"t"}',
    'authentication={"enabled":true,"jwksSecret":"k"}',
    'authentication={"enabled":true},config.authentication.jwt={"jwks_file":"f"}',
    'namedStatements.existingSecret="s"',
    'config.server.tls={"expiry_warning":"24h"}',
    'config.log.level="debug"',
    'config.pools.max_sessions_total="${MANY:-5}"',
    'config.limits.max_deadline="${LONG:-1h30m}"',
    "config.shutdown.drain_delay=0",
    'config.pools.primary.refuse_doomed="OFF"',
    "config.server.max_request_bytes=8388608",
    'config.endpoints=[{"conninfo":"postgresql://app@db/app"}]',
    'config.endpoints=[{"conninfo":"host=db passfile=/run/secrets/pgsluice/pgpass"}]',
    'config.endpoints=[{"conninfo":"host=db password=${DB_PASSWORD}"}]',
    'extraEnv=[{"name":"PGSLUICE_LOG_LEVEL","value":"DEBUG"}]',
    "terminationGracePeriodSeconds=36",
)

# Values, pods in a rollout, sessions of one pod with a server of either role, in all.
SESSIONS = (
    ({}, 4, 11, 11, 44),
    ({"replicaCount": 0}, 0, 11, 11, 0),
    ({"replicaCount": 1}, 2, 11, 11, 22),
    ({"replicaCount": 10}, 12, 11, 11, 132),
    ({"replicaCount": 10, "rollout": {"maxSurge": 3, "maxUnavailable": 1}}, 17, 11, 11, 187),
    # All old ones drain while all new ones serve.
    ({"replicaCount": 10, "rollout": {"minReadySeconds": 5}}, 20, 11, 11, 220),
    ({"config": {"profile": "production"}}, 4, 51, 51, 204),
    ({"config": {"profile": "test", "pools": {"primary": {"max_size": 4}}}}, 4, 5, 21, 84),
    ({"config": {"pools": {"max_sessions_total": 6}}}, 4, 7, 7, 28),
    # Of logins, too: a size that is not given is that of pools.
    (
        {"config": {"logins": [{"name": "a", "user": "b", "primary": {"max_size": 4}}]}},
        *(4, 15, 21, 84),
    ),
    ({"config": {"pools": {"fleet_size": 4}}}, 4, 3, 3, 12),
    ({"sharePoolSizes": True, "replicaCount": 5}, 7, 3, 3, 21),
    # At least one each.
    ({"sharePoolSizes": True, "replicaCount": 50}, 52, 2, 2, 104),
    ({"autoscaling": {"enabled": True, "maxReplicas": 20}}, 22, 11, 11, 242),
)

# Seconds of drain_delay and drain_deadline, and what follows: grace period, pause of a rollout.
DRAINS = (
    ("5s", "30s", 45, 35),
    ("0", "1m", 70, 60),
    ("250ms", "1.5s", 12, 2),
    ("1m30s", "1h", 3700, 3690),
)


def values(settings):
    """Arguments that give helm these values."""
    arguments = []
    for name, value in settings.items():
        arguments += ["--set-json", f"{name}={json.dumps(value)}"]
    return arguments


class Values(unittest.TestCase):
    def test_refuses_what_cannot_be_meant(self):
        for setting, expected in REFUSED:
            with self.subTest(setting):
                self.assertIn(expected, refusal("--set-json", setting))

    def test_takes_what_the_daemon_takes(self):
        for setting in ACCEPTED:
            with self.subTest(setting):
                self.assertEqual(refusal("--set-json", setting), "")

    def test_a_password_is_not_repeated(self):
        said = refusal("--set-json", 'config.endpoints=[{"conninfo":"password=hush"}]')
        self.assertIn("holds a password", said)
        self.assertNotIn("hush", said)

    def test_old_clusters_are_told(self):
        sleeping = ["--set", "preStopSleepSeconds=5"]
        self.assertIn("1.30 can", refusal(*sleeping, kubernetes="1.29.3"))
        self.assertEqual(refusal(*sleeping, kubernetes="1.30.0"), "")
        self.assertEqual(refusal(kubernetes="1.27.0"), "")
        self.assertIn("incompatible", refusal(kubernetes="1.26.0"))

    def test_counts_sessions(self):
        for settings, pods, primary, replica, most in SESSIONS:
            with self.subTest(settings):
                text = notes(*values(settings))
                self.assertIn(f"up to {primary} with the primary, {replica} with each", text)
                self.assertIn(f", by {pods} pods", text)
                limit = ["--set", "postgresql.reservedConnections=7", "--set"]
                limit.append("postgresql.maxConnections=")
                limit[-1] += str(most + 7)
                self.assertEqual(refusal(*values(settings), *limit), "")
                self.assertIn(f"{most} of {most + 7} (max", notes(*values(settings), *limit))
                if most > 0:
                    limit[-1] = f"postgresql.maxConnections={most + 6}"
                    self.assertIn(
                        f"up to {pods} pods may open up to {most} sessions",
                        refusal(*values(settings), *limit),
                    )

    def test_the_notes_say_that_nothing_was_checked(self):
        self.assertIn("Not checked against max_connections", notes())
        self.assertNotIn("Not checked", notes(*VALUES["harca"]))
        self.assertIn("WARNING: nothing says where PostgreSQL is", notes())
        self.assertNotIn("WARNING", notes(*VALUES["harca"]))

    def test_times_follow_the_drain(self):
        for delay, deadline, grace, pause in DRAINS:
            with self.subTest((delay, deadline)):
                drain = {"drain_delay": delay, "drain_deadline": deadline}
                objects = render(*values({"config": {"shutdown": drain}}))
                self.assertEqual(pod_of(objects)["terminationGracePeriodSeconds"], grace)
                self.assertEqual(deployment_of(objects)["minReadySeconds"], pause)

    def test_a_sleep_before_the_drain_adds_to_it(self):
        self.assertNotIn("lifecycle", container_of(render()))
        objects = render("--set", "preStopSleepSeconds=7")
        lifecycle = container_of(objects)["lifecycle"]
        self.assertEqual(lifecycle, {"preStop": {"sleep": {"seconds": 7}}})
        self.assertEqual(pod_of(objects)["terminationGracePeriodSeconds"], 52)
        self.assertEqual(deployment_of(objects)["minReadySeconds"], 42)

    def test_large_numbers_stay_whole(self):
        objects = render("--set-json", "config.limits.max_calls=10000000")
        self.assertIn("max_calls: 10000000\n", config_text(objects))

    def test_knows_the_daemons_defaults(self):
        text = (CHART / "../../docs/configuration.md").read_text(encoding="utf-8")
        row = next(line for line in text.splitlines() if "`pools.primary.max_size`," in line)
        sizes = [int(size) for size in re.findall(r"\| `(\d+)` ", row)]
        for profile, size in zip(("none", "development", "test", "production"), sizes):
            told = notes("--set", f"config.profile={profile}")
            self.assertIn(f"up to {size + 1} with the primary", told)
        for name, default in (("drain_delay", "5s"), ("drain_deadline", "30s")):
            self.assertIn(f"| `{name}` | `{default}` |", text)
        # A failover is over before readiness gives up.
        wait = int(re.search(r"\| `failover_buffer_time` \| `(\d+)s` \|", text)[1])
        readiness = container_of(render())["readinessProbe"]
        self.assertGreater(readiness["periodSeconds"] * readiness["failureThreshold"], wait)
        # Without any of it in the values.
        nothing = ["--set-json", "config={}", "--set-json", "config.shutdown=null"]
        self.assertEqual(pod_of(render(*nothing))["terminationGracePeriodSeconds"], 45)

    def test_the_daemon_accepts_the_configuration(self):
        for name, settings in VALUES.items():
            objects = render(*settings)
            environment = {e["name"]: e["value"] for e in container_of(objects).get("env", [])}
            with self.subTest(name), tempfile.TemporaryDirectory() as directory:
                text = config_text(objects)
                # The daemon looks whether these are there.
                for path in set(re.findall(r"/run/secrets/\S+|/etc/pgsluice-fleet/\S+", text)):
                    here = os.path.join(directory, os.path.basename(path))
                    with open(here, "w", encoding="utf-8") as file:
                        # This one is read.
                        file.write("statements: []" if here.endswith(".yaml") else "1")
                    text = text.replace(path, here)
                path = os.path.join(directory, "pgsluice.yaml")
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text)
                done = run(PGSLUICED, "--config", path, "--check-config", env=environment)
                self.assertEqual(done.returncode, 0, done.stderr)

    def test_harcas_values_are_those_of_the_example(self):
        example = (CHART / "../../examples/harca.yaml").read_text(encoding="utf-8")
        config = config_of(render(*VALUES["harca"]))
        for section in ("session", "monitor", "routing"):
            for name, value in config[section].items():
                if not isinstance(value, dict):
                    self.assertIn(f"{name}: {value}\n", example)


if __name__ == "__main__":
    main(HELM)
