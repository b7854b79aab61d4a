"""Decorators for functions of a program that are to go: `tf.contrib.framework.deprecated` and the like.

State: which calls were warned about already.
"""

import functools
import inspect
import re

import graphflow as tf
from graphflow.framework.api import tf_export

_warned = set()


def _check(date, instructions):
    if date is not None and not re.match(r"20\d\d-[01]\d-[0123]\d", date):
        raise ValueError("Date must be YYYY-MM-DD.")
    if not instructions:
        raise ValueError("Don't deprecate things without conversion instructions!")


def _when(date):
    return "in a future version" if date is None else f"after {date}"


def _warn(key, once, function, what, date, instructions):
    """Logs that `what` ("{}" stands for the function's name) is deprecated, where the program calls it."""
    if once and key in _warned:
        return
    if once:
        _warned.add(key)
    caller = inspect.currentframe().f_back.f_back
    name = f"{function.__qualname__} (from {function.__module__})"
    tf.logging.warning("From %s:%s: %s is deprecated and will be removed %s.\nInstructions for updating:\n%s",
                       caller.f_code.co_filename, caller.f_lineno, what.format(name), _when(date), instructions)


def _checked(function, decorator):
    if not callable(function):
        raise ValueError(f"{function} is not a function. If this is a property, make sure @property appears before "
                         f"@{decorator} in your source code:\n\n@property\n@{decorator}\ndef method(...)")


def _noted(doc, without, suffix, notice, instructions):
    """A docstring with a notice after its first line."""
    lines = inspect.cleandoc(doc).splitlines() if doc else [without]
    if doc:
        lines[0] += f" ({suffix})"
    spaced = [""] if len(lines) > 1 and lines[1].strip() else []
    return "\n".join([lines[0], "", f"Warning: {notice}", "Instructions for updating:", instructions, *spaced,
                      *lines[1:]])


@tf_export("contrib.framework.deprecated")
def deprecated(date, instructions, warn_once=True):
    """Decorator of a function: calls log a warning, and its docstring says so.

    Args: date: "YYYY-MM-DD" when it goes, or None. instructions: what to do instead. warn_once: whether only the first
      call warns.
    Raises ValueError for other dates, without instructions, and for what can't be called.
    """
    _check(date, instructions)

    def decorate(function):
        _checked(function, "deprecated")

        @functools.wraps(function)
        def warning(*args, **kwargs):
            _warn(function, warn_once, function, "{}", date, instructions)
            return function(*args, **kwargs)

        warning.__doc__ = _noted(function.__doc__, "DEPRECATED FUNCTION", "deprecated",
                                 f"THIS FUNCTION IS DEPRECATED. It will be removed {_when(date)}.", instructions)
        return warning

    return decorate


@tf_export("contrib.framework.deprecated_args")
def deprecated_args(date, instructions, *deprecated_arg_names_or_tuples, **kwargs):
    """Decorator of a function: calls with these arguments log a warning.

    Args: deprecated_arg_names_or_tuples: names, or pairs of a name and a value that is still fine. date, instructions,
      warn_once: see `deprecated`; the last one is given by name.
    Raises ValueError for names that the function's arguments don't have, and as `deprecated` does.
    """
    _check(date, instructions)
    if not deprecated_arg_names_or_tuples:
        raise ValueError("Specify which argument is deprecated.")
    once = kwargs.pop("warn_once", True)
    if kwargs:
        raise ValueError(f"Illegal argument to deprecated_args: {kwargs}")
    fine = {name: values for name, *values in (
        (item,) if isinstance(item, str) else item for item in deprecated_arg_names_or_tuples)}

    def decorate(function):
        _checked(function, "deprecated_args")
        signature = inspect.signature(function)
        missing = [name for name in fine if name not in signature.parameters]
        if missing:
            raise ValueError("The following deprecated arguments are not present in the function signature: "
                             f"{missing}. Found next arguments: {list(signature.parameters)}.")

        @functools.wraps(function)
        def warning(*args, **kwargs):
            given = signature.bind(*args, **kwargs).arguments
            for name, values in fine.items():
                if name in given and not any(_same(given[name], value) for value in values):
                    _warn((function, name), once, function, f"calling {{}} with {name}", date, instructions)
            return function(*args, **kwargs)

        names = ", ".join(sorted(fine))
        warning.__doc__ = _noted(
            function.__doc__, "DEPRECATED FUNCTION ARGUMENTS", "deprecated arguments",
            f"SOME ARGUMENTS ARE DEPRECATED: `({names})`. They will be removed {_when(date)}.", instructions)
        return warning

    return decorate


def _same(a, b):
    """Whether two values are one; arrays and the like, that compare by elements, are not."""
    if a is b:
        return True
    equal = a == b
    return isinstance(equal, bool) and equal


@tf_export("contrib.framework.deprecated_arg_values")
def deprecated_arg_values(date, instructions, warn_once=True, **deprecated_kwargs):
    """Decorator of a function: calls in which arguments have these values, also as defaults, log a warning.

    Args: deprecated_kwargs: the values by argument. The others: see `deprecated`.
    """
    _check(date, instructions)
    if not deprecated_kwargs:
        raise ValueError("Specify which argument values are deprecated.")

    def decorate(function):
        _checked(function, "deprecated_arg_values")
        signature = inspect.signature(function)

        @functools.wraps(function)
        def warning(*args, **kwargs):
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            for name, value in deprecated_kwargs.items():
                if name in bound.arguments and _same(bound.arguments[name], value):
                    _warn((function, name), warn_once, function, f"calling {{}} with {name}={value}", date,
                          instructions)
            return function(*args, **kwargs)

        names = ", ".join(f"{name}={value!r}" for name, value in sorted(deprecated_kwargs.items()))
        warning.__doc__ = _noted(
            function.__doc__, "DEPRECATED FUNCTION ARGUMENT VALUES", "deprecated argument values",
            f"SOME ARGUMENT VALUES ARE DEPRECATED: `({names})`. They will be removed {_when(date)}.", instructions)
        return warning

    return decorate
