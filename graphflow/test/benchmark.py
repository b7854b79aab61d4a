"""`tf.test.Benchmark`: classes whose `benchmark*` methods time something.

State: the benchmark classes defined so far, which `tf.test.main` runs with `--benchmarks=REGEX`.
"""

import re
import time

import numpy as np

from graphflow.client.session import Session
from graphflow.framework.api import tf_export

_classes = []


@tf_export("test.benchmark_config")
def benchmark_config():
    """The ConfigProto that benchmarks open their sessions with."""
    from graphflow.protobuf import ConfigProto

    return ConfigProto()


@tf_export("test.Benchmark")
class Benchmark:
    """Base of benchmarks. Define `benchmarkSomething(self)` and call `run_op_benchmark` in it."""

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        _classes.append(cls)

    def __init__(self):
        self.reports = []

    @classmethod
    def is_abstract(cls):
        """Whether there is nothing to run: no method's name begins with "benchmark"."""
        return not cls.methods()

    @classmethod
    def methods(cls):
        """The names of the methods that are benchmarks."""
        return [n for n in dir(cls) if n.startswith("benchmark") and callable(getattr(cls, n))]

    def evaluate(self, tensors):
        """The values of `tensors` in a session of their own."""
        with Session(config=benchmark_config()) as session:
            return session.run(tensors)

    def report_benchmark(self, iters=None, cpu_time=None, wall_time=None, throughput=None, extras=None,
                         name=None, metrics=None):
        """Prints a result and keeps it in `self.reports`."""
        given = {"iters": iters, "wall_time": wall_time, "cpu_time": cpu_time, "throughput": throughput,
                 "extras": extras, "metrics": metrics}
        report = {"name": name or type(self).__name__, **{k: v for k, v in given.items() if v is not None}}
        self.reports.append(report)
        print("  ".join(f"{key}: {value}" for key, value in report.items()))

    def run_op_benchmark(self, sess, op_or_tensor, feed_dict=None, burn_iters=2, min_iters=10,
                         store_trace=False, store_memory_usage=True, name=None, extras=None, mbs=0):
        """Runs something `burn_iters + min_iters` times and reports the median step; returns the report.

        `mbs` are the megabytes moved by one run, for the throughput. ValueError for `store_trace`.
        """
        del store_memory_usage
        if store_trace:
            raise ValueError("run_op_benchmark: store_trace is not supported; give Session.run a RunMetadata.")
        feeds = feed_dict or {}
        target = op_or_tensor if not hasattr(op_or_tensor, "op") else op_or_tensor.op
        for _ in range(burn_iters):
            sess.run(target, feed_dict=feeds)
        seconds = []
        for _ in range(min_iters):
            start = time.perf_counter()
            sess.run(target, feed_dict=feeds)
            seconds.append(time.perf_counter() - start)
        median = float(np.median(seconds))
        self.report_benchmark(iters=min_iters, wall_time=median, throughput=mbs / median if mbs else None,
                              extras=extras, name=name)
        return self.reports[-1]


def run_benchmarks(pattern):
    """Runs the benchmark methods of all classes whose "Class.method" matches; returns the exit status."""
    expression = re.compile(".*" if pattern in ("all", "") else pattern)
    for cls in _classes:
        for method in cls.methods():
            if expression.search(f"{cls.__name__}.{method}"):
                getattr(cls(), method)()
    return 0
