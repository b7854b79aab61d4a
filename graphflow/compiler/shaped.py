"""A plan with the shapes of one call: what the shape passes work on.

Shape passes find more shapes, values and names for the same thing, and drop or replace nodes. The plan
itself, and its nodes, serve all shapes and are never changed: a pass that wants a node otherwise puts
another in its place (`Node.rewritten`). Holds no kernels and no memory.
"""


import copy

from graphflow.compiler.plan import Value
from graphflow.framework import dtypes

# What passes change of a ShapedPlan.
_CHANGED = ("nodes", "shape", "partial", "constants", "tapes", "arrays", "created", "bodies", "refusals", "alias",
            "_names", "history")


class ShapedPlan:
    """A plan whose feeds and variables have the given shapes.

    Attributes: plan. nodes: those left to run, in order. shape: Value -> full shape tuple, or None where it depends
      on data. partial: Value -> what is known of such a shape, if anything is. constants: Value -> array, the same
      at every run. alias: Value -> the Value whose memory it is, maybe under another shape (no alias itself).
      evaluate: computes a node now, see `runtime/evaluate.py`. bodies: operation with bodies -> ShapedPlans of
      these, where all shapes in them are known. tapes: Value that is a tape -> {tensor recorded: what is known of
      it}, see `body_shapes.py`. arrays: Value that is a TensorArray's handle -> what is known of it, see
      `array_shapes.py`. bounds: Value that is an integer -> (least, greatest) it can be, of what is fed to a body,
      see `counters.py`. alike: operation that makes an array whose elements may have several shapes -> the one they
      have. created: such operation -> what is known of its array. again: what makes ShapedPlans. varying: of a
      loop's body: the feeds, and starts of variables, that may change from one iteration to the next; else None.
      once: how many of the nodes, the first ones, run in the first iteration only. refusals: node whose inputs do
      not fit -> the error it fails with in its turn. history: list of (pass, nodes left after it).
    """

    __slots__ = ("plan", "nodes", "shape", "constants", "alias", "evaluate", "history", "_names", "_written", "bodies",
                 "tapes", "arrays", "bounds", "alike", "created", "again", "refusals", "varying", "once", "partial")

    def __init__(self, plan, feeds, variable_shapes, evaluate, again, varying=None):
        self.plan = plan
        self.nodes = [node for node in plan.nodes if node not in plan.dead]
        self.shape = {value: info.shape for value, info in zip(plan.feeds, feeds, strict=True)}
        self.partial = {}
        self.alike, self.created = {}, {}
        for variable in plan.variables:
            self.shape[variable.start] = variable_shapes.get(variable)
        self.constants = {v: info.constant for v, info in zip(plan.feeds, feeds) if info.constant is not None}
        self.tapes = {v: info.tape for v, info in zip(plan.feeds, feeds) if info.tape is not None}
        self.arrays = {v: info.array for v, info in zip(plan.feeds, feeds) if info.array is not None}
        self.bounds = {v: info.bounds for v, info in zip(plan.feeds, feeds) if info.bounds is not None}
        self.bodies = {}
        self.refusals = {}
        self.again = again
        self.varying = varying
        self.once = 0
        self.alias = {}
        self._names = {}  # root -> its aliases
        self.evaluate = evaluate
        self.history = []
        self._written = {w.variable for node in plan.nodes for w in node.writes}

    def copy(self, alike):
        """The same, knowing of arrays what `alike` says, that can be changed without changing this."""
        result = copy.copy(self)
        for name in _CHANGED:
            setattr(result, name, getattr(self, name).copy())
        result.alike = alike
        return result

    def root(self, value):
        """The value whose memory `value` shares."""
        return self.alias.get(value, value)

    def constant(self, array, name):
        """A new Value that is always `array`."""
        value = Value(dtypes.as_dtype(array.dtype), array.shape, name)
        self.constants[value], self.shape[value] = array, array.shape
        return value

    def is_stable(self, value):
        """Whether `value` stays in its memory for all of the step: a variable that is written does not."""
        variable = self.root(value).variable
        return variable is None or variable not in self._written

    def rename(self, value, source):
        """Makes `value` another name (or shape) of `source`; whether that is possible."""
        if not self.is_stable(source):
            return False
        self.share(value, source)
        return True

    def share(self, value, source):
        """`rename` for a caller who knows that `source` keeps its memory for as long as `value` is used."""
        root = self.root(source)
        names = self._names.setdefault(root, [])
        for name in (value, *self._names.pop(value, ())):
            self.alias[name] = root
            names.append(name)
