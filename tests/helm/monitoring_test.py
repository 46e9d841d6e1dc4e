"""Alerts, scraping and dashboard of the chart: every alert fires when it should, by promtool,
and has its runbook; what they ask for are metrics that there are."""

import json
import os
import pathlib
import re
import tempfile
import unittest

import yaml

from chart import CHART, HELM, main, render, run

DOCS = CHART.parent.parent / "docs"
ON = ("--set", "monitoring.rules.enabled=true")
# What a gateway without any trouble tells; every alert looks at some of it.
QUIET = {
    "pgsluice_build_info": "1x60",
    "pgsluice_ready": "1x60",
    "pgsluice_draining": "0x60",
    "pgsluice_primary_available": "1x60",
    'pgsluice_backend_up{backend="db1",role="primary"}': "1x60",
    'pgsluice_replica_lag_seconds{backend="db2"}': "0.5x60",
    'pgsluice_pool_pending_requests{pool="primary",backend="db1"}': "0 3 0 0 2 0x60",
    'pgsluice_pool_acquire_failures_total{pool="primary",backend="db1",reason="timeout"}': "0x60",
    'pgsluice_pool_acquire_failures_total{pool="primary",backend="db1",reason="cancelled"}': "0+600x60",
    'pgsluice_pool_connect_failures_total{pool="primary",backend="db1"}': "7x60",
    'grpc_server_handled_total{grpc_service="pgsluice.v1.GatewayService",grpc_code="OK"}': "0+600x60",
    'grpc_server_handled_total{grpc_service="pgsluice.v1.GatewayService",grpc_code="Unavailable"}': "0+6x60",
    'pgsluice_transactions_total{kind="stream",outcome="unknown"}': "5x60",
    'pgsluice_cancelled_statements_followed{pool="primary",backend="db1"}': "0 1 0 2 0x60",
    'pgsluice_routing_total{requested="read",chosen="replica",reason="read"}': "0+600x60",
    'pgsluice_routing_total{requested="read",chosen="primary",reason="fallback_no_replica"}': "0+60x60",
    'pgsluice_routing_total{requested="read_strong",chosen="primary",reason="strong"}': "0+600x60",
    "pgsluice_primary_changes_total": "2x30 3x30",
    "pgsluice_config_last_reload_success": "1x60",
}
# What is different when an alert is to fire, and which.
TROUBLES = {
    "PgsluiceAbsent": {"pgsluice_build_info": None},
    "PgsluiceNotReady": {"pgsluice_ready": "0x60"},
    "PgsluiceNoPrimary": {"pgsluice_primary_available": "1x50 0x10"},
    "PgsluiceBackendDown": {'pgsluice_backend_up{backend="db1",role="primary"}': "0x60"},
    "PgsluiceReplicaLag": {'pgsluice_replica_lag_seconds{backend="db2"}': "31x60"},
    "PgsluicePoolSaturated": {
        'pgsluice_pool_pending_requests{pool="primary",backend="db1"}': "1x60"
    },
    "PgsluiceAcquireFailures": {
        'pgsluice_pool_acquire_failures_total{pool="primary",backend="db1",reason="timeout"}': "0+12x60"
    },
    "PgsluiceConnectFailures": {
        'pgsluice_pool_connect_failures_total{pool="primary",backend="db1"}': "0+6x60"
    },
    "PgsluiceCallsFail": {
        'grpc_server_handled_total{grpc_service="pgsluice.v1.GatewayService",grpc_code="Unavailable"}': "0+60x60"
    },
    "PgsluiceOutcomeUnknown": {
        'pgsluice_transactions_total{kind="stream",outcome="unknown"}': "0x50 1x10"
    },
    "PgsluiceCancelledStatementsRun": {
        'pgsluice_cancelled_statements_followed{pool="primary",backend="db1"}': "1x60"
    },
    "PgsluiceReadsOnPrimary": {
        'pgsluice_routing_total{requested="read",chosen="primary",reason="fallback_no_replica"}': "0+700x60"
    },
    "PgsluicePrimaryFlaps": {"pgsluice_primary_changes_total": "0+1x60"},
    "PgsluiceReloadFailed": {"pgsluice_config_last_reload_success": "1x50 0x10"},
}


def alerts():
    rule = render(*ON)["PrometheusRule", "r-pgsluice"]
    return [alert for group in rule["spec"]["groups"] for alert in group["rules"]]


def series(changes, labels):
    """promtool's input: of one gateway in that namespace."""
    found = []
    for name, values in {**QUIET, **changes}.items():
        if values is None:
            continue
        full = name.replace("{", f"{{{labels},") if "{" in name else f"{name}{{{labels}}}"
        found.append({"series": full, "values": values})
    return found


def scenario(firing, changes, labels='namespace="default",pod="p",instance="i"'):
    return {
        "interval": "1m",
        "input_series": series(changes, labels),
        "promql_expr_test": [
            {
                "expr": 'count by (alertname) (ALERTS{alertstate="firing"})',
                "eval_time": "58m",
                "exp_samples": [
                    {"labels": f'{{alertname="{name}"}}', "value": 1} for name in firing
                ],
            }
        ],
    }


def metrics_in(expression):
    names = re.findall(r"\b(?:pgsluice|grpc_server|process)_[a-z0-9_]+", expression)
    return {re.sub(r"_(bucket|count|sum)$", "", name) for name in names}


def told_metrics():
    return set(re.findall(r"^\| `([a-z0-9_]+)` \|", (DOCS / "metrics.md").read_text(), re.M))


class Rules(unittest.TestCase):
    def promtool(self, scenarios):
        with tempfile.TemporaryDirectory() as directory:
            folder = pathlib.Path(directory)
            rule = render(*ON)["PrometheusRule", "r-pgsluice"]
            (folder / "rules.yaml").write_text(yaml.safe_dump(rule["spec"]))
            test = {
                "rule_files": ["rules.yaml"],
                "evaluation_interval": "1m",
                "tests": scenarios,
            }
            (folder / "test.yaml").write_text(yaml.safe_dump(test))
            checked = run("promtool", "check", "rules", str(folder / "rules.yaml"))
            self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
            return run("promtool", "test", "rules", str(folder / "test.yaml"))

    def test_each_fires_for_its_own_trouble_and_no_other(self):
        self.assertEqual({alert["alert"] for alert in alerts()}, set(TROUBLES))
        done = self.promtool([scenario([name], what) for name, what in TROUBLES.items()])
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_none_fires_without_trouble_here_or_with_trouble_elsewhere(self):
        everything = {}
        for name, what in TROUBLES.items():
            if name != "PgsluiceAbsent":
                everything |= what
        elsewhere = scenario([], everything, 'namespace="other",pod="p",instance="i"')
        elsewhere["input_series"] += series({}, 'namespace="default",pod="p",instance="i"')
        done = self.promtool([scenario([], {}), elsewhere])
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_the_test_would_see_one_that_does_not_fire(self):
        done = self.promtool([scenario(["PgsluiceNotReady"], {})])
        self.assertNotEqual(done.returncode, 0)

    def test_each_says_what_to_do(self):
        headings = re.findall(r"^### (\S+)$", (DOCS / "operations.md").read_text(), re.M)
        anchors = {heading.lower() for heading in headings}
        for alert in alerts():
            notes = alert["annotations"]
            url, _, anchor = notes["runbook_url"].partition("#")
            self.assertTrue(url.startswith("https://"), alert["alert"])
            self.assertIn(anchor, anchors, alert["alert"])
            self.assertTrue(notes["summary"] and notes["description"], alert["alert"])
            self.assertIn(alert["labels"]["severity"], ("warning", "critical"))

    def test_they_ask_for_metrics_that_there_are(self):
        told = told_metrics()
        self.assertGreater(len(told), 50)
        for alert in alerts():
            self.assertLessEqual(metrics_in(alert["expr"]), told, alert["alert"])

    def test_labels_and_addresses_are_the_users(self):
        rule = render(
            *ON,
            "--set", "monitoring.rules.labels.release=prom",
            "--set", "monitoring.rules.selector=job=\"x\"",
            "--set", "monitoring.rules.runbookUrl=https://wiki.example.org/pgsluice",
        )["PrometheusRule", "r-pgsluice"]  # fmt: skip
        self.assertEqual(rule["metadata"]["labels"]["release"], "prom")
        text = json.dumps(rule)
        self.assertNotIn("SELECTOR", text)
        self.assertNotIn("RUNBOOKS", text)
        first = rule["spec"]["groups"][0]["rules"][0]
        self.assertEqual(first["expr"], 'absent(pgsluice_build_info{job="x"})')
        self.assertTrue(
            first["annotations"]["runbook_url"].startswith("https://wiki.example.org/pgsluice#")
        )


class Scraping(unittest.TestCase):
    def test_is_off_by_default(self):
        kinds = {kind for kind, _ in render()}
        self.assertFalse(kinds & {"PodMonitor", "ServiceMonitor", "PrometheusRule"})

    def test_a_pod_monitor_asks_the_port_of_the_metrics(self):
        objects = render("--set", "monitoring.podMonitor.enabled=true,monitoring.scrape.interval=15s")
        spec = objects["PodMonitor", "r-pgsluice"]["spec"]
        (endpoint,) = spec["podMetricsEndpoints"]
        self.assertEqual((endpoint["port"], endpoint["path"]), ("metrics", "/metrics"))
        self.assertEqual(endpoint["interval"], "15s")
        labels = objects["Deployment", "r-pgsluice"]["spec"]["template"]["metadata"]["labels"]
        self.assertLessEqual(spec["selector"]["matchLabels"].items(), labels.items())

    def test_a_service_monitor_asks_a_service_of_its_own(self):
        objects = render("--set", "monitoring.serviceMonitor.enabled=true")
        spec = objects["ServiceMonitor", "r-pgsluice"]["spec"]
        service = objects["Service", "r-pgsluice-metrics"]
        self.assertLessEqual(
            spec["selector"]["matchLabels"].items(), service["metadata"]["labels"].items()
        )
        for name in ("r-pgsluice", "r-pgsluice-headless"):
            labels = objects["Service", name]["metadata"]["labels"]
            self.assertFalse(spec["selector"]["matchLabels"].items() <= labels.items(), name)
        (port,) = service["spec"]["ports"]
        self.assertEqual((port["name"], port["port"]), ("metrics", 9432))
        self.assertEqual(spec["endpoints"][0]["port"], "metrics")
        # One that is not ready is to be seen, too.
        self.assertIs(service["spec"]["publishNotReadyAddresses"], True)

    def test_the_policy_lets_prometheus_in(self):
        objects = render(
            "--set", "networkPolicy.enabled=true",
            "--set-json", 'networkPolicy.metricsFrom=[{"namespaceSelector": {}}]',
        )  # fmt: skip
        ingress = objects["NetworkPolicy", "r-pgsluice"]["spec"]["ingress"]
        self.assertIn(9432, [rule["ports"][0]["port"] for rule in ingress])


class Dashboard(unittest.TestCase):
    def test_is_a_config_map_that_grafana_finds(self):
        objects = render("--set", "monitoring.dashboard.enabled=true")
        made = objects["ConfigMap", "r-pgsluice-dashboard"]
        self.assertEqual(made["metadata"]["labels"]["grafana_dashboard"], "1")
        dashboard = json.loads(made["data"]["pgsluice.json"])
        self.assertEqual(dashboard["title"], "pgsluice")

    def test_shows_metrics_that_there_are(self):
        dashboard = json.loads((CHART / "files/dashboard.json").read_text())
        told = told_metrics()
        expressions = [t["expr"] for p in dashboard["panels"] for t in p.get("targets", [])]
        self.assertGreater(len(expressions), 20)
        with tempfile.TemporaryDirectory() as directory:
            # Every expression is one that Prometheus takes.
            rules = [
                {"record": f"x{i}", "expr": re.sub(r"\$__rate_interval", "5m", expression)}
                for i, expression in enumerate(expressions)
            ]
            path = os.path.join(directory, "rules.yaml")
            pathlib.Path(path).write_text(yaml.safe_dump({"groups": [{"name": "x", "rules": rules}]}))
            done = run("promtool", "check", "rules", path)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for expression in expressions:
            self.assertLessEqual(metrics_in(expression), told, expression)


if __name__ == "__main__":
    main(HELM, "promtool")
