"""The Python functions that `py_func` nodes call, by the token in their `token` attribute.

State: a table from tokens to functions that keeps none of them alive: a function lives as long as the
graph it was used in.
"""

import itertools
import weakref

_ATTACHMENT = "py_functions"
_numbers = itertools.count()
_functions = weakref.WeakValueDictionary()


class _Holder:
    """What the table refers to: not every callable can be referred to weakly."""

    __slots__ = ("__weakref__", "function")

    def __init__(self, function):
        self.function = function


def register(function, graph):
    """A new token for `function`, which `graph` keeps alive."""
    token, holder = f"pyfunc_{next(_numbers)}", _Holder(function)
    _functions[token] = holder
    graph.attachments.setdefault(_ATTACHMENT, []).append(holder)
    return token


def find(token):
    """The function of a token; ValueError if its graph is gone or belongs to another process."""
    holder = _functions.get(token)
    if holder is None:
        raise ValueError(f"callback {token} is not found")
    return holder.function
