"""Every object is what Kubernetes' own schemas allow, from the oldest version we name to a new
one. The schemas are those of the Python package kubernetes-validate."""

import json
import os
import pathlib
import sys
import tempfile
import unittest

import yaml

from chart import HELM, SKIPPED, VALUES, main, render_text, run

SCHEMAS = (
    pathlib.Path(os.environ["PGSLUICE_TOOLS"])
    / "kubernetes-schemas/kubernetes_validate/kubernetes-json-schema"
)
VERSIONS = ("1.27.0", "1.30.0", "1.34.0", "1.37.0")


def copy_schemas(version, kinds, folder):
    """The package's schemas say that they are on the web; copies refer to the file beside."""
    folder.mkdir()
    for name in ("_definitions", *kinds):
        text = (SCHEMAS / f"v{version}-local-strict/{name}.json").read_text(encoding="utf-8")
        schema = json.loads(text.replace('"/api/_definitions.json#', '"_definitions.json#'))
        schema.pop("$id")
        (folder / f"{name}.json").write_text(json.dumps(schema), encoding="utf-8")


def schema_name(thing):
    """deployment-apps-v1"""
    group = thing["apiVersion"].split("/")
    return "-".join([thing["kind"].lower(), *(part.split(".")[0] for part in group)])


def kubeconform(texts, version):
    """Looks at several renderings, given by name, at once."""
    with tempfile.TemporaryDirectory() as directory:
        folder = pathlib.Path(directory)
        kinds = set()
        for name, text in texts.items():
            kinds |= {schema_name(thing) for thing in yaml.safe_load_all(text) if thing}
            (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
        copy_schemas(version, kinds, folder / "schemas")
        return run(
            "kubeconform", "-strict", "-summary", "-kubernetes-version", version,
            "-schema-location",
            f"{folder}/schemas/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json",
            *(f"{folder}/{name}.yaml" for name in texts),
        )  # fmt: skip


class Kubeconform(unittest.TestCase):
    def test_takes_every_object(self):
        for version in VERSIONS:
            with self.subTest(version):
                texts = {
                    name: render_text(*settings, kubernetes=version)
                    for name, settings in VALUES.items()
                }
                if version != VERSIONS[0]:
                    more = ["--set", "preStopSleepSeconds=5,database.existingSecret=db"]
                    texts["more"] = render_text(*more, kubernetes=version)
                done = kubeconform(texts, version)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                found = sum(text.count("\nkind: ") for text in texts.values())
                self.assertGreater(found, 30)
                self.assertIn(f"{found} resources found", done.stdout)
                self.assertIn(f"Valid: {found}, Invalid: 0", done.stdout)

    def test_would_see_a_wrong_one(self):
        text = render_text()
        wrong = {
            "name": text.replace("replicas: 2", "replicaz: 2"),
            "type": text.replace("replicas: 2", 'replicas: "2"'),
        }
        done = kubeconform(wrong, "1.34.0")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("Invalid: 2", done.stdout)


if __name__ == "__main__":
    if not SCHEMAS.is_dir():
        print("SKIPPED: no schemas of Kubernetes: manifests are NOT checked against them")
        print("(scripts/install-deps tools gets them, where pip is installed)")
        sys.exit(SKIPPED)
    main(HELM, "kubeconform")
