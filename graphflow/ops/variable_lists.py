"""The variables of a graph, by collection, and ops over all of them: initializing and reporting.

State: none but the graph's collections.
"""

from graphflow.framework import dtypes, raw_ops
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.graph import GraphKeys, get_collection, get_default_graph
from graphflow.framework.graph_scopes import colocate_with, device, name_scope
from graphflow.ops.state import is_variable_initialized


@tf_export("global_variables", legacy=("all_variables",))
def global_variables(scope=None):
    """The variables in `GraphKeys.GLOBAL_VARIABLES`; with `scope`, those whose name matches it."""
    return get_collection(GraphKeys.GLOBAL_VARIABLES, scope)


@tf_export("local_variables")
def local_variables(scope=None):
    """The variables in `GraphKeys.LOCAL_VARIABLES`, which savers leave out."""
    return get_collection(GraphKeys.LOCAL_VARIABLES, scope)


@tf_export("model_variables")
def model_variables(scope=None):
    """The variables in `GraphKeys.MODEL_VARIABLES`."""
    return get_collection(GraphKeys.MODEL_VARIABLES, scope)


@tf_export("trainable_variables")
def trainable_variables(scope=None):
    """The variables in `GraphKeys.TRAINABLE_VARIABLES`, which optimizers change by default.

    Example:
      >>> import graphflow as tf
      >>> with tf.Graph().as_default():
      ...     w = tf.Variable(1.0, name="w")
      ...     step = tf.Variable(0, trainable=False, name="step")
      ...     tf.trainable_variables()
      [<tf.Variable 'w:0' shape=() dtype=float32_ref>]
    """
    return get_collection(GraphKeys.TRAINABLE_VARIABLES, scope)


@tf_export("moving_average_variables")
def moving_average_variables(scope=None):
    """The variables that have a moving average."""
    return get_collection(GraphKeys.MOVING_AVERAGE_VARIABLES, scope)


@tf_export("initializers.variables", "variables_initializer", legacy=("initialize_variables",))
def variables_initializer(var_list, name="init"):
    """An operation that gives the variables in `var_list` their initial values."""
    if var_list:
        return lookup("group")(*[v.initializer for v in var_list], name=name)
    return raw_ops.NoOp(name=name)


@tf_export("initializers.global_variables", "global_variables_initializer",
           legacy=("initialize_all_variables",))
def global_variables_initializer():
    """An operation that gives all global variables their initial values.

    Example:
      >>> import graphflow as tf
      >>> with tf.Graph().as_default(), tf.Session() as sess:
      ...     v = tf.Variable(3)
      ...     sess.run(tf.global_variables_initializer())
      ...     print(sess.run(v))
      3
    """
    return variables_initializer(global_variables())


@tf_export("initializers.local_variables", "local_variables_initializer",
           legacy=("initialize_local_variables",))
def local_variables_initializer():
    """An operation that gives all local variables their initial values."""
    return variables_initializer(local_variables())


def _variables_or_declarations(var_list):
    """`var_list`, or all variables of the graph, or at least the references in it."""
    if var_list is None:
        var_list = global_variables() + local_variables()
    if var_list:
        return var_list
    return [op.outputs[0] for op in get_default_graph().get_operations()
            if op.type in ("Variable", "VariableV2")]


@tf_export("assert_variables_initialized")
def assert_variables_initialized(var_list=None):
    """A tensor that fails with FailedPreconditionError unless all of `var_list` have values.

    Returns None if there are no variables.
    """
    var_list = _variables_or_declarations(var_list)
    if not var_list:
        return None
    ranks = []
    for variable in var_list:
        with colocate_with(variable.op):
            ranks.append(raw_ops.Rank(variable))
    return ranks[0] if len(ranks) == 1 else lookup("stack")(ranks)


@tf_export("report_uninitialized_variables")
def report_uninitialized_variables(var_list=None, name="report_uninitialized_variables"):
    """A 1-D string tensor with the names of the variables in `var_list` that have no value.

    Args: var_list: all global and local variables by default.
    """
    if var_list is None:
        var_list = _variables_or_declarations(None)
    with name_scope(name):
        tests = [is_variable_initialized(v) for v in var_list]
        with device("/cpu:0"):
            if not var_list:
                return lookup("constant")([], dtype=dtypes.string)
            missing = lookup("logical_not")(lookup("stack")(tests))
            names = lookup("constant")([v.op.name for v in var_list])
            return lookup("boolean_mask")(names, missing)
