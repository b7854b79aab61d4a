"""ShapeContext: what an op's shape function may look at, and how its failures are worded.

One context serves graph building (partial shapes, constants found in the graph) and plan binding
(full shapes, values known at run time). Holds no state beyond one inference.
"""

from graphflow.framework import shapes, static_value


class ShapeContext:
    """The view of a node that shape functions get.

    Attributes: shapes (list of input shapes: tuples or None), attrs, num_outputs.
    """

    __slots__ = ("shapes", "attrs", "num_outputs", "_inputs")

    # Whether shapes and values are those of a run, so that messages can be the kernels'.
    running = False

    def __init__(self, inputs, attrs, num_outputs):
        self._inputs = inputs
        self.shapes = [tensor._shape for tensor in inputs]
        self.attrs = attrs
        self.num_outputs = num_outputs

    def shape(self, index):
        """Shape of input `index`: a tuple of int|None, or None."""
        return self.shapes[index]

    def dtype(self, index):
        """DType of input `index`."""
        return self._inputs[index].dtype.base_dtype

    def attr(self, name):
        """Value of attribute `name`."""
        return self.attrs[name]

    def value(self, index):
        """The constant value of input `index` as an ndarray, or None."""
        return static_value.constant_value(self._inputs[index])

    def shape_value(self, index):
        """Input `index` read as a shape: a tuple with None where unknown, or None."""
        return static_value.constant_shape(self._inputs[index])

    def maker(self, index):
        """The operation that made handle input `index`; None in a run."""
        tensor = self._inputs[index]
        while tensor.op.type in ("Identity", "Captured"):
            tensor = tensor.op.inputs[0]
        return tensor.op

    def handle(self, index):
        """(DType, shape) of the variable behind handle input `index`; None for what is unknown."""
        op = self.maker(index)
        if op.type == "VarHandleOp":
            return op.attrs["dtype"], op.attrs["shape"]
        return None, None


class BoundShapeContext(ShapeContext):
    """The same view when shapes and values are those of a running plan."""

    __slots__ = ("_dtypes", "_values")

    running = True

    def __init__(self, input_shapes, dtypes, values, attrs, num_outputs):
        self.shapes = input_shapes
        self.attrs = attrs
        self.num_outputs = num_outputs
        self._dtypes = dtypes
        self._values = values

    def dtype(self, index):
        """DType of input `index`."""
        return self._dtypes[index]

    def value(self, index):
        """The value of input `index` as an ndarray, or None."""
        return self._values[index]

    def shape_value(self, index):
        """Input `index` read as a shape."""
        value = self._values[index]
        return None if value is None else static_value.as_shape_tuple(value)

    def maker(self, index):
        """Plans know handles by their values only."""
        return None

    def handle(self, index):
        """(DType, shape) of the variable behind a handle: plans know variables by their values."""
        return self._dtypes[index], self.shapes[index]


def infer(op_def, op_name, context):
    """Output shapes of a node; ValueError in TensorFlow's wording if inputs don't fit."""
    try:
        return op_def.shape_fn(context)
    except ValueError as error:
        inputs = ", ".join(shapes.format_shape(shape) for shape in context.shapes)
        raise ValueError(
            f"{error} for '{op_name}' (op: '{op_def.name}') with input shapes: {inputs}."
        ) from None
