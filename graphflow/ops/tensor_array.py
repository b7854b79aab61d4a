"""The ops of `tf.TensorArray`, and their gradients. The class itself is in `tensor_array_class.py`.

A handle names the array of one run, made anew each time `TensorArrayV3` runs; the flow is a number without
meaning that puts reads after the writes they need. Gradients go through an array of gradients beside the
array: written where the array was read, read where it was written. Holds no state.
"""

from graphflow.framework import shapes
from graphflow.framework.api import lookup
from graphflow.framework.func_graph import sources
from graphflow.framework.gradient_source import current_source
from graphflow.framework.op_def import NotDifferentiable, RegisterGradient, register_op

_HANDLE = (2,)


def _flow_only(c):
    return [()]


def _handle_and_flow(c):
    shapes.with_rank(c.shape(0), 0)
    return [_HANDLE, ()]


def _unknown_value(c):
    shapes.with_rank(c.shape(1), 0)
    return [None]


def _gathered(c):
    count = shapes.with_rank(c.shape(1), 1)
    element = c.attr("element_shape")
    return [None if element is None else (*count, *element)]


def _concatenated(c):
    rest = c.attr("element_shape_except0")
    return [None if rest is None else (None, *rest), (None,)]


def _index_and_value(c):
    shapes.with_rank(c.shape(1), 0)
    return [()]


register_op(
    "TensorArrayV3", inputs="size: int32", outputs="handle: resource, flow: float32",
    attrs="dtype: type; element_shape: shape = unknown; dynamic_size: bool = false; clear_after_read: bool = true; "
          "identical_element_shapes: bool = false; tensor_array_name: string = ''",
    shape=_handle_and_flow, stateful=True)
register_op("TensorArrayGradV3", inputs="handle: resource, flow_in: float32",
            outputs="grad_handle: resource, flow_out: float32", attrs="source: string",
            shape=lambda c: [_HANDLE, ()], stateful=True)
register_op("TensorArrayGradWithShape", inputs="handle: resource, flow_in: float32, shape_to_prepend: int32",
            outputs="grad_handle: resource, flow_out: float32", attrs="source: string",
            shape=lambda c: [_HANDLE, ()], stateful=True)
register_op("TensorArraySizeV3", inputs="handle: resource, flow_in: float32", outputs="size: int32",
            shape=lambda c: [()], stateful=True)
register_op("TensorArrayCloseV3", inputs="handle: resource", shape=shapes.no_outputs, stateful=True)
for _op_type in ("TensorArrayV3", "TensorArrayGradV3", "TensorArrayGradWithShape", "TensorArraySizeV3",
                 "TensorArrayCloseV3"):
    NotDifferentiable(_op_type)


def _gradient_array(op, dtype, flow):
    """The array of gradients beside that of `op`, for the call of `tf.gradients` under way."""
    source, graph = current_source()
    _refuse_in_loop(op, graph)
    array = lookup("TensorArray")(dtype, handle=op.inputs[0], flow=flow, colocate_with_first_write_call=False)
    return array.grad(source=source, flow=flow)


def _refuse_in_loop(op, graph):
    """Raises ValueError if `tf.gradients` was called in a loop around which the array was made.

    The array has one array of gradients, to which each iteration would add.
    """
    *_, handle = sources(op.inputs[0])
    while graph is not handle.op.graph and graph.is_body:
        if graph.kind == "a while loop":
            raise ValueError(
                f"tf.gradients is called in the body of a while loop and goes through {op.name!r} ({op.type}), whose "
                f"TensorArray {handle.op.name!r} was made outside of it: the gradients of all iterations would add up. "
                "Call tf.gradients outside of the loop, or make the array inside of it.")
        graph = graph.outer


# ---------------------------------------------------------------- one element

register_op("TensorArrayReadV3", inputs="handle: resource, index: int32, flow_in: float32", outputs="value: dtype",
            attrs="dtype: type", shape=_unknown_value, stateful=True)


@RegisterGradient("TensorArrayReadV3")
def _read_grad(op, grad):
    _, index, flow = op.inputs
    return [None, None, _gradient_array(op, op.attrs["dtype"], flow).write(index, grad).flow]


register_op("TensorArrayWriteV3", inputs="handle: resource, index: int32, value: T, flow_in: float32",
            outputs="flow_out: float32", attrs="T: type", shape=_index_and_value, stateful=True)


@RegisterGradient("TensorArrayWriteV3")
def _write_grad(op, flow):
    return [None, None, _gradient_array(op, op.attrs["T"], flow).read(op.inputs[1]), flow]


# ---------------------------------------------------------------- many elements

register_op("TensorArrayGatherV3", inputs="handle: resource, indices: int32, flow_in: float32",
            outputs="value: dtype", attrs="dtype: type; element_shape: shape = unknown", shape=_gathered, stateful=True)


@RegisterGradient("TensorArrayGatherV3")
def _gather_grad(op, grad):
    _, indices, flow = op.inputs
    return [None, None, _gradient_array(op, op.attrs["dtype"], flow).scatter(indices, grad).flow]


register_op("TensorArrayScatterV3", inputs="handle: resource, indices: int32, value: T, flow_in: float32",
            outputs="flow_out: float32", attrs="T: type", shape=_flow_only, stateful=True)


@RegisterGradient("TensorArrayScatterV3")
def _scatter_grad(op, flow):
    return [None, None, _gradient_array(op, op.attrs["T"], flow).gather(op.inputs[1]), flow]


register_op("TensorArrayConcatV3", inputs="handle: resource, flow_in: float32", outputs="value: dtype, lengths: int64",
            attrs="dtype: type; element_shape_except0: shape = unknown", shape=_concatenated, stateful=True)


@RegisterGradient("TensorArrayConcatV3")
def _concat_grad(op, grad, _):
    flow = op.inputs[1]
    return [None, _gradient_array(op, op.attrs["dtype"], flow).split(grad, op.outputs[1]).flow]


register_op("TensorArraySplitV3", inputs="handle: resource, value: T, lengths: int64, flow_in: float32",
            outputs="flow_out: float32", attrs="T: type", shape=_flow_only, stateful=True)


@RegisterGradient("TensorArraySplitV3")
def _split_grad(op, flow):
    return [None, _gradient_array(op, op.attrs["T"], flow).concat(), None, flow]
