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


def programs(tf):
    """name -> function that builds a program and returns its tensors, nested."""
    return {
        **{f"static_{name}": lambda make=make: static_rnn(tf, make()) for name, make in cells(tf).items()},
        "static_bidirectional": lambda: static_bidirectional(tf),
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
