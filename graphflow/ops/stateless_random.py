"""Random numbers that are a function of their seed alone: the same seed gives the same numbers in every run.

Holds no state.
"""

from graphflow.framework import shapes
from graphflow.framework.op_def import NotDifferentiable, register_op


def _classes_shape(c):
    logits, seed = shapes.with_rank(c.shape(0), 2), shapes.with_rank(c.shape(2), 1)
    if seed is not None and seed[0] not in (None, 2):
        raise ValueError("seed must have shape [2]")
    count = c.value(1)
    return [(None if logits is None else logits[0], None if count is None else int(count))]


register_op("StatelessMultinomial", inputs="logits: T, num_samples: int32, seed: Tseed", outputs="output: output_dtype",
            attrs="T: realnumbertype; Tseed: {int32, int64} = DT_INT64; output_dtype: {int32, int64} = DT_INT64",
            shape=_classes_shape)
NotDifferentiable("StatelessMultinomial")
