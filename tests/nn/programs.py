"""Recurrent programs that GraphFlow and TensorFlow run alike.

`tools/golden/record_rnn.py` records TensorFlow's answers.
Each program returns tensors; variables get the values that `initial` makes of their names.
"""

import zlib

import numpy as np


def initial(name, shape):
    """The value that the variable `name` gets."""
    return np.random.RandomState(zlib.crc32(name.encode()) % 2**31).normal(0, .5, shape).astype(np.float32)


def rows(tf, steps=3, batch=2, size=3):
    """Inputs [batch, steps, size]."""
    return tf.constant(np.random.RandomState(7).normal(0, 1, (batch, steps, size)).astype(np.float32))


def cells(tf):
    """Functions that make a cell, by name."""
    c = tf.nn.rnn_cell
    return {
        "basic": lambda: c.BasicRNNCell(4),
        "relu": lambda: c.BasicRNNCell(4, activation=tf.nn.relu),
        "gru": lambda: c.GRUCell(4),
        "basic_lstm": lambda: c.BasicLSTMCell(4, forget_bias=.5),
        "lstm": lambda: c.LSTMCell(4),
        "lstm_all": lambda: c.LSTMCell(4, use_peepholes=True, num_proj=3, cell_clip=.5, proj_clip=.4),
        "stacked": lambda: c.MultiRNNCell([c.GRUCell(4), c.LSTMCell(3)]),
        "joined": lambda: c.MultiRNNCell([c.LSTMCell(4, state_is_tuple=False), c.BasicLSTMCell(
            3, state_is_tuple=False)], state_is_tuple=False),
        "dropout": lambda: c.DropoutWrapper(c.BasicLSTMCell(4), .5, .6, .7, seed=3),
        "same_dropout": lambda: c.DropoutWrapper(
            c.BasicLSTMCell(4), .5, .6, .7, variational_recurrent=True, input_size=tf.TensorShape([3]),
            dtype=tf.float32, seed=3),
        "residual": lambda: c.ResidualWrapper(c.GRUCell(3)),
    }


def static_rnn(tf, cell):
    """A cell unrolled over three rows."""
    return tf.nn.static_rnn(cell, tf.unstack(rows(tf), axis=1), dtype=tf.float32)


def static_lengths(tf):
    """Sequences of different lengths, unrolled."""
    return tf.nn.static_rnn(tf.nn.rnn_cell.LSTMCell(4), tf.unstack(rows(tf, 4, 3), axis=1), dtype=tf.float32,
                            sequence_length=[1, 3, 2])


def static_bidirectional(tf):
    """Both directions, unrolled."""
    cell = tf.nn.rnn_cell.GRUCell
    return tf.nn.static_bidirectional_rnn(cell(4), cell(3), tf.unstack(rows(tf), axis=1), dtype=tf.float32)


def dynamic_rnn(tf, cell, **options):
    """A cell in a loop over four rows of three sequences."""
    return tf.nn.dynamic_rnn(cell, rows(tf, 4, 3), dtype=tf.float32, **options)


def bidirectional(tf, **options):
    """Both directions, in loops."""
    cell = tf.nn.rnn_cell.LSTMCell
    return tf.nn.bidirectional_dynamic_rnn(cell(4), cell(3), rows(tf, 4, 3), dtype=tf.float32, **options)


def raw_rnn(tf):
    """A loop that feeds outputs back, and emits other things."""
    lengths = tf.constant([2, 3])

    def loop_fn(time, output, state, loop_state):
        finished = time >= lengths
        if output is None:
            return finished, tf.ones([2, 4]), tf.ones([2, 4]) * .5, tf.zeros([]), tf.constant(0.0)
        return finished, output * .5, state, output[:, 0] * 2.0, loop_state + tf.reduce_sum(output)

    arrays, state, total = tf.nn.raw_rnn(tf.nn.rnn_cell.GRUCell(4), loop_fn)
    return arrays.stack(), state, total


def scanned(tf):
    """Loops of a user: a scan, a fold and a map over rows with a variable."""
    x = tf.transpose(rows(tf, 4, 3), [1, 0, 2])
    w = tf.get_variable("w", [3, 3])
    return [tf.scan(lambda a, row: tf.tanh(tf.matmul(a, w) + row), x), tf.foldl(lambda a, row: a * .5 + row * row, x),
            tf.foldr(lambda a, row: a * .5 + row, x, initializer=tf.zeros([3, 3])),
            tf.map_fn(lambda row: tf.sigmoid(tf.matmul(row, w)), x)]


def programs(tf):
    """name -> function that builds a program and returns its tensors, nested."""
    return {
        **{f"static_{name}": lambda make=make: static_rnn(tf, make()) for name, make in cells(tf).items()},
        "static_lengths": lambda: static_lengths(tf),
        "static_bidirectional": lambda: static_bidirectional(tf),
        **{f"dynamic_{name}": lambda name=name: dynamic_rnn(tf, cells(tf)[name]())
           for name in ("gru", "lstm_all", "stacked", "joined", "same_dropout")},
        "dynamic_lengths": lambda: dynamic_rnn(tf, cells(tf)["stacked"](), sequence_length=[2, 4, 1]),
        "dynamic_time_major": lambda: dynamic_rnn(tf, tf.nn.rnn_cell.GRUCell(4), time_major=True, sequence_length=[
            1, 3, 0, 2]),
        "bidirectional": lambda: bidirectional(tf),
        "bidirectional_lengths": lambda: bidirectional(tf, sequence_length=[2, 4, 1]),
        "raw_rnn": lambda: raw_rnn(tf),
        "scanned": lambda: scanned(tf),
    }


def answers(tf, build):
    """What a program computes: names of variables, values of its tensors, gradients of their sum."""
    with tf.Graph().as_default():
        tensors = tf.nest.flatten(build())
        variables = tf.global_variables()
        total = tf.add_n([tf.reduce_sum(tensor * tensor) for tensor in tensors])
        gradients = tf.gradients(total, variables)
        with tf.Session() as session:
            for variable in variables:
                variable.load(initial(variable.op.name, variable.shape.as_list()), session)
            values, grads = session.run([tensors, gradients])
    return {"variables": [v.op.name for v in variables], "shapes": [t.shape.as_list() for t in tensors],
            "values": [np.ravel(v).tolist() for v in values], "gradients": [np.ravel(g).tolist() for g in grads]}
