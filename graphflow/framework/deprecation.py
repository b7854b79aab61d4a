"""Arguments and calling orders that TensorFlow renamed: they work, and warn once.

State: what was warned about already.
"""

import warnings

_warned = set()


def warn_once(key, message, stacklevel=4):
    """Warns (DeprecationWarning) the first time it is called with `key`."""
    if key not in _warned:
        _warned.add(key)
        warnings.warn(message, DeprecationWarning, stacklevel=stacklevel)


def either_argument(new_name, new_value, old_name, old_value):
    """The value of an argument that has two good names; ValueError if both are given."""
    if new_value is not None and old_value is not None:
        raise ValueError(f"Cannot specify both '{old_name}' and '{new_name}'")
    return old_value if new_value is None else new_value


def renamed_argument(function, new_name, new_value, old_name, old_value):
    """`either_argument`, which warns once about the old name. `function` is the public name."""
    value = either_argument(new_name, new_value, old_name, old_value)
    if old_value is None:
        return value
    warn_once((function, old_name), f"tf.{function}: {old_name} is deprecated, use {new_name} instead.", 5)
    return value
