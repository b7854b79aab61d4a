"""`tf.layers`: names as TensorFlow 1.15's sources give them, and numbers against NumPy."""

import numpy as np
import pytest

import graphflow as tf


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(3)
        yield graph


def run(*tensors, feed=None):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        values = session.run(list(tensors), feed)
        return values[0] if len(values) == 1 else values


def names(collection=tf.GraphKeys.GLOBAL_VARIABLES):
    return [variable.op.name for variable in tf.get_collection(collection)]


# ---- names and sharing


def test_names_of_functional_layers():
    x = tf.ones([2, 3])
    outputs = [tf.layers.dense(x, 4), tf.layers.dense(x, 4, activation=tf.nn.relu), tf.layers.dense(x, 4, name="mine")]
    assert [out.op.name for out in outputs] == ["dense/BiasAdd", "dense_1/Relu", "mine/BiasAdd"]
    assert names() == ["dense/kernel", "dense/bias", "dense_1/kernel", "dense_1/bias", "mine/kernel", "mine/bias"]
    assert outputs[0].op.inputs[0].op.name == "dense/MatMul"
    assert names(tf.GraphKeys.TRAINABLE_VARIABLES) == names()


def test_sharing_by_name():
    x = tf.ones([2, 3])
    first = tf.layers.dense(x, 4, name="a")
    second = tf.layers.dense(x, 4, name="a", reuse=True)
    assert second.op.name == "a_1/BiasAdd" and names() == ["a/kernel", "a/bias"]
    np.testing.assert_array_equal(*run(first, second))
    with tf.variable_scope("outer", reuse=tf.AUTO_REUSE):
        for _ in range(2):
            tf.layers.dense(x, 4, name="b")
    assert names()[2:] == ["outer/b/kernel", "outer/b/bias"]
    with pytest.raises(ValueError, match="already exists"):
        tf.layers.dense(x, 4, name="a")


def test_objects():
    layer = tf.layers.Dense(4, name="d", kernel_regularizer=lambda w: tf.reduce_sum(tf.abs(w)))
    with pytest.raises(ValueError, match="has not been used yet"):
        _ = layer.scope_name
    x = tf.ones([2, 3])
    y = layer(x)
    z = layer.apply(x)
    assert (y.op.name, z.op.name, layer.scope_name) == ("d/BiasAdd", "d/BiasAdd_1", "d")
    assert [v.op.name for v in layer.trainable_weights] == ["d/kernel", "d/bias"]
    assert layer.count_params() == 16 and layer.dtype == "float32" and layer.built
    assert [loss.op.name for loss in tf.losses.get_regularization_losses()] == ["d/kernel/Regularizer/Sum"]
    assert layer.losses == tf.losses.get_regularization_losses()
    assert tf.layers.Dense(2).name == "dense_1"
    with pytest.raises(AttributeError, match="multiple inbound nodes"):
        _ = layer.input
    layer.trainable = False
    assert layer.trainable_weights == [] and len(layer.non_trainable_weights) == 2


def test_layer_of_ones_own():
    class Scale(tf.layers.Layer):
        def build(self, input_shape):
            self.factor = self.add_weight("factor", [int(input_shape[-1])], initializer=tf.ones_initializer())
            self.built = True

        def call(self, inputs, scope=None):
            assert scope.name == "scale"
            self.add_loss(lambda: tf.reduce_sum(self.factor))
            return inputs * self.factor

    layer = Scale(activity_regularizer=tf.reduce_sum)
    out = layer(np.full((2, 3), 2.0, np.float32))
    assert out.op.name == "scale/mul" and layer.output is out and layer.output_shape == (2, 3)
    assert run(*layer.losses) == [3.0, 6.0]


def test_initializers_of_the_scope_and_of_names():
    with tf.variable_scope("s", initializer=tf.constant_initializer(2.0)):
        y = tf.layers.dense(tf.ones([1, 3]), 1)
    z = tf.layers.dense(tf.ones([1, 3]), 1, kernel_initializer=tf.ones_initializer, bias_initializer="ones",
                        activation="tanh")
    np.testing.assert_allclose(np.ravel(run(y, z)), [6.0, np.tanh(4.0)], rtol=1e-6)
    with pytest.raises(ValueError, match="Unknown initializer: xavier"):
        tf.layers.dense(tf.ones([1, 3]), 1, kernel_initializer="xavier")


# ---- numbers


def test_dense_of_more_dimensions():
    x = np.random.RandomState(0).normal(size=(2, 3, 4)).astype(np.float32)
    y = tf.layers.dense(x, 5)
    assert y.shape.as_list() == [2, 3, 5]
    kernel, value = run(tf.global_variables()[0], y)
    np.testing.assert_allclose(value, x @ kernel, rtol=1e-5, atol=1e-6)


def test_conv2d_is_a_sum_of_windows():
    x = np.random.RandomState(0).normal(size=(1, 4, 4, 2)).astype(np.float32)
    y = tf.layers.conv2d(x, 3, (2, 3), bias_initializer=tf.ones_initializer())
    assert y.op.name == "conv2d/BiasAdd" and y.op.inputs[0].op.name == "conv2d/Conv2D"
    kernel, value = run(tf.global_variables()[0], y)
    wanted = sum(np.einsum("bhwi,io->bhwo", x[:, i:i + 3, j:j + 2], kernel[i, j]) for i in range(2) for j in range(3))
    np.testing.assert_allclose(value, wanted + 1, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("function", "shape", "kwargs", "wanted"), [
    ("conv1d", [2, 9, 3], {"filters": 4, "kernel_size": 3, "padding": "causal"}, [2, 9, 4]),
    ("conv2d", [2, 8, 8, 3], {"filters": 4, "kernel_size": 3, "strides": 2, "padding": "SAME"}, [2, 4, 4, 4]),
    ("conv2d", [2, 8, 8, 3], {"filters": 4, "kernel_size": 3, "dilation_rate": 2}, [2, 4, 4, 4]),
    ("conv3d", [1, 4, 4, 4, 2], {"filters": 3, "kernel_size": 2}, [1, 3, 3, 3, 3]),
    ("conv2d_transpose", [1, 4, 4, 2], {"filters": 3, "kernel_size": 3, "strides": 2}, [1, 9, 9, 3]),
    ("conv2d_transpose", [1, 2, 4, 4], {"filters": 3, "kernel_size": 3, "strides": 2, "padding": "same",
                                        "data_format": "channels_first"}, [1, 3, 8, 8]),
    ("conv3d_transpose", [1, 2, 2, 2, 2], {"filters": 3, "kernel_size": 2, "strides": 2}, [1, 4, 4, 4, 3]),
    ("separable_conv1d", [2, 9, 3], {"filters": 4, "kernel_size": 3}, [2, 7, 4]),
    ("separable_conv2d", [2, 8, 8, 3], {"filters": 4, "kernel_size": 3, "depth_multiplier": 2}, [2, 6, 6, 4]),
    ("max_pooling1d", [2, 8, 3], {"pool_size": 2, "strides": 2}, [2, 4, 3]),
    ("average_pooling1d", [2, 3, 8], {"pool_size": 2, "strides": 2, "data_format": "channels_first"}, [2, 3, 4]),
    ("max_pooling2d", [2, 8, 8, 3], {"pool_size": 3, "strides": 2, "padding": "same"}, [2, 4, 4, 3]),
    ("average_pooling2d", [2, 8, 8, 3], {"pool_size": 2, "strides": 2}, [2, 4, 4, 3]),
    ("max_pooling3d", [2, 4, 4, 4, 3], {"pool_size": 2, "strides": 2}, [2, 2, 2, 2, 3]),
    ("average_pooling3d", [2, 3, 4, 4, 4], {"pool_size": 2, "strides": 2, "data_format": "channels_first"},
     [2, 3, 2, 2, 2]),
])
def test_shapes(function, shape, kwargs, wanted):
    x = np.random.RandomState(0).normal(size=shape).astype(np.float32)
    y = getattr(tf.layers, function)(tf.constant(x), **kwargs)
    assert y.shape.as_list() == wanted and list(run(y).shape) == wanted


def test_pooling_values():
    x = np.arange(16, dtype=np.float32).reshape(1, 4, 4, 1)
    highest, mean = run(tf.layers.max_pooling2d(x, 2, 2), tf.layers.average_pooling2d(x, 2, 2))
    np.testing.assert_array_equal(highest.ravel(), [5, 7, 13, 15])
    np.testing.assert_array_equal(mean.ravel(), [2.5, 4.5, 10.5, 12.5])


def test_flatten_and_dropout():
    x = tf.placeholder(tf.float32, [None, 2, 3])
    flat = tf.layers.flatten(x)
    assert flat.shape.as_list() == [None, 6] and flat.op.name == "flatten/Reshape"
    training = tf.placeholder(tf.bool, [])
    kept, dropped, either = (tf.layers.dropout(x, 0.5, training=t) for t in (False, True, training))
    assert (kept.op.name, dropped.op.name) == ("dropout/Identity", "dropout_1/dropout/mul_1")
    ones = np.ones((50, 2, 3), np.float32)
    a, b, c = run(kept, dropped, either, feed={x: ones, training: True})
    np.testing.assert_array_equal(a, ones)
    assert set(np.unique(b)) == set(np.unique(c)) == {0.0, 2.0}
    np.testing.assert_array_equal(run(either, feed={x: ones, training: False}), ones)


def test_evaluation_draws_no_random_numbers():
    """What is dropped in the second step does not depend on whether the model was evaluated in between."""
    training = tf.placeholder(tf.bool, [])
    y = tf.layers.dropout(tf.ones([100]), 0.5, seed=1, training=training)
    assert y.op.name == "dropout/cond/Merge"
    assert tf.layers.dropout(tf.ones([100]), training=tf.constant(False)).op.name == "dropout_1/Identity"
    steps = []
    for evaluates in (False, True):
        with tf.Session() as sess:
            first = sess.run(y, {training: True})
            if evaluates:
                sess.run(y, {training: False})
            steps.append((first, sess.run(y, {training: True})))
    np.testing.assert_array_equal(*steps)
    assert (steps[0][0] != steps[0][1]).any()


def test_inputs_must_fit():
    with pytest.raises(ValueError, match="expected ndim=4, found ndim=2"):
        tf.layers.conv2d(tf.ones([2, 3]), 4, 3)
    with pytest.raises(ValueError, match="The channel dimension of the inputs should be defined"):
        tf.layers.conv2d(tf.placeholder(tf.float32, [None, 8, 8, None]), 4, 3)
    with pytest.raises(ValueError, match="The last dimension of the inputs to `Dense`"):
        tf.layers.dense(tf.placeholder(tf.float32, [None, None]), 4)
    with pytest.raises(TypeError, match="non-floating point dtype"):
        tf.layers.dense(tf.ones([2, 3], tf.int32), 4)
    with pytest.raises(ValueError, match="The `strides` argument must be a tuple of 2 integers"):
        tf.layers.conv2d(tf.ones([1, 8, 8, 3]), 4, 3, strides=(1, 2, 3))
    with pytest.raises(ValueError, match="Causal padding"):
        tf.layers.conv2d(tf.ones([1, 8, 8, 3]), 4, 3, padding="causal")
    layer = tf.layers.Dense(4)
    layer(tf.ones([2, 3]))
    with pytest.raises(ValueError, match="expected axis -1 of input shape to have value 3"):
        layer(tf.ones([2, 5]))
