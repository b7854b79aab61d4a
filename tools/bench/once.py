"""Workloads that are measured once in a process: imports, first runs, memory, the 100,000-node chain.

Each returns a `Once`; the runner starts a fresh process for each value. Holds no state.
"""

import dataclasses
import resource
import sys
import time
from pathlib import Path

from tools.bench import data, workloads

PROCESS_START = time.perf_counter()


@dataclasses.dataclass
class Once:
    """A value in µs or MB, and what it is made of."""

    value: float
    unit: str = "µs"
    details: dict = dataclasses.field(default_factory=dict)


class Clock:
    """Microseconds since the last call, or since it was made."""

    def __init__(self):
        self._last = time.perf_counter()

    def __call__(self):
        now = time.perf_counter()
        elapsed, self._last = now - self._last, now
        return round(elapsed * 1e6)


def import_module(bench):
    """Time to import the module, NumPy included."""
    return Once(bench.import_us, details={"peak_mb": round(_memory_mb("VmHWM"))})


def _first_run(bench, make, batch):
    clock = Clock()
    inputs, (_, train) = make()
    build = clock()
    session = bench.session()
    initialise = clock()
    feed = dict(zip(inputs, (*data.digits(batch, 1)[0], .5)))
    clock()
    before = time.process_time()
    session.run(train, feed)
    cpu, first = round((time.process_time() - before) * 1e6), clock()
    session.run(train, feed)
    return Once(first, details={"cpu": cpu, "second": clock(), "import": bench.import_us, "build": build,
                                "initialise": initialise,
                                "process": round((time.perf_counter() - PROCESS_START) * 1e6)})


def first_run_mlp_adam(bench):
    """The first training step of mlp_adam; its details say what came before."""
    return _first_run(bench, lambda: workloads.dense_network(
        bench.tf, bench.sizes.mlp, bench.tf.train.AdamOptimizer(1e-3)), bench.sizes.batch)


def first_run_cnn_mnist(bench):
    """The first training step of cnn_mnist."""
    return _first_run(bench, lambda: workloads.cnn_network(bench.tf, bench.sizes), bench.sizes.cnn_batch)


def _memory_mb(key):
    """VmRSS or VmHWM (the peak) in MB; elsewhere than on Linux, the peak."""
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith(key + ":"):
                return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def memory(bench):
    """Peak memory of building and training 64 dense layers, over what import and data take."""
    tf, (batch, width) = bench.tf, bench.sizes.layer
    feed = data.normal(batch, width, seed=10)
    before = _memory_mb("VmRSS")
    h = x = tf.placeholder(tf.float32, [None, width])
    for _ in range(bench.sizes.layers):
        weights = tf.Variable(tf.random_normal([width, width], stddev=(2 / width) ** .5))
        h = tf.nn.relu(tf.matmul(h, weights) + tf.Variable(tf.zeros([width])))
    train = tf.train.GradientDescentOptimizer(.01).minimize(tf.reduce_mean(tf.square(h)))
    session = bench.session()
    clock, steps = Clock(), []
    for _ in range(3):
        session.run(train, {x: feed})
        steps.append(clock())
    return Once(_memory_mb("VmHWM") - before, "MB", {"step": min(steps)})


def long_chain(bench):
    """Builds a chain of 100,000 nodes, differentiates it and runs the gradient.

    `growth` compares it with a tenth of it: 1 is linear.
    """
    def measure(length):
        clock = Clock()
        with bench.tf.Graph().as_default():
            inputs, y = workloads.scalar_chain(bench.tf, length)
            build = clock()
            gradient = bench.tf.gradients(y, inputs[0])
            differentiate = clock()
            with bench.tf.Session() as session:
                session.run(gradient, dict(zip(inputs, (1.0, .5, 1.0))))
        return {"build": build, "gradients": differentiate, "run": clock()}

    measure(100)        # modules and kernels that load on first use are not what grows
    small = sum(measure(bench.sizes.long_chain // 10).values())
    parts = measure(bench.sizes.long_chain)
    total = sum(parts.values())
    return Once(total, details={**parts, "growth": round(total / small / 10, 2)})
