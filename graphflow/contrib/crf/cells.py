"""The steps of a linear chain as cells that `tf.nn.dynamic_rnn` runs over a sequence. Holds no variables."""

from graphflow.framework import dtypes, raw_ops
from graphflow.framework import public as tf
from graphflow.framework.api import lookup, tf_export

RNNCell = lookup("nn.rnn_cell.RNNCell")


class _TagCell(RNNCell):
    """A cell whose state is a number per tag."""

    def __init__(self, transition_params):
        self._transition_params = tf.expand_dims(transition_params, 0)
        self._num_tags = self._transition_params.shape[1].value

    @property
    def state_size(self):
        """Number of tags."""
        return self._num_tags

    @property
    def output_size(self):
        """Number of tags."""
        return self._num_tags


@tf_export("contrib.crf.CrfForwardRnnCell")
class CrfForwardRnnCell(_TagCell):
    """Log of the summed scores of all sequences that end with each tag, one step further."""

    def __call__(self, inputs, state, scope=None):
        """(new state, the same), [batch, tags]."""
        alphas = inputs + tf.reduce_logsumexp(tf.expand_dims(state, 2) + self._transition_params, [1])
        return alphas, alphas


@tf_export("contrib.crf.CrfDecodeForwardRnnCell")
class CrfDecodeForwardRnnCell(_TagCell):
    """The best score of all sequences that end with each tag, one step further."""

    def __call__(self, inputs, state, scope=None):
        """(int32 tags that the best sequences come from, their scores), [batch, tags]."""
        scores = tf.expand_dims(state, 2) + self._transition_params
        return tf.cast(tf.argmax(scores, 1), dtypes.int32), inputs + tf.reduce_max(scores, [1])


@tf_export("contrib.crf.CrfDecodeBackwardRnnCell")
class CrfDecodeBackwardRnnCell(RNNCell):
    """Follows the best sequence back by one step."""

    def __init__(self, num_tags):
        self._num_tags = num_tags

    @property
    def state_size(self):
        """A tag."""
        return 1

    @property
    def output_size(self):
        """A tag."""
        return 1

    def __call__(self, inputs, state, scope=None):
        """(the tag before, the same), [batch, 1]."""
        rows = tf.range(tf.shape(inputs)[0])
        places = tf.stack([rows, tf.squeeze(state, axis=[1])], axis=1)
        tags = tf.expand_dims(raw_ops.GatherNd(inputs, places), axis=-1)
        return tags, tags
