"""Plans with ops that may wait: how they are divided, and that this changes no number."""

import numpy as np
import pytest

import graphflow as tf
from graphflow.compiler import pipeline, stages
from graphflow.runtime.executor import Executor
from graphflow.runtime.staged import StagedExecutor


def _divided(*fetches):
    tensors = [f for f in fetches if isinstance(f, tf.Tensor)]
    plan = pipeline.lower(tensors, [f for f in fetches if not isinstance(f, tf.Tensor)], [])
    return stages.divide(plan)


def _names(stage):
    return {stage.node.name} if stage.node is not None else {n.name for n in stage.plan.nodes}


def _training(x):
    w = tf.get_variable("w", [4, 2], initializer=tf.ones_initializer())
    loss = tf.reduce_sum(tf.square(tf.matmul(x, w))) + tf.nn.l2_loss(w)
    return loss, tf.train.GradientDescentOptimizer(0.01).minimize(loss)


def test_a_training_step_behind_a_dequeue_is_one_compiled_plan():
    q = tf.FIFOQueue(100, tf.float32, shapes=[(4,)], name="q")
    loss, train = _training(q.dequeue_many(8))
    found, ahead = _divided(loss, train)
    assert [s.node.type if s.node else None for s in found] == ["QueueDequeueManyV2", None]
    assert {"q", "q_DequeueMany/n"} == {node.name for node in ahead}
    assert [v.name for v in found[1].inputs] == ["q_DequeueMany:0"]
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        sess.run(q.enqueue_many([np.ones((16, 4), np.float32)]))
        sess.run([loss, train])
        executor = list(sess._bound.values())[-1]
        assert isinstance(executor, StagedExecutor)
        (dense,) = [unit.executor for unit in executor._units if unit.executor is not None]
        assert isinstance(dense, Executor) and list(dense._entries) == [((8, 4),)]


def test_each_stage_comes_after_what_it_needs():
    a, b = tf.FIFOQueue(5, tf.float32, name="a"), tf.FIFOQueue(5, tf.float32, name="b")
    x, y = a.dequeue(), b.dequeue()
    both = x + y
    out = tf.FIFOQueue(5, tf.float32, name="out").enqueue(both)
    alone = tf.Variable(1.0) + 2.0
    found, _ = _divided(out, alone, x * 2.0)
    number = {name: s.number for s in found for name in _names(s)}
    before = {s.number: {b.number for b in s.before} for s in found}
    assert number["add"] in before[number["out_enqueue"]]
    assert {number["a_Dequeue"], number["b_Dequeue"]} <= before[number["add"]]
    assert before[number["add_1"]] == set()
    assert before[number["mul"]] == {number["a_Dequeue"]}


def _results(fetches, steps, feed=None):
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        return [sess.run(fetches, feed) for _ in range(steps)]


@pytest.mark.parametrize("seed", range(8))
def test_dividing_changes_no_number(seed):
    """Random programs of variables, arithmetic and functions of the user, against the same without these."""
    def build(divide):
        rng = np.random.RandomState(seed)
        values = [tf.get_variable(f"v{i}", initializer=float(i + 1)) for i in range(3)]
        variables = values[:]
        fetched = []
        for _ in range(25):
            kind = rng.randint(5)
            a, b = values[rng.randint(len(values))], values[rng.randint(len(values))]
            with tf.control_dependencies([fetched[rng.randint(len(fetched))].op] if fetched and kind % 2 else []):
                if kind == 0:
                    new = tf.assign_add(variables[rng.randint(3)], tf.tanh(a))
                elif kind == 1:
                    new = tf.tanh(a) * 1.0 + b
                elif kind == 2 and divide:
                    new = tf.py_func(lambda x: np.float32(x * np.float32(2)), [a + 0.0], tf.float32)
                    new.set_shape(())
                elif kind == 2:
                    new = (a + 0.0) * 2.0
                elif kind == 3:
                    new = tf.identity(a) + 0.5
                else:
                    new = tf.sin(a - b)
            values.append(new)
            fetched.append(new)
        picked = [fetched[i] for i in rng.permutation(len(fetched))[:8]]
        return [p for p in picked if not p.dtype._is_ref_dtype] + [v + 0.0 for v in variables]

    with tf.Graph().as_default():
        plain = _results(build(False), 3)
    with tf.Graph().as_default():
        divided = _results(build(True), 3)
    np.testing.assert_allclose(divided, plain, rtol=1e-6, atol=1e-6)


def test_a_variable_that_changes_between_stages():
    """Then every node is a stage, with the versions as values."""
    v = tf.get_variable("v", initializer=1.0)
    first = tf.assign_add(v, 1.0)
    with tf.control_dependencies([first]):
        seen = tf.py_func(lambda x: x * np.float32(10), [tf.constant(2.0)], tf.float32)
    with tf.control_dependencies([seen]):
        second = tf.assign_add(v, tf.identity(seen))
        read = v + 0.0
    found, _ = _divided(second, read)
    assert all(s.node is not None for s in found)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        assert sess.run([read, second]) == [2.0, 22.0]
        assert sess.run(v) == 22.0


def test_variables_that_a_waiting_op_takes_are_those_of_the_start():
    v = tf.get_variable("v", initializer=[1.0, 2.0])
    q = tf.FIFOQueue(10, tf.float32, shapes=[(2,)])
    put = q.enqueue(v)
    add = tf.assign_add(v, [1.0, 1.0])
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        sess.run([put, add])
        sess.run(put)
        assert sess.run(q.dequeue_many(2)).tolist() == [[1, 2], [2, 3]]
        value = sess.run([v, put])[0]
        value[:] = 0
        assert sess.run(v).tolist() == [2, 3]


def test_uninitialised_variables_are_named():
    v = tf.get_variable("missing", [2])
    q = tf.FIFOQueue(10, tf.float32)
    with tf.Session() as sess, pytest.raises(tf.errors.FailedPreconditionError, match="missing"):
        sess.run(q.enqueue(v))


def test_what_waits_through_dead_nodes_still_waits():
    """A NoOp between two effects does not run, and its order holds."""
    seen = []
    first = tf.py_func(lambda: seen.append("first"), [], [])
    with tf.control_dependencies([tf.group(first)]):
        value = tf.py_func(lambda: seen.append("second") or np.float32(1), [], tf.float32)
    with tf.Session() as sess:
        sess.run(value * 2.0)
    assert seen == ["first", "second"]


def test_explained_as_stages():
    q = tf.FIFOQueue(10, tf.float32, shapes=[(4,)], name="q")
    loss, train = _training(q.dequeue_many(8))
    with tf.Session() as sess:
        text = sess.explain([loss, train])
    assert "2 stages" in text.splitlines()[0] and "q_DequeueMany" in text


def test_constants_hand_on_what_they_wait_for():
    """Of `control_dependencies`, only the constant in `x + 1` gets an edge."""
    x = tf.Variable(1.0).read_value()
    check = tf.py_func(lambda: None, [], [])
    with tf.control_dependencies([check]):
        after = x + 1.0
    assert not after.op.control_inputs and after.op.inputs[1].op.control_inputs == [check]
    found, _ = _divided(after)
    assert [sorted(_names(s)) for s in found if "add" in _names(s)] and found[-1].plan is not None
    assert [b.node.name for b in found[-1].before if b.node is not None] == ["PyFunc"]


def test_records_are_parsed_by_compiled_plans(tmp_path, monkeypatch):
    """A plan that is fed with strings is specialised like any other; so is what follows their parsing."""
    monkeypatch.setenv("GRAPHFLOW_DETERMINISTIC", "1")
    rng = np.random.default_rng(0)
    records = rng.integers(0, 256, (6, 1 + 3 * 8 * 8)).astype(np.uint8)
    (tmp_path / "data.bin").write_bytes(records.tobytes())
    names = tf.train.string_input_producer([str(tmp_path / "data.bin")], shuffle=False)
    _, value = tf.FixedLengthRecordReader(record_bytes=records.shape[1]).read(names)
    record = tf.decode_raw(value, tf.uint8)
    label = tf.cast(record[:1], tf.int32)
    image = tf.transpose(tf.reshape(record[1:], [3, 8, 8]), [1, 2, 0])
    image = tf.exp(tf.random_crop(tf.cast(image, tf.float32), [6, 7, 3]) / 256.0)
    with tf.Session() as sess:
        coordinator = tf.train.Coordinator()
        threads = tf.train.start_queue_runners(sess, coordinator)
        for raw in records:
            found, number = sess.run([image, label])
            plain = np.exp(raw[1:].reshape(3, 8, 8).transpose(1, 2, 0) / 256.0)
            crops = [plain[i:i + 6, j:j + 7] for i in range(3) for j in range(2)]
            assert number == raw[0] and sum(np.allclose(found, crop, rtol=1e-4) for crop in crops) == 1
        text = str(sess.explain([image, label]))
        coordinator.request_stop()
        coordinator.join(threads)
    reference = {line.split()[2] for line in text.splitlines() if " reference " in line}
    assert reference == {"DecodeRaw"} and "windows.window" in text


def test_tapes_of_loops_that_depend_on_nothing_are_made_in_each_run():
    def handed_on(v):
        made = tf.py_func(np.array, [v], v.dtype)
        made.set_shape(v.shape)
        return made

    @tf.custom_gradient
    def tanh(v):
        y = tf.tanh(v)
        return y, lambda dy: handed_on(dy) * (1.0 - y * y)

    x = tf.constant([2.0, 0.5])
    _, y = tf.while_loop(lambda i, _: i < 3, lambda i, a: (i + 1, tanh(a)), [0, x])
    gradient, = tf.gradients(y, x)
    expected, slope = np.array([2.0, 0.5]), 1.0
    for _ in range(3):
        expected = np.tanh(expected)
        slope *= 1.0 - expected ** 2
    with tf.Session() as sess:
        for _ in range(3):
            np.testing.assert_allclose(sess.run(gradient), slope, rtol=1e-5)
