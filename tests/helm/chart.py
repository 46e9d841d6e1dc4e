"""The chart as helm renders it. Imported by the tests, which are given by CMake:

PGSLUICE_CHART  the chart's folder      PGSLUICED, PGSLUICE  the programs
HELM            the helm to use; helm unless given
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import yaml

CHART = pathlib.Path(os.environ["PGSLUICE_CHART"])
PGSLUICED = os.environ["PGSLUICED"]
PGSLUICE = os.environ["PGSLUICE"]
HELM = os.environ.get("HELM", "helm")
# A helm built by Go believes in Kubernetes 1.20 unless it is told otherwise.
KUBERNETES = "1.34.0"
SKIPPED = 77
LIMIT = 60

# Sets of values that have to work: name to helm's arguments.
VALUES = {
    path.name.removesuffix("-values.yaml"): ["-f", str(path)]
    for path in sorted(CHART.glob("ci/*-values.yaml"))
}


def run(*command, **options):
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=LIMIT, **options
    )


def helm_template(*settings, chart=CHART, kubernetes=KUBERNETES):
    return run(HELM, "template", "r", str(chart), "--kube-version", kubernetes, *settings)


def render_text(*settings, **options):
    done = helm_template(*settings, **options)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return done.stdout


def render(*settings, **options):
    """Objects by (kind, name)."""
    objects = [o for o in yaml.safe_load_all(render_text(*settings, **options)) if o]
    return {(o["kind"], o["metadata"]["name"]): o for o in objects}


def refusal(*settings, **options):
    """What helm says when it refuses the values; empty if it takes them."""
    done = helm_template(*settings, **options)
    return "" if done.returncode == 0 else done.stderr


def notes(*settings):
    """NOTES.txt, which `helm template` does not show: as part of an object."""
    with tempfile.TemporaryDirectory() as directory:
        chart = pathlib.Path(directory) / "pgsluice"
        shutil.copytree(CHART, chart)
        shutil.copy(chart / "templates/NOTES.txt", chart / "notes.txt")
        (chart / "templates/notes.yaml").write_text(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: notes}\ndata:\n"
            '  text: |\n    {{- tpl (.Files.Get "notes.txt") . | nindent 4 }}\n'
        )
        return render(*settings, chart=chart)["ConfigMap", "notes"]["data"]["text"]


def deployment_of(objects):
    return objects["Deployment", "r-pgsluice"]["spec"]


def pod_of(objects):
    return deployment_of(objects)["template"]["spec"]


def container_of(objects):
    return pod_of(objects)["containers"][0]


def config_text(objects):
    return objects["ConfigMap", "r-pgsluice"]["data"]["pgsluice.yaml"]


def config_of(objects):
    return yaml.safe_load(config_text(objects))


def main(*programs):
    """Runs the tests of the calling file; skips them, and says so, without a program."""
    for program in programs:
        if shutil.which(program) is None:
            print(f"SKIPPED: {program} is not installed: this is NOT checked")
            print("(scripts/install-deps tools builds it, where Go is installed)")
            sys.exit(SKIPPED)
    unittest.main(argv=sys.argv[:1], verbosity=2)
