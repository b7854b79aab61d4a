"""Lets programs that say `import tensorflow` run on GraphFlow, in this process only.

After `install_as_tensorflow()`, `tensorflow` is `graphflow`, public submodules are ours
(`tensorflow.contrib.slim`, `tensorflow.examples.tutorials.mnist`, `tensorflow.compat.v1.nn`), and TensorFlow's
internal modules (`tensorflow.python.ops.math_ops`, `tensorflow.core.framework.graph_pb2`) find their names
in our public namespaces, as the table `tensorflow_modules` says. A name we lack raises
AttributeError, ImportError or ModuleNotFoundError, which name it, where the program uses it.

State: the finder in `sys.meta_path` and the modules made so far, in `sys.modules`.
"""

import functools
import importlib
import importlib.abc
import importlib.machinery
import re
import sys
import types

from graphflow import tensorflow_modules as table
from graphflow.framework import api
from graphflow.framework.api import tf_export

ROOT = "tensorflow"
_MODULES = {**{"python." + path: spaces for path, spaces in table.PYTHON.items()}, **table.OLDER}
_FOLDERS = {path.rpartition(".")[0] for path in _MODULES} | {"core", "models"}
_FOLDERS |= {".".join(path.split(".")[:n]) for path in list(_FOLDERS) for n in range(1, path.count(".") + 1)}


@tf_export("install_as_tensorflow")
def install_as_tensorflow():
    """Makes `import tensorflow` mean GraphFlow in this process; returns the module.

    Call it before anything imports TensorFlow: RuntimeError if the real one is loaded already.

        import graphflow
        graphflow.install_as_tensorflow()
        import tensorflow as tf
        from tensorflow.python.framework import ops
    """
    ours = sys.modules[api.__name__.partition(".")[0]]
    if sys.modules.get(ROOT, ours) is not ours:
        raise RuntimeError("install_as_tensorflow: TensorFlow itself is already imported in this process.")
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
    sys.modules[ROOT] = ours
    ours.python = importlib.import_module(ROOT + ".python")
    return ours


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds `tensorflow.*`; every module it loads is one of ours or an `_Internal`."""

    def find_spec(self, fullname, path=None, target=None):
        if not fullname.startswith(ROOT + "."):
            return None
        inner = fullname[len(ROOT) + 1 :]
        if module_for(inner) is None:
            raise ModuleNotFoundError(f"No module named {fullname!r}: {_reason(inner)}", name=fullname)
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        # Ours keep their own names and specs: the import system takes what lies in sys.modules.
        sys.modules[module.__spec__.name] = module_for(module.__spec__.name[len(ROOT) + 1 :])


def _reason(inner):
    first = inner.split(".")[0]
    if first == "keras" or inner.startswith(("python.keras", "contrib.keras")):
        return "tf.keras is not part of GraphFlow; use Keras 3 (pip install keras) for it."
    return "GraphFlow has nothing of that name."


@functools.cache
def module_for(inner):
    """The module that stands for `tensorflow.<inner>`, or None where there is none."""
    while inner.startswith("compat.v1."):
        inner = inner[len("compat.v1.") :]
    # TensorFlow's contrib packages keep their modules below a folder `python`: contrib.learn.python.learn.datasets.
    inner = re.sub(r"^contrib\.(\w+)\.python\.\1\b", r"contrib.\1", inner)
    public = "graphflow." + inner
    if inner == "compat.v1" or inner.startswith("examples") or _is_namespace(inner):
        try:
            return importlib.import_module(public)
        except ModuleNotFoundError as error:
            if error.name != public:
                raise
            return None
    if inner.startswith("core.") and "_pb2." not in inner:
        return _Internal(inner, None if inner.endswith("_pb2") else [])
    if inner in _MODULES or inner in _FOLDERS:
        return _Internal(inner, _MODULES.get(inner, "").split(" "))
    if re.match(r"python\.ops\.gen_\w+_ops$", inner):
        return _Internal(inner, ["raw_ops"])
    if inner.startswith("contrib.") and _is_namespace(".".join(inner.split(".")[:2])):
        return _Internal(inner, [".".join(inner.split(".")[:n]) for n in range(inner.count("."), 1, -1)])
    return None


def _is_namespace(inner):
    return inner in importlib.import_module("graphflow.api_index").NAMESPACES


class _Internal(types.ModuleType):
    """One of TensorFlow's internal modules: its names are ours, found when used.

    `spaces` are the public namespaces to look in first; None for a module of protocol buffers.
    """

    def __init__(self, inner, spaces):
        super().__init__(f"{ROOT}.{inner}")
        self.__path__ = []
        self._inner = inner
        self._spaces = spaces

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        value = find(self._inner, self._spaces, name)
        setattr(self, name, value)
        return value


def find(inner, spaces, name):
    """What `tensorflow.<inner>.<name>` is with us; AttributeError, which names it, if nothing."""
    path = f"{inner}.{name}"
    if path in table.NAMES:
        target = table.NAMES[path]
        return api.resolve(target) if ":" in target else api.lookup(target)
    exported = _exported(name, spaces) if inner.startswith("contrib.") else None
    if exported is not None:
        return api.lookup(exported)
    if module_for(path) is not None:
        return importlib.import_module(f"{ROOT}.{path}")
    if spaces is None:
        return getattr(importlib.import_module("graphflow.protobuf"), name)
    if spaces == ["raw_ops"]:
        return _raw_op(path, name)
    found = _public_path(name, spaces) if inner in _MODULES or inner.startswith("contrib.") else None
    if found is None:
        raise AttributeError(f"GraphFlow has no {ROOT}.{path}.")
    return api.lookup(found)


def _exported(name, spaces):
    """The public path of `name` in one of `spaces`, or None. Below contrib any other name may be a module's."""
    names = importlib.import_module("graphflow.api_index").NAMES
    return next((f"{space}.{name}" for space in spaces if f"{space}.{name}" in names), None)


def _public_path(name, spaces):
    index = importlib.import_module("graphflow.api_index")
    for space in (*spaces, *table.SPACES):
        path = f"{space}.{name}" if space else name
        if path in index.NAMES or path in index.LEGACY:
            return path
    return None


def _raw_op(path, name):
    """`gen_math_ops.mat_mul` is `raw_ops.MatMul`."""
    wanted = name.strip("_").replace("_", "").lower()
    for op_type in importlib.import_module("graphflow.api_index").OPS:
        if op_type.lower() == wanted:
            return getattr(importlib.import_module("graphflow.framework.raw_ops"), op_type)
    raise AttributeError(f"GraphFlow has no {ROOT}.{path}.")
