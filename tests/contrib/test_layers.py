"""`tf.contrib.layers`, `framework` and `slim`: names of TensorFlow 1.15, values against NumPy, training."""

import numpy as np
import pytest

import graphflow as tf

slim = tf.contrib.slim
layers = tf.contrib.layers
_rng = np.random.RandomState(1)
IMAGES = _rng.normal(1.0, 2.0, (4, 6, 6, 2)).astype(np.float32)
ROWS = _rng.normal(1.0, 2.0, (6, 3)).astype(np.float32)


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(3)
        yield graph


def run(*tensors, feed=None):
    with tf.Session() as session:
        session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
        values = session.run(list(tensors), feed)
        return values[0] if len(values) == 1 else values


def test_fully_connected():
    x = tf.constant(ROWS)
    y = layers.fully_connected(x, 4, weights_regularizer=layers.l2_regularizer(0.5))
    z = layers.linear(x, 2, scope="out", variables_collections={"weights": ["w"]}, outputs_collections="o")
    assert (y.op.name, z.op.name) == ("fully_connected/Relu", "out/BiasAdd")
    assert [v.op.name for v in slim.get_model_variables()] == [
        "fully_connected/weights", "fully_connected/biases", "out/weights", "out/biases"]
    assert [v.op.name for v in tf.get_collection("w")] == ["out/weights"]
    assert list(slim.utils.convert_collection_to_dict("o")) == ["out"]
    weights, value, loss = run(slim.get_unique_variable("fully_connected/weights"), y,
                               tf.losses.get_regularization_loss())
    np.testing.assert_allclose(value, np.maximum(ROWS @ weights, 0), rtol=1e-5, atol=1e-6)
    assert loss == pytest.approx(0.25 * np.square(weights).sum(), rel=1e-5)
    with pytest.raises(ValueError, match="num_outputs type should be one of"):
        layers.fully_connected(x, 4.0)


def test_arg_scope():
    with slim.arg_scope([slim.conv2d, slim.fully_connected], activation_fn=tf.nn.elu, biases_initializer=None) as scope:
        with slim.arg_scope([slim.conv2d], padding="VALID"):
            y = slim.conv2d(tf.constant(IMAGES), 3, [3, 3], scope="c")
        assert slim.conv2d(tf.constant(IMAGES), 3, 3, activation_fn=None).op.type == "Conv2D"
    assert y.shape.as_list() == [4, 4, 4, 3] and y.op.name == "c/Elu"
    with slim.arg_scope(scope):
        assert slim.fully_connected(tf.constant(ROWS), 2).op.type == "Elu"
    assert slim.fully_connected(tf.constant(ROWS), 2).op.type == "Relu"
    with pytest.raises(ValueError, match="is not decorated with @add_arg_scope"), slim.arg_scope([tf.add], name="x"):
        raise AssertionError
    assert "stride" in slim.arg_scoped_arguments(slim.conv2d)


def test_own_arg_scope_function():
    @slim.add_arg_scope
    def scaled(x, factor=1.0):
        """Scales."""
        return x * factor

    with slim.arg_scope([scaled], factor=3.0):
        assert scaled(2.0) == 6.0 and scaled(2.0, factor=1.0) == 2.0
    assert scaled(2.0) == 2.0 and scaled.__doc__ == "Scales."


def test_images():
    x = tf.constant(IMAGES)
    y = slim.repeat(x, 2, slim.conv2d, 4, 3, scope="conv")
    assert y.op.name == "conv/conv_2/Relu"
    assert slim.max_pool2d(y, 2, scope="pool").op.name == "pool/MaxPool"
    assert slim.avg_pool2d(y, [3, 3], stride=1).shape.as_list() == [4, 4, 4, 4]
    assert slim.conv2d_transpose(y, 3, 3, stride=2).shape.as_list() == [4, 12, 12, 3]
    assert slim.separable_conv2d(y, 5, 3, depth_multiplier=2).shape.as_list() == [4, 6, 6, 5]
    depthwise = slim.separable_conv2d(y, None, 3, depth_multiplier=2)
    assert depthwise.shape.as_list() == [4, 6, 6, 8]
    assert slim.flatten(y).shape.as_list() == [4, 144]
    assert slim.stack(slim.flatten(y), slim.fully_connected, [3, 2], scope="fc").op.name == "fc/fc_2/Relu"
    assert run(depthwise).shape == (4, 6, 6, 8)


@pytest.mark.parametrize("x", [IMAGES, ROWS], ids=["images", "rows"])
@pytest.mark.parametrize("updates", [tf.GraphKeys.UPDATE_OPS, None, "mine"])
@pytest.mark.parametrize("fused", [None, False])
def test_batch_norm(x, updates, fused):
    axes = tuple(range(x.ndim - 1))
    y = layers.batch_norm(tf.constant(x), decay=0.9, updates_collections=updates, fused=fused, scope="bn")
    mean = slim.get_unique_variable("bn/moving_mean")
    assert [v.op.name for v in tf.trainable_variables()] == ["bn/beta"]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        wanted = (x - x.mean(axes)) / np.sqrt(x.var(axes) + 1e-3)
        np.testing.assert_allclose(session.run(y), wanted, rtol=1e-4, atol=1e-5)
        if updates is not None:
            assert not session.run(mean).any()
            session.run(tf.get_collection(updates))
        np.testing.assert_allclose(session.run(mean), 0.1 * x.mean(axes), rtol=1e-4)


def test_batch_norm_of_weighted_examples():
    weights = np.array([1, 0, 2, 0, 1, 0], np.float32)
    y = layers.batch_norm(tf.constant(ROWS), batch_weights=weights)
    mean = np.average(ROWS, 0, weights)
    variance = np.average(np.square(ROWS - mean), 0, weights)
    np.testing.assert_allclose(run(y), (ROWS - mean) / np.sqrt(variance + 1e-3), rtol=1e-4, atol=1e-5)


def test_normalizers():
    x = tf.constant(IMAGES)
    layer, instance, group = layers.layer_norm(x), layers.instance_norm(x), layers.group_norm(x, groups=1)

    def normalized(axes, epsilon):
        return (IMAGES - IMAGES.mean(axes, keepdims=True)) / np.sqrt(IMAGES.var(axes, keepdims=True) + epsilon)

    found = run(layer, instance, group)
    for value, axes, epsilon in zip(found, [(1, 2, 3), (1, 2), (1, 2, 3)], [1e-12, 1e-6, 1e-6]):
        np.testing.assert_allclose(value, normalized(axes, epsilon), rtol=1e-3, atol=1e-4)
    assert [v.op.name for v in tf.global_variables()][:2] == ["LayerNorm/beta", "LayerNorm/gamma"]


def test_regularizers():
    w = tf.constant([[1.0, -2.0], [3.0, 0.0]])
    both = layers.l1_l2_regularizer(0.5, 0.1)(w)
    assert layers.l1_regularizer(0.5)(w).op.name == "l1_regularizer"
    assert run(both, layers.apply_regularization(layers.l1_regularizer(0.5), [w, w])) == pytest.approx([3.7, 6.0])
    assert layers.l2_regularizer(0.0)(w) is None and layers.sum_regularizer([None]) is None
    with pytest.raises(ValueError, match="scale cannot be an integer: 1"):
        layers.l1_regularizer(1)


def test_embed_sequence():
    ids = tf.constant([[1, 2, 1], [0, 0, 4]])
    plain = layers.embed_sequence(ids, 5, 3, scope="e")
    unique = layers.embed_sequence(ids, unique=True, scope="e", reuse=True)
    np.testing.assert_array_equal(*run(plain, unique))
    table, bag = run(*tf.global_variables(), layers.bow_encoder(ids, 5, 3, scope="e", reuse=True))
    np.testing.assert_allclose(bag, [(2 * table[1] + table[2]) / 3, table[4]], rtol=1e-5)


@pytest.mark.parametrize("optimizer", [
    "SGD", tf.train.AdamOptimizer, lambda rate: tf.train.MomentumOptimizer(rate, 0.9)])
def test_optimize_loss(optimizer):
    w = tf.get_variable("w", [], initializer=tf.ones_initializer())
    step = tf.train.create_global_step()
    train = layers.optimize_loss(tf.square(w), step, 0.1, optimizer, clip_gradients=1.0,
                                 summaries=layers.OPTIMIZER_SUMMARIES)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        losses = [session.run(train) for _ in range(3)]
        assert losses[0] == 1.0 and losses == sorted(losses, reverse=True)
        assert session.run(step) == 3
    with pytest.raises(ValueError, match="Optimizer name should be one of"):
        layers.optimize_loss(tf.square(w), step, 0.1, "Sgd", name="again")


def test_create_train_op_and_checkpoints(tmp_path):
    w = slim.model_variable("w", [2], initializer=tf.ones_initializer())
    train = slim.learning.create_train_op(tf.reduce_sum(tf.square(w)), tf.train.GradientDescentOptimizer(0.1),
                                          clip_gradient_norm=1)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run(train) == 2.0
        path = tf.train.Saver([w]).save(session, str(tmp_path / "model"))
        saved = session.run(w)
        session.run(train)
        restore = slim.assign_from_checkpoint_fn(path, slim.get_variables_to_restore(), ignore_missing_vars=True)
        restore(session)
        np.testing.assert_array_equal(session.run(w), saved)
        session.run(*slim.assign_from_values({"w": np.array([5.0, 6.0], np.float32)}))
        np.testing.assert_array_equal(session.run(w), [5, 6])
        session.run(*slim.assign_from_checkpoint(path, [w]))
        np.testing.assert_array_equal(session.run(w), saved)


def test_losses_and_metrics_with_predictions_first():
    logits, onehot = tf.constant(ROWS), tf.constant(np.eye(3, dtype=np.float32)[[0, 1, 2, 0, 1, 2]])
    new = tf.losses.softmax_cross_entropy(onehot, logits, weights=2.0)
    old = slim.losses.softmax_cross_entropy(logits, onehot, weights=2.0)
    rows = slim.losses.mean_squared_error(logits, onehot, weights=tf.constant([1.0, 0, 0, 0, 0, 3.0]))
    errors = np.square(ROWS - np.eye(3)[[0, 1, 2, 0, 1, 2]])
    value = run(new, old, rows)
    assert value[0] == value[1]
    assert value[2] == pytest.approx((errors[0].sum() + 3 * errors[5].sum()) / 6, rel=1e-5)
    _, update = tf.contrib.metrics.streaming_accuracy(tf.constant([1, 2]), tf.constant([1, 1]))
    _, matrix = tf.contrib.metrics.streaming_mean_iou(tf.constant([1, 2]), tf.constant([1, 1]), 3)
    found = run(update, matrix)
    assert found[0] == 0.5 and found[1][1, 2] == 1


def test_analyze_vars(capsys):
    slim.variable("w", [2, 3])
    assert slim.model_analyzer.analyze_vars(tf.global_variables(), print_info=True) == (6, 24)
    assert "w:0 (float32_ref 2x3) [6, bytes: 24]" in capsys.readouterr().out
