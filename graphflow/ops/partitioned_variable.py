"""PartitionedVariable: several variables that are slices of one larger tensor.

State: the list of slices; values are those of the slices. Partitioning along one axis is supported.
"""

from graphflow.framework import raw_ops
from graphflow.framework.api import lookup
from graphflow.framework.convert import register_tensor_conversion_function
from graphflow.framework.graph_scopes import control_dependencies, name_scope
from graphflow.framework.tensor import OPERATOR_METHODS
from graphflow.framework.tensor_shape import as_shape


class PartitionedVariable:
    """Slices that read as one tensor; made by `tf.get_variable(..., partitioner=...)`.

    Args:
      name: of the whole. shape: list of int. dtype: DType. variable_list: variables with
        `_get_save_slice_info()`. partitions: number of slices per axis.
    Raises TypeError or ValueError if these do not fit together.
    """

    __array_priority__ = 100

    def __init__(self, name, shape, dtype, variable_list, partitions):
        if not isinstance(variable_list, (list, tuple)):
            raise TypeError(f"variable_list is not a list or tuple: {variable_list}")
        if not isinstance(partitions, (list, tuple)):
            raise TypeError(f"partitions is not a list or tuple: {partitions}")
        if not all(p >= 1 for p in partitions):
            raise ValueError(f"partition values must be positive: {partitions}")
        if not variable_list:
            raise ValueError("variable_list may not be empty")
        if len(shape) != len(partitions):
            raise ValueError(f"len(shape) != len(partitions): {shape} vs. {partitions}")
        for variable in variable_list:
            info = variable._get_save_slice_info()
            if info is None:
                raise ValueError("All variables must have a save_slice_info available: "
                                 f"{[v.name for v in variable_list]}")
            if info.full_shape != list(shape):
                raise ValueError(f"All variables' full shapes must match shape: {shape}; but full shapes were: "
                                 f"{[info.full_shape]}")
        self._variable_list = sorted(variable_list, key=lambda v: v._get_save_slice_info().var_offset)
        self._name = name
        self._shape = shape
        self._dtype = dtype
        self._partitions = partitions

    def __iter__(self):
        return iter(self._variable_list)

    def __len__(self):
        axes = self._partition_axes()
        if len(axes) > 1:
            raise ValueError(f"Cannot get a length for {len(axes)} > 1 partition axes")
        return len(self._variable_list)

    def __repr__(self):
        return (f"<PartitionedVariable '{self.name}' shape={as_shape(self._shape)} dtype={self.dtype.name} of "
                f"{len(self._variable_list)} slices>")

    def _partition_axes(self):
        return [i for i, p in enumerate(self._partitions) if p > 1] or [0]

    def _one_axis(self, purpose):
        axes = self._partition_axes()
        if len(axes) > 1:
            raise NotImplementedError(f"Cannot {purpose} along more than one dimension: {axes}")
        return axes[0]

    def _concat(self):
        if len(self._variable_list) == 1:
            with name_scope(None):
                return raw_ops.Identity(self._variable_list[0], name=self._name)
        axis = self._one_axis("concatenate")
        with name_scope(self._name + "/ConcatPartitions/"):
            whole = lookup("concat")(self._variable_list, axis)
        with name_scope(None):
            return raw_ops.Identity(whole, name=self._name)

    def as_tensor(self):
        """The slices as one tensor, outside of the control dependencies in scope."""
        with control_dependencies(None):
            return self._concat()

    def value(self):
        """The slices as one tensor."""
        return self.as_tensor()

    @property
    def name(self):
        """Name of the whole."""
        return self._name

    @property
    def dtype(self):
        """DType of the slices."""
        return self._dtype

    @property
    def shape(self):
        """Static shape of the whole."""
        return as_shape(self._shape)

    def get_shape(self):
        """Static shape of the whole."""
        return self.shape

    def _get_variable_list(self):
        return self._variable_list

    def _get_partitions(self):
        return self._partitions

    def _apply(self, method, value, use_locking, name, read_value):
        axis = self._one_axis("assign")
        if isinstance(value, (list, PartitionedVariable)):
            parts = list(value)
            if len(parts) != len(self._variable_list):
                raise ValueError(f"{len(parts)} values for {len(self._variable_list)} slices of {self.name}")
        else:
            sizes = [v.shape.as_list()[axis] for v in self._variable_list]
            parts = lookup("split")(value, sizes, axis=axis)
        return [getattr(v, method)(part, use_locking=use_locking, name=name, read_value=read_value)
                for v, part in zip(self._variable_list, parts)]

    def assign(self, value, use_locking=False, name=None, read_value=True):
        """Sets the slices from a tensor of the whole shape, or a list with one value for each.

        Returns the list of what assigning to the slices returns.
        """
        return self._apply("assign", value, use_locking, name, read_value)

    def assign_add(self, value, use_locking=False, name=None, read_value=True):
        """Adds to the slices; see `assign`."""
        return self._apply("assign_add", value, use_locking, name, read_value)

    def assign_sub(self, value, use_locking=False, name=None, read_value=True):
        """Subtracts from the slices; see `assign`."""
        return self._apply("assign_sub", value, use_locking, name, read_value)


def _operator(method):
    def operator(self, *args):
        return getattr(self.as_tensor(), method)(*args)

    operator.__name__ = method
    return operator


for _method in OPERATOR_METHODS:
    setattr(PartitionedVariable, _method, _operator(_method))


def _to_tensor(variable, dtype=None, name=None, as_ref=False):
    if dtype is not None and not dtype.is_compatible_with(variable.dtype):
        raise ValueError(f"Incompatible type conversion requested to type '{dtype.name}' for variable of type "
                         f"'{variable.dtype.name}'")
    if as_ref:
        raise NotImplementedError("PartitionedVariable doesn't support being used as a reference.")
    return variable.as_tensor()


register_tensor_conversion_function(PartitionedVariable, _to_tensor)
