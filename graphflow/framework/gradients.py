"""Symbolic gradients: `tf.gradients` adds the ops that compute derivatives to the graph.

Backpropagation walks the operations between `ys` and `xs` from the outputs down, each one once all
its consumers have been differentiated, and calls the gradient function of its type. Node names and
their order are TensorFlow's. Nothing recurses: the length of a chain is not limited by the stack.
Holds no state beyond one call.
"""

import collections
import contextlib
import enum

import numpy as np

from graphflow.framework import api, apply_op, collector, dtypes, raw_ops, scopes, shapes, tensor_util
from graphflow.framework.api import tf_export
from graphflow.framework.convert import (
    convert_n_to_tensor_or_indexed_slices,
    convert_to_tensor,
)
from graphflow.framework.func_graph import WITH_BODIES
from graphflow.framework.gradient_source import gradient_source
from graphflow.framework.gradient_sums import add_up, check_method
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.grouping import tuple_op
from graphflow.framework.initial_values import check_unused
from graphflow.framework.op_def import get_gradient
from graphflow.framework.tensor import IndexedSlices, Tensor, TensorLike

TRAINABLE = frozenset(
    variant
    for dtype in (
        dtypes.float16,
        dtypes.float32,
        dtypes.float64,
        dtypes.complex64,
        dtypes.complex128,
        dtypes.resource,
        dtypes.variant,
    )
    for variant in (dtype, dtype._as_ref)
)
_PASSED_THROUGH = TRAINABLE | {dtypes.bfloat16, dtypes.bfloat16._as_ref}


@tf_export("UnconnectedGradients")
class UnconnectedGradients(enum.Enum):
    """What `tf.gradients` gives for an x that y does not depend on: None, or zeros."""

    NONE = "none"
    ZERO = "zero"


@tf_export("gradients")
def gradients(
    ys,
    xs,
    grad_ys=None,
    name="gradients",
    colocate_gradients_with_ops=False,
    gate_gradients=False,
    aggregation_method=None,
    stop_gradients=None,
    unconnected_gradients=UnconnectedGradients.NONE,
):
    """Derivatives of the sum of `ys` with respect to each x in `xs`, as tensors of the graph.

    Args:
      ys, xs: a tensor (or variable) or a list of them.
      grad_ys: gradients that `ys` receive, ones by default; entries may be None.
      colocate_gradients_with_ops: places gradients with the ops they belong to.
      gate_gradients: gives the gradients of an op only once all of them are computed.
      aggregation_method: one of `tf.AggregationMethod`.
      stop_gradients: tensors not to differentiate through.
      unconnected_gradients: what to return where y does not depend on x.

    Returns: a list with one Tensor, IndexedSlices or None per x, of x's shape.
    Raises LookupError if an op between has no gradient, ValueError and TypeError for arguments
    that don't fit.

    Example:
      >>> import graphflow as tf
      >>> x = tf.constant(3.0)
      >>> with tf.Session() as sess:
      ...     print(sess.run(tf.gradients(x * x, x)[0]))
      6.0
    """
    ys, xs = _as_list(ys), _as_list(xs)
    stops = [] if stop_gradients is None else _as_list(stop_gradients)
    grad_ys = [None] * len(ys) if grad_ys is None else _as_list(grad_ys)
    try:
        unconnected = UnconnectedGradients(unconnected_gradients)
    except ValueError:
        raise ValueError(
            f"Unknown value for unconnected_gradients: {unconnected_gradients!r}"
        ) from None
    method = check_method(aggregation_method)
    with contextlib.ExitStack() as stack:
        stack.enter_context(collector.paused())
        scope = stack.enter_context(name_scope(name, "gradients", [*ys, *xs, *stops, *grad_ys]))
        graph = scopes.get_default_graph()
        stack.enter_context(gradient_source(graph, (scope or "").rstrip("/")))
        # The name is taken, as TensorFlow does, so that later names come out alike.
        uid = graph.unique_name("uid")
        ys = _to_tensors(ys, "y")
        xs = [_target(x, i) for i, x in enumerate(xs)]
        colocation = uid if colocate_gradients_with_ops else None
        grad_ys = _initial_gradients(graph, ys, grad_ys, colocation)
        if graph.is_body:
            check_unused([y.op for y in ys], [x.op for x in xs], TRAINABLE)
        run = _Backpropagation(graph, ys, xs, colocation, uid if gate_gradients else None, method)
        run.run(ys, grad_ys, stops)
        return [run.result(x, unconnected) for x in xs]


def backpropagate(ys, xs, grad_ys):
    """Gradients of xs, or None, when ys receive grad_ys: what `gradients` does inside, without its checks."""
    method = check_method(None)
    run = _Backpropagation(scopes.get_default_graph(), ys, xs, None, None, method)
    run.run(ys, grad_ys, ())
    return [run.result(x, UnconnectedGradients.NONE) for x in xs]


def _as_list(value):
    return value if isinstance(value, (list, tuple)) else [value]


def _to_tensors(values, name):
    tensors = convert_n_to_tensor_or_indexed_slices(values, name=name)
    return [convert_to_tensor(t) if isinstance(t, TensorLike) else t for t in tensors]


def _target(x, index):
    """The tensor that stands for x: a variable's reference or resource handle."""
    handle = getattr(x, "handle", None)
    if isinstance(handle, Tensor) and handle.dtype == dtypes.resource:
        return handle
    if isinstance(x, TensorLike):
        raise TypeError(
            f"tf.gradients cannot differentiate with respect to a {type(x).__name__}: {x}"
        )
    return convert_to_tensor(x, name=f"x_{index}", as_ref=True)


def _initial_gradients(graph, ys, grad_ys, colocation):
    """The gradients that `ys` start with: those given, checked, or ones."""
    if len(grad_ys) != len(ys):
        raise ValueError(f"Passed {len(grad_ys)} grad_ys for {len(ys)} ys")
    grad_ys = convert_n_to_tensor_or_indexed_slices(grad_ys, name="grad_y")
    result = []
    for i, (y, grad_y) in enumerate(zip(ys, grad_ys)):
        if colocation is None:
            result.append(_initial_gradient(y, grad_y, i))
        else:
            with graph._colocate_with_for_gradient(y.op, colocation):
                result.append(_initial_gradient(y, grad_y, i))
    return result


def _initial_gradient(y, grad_y, i):
    if grad_y is None:
        if y.dtype.is_complex:
            raise TypeError(
                f"Gradients of complex tensors must set grad_ys (y.dtype = {y.dtype!r})"
            )
        one = tensor_util.to_ndarray(1, y.dtype.base_dtype)
        return raw_ops.Fill(_shape_of(y), apply_op.constant_node(one, f"grad_ys_{i}"))
    _check_grad_y(y, grad_y)
    if not isinstance(grad_y, IndexedSlices):
        return raw_ops.Identity(grad_y, name=f"grad_ys_{i}")
    shape = grad_y.dense_shape
    indices = raw_ops.Identity(grad_y.indices, name=f"grad_ys_{i}_indices")
    values = raw_ops.Identity(grad_y.values, name=f"grad_ys_{i}_values")
    if isinstance(shape, Tensor):
        shape = raw_ops.Identity(shape, name=f"grad_ys_{i}_shape")
    return IndexedSlices(values, indices, shape)


def _shape_of(tensor):
    if shapes.is_full(tensor._shape):
        return apply_op.constant_node(np.array(tensor._shape, np.int32), "Shape")
    return raw_ops.Shape(tensor, name="Shape")


def _check_grad_y(y, grad_y):
    name, wanted, got = y.dtype.name, y.dtype, grad_y.dtype
    if wanted.is_floating or wanted.is_integer:
        if not (got.is_floating or got.is_integer):
            raise TypeError(
                f"Gradient type {got.name} generated for real or integer-valued tensor {y} with "
                f"type {name} must be real or integer"
            )
    elif wanted.is_complex:
        if not got.is_complex:
            raise TypeError(
                f"Gradient type {got.name} generated for complex-valued tensor {y} with type "
                f"{name} "
                "must be complex"
            )
    elif wanted == dtypes.variant:
        if got != dtypes.variant:
            raise TypeError(
                f"Gradient type {got.name} generated for variant tensor {y} must be variant"
            )
    elif wanted == dtypes.resource:
        if got == dtypes.resource:
            raise TypeError(
                f"Input gradient {grad_y} for resource tensor {y} should not be a resource"
            )
    else:
        raise TypeError(f"Tensor {y} with type {name} must be numeric to obtain a default gradient")


class _Backpropagation:
    """One call of `gradients`.

    State: per op between ys and xs, how many of its consumers are still to be differentiated, and
    the gradients received so far (lists per output; single values once they are added up).
    """

    def __init__(self, graph, ys, xs, colocation, gate, method):
        self.graph = graph
        self.from_ops = [x.op for x in xs]
        self.colocation = colocation
        self.gate = gate
        self.method = method
        self.received = {}
        self.to_ops = [y.op for y in ys]
        self.pending = _pending_counts(self.to_ops, self.from_ops)

    def run(self, ys, grad_ys, stops):
        """Differentiates every op between ys and xs."""
        pending = self.pending
        for y, grad_y in zip(ys, grad_ys):
            self._receive(y, grad_y)
        ready = collections.deque(dict.fromkeys(op for op in self.to_ops if pending.get(op) == 0))
        stop_ops = {op for op in self.from_ops if not any(pending.get(t.op) for t in op.inputs)}
        stop_ops.update(tensor.op for tensor in stops)
        while ready:
            op = ready.popleft()
            if self.colocation is None:
                self._differentiate(op, op in stop_ops)
            else:
                with self.graph._colocate_with_for_gradient(op, self.colocation):
                    self._differentiate(op, op in stop_ops)
            for tensor in op.inputs:
                source = tensor.op
                count = pending.get(source)
                if count is not None:
                    pending[source] = count - 1
                    if count == 1:
                        ready.append(source)

    def _receive(self, tensor, gradient):
        op = tensor.op
        lists = self.received.get(op)
        if lists is None:
            lists = self.received[op] = [[] for _ in op.outputs]
        lists[tensor.value_index].append(gradient)

    def _differentiate(self, op, stop):
        """Adds up what op's outputs received and hands gradients on to its inputs."""
        gradients = self._added_up(op)
        if gradients is None or stop:
            return
        function = _gradient_function(op)
        if function is None:
            return
        for i, gradient in enumerate(gradients):
            if gradient is None and op.outputs[i].dtype in TRAINABLE and self._wants_zeros(op, i):
                gradients[i] = _zeros_like(op.outputs[i])
        state = self.graph._scopes
        outer = state.name
        state.name = self.graph.unique_name(op.name + "_grad")
        try:
            results = function(op, *gradients)
            if not isinstance(results, (list, tuple)):
                results = [results]
            if len(results) != len(op.inputs):
                raise ValueError(
                    f"Num gradients {len(results)} generated for op {op.node_def} do not match "
                    f"num inputs {len(op.inputs)}"
                )
            if self.gate is not None and sum(r is not None for r in results) > 1:
                results = self._gated(results)
        finally:
            state.name = outer
        pending = self.pending
        for i, (tensor, result) in enumerate(zip(op.inputs, results)):
            if result is None:
                continue
            if (
                tensor._shape is not None
                and type(result) is Tensor
                and result._shape != tensor._shape
            ):
                _refine_shape(op, i, tensor, result)
            if tensor.op in pending:
                self._receive(tensor, result)

    def _wants_zeros(self, op, i):
        """Whether output `i`, which received nothing, counts as having received zeros.

        Of a loop, the results that lead to ys do, and TensorFlow's users get zeros for what only these depend on.
        """
        if op.type == "While" and i < len(op.outputs) - 1:      # the last is its tape
            return any(consumer in self.pending for consumer in op.outputs[i]._consumers)
        return op.type not in WITH_BODIES

    def _gated(self, results):
        graph = self.graph
        with (
            graph.device(None),
            graph._colocate_with_for_gradient(None, self.gate, ignore_existing=True),
        ):
            return tuple_op(results)

    def _added_up(self, op):
        """One gradient (or None) per output of `op`, or None if there are none at all."""
        lists = self.received.get(op)
        if lists is None:
            return None
        for i, found in enumerate(lists):
            if len(found) > 1:
                lists[i] = add_up(op, found, self.graph, self.method)
            else:
                lists[i] = found[0] if found else None
        return lists

    def result(self, x, unconnected):
        """The gradient of x."""
        found = self.received.get(x.op) if x.op in self.pending else None
        if found is not None:
            return found[x.value_index]
        if unconnected is UnconnectedGradients.NONE:
            return None
        if x.dtype.base_dtype == dtypes.resource:
            return api.lookup("zeros")(raw_ops.VariableShape(x), dtype=x.op.attrs["dtype"])
        return api.lookup("zeros_like")(x)


def _pending_counts(to_ops, from_ops):
    """For every op on a path from `from_ops` to `to_ops`: how many inputs on such paths use it."""
    reached, queue = set(), list(from_ops)
    while queue:
        op = queue.pop()
        if op not in reached:
            reached.add(op)
            for output in op.outputs:
                if output.dtype in _PASSED_THROUGH:
                    queue.extend(output._consumers)
    pending, queue = {}, list(to_ops)
    while queue:
        op = queue.pop()
        if op in reached and op not in pending:
            pending[op] = 0
            queue.extend(tensor.op for tensor in op.inputs)
    for op in pending:
        for tensor in op.inputs:
            if tensor.op in pending:
                pending[tensor.op] += 1
    return pending


def _gradient_function(op):
    """The gradient function of `op`: None if it is not differentiable."""
    if not op.inputs:
        return None
    gradient_type = op._gradient_type
    if gradient_type is not None and gradient_type in op.graph._gradient_functions:
        return op.graph._gradient_functions[gradient_type]
    try:
        return get_gradient(gradient_type or op.type)
    except LookupError:
        raise LookupError(
            f"No gradient defined for operation '{op.name}' (op type: {gradient_type or op.type})"
        ) from None


def _zeros_like(tensor):
    if tensor.dtype.base_dtype == dtypes.resource:
        return api.lookup("zeros")(raw_ops.VariableShape(tensor), dtype=dtypes.float32)
    return raw_ops.ZerosLike(tensor, name="zeros_like")


def _refine_shape(op, index, tensor, gradient):
    if tensor.dtype.base_dtype == dtypes.resource:
        return
    try:
        gradient._shape = shapes.merge_shapes(gradient._shape, tensor._shape)
    except ValueError:
        raise ValueError(
            "Incompatible shapes between op input and calculated input gradient.  Forward "
            "operation: "
            f"{op.name}.  Input index: {index}. Original input shape: {tensor.shape}.  Calculated "
            "input "
            f"gradient shape: {gradient.shape}"
        ) from None
