"""The public functions by name, for modules that must not import each other.

`public.reduce_sum(x)` is `tf.reduce_sum(x)`: gradients and wrappers that are built of many families use it,
so that families load only when needed and in any order. State: the functions found so far.
"""

from graphflow.framework.api import lookup


def __getattr__(name):
    if name.startswith("_"):
        raise AttributeError(name)
    function = lookup(name)
    globals()[name] = function
    return function
