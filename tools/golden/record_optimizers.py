"""Records what TensorFlow's optimizers, schedules, averages and clipping compute and are called.

Runs where TensorFlow is installed: `python tools/golden/record_optimizers.py`. Runs the programs of
tests/training/programs.py and writes tests/golden/optimizers.json.gz.
"""

import gzip
import json
import os
import pathlib
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"

import tensorflow.compat.v1 as tf
from tensorflow.python.framework import op_def_registry

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.training import programs  # noqa: E402 - found through the line above


def update_op(op_type, flags, dtype):
    """New values of the variables that one update op writes."""
    names = [arg.name for arg in op_def_registry.get(op_type).input_arg]
    states = next(i for i, name in enumerate(names)
                  if name in programs.COEFFICIENTS or name in ("grad", "delta"))
    inputs = programs.op_inputs(names, states, dtype, "Sparse" in op_type)
    with tf.Graph().as_default():
        variables = [tf.Variable(inputs[name], use_resource="Resource" in op_type)
                     for name in names[:states]]
        tensors = {name: v.handle if "Resource" in op_type else v._ref()
                   for name, v in zip(names, variables)}
        tensors.update((name, tf.constant(inputs[name])) for name in names[states:])
        op = getattr(tf.raw_ops, op_type)(**tensors, **flags)
        with tf.Session() as session:
            session.run([v.initializer for v in variables])
            session.run(op)
            return [value.tolist() for value in session.run(variables)]


def record():
    """Everything, as one dictionary."""
    return {
        "train": {" ".join(case): programs.train(tf, *case)
                  for case in programs.optimizer_cases()},
        "minimize": {case: programs.minimize(tf, case) for case in programs.MINIMIZED},
        "minimize_sparse": {case: programs.minimize(tf, case, sparse=True)
                            for case in programs.MINIMIZED},
        "scoped": programs.scoped(tf),
        "decay": {name: programs.decay(tf, name) for name in programs.DECAYS},
        "average": {name: programs.average(tf, name) for name in programs.AVERAGES},
        "clip": {name: programs.clip(tf, name) for name in programs.CLIPS},
        "ops": {f"{op_type} {flags} {dtype}": update_op(op_type, flags, dtype)
                for op_type, flags in programs.op_cases() for dtype in ("float32", "float64")},
    }


if __name__ == "__main__":
    tf.disable_v2_behavior()
    path = ROOT / "tests" / "golden" / "optimizers.json.gz"
    # No time in the file, so that the same answers are the same bytes.
    with open(path, "wb") as raw, gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as file:
        file.write(json.dumps(record()).encode())
    print(path, path.stat().st_size)
