"""`tf.while_loop`: a body runs as long as a condition holds.

A loop is one `While` node; condition and body are FuncGraphs, the node's attributes. The node's inputs
are the initial values of the loop variables and then what condition and body capture, which stays the
same in all iterations; its outputs are the final values of the loop variables, and `tape`, which
gradients read intermediate values from. Results go through Identity nodes named `Exit`, so that they
have TensorFlow's names. `While`'s gradient: `while_gradient.py`. Holds no state.
"""

from graphflow.framework import dtypes, nest, raw_ops, scopes, shapes
from graphflow.framework import public as tf
from graphflow.framework.api import tf_export
from graphflow.framework.apply_op import constant_node
from graphflow.framework.convert import convert_to_tensor, convert_to_tensor_or_indexed_slices
from graphflow.framework.func_graph import FuncGraph
from graphflow.framework.graph import GraphKeys
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.op_def import RegisterGradient, register_op
from graphflow.framework.sparse_tensor import SparseTensor
from graphflow.framework.tensor import IndexedSlices, Tensor
from graphflow.framework.tensor_shape import TensorShape
from graphflow.framework.tensor_util import to_ndarray
from graphflow.ops.cond import as_flow, branch_node, output_types, with_flow, with_new_summaries


def _while_shape(c):
    return [*[tensor._shape for tensor in c.attr("body").inputs], ()]


register_op("While", inputs="input: T", outputs="output: Tout, tape: variant",
            attrs="T: list(type) >= 0; Tout: list(type) >= 0; cond: func; body: func; output_shapes: list(shape) = [];"
                  "parallel_iterations: int = 10", shape=_while_shape, stateful=True)


@RegisterGradient("While")
def _while_grad(op, *grads):
    from graphflow.ops.while_gradient import loop_grad

    return loop_grad(op, *grads)


@tf_export("while_loop")
def while_loop(cond, body, loop_vars, shape_invariants=None, parallel_iterations=10, back_prop=True,
               swap_memory=False, name=None, maximum_iterations=None, return_same_structure=False):
    """Calls for `body` as long as `cond` holds: the values of the loop variables at the end.

    Both functions are called once, now, with the loop variables as arguments.

    Args:
      cond: returns a scalar bool tensor. body: returns new values of the loop variables, in the same
        structure, of the same dtypes. loop_vars: initial values: a list, tuple or namedtuple of tensors,
        TensorArrays and nestings of them. shape_invariants: TensorShapes in the structure of
        `loop_vars`, where a shape changes from iteration to iteration. back_prop: False: no gradients go
        through the loop. maximum_iterations: an integer scalar. return_same_structure: keeps the list
        around a single loop variable. parallel_iterations, swap_memory: accepted; they change no result.
    Raises TypeError for arguments of wrong types, ValueError for loop variables that change structure or
    shape.

    Example:
      >>> import graphflow as tf
      >>> i, total = tf.while_loop(lambda i, t: i < 5, lambda i, t: (i + 1, t + i), [0, 0])
      >>> with tf.Session() as sess:
      ...     print(*sess.run([i, total]))
      5 10
    """
    del swap_memory
    if not callable(cond):
        raise TypeError("cond must be callable.")
    if not callable(body):
        raise TypeError("body must be callable.")
    if parallel_iterations < 1:
        raise TypeError("parallel_iterations must be a positive integer.")
    with name_scope(name, "while", loop_vars):
        if not loop_vars:
            raise ValueError("No loop variables provided")
        counted = maximum_iterations is not None
        if counted:
            cond, body, loop_vars = _counted(cond, body, loop_vars, maximum_iterations, return_same_structure)
        if shape_invariants is not None:
            invariants = (TensorShape([]), shape_invariants) if counted else shape_invariants
            nest.assert_same_structure(loop_vars, invariants)
            shape_invariants = nest.flatten(invariants)
        loop = _Loop(loop_vars, shape_invariants)
        loop.trace(cond, body)
        results = loop.add_node(parallel_iterations, back_prop)
        packed = nest.pack_sequence_as(loop.result, results, expand_composites=True)
        if counted:
            return packed[1]
        return packed if return_same_structure or len(results) > 1 else packed[0]


def _counted(cond, body, loop_vars, maximum, same_structure):
    """The loop with a counter as first variable, which ends it after `maximum` iterations."""
    maximum = convert_to_tensor(maximum, name="maximum_iterations")
    if maximum.shape.ndims != 0:
        raise ValueError(f"maximum_iterations must be a scalar, saw shape: {maximum.shape}")
    counter = constant_node(to_ndarray(0, maximum.dtype.base_dtype), "iteration_counter")
    if len(loop_vars) == 1 and not same_structure:
        variables = (counter, loop_vars[0])
        return (lambda i, v: tf.logical_and(i < maximum, cond(v)), lambda i, v: (i + 1, body(v)), variables)
    return (lambda i, v: tf.logical_and(i < maximum, cond(*v)), lambda i, v: (i + 1, body(*v)), (counter, loop_vars))


class _Loop:
    """One loop while it is being built.

    State: `structure`: the loop variables as the user gave them; `initial`: their tensors, flat;
    `invariants`: a shape each; `result`: what the body returned.
    """

    def __init__(self, loop_vars, shape_invariants):
        self.structure = loop_vars
        leaves = [convert_to_tensor_or_indexed_slices(as_flow(v)) for v in nest.flatten(loop_vars)]
        self.initial = nest.flatten(leaves, expand_composites=True)
        if shape_invariants is None:
            self.invariants = [shape for leaf in leaves for shape in _own_invariants(leaf)]
        else:
            self.invariants = [shape for leaf, given in zip(leaves, shape_invariants, strict=True)
                               for shape in _invariants_of(leaf, given)]
            self._check_initial_shapes()

    def _check_initial_shapes(self):
        for tensor, shape in zip(self.initial, self.invariants, strict=True):
            if not _is_within(tensor._shape, shape):
                raise ValueError(
                    f"The shape invariant specified for {tensor.name} is not compatible with the initial shape of the "
                    f"loop variable. It enters the loop with shape {tensor.shape}, but the specified shape invariant "
                    f"is {TensorShape.from_tuple(shape)}.")

    def trace(self, cond, body):
        """Builds both bodies."""
        graph, count = scopes.get_default_graph(), len(self.initial)
        graph.reserve(*["Enter"] * count, uncounted=count)
        self.cond = FuncGraph(graph, "a while loop", "cond")
        with self.cond.as_default():
            arguments = self._arguments(self.cond, "Merge")
            self.cond.outputs = [self.cond.capture(_condition(cond(*arguments)))]
        graph.reserve("LoopCond", *["Switch"] * count, uncounted=count + 1)
        self.body = FuncGraph(graph, "a while loop", "body")
        with self.body.as_default():
            arguments = self._arguments(self.body, "Identity")
            before = self.body.get_collection(GraphKeys._SUMMARY_COLLECTION)
            result = body(*arguments)
            if not nest.is_nested(result) and not isinstance(result, (IndexedSlices, SparseTensor)):
                result = [result]
            self.result = with_new_summaries(result, before)
            nest.assert_same_structure(list(arguments), list(self.result), expand_composites=True)
            flat = nest.flatten(self.result, expand_composites=True)
            self.body.outputs = [self.body.capture(convert_to_tensor(as_flow(v))) for v in flat]
        self._check_outputs()
        graph.reserve(*["NextIteration"] * count, uncounted=count)

    def _arguments(self, graph, name):
        """The loop variables inside of `graph`, in the user's structure."""
        tensors = [graph.add_input(tensor.dtype.base_dtype, shape, name)
                   for tensor, shape in zip(self.initial, self.invariants, strict=True)]
        graph.initial = self.initial
        for tensor, outside in zip(tensors, self.initial, strict=True):
            tensor._handle_data = outside if outside.dtype == dtypes.resource else None
        flat = nest.flatten(self.structure, expand_composites=True)
        tensors = [with_flow(v, tensor) for v, tensor in zip(flat, tensors, strict=True)]
        return nest.pack_sequence_as(self.structure, tensors, expand_composites=True)

    def _check_outputs(self):
        """The body must give what it takes."""
        for i, (outside, inside, output) in enumerate(zip(self.initial, self.body.inputs, self.body.outputs)):
            if output.dtype.base_dtype != inside.dtype.base_dtype:
                suffix = f"_{i}" if i else ""
                raise ValueError(
                    f"Loop variable {i} ({outside.name!r}) enters the loop with type {inside.dtype.name}, but has type "
                    f"{output.dtype.base_dtype.name} after one iteration. Input 1 of node "
                    f"{inside.op.name.rpartition('/')[0]}/Merge{suffix} was passed {output.dtype.base_dtype.name} from "
                    f"{output.name} incompatible with expected {inside.dtype.name}.")
            if not _is_within(output._shape, inside._shape):
                raise ValueError(
                    f"Input tensor {outside.name!r} enters the loop with shape {outside.shape}, but has shape "
                    f"{output.shape} after one iteration. To allow the shape to vary across iterations, use the "
                    "`shape_invariants` argument of tf.while_loop to specify a less-specific shape.")

    def add_node(self, parallel_iterations, back_prop):
        """Adds the While node; its results, TensorArrays where the loop variables are such."""
        op = branch_node([self.cond, self.body], lambda captured: raw_ops.While(
            [*self.initial, *captured], Tout=output_types(self.body), cond=self.cond, body=self.body,
            parallel_iterations=parallel_iterations, name="while_context"))
        if not back_prop:
            op._extra = {**(op._extra or {}), "_no_back_prop": True}
        op.graph.reserve(uncounted=-1)
        exits = [raw_ops.Identity(tensor, name="Exit") for tensor in op.outputs[:-1]]
        flat = nest.flatten(self.result, expand_composites=True)
        return [with_flow(v, tensor) for v, tensor in zip(flat, exits, strict=True)]


def _own_invariants(leaf):
    """The shape that each tensor of `leaf` keeps; a SparseTensor keeps its rank, and may hold any number of values."""
    if isinstance(leaf, SparseTensor):
        return _invariants_of(leaf, TensorShape.from_tuple(leaf.dense_shape._shape))
    return [tensor._shape for tensor in nest.flatten(leaf, expand_composites=True)]


def _invariants_of(leaf, given):
    """The shape of each tensor of `leaf`, from the TensorShape given for it."""
    if not isinstance(given, TensorShape):
        raise ValueError("`shapes` must be a (possibly nested) list of shapes.")  # noqa: TRY004 - TensorFlow's type
    shape = given.as_tuple()
    if isinstance(leaf, Tensor):
        return [shape]
    if isinstance(leaf, SparseTensor):  # `given` is the shape of its dense_shape
        rank = None if shape is None else shape[0]
        return [(None, rank), (None,), (rank,)]
    parts = [shape, None if shape is None else shape[:1]]
    return parts if leaf.dense_shape is None else [*parts, None if shape is None else (len(shape),)]


def _is_within(shape, wider):
    """Whether `wider` says no more than `shape` does."""
    if wider is None:
        return True
    if shape is None or len(shape) != len(wider):
        return False
    return all(w is None or d == w for d, w in zip(shape, wider))


def _condition(value):
    tensor = convert_to_tensor(value)
    if tensor.dtype.base_dtype != dtypes.bool:
        raise TypeError(f"Input 'input' of 'LoopCond' Op has type {tensor.dtype.base_dtype.name} that does not match "
                        "expected type of bool.")
    try:
        shapes.with_rank(tensor._shape, 0)
    except ValueError as error:
        raise ValueError(f"{error} for 'while/LoopCond' (op: 'LoopCond') with input shapes: "
                         f"{shapes.format_shape(tensor._shape)}.") from None
    return tensor
