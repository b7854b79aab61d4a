"""How a function or class gets its public name, and how public names are found.

Definitions carry their own public paths (`@tf_export("math.add", "add")`). `tools/api_index`
imports every module once and writes what it found to `graphflow/api_index.py`; at run time the
namespaces (`tf.nn`, `tf.train`, ...) resolve names through that index on first use, so that
`import graphflow` loads no op family. State: the exports recorded by the modules loaded so far.
"""

import importlib
import sys
import types
import warnings

# public path -> (module, attribute); filled as modules load, read by tools/api_index.
EXPORTS = {}
# Names of TensorFlow 0.x -> (module, attribute, public path of the replacement).
LEGACY = {}
# Python operator method of Tensor, e.g. "__add__" -> (module, attribute).
OPERATORS = {}
_warned = set()
# Names and families of TensorFlow 1.15 that are to come. Similar names would be no help to who asks for them.
NOT_YET = (
    "Module", "RaggedTensor", "audio.decode_wav", "audio.encode_wav", "contrib.estimator",
    "function", "layers.experimental", "linalg.lu", "load_op_library", "profiler", "quantize",
    "train.Checkpoint", "train.CheckpointManager", "vectorized_map",
)


def tf_export(*paths, legacy=()):
    """Gives a function or class its public paths below `graphflow` ("nn.relu").

    `legacy` paths are names from TensorFlow 0.x; using one warns once and returns the same object.
    As a dictionary it also says which present name the warning should recommend.
    """
    shortest = min(paths, key=lambda path: (path.count("."), len(path)), default=None)

    def record(obj):
        target = (obj.__module__, obj.__qualname__)
        for path in paths:
            EXPORTS[path] = target
        for path in legacy:
            LEGACY[path] = (*target, legacy[path] if isinstance(legacy, dict) else shortest)
        return obj

    return record


def export_value(path, module, attribute):
    """Exports a module-level value that can carry no decorator (`tf.newaxis`)."""
    EXPORTS[path] = (module, attribute)


def tensor_operator(*methods):
    """Marks a function as the implementation of an operator of Tensor (`"__add__"`)."""

    def record(function):
        for method in methods:
            OPERATORS[method] = (function.__module__, function.__qualname__)
        return function

    return record


def resolve(target):
    """The object behind an index entry `"ops.binary:add"`."""
    module, attribute = target.split(":")
    value = importlib.import_module("graphflow." + module if module else "graphflow")
    for part in attribute.split("."):
        value = getattr(value, part)
    return value


def _index():
    return importlib.import_module("graphflow.api_index")


def lookup(path):
    """The object exported as `path`, or AttributeError naming the nearest public names."""
    index = _index()
    if path in index.NAMES:
        return resolve(index.NAMES[path])
    if path in index.LEGACY:
        target, replacement = index.LEGACY[path]
        if path not in _warned:
            _warned.add(path)
            message = f"tf.{path} is TensorFlow 0.x's name; tf.{replacement} is the present one."
            warnings.warn(message, DeprecationWarning, stacklevel=3)
        return resolve(target)
    raise AttributeError(_missing(path, index))


def _missing(path, index):
    message = f"GraphFlow has no tf.{path}."
    if path.startswith(("keras", "contrib.keras")):
        return message + " tf.keras is not part of GraphFlow: use Keras 3 (pip install keras) for it."
    if any(path == name or path.startswith(name + ".") for name in NOT_YET):
        return f"tf.{path} is not part of GraphFlow yet."
    near = _near(path, index.NAMES)
    if near:
        message += " Did you mean " + ", ".join("tf." + name for name in near) + "?"
    return message


def _near(path, names):
    """Up to three public names: those that stand elsewhere, else the most similar ones."""
    import difflib

    leaf = path.rpartition(".")[2]
    elsewhere = [name for name in names if name.rpartition(".")[2] == leaf]
    return (sorted(elsewhere, key=lambda name: (name.count("."), name))[:3]
            or difflib.get_close_matches(path, names, n=3, cutoff=0.75)
            or difflib.get_close_matches(path, names, n=3, cutoff=0.6))


def namespace(module_name):
    """`__getattr__` and `__dir__` for the module that stands for a public namespace."""
    prefix = module_name.partition(".")[2]
    prefix = prefix + "." if prefix else ""

    def get(name):
        if name.startswith("__"):
            raise AttributeError(f"module {module_name!r} has no attribute {name!r}")
        if f"{module_name}.{name}" in sys.modules:
            # Another thread may be in the midst of importing it: this waits.
            return importlib.import_module(f"{module_name}.{name}")
        if prefix + name in _index().PACKAGES:
            return importlib.import_module(f"{module_name}.{name}")
        value = lookup(prefix + name)
        if prefix + name in _index().NAMES:
            setattr(sys.modules[module_name], name, value)
        return value

    def names():
        index = _index()
        below = [p[len(prefix) :] for p in (*index.NAMES, *index.NAMESPACES) if p.startswith(prefix)]
        return sorted({p.partition(".")[0] for p in below})

    return get, names


def install_namespaces():
    """Registers a module for every public namespace that has no package of its own."""
    index = _index()
    for path in index.NAMESPACES:
        name = "graphflow." + path
        if path in index.PACKAGES or name in sys.modules:
            continue
        module = types.ModuleType(name, f"The public namespace tf.{path}.")
        module.__path__ = []
        module.__getattr__, module.__dir__ = namespace(name)
        sys.modules[name] = module
        parent, _, child = name.rpartition(".")
        if parent in sys.modules:
            setattr(sys.modules[parent], child, module)
