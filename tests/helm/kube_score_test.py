"""What kube-score thinks of the chart: nothing critical, but for what we chose to do."""

import json
import tempfile
import unittest

from chart import HELM, VALUES, main, render_text, run

# A tag or digest names one image for ever: there is nothing to pull again.
IGNORED = ["--ignore-test", "container-image-pull-policy"]
# Throttling shows up as latency; the request is what keeps a pod's share.
IGNORED += ["--ignore-container-cpu-limit"]

# Sets of values in which something is left out on purpose.
CHOSEN = {"minimal": {"pod-networkpolicy"}}
CRITICAL = 1


def criticals(text):
    """Ids of checks with a critical finding, with what kube-score says."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        done = run(
            "kube-score", "score", "--output-format", "json",
            "--kubernetes-version", "v1.34", *IGNORED, file.name,
        )  # fmt: skip
    found = {}
    for thing in json.loads(done.stdout):
        for check in thing["checks"]:
            if check["grade"] == CRITICAL and not check["skipped"]:
                said = (thing["object_name"], check["comments"])
                found.setdefault(check["check"]["id"], []).append(said)
    return found


class KubeScore(unittest.TestCase):
    def test_finds_nothing_critical(self):
        for name, settings in VALUES.items():
            with self.subTest(name):
                found = criticals(render_text(*settings, "--skip-tests"))
                self.assertEqual(set(found), CHOSEN.get(name, set()), found)

    def test_would_find_something(self):
        writable = ["--set", "securityContext.readOnlyRootFilesystem=false"]
        found = criticals(render_text(*writable, "--skip-tests"))
        self.assertIn("container-security-context-readonlyrootfilesystem", found)


if __name__ == "__main__":
    main(HELM, "kube-score")
