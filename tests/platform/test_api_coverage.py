"""tools/api_coverage on a small list of programs."""

import gzip
import json
import subprocess
import sys

from tests.architecture.sources import ROOT


def test_what_is_missing_is_listed_by_what_it_unlocks(tmp_path):
    programs = [["tf.nn.relu", "tf.Session"], ["tf.nn.relu", "tf.no_such_thing"], ["tf.no_such_thing"],
                ["tf.python.framework.ops.reset_default_graph", "tf.no.other", "tf.no_such_thing"]]
    path = tmp_path / "programs.json.gz"
    path.write_bytes(gzip.compress(json.dumps(programs).encode()))
    done = subprocess.run([sys.executable, "tools/api_coverage", str(path), "--missing"], cwd=ROOT,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert lines[0] == "symbols: 3 of 5; weighted by use: 50.0%".split()
    assert lines[1] == "programs that find every symbol: 1 of 4 (25.0%)".split()
    assert [(line[1], line[2]) for line in lines[2:4]] == [("tf.no_such_thing", "3"), ("tf.no.other", "4")]
    assert lines[4] == ["3", "tf.no_such_thing"]
