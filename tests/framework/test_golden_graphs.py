"""The graphs of small programs are TensorFlow's: names, op types, inputs, shapes, devices, order.

`tests/golden/graphs.json` was recorded by `tools/golden/record_graphs.py` with TensorFlow 2.x. Its
compat.v1 builds some things otherwise than 1.15, which GraphFlow follows. `_as_in_1_15` rewrites
those few, each with its reason; what 2.x builds all differently is written out below.
"""

import json
import re
from pathlib import Path

import pytest

import graphflow as tf
from tests.framework.graph_programs import PROGRAMS

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "graphs.json").read_text())

# In 1.15, tf.add makes Add nodes (`+` makes AddV2, as in 2.x): these come from tf.add.
ADD_NODES = {
    "names": {"a/b/Add", "a/b/Add_1"},
    "dependencies": {"d"},
    "random_variables": {"truncated_normal", "random_normal"},
}


def _describe(op):
    inputs = [tensor.name.removesuffix(":0") for tensor in op.inputs]
    inputs += sorted(f"^{control.name}" for control in op.control_inputs)
    shapes = [None if t.shape.ndims is None else t.shape.as_list() for t in op.outputs]
    groups = [group.decode() for group in op.colocation_groups()]
    place = [op.device] if op.device else []
    if groups != [f"loc:@{op.name}"]:
        place += groups
    return [op.name, op.type, inputs, shapes, place]


def _as_in_1_15(program, nodes):
    nodes = [[name, "Add" if name in ADD_NODES.get(program, ()) else op_type, *rest]
             for name, op_type, *rest in nodes]
    return _initial_gradients(_gather_gradients(nodes))


def _gather_gradients(nodes):
    """The gradient of a lookup reads its table's shape as int64 in 1.15, then casts it."""
    result = []
    for name, op_type, inputs, *rest in nodes:
        inputs = [re.sub(r"(/[ab]_grad)/Shape$", r"\1/Cast", item) for item in inputs]
        result.append([name, op_type, inputs, *rest])
        if re.search(r"/[ab]_grad/Shape$", name):
            result.append([name.replace("Shape", "Cast"), "Cast", [name], *rest])
    return result


def _initial_gradients(nodes):
    """2.x names the ones that backpropagation starts with `grad_ys_0`; 1.15 names them `Fill`."""
    renamed, counts = {}, {}
    for name, op_type, *_ in nodes:
        if op_type == "Fill" and re.search(r"/grad_ys_\d+$", name):
            scope = name.rpartition("/")[0]
            count = counts[scope] = counts.get(scope, -1) + 1
            renamed[name] = f"{scope}/Fill_{count}" if count else f"{scope}/Fill"
            renamed[name + "/Const"] = name
    result = []
    for name, op_type, inputs, shapes, place in nodes:
        groups = [f"loc:@{renamed.get(item[5:], item[5:])}" if item.startswith("loc:@") else item
                  for item in place]
        result.append([renamed.get(name, name), op_type, [renamed.get(i, i) for i in inputs],
                       shapes, groups])
    return result


@pytest.mark.parametrize("program", PROGRAMS)
def test_graph_is_tensorflows(program):
    with tf.Graph().as_default() as graph:
        PROGRAMS[program](tf)
    ours = [_describe(op) for op in graph.get_operations()]
    assert ours == _as_in_1_15(program, GOLDEN[program])


def test_slices_up_to_a_tensor_are_those_of_1_15():
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [None, 4], name="x")
        n = tf.placeholder(tf.int32, [], name="n")
        assert x[:n].shape.as_list() == [None, 4]
    assert [(op.name, op.type) for op in graph.get_operations()[2:]] == [
        ("strided_slice/stack", "Const"), ("strided_slice/stack_1", "Pack"),
        ("strided_slice/stack_2", "Const"), ("strided_slice", "StridedSlice")]


def test_split_into_equal_parts_leaves_a_constant_as_in_1_15():
    with tf.Graph().as_default() as graph:
        tf.split(tf.zeros([4]), 2)
    assert [op.name for op in graph.get_operations()[1:]] == ["Const", "split/split_dim", "split"]


def test_logsumexp_is_that_of_1_15():
    with tf.Graph().as_default() as graph:
        tf.reduce_logsumexp(tf.zeros([4]))
    types = {op.name.rpartition("/")[2]: op.type for op in graph.get_operations()}
    assert types["Select"] == "Select" and types["zeros_like"] == "Const"
    assert types["Add"] == "Add"
