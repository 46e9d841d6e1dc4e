"""What the chart's objects say."""

import json
import re
import unittest

import yaml

from chart import (
    CHART,
    HELM,
    VALUES,
    config_of,
    container_of,
    deployment_of,
    main,
    pod_of,
    render,
    run,
)

PRODUCTION = VALUES["production"]


class Chart(unittest.TestCase):
    def test_lints(self):
        for name, settings in VALUES.items():
            with self.subTest(name):
                done = run(
                    HELM, "lint", "--strict", str(CHART), "--kube-version", "1.34.0", *settings
                )
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_has_just_these_objects(self):
        common = {
            ("ConfigMap", "r-pgsluice"),
            ("Deployment", "r-pgsluice"),
            ("Service", "r-pgsluice"),
            ("Pod", "r-pgsluice-test-health"),
            ("Pod", "r-pgsluice-test-query"),
        }
        default = common | {
            ("NetworkPolicy", "r-pgsluice"),
            ("PodDisruptionBudget", "r-pgsluice"),
            ("Service", "r-pgsluice-headless"),
            ("ServiceAccount", "r-pgsluice"),
        }
        for name, expected in {
            "default": default,
            "minimal": common,
            "harca": default,
            # A query of `helm test` would be refused.
            "callers": default - {("Pod", "r-pgsluice-test-query")},
            "production": default
            | {
                ("HorizontalPodAutoscaler", "r-pgsluice"),
                ("ConfigMap", "r-pgsluice-fleet"),
            },
        }.items():
            with self.subTest(name):
                self.assertEqual(set(render(*VALUES[name])), expected)

    def test_the_readmes_first_command_renders_it(self):
        readme = (CHART / "README.md").read_text(encoding="utf-8")
        command = re.search(r"^helm (template .*)$", readme, re.MULTILINE)[1].split()
        done = run(HELM, *command, "--kube-version", "1.34", cwd=CHART.parent.parent)
        self.assertEqual(done.returncode, 0, done.stderr)
        kinds = [thing["kind"] for thing in yaml.safe_load_all(done.stdout)]
        self.assertEqual(kinds.count("Deployment"), 1)

    def test_replaces_pods_one_by_one_without_a_gap(self):
        spec = deployment_of(render())
        self.assertEqual(spec["replicas"], 2)
        self.assertEqual(
            spec["strategy"],
            {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        )
        self.assertGreater(spec["progressDeadlineSeconds"], spec["minReadySeconds"])

    def test_probes_ask_three_different_services_on_the_admin_port(self):
        container = container_of(render("--set", "ports.admin=17433"))
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
        server = config_of(objects)["server"]
        self.assertEqual(server["listen_address"], "0.0.0.0:17432")
        self.assertEqual(server["admin_listen_address"], "0.0.0.0:7433")
        self.assertEqual(server["metrics_listen_address"], "0.0.0.0:9432")
        for service in ("r-pgsluice", "r-pgsluice-headless"):
            port = objects["Service", service]["spec"]["ports"][0]
            self.assertEqual((port["port"], port["targetPort"]), (17432, "grpc"))
        ports = container_of(objects)["ports"]
        self.assertIn({"name": "grpc", "containerPort": 17432}, ports)
        self.assertIn({"name": "metrics", "containerPort": 9432}, ports)
        ingress = objects["NetworkPolicy", "r-pgsluice"]["spec"]["ingress"]
        self.assertEqual([rule["ports"][0]["port"] for rule in ingress], [17432])
        arguments = objects["Pod", "r-pgsluice-test-query"]["spec"]["containers"][0]["args"]
        self.assertIn("r-pgsluice.default.svc:17432", arguments)

    def test_without_a_certificate_plaintext_is_asked_for_by_name(self):
        server = config_of(render())["server"]
        self.assertEqual(server["plaintext"], "ALLOWED")
        self.assertNotIn("tls", server)

    def test_certificates_and_tokens_are_mounted_where_the_configuration_says(self):
        objects = render(
            "--set=tls.existingSecret=cert,tls.clientCertificates=OPTIONAL",
            "--set=authentication.enabled=true,authentication.tokensSecret=hashes",
        )
        config = config_of(objects)
        folder = "/run/secrets/pgsluice-server"
        self.assertEqual(
            config["server"]["tls"],
            {
                "cert_file": folder + "/tls.crt",
                "key_file": folder + "/tls.key",
                "client_ca_file": folder + "/ca.crt",
                "client_certificates": "OPTIONAL",
            },
        )
        self.assertNotIn("plaintext", config["server"])
        self.assertEqual(
            config["authentication"],
            {"enabled": True, "tokens_file": "/run/secrets/pgsluice-tokens/tokens"},
        )
        mounts = {m["name"]: m for m in container_of(objects)["volumeMounts"]}
        secrets = {
            v["name"]: v["secret"]["secretName"] for v in pod_of(objects)["volumes"] if "secret" in v
        }
        self.assertEqual(mounts["server-tls"]["mountPath"], folder)
        self.assertEqual(mounts["tokens"]["mountPath"], "/run/secrets/pgsluice-tokens")
        self.assertEqual(secrets, {"server-tls": "cert", "tokens": "hashes"})
        # By subPath they would never change.
        self.assertFalse(any("subPath" in mount for mount in mounts.values()))

    def test_keys_and_statements_are_mounted_where_the_configuration_says(self):
        objects = render(*VALUES["callers"])
        config = config_of(objects)
        self.assertEqual(
            config["authentication"],
            {
                "enabled": True,
                "tokens_file": "/run/secrets/pgsluice-tokens/tokens",
                "jwt": {
                    "jwks_file": "/run/secrets/pgsluice-jwks/jwks.json",
                    "issuer": "https://issuer.example.org",
                    "audience": "pgsluice",
                },
            },
        )
        self.assertEqual(
            config["named_statements"], {"file": "/run/secrets/pgsluice-statements/statements.yaml"}
        )
        volumes = {v["name"]: v for v in pod_of(objects)["volumes"]}
        for name, secret, path in (
            ("jwks", "issuer-keys", "/run/secrets/pgsluice-jwks"),
            ("statements", "app-statements", "/run/secrets/pgsluice-statements"),
        ):
            self.assertEqual(
                volumes[name]["secret"], {"secretName": secret, "defaultMode": 0o440}
            )
            self.assertIn(
                {"name": name, "mountPath": path, "readOnly": True},
                container_of(objects)["volumeMounts"],
            )
        # They stand alone, too.
        self.assertNotIn("authentication", config_of(render("--set=namedStatements.existingSecret=s")))
        keys = render(
            "--set=authentication.enabled=true,authentication.jwksSecret=k,authentication.jwksKey=keys"
        )
        self.assertEqual(
            config_of(keys)["authentication"],
            {"enabled": True, "jwt": {"jwks_file": "/run/secrets/pgsluice-jwks/keys"}},
        )

    def test_tests_use_tls_and_are_there_only_if_they_can_pass(self):
        objects = render("--set=tls.existingSecret=cert")
        pod = objects["Pod", "r-pgsluice-test-query"]["spec"]
        self.assertIn("--cacert", pod["containers"][0]["args"])
        self.assertEqual(pod["volumes"][0]["secret"]["items"], [{"key": "ca.crt", "path": "ca.crt"}])

        required = render("--set=tls.existingSecret=cert,tls.clientCertificates=REQUIRED")
        self.assertFalse([name for kind, name in required if kind == "Pod"])
        asked = render(
            "--set=authentication.enabled=true,authentication.tokensSecret=hashes"
        )
        pods = [name for kind, name in asked if kind == "Pod"]
        self.assertEqual(pods, ["r-pgsluice-test-health"])

    def test_everything_selects_the_pods_and_only_them(self):
        for name, settings in VALUES.items():
            objects = render(*settings)
            labels = deployment_of(objects)["template"]["metadata"]["labels"]
            selectors = [deployment_of(objects)["selector"]["matchLabels"]]
            for (kind, _), thing in objects.items():
                if kind == "Service":
                    selectors.append(thing["spec"]["selector"])
                elif kind == "PodDisruptionBudget":
                    selectors.append(thing["spec"]["selector"]["matchLabels"])
                elif kind == "NetworkPolicy":
                    selectors.append(thing["spec"]["podSelector"]["matchLabels"])
            test_labels = objects["Pod", "r-pgsluice-test-health"]["metadata"]["labels"]
            with self.subTest(name):
                for selector in selectors:
                    self.assertLessEqual(selector.items(), labels.items())
                    self.assertFalse(selector.items() <= test_labels.items())

    def test_runs_restricted(self):
        for name, settings in VALUES.items():
            objects = render(*settings)
            pods = [pod_of(objects)]
            pods += [o["spec"] for (kind, _), o in objects.items() if kind == "Pod"]
            self.assertEqual(len(pods), 2 if name == "callers" else 3)
            for pod in pods:
                with self.subTest(name, pod=pod["containers"][0]["name"]):
                    self.check_restricted(pod)

    def check_restricted(self, pod):
        security = pod["securityContext"]
        self.assertTrue(security["runAsNonRoot"])
        self.assertGreater(security["runAsUser"], 10000)
        self.assertEqual(security["seccompProfile"], {"type": "RuntimeDefault"})
        self.assertIs(pod["automountServiceAccountToken"], False)
        self.assertIs(pod["enableServiceLinks"], False)
        for volume in pod.get("volumes", []):
            self.assertLessEqual(set(volume), {"name", "configMap", "secret", "emptyDir"})
        self.assertEqual(
            pod["containers"][0]["securityContext"],
            {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            },
        )

    def test_may_write_to_tmp_only(self):
        objects = render()
        mounts = container_of(objects)["volumeMounts"]
        writable = [m["mountPath"] for m in mounts if not m.get("readOnly")]
        self.assertEqual(writable, ["/tmp"])
        self.assertIn({"name": "tmp", "emptyDir": {"sizeLimit": "16Mi"}}, pod_of(objects)["volumes"])

    def test_the_account_has_no_token(self):
        objects = render()
        account = objects["ServiceAccount", "r-pgsluice"]
        self.assertIs(account["automountServiceAccountToken"], False)
        self.assertEqual(pod_of(objects)["serviceAccountName"], "r-pgsluice")
        self.assertEqual(pod_of(render(*VALUES["minimal"]))["serviceAccountName"], "default")

    def test_secrets_become_environment_or_folders(self):
        container = container_of(render("--set", "database.existingSecret=db"))
        self.assertEqual(container["envFrom"], [{"secretRef": {"name": "db"}}])
        objects = render(*PRODUCTION)
        volumes = {v["name"]: v for v in pod_of(objects)["volumes"]}
        for name, secret, path in (
            ("database", "app-database-password", "/run/secrets/pgsluice"),
            ("database-tls", "app-database-ca", "/run/secrets/pgsluice-tls"),
        ):
            self.assertEqual(
                volumes[name]["secret"], {"secretName": secret, "defaultMode": 0o440}
            )
            self.assertIn(
                {"name": name, "mountPath": path, "readOnly": True},
                container_of(objects)["volumeMounts"],
            )

    def test_a_mounted_file_is_renewed(self):
        for name, settings in VALUES.items():
            with self.subTest(name):
                self.assertNotIn("subPath", str(container_of(render(*settings))))

    def test_the_ca_is_what_connection_strings_fall_back_to(self):
        tls = ["--set", "database.tls.existingSecret=ca"]
        ca = [
            {"name": "PGSSLMODE", "value": "verify-full"},
            {"name": "PGSSLROOTCERT", "value": "/run/secrets/pgsluice-tls/ca.crt"},
        ]
        self.assertEqual(container_of(render(*tls))["env"], ca)
        pair = ["--set", "database.tls.certKey=tls.crt,database.tls.keyKey=tls.key"]
        self.assertEqual(
            container_of(render(*tls, *pair))["env"],
            ca
            + [
                {"name": "PGSSLCERT", "value": "/run/secrets/pgsluice-tls/tls.crt"},
                {"name": "PGSSLKEY", "value": "/run/secrets/pgsluice-tls/tls.key"},
            ],
        )
        self.assertNotIn("env", container_of(render()))

    def test_a_new_configuration_makes_new_pods(self):
        def checksum(*settings):
            template = deployment_of(render(*settings))["template"]
            return template["metadata"]["annotations"]["checksum/config"]

        self.assertEqual(checksum(), checksum())
        self.assertNotEqual(checksum(), checksum("--set", "config.log.level=DEBUG"))
        # Another number of pods does not.
        shared = ["--set", "sharePoolSizes=true"]
        self.assertEqual(checksum(*shared), checksum(*shared, "--set", "replicaCount=5"))

    def test_pods_share_sizes_by_a_file(self):
        objects = render("--set", "sharePoolSizes=true", "--set", "replicaCount=5")
        self.assertEqual(
            config_of(objects)["pools"], {"fleet_size_file": "/etc/pgsluice-fleet/fleet_size"}
        )
        self.assertEqual(objects["ConfigMap", "r-pgsluice-fleet"]["data"], {"fleet_size": "5"})
        self.assertIn(
            {"name": "fleet", "configMap": {"name": "r-pgsluice-fleet"}},
            pod_of(objects)["volumes"],
        )
        self.assertIn(
            {"name": "fleet", "mountPath": "/etc/pgsluice-fleet", "readOnly": True},
            container_of(objects)["volumeMounts"],
        )
        most = render(*PRODUCTION)["ConfigMap", "r-pgsluice-fleet"]["data"]
        self.assertEqual(most, {"fleet_size": "6"})

    def test_scales_in_place_of_a_fixed_number(self):
        objects = render(*PRODUCTION)
        self.assertNotIn("replicas", deployment_of(objects))
        scaler = objects["HorizontalPodAutoscaler", "r-pgsluice"]["spec"]
        self.assertEqual(scaler["scaleTargetRef"]["name"], "r-pgsluice")
        self.assertEqual((scaler["minReplicas"], scaler["maxReplicas"]), (2, 6))
        target = scaler["metrics"][0]["resource"]["target"]
        self.assertEqual(target, {"type": "Utilization", "averageUtilization": 60})

    def test_the_budget_never_keeps_a_node(self):
        budget = render()["PodDisruptionBudget", "r-pgsluice"]["spec"]
        self.assertEqual(budget["maxUnavailable"], 1)
        self.assertEqual(budget["unhealthyPodEvictionPolicy"], "AlwaysAllow")
        one = ["--set", "replicaCount=1"]
        self.assertNotIn(("PodDisruptionBudget", "r-pgsluice"), render(*one))

    def test_the_policy_lets_in_whom_it_names(self):
        policy = render()["NetworkPolicy", "r-pgsluice"]["spec"]
        self.assertEqual(policy["policyTypes"], ["Ingress"])
        self.assertEqual([rule["from"] for rule in policy["ingress"]], [[{"podSelector": {}}]])
        policy = render(*PRODUCTION)["NetworkPolicy", "r-pgsluice"]["spec"]
        self.assertEqual(policy["policyTypes"], ["Ingress", "Egress"])
        ports = [port["port"] for rule in policy["egress"] for port in rule["ports"]]
        self.assertEqual(ports, [53, 53, 5432])
        self.assertEqual(policy["egress"][1]["to"], [{"ipBlock": {"cidr": "10.20.0.0/24"}}])
        # An empty list of peers would let in everybody.
        closed = render("--set-json", "networkPolicy.from=[]")
        self.assertEqual(closed["NetworkPolicy", "r-pgsluice"]["spec"]["ingress"], [])

    def test_spreads_over_zones_and_nodes(self):
        spread = pod_of(render())["topologySpreadConstraints"]
        self.assertEqual(
            [(s["topologyKey"], s["whenUnsatisfiable"]) for s in spread],
            [
                ("topology.kubernetes.io/zone", "ScheduleAnyway"),
                ("kubernetes.io/hostname", "ScheduleAnyway"),
            ],
        )

    def test_names_the_image(self):
        def image(*settings):
            return container_of(render(*settings))["image"]

        self.assertEqual(image(), "pgsluice:0.1.0")
        self.assertEqual(image("--set", "image.tag=1.2"), "pgsluice:1.2")
        self.assertEqual(
            image(*PRODUCTION), f"registry.example.org/infra/pgsluice@sha256:{'0' * 64}"
        )

    def test_labels_and_namespace_go_everywhere(self):
        objects = render(*PRODUCTION, "--set", "namespaceOverride=elsewhere")
        for key, thing in objects.items():
            with self.subTest(key):
                self.assertEqual(thing["metadata"]["namespace"], "elsewhere")
                self.assertEqual(thing["metadata"]["labels"]["team"], "storage")
        self.assertEqual(
            deployment_of(objects)["template"]["metadata"]["labels"]["mesh"], "none"
        )

    def test_long_names_stay_names(self):
        objects = render("--set", f"fullnameOverride={'n' * 80}")
        for _, name in objects:
            self.assertLessEqual(len(name), 63)

    def test_extra_objects_are_templates(self):
        name = '{{ include "pgsluice.fullname" . }}'
        thing = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"{name}-map"}}
        text = f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}-text\n"
        objects = render("--set-json", f"extraObjects={json.dumps([thing, text])}")
        self.assertIn(("ConfigMap", "r-pgsluice-map"), objects)
        self.assertIn(("ConfigMap", "r-pgsluice-text"), objects)

    def test_helm_test_asks_by_our_own_command(self):
        objects = render()
        for test, asked in (("health", ["health"]), ("query", ["query", "SELECT 1"])):
            pod = objects["Pod", f"r-pgsluice-test-{test}"]
            self.assertEqual(pod["metadata"]["annotations"]["helm.sh/hook"], "test")
            container = pod["spec"]["containers"][0]
            self.assertEqual(container["command"], ["pgsluice"])
            self.assertEqual(container["args"][4:], asked)
            self.assertEqual(container["image"], container_of(objects)["image"])


if __name__ == "__main__":
    main(HELM)
