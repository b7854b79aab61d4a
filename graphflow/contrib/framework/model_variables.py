"""Variables of models: making them, and finding them in collections. State: none but the graph's."""

import functools
import re

import graphflow as tf
from graphflow.contrib.framework.argument_scopes import add_arg_scope
from graphflow.framework.api import export_value, tf_export
from graphflow.framework.deprecation import warn_once

_AUTO = tf.VariableSynchronization.AUTO
_NONE = tf.VariableAggregation.NONE


@tf_export("contrib.framework.local_variable", "contrib.slim.local_variable")
def local_variable(initial_value, validate_shape=True, name=None, use_resource=None):
    """A variable of the collection LOCAL_VARIABLES, not trainable."""
    return tf.Variable(initial_value, trainable=False, collections=[tf.GraphKeys.LOCAL_VARIABLES],
                       validate_shape=validate_shape, use_resource=use_resource, name=name)


@tf_export("contrib.framework.global_variable", "contrib.slim.global_variable")
def global_variable(initial_value, validate_shape=True, name=None, use_resource=None):
    """A variable of the collection GLOBAL_VARIABLES, not trainable."""
    return tf.Variable(initial_value, trainable=False, collections=[tf.GraphKeys.GLOBAL_VARIABLES],
                       validate_shape=validate_shape, use_resource=use_resource, name=name)


@tf_export("contrib.framework.variable", "contrib.slim.variable")
@add_arg_scope
def variable(name, shape=None, dtype=None, initializer=None, regularizer=None, trainable=True, collections=None,
             caching_device=None, device=None, partitioner=None, custom_getter=None, use_resource=None,
             synchronization=_AUTO, aggregation=_NONE):
    """`tf.get_variable` on a `device`."""
    collections = list(dict.fromkeys([tf.GraphKeys.GLOBAL_VARIABLES] if collections is None else collections))
    getter = tf.get_variable
    if custom_getter is not None:
        getter = functools.partial(custom_getter, reuse=tf.get_variable_scope().reuse)
    with tf.device(device or ""):
        return getter(name, shape=shape, dtype=dtype, initializer=initializer, regularizer=regularizer,
                      trainable=trainable, collections=collections, caching_device=caching_device,
                      partitioner=partitioner, use_resource=use_resource, synchronization=synchronization,
                      aggregation=aggregation)


@tf_export("contrib.framework.model_variable", "contrib.slim.model_variable")
@add_arg_scope
def model_variable(name, shape=None, dtype=tf.float32, initializer=None, regularizer=None, trainable=True,
                   collections=None, caching_device=None, device=None, partitioner=None, custom_getter=None,
                   use_resource=None, synchronization=_AUTO, aggregation=_NONE):
    """`variable` that is also in the collection MODEL_VARIABLES."""
    collections = [*(collections or []), tf.GraphKeys.GLOBAL_VARIABLES, tf.GraphKeys.MODEL_VARIABLES]
    return variable(name, shape=shape, dtype=dtype, initializer=initializer, regularizer=regularizer,
                    trainable=trainable, collections=collections, caching_device=caching_device, device=device,
                    partitioner=partitioner, custom_getter=custom_getter, use_resource=use_resource,
                    synchronization=synchronization, aggregation=aggregation)


@tf_export("contrib.framework.add_model_variable", "contrib.slim.add_model_variable")
def add_model_variable(var):
    """Adds a variable to MODEL_VARIABLES, once."""
    if not any(known is var for known in tf.get_collection(tf.GraphKeys.MODEL_VARIABLES)):
        tf.add_to_collection(tf.GraphKeys.MODEL_VARIABLES, var)


@tf_export("contrib.framework.get_variables", "contrib.slim.get_variables")
def get_variables(scope=None, suffix=None, collection=tf.GraphKeys.GLOBAL_VARIABLES):
    """Variables of a collection whose names match `scope` (a name, pattern or VariableScope) and end in `suffix`."""
    if isinstance(scope, tf.VariableScope):
        scope = scope.name
    if suffix is not None:
        if ":" not in suffix:
            suffix += ":"
        scope = (scope or "") + ".*" + suffix
    return tf.get_collection(collection, scope)


@tf_export("contrib.framework.get_model_variables", "contrib.slim.get_model_variables")
def get_model_variables(scope=None, suffix=None):
    """`get_variables` of MODEL_VARIABLES."""
    return get_variables(scope, suffix, tf.GraphKeys.MODEL_VARIABLES)


@tf_export("contrib.framework.get_local_variables", "contrib.slim.get_local_variables")
def get_local_variables(scope=None, suffix=None):
    """`get_variables` of LOCAL_VARIABLES."""
    return get_variables(scope, suffix, tf.GraphKeys.LOCAL_VARIABLES)


@tf_export("contrib.framework.get_trainable_variables", "contrib.slim.get_trainable_variables")
def get_trainable_variables(scope=None, suffix=None):
    """`get_variables` of TRAINABLE_VARIABLES."""
    return get_variables(scope, suffix, tf.GraphKeys.TRAINABLE_VARIABLES)


@tf_export("contrib.framework.get_variables_to_restore", "contrib.slim.get_variables_to_restore")
def get_variables_to_restore(include=None, exclude=None):
    """Global variables below the scopes `include` (default: all) and not below those of `exclude`.

    Raises TypeError if these are no lists.
    """
    for name, scopes in (("include", include), ("exclude", exclude)):
        if scopes is not None and not isinstance(scopes, (list, tuple)):
            raise TypeError(f"{name} must be a list or tuple")
    if include is None:
        chosen = get_variables()
    else:
        chosen = [var for scope in include for var in get_variables(scope)]
    excluded = {id(var) for scope in exclude or () for var in get_variables(scope)}
    return [var for var in chosen if id(var) not in excluded]


@tf_export("contrib.framework.get_variables_by_suffix", "contrib.slim.get_variables_by_suffix")
def get_variables_by_suffix(suffix, scope=None):
    """Global variables whose names end in `suffix`."""
    return get_variables(scope=scope, suffix=suffix)


@tf_export("contrib.framework.get_variables_by_name", "contrib.slim.get_variables_by_name")
def get_variables_by_name(given_name, scope=None):
    """Global variables whose last name is `given_name`."""
    return get_variables(scope=scope, suffix=f"/{given_name}:|^{given_name}:")


@tf_export("contrib.framework.get_unique_variable", "contrib.slim.get_unique_variable")
def get_unique_variable(var_op_name):
    """The variable of that full name; ValueError if there is none."""
    for candidate in get_variables(scope=var_op_name):
        if candidate.op.name == var_op_name:
            return candidate
    raise ValueError(f"Couldn't find variable {var_op_name}")


@tf_export("contrib.framework.get_variable_full_name", "contrib.slim.get_variable_full_name")
def get_variable_full_name(var):
    """Name of a variable, or of the one that it is a slice of."""
    return var._save_slice_info.full_name if var._save_slice_info else var.op.name


@tf_export("contrib.framework.filter_variables", "contrib.slim.filter_variables")
def filter_variables(var_list, include_patterns=None, exclude_patterns=None, reg_search=True):
    """Variables with a name that some pattern of `include_patterns` fits and none of `exclude_patterns`."""
    fits = re.search if reg_search else re.match

    def any_fits(patterns, var):
        return any(fits(pattern, var.op.name) for pattern in patterns)

    return [var for var in var_list if (not include_patterns or any_fits(include_patterns, var))
            and not any_fits(exclude_patterns or (), var)]


@tf_export("contrib.framework.assert_or_get_global_step", "contrib.slim.assert_or_get_global_step")
def assert_or_get_global_step(graph=None, global_step_tensor=None):
    """The global step: the one given, after a check, or the graph's."""
    if global_step_tensor is None:
        return tf.train.get_global_step(graph)
    tf.train.assert_global_step(global_step_tensor)
    return global_step_tensor


@tf_export("contrib.framework.VariableDeviceChooser", "contrib.slim.VariableDeviceChooser")
class VariableDeviceChooser:
    """A device function for variables: parameter servers in turn, if there are any.

    Args: num_tasks: how many servers. job_name: theirs. device_type, device_index: of the device on the server, or on
      this machine. replica: number of the replica, or None.
    """

    def __init__(self, num_tasks=0, job_name="ps", device_type="CPU", device_index=0, replica=None):
        self._job_name = job_name
        self._device_type = device_type
        self._device_index = device_index
        self._replica = replica
        self._num_tasks = num_tasks
        self._next_task_id = 0

    def __call__(self, op):
        """Name of the device for a variable."""
        spec = tf.DeviceSpec(replica=self._replica, device_type=self._device_type, device_index=self._device_index)
        if self._num_tasks > 0:
            spec.job, spec.task = self._job_name, self._next_task_id
            self._next_task_id = (self._next_task_id + 1) % self._num_tasks
        return spec.to_string()


@tf_export("contrib.framework.zero_initializer")
def zero_initializer(ref, use_locking=True, name="zero_initializer"):
    """Sets a variable that has no value yet to zeros; returns it. InvalidArgumentError in a run if it has one."""
    with tf.name_scope(name, values=[ref]) as scope:
        unset = tf.logical_not(tf.is_variable_initialized(ref))
        with tf.control_dependencies([tf.Assert(unset, ["input is already initialized"])]):
            zeros = tf.zeros(ref.shape, ref.dtype.base_dtype)
        return tf.assign(ref, zeros, use_locking=use_locking, name=scope)


def _moved(name):
    def function(*args, **kwargs):
        warn_once(("contrib.framework", name), f"tf.contrib.framework.{name} is now tf.train.{name}.")
        return getattr(tf.train, name)(*args, **kwargs)

    function.__name__ = name
    function.__doc__ = f"Deprecated name of `tf.train.{name}`."
    return function


assert_global_step = _moved("assert_global_step")
create_global_step = _moved("create_global_step")
get_global_step = _moved("get_global_step")
get_or_create_global_step = _moved("get_or_create_global_step")
for _name in ("assert_global_step", "create_global_step", "get_global_step", "get_or_create_global_step"):
    for _space in ("framework", "slim"):
        export_value(f"contrib.{_space}.{_name}", __name__, _name)
