"""Runs the tests of the cuda kernels in Numba's simulator, which has to be asked for before Numba is
imported: in processes of their own."""

import os
import subprocess
import sys
from pathlib import Path

from graphflow.framework.kernel_loader import kernels

ROOT = Path(__file__).parents[2]


def _run(*arguments):
    environment = {**os.environ, "NUMBA_ENABLE_CUDASIM": "1"}
    # Not the outer run's workers and options.
    for name in [n for n in environment if n.startswith("PYTEST_")]:
        del environment[name]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *map(str, arguments)],
        cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        timeout=600, check=False)
    assert done.returncode == 0, done.stdout[-8000:]
    assert " passed" in done.stdout.splitlines()[-1], done.stdout[-2000:]


def test_kernels():
    _run("tests/kernels/test_cuda_kernels.py")


def test_sample_rows():
    """The sample rows of every family that has cuda kernels."""
    folder = Path(kernels("cuda").__file__).parent
    files = [path for path in (ROOT / f"tests/ops/test_{p.stem}.py" for p in folder.glob("*.py"))
             if path.is_file()]
    assert files
    _run(*files, "-k", "cuda_kernel")
