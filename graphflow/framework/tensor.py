"""Tensor: the symbolic handle to one output of an operation; and IndexedSlices.

A Tensor holds no values: its dtype, its static shape (a plain tuple; `shape` makes a TensorShape)
and its consumers. Operators (`+`, `[...]`) live with the ops they build and are bound on first use.
"""

from graphflow.framework import api, shapes
from graphflow.framework.tensor_shape import TensorShape, as_shape


@api.tf_export("Tensor")
class Tensor:
    """One output of an Operation.

    Example:
      >>> import graphflow as tf
      >>> x = tf.placeholder(tf.float32, [None, 10], name="x")
      >>> x
      <tf.Tensor 'x:0' shape=(?, 10) dtype=float32>
    """

    __slots__ = ("op", "value_index", "dtype", "_shape", "_consumers", "_handle_data",
                 "__weakref__", "__dict__")

    # NumPy must leave `array * tensor` to us.
    __array_priority__ = 100

    def __init__(self, op, value_index, dtype, shape=None):
        self.op = op
        self.value_index = value_index
        self.dtype = dtype
        self._shape = shape
        self._consumers = []

    @property
    def graph(self):
        """The Graph that holds this tensor."""
        return self.op.graph

    @property
    def name(self):
        """`op_name:index`."""
        return f"{self.op.name}:{self.value_index}"

    @property
    def device(self):
        """Device requested for the producing op."""
        return self.op.device

    @property
    def shape(self):
        """The static TensorShape, as far as it is known."""
        return TensorShape.from_tuple(self._shape)

    def get_shape(self):
        """The static TensorShape, as far as it is known."""
        return TensorShape.from_tuple(self._shape)

    def _shape_as_list(self):
        return None if self._shape is None else list(self._shape)

    def set_shape(self, shape):
        """Refines the static shape; ValueError if it contradicts what is known."""
        shape = as_shape(shape)
        try:
            self._shape = shapes.merge_shapes(self._shape, shape.as_tuple())
        except ValueError:
            raise ValueError(
                f"Shapes {self.shape} and {shape} are not compatible: cannot set the shape of {self.name!r}"
            ) from None

    def consumers(self):
        """Operations that take this tensor as input."""
        # Bodies that use it stand in the list, too; what uses them uses it.
        return [op for op in self._consumers if op.graph is self.op.graph]

    def eval(self, feed_dict=None, session=None):
        """Runs the graph for this tensor's value in `session` or the default session."""
        from graphflow.framework.scopes import require_session

        return require_session(session, self.graph, "evaluate tensor").run(self, feed_dict)

    def _as_tensor(self):
        return self

    def __repr__(self):
        return f"<tf.Tensor '{self.name}' shape={self.shape} dtype={self.dtype.name}>"

    def __str__(self):
        return f'Tensor("{self.name}"{self._shape_text()}, dtype={self.dtype.name}{self._device_text()})'

    def _shape_text(self):
        return f", shape={self.shape}" if self._shape is not None else ""

    def _device_text(self):
        return f", device={self.op.device}" if self.op.device else ""

    # Tensors are equal if they are the same: Python's own way, which it decides without a call.
    __hash__ = object.__hash__
    __eq__ = object.__eq__

    def __len__(self):
        raise TypeError(
            f"object of type 'Tensor' has no len(): {self.name!r} is symbolic; "
            "use tensor.shape[0] or tf.shape(tensor)[0]"
        )

    def __iter__(self):
        raise TypeError(
            f"Tensor objects are only iterable when eager execution is enabled: {self.name!r} is symbolic. "
            "To iterate over this tensor use tf.map_fn, tf.while_loop or tf.unstack."
        )

    def __bool__(self):
        raise TypeError(
            "Using a `tf.Tensor` as a Python `bool` is not allowed. Use `if t is not None:` instead of `if t:` "
            "to test if a tensor is defined, and use TensorFlow ops such as tf.cond to execute subgraphs "
            f"conditioned on the value of a tensor. (Tensor: {self.name})"
        )

    def __array__(self, dtype=None, copy=None):
        raise NotImplementedError(
            f"Cannot convert a symbolic Tensor ({self.name}) to a numpy array: run it in a session first"
        )

    def __getattr__(self, name):
        raise AttributeError(f"'Tensor' object has no attribute {name!r} (tensor {self.name!r})")


BINARY_OPERATORS = ("add", "sub", "mul", "truediv", "div", "floordiv", "mod", "pow", "matmul",
                    "and", "or", "xor")
OPERATOR_METHODS = (
    *(f"__{name}__" for name in BINARY_OPERATORS),
    *(f"__r{name}__" for name in BINARY_OPERATORS),
    "__lt__", "__le__", "__gt__", "__ge__", "__neg__", "__invert__", "__abs__", "__getitem__",
)


def _bind_operator(method):
    """A method that finds its implementation on first use and replaces itself by it."""

    def operator(self, *args):
        index = __import__("graphflow.api_index", fromlist=["OPERATORS"])
        implementation = api.resolve(index.OPERATORS[method])

        def bound(self, *args):
            return implementation(self, *args)

        bound.__name__ = method
        setattr(Tensor, method, bound)
        return implementation(self, *args)

    operator.__name__ = method
    return operator


for _method in OPERATOR_METHODS:
    setattr(Tensor, _method, _bind_operator(_method))


class TensorLike:
    """Base of what stands for a tensor without being one (IndexedSlices, SparseTensor)."""


@api.tf_export("IndexedSlices")
class IndexedSlices(TensorLike):
    """Some rows of a large tensor: `values[i]` is row `indices[i]`.

    Gradients of `gather` have this form. Rows named twice are added.

    Args:
      values: Tensor [n, ...]. indices: integer Tensor [n]. dense_shape: shape of the whole, or None.
    """

    def __init__(self, values, indices, dense_shape=None):
        self._values = values
        self._indices = indices
        self._dense_shape = dense_shape

    @property
    def values(self):
        """Tensor [n, ...] of rows."""
        return self._values

    @property
    def indices(self):
        """Tensor [n] of row numbers."""
        return self._indices

    @property
    def dense_shape(self):
        """Shape of the whole tensor, or None."""
        return self._dense_shape

    @property
    def name(self):
        """Name of `values`."""
        return self._values.name

    @property
    def device(self):
        """Device of `values`."""
        return self._values.device

    @property
    def op(self):
        """Operation that makes `values`."""
        return self._values.op

    @property
    def dtype(self):
        """DType of the rows."""
        return self._values.dtype

    @property
    def graph(self):
        """Graph of `values`."""
        return self._values.graph

    @property
    def shape(self):
        """Static shape of the whole tensor."""
        from graphflow.framework.static_value import constant_value_as_shape

        return TensorShape(None) if self._dense_shape is None else constant_value_as_shape(self._dense_shape)

    def _as_tensor(self):
        return self

    def __str__(self):
        dense = f", dense_shape={self._dense_shape}" if self._dense_shape is not None else ""
        return f"IndexedSlices(indices={self._indices}, values={self._values}{dense})"

    def __neg__(self):
        return IndexedSlices(-self.values, self.indices, self.dense_shape)


def is_tensor_like(value):
    """Whether `value` is a Tensor, a variable, or another handle to graph values."""
    return isinstance(value, (Tensor, TensorLike)) or hasattr(value, "_as_graph_element")


@api.tf_export("is_tensor", "contrib.framework.is_tensor")
def is_tensor(x):
    """Whether `x` is a tensor, dense or sparse, or a variable: something `tf.convert_to_tensor` takes as it is."""
    return isinstance(x, TensorLike) or is_tensor_like(x)
