"""`import graphflow` is cheap: it loads NumPy, the standard library and itself."""

import json
import subprocess
import sys

from tests.architecture.sources import ROOT

_LIST_MODULES = """
import json, sys
before = set(sys.modules)
import graphflow
print(json.dumps(sorted({name.split(".")[0] for name in set(sys.modules) - before})))
"""

_FAMILIES = """
import sys, graphflow
print([name for name in sys.modules if name.startswith(("graphflow.ops.", "graphflow.kernels"))])
"""


def _run(program):
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_import_loads_numpy_only():
    loaded = set(json.loads(_run(_LIST_MODULES)))
    foreign = {name for name in loaded
               if name not in sys.stdlib_module_names and not name.startswith("_")}
    assert foreign <= {"graphflow", "numpy"}, f"`import graphflow` also loads {sorted(foreign)}"


def test_import_loads_no_op_family_and_no_kernel():
    assert _run(_FAMILIES).strip() == "[]"


def test_import_prints_nothing():
    assert _run("import graphflow") == ""
