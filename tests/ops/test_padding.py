"""Padding, reversal and rotation."""

import numpy as np
import pytest

import graphflow as tf
from tests.ops.harness import Sample, fixed, normal, sample_tests

ANY = "float32 float64 int32 bool string complex64 bfloat16"
_NUMERIC = "float32 float64 int32 complex64 bfloat16"


def _pad(x, p, value=None):
    empty = b"" if x.dtype == object else np.zeros((), x.dtype)
    out = np.full(
        [d + sum(q) for d, q in zip(x.shape, p)], empty if value is None else value, x.dtype
    )
    out[tuple(slice(q[0], q[0] + d) for q, d in zip(p, x.shape))] = x
    return out


def _mirror_grad(mode):
    def gradient(x, p):
        """Every element of x is added where NumPy's padding takes it from."""
        shape = [d - sum(q) for d, q in zip(x.shape, p)]
        origin = np.pad(np.arange(np.prod(shape)).reshape(shape), p, mode)
        out = np.zeros(int(np.prod(shape)), x.dtype)
        np.add.at(out, origin.ravel(), x.ravel())
        return out.reshape(shape)

    return gradient


def _reverse_rows(x, lengths):
    x = x.copy()
    for i, n in enumerate(lengths):
        x[:n, i] = x[:n, i][::-1]
    return x


PADS = fixed([[1, 2], [0, 1]])
SAMPLES = [
    Sample("Pad", [normal(2, 3), PADS], _pad, dtypes=ANY, grad=(0,), second=True),
    Sample("Pad", [normal(0, 3), PADS], _pad, id="empty"),
    Sample("PadV2", [normal(2, 3), PADS, normal()], _pad, dtypes=ANY, grad=(0,), second=True),
    Sample(
        "MirrorPad",
        [normal(3, 2), PADS],
        lambda x, p: np.pad(x, p, "reflect"),
        attrs={"mode": "REFLECT"},
        dtypes=ANY,
        grad=(0,),
        second=True,
        id="reflect",
    ),
    Sample(
        "MirrorPad",
        [normal(3, 2), PADS],
        lambda x, p: np.pad(x, p, "symmetric"),
        attrs={"mode": "SYMMETRIC"},
        dtypes=ANY,
        grad=(0,),
        second=True,
        id="symmetric",
    ),
    Sample(
        "MirrorPadGrad",
        [normal(6, 3), PADS],
        _mirror_grad("reflect"),
        attrs={"mode": "REFLECT"},
        dtypes="float32 float64 int32",
        grad=(0,),
        second=True,
        id="reflect",
    ),
    Sample(
        "MirrorPadGrad",
        [normal(5, 3), PADS],
        _mirror_grad("symmetric"),
        attrs={"mode": "SYMMETRIC"},
        grad=(0,),
        id="symmetric",
    ),
    Sample(
        "ReverseV2",
        [normal(2, 3, 2), fixed([-1, 0])],
        lambda x, a: x[::-1, :, ::-1],
        dtypes=ANY,
        grad=(0,),
        second=True,
    ),
    Sample("ReverseV2", [normal(2, 3), fixed(np.zeros(0, np.int32))], lambda x, a: x, id="none"),
    Sample(
        "ReverseSequence",
        [normal(4, 3, 2), fixed([4, 0, 2])],
        _reverse_rows,
        attrs={"seq_dim": 0, "batch_dim": 1},
        dtypes=ANY,
        grad=(0,),
        second=True,
    ),
    Sample(
        "Roll",
        [normal(3, 4), fixed([1, -2]), fixed([0, 1])],
        lambda x, s, a: np.roll(x, s, a),
        dtypes=ANY,
        grad=(0,),
        second=True,
    ),
    Sample("Roll", [normal(5), fixed(7), fixed(-1)], lambda x, s, a: np.roll(x, 7), id="scalar"),
]
test_samples = sample_tests(SAMPLES)


def test_modes_and_ops():
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [None, 3])
        assert tf.pad(x, [[0, 0], [1, 1]]).op.type == "Pad"
        assert tf.pad(x, [[0, 0], [1, 1]], constant_values=2.0).op.type == "PadV2"
        assert tf.pad(x, [[0, 0], [1, 1]], "reflect").op.type == "MirrorPad"
        n = tf.placeholder(tf.int32, [])
        assert tf.pad(x, [[0, n], [1, 2]]).shape.as_list() == [None, 6]
        with pytest.raises(ValueError, match="Unknown padding mode: WRAP"):
            tf.pad(x, [[0, 0], [1, 1]], "WRAP")
        with pytest.raises(ValueError, match="non-negative"):
            tf.pad(x, [[0, -1], [1, 1]])
        with pytest.raises(ValueError, match="specified more than once"):
            tf.reverse(x, [0, -2])


def test_refused_when_run():
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32)
        p = tf.placeholder(tf.int32)
        feeds = {x: np.zeros([2, 3]), p: [[0, 3], [0, 0]]}
        for bad in (
            tf.pad(x, p, "SYMMETRIC"),
            tf.pad(x, -p),
            tf.pad(x, p[:1]),
            tf.reverse(x, p[0]),
            tf.reverse_sequence(x, p[0], 1, 0),
            tf.roll(x, p[0], p[0]),
        ):
            with pytest.raises(tf.errors.InvalidArgumentError):
                session.run(bad, {**feeds, p: [[0, 4], [0, 0]]})


def test_paddings_stacked_by_columns():
    x = tf.placeholder(tf.float32, [None, 5, 12])
    after = tf.concat([tf.zeros_like(tf.shape(x)[:-1]), [4]], 0)
    assert tf.pad(x, tf.stack([tf.zeros_like(after), after], 1)).shape.ndims == 3


def test_shifts_and_axes_have_one_shape():
    with tf.Graph().as_default(), pytest.raises(ValueError, match="both shapes must be equal"):
        tf.roll([[1, 2], [3, 4]], [1], [0, 1])
