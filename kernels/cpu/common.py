"""The compiled functions that most programs use: what `python -m graphflow warmup` compiles.

Found by binding the kernels of typical nodes, so that names stay in one place. Holds no state.
"""

from graphflow.framework import dtypes

from ..registry import KernelContext, cpu
from . import native, tape

_ROWS, _ROW, _COLUMN, _ONE = (128, 64), (64,), (128, 1), ()
_PAIRS = ((_ROWS, _ROWS), (_ROWS, _ROW), (_ROWS, _COLUMN), (_ROWS, _ONE), (_ONE, _ROWS))
_UNARY = ("Neg", "Square", "Exp", "Log", "Tanh", "Sigmoid", "Sqrt", "Rsqrt")
_GRADIENTS = ("TanhGrad", "SigmoidGrad", "SqrtGrad", "RsqrtGrad")
_BINARY = ("Add", "AddV2", "Sub", "Mul", "RealDiv", "Maximum")
_UPDATES = {
    "ApplyGradientDescent": [_ROWS, _ONE, _ROWS],
    "ApplyMomentum": [_ROWS, _ROWS, _ONE, _ROWS, _ONE],
    "ApplyAdam": [_ROWS, _ROWS, _ROWS, *[_ONE] * 6, _ROWS],
}


def _nodes():
    """(family, op, input shapes, output shapes, attributes beside T) of typical nodes."""
    for op in _UNARY:
        yield "unary", op, [_ROWS], [_ROWS], {}
    for op in _GRADIENTS:
        yield "unary", op, [_ROWS, _ROWS], [_ROWS], {}
    yield "activation", "Relu", [_ROWS], [_ROWS], {}
    yield "activation", "ReluGrad", [_ROWS, _ROWS], [_ROWS], {}
    for op in _BINARY:
        for pair in _PAIRS:
            yield "binary", op, list(pair), [_ROWS], {}
    yield "binary", "AddN", [_ROWS] * 2, [_ROWS], {}
    yield "bias", "BiasAdd", [_ROWS, _ROW], [_ROWS], {}
    yield "bias", "BiasAddGrad", [_ROWS], [_ROW], {}
    yield "matmul", "MatMul", [_ROWS, (64, 8)], [(128, 8)], {"transpose_a": False,
                                                            "transpose_b": False}
    yield "softmax", "Softmax", [_ROWS], [_ROWS], {}
    yield "softmax", "SoftmaxCrossEntropyWithLogits", [_ROWS, _ROWS], [(128,), _ROWS], {}
    yield "state", "Assign", [_ROWS, _ROWS], [_ROWS], {}
    for op, inputs in _UPDATES.items():
        states = inputs.count(_ROWS) - 1
        yield "training_ops", op, inputs, [_ROWS] * states, {"use_nesterov": False}


def functions(dtype="float32"):
    """The native functions of typical nodes of `dtype`, each once."""
    kind = dtypes.as_dtype(dtype)
    found = {tape.runner(): None, native.function("pool.run"): None,
             native.function("pool.work"): None,
             native.function("copying.pieces", str(kind.size)): None}
    for op in ("Sum", "Max"):
        for template in ("reduction.rows", "reduction.columns"):
            found[native.function(template, op, dtype)] = None
    for family, op, inputs, outputs, attributes in _nodes():
        attributes = {"T": kind, **attributes}
        bound = cpu.find(op, family, attributes)(KernelContext(
            op, op, attributes, [kind] * len(inputs), [kind] * len(outputs), inputs, outputs))
        for part in bound.function.components():
            found[part] = None
    return list(found)
