"""`tf.flags` and `tf.app.flags`: absl's flags, which TensorFlow 1.15's are.

Two things differ from `absl.flags`: the DEFINE functions take TensorFlow's older argument names
(`flag_name`, `default_value`, `docstring`), and reading a flag of `FLAGS` parses `sys.argv` first
where nobody has. State: none of our own; absl keeps one set of flags for the process, so flags defined
through `absl` and through `tf.flags` are the same.

    flags = tf.app.flags
    flags.DEFINE_integer("steps", 100, "How many steps to train.")
    print(flags.FLAGS.steps)
"""

import functools
import sys

from absl import flags as absl_flags

from graphflow.framework.api import export_value
from graphflow.framework.deprecation import warn_once

_OLD_NAMES = {"flag_name": "name", "default_value": "default", "docstring": "help"}


def _with_old_names(define):
    @functools.wraps(define)
    def defined(*args, **kwargs):
        for old, new in _OLD_NAMES.items():
            if old in kwargs:
                kwargs[new] = kwargs.pop(old)
                warn_once((define.__name__, old), f"tf.flags.{define.__name__}: {old} is now {new}.")
        return define(*args, **kwargs)

    return defined


class FlagValues:
    """The flags of the process: `FLAGS.name` reads one, `FLAGS(argv)` parses a command line.

    Everything absl's FlagValues does, and parsing on first use: reading a flag before any parsing
    parses `sys.argv`; absl's UnrecognizedFlagError says which argument is no flag.
    """

    def __init__(self, values):
        object.__setattr__(self, "_values", values)

    def __getattr__(self, name):
        values = self._values
        try:  # its methods and its own state are there without parsing
            return object.__getattribute__(values, name)
        except AttributeError:
            self._parse_flags()
            return getattr(values, name)

    def _parse_flags(self, args=None):
        """Parses `args` (default: the command line) unless flags were parsed; TensorFlow 0.x's name."""
        if not self._values.is_parsed():
            self._values(sys.argv if args is None else [sys.argv[0], *args])

    def __setattr__(self, name, value):
        setattr(self._values, name, value)

    def __delattr__(self, name):
        delattr(self._values, name)

    def __call__(self, *args, **kwargs):
        return self._values(*args, **kwargs)

    def __getitem__(self, name):
        return self._values[name]

    def __setitem__(self, name, flag):
        self._values[name] = flag

    def __contains__(self, name):
        return name in self._values

    def __iter__(self):
        return iter(self._values)

    def __len__(self):
        return len(self._values)

    def __dir__(self):
        return dir(self._values)

    def __str__(self):
        return str(self._values)


FLAGS = FlagValues(absl_flags.FLAGS)
DEFINE_string = _with_old_names(absl_flags.DEFINE_string)
DEFINE_boolean = DEFINE_bool = _with_old_names(absl_flags.DEFINE_boolean)
DEFINE_float = _with_old_names(absl_flags.DEFINE_float)
DEFINE_integer = _with_old_names(absl_flags.DEFINE_integer)
# A flag belongs to the module whose call made it, which is never this one.
absl_flags.disclaim_key_flags()

for _name in absl_flags.__all__:
    globals().setdefault(_name, getattr(absl_flags, _name))
    for _prefix in ("flags.", "app.flags."):
        export_value(_prefix + _name, __name__, _name)


def __getattr__(name):
    # `from tensorflow.python.platform import flags` also reads what absl does not list.
    return getattr(absl_flags, name)
