"""What the machine can do at best: products of matrices and memory traffic, by NumPy alone.

`python tools/bench/limits.py THREADS` measures in this process and prints JSON; `measure` starts such
processes, because a BLAS reads its settings once, when it is loaded. Holds no state.
"""

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

# OpenBLAS takes some processors with AVX-512 for older ones; the faster of the two counts.
CORE_TYPES = (None, "SkylakeX")
SHAPES = {"1024^3": (1024, 1024, 1024), "128x256x784": (128, 256, 784), "256x2048x2048": (256, 2048, 2048)}
ARRAYS = {"256 MB": 256 << 20, "4 MB": 4 << 20, "256 KB": 256 << 10}


def _best(function, seconds):
    """The fewest seconds of a call."""
    best, end = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < end or best == float("inf"):
        start = time.perf_counter()
        function()
        best = min(best, time.perf_counter() - start)
    return best


def _copies(count, size, threads, times):
    """Seconds to copy an array of `size` bytes `times` times, split among threads; the fewest."""
    import numpy as np
    parts = [(np.ones(size // threads, np.uint8), np.ones(size // threads, np.uint8)) for _ in range(threads)]

    def copy(pair):
        for _ in range(times):
            np.copyto(*pair)

    with ThreadPoolExecutor(threads) as pool:
        return _best(lambda: list(pool.map(copy, parts)), count)


def measure_here(threads, seconds):
    """{what: number} in this process, whose BLAS has been told the number of threads."""
    import numpy as np
    found = {}
    for name, (m, n, k) in SHAPES.items():
        a, b, out = np.ones((m, k), np.float32), np.ones((k, n), np.float32), np.empty((m, n), np.float32)
        taken = _best(lambda a=a, b=b, out=out: np.matmul(a, b, out=out), seconds)
        found[f"sgemm {name}, GFLOP/s"] = 2e-9 * m * n * k / taken
    for name, size in ARRAYS.items():
        times = max(1, (64 << 20) // size)
        found[f"copy of {name}, GB/s"] = 2e-9 * size * times / _copies(seconds, size, threads, times)
    return found


def measure(seconds=.3):
    """{what: {threads: best number}} with one and with all processors."""
    found = {}
    for threads in sorted({1, os.cpu_count() or 1}):
        for core in CORE_TYPES:
            environment = dict(os.environ, OPENBLAS_NUM_THREADS=str(threads), OMP_NUM_THREADS=str(threads),
                               MKL_NUM_THREADS=str(threads))
            if core:
                environment["OPENBLAS_CORETYPE"] = core
            process = subprocess.run([sys.executable, __file__, str(threads), str(seconds)], env=environment,
                                     stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            if process.returncode:
                continue        # a core type that this processor cannot run
            for what, value in json.loads(process.stdout).items():
                best = found.setdefault(what, {})
                best[str(threads)] = max(best.get(str(threads), 0), value)
    return found


if __name__ == "__main__":
    print(json.dumps(measure_here(int(sys.argv[1]), float(sys.argv[2]))))
