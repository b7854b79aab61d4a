"""Variable scopes and `tf.get_variable`: sharing variables by name.

State: per graph and thread, the current VariableScope and how often each was opened
(`Graph.attachments`). The variables themselves stand in `variable_store.py`.
"""

import contextlib
import enum
import functools
import threading

from graphflow.framework import dtypes, scopes
from graphflow.framework.api import export_value, tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph import GraphKeys, get_collection
from graphflow.framework.graph_scopes import graph_of, name_scope
from graphflow.ops import variable_store, variables
from graphflow.ops.variable_properties import (
    VariableAggregation,
    VariableSynchronization,
)

_KEY = "variable_scopes"


class _ReuseMode(enum.Enum):
    AUTO_REUSE = 1


AUTO_REUSE = _ReuseMode.AUTO_REUSE
export_value("AUTO_REUSE", __name__, "AUTO_REUSE")


@tf_export("no_regularizer")
def no_regularizer(_):
    """A regularizer that does nothing, to undo a scope's."""
    return


@tf_export("VariableScope")
class VariableScope:
    """What `get_variable` uses where it is not told: name prefix, reuse, and defaults.

    Attributes are the arguments of `tf.variable_scope`; `set_...` methods change them.
    """

    def __init__(self, reuse, name="", initializer=None, regularizer=None, caching_device=None,
                 partitioner=None, custom_getter=None, name_scope="", dtype=dtypes.float32, use_resource=None,
                 constraint=None):
        self._name = name
        self._name_scope = name_scope
        self.reuse = reuse
        self.initializer = initializer
        self.regularizer = regularizer
        self.caching_device = caching_device
        self.partitioner = partitioner
        self.custom_getter = custom_getter
        self.dtype = dtype
        self.use_resource = use_resource
        self.constraint = constraint

    @property
    def name(self):
        """Prefix of variables' names, without a trailing slash."""
        return self._name

    @property
    def original_name_scope(self):
        """The name scope that was opened with the scope when it was made."""
        return self._name_scope

    def reuse_variables(self):
        """From here on `get_variable` only shares what is there."""
        self.reuse = True

    def set_initializer(self, initializer):
        """Sets the default initializer."""
        self.initializer = initializer

    def set_dtype(self, dtype):
        """Sets the default dtype."""
        self.dtype = dtype

    def set_use_resource(self, use_resource):
        """Sets whether variables are resource variables."""
        self.use_resource = use_resource

    def set_regularizer(self, regularizer):
        """Sets the default regularizer."""
        self.regularizer = regularizer

    def set_caching_device(self, caching_device):
        """Sets the default caching device."""
        self.caching_device = caching_device

    def set_partitioner(self, partitioner):
        """Sets the default partitioner."""
        self.partitioner = partitioner

    def set_custom_getter(self, custom_getter):
        """Sets the custom getter."""
        self.custom_getter = custom_getter

    def get_collection(self, name):
        """Items of collection `name` whose names begin with this scope's."""
        return get_collection(name, self._name + "/" if self._name else "")

    def trainable_variables(self):
        """Trainable variables below this scope."""
        return self.get_collection(GraphKeys.TRAINABLE_VARIABLES)

    def global_variables(self):
        """Global variables below this scope."""
        return self.get_collection(GraphKeys.GLOBAL_VARIABLES)

    def local_variables(self):
        """Local variables below this scope."""
        return self.get_collection(GraphKeys.LOCAL_VARIABLES)

    def get_variable(self, var_store, name, shape=None, dtype=None, initializer=None, regularizer=None, reuse=None,
                     trainable=None, collections=None, caching_device=None, partitioner=None, validate_shape=True,
                     use_resource=None, custom_getter=None, constraint=None,
                     synchronization=VariableSynchronization.AUTO, aggregation=VariableAggregation.NONE):
        """`tf.get_variable` in this scope, with the variables in `var_store`."""

        def default(given, own):
            return own if given is None else given

        with name_scope(None):
            if dtype is not None and initializer is not None and not callable(initializer):
                found = convert_to_tensor(initializer).dtype.base_dtype
                if found != dtype:
                    raise ValueError(f"Initializer type '{found}' and explicit dtype '{dtype}' don't match.")
            return var_store.get_variable(
                f"{self.name}/{name}" if self.name else name, shape=shape, dtype=default(dtype, self.dtype),
                initializer=default(initializer, self.initializer),
                regularizer=default(regularizer, self.regularizer), reuse=default(reuse, self.reuse),
                trainable=trainable, collections=collections,
                caching_device=default(caching_device, self.caching_device),
                partitioner=default(partitioner, self.partitioner), validate_shape=validate_shape,
                use_resource=default(use_resource, self.use_resource),
                custom_getter=default(custom_getter, self.custom_getter),
                constraint=default(constraint, self.constraint), synchronization=synchronization,
                aggregation=aggregation)


class _ScopeStore(threading.local):
    """The current scope of a graph in this thread, and how often scope names were opened."""

    def __init__(self):
        self.current = VariableScope(False)
        self.counts = {}

    def opened(self, name):
        self.counts[name] = self.counts.get(name, 0) + 1

    def close_subscopes(self, name):
        for key in self.counts:
            if key.startswith(name + "/"):
                self.counts[key] = 0


def scope_store():
    """The _ScopeStore of the default graph."""
    return scopes.get_default_graph().attachments.setdefault(_KEY, _ScopeStore())


@tf_export("get_variable_scope")
def get_variable_scope():
    """The current VariableScope."""
    return scope_store().current


@tf_export("get_variable")
def get_variable(name, shape=None, dtype=None, initializer=None, regularizer=None, trainable=None,
                 collections=None, caching_device=None, partitioner=None, validate_shape=True,
                 use_resource=None, custom_getter=None, constraint=None,
                 synchronization=VariableSynchronization.AUTO, aggregation=VariableAggregation.NONE):
    """The variable `name` of the current variable scope: a new one, or the one that is there.

    Args:
      shape: static shape; not with a constant `initializer`. dtype: float32 by default.
      initializer: function of (shape, dtype, partition_info), or a value; Glorot uniform by default
        (zeros for integers). regularizer: function whose result goes to REGULARIZATION_LOSSES.
      partitioner: cuts it into slices (`tf.fixed_size_partitioner`). custom_getter: function that
        gets `getter` and the other arguments and returns a tensor or variable.
      Others: see `tf.Variable`.
    Raises ValueError if the variable is there and may not be shared, is not there though it should,
    or has another shape or dtype.

    Example:
      >>> import graphflow as tf
      >>> with tf.Graph().as_default(), tf.variable_scope("layer"):
      ...     tf.get_variable("w", [2, 3])
      <tf.Variable 'layer/w:0' shape=(2, 3) dtype=float32_ref>
    """
    return get_variable_scope().get_variable(
        variable_store.default_store(), name, shape=shape, dtype=dtype, initializer=initializer,
        regularizer=regularizer, trainable=trainable, collections=collections, caching_device=caching_device,
        partitioner=partitioner, validate_shape=validate_shape, use_resource=use_resource,
        custom_getter=custom_getter, constraint=constraint, synchronization=synchronization,
        aggregation=aggregation)


@tf_export("get_local_variable")
def get_local_variable(name, shape=None, dtype=None, initializer=None, regularizer=None, trainable=False,
                       collections=None, caching_device=None, partitioner=None, validate_shape=True,
                       use_resource=None, custom_getter=None, constraint=None,
                       synchronization=VariableSynchronization.AUTO, aggregation=VariableAggregation.NONE):
    """`tf.get_variable` for a local variable: not trainable, in `GraphKeys.LOCAL_VARIABLES`."""
    return get_variable(
        name, shape=shape, dtype=dtype, initializer=initializer, regularizer=regularizer, trainable=False,
        collections=[*(collections or ()), GraphKeys.LOCAL_VARIABLES], caching_device=caching_device,
        partitioner=partitioner, validate_shape=validate_shape, use_resource=use_resource,
        custom_getter=custom_getter, constraint=constraint, synchronization=synchronization,
        aggregation=aggregation)


def _wrapped_getter(custom_getter, outer):
    """A scope's custom getter around that of the scope it is in."""
    if outer is None:
        return custom_getter
    return lambda getter, *args, **kwargs: custom_getter(functools.partial(outer, getter), *args, **kwargs)


@contextlib.contextmanager
def pure_variable_scope(name_or_scope, reuse=None, old_name_scope=None, custom_getter=None, constraint=None,
                        **settings):
    """A variable scope without a name scope. Yields the VariableScope.

    `settings` are the other arguments of `tf.variable_scope`; None leaves what is inherited.
    """
    store = scope_store()
    outer, counts = store.current, None
    if isinstance(name_or_scope, VariableScope):
        parent, name, spelled = name_or_scope, name_or_scope.name, name_or_scope.original_name_scope
        counts = dict(store.counts)
        counts[name] = counts.get(name, 0) + 1
    else:
        parent = outer
        name = f"{outer.name}/{name_or_scope}" if outer.name else name_or_scope
        spelled = name_or_scope if old_name_scope is None else old_name_scope
    scope = VariableScope(
        reuse or parent.reuse, name=name, initializer=parent.initializer, regularizer=parent.regularizer,
        caching_device=parent.caching_device, partitioner=parent.partitioner, dtype=parent.dtype,
        custom_getter=parent.custom_getter, name_scope=spelled, use_resource=parent.use_resource,
        constraint=constraint)
    for key, value in settings.items():
        if value is not None:
            setattr(scope, key, value)
    if custom_getter is not None:
        scope.custom_getter = _wrapped_getter(custom_getter, parent.custom_getter)
    store.opened(name)
    store.current = scope
    try:
        yield scope
    finally:
        if store.current is not scope:
            raise RuntimeError("Improper nesting of variable_scope.")
        if counts is not None:
            store.counts = counts
        else:
            store.close_subscopes(name)
        store.current = outer


def unique_scope_name(prefix):
    """`prefix`, with a suffix if a variable scope of that name was opened here before."""
    store = scope_store()
    full = f"{store.current.name}/{prefix}" if store.current.name else prefix
    if not store.counts.get(full, 0):
        return prefix
    index = 1
    while store.counts.get(f"{full}_{index}", 0):
        index += 1
    return f"{prefix}_{index}"


@tf_export("variable_scope")
class variable_scope:
    """Context manager in which `get_variable` puts variables below a name and shares them.

    Args:
      name_or_scope: name of a scope below the current one, or a VariableScope to enter again.
      default_name: made unique and used if `name_or_scope` is None. values: tensors whose graph is
        made the default. reuse: True (share only), None or False (as the outer scope), or
        tf.AUTO_REUSE (share or make). auxiliary_name_scope: False opens no name scope.
      Others: defaults for `get_variable`.
    Raises TypeError or ValueError for arguments of a wrong kind.

    Example:
      >>> import graphflow as tf
      >>> with tf.Graph().as_default():
      ...     for _ in range(2):
      ...         with tf.variable_scope("a", reuse=tf.AUTO_REUSE):
      ...             print(tf.get_variable("v", []).name, tf.no_op().name)
      a/v:0 a/NoOp
      a/v:0 a_1/NoOp
    """

    def __init__(self, name_or_scope, default_name=None, values=None, initializer=None, regularizer=None,
                 caching_device=None, partitioner=None, custom_getter=None, reuse=None, dtype=None,
                 use_resource=None, constraint=None, auxiliary_name_scope=True):
        if default_name is None and name_or_scope is None:
            raise TypeError("If default_name is None then name_or_scope is required")
        if reuse not in (True, False, None, AUTO_REUSE):
            raise ValueError("The reuse parameter must be True or False or None.")
        if not isinstance(auxiliary_name_scope, bool):
            raise TypeError(f"The auxiliary_name_scope must be `True` or `False`, while get {auxiliary_name_scope}")
        self._name_or_scope = name_or_scope
        self._default_name = default_name
        self._reuse = reuse or None
        self._auxiliary_name_scope = auxiliary_name_scope
        self._settings = {
            "initializer": initializer, "regularizer": regularizer, "caching_device": caching_device,
            "partitioner": partitioner, "custom_getter": custom_getter, "dtype": dtype,
            "use_resource": use_resource, "constraint": constraint}
        self._graph = graph_of(values or ())
        self._stacks = []

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            stack.enter_context(self._graph.as_default())
            scope = self._enter(stack)
            self._stacks.append((scope, stack.pop_all()))
        return scope

    def _enter(self, stack):
        given = self._name_or_scope
        if given is None:
            if self._reuse:
                raise ValueError("reuse=True cannot be used without a name_or_scope")
            opened = stack.enter_context(self._name_scope(self._default_name))
            return stack.enter_context(pure_variable_scope(
                unique_scope_name(self._default_name), old_name_scope=opened, **self._settings))
        if not isinstance(given, (VariableScope, str)):
            raise TypeError("VariableScope: name_or_scope must be a string or VariableScope.")
        last = given if isinstance(given, str) else given.name.split("/")[-1]
        opened = None
        if last or not self._auxiliary_name_scope:
            opened = stack.enter_context(self._name_scope(last))
        return stack.enter_context(pure_variable_scope(
            given, reuse=self._reuse, old_name_scope=opened, **self._settings))

    def _name_scope(self, name):
        if self._auxiliary_name_scope:
            return name_scope(name)
        current = self._graph.get_name_scope()
        return name_scope(current + "/" if current else current)

    def __exit__(self, *error):
        scope, stack = self._stacks[-1]
        if self._graph.attachments[_KEY].current is not scope:
            raise RuntimeError("Improper nesting of variable_scope.")
        self._stacks.pop()
        return stack.__exit__(*error)


@tf_export("variable_op_scope")
@contextlib.contextmanager
def variable_op_scope(values, name_or_scope, default_name=None, initializer=None, regularizer=None,
                      caching_device=None, partitioner=None, custom_getter=None, reuse=None, dtype=None,
                      use_resource=None, constraint=None):
    """TensorFlow 0.x's order of `variable_scope`'s arguments."""
    with variable_scope(name_or_scope, default_name=default_name, values=values, initializer=initializer,
                        regularizer=regularizer, caching_device=caching_device, partitioner=partitioner,
                        custom_getter=custom_getter, reuse=reuse, dtype=dtype, use_resource=use_resource,
                        constraint=constraint) as scope:
        yield scope


@tf_export("variable_creator_scope")
@contextlib.contextmanager
def variable_creator_scope(variable_creator):
    """Has variables made by `variable_creator(next_creator, **kwargs)`; the innermost runs first."""
    attachments = scopes.get_default_graph().attachments
    outer = attachments.get(variables.CREATORS, ())
    attachments[variables.CREATORS] = (*outer, variable_creator)
    try:
        yield
    finally:
        attachments[variables.CREATORS] = outer
