"""Reference kernels of `graphflow/ops/softmax.py`. Half types are computed in float32."""

import numpy as np

from graphflow.framework import errors

from ..registry import reference
from .elementwise import in_single, quiet, shape_text


def _shifted(logits):
    """Logits less their maximum, so that exp cannot overflow."""
    return logits - logits.max(-1, keepdims=True, initial=-np.inf) if logits.size else logits


def softmax(logits):
    """exp(x) / sum(exp(x)) along the last axis."""
    powers = np.exp(_shifted(logits))
    return powers / powers.sum(-1, keepdims=True)


def log_softmax(logits):
    """x - log(sum(exp(x))) along the last axis."""
    shifted = _shifted(logits)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


reference.kernel("Softmax")(quiet(in_single(softmax)))
reference.kernel("LogSoftmax")(quiet(in_single(log_softmax)))


def _results(ctx, loss, backprop):
    dtype = ctx.output_dtypes[0].as_numpy_dtype
    return loss.astype(dtype), backprop.astype(dtype)


def _wide(array):
    return array.astype(np.float32) if array.dtype.itemsize == 2 else array


def _check_classes(logits):
    if logits.shape[1] == 0:
        raise errors.InvalidArgumentError(None, None, "Must have at least one class, but got logits shape "
                                          f"{shape_text(logits.shape)}")


@reference.kernel("SoftmaxCrossEntropyWithLogits")
def softmax_cross_entropy(ctx):
    """Loss -sum(labels * log_softmax) of each row, and gradient softmax - labels."""

    def run(logits, labels):
        try:
            shape = np.broadcast_shapes(logits.shape, labels.shape)
        except ValueError:
            raise errors.InvalidArgumentError(
                None, None, f"logits and labels must be broadcastable: logits_size={shape_text(logits.shape)} "
                f"labels_size={shape_text(labels.shape)}") from None
        if len(shape) != 2:
            raise errors.InvalidArgumentError(
                None, None, "logits and labels must be either 2-dimensional, or broadcasted to be 2-dimensional")
        if shape[0]:
            _check_classes(logits)
        wide, targets = np.broadcast_to(_wide(logits), shape), np.broadcast_to(_wide(labels), shape)
        with np.errstate(all="ignore"):
            loss = -(targets * log_softmax(wide)).sum(1)
            return _results(ctx, loss, softmax(wide) - targets)

    return run


@reference.kernel("SparseSoftmaxCrossEntropyWithLogits")
def sparse_softmax_cross_entropy(ctx):
    """Loss -log_softmax at each row's label, and gradient softmax less 1 there."""

    def run(logits, labels):
        for name, array, rank in (("logits", logits, 2), ("labels", labels, 1)):
            if array.ndim != rank:
                raise errors.InvalidArgumentError(
                    None, None, f"{name} must be {rank}-D, but got shape {shape_text(array.shape)}")
        if logits.shape[0] != labels.shape[0]:
            raise errors.InvalidArgumentError(
                None, None, "logits and labels must have the same first dimension, got logits shape "
                f"{shape_text(logits.shape)} and labels shape {shape_text(labels.shape)}")
        if labels.size == 0:
            return _results(ctx, np.zeros(0, logits.dtype), np.zeros(logits.shape, logits.dtype))
        _check_classes(logits)
        bad = labels[(labels < 0) | (labels >= logits.shape[1])]
        if bad.size:
            raise errors.InvalidArgumentError(
                None, None, f"Received a label value of {bad[0]} which is outside the valid range of "
                f"[0, {logits.shape[1]}).  Label values: {' '.join(map(str, labels))}")
        wide, rows = _wide(logits), np.arange(len(labels))
        with np.errstate(all="ignore"):
            loss, backprop = -log_softmax(wide)[rows, labels], softmax(wide)
            backprop[rows, labels] -= 1
            return _results(ctx, loss, backprop)

    return run
