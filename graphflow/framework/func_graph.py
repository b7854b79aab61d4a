"""FuncGraph: the graph of a body (a branch of `tf.cond`, a loop's condition and body, a mapped function).

A body stands inside another graph and may use whatever that graph holds, at any depth: a tensor of an
outer graph is *captured*, that is, it gets a stand-in here (a `Captured` operation whose input is the
tensor outside). Names, collections, variables, seeds and everything else that programs look up
belong to the graph outside, of which a body is a part in the user's eyes; names are unique over all.

    body = FuncGraph(graph, "a while loop")
    x = body.add_input(dtypes.float32, (), "x")
    with body.as_default():
        body.outputs = [x * y]          # y: a tensor of `graph`
    body.captures                        # {y: its stand-in}; complete once `close` was called

State: the inputs, the captures, the control captures (operations outside that must run before the
body does) and the outputs. How a body runs: `graphflow/runtime/README.md`.
"""

import contextlib

from graphflow.framework import scopes
from graphflow.framework.api import tf_export
from graphflow.framework.graph import Graph
from graphflow.framework.op_def import get_op_def
from graphflow.framework.operation import Operation, capture_stack
from graphflow.framework.tensor import Tensor

# Operations that have bodies, and attributes that hold them.
WITH_BODIES = {
    "If": ("then_branch", "else_branch"),
    "Case": ("branches",),
    "IfGrad": ("branches",),
    "While": ("cond", "body"),
    "WhileGrad": ("body",),
}
# Operations of a body whose values come from outside.
INPUTS = frozenset(("Captured", "RefCaptured", "LoopVariable", "TapeRead"))


def bodies_of(op):
    """The FuncGraphs of an operation."""
    found = [op.attrs[name] for name in WITH_BODIES[op.type]]
    return found[0] if isinstance(found[0], list) else found


class FuncGraph(Graph):
    """The graph of a body inside `outer`.

    Attributes: outer: the graph around it. root: the user's graph. kind: for messages ("a while loop").
    name: unique; names the function in a GraphDef. inputs: tensors that the one who runs it gives
    values for. initial: of a loop's variables, the tensors that they are first, where these are known.
    captures: {tensor of `outer`: tensor here}. control_captures: operations of `outer`.
    outputs: tensors.
    """

    is_body = True
    _root = None

    def __init__(self, outer, kind, name="body"):
        super().__init__()
        self.outer = outer
        self._root = root = outer.root
        self.kind = kind
        self.rename(f"{outer.get_name_scope() or 'graph'}_{name}")
        self.inputs = []
        self.initial = ()
        self.captures = {}
        self.control_captures = {}
        self.outputs = []
        self._closed = False
        for shared in ("_lock", "_names_in_use", "_collections", "attachments", "_gradient_functions"):
            setattr(self, shared, getattr(root, shared))
        mine, around = self._scopes, outer._scopes
        for field in ("name", "devices", "colocation", "attrs", "gradient_overrides", "container"):
            setattr(mine, field, getattr(around, field))

    def rename(self, name):
        """Takes `name`, made unique, as that of the function that this body is in a GraphDef."""
        taken, name = self._root.attachments.setdefault("functions", set()), name.replace("/", "_")
        self.name, number = name, 0
        while self.name in taken:
            number += 1
            self.name = f"{name}_{number}"
        taken.add(self.name)

    # ---- what belongs to the graph outside

    @property
    def root(self):
        """The user's graph."""
        return self._root

    @property
    def seed(self):
        """The graph-level seed, which is the root's."""
        return self.root.seed

    @seed.setter
    def seed(self, value):
        if self._root is not None:
            self.root.seed = value

    @property
    def _finalized(self):
        return self.root._finalized

    @_finalized.setter
    def _finalized(self, value):
        if self._root is not None:
            self.root._finalized = value

    @property
    def _last_id(self):
        return self.root._last_id

    def _add_operation(self, op):
        super()._add_operation(op)
        if op.type not in INPUTS:
            self.root._inner_operations[op.name] = op

    def _parents(self):
        """The graphs whose tensors may be used here, other than by way of each other."""
        return (self.outer,)

    def encloses(self, graph):
        """Whether `graph` is this one, or one that may use its tensors."""
        waiting = [graph]
        while waiting:
            graph = waiting.pop()
            if graph is self:
                return True
            waiting.extend(graph._parents() if graph.is_body else ())
        return False

    def as_graph_element(self, obj, allow_tensor=True, allow_operation=True):
        """Like `Graph.as_graph_element`; elements of the graphs around count as this one's."""
        convert = getattr(obj, "_as_graph_element", None)
        if convert is not None:
            element = convert()
            obj = obj if element is None else element
        if isinstance(obj, (str, bytes)):
            name = obj.decode() if isinstance(obj, bytes) else obj
            owner = self if name.partition(":")[0] in self._by_name else self.outer
        else:
            owner = getattr(obj, "graph", self)
            owner = owner if getattr(owner, "encloses", self.encloses)(self) else self
        if owner is self:
            return super().as_graph_element(obj, allow_tensor, allow_operation)
        return owner.as_graph_element(obj, allow_tensor, allow_operation)

    # ---- inputs

    def add_input(self, dtype, shape, name, op_type="LoopVariable"):
        """A tensor whose value comes from outside whenever the body runs."""
        tensor = self._stand_in(op_type, self.unique_name(name), dtype, shape, [])
        self.inputs.append(tensor)
        self.root._uncounted += 1
        return tensor

    def capture(self, tensor):
        """`tensor`, of this graph or one around it, as a tensor of this graph.

        Raises ValueError if this body is complete: then `tensor` is used outside of its scope.
        """
        if tensor.op.graph is self:
            return tensor
        inner = self.captures.get(tensor)
        if inner is None:
            if tensor.op.graph is not self.outer:
                return self.capture(self._captured_outside(tensor))
            if self._closed:
                raise ValueError(f"The body of {self.kind} is complete: cannot use {tensor.name!r} in it any more.")
            op_type = "RefCaptured" if tensor.dtype._is_ref_dtype else "Captured"
            inner = self._stand_in(op_type, tensor.name, tensor.dtype, tensor._shape, [tensor])
            self.captures[tensor] = inner
            self.root._uncounted += 1
        return inner

    def _captured_outside(self, tensor):
        if isinstance(self.outer, FuncGraph):
            return self.outer.capture(tensor)
        raise ValueError(f"{tensor} is not an element of this graph.")

    def _stand_in(self, op_type, name, dtype, shape, inputs):
        """Adds one of the operations that bodies get their inputs by; scopes don't apply to them."""
        with self._lock:
            op = Operation(self, get_op_def(op_type), name, inputs, {"T": dtype.base_dtype}, (), "",
                           capture_stack(), len(self._operations) + 1)
            op.outputs = [Tensor(op, 0, dtype, shape)]
            self._add_operation(op)
        return op.outputs[0]

    def close(self):
        """States that the body is complete, so that further captures are refused."""
        self._closed = True

    # ---- scopes

    @contextlib.contextmanager
    def control_dependencies(self, control_inputs):
        """Like `Graph.control_dependencies`.

        Operations of the graphs around are waited for by the body as a whole. None leaves the body, as
        in TensorFlow: what is created inside belongs to the user's graph.
        """
        if control_inputs is None:
            with self.left():
                yield
            return
        inside = []
        for item in control_inputs:
            if hasattr(item, "values") and hasattr(item, "indices") and hasattr(item, "op"):
                item = item.op
            element = self.as_graph_element(item)
            op = getattr(element, "op", element)
            if op.graph is self:
                inside.append(op)
            else:
                self.wait_for(op)
        with super().control_dependencies(inside):
            yield

    def wait_for(self, op):
        """Has the body as a whole run after `op`, an operation of a graph around it."""
        if op.graph is not self.outer:
            self.outer.wait_for(op)
        else:
            self.control_captures[op] = None

    @contextlib.contextmanager
    def left(self):
        """Makes the user's graph the default one, under the name scope and devices in force here."""
        root, mine = self.root, self._scopes
        with contextlib.ExitStack() as stack:
            stack.enter_context(root.as_default())
            stack.enter_context(root._replaced("controllers", ()))
            for field in ("name", "devices", "colocation", "attrs", "gradient_overrides", "container"):
                stack.enter_context(root._replaced(field, getattr(mine, field)))
            yield


@tf_export("init_scope")
@contextlib.contextmanager
def init_scope():
    """Leaves all bodies of conditionals and loops and all control dependencies (to make variables).

    Example:
      >>> import graphflow as tf
      >>> with tf.init_scope():
      ...     v = tf.Variable(1.0)
    """
    with scopes.get_default_graph().control_dependencies(None):
        yield


def sources(tensor):
    """`tensor`, and the tensors outside that it stands in for, innermost first."""
    while True:
        yield tensor
        if tensor.op.type not in ("Captured", "RefCaptured"):
            return
        tensor = tensor.op.inputs[0]
