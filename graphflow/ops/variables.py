"""`tf.Variable`: a value that a session keeps between runs.

`Variable` is what every kind shares (operators, row updates, loading); calling it makes a
RefVariable or, where asked for, a ResourceVariable. State: none but the graph's nodes and
collections; values live in sessions.
"""

from graphflow.framework import scopes
from graphflow.framework.api import tf_export
from graphflow.framework.graph import GraphKeys
from graphflow.framework.tensor import OPERATOR_METHODS, IndexedSlices
from graphflow.ops import state, state_scatter, variable_properties
from graphflow.ops.variable_properties import (
    VariableAggregation,
    VariableSynchronization,
    with_scope,
    without_scope,
)

CREATORS = "variable_creators"  # Graph.attachments key: creator functions, outermost first


class _VariableType(type):
    """Lets `Variable(...)` give an instance of the kind that was asked for."""

    def __call__(cls, *args, **kwargs):
        if cls is not Variable:
            return super().__call__(*args, **kwargs)
        return _make(*args, **kwargs)


def _make(initial_value=None, trainable=None, collections=None, validate_shape=True, caching_device=None,
          name=None, variable_def=None, dtype=None, expected_shape=None, import_scope=None, constraint=None,
          use_resource=None, synchronization=VariableSynchronization.AUTO,
          aggregation=VariableAggregation.NONE, shape=None):
    """A variable made by the creators in scope, the innermost first."""
    create = default_creator
    for creator in scopes.get_default_graph().attachments.get(CREATORS, ()):
        create = _chained(creator, create)
    return create(
        initial_value=initial_value, trainable=trainable, collections=collections,
        validate_shape=validate_shape, caching_device=caching_device, name=name, variable_def=variable_def,
        dtype=dtype, expected_shape=expected_shape, import_scope=import_scope, constraint=constraint,
        use_resource=use_resource, synchronization=synchronization,
        aggregation=aggregation or VariableAggregation.NONE, shape=shape)


def _chained(creator, previous):
    return lambda **kwargs: creator(previous, **kwargs)


def default_creator(use_resource=None, expected_shape=None, **kwargs):
    """A ResourceVariable if asked for by argument, variable scope or globally; else a RefVariable."""
    from graphflow.ops import ref_variable, resource_variable, variable_scope

    if use_resource is None:
        use_resource = variable_scope.get_variable_scope().use_resource
    if use_resource is None:
        use_resource = resource_variable.resource_variables_enabled()
    if use_resource:
        return resource_variable.ResourceVariable(**kwargs)
    return ref_variable.RefVariable(expected_shape=expected_shape, **kwargs)


def checked_collections(collections, trainable, constraint):
    """Collections a new variable goes to; ValueError for arguments of a wrong type."""
    if collections is None:
        collections = [GraphKeys.GLOBAL_VARIABLES]
    if not isinstance(collections, (list, tuple, set)):
        raise ValueError("collections argument to Variable constructor must be a list, tuple, or set. Got "  # noqa: TRY004
                         f"{collections} of type {type(collections)}")
    if constraint is not None and not callable(constraint):
        raise ValueError("The `constraint` argument must be a callable.")
    if trainable and GraphKeys.TRAINABLE_VARIABLES not in collections:
        collections = [*collections, GraphKeys.TRAINABLE_VARIABLES]
    return collections


class Colocation:
    """Stands for a variable that is about to be made, so that its initial value is placed with it."""

    __slots__ = ("_colocation", "device", "name")

    def __init__(self, name):
        self.name = name
        self.device = ""
        self._colocation = None


@tf_export("Variable")
class Variable(metaclass=_VariableType):
    """A value that outlives a run.

    Args:
      initial_value: tensor, or what becomes one, or a function without arguments that gives it.
      trainable: whether it goes to `GraphKeys.TRAINABLE_VARIABLES`; True unless
        `synchronization` is ON_READ. collections: others (default: GLOBAL_VARIABLES).
      validate_shape: False lets values have any shape. caching_device: where reads are kept.
      name: "Variable" by default, made unique. variable_def: VariableDef naming existing nodes, used
        instead of `initial_value`. dtype: of the value. expected_shape: ignored.
      import_scope: scope of the names in `variable_def`. constraint: function that optimizers apply
        to the value after an update. use_resource: a ResourceVariable. synchronization,
        aggregation: for replicas. shape: if not the initial value's.
    Raises ValueError without an initial value, or if its shape is not known.

    Example:
      >>> import graphflow as tf
      >>> tf.Variable([1.0, 2.0], name="weights")
      <tf.Variable 'weights:0' shape=(2,) dtype=float32_ref>
    """

    SaveSliceInfo = variable_properties.SaveSliceInfo
    # NumPy must leave `array * variable` to us.
    __array_priority__ = 100

    def __repr__(self):
        return f"<tf.Variable '{self.name}' shape={self.get_shape()} dtype={self.dtype.name}>"

    def __iter__(self):
        raise TypeError("'Variable' object is not iterable.")

    # ---- description

    @property
    def trainable(self):
        """Whether optimizers change it by default."""
        return self._trainable

    @property
    def synchronization(self):
        """VariableSynchronization."""
        return self._synchronization

    @property
    def aggregation(self):
        """VariableAggregation."""
        return self._aggregation

    @property
    def constraint(self):
        """The function that projects updated values, or None."""
        return self._constraint

    @property
    def initial_value(self):
        """The tensor that the initializer assigns."""
        return self._initial_value

    @property
    def initializer(self):
        """The operation that assigns the initial value."""
        return self._initializer_op

    @property
    def _shared_name(self):
        return self.name.partition(":")[0]

    def get_shape(self):
        """Static shape."""
        return self.shape

    def _shape_as_list(self):
        return None if self.shape.ndims is None else self.shape.as_list()

    def _get_save_slice_info(self):
        return self._save_slice_info

    def _set_save_slice_info(self, save_slice_info):
        self._save_slice_info = save_slice_info

    # ---- reading and loading

    def initialized_value(self):
        """The value if there is one, else the initial value."""
        return state.initialized_value(self)

    def eval(self, session=None):
        """Runs the graph for the value, in `session` or the default session."""
        return self._as_graph_element().eval(session=session)

    def load(self, value, session=None):
        """Puts `value` into the variable of `session` (or the default one); adds no nodes.

        Raises ValueError if there is no session.
        """
        session = session or scopes.get_default_session()
        if session is None:
            raise ValueError("Either session argument should be provided or default session should be established")
        session.run(self.initializer, {self.initializer.inputs[1]: value})

    def count_up_to(self, limit):
        """The value, which then grows by one; OutOfRangeError in a run at `limit`."""
        return state.count_up_to(self, limit)

    # ---- updates of parts

    def _rows(self, update, sparse_delta, use_locking, name):
        if not isinstance(sparse_delta, IndexedSlices):
            raise TypeError(f"sparse_delta is not IndexedSlices: {sparse_delta}")
        return update(self, sparse_delta.indices, sparse_delta.values, use_locking=use_locking, name=name)

    def scatter_sub(self, sparse_delta, use_locking=False, name=None):
        """Subtracts the rows in the IndexedSlices `sparse_delta`; the result is the new value."""
        return self._rows(state_scatter.scatter_sub, sparse_delta, use_locking, name)

    def scatter_add(self, sparse_delta, use_locking=False, name=None):
        """Adds the rows in the IndexedSlices `sparse_delta`."""
        return self._rows(state_scatter.scatter_add, sparse_delta, use_locking, name)

    def scatter_max(self, sparse_delta, use_locking=False, name=None):
        """Takes the larger of each entry and the rows in `sparse_delta`."""
        return self._rows(state_scatter.scatter_max, sparse_delta, use_locking, name)

    def scatter_min(self, sparse_delta, use_locking=False, name=None):
        """Takes the smaller of each entry and the rows in `sparse_delta`."""
        return self._rows(state_scatter.scatter_min, sparse_delta, use_locking, name)

    def scatter_mul(self, sparse_delta, use_locking=False, name=None):
        """Multiplies by the rows in `sparse_delta`."""
        return self._rows(state_scatter.scatter_mul, sparse_delta, use_locking, name)

    def scatter_div(self, sparse_delta, use_locking=False, name=None):
        """Divides by the rows in `sparse_delta`."""
        return self._rows(state_scatter.scatter_div, sparse_delta, use_locking, name)

    def scatter_update(self, sparse_delta, use_locking=False, name=None):
        """Sets the rows in `sparse_delta`."""
        return self._rows(state_scatter.scatter_update, sparse_delta, use_locking, name)

    def batch_scatter_update(self, sparse_delta, use_locking=False, name=None):
        """Sets rows within each entry of the leading dimensions; see `tf.batch_scatter_update`."""
        return state_scatter.batch_scatter_update(self, sparse_delta.indices, sparse_delta.values,
                                                  use_locking=use_locking, name=name)

    def scatter_nd_sub(self, indices, updates, name=None):
        """Subtracts from the slices at index vectors `indices`."""
        return state_scatter.scatter_nd_sub(self, indices, updates, use_locking=True, name=name)

    def scatter_nd_add(self, indices, updates, name=None):
        """Adds to the slices at index vectors `indices`."""
        return state_scatter.scatter_nd_add(self, indices, updates, use_locking=True, name=name)

    def scatter_nd_update(self, indices, updates, name=None):
        """Sets the slices at index vectors `indices`."""
        return state_scatter.scatter_nd_update(self, indices, updates, use_locking=True, name=name)

    # ---- protocol buffers

    def to_proto(self, export_scope=None):
        """The VariableDef that describes it, or None if it is not below `export_scope`."""
        from graphflow import protobuf

        if export_scope is not None and not self.name.startswith(export_scope):
            return None
        result = protobuf.VariableDef(
            variable_name=without_scope(self.name, export_scope), trainable=self.trainable,
            synchronization=self.synchronization.value, aggregation=self.aggregation.value,
            initializer_name=without_scope(self.initializer.name, export_scope),
            snapshot_name=without_scope(self._snapshot_tensor().name, export_scope))
        if self._initial_value is not None:
            result.initial_value_name = without_scope(self._initial_value.name, export_scope)
        if self._save_slice_info is not None:
            result.save_slice_info_def.MergeFrom(self._save_slice_info.to_proto(export_scope))
        return result

    def _read_proto(self, variable_def, import_scope):
        """Takes what both kinds of variables have from a VariableDef; returns the named element."""
        graph = scopes.get_default_graph()

        def element(name):
            return graph.as_graph_element(with_scope(name, import_scope)) if name else None

        self._initializer_op = element(variable_def.initializer_name)
        self._initial_value = element(variable_def.initial_value_name)
        properties = variable_properties.checked_properties(
            variable_def.synchronization, variable_def.aggregation, variable_def.trainable,
            variable_def.variable_name)
        self._synchronization, self._aggregation, self._trainable = properties
        self._save_slice_info = None
        if variable_def.HasField("save_slice_info_def"):
            self._save_slice_info = variable_properties.SaveSliceInfo(
                save_slice_info_def=variable_def.save_slice_info_def, import_scope=import_scope)
        self._constraint = None
        self._caching_device = None
        return element

    @staticmethod
    def from_proto(variable_def, import_scope=None):
        """The variable that a VariableDef describes, its nodes being in the default graph."""
        if variable_def.is_resource:
            from graphflow.ops.resource_variable import ResourceVariable

            return ResourceVariable(variable_def=variable_def, import_scope=import_scope)
        from graphflow.ops.ref_variable import RefVariable

        return RefVariable(variable_def=variable_def, import_scope=import_scope)


def _operator(method):
    def operator(self, *args):
        return getattr(self.value(), method)(*args)

    operator.__name__ = method
    return operator


for _method in OPERATOR_METHODS:
    setattr(Variable, _method, _operator(_method))


def _get_item(self, slice_spec):
    """A slice of the value; `variable[...].assign(value)` sets it."""
    from graphflow.ops import slicing

    return slicing.get_variable_item(self, slice_spec)


Variable.__getitem__ = _get_item
