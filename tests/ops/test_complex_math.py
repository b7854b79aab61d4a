"""Sample rows of `graphflow/ops/complex_math.py`."""

import numpy as np
import pytest

import graphflow as tf
from tests.ops.harness import Sample, normal, sample_tests

COMPLEX = "complex64 complex128"
REAL_OF = {"complex64": "float32", "complex128": "float64"}
COMPLEX_OF = {"float32": "complex64", "float64": "complex128"}


def row(op, oracle):
    """An op from complex to real numbers."""
    return Sample(
        op,
        [normal(2, 3)],
        oracle,
        dtypes=COMPLEX,
        attrs=lambda d: {"Tout": REAL_OF.get(d, "float32")},
    )


def round_trip(x, y):
    """A real function through complex numbers, to differentiate."""
    z = tf.complex(x, y) * tf.conj(tf.complex(y, x))
    return tf.abs(z) + tf.real(z) * tf.imag(z) + tf.angle(tf.complex(x, y))


def round_trip_oracle(x, y):
    z = (x + 1j * y) * (y - 1j * x)
    return np.abs(z) + z.real * z.imag + np.angle(x + 1j * y)


test_samples = sample_tests([
    row("ComplexAbs", np.abs), row("Real", np.real), row("Imag", np.imag), row("Angle", np.angle),
    Sample("Conj", [normal(2, 3)], np.conj, dtypes=COMPLEX),
    Sample("Complex", [normal(2, 3), normal(3)], lambda x, y: x + 1j * y, grad=None,
           attrs=lambda d: {"Tout": COMPLEX_OF.get(d, "complex64")}),
    Sample(round_trip, [normal(2, 3), normal(2, 3)], round_trip_oracle, tol=1e-4,
           grad=(0, 1), second=True),
])


def test_wrappers_of_real_tensors():
    with tf.Graph().as_default(), tf.Session() as sess:
        x = tf.constant([1.0, -2.0])
        assert tf.real(x) is x
        assert tf.conj(x) is x
        np.testing.assert_array_equal(sess.run([tf.imag(x), tf.angle(x)]), np.zeros((2, 2)))
        with pytest.raises(TypeError, match="real and imag have incorrect types"):
            tf.complex(x, tf.constant(1.0, tf.float64))
        with pytest.raises(TypeError, match="Expected numeric"):
            tf.conj(tf.constant([True]))
