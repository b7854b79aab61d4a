"""`tf.compat`: strings and bytes, and tuples of numeric types. Holds no state.

`tf.compat.v1` is `graphflow` itself, which its `__init__` says.
"""

import contextlib
import numbers
import os

import numpy as np

from graphflow.framework.api import export_value, tf_export

bytes_or_text_types = (bytes, str)
integral_types = (numbers.Integral, np.integer)
real_types = (numbers.Real, np.integer, np.floating)
complex_types = (numbers.Complex, np.number)

for _name in ("bytes_or_text_types", "integral_types", "real_types", "complex_types"):
    export_value("compat." + _name, __name__, _name)


@tf_export("compat.as_bytes")
def as_bytes(bytes_or_text, encoding="utf-8"):
    """`bytes_or_text` as bytes; TypeError if it is neither bytes nor text."""
    if isinstance(bytes_or_text, str):
        return bytes_or_text.encode(encoding)
    if isinstance(bytes_or_text, (bytes, bytearray)):
        return bytes(bytes_or_text)
    raise TypeError(f"Expected binary or unicode string, got {bytes_or_text!r}")


@tf_export("compat.as_text", "compat.as_str")
def as_text(bytes_or_text, encoding="utf-8"):
    """`bytes_or_text` as str; TypeError if it is neither bytes nor text."""
    if isinstance(bytes_or_text, str):
        return bytes_or_text
    if isinstance(bytes_or_text, (bytes, bytearray)):
        return bytes(bytes_or_text).decode(encoding)
    raise TypeError(f"Expected binary or unicode string, got {bytes_or_text!r}")


@tf_export("compat.as_str_any")
def as_str_any(value):
    """`str(value)`, where bytes are decoded."""
    return as_text(value) if isinstance(value, bytes) else str(value)


@tf_export("compat.path_to_str")
def path_to_str(path):
    """A path object as str; anything else as it is."""
    return os.fspath(path) if hasattr(path, "__fspath__") else path


@tf_export("compat.forward_compatible")
def forward_compatible(year, month, day):
    """Whether graphs may use what TensorFlow made readable on that day: always, there is one reader."""
    del year, month, day
    return True


@tf_export("compat.forward_compatibility_horizon")
@contextlib.contextmanager
def forward_compatibility_horizon(year, month, day):
    """A scope as of that day, for tests of TensorFlow's; `forward_compatible` does not change in it."""
    del year, month, day
    yield
