"""tf.contrib.training: hyperparameters, training operations and loops, evaluation of checkpoints."""

import numpy as np
import pytest

import graphflow as tf

training = tf.contrib.training


def hparams():
    return training.HParams(rate=0.1, layers=[64, 32], name="net", deep=False, steps=10)


def test_hparams():
    h = hparams()
    assert h.values() == {"rate": 0.1, "layers": [64, 32], "name": "net", "deep": False, "steps": 10}
    h.parse("rate=1e-3, layers=[8, 4,2],deep=true,name=a b")
    assert (h.rate, h.layers, h.deep, h.name) == (1e-3, [8, 4, 2], True, "a b")
    assert h.parse_json(h.to_json()).values() == h.values()
    h.set_hparam("rate", 3)
    assert h.rate == 3.0 and isinstance(h.rate, float)
    assert "rate" in h and h.get("rate") == 3.0 and h.get("none", 5) == 5
    h.add_hparam("more", 1)
    h.del_hparam("more")
    assert "more" not in h and not hasattr(h, "more")


@pytest.mark.parametrize(("text", "message"), [
    ("unknown=1", "Unknown hyperparameter type for unknown"), ("rate", "Malformed hyperparameter value: rate"),
    ("steps=a", "Could not parse hparam 'steps' of type 'int' with value 'a'"),
    ("rate=1,rate=2", "Multiple assignments to variable 'rate'"),
    ("rate=[1,2]", "Must not pass a list for single-valued parameter: rate"),
    ("layers=1", "Must pass a list for multi-valued parameter: layers"),
    ("deep=perhaps", "Could not parse hparam 'deep'")])
def test_hparams_refuse(text, message):
    with pytest.raises(ValueError, match=message):
        hparams().parse(text)


def test_hparams_keep_types():
    h = hparams()
    for name, value in (("steps", 1.5), ("name", 3), ("deep", 1), ("rate", True)):
        with pytest.raises(ValueError, match=f"Could not cast hparam '{name}'"):
            h.set_hparam(name, value)
    with pytest.raises(ValueError, match="name is reserved"):
        h.add_hparam("rate", 1)
    with pytest.raises(ValueError, match="cannot be empty"):
        h.add_hparam("empty", [])
    with pytest.raises(ValueError, match="incompatible with default"):
        h.get("steps", "text")


def test_parse_values():
    types = {"a": int, "b": str}
    assert training.parse_values("a[3]=4,a[1]=2,b=x", types) == {"a": {3: 4, 1: 2}, "b": "x"}
    assert training.parse_values("c=1,a=2", types, ignore_unknown=True) == {"a": 2}
    with pytest.raises(ValueError, match=r"Multiple assignments to variable 'a\[1\]'"):
        training.parse_values("a[1]=1,a[1]=2", types)
    with pytest.raises(ValueError, match="list to a list index"):
        training.parse_values("a[1]=[1,2]", types)


def linear():
    """The loss of a line through 2 x + 1, and its variables."""
    x = tf.constant(np.linspace(-1, 1, 16), tf.float32)
    w, b = tf.Variable(0.0, name="w"), tf.Variable(0.0, name="b")
    return tf.reduce_mean(tf.square(w * x + b - (2 * x + 1))), w, b


def test_train(tmp_path):
    loss, w, _ = linear()
    moving = tf.Variable(0.0, trainable=False, name="moving")
    tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, tf.assign_add(moving, 1.0).op)
    train_op = training.create_train_op(loss, tf.train.GradientDescentOptimizer(0.5),
                                        transform_grads_fn=training.clip_gradient_norms_fn(1.0),
                                        summarize_gradients=True)
    assert tf.get_collection(tf.GraphKeys.TRAIN_OP)[-1] is train_op
    assert [s.op.name for s in tf.get_collection(tf.GraphKeys.SUMMARIES)][:2] == [
        "summarize_grads/w_gradient", "summarize_grads/w_gradient_norm"]
    last = training.train(train_op, str(tmp_path), hooks=[tf.train.StopAtStepHook(num_steps=40)])
    assert last < 1e-4
    assert tf.train.load_variable(str(tmp_path), "moving") == 40
    assert abs(tf.train.load_variable(str(tmp_path), "w") - 2) < 1e-2
    with pytest.raises(ValueError, match="logdir cannot be None"):
        training.train(train_op, None)
    assert w.op.name == "w"


def test_gradients_are_scaled():
    _, w, b = linear()
    one = tf.constant(1.0)
    with tf.Session() as sess:
        assert sess.run([g for g, _ in training.multiply_gradients([(one, w), (one, b)], {"w": 2.0})]) == [2.0, 1.0]
        assert sess.run(training.clip_gradient_norms([(tf.constant([3.0, 4.0]), w)], 1.0)[0][0]).tolist() == [
            np.float32(0.6), np.float32(0.8)]
    with pytest.raises(ValueError, match="multiple of `None`"):
        training.multiply_gradients([(None, w)], {w: 2.0})


def saved(folder, value, step):
    with tf.Graph().as_default(), tf.Session() as sess:
        tf.Variable(value, name="v")
        tf.train.get_or_create_global_step()
        sess.run(tf.global_variables_initializer())
        return tf.train.Saver().save(sess, str(folder / "m"), global_step=step)


def test_evaluates(tmp_path):
    v = tf.Variable(0.0, name="v")
    total = tf.get_variable("total", initializer=0.0, trainable=False, collections=[tf.GraphKeys.LOCAL_VARIABLES])
    update = tf.assign_add(total, v)
    saver = tf.train.Saver([v, tf.train.get_or_create_global_step()])
    scaffold = tf.train.Scaffold(saver=saver)
    path = saved(tmp_path, 3.0, 1)
    hooks = [training.StopAfterNEvalsHook(4), training.SummaryAtEndHook(str(tmp_path / "eval"))]
    tf.summary.scalar("total", total)
    assert training.evaluate_once(path, scaffold=scaffold, eval_ops=update, final_ops=total, hooks=hooks) == 12.0
    tf.get_default_graph()._unsafe_unfinalize()
    assert list((tmp_path / "eval").glob("events*"))
    got = training.evaluate_repeatedly(str(tmp_path), scaffold=scaffold, eval_ops=update, final_ops={"t": total},
                                       hooks=[training.StopAfterNEvalsHook(2)], max_number_of_evaluations=1)
    assert got == {"t": 6.0}


def test_new_checkpoints(tmp_path):
    first = saved(tmp_path, 1.0, 1)
    assert training.wait_for_new_checkpoint(str(tmp_path)) == first
    assert training.wait_for_new_checkpoint(str(tmp_path), first, seconds_to_sleep=0.01, timeout=0.02) is None
    found = training.checkpoints_iterator(str(tmp_path), timeout=0)
    assert next(found) == first
    second = saved(tmp_path, 2.0, 2)
    assert next(found) == second
    assert next(found, None) is None


def test_slim_trains(tmp_path):
    slim = tf.contrib.slim
    loss, _, _ = linear()
    train_op = slim.learning.create_train_op(loss, tf.train.GradientDescentOptimizer(0.5), clip_gradient_norm=1.0,
                                             gradient_multipliers={"b": 1.0})
    last = slim.learning.train(train_op, str(tmp_path), number_of_steps=30, log_every_n_steps=0,
                               save_summaries_secs=0, save_interval_secs=0)
    assert last < 1e-3 and tf.train.latest_checkpoint(str(tmp_path)).endswith("model.ckpt-30")
