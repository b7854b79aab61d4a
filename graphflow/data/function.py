"""Functions of datasets as graphs: what `map`, `filter` and their like are given.

The user's function is called once, with tensors for an element's parts, inside of a graph of its own; what
it uses from outside is captured. A run of the dataset's operation gives the captured tensors their values,
and every element runs the function's graph as a compiled plan (`runtime/functions.py`). Holds no state.
"""

import warnings

from graphflow.data import nest, structure
from graphflow.framework import scopes
from graphflow.framework.apply_op import create
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.func_graph import FuncGraph
from graphflow.framework.graph import Graph
from graphflow.framework.tensor_shape import TensorShape


class FunctionGraph(FuncGraph):
    """The graph of one function: as in TensorFlow, with names and seeds counted from its own start."""

    seed = None
    _building_function = True

    def __init__(self, outer, kind, name):
        super().__init__(outer, kind, name)
        self.seed = outer.seed
        self._names_in_use = {}
        self._scopes.name = ""

    @property
    def _last_id(self):
        return len(self._operations)

    def capture(self, tensor):
        """Like `FuncGraph.capture`; a variable that is no resource is captured with its value, as in TensorFlow."""
        if tensor.dtype._is_ref_dtype and tensor.op.graph is self.outer and tensor not in self.captures:
            self.captures[tensor] = self._stand_in(
                "Captured", tensor.name, tensor.dtype.base_dtype, tensor._shape, [tensor])
        return super().capture(tensor)

    def _add_operation(self, op):
        Graph._add_operation(self, op)


class StructuredFunction:
    """A function over elements, as a body graph.

    Args:
      function: the user's. name: of the method, for messages. input_spec: of its argument; a tuple is
        given as several arguments.

    Attributes: body: the FunctionGraph. output_spec: the structure of specs of what it returns.
    """

    def __init__(self, function, name, input_spec):
        outer = scopes.get_default_graph()
        self.body = body = FunctionGraph(outer, f"the function of {name}", _function_name(function, name, outer))
        with body.as_default():
            # `shape=None` would be unknown: a TensorSpec always has one.
            flat = [body.add_input(spec.dtype, spec.shape.as_tuple(), f"args_{i}")
                    for i, spec in enumerate(structure.flat_specs(input_spec))]
            arguments = structure.from_tensors(input_spec, flat)
            result = function(*arguments) if type(arguments) is tuple else function(arguments)
            result = tuple(result) if isinstance(result, list) else result
            try:
                self.output_spec = structure.spec_of_element(result)
            except (TypeError, ValueError) as error:
                raise TypeError(f"Unsupported return value from function passed to {name}: {result}.") from error
            tensors = structure.to_tensors(self.output_spec, result)
            body.outputs = [body.capture(convert_to_tensor(tensor)) for tensor in tensors]
        body.close()

    @property
    def captured(self):
        """The tensors outside that the function uses, in the order of its stand-ins."""
        return list(self.body.captures)

    def uses_ref_variables(self):
        """Whether a captured tensor is, or is computed from, a variable that is no resource."""
        return any(_depends_on_ref(tensor) for tensor in self.captured)


def _function_name(function, name, graph):
    words = f"{name.replace('.', '_').removesuffix('()')}_{getattr(function, '__name__', type(function).__name__)}"
    return graph.unique_name("".join(c if c.isalnum() else "_" for c in words), mark_as_used=False)


def _depends_on_ref(tensor):
    seen, waiting = set(), [tensor]
    while waiting:
        found = waiting.pop()
        if found.dtype._is_ref_dtype:
            return True
        if found not in seen:
            seen.add(found)
            waiting.extend(found.op.inputs)
    return False


# Operations with effects that may run again for a copy: they give the same, or what is there now.
_REPEATABLE = frozenset(("MatchingFiles", "ReadFile"))


def _keeps_state(op):
    stateful = op.op_def.is_stateful and op.type not in _REPEATABLE and not op.type.endswith("Dataset")
    return stateful or op.op_def.writes or any(tensor.dtype._is_ref_dtype for tensor in op.outputs)


def copied_function(tensor, finish):
    """A FunctionGraph that makes `tensor` anew, from nothing: the operations whose data it needs are copied.

    Args: finish: function from the copy of `tensor` to the output.
    Raises ValueError if it depends on placeholders, or on state other than that of datasets.
    """
    needed, waiting = {}, [tensor.op]
    while waiting:
        op = waiting.pop()
        if op in needed:
            continue
        needed[op] = None
        if op.type.startswith("Placeholder"):
            raise ValueError(f"Cannot capture a placeholder (name:{op.name}, type:{op.type}) by value.")
        if _keeps_state(op):
            raise ValueError(
                "Failed to create a one-shot iterator for a dataset. `Dataset.make_one_shot_iterator()` does not "
                "support datasets that capture stateful objects, such as a `Variable` or `LookupTable`. In these "
                "cases, use `Dataset.make_initializable_iterator()`. (Original error: Cannot capture a stateful node "
                f"(name:{op.name}, type:{op.type}) by value.)")
        waiting.extend(t.op for t in op.inputs)
    outer = scopes.get_default_graph()
    body = FunctionGraph(outer, "a one-shot iterator", outer.unique_name("_make_dataset", mark_as_used=False))
    copies = {}
    for op in sorted(needed, key=lambda op: op._id):
        inputs = [copies[t.op].outputs[t.value_index] for t in op.inputs]
        copies[op] = create(body, op.op_def, op.name, inputs, dict(op.attrs))
    with body.as_default():
        body.outputs = [finish(copies[tensor.op].outputs[tensor.value_index])]
    body.close()
    return body


def stateful_function(function, name, state_spec, element_spec, new_state):
    """(StructuredFunction, spec of the state) for a function of (state, element), run until shapes hold.

    Args: new_state: function from the output spec to the part of it that is the new state.
    Raises TypeError if the function changes the state's structure, classes or types. Shapes that it
    changes become unknown.
    """
    while True:
        wrapped = StructuredFunction(function, name, (state_spec, element_spec))
        after = new_state(wrapped.output_spec)
        for what, describe in (("classes", structure.output_classes), ("types", structure.output_types)):
            old, new = describe(state_spec), describe(after)
            if nest.flatten(old) != nest.flatten(new):
                raise TypeError(f"The element {what} for the new state must match the initial state. Expected {old}; "
                                f"got {new}.")
        old = nest.flatten(structure.output_shapes(state_spec))
        weaker = [a.most_specific_compatible_shape(b) if isinstance(a, TensorShape) else a
                  for a, b in zip(old, nest.flatten(structure.output_shapes(after)))]
        if all(a is b or a.as_tuple() == b.as_tuple() for a, b in zip(old, weaker)):
            return wrapped, state_spec
        state_spec = structure.from_legacy(
            structure.output_types(state_spec), nest.pack_sequence_as(state_spec, weaker),
            structure.output_classes(state_spec))


def warn_about_refs(names):
    """Warns that rewrites of pipelines don't go with variables that are no resources."""
    warnings.warn("tf.data static optimizations are not compatible with tf.Variable. The following optimizations "
                  f"will be disabled: {', '.join(names)}. To enable optimizations, use resource variables instead by "
                  "calling `tf.enable_resource_variables()` at the start of the program.", stacklevel=4)
