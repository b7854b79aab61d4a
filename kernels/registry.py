"""The kernel registries: `reference` (NumPy), `cpu` (Numba) and `cuda`, and their one contract.

A kernel is a *maker*: it runs once, when a plan is bound, with a KernelContext, and returns what
runs at every step. A maker may return None: not supported here, use the next tier.

* reference: `run(*inputs)` returns the output array, a tuple of them, or None. Inputs are read only, and the
  caller's: their memory is used again, so that who keeps one keeps a copy. For each Ref input that the op writes, the
  kernel returns the new value, in order.
* cpu: `Native(function, words)`: a compiled `int32 f(int64* block)` and the words of its argument
  block. All shapes are known when the maker runs; compiled code serves every shape.
* cuda: `run(*inputs, *outputs)` on flat device arrays; all shapes are known when the maker runs,
  which fixes the launch (see `kernels/cuda/__init__.py`).

State: the makers registered so far. Families load on demand: asking for the kernel of an op
imports the file of its family's stem.
"""

import importlib


class KernelContext:
    """What a maker may know about the node it makes a kernel for.

    Attributes:
      op_type, op_name: of the node. input_dtypes, output_dtypes: lists of DType (never ref).
      input_shapes, output_shapes: lists of tuples; entries or whole shapes may be None where they
        are unknown (reference only). resources: the session's ResourceManager. threads: how many
        threads a kernel may use. stream: the device stream that a cuda kernel launches on. functions:
        makes what runs a body graph (reference only).
    """

    __slots__ = ("op_type", "op_name", "attrs", "input_dtypes", "output_dtypes", "input_shapes",
                 "output_shapes", "resources", "threads", "graph_seed", "input_values", "stream", "_functions")

    def __init__(self, op_type, op_name, attrs, input_dtypes, output_dtypes, input_shapes=None,
                 output_shapes=None, resources=None, threads=1, graph_seed=None,
                 input_values=None, stream=0, functions=None):
        self.op_type = op_type
        self.op_name = op_name
        self.attrs = attrs
        self.input_dtypes = input_dtypes
        self.output_dtypes = output_dtypes
        self.input_shapes = input_shapes or [None] * len(input_dtypes)
        self.output_shapes = output_shapes or [None] * len(output_dtypes)
        self.resources = resources
        self.threads = threads
        self.graph_seed = graph_seed
        self.input_values = input_values or [None] * len(input_dtypes)
        self.stream = stream
        self._functions = functions

    def value(self, index):
        """Input `index` as an array where it is the same at every step, else None."""
        return self.input_values[index]

    def attr(self, name):
        """The value of attribute `name` (KeyError if the op has none of that name)."""
        return self.attrs[name]

    def function(self, name):
        """The body graph in attribute `name` as what runs it: see `graphflow/runtime/functions.py`."""
        return self._functions(self.attrs[name])

    def has_attr(self, name):
        """Whether the node has attribute `name`."""
        return name in self.attrs

    @property
    def num_inputs(self):
        """Number of input tensors, lists flattened."""
        return len(self.input_dtypes)

    @property
    def num_outputs(self):
        """Number of output tensors, lists flattened."""
        return len(self.output_dtypes)


class In:
    """Argument word: base pointer of input `index`."""

    __slots__ = ("index",)

    def __init__(self, index):
        self.index = index


class Out:
    """Argument word: base pointer of output `index`."""

    __slots__ = ("index",)

    def __init__(self, index):
        self.index = index


class Head:
    """Argument word: address of what describes the TensorArray whose handle is input `index`.

    Only where the array is one that native kernels may use (`graphflow/runtime/arrays.py`).
    """

    __slots__ = ("index",)

    def __init__(self, index):
        self.index = index


class F64:
    """Argument word: a double, bit-cast into the word."""

    __slots__ = ("value",)

    def __init__(self, value):
        self.value = float(value)


class Scratch:
    """Argument word: pointer to `nbytes` of scratch memory owned by the plan.

    The same object in several words of a kernel is the same memory.
    """

    __slots__ = ("nbytes",)

    def __init__(self, nbytes):
        self.nbytes = nbytes


class Table:
    """Argument word: address of an array that is the same at every run. Who keeps the words keeps it."""

    __slots__ = ("array",)

    def __init__(self, array):
        self.array = array


class Native:
    """A bound native kernel: compiled function and the words of its argument block.

    `before_run(block)`, if given, is called before each run of the step that the kernel is part of,
    with its argument block (a sequence of words): it writes what changes from run to run. It has what loops need
    to do without: see `cpu/random.py`.
    `meanwhile`, if given, is what serves until `function` is compiled, in place of the reference kernel.
    `in_place` are pairs (number of an output, number of an input of as many elements and bytes): the output may be
    made in the memory of the input.
    `panels`, if given, is a `Panels`: how the kernel may read an input that another one has laid out.
    """

    __slots__ = ("function", "words", "before_run", "meanwhile", "in_place", "panels")

    def __init__(self, function, words, before_run=None, meanwhile=None):
        self.function = function
        self.words = words
        self.before_run = before_run
        self.meanwhile = meanwhile
        self.in_place = ()
        self.panels = None

    def with_stand_in(self, run):
        """This kernel, served by `run` until it is compiled."""
        self.meanwhile = run
        return self


class Panels:
    """How several kernels may share the work of laying out an input.

    Attributes: input: its number. shape: of what is laid out. key: what kernels that share it have in common.
    pack(): the Native that lays In(0) out as Out(0). product(): the kernel for an input that is laid out.
    """

    __slots__ = ("input", "shape", "key", "pack", "product")

    def __init__(self, input, shape, key, pack, product):
        self.input = input
        self.shape = shape
        self.key = key
        self.pack = pack
        self.product = product


class KernelRegistry:
    """Makers of one device, by op type and dtype constraints."""

    def __init__(self, device):
        self.device = device
        self._makers = {}
        self._families = set()

    def kernel(self, *op_types, **constraints):
        """Decorator: registers a maker for `op_types`, for nodes whose attrs meet `constraints`.

        A constraint `T=("float32", "float64")` names the dtypes that attribute T may have.
        """
        allowed = {name: frozenset(values) for name, values in constraints.items()}

        def record(maker):
            for op_type in op_types:
                self._makers.setdefault(op_type, []).append((allowed, maker))
            return maker

        return record

    def function(self, op_type, run):
        """Registers `run` as the kernel of an op without attributes."""
        self.kernel(op_type)(lambda ctx: run)

    def find(self, op_type, family, attrs):
        """The maker for a node, or None. Imports `kernels/<device>/<family>.py` when first asked."""
        if family not in self._families:
            self._load(family)
        for allowed, maker in self._makers.get(op_type, ()):
            if all(attrs[name].base_dtype.name in values for name, values in allowed.items()):
                return maker
        return None

    def _load(self, family):
        name = f"{__package__}.{self.device}.{family}"
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name != name:
                raise
        self._families.add(family)

    def op_types(self):
        """Op types with at least one kernel among the families loaded."""
        return set(self._makers)


reference = KernelRegistry("reference")
cpu = KernelRegistry("cpu")
cuda = KernelRegistry("cuda")
