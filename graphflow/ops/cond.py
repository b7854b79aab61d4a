"""`tf.cond`: one of two bodies runs, by the value of a predicate.

A conditional is one `If` node; its branches are FuncGraphs, the node's attributes. Its last output,
`tape`, is what gradients read intermediate values from; it costs nothing where nobody does. The
node's inputs are the predicate and what the branches capture. Results go through Identity nodes
named `Merge`, so that they have TensorFlow's names. `If`'s gradient: `cond_gradient.py`. Holds no state.
"""

from graphflow.framework import dtypes, nest, raw_ops, scopes, shapes
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor, convert_to_tensor_or_indexed_slices
from graphflow.framework.deprecation import warn_once
from graphflow.framework.func_graph import FuncGraph
from graphflow.framework.graph import GraphKeys
from graphflow.framework.graph_scopes import control_dependencies, name_scope
from graphflow.framework.grouping import with_dependencies
from graphflow.framework.op_def import RegisterGradient, register_op
from graphflow.framework.operation import Operation
from graphflow.framework.tensor import IndexedSlices

_BRANCHING = "Tin: list(type) >= 0; Tout: list(type) >= 0; output_shapes: list(shape) = []"


def branch_output_shapes(bodies, number):
    """Static shapes of the first `number` outputs: what the branches agree on."""
    result = []
    for i in range(number):
        found = [body.outputs[i]._shape for body in bodies]
        result.append(_common(found))
    return result


def _common(found):
    first = found[0]
    if any(shape is None or len(shape) != len(first or ()) for shape in found) or first is None:
        return None
    return tuple(dims[0] if all(d == dims[0] for d in dims) else None for dims in zip(*found))


def _if_shape(c):
    bodies = [c.attr("then_branch"), c.attr("else_branch")]
    return [*branch_output_shapes(bodies, len(c.attr("Tout"))), ()]


def _case_shape(c):
    return [*branch_output_shapes(c.attr("branches"), len(c.attr("Tout"))), ()]


register_op("If", inputs="cond: Tcond, input: Tin", outputs="output: Tout, tape: variant",
            attrs="Tcond: type; then_branch: func; else_branch: func; " + _BRANCHING,
            shape=_if_shape, stateful=True)
register_op("Case", inputs="branch_index: int32, input: Tin", outputs="output: Tout, tape: variant",
            attrs="branches: list(func) >= 1; " + _BRANCHING,
            shape=_case_shape, stateful=True)


@RegisterGradient("If")
@RegisterGradient("Case")
def _conditional_grad(op, *grads):
    from graphflow.ops.cond_gradient import conditional_grad

    return conditional_grad(op, *grads)


# ---------------------------------------------------------------- bodies

def as_flow(value):
    """What stands for `value` where only tensors can go: a TensorArray's flow."""
    flow = getattr(value, "_as_flow", None)
    return value if flow is None else flow()


def with_flow(value, tensor):
    """`tensor`, as what `value` is: a TensorArray with another flow, or the tensor itself."""
    make = getattr(value, "_with_flow", None)
    return tensor if make is None else make(tensor)


def with_new_summaries(result, before):
    """`result` of a body, made to wait for the summary operations that its function added."""
    collection = scopes.get_default_graph().get_collection_ref(GraphKeys._SUMMARY_COLLECTION)
    added = collection[len(before):]
    if not added:
        return result
    collection[:] = before
    with control_dependencies(added):
        return nest.map_structure(lambda v: v if hasattr(v, "_as_flow") else raw_ops.Identity(v), result,
                                  expand_composites=True)


class Branch:
    """One branch: its body, and what its function returned."""

    def __init__(self, graph, kind, function, taken):
        self.body = FuncGraph(graph, "a cond branch", kind.removesuffix("_fn"))
        with self.body.as_default():
            before = self.body.get_collection(GraphKeys._SUMMARY_COLLECTION)
            result = function()
            if result is None:
                raise ValueError(f"{kind} must have a return value.")
            self.structure = with_new_summaries(result, before)
            self.result = nest.map_structure(lambda v: _result(v, taken), self.structure)

    def unpack_single(self):
        """A list or tuple of one result is that result."""
        if isinstance(self.structure, (list, tuple)) and len(self.structure) == 1:
            self.structure, self.result = self.structure[0], self.result[0]

    def finish(self):
        """Makes the results the body's outputs."""
        with self.body.as_default():
            flat = nest.flatten(self.result, expand_composites=True)
            self.body.outputs = [self.body.capture(convert_to_tensor(v)) for v in flat]


def _result(value, taken):
    """A leaf of what a branch returned as a tensor (of the body or outside), or a composite of them."""
    if isinstance(value, Operation):
        return with_dependencies([value], convert_to_tensor(taken, name="pivot"))
    return convert_to_tensor_or_indexed_slices(as_flow(value))


def _with_int64_indices(first, second):
    """Two IndexedSlices of different index types become alike."""
    both = isinstance(first.result, IndexedSlices) and isinstance(second.result, IndexedSlices)
    if both and first.result.indices.dtype != second.result.indices.dtype:
        for branch in (first, second):
            slices = branch.result
            with branch.body.as_default():
                indices = raw_ops.Cast(slices.indices, DstT=dtypes.int64, name="Cast")
            branch.result = branch.structure = IndexedSlices(slices.values, indices, slices.dense_shape)


# ---------------------------------------------------------------- tf.cond

@tf_export("cond")
def cond(pred, true_fn=None, false_fn=None, strict=False, name=None, fn1=None, fn2=None):
    """What `true_fn()` returns where `pred` is true, else what `false_fn()` returns.

    Both functions are called once, now; in a run only the operations of the branch taken run. What they
    use from outside is computed in any case.

    Args:
      pred: scalar bool tensor. true_fn, false_fn: functions without arguments that return the same
        structure of tensors, operations, IndexedSlices and SparseTensors. strict: keeps lists and
        tuples of one result, which are unpacked otherwise. fn1, fn2: old names of the functions.
    Returns tensors in the structure that the functions returned.
    Raises TypeError for arguments of wrong types, or results of different structure types;
    ValueError for results that don't match.

    Example:
      >>> import graphflow as tf
      >>> x, y = tf.constant(2), tf.constant(5)
      >>> r = tf.cond(x < y, lambda: x * 17, lambda: y + 23)
      >>> with tf.Session() as sess:
      ...     print(sess.run(r))
      34
    """
    true_fn, false_fn = _function("true_fn", true_fn, "fn1", fn1), _function("false_fn", false_fn, "fn2", fn2)
    with name_scope(name, "cond", [pred]):
        if isinstance(pred, bool):
            raise TypeError("pred must not be a Python bool")
        pred = _predicate(pred)
        graph = scopes.get_default_graph()
        graph.reserve("Switch", "switch_t", "switch_f", "pred_id", uncounted=4)
        first = Branch(graph, "true_fn", true_fn, True)
        second = Branch(graph, "false_fn", false_fn, False)
        if not strict:
            first.unpack_single()
            second.unpack_single()
        _check_alike(first, second)
        outputs = _if_node(pred, first, second)
        flat = nest.flatten(first.structure, expand_composites=True)
        result = nest.pack_sequence_as(
            first.structure, [with_flow(v, t) for v, t in zip(flat, outputs, strict=True)], expand_composites=True)
        if not strict and isinstance(result, (list, tuple)) and len(result) == 1:
            result = result[0]
        return result


def _function(name, function, old_name, old):
    if old is not None:
        if function is not None:
            raise TypeError(f"cond(): {name} and {old_name} may not be set simultaneously.")
        warn_once(f"cond.{old_name}", "fn1/fn2 are deprecated in favor of the true_fn/false_fn arguments.")
        function = old
    elif function is None:
        raise TypeError(f"cond(): {name} argument required")
    if not callable(function):
        raise TypeError(f"{name} must be callable.")
    return function


def _predicate(pred):
    pred = convert_to_tensor(pred)
    if pred.dtype.base_dtype != dtypes.bool:
        raise TypeError(f"Input 'pred' of 'Switch' Op has type {pred.dtype.base_dtype.name} that does not match "
                        "expected type of bool.")
    try:
        shapes.with_rank(pred._shape, 0)
    except ValueError as error:
        raise ValueError(f"{error} for 'cond/Switch' (op: 'Switch') with input shapes: "
                         f"{shapes.format_shape(pred._shape)}, {shapes.format_shape(pred._shape)}.") from None
    return pred


def _check_alike(first, second):
    try:
        nest.assert_same_structure(first.structure, second.structure, expand_composites=True)
    except (TypeError, ValueError):
        _with_int64_indices(first, second)
        try:
            nest.assert_same_structure(first.structure, second.structure, expand_composites=True)
        except TypeError as error:
            raise TypeError(f"Incompatible return types of true_fn and false_fn: {error}") from None
        except ValueError as error:
            raise ValueError(f"Incompatible return values of true_fn and false_fn: {error}") from None
    _with_int64_indices(first, second)
    first.finish()
    second.finish()
    if not first.body.outputs:
        raise ValueError("true_fn and false_fn must return at least one result.")
    for x, y in zip(first.body.outputs, second.body.outputs, strict=True):
        if x.dtype.base_dtype != y.dtype.base_dtype:
            raise ValueError("Outputs of true_fn and false_fn must have the same type: "
                             f"{x.dtype.name}, {y.dtype.name}")


def _if_node(pred, first, second):
    bodies = [first.body, second.body]
    op = branch_node(bodies, lambda inputs: raw_ops.If(
        pred, inputs, Tout=output_types(bodies[0]), then_branch=bodies[0], else_branch=bodies[1], name="cond_text"))
    op.graph.reserve(uncounted=-1)
    return [raw_ops.Identity(tensor, name="Merge") for tensor in op.outputs[:-1]]


def output_types(body):
    """DTypes of a body's outputs (no refs)."""
    return [tensor.dtype.base_dtype for tensor in body.outputs]


def branch_node(bodies, make):
    """The operation that `make(inputs)` adds for complete `bodies`: inputs are what these capture."""
    inputs = list(dict.fromkeys(source for body in bodies for source in body.captures))
    waits = list(dict.fromkeys(op for body in bodies for op in body.control_captures))
    for body in bodies:
        body.close()
    with control_dependencies(waits):
        return make(inputs).tape.op
