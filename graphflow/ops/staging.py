"""Staging ops: tensors set aside in the session for a later step. The classes: `contrib/staging`.

Holds no state.
"""

from graphflow.framework import shapes
from graphflow.framework.op_def import NotDifferentiable, register_op

_LIMITS = "capacity: int >= 0 = 0; memory_limit: int >= 0 = 0; "
_SHARED = "; container: string = ''; shared_name: string = ''"
_ANY = _LIMITS + "dtypes: list(type)" + _SHARED
_SOME = _LIMITS + "dtypes: list(type) >= 1" + _SHARED
_PARTS = _LIMITS + "dtypes: list(type); fake_dtypes: list(type) >= 1" + _SHARED


def _register(name, inputs="", outputs="", attrs=_ANY, shape=shapes.unknown, blocking=False):
    register_op(name, inputs=inputs, outputs=outputs, attrs=attrs, shape=shape, stateful=True, blocking=blocking)
    NotDifferentiable(name)


_register("Stage", "values: dtypes", "", _SOME, shapes.no_outputs, True)
_register("Unstage", "", "values: dtypes", _SOME, blocking=True)
_register("StagePeek", "index: int32", "values: dtypes", _SOME, blocking=True)
_register("StageSize", outputs="size: int32", shape=shapes.scalar)
_register("StageClear", shape=shapes.no_outputs)
for _kind in ("Map", "OrderedMap"):
    _register(_kind + "Stage", "key: int64, indices: int32, values: fake_dtypes", "", _PARTS, shapes.no_outputs, True)
    _register(_kind + "Peek", "key: int64, indices: int32", "values: dtypes", _SOME, blocking=True)
    _register(_kind + "Unstage", "key: int64, indices: int32", "values: dtypes", _SOME, blocking=True)
    _register(_kind + "UnstageNoKey", "indices: int32", "key: int64, values: dtypes", _SOME, blocking=True)
    _register(_kind + "Size", outputs="size: int32", shape=shapes.scalar)
    _register(_kind + "IncompleteSize", outputs="size: int32", shape=shapes.scalar)
    _register(_kind + "Clear", shape=shapes.no_outputs)
