"""What programs import from TensorFlow's own `rnn_cell_impl`: helpers of its cells, under its signatures.

`tensorflow_modules.py` says under which names. Holds no state.
"""

import graphflow as tf
from graphflow.contrib.rnn import projections
from graphflow.nn.rnn_cell.base import assert_like_rnncell, shape_tensor, static_shape


def concat(prefix, suffix, static=False):
    """Sizes `prefix`, then `suffix` (ints, TensorShapes or tensors): a vector, or with `static` a list or None."""
    if not static:
        return shape_tensor(prefix, suffix)
    shape = static_shape(prefix, suffix)
    return None if shape.ndims is None else shape.as_list()


def like_rnncell(cell):
    """Whether `cell` has what an RNNCell must have."""
    try:
        assert_like_rnncell("cell", cell)
    except TypeError:
        return False
    return True


def linear(args, output_size, bias, bias_initializer=None, kernel_initializer=None, bias_start=None, scope=None):
    """The matrices `args` side by side, times a variable `kernel`, plus `bias` if asked for.

    `bias_start` (a number) and `scope` are arguments of older releases: the bias at first, and a variable scope.
    Raises ValueError if there are no matrices, or their columns are not known.
    """
    if bias_start is not None and bias_initializer is None:
        bias_initializer = tf.constant_initializer(bias_start)
    with tf.variable_scope(tf.get_variable_scope() if scope is None else scope):
        return projections.linear(args, output_size, bias, bias_initializer, kernel_initializer)
