"""Beams of symbols put together from the steps of a beam search. Holds no state."""

from graphflow.framework import raw_ops, shapes
from graphflow.framework.api import tf_export
from graphflow.framework.op_def import NotDifferentiable, register_op


def _gather_tree_shape(c):
    steps = shapes.merge_shapes(shapes.with_rank(c.shape(0), 3), shapes.with_rank(c.shape(1), 3))
    lengths = shapes.with_rank(c.shape(2), 1)
    shapes.with_rank(c.shape(3), 0)
    return [shapes.merge_shapes(steps, (None, lengths[0], None))]


register_op("GatherTree", inputs="step_ids: T, parent_ids: T, max_sequence_lengths: int32, end_token: T",
            outputs="beams: T", attrs="T: {int32}", shape=_gather_tree_shape)
NotDifferentiable("GatherTree")


@tf_export("contrib.seq2seq.gather_tree")
def gather_tree(step_ids, parent_ids, max_sequence_lengths, end_token, name=None):
    """Whole beams: symbols int32 [time, batch, beam], followed from the last step back to the first.

    Args: step_ids: symbols of each step, [time, batch, beam]. parent_ids: which beam of the step before each
      continues. max_sequence_lengths: int32 [batch]; what lies past it, or past the first `end_token` of a
      beam, is `end_token`.
    Raises InvalidArgumentError, while running, for parents that are no beams.

    Example:
      >>> import graphflow as tf
      >>> steps, parents = [[[1, 2]], [[3, 4]]], [[[0, 0]], [[1, 0]]]
      >>> with tf.Session() as session:
      ...     print(session.run(tf.contrib.seq2seq.gather_tree(steps, parents, [2], 9))[:, 0].tolist())
      [[2, 1], [3, 4]]
    """
    return raw_ops.GatherTree(step_ids, parent_ids, max_sequence_lengths, end_token, name=name)
