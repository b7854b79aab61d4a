"""The variables that `tf.get_variable` made in a graph, by name; making and sharing them.

State: one VariableStore per graph, in `Graph.attachments`.
"""

import collections.abc
import inspect
import traceback

from graphflow.framework import dtypes, raw_ops, scopes
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph import GraphKeys
from graphflow.framework.graph_scopes import colocate_with, name_scope
from graphflow.framework.tensor import Tensor
from graphflow.framework.tensor_shape import as_shape
from graphflow.ops import init_ops, partitioners, resource_variable, variable_properties
from graphflow.ops.partitioned_variable import PartitionedVariable
from graphflow.ops.variables import Variable

_KEY = "variable_store"


def default_store():
    """The VariableStore of the default graph."""
    return scopes.get_default_graph().attachments.setdefault(_KEY, VariableStore())


class VariableStore:
    """Variables by full name.

    Attributes: variables: {name: variable}; partitioned: {name: PartitionedVariable}.
    """

    def __init__(self):
        self.variables = {}
        self.partitioned = {}

    def get_variable(self, name, custom_getter=None, **kwargs):
        """The variable `name`, made if it may be; arguments are those of `tf.get_variable`.

        Raises ValueError if `reuse` does not allow what is needed, or the variable does not fit.
        """
        if custom_getter is not None and not callable(custom_getter):
            raise ValueError(f"Passed a custom_getter which is not callable: {custom_getter}")
        kwargs["dtype"] = getattr(kwargs["dtype"], "base_dtype", kwargs["dtype"])
        properties = variable_properties.checked_properties(
            kwargs["synchronization"], kwargs["aggregation"], kwargs["trainable"], name)
        kwargs["synchronization"], kwargs["aggregation"], kwargs["trainable"] = properties
        if custom_getter is None:
            return self._get(name, **kwargs)
        if not _accepts(custom_getter, "constraint"):
            kwargs.pop("constraint")
        return custom_getter(getter=self._get, name=name, **kwargs)

    def _get(self, name, shape=None, dtype=dtypes.float32, initializer=None, reuse=None, partitioner=None,
             **kwargs):
        """What custom getters get as `getter`."""
        arguments = {"shape": shape, "dtype": dtype, "initializer": initializer, "reuse": reuse, **kwargs}
        scalar = isinstance(shape, collections.abc.Sequence) and not shape
        if partitioner is not None and not scalar:
            if not callable(partitioner):
                raise ValueError(f"Partitioner must be callable, but received: {partitioner}")
            with name_scope(None):
                return self.get_partitioned(name, partitioner=partitioner, **arguments)
        if reuse is True and partitioner is None and name in self.partitioned:
            return self.get_partitioned(name, partitioner=None, **arguments)
        if f"{name}/part_0" in self.variables:
            raise ValueError(
                f"No partitioner was provided, but a partitioned version of the variable was found: {name}/part_0. "
                "Perhaps a variable of the same name was already created with partitioning?")
        return self._get_single(name, **arguments)

    # ---- one variable

    def _get_single(self, name, shape=None, dtype=dtypes.float32, initializer=None, regularizer=None,
                    partition_info=None, reuse=None, use_resource=None, **kwargs):
        if shape is not None and initializer is not None and not callable(initializer):
            raise ValueError("If initializer is a constant, do not specify shape.")
        dtype, shape = dtypes.as_dtype(dtype), as_shape(shape)
        if name in self.variables:
            return self._shared(name, shape, dtype, reuse)
        if reuse is True:
            raise ValueError(f"Variable {name} does not exist, or was not created with tf.get_variable(). Did you mean "
                             "to set reuse=tf.AUTO_REUSE in VarScope?")
        if initializer is None:
            if not shape.is_fully_defined():
                raise ValueError(f"Shape of a new variable ({name}) must be fully defined, but instead was {shape}: "
                                 "without an initializer there is nothing else to tell its shape")
            initializer = default_initializer(name, dtype)
        value, value_dtype = _initial_value(initializer, shape, dtype, partition_info)
        if use_resource is None:
            use_resource = resource_variable.resource_variables_enabled()
        variable = Variable(initial_value=value, name=name, dtype=value_dtype, use_resource=use_resource, **kwargs)
        self.variables[name] = variable
        if regularizer:
            _regularize(variable, name, regularizer)
        return variable

    def _shared(self, name, shape, dtype, reuse):
        found = self.variables[name]
        if reuse is False:
            message = (f"Variable {name} already exists, disallowed. Did you mean to set reuse=True or "
                       "reuse=tf.AUTO_REUSE in VarScope?")
            where = [tuple(entry) for entry in found.op.traceback[::-1][:5]]
            raise ValueError(f"{message} Originally defined at:\n\n{''.join(traceback.format_list(where))}")
        if not shape.is_compatible_with(found.get_shape()):
            raise ValueError(f"Trying to share variable {name}, but specified shape {shape} and found "
                             f"shape {found.get_shape()}.")
        if not dtype.is_compatible_with(found.dtype):
            raise ValueError(f"Trying to share variable {name}, but specified dtype {dtype.name} and found dtype "
                             f"{found.dtype.name}.")
        return found

    # ---- partitioned variables

    def get_partitioned(self, name, partitioner, shape=None, dtype=dtypes.float32, initializer=None, reuse=None,
                        **kwargs):
        """The PartitionedVariable `name`, made if it may be."""
        shape, dtype = as_shape(shape), dtypes.as_dtype(dtype)
        if isinstance(initializer, Tensor):
            shape = shape.merge_with(initializer.get_shape())
        if name in self.variables:
            raise ValueError(
                f"A partitioner was provided, but an unpartitioned version of the variable was found: {name}. Perhaps "
                "a variable of the same name was already created without partitioning?")
        partitions = None
        if partitioner is not None or not reuse:
            partitions = partitioners.call_partitioner(partitioner, shape, dtype)
        if name in self.partitioned:
            return self._shared_partitioned(name, shape, dtype, reuse, partitions)
        if reuse is True:
            raise ValueError(f"PartitionedVariable {name} does not exist, or was not created with tf.get_variable(). "
                             "Did you mean to set reuse=False or reuse=tf.AUTO_REUSE in VarScope?")
        axis, count = partitioners.cut_axis(partitions)
        self._check_same_cut(name, count)
        parts = [
            self._part(f"{name}/part_{i}", name, shape.as_list(), offset, size, dtype, initializer, reuse, kwargs)
            for i, (offset, size) in enumerate(partitioners.slices_of(shape.as_list(), count, axis))
        ]
        whole = self.partitioned[name] = PartitionedVariable(
            name=name, shape=shape.as_list(), dtype=parts[0].dtype.base_dtype, variable_list=parts,
            partitions=partitions)
        return whole

    def _shared_partitioned(self, name, shape, dtype, reuse, partitions):
        found = self.partitioned[name]
        if reuse is False:
            raise ValueError(f"Partitioned variable with name {name} already exists. Did you mean to set reuse=True or "
                             "reuse=tf.AUTO_REUSE in VarScope?")
        if not shape.is_compatible_with(as_shape(found.get_shape())):
            raise ValueError(f"Trying to reuse partitioned variable {name}, but specified shape {shape} and found "
                             f"shape {found.get_shape()}.")
        if not dtype.is_compatible_with(found.dtype):
            raise ValueError(f"Trying to reuse partitioned variable {name}, but specified dtype {dtype.name} and found "
                             f"dtype {found.dtype.name}.")
        if partitions is not None and list(found._get_partitions()) != list(partitions):
            raise ValueError(f"Trying to reuse partitioned variable {name}, but specified partitions {partitions} and "
                             f"found partitions {found._get_partitions()}.")
        return found

    def _check_same_cut(self, name, count):
        if f"{name}/part_0" not in self.variables:
            return
        last, next_one = f"{name}/part_{count - 1}", f"{name}/part_{count}"
        if last not in self.variables or next_one in self.variables:
            raise ValueError("Partitioner returned a different partitioning than what was already found. Partitioner "
                             f"returned {count} shards, and shard {name}/part_0 was found, but {last} was not the "
                             "last.")

    def _part(self, part_name, name, full_shape, offset, size, dtype, initializer, reuse, kwargs):
        info = partitioners.PartitionInfo(full_shape=full_shape, var_offset=offset)
        with name_scope(part_name + "/PartitionedInitializer"):
            if initializer is None:
                initializer = default_initializer(name, dtype)
            shape = size
            if not callable(initializer):
                # A constant for the whole: each part takes its slice.
                if not isinstance(initializer, Tensor):
                    initializer = convert_to_tensor(initializer, dtype=dtype)
                initializer, shape = raw_ops.Slice(initializer, offset, size), None
                dtype = initializer.dtype.base_dtype
        with name_scope(None):
            part = self._get_single(part_name, shape=shape, dtype=dtype, initializer=initializer,
                                    partition_info=info, reuse=reuse, **kwargs)
        part._set_save_slice_info(Variable.SaveSliceInfo(name, full_shape, offset, size))
        return part


def _accepts(function, argument):
    parameters = inspect.signature(function).parameters.values()
    return any(p.name == argument or p.kind is p.VAR_KEYWORD for p in parameters)


def default_initializer(name, dtype):
    """Glorot uniform for floating dtypes, zeros for others; ValueError if there is no default."""
    if dtype.is_floating:
        return init_ops.GlorotUniform()
    if dtype.is_integer or dtype.is_unsigned or dtype.is_bool or dtype == dtypes.string:
        return init_ops.Zeros()
    raise ValueError(f"An initializer for variable {name} of {dtype.base_dtype} is required")


def _initial_value(initializer, shape, dtype, partition_info):
    """(initial value or function that makes it, dtype to convert it to or None)."""
    if not callable(initializer):
        return initializer, None
    if inspect.isclass(initializer):
        initializer = initializer()
    if shape.is_fully_defined():
        return (lambda: initializer(shape.as_list(), dtype=dtype, partition_info=partition_info)), dtype.base_dtype
    parameters = inspect.signature(initializer).parameters.values()
    if all(p.default is not p.empty or p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters):
        return initializer, None
    raise ValueError("The initializer passed is not valid. It should be a callable with no arguments and the shape "
                     "should not be provided or an instance of `tf.keras.initializers.*' and `shape` should be fully "
                     "defined.")


def _regularize(variable, name, regularizer):
    with colocate_with(variable.op), name_scope(name + "/Regularizer/"):
        loss = regularizer(variable)
    if loss is not None:
        scopes.get_default_graph().add_to_collection(GraphKeys.REGULARIZATION_LOSSES, loss)
