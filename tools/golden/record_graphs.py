#!/usr/bin/env python3
"""Records the graphs that TensorFlow builds of small programs in tests/golden/graphs.json.

Runs in an environment with TensorFlow 2.x (tensorflow.compat.v1). The programs stand in
tests/framework/graph_programs.py. Of every node it stores name, op type, inputs (control inputs
with ^), static output shapes, device and colocation.
"""

import importlib.util
import json
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()
TESTS = Path(__file__).resolve().parents[2] / "tests"


def describe(op):
    """One node as a list: name, type, inputs, shapes, and device or colocation if it has them."""
    inputs = [tensor.name.removesuffix(":0") for tensor in op.inputs]
    inputs += sorted(f"^{control.name}" for control in op.control_inputs)
    shapes = [None if t.shape.rank is None else t.shape.as_list() for t in op.outputs]
    groups = [group.decode() for group in op.colocation_groups()]
    place = [op.device] if op.device else []
    if groups != [f"loc:@{op.name}"]:
        place += groups
    return [op.name, op.type, inputs, shapes, place]


def main():
    spec = importlib.util.spec_from_file_location("programs", TESTS / "framework/graph_programs.py")
    programs = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(programs)
    graphs = {}
    for name, build in programs.PROGRAMS.items():
        with tf.Graph().as_default() as graph:
            build(tf)
        graphs[name] = [describe(op) for op in graph.get_operations()]
    rows = ",\n".join(
        f"{json.dumps(name)}: [\n" + ",\n".join(json.dumps(row) for row in nodes) + "\n]"
        for name, nodes in graphs.items())
    (TESTS / "golden" / "graphs.json").write_text("{\n" + rows + "\n}\n")


if __name__ == "__main__":
    main()
