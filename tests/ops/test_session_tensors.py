"""`tf.get_session_handle` and its kin: tensors that stay in a session between runs."""

import gc

import numpy as np
import pytest

import graphflow as tf
from graphflow.client.tensor_handle import TensorHandle
from graphflow.framework.kernel_loader import kernels

tensors = kernels("session_tensors")


@pytest.fixture(params=["native", "reference"])
def sess(monkeypatch, request):
    monkeypatch.setenv("GRAPHFLOW_EXECUTOR", "reference" if request.param == "reference" else "")
    with tf.Session() as session:
        yield session


def kept(session):
    """How many tensors the session keeps."""
    gc.collect()
    return len(session._resources.get(tensors.KEY, tensors.SessionTensors))


def test_values_stay_while_their_handles_live(sess):
    x = tf.placeholder(tf.float32, [2])
    h = sess.run(tf.get_session_handle(x * 3.0), {x: [1, 2]})
    assert isinstance(h, TensorHandle) and str(h) == h.handle and h.handle.count(";") == 2 and h.dtype == tf.float32
    holder, y = tf.get_session_tensor(h.handle, tf.float32)
    assert (y.op.type, holder.dtype, y.shape.ndims) == ("GetSessionTensor", tf.string, None)
    np.testing.assert_array_equal(sess.run(y + 1.0, {holder: h.handle}), [4, 7])
    np.testing.assert_array_equal(h.eval(), [3, 6])
    assert kept(sess) == 1
    del h
    assert kept(sess) == 0


def test_from_step_to_step(sess):
    h = sess.run(tf.get_session_handle(tf.constant(0)))
    holder, x = tf.get_session_tensor(h.handle, tf.int32)
    more, step = x < 100, tf.get_session_handle(x + 1)
    going = True
    while going:
        going, h = sess.run([more, step], {holder: h.handle})
    assert h.eval() == 101 and kept(sess) == 1


def test_in_structures_and_callables(sess):
    a = tf.constant([1.0, 2.0])
    result = sess.run({"h": tf.get_session_handle(a), "more": (a, [tf.get_session_handle(a * 2.0)])})
    np.testing.assert_array_equal(result["h"].eval(), [1, 2])
    np.testing.assert_array_equal(result["more"][1][0].eval(), [2, 4])
    np.testing.assert_array_equal(sess.make_callable(tf.get_session_handle(a))().eval(), [1, 2])


def test_fed_for_any_tensor(sess):
    a, b = tf.constant(10.0), tf.constant(5.0)
    c, d = a * b, a / b
    first, second = sess.run([tf.get_session_handle(c), tf.get_session_handle(d)])
    e = c - d
    assert sess.run([e, c], {c: first, d: second}) == [48, 50]
    assert sess.run(e, {c: second, d: first}) == -48


def test_the_value_is_of_its_time(sess):
    v = tf.Variable([1.0, 2.0])
    sess.run(v.initializer)
    h = sess.run(tf.get_session_handle(v.read_value()))
    sess.run(tf.assign_add(v, [1.0, 1.0]))
    np.testing.assert_array_equal(h.eval(), [1, 2])
    h.eval()[:] = 7
    np.testing.assert_array_equal(h.eval(), [1, 2])


def test_deleting(sess):
    h = sess.run(tf.get_session_handle(tf.constant(3)))
    h.delete()
    assert kept(sess) == 0
    for forbidden in (h.delete, h.eval):
        with pytest.raises(TypeError, match="may have already been deleted"):
            forbidden()
    raw = sess.run(tf.get_session_handle(tf.constant(3))).get_raw_handle()
    assert kept(sess) == 1
    holder, delete = tf.delete_session_tensor(raw)
    sess.run(delete, {holder: raw})
    assert kept(sess) == 0
    with pytest.raises(tf.errors.InvalidArgumentError, match="is not in the session store"):
        sess.run(delete, {holder: raw})


def test_wrong_handles(sess):
    h = sess.run(tf.get_session_handle(tf.constant(3)))
    holder, x = tf.get_session_tensor(h.handle, tf.float32)
    with pytest.raises(tf.errors.InvalidArgumentError, match="is of int32, not of float32"):
        sess.run(x, {holder: h.handle})
    with pytest.raises(tf.errors.InvalidArgumentError, match="handle 'nothing' is not in the session store"):
        sess.run(x, {holder: "nothing"})
    with pytest.raises(TypeError, match="must be of type Tensor"):
        tf.get_session_handle(3)
    with tf.Session() as other, pytest.raises(tf.errors.InvalidArgumentError, match="is not in the session store"):
        other.run(x, {holder: h.handle})
