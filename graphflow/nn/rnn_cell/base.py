"""What recurrent cells have in common: `RNNCell`, for cells that call `tf.get_variable`, and `LayerRNNCell`, for
those that make their weights in `build`.

State: that of a layer; of an RNNCell also the variable scope of its first call.
"""

from graphflow.framework import dtypes, nest
from graphflow.framework import public as tf
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.static_value import constant_value
from graphflow.framework.tensor import Tensor
from graphflow.framework.tensor_shape import as_shape, dimension_value
from graphflow.layers.base import Layer
from graphflow.ops import variable_scope as vs
from graphflow.ops.partitioned_variable import PartitionedVariable
from graphflow.ops.variable_lists import trainable_variables

_METHODS = ("output_size", "state_size")


def assert_like_rnncell(cell_name, cell):
    """Raises TypeError unless `cell`, given as argument `cell_name`, has what an RNNCell must have."""
    if isinstance(cell, type):
        raise TypeError(f"The argument {cell_name!r} is the class {cell.__name__}, not an RNNCell made from it: "
                        f"{cell.__name__}(...).")
    problems = [f"'{name}' property is missing" for name in _METHODS if not _has(cell, name)]
    if not (_has(cell, "get_initial_state") or _has(cell, "zero_state")):
        problems.append("either 'zero_state' or 'get_initial_state' method is required")
    if not callable(cell):
        problems.append("is not callable")
    if problems:
        raise TypeError(f"The argument {cell_name!r} ({cell}) is not an RNNCell: {', '.join(problems)}.")


def _has(cell, name):
    try:
        getattr(cell, name)
    except AttributeError:
        return False
    return True


def _size_tensor(size, what):
    """A size (int, TensorShape or tensor) as a vector of int32; None where it is not fully known."""
    if not isinstance(size, Tensor):
        shape = as_shape(size)
        return tf.constant(shape.as_list(), dtypes.int32) if shape.is_fully_defined() else None
    if size.shape.ndims == 0:
        return tf.expand_dims(size, 0)
    if size.shape.ndims != 1:
        raise ValueError(f"{what} tensor must be either a scalar or vector, but saw tensor: {size}")
    return size


def static_shape(prefix, suffix):
    """The static TensorShape of what has sizes `prefix`, then `suffix` (ints, TensorShapes or tensors)."""
    def known(size):
        if not isinstance(size, Tensor):
            return as_shape(size)
        value = constant_value(size)
        if value is None:
            return as_shape([None]) if size.shape.ndims == 0 else as_shape(None)
        return as_shape([int(d) for d in value.reshape(-1)])

    # Nobody needs these tensors: TensorFlow makes them here, so that later names come out alike.
    _size_tensor(prefix, "prefix"), _size_tensor(suffix, "suffix")
    return known(prefix).concatenate(known(suffix))


def shape_tensor(prefix, suffix):
    """The same as a tensor; ValueError where a size is None."""
    first, last = _size_tensor(prefix, "prefix"), _size_tensor(suffix, "suffix")
    if first is None or last is None:
        raise ValueError(f"Provided a prefix or suffix of None: {prefix} and {suffix}")
    return tf.concat((first, last), 0)


def _zeros(batch_size, size, dtype):
    """Zeros [batch_size, size]."""
    value = tf.zeros(shape_tensor(batch_size, size), dtype=dtype)
    value.set_shape(static_shape(batch_size, size))
    return value


def zeros_of_size(state_size, batch_size, dtype):
    """Zeros for a state of a size (int, TensorShape, or structure of them)."""
    return nest.map_structure(lambda size: _zeros(batch_size, size, dtype), state_size)


@tf_export("nn.rnn_cell.RNNCell", "contrib.rnn.RNNCell")
class RNNCell(Layer):
    """Base of recurrent cells: `(output, new_state) = cell(inputs, state)`.

    Subclasses define `state_size`, `output_size` and `call(inputs, state)` (or `__call__`), which may make its
    variables with `tf.get_variable`; later calls share them if the scope says so.

    Example:
      >>> import graphflow as tf
      >>> class Sum(tf.nn.rnn_cell.RNNCell):
      ...     state_size = output_size = 2
      ...     def call(self, inputs, state):
      ...         return inputs + state, inputs + state
      >>> cell = Sum()
      >>> output, state = cell(tf.ones([3, 2]), cell.zero_state(3, tf.float32))
      >>> state.shape
      TensorShape([Dimension(3), Dimension(2)])
    """

    def __init__(self, trainable=True, name=None, dtype=None, **kwargs):
        super().__init__(trainable=trainable, name=name, dtype=dtype, **kwargs)
        self._is_tf_rnn_cell = True

    def __call__(self, inputs, state, scope=None):
        """One step.

        Args: inputs: [batch, size]. state: what `zero_state` gives, or the new state of another step. scope:
          variable scope; by default one named after the class.
        Returns (output, new state).
        """
        if scope is not None:
            with vs.variable_scope(scope, custom_getter=self._rnn_get_variable) as opened:
                return super().__call__(inputs, state, scope=opened)
        scope = self.__dict__.setdefault("_first_scope", vs.get_variable_scope())
        with vs.variable_scope(scope, custom_getter=self._rnn_get_variable):
            return super().__call__(inputs, state)

    def _rnn_get_variable(self, getter, *args, **kwargs):
        """The custom getter that notes which variables are the cell's."""
        variable = getter(*args, **kwargs)
        first = list(variable)[0] if isinstance(variable, PartitionedVariable) else variable
        trained = any(first is known for known in trainable_variables())
        weights = self._trainable_weights if trained else self._non_trainable_weights
        if all(variable is not known for known in weights):
            weights.append(variable)
        return variable

    @property
    def state_size(self):
        """Size of the state: int, TensorShape, or nested tuples of them."""
        raise NotImplementedError("Abstract method")

    @property
    def output_size(self):
        """Size of the output: int or TensorShape."""
        raise NotImplementedError("Abstract method")

    def build(self, _):
        """Nothing: variables may be made by `call`."""

    def get_initial_state(self, inputs=None, batch_size=None, dtype=None):
        """`zero_state` for the batch size and dtype of `inputs`, or those given.

        Raises ValueError if neither is given, or they differ.
        """
        if inputs is not None:
            inputs = convert_to_tensor(inputs, name="inputs")
            size = dimension_value(inputs.shape[0])
            if batch_size is not None:
                given = constant_value(batch_size)
                if size != given:
                    raise ValueError("batch size from input tensor is different from the input param. Input tensor "
                                     f"batch: {size}, batch_size: {batch_size}")
            if dtype is not None and inputs.dtype != dtype:
                raise ValueError("dtype from input tensor is different from the input param. Input tensor dtype: "
                                 f"{inputs.dtype}, dtype: {dtype}")
            batch_size, dtype = size or tf.shape(inputs)[0], inputs.dtype
        if batch_size is None or dtype is None:
            raise ValueError("batch_size and dtype cannot be None while constructing initial state: "
                             f"batch_size={batch_size}, dtype={dtype}")
        return self.zero_state(batch_size, dtype)

    def zero_state(self, batch_size, dtype):
        """A state of zeros, in the structure of `state_size`; `batch_size` is an int or a scalar tensor."""
        with name_scope(type(self).__name__ + "ZeroState", values=[batch_size]):
            return zeros_of_size(self.state_size, batch_size, dtype)


@tf_export("contrib.rnn.LayerRNNCell")
class LayerRNNCell(RNNCell):
    """A cell that makes its weights in `build`, once, as layers do."""

    def __call__(self, inputs, state, scope=None, *args, **kwargs):
        """One step; see `RNNCell`."""
        return Layer.__call__(self, inputs, state, *args, scope=scope, **kwargs)


def check_float(*values):
    """Raises ValueError for tensors or dtypes that are not of floats or complex numbers."""
    for value in nest.flatten(values):
        if value is None:
            continue
        dtype = dtypes.as_dtype(getattr(value, "dtype", value)).base_dtype
        if not (dtype.is_floating or dtype.is_complex):
            raise ValueError(f"RNN cell only supports floating point inputs, but saw dtype: {dtype}")


def known_depth(inputs_shape):
    """Static size of the inputs' last dimension; ValueError if it is not known."""
    depth = dimension_value(inputs_shape[-1])
    if depth is None:
        raise ValueError(f"Expected inputs.shape[-1] to be known, saw shape: {inputs_shape}")
    return depth
