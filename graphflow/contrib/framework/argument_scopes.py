"""`arg_scope`: default arguments for functions within a block.

State: the stack of scopes (for all threads, as in TensorFlow), and which functions take part.
"""

import contextlib
import functools
import inspect

from graphflow.framework.api import tf_export

_stack = [{}]
_decorated = {}  # key of a function -> names of its arguments that have defaults


@tf_export("contrib.framework.current_arg_scope", "contrib.slim.current_arg_scope")
def current_arg_scope():
    """The arguments in force: a dict from keys of functions to dicts."""
    return _stack[-1]


@tf_export("contrib.framework.arg_scope_func_key", "contrib.slim.arg_scope_func_key")
def arg_scope_func_key(op):
    """The key of a function in scopes."""
    return getattr(op, "_key_op", str(op))


@tf_export("contrib.framework.has_arg_scope", "contrib.slim.has_arg_scope")
def has_arg_scope(func):
    """Whether a function was decorated with `add_arg_scope`."""
    return arg_scope_func_key(func) in _decorated


@tf_export("contrib.framework.arg_scoped_arguments", "contrib.slim.arg_scoped_arguments")
def arg_scoped_arguments(func):
    """Names of the arguments of a decorated function that a scope may set; ValueError for other functions."""
    if not has_arg_scope(func):
        raise ValueError(f"{func} is not decorated with @add_arg_scope")
    return _decorated[arg_scope_func_key(func)]


def _extended(functions, arguments):
    scope = dict(_stack[-1])
    for function in functions:
        if not has_arg_scope(function):
            name = (getattr(function, "__module__", None), getattr(function, "__name__", None))
            raise ValueError(f"{name} is not decorated with @add_arg_scope", name)
        key = arg_scope_func_key(function)
        scope[key] = {**scope.get(key, {}), **arguments}
    return scope


@tf_export("contrib.framework.arg_scope", "contrib.slim.arg_scope")
@contextlib.contextmanager
def arg_scope(list_ops_or_scope, **kwargs):
    """Context manager in which functions get keyword arguments; yields the scope, to be used again.

    Args: list_ops_or_scope: list of functions decorated with `add_arg_scope`, or a scope that was yielded.
    Raises TypeError or ValueError for something else.

    Example:
      >>> import graphflow as tf
      >>> slim = tf.contrib.slim
      >>> with slim.arg_scope([slim.fully_connected], activation_fn=None):
      ...     slim.fully_connected(tf.ones([2, 3]), 4).op.name
      'fully_connected/BiasAdd'
    """
    if isinstance(list_ops_or_scope, dict):
        if kwargs:
            raise ValueError("When attempting to re-use a scope by suppling adictionary, kwargs must be empty.")
        scope = dict(list_ops_or_scope)
    elif isinstance(list_ops_or_scope, (list, tuple)):
        scope = _extended(list_ops_or_scope, kwargs)
    else:
        raise TypeError("list_ops_or_scope must either be a list/tuple or reused scope (i.e. dict)")
    _stack.append(scope)
    try:
        yield scope
    finally:
        _stack.pop()


@tf_export("contrib.framework.add_arg_scope", "contrib.slim.add_arg_scope")
def add_arg_scope(func):
    """Decorator that lets `arg_scope` set keyword arguments of a function."""
    key = arg_scope_func_key(func)
    parameters = inspect.signature(func).parameters.values()
    _decorated[key] = tuple(p.name for p in parameters if p.default is not inspect.Parameter.empty)

    @functools.wraps(func)
    def scoped(*args, **kwargs):
        return func(*args, **{**_stack[-1].get(key, {}), **kwargs})

    scoped._key_op = key
    return scoped
