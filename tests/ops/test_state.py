"""Variable ops: what reads see, what writes do, and which errors they raise."""

import numpy as np
import pytest

import graphflow as tf
from graphflow.framework import raw_ops


@pytest.fixture(autouse=True)
def session():
    with tf.Graph().as_default(), tf.Session() as sess:
        yield sess


def variable(session, value, **kwargs):
    result = tf.Variable(value, **kwargs)
    session.run(result.initializer)
    return result


# ---------------------------------------------------------------- the order of reads and writes


def test_fetching_a_variable_gives_its_value_after_the_step(session):
    w = variable(session, [1.0, 2.0])
    train = tf.assign_add(w, [1.0, 1.0])
    assert session.run([train, w])[1].tolist() == [2, 3]
    after, before = session.run([train, w + 0.0])
    assert after.tolist() == [3, 4] and before.tolist() == [2, 3]


def test_consumers_see_the_writes_they_depend_on(session):
    v = variable(session, 1.0)
    assert session.run(tf.assign_add(v, 1.0) + v) == 4.0


def test_reads_under_control_dependencies(session):
    v, average = variable(session, 1.0), variable(session, 0.0)
    train = tf.assign(v, 5.0)
    with tf.control_dependencies([train]):
        update = tf.assign(average, 0.5 * average + 0.5 * v)
    assert session.run(update) == 2.5


def test_unordered_writes_run_in_creation_order(session):
    v = variable(session, 0.0)
    writes = [tf.assign(v, 2.0 * i) for i in range(5)]
    double = tf.assign(v, v * 2.0)
    session.run([double.op, *[w.op for w in reversed(writes)]])
    assert session.run(v) == 0.0  # `double` reads the value at the step's start, and comes last


def test_resource_reads_stand_where_they_are_written(session):
    v = variable(session, 1.0, use_resource=True)
    before = v.read_value()
    add = v.assign_add(1.0)
    with tf.control_dependencies([add.op]):
        after = v.read_value()
    assert session.run([before, after, add]) == [1.0, 2.0, 2.0]


def test_all_missing_variables_are_named_before_anything_runs(session):
    ready = variable(session, 0.0, name="ready")
    one, two = tf.Variable(1.0, name="one"), tf.Variable(2.0, name="two")
    with pytest.raises(tf.errors.FailedPreconditionError, match="uninitialized value one, two"):
        session.run([tf.assign_add(ready, 1.0), one + two])
    assert session.run(ready) == 0.0


@pytest.mark.parametrize("use_resource", [False, True])
def test_local_variables_are_told_from_global_ones(session, use_resource):
    here = tf.get_local_variable("here", [], initializer=tf.zeros_initializer(), use_resource=use_resource)
    there = tf.get_variable("there", [], use_resource=use_resource)
    told = r"Run tf\.local_variables_initializer\(\) in this session"
    with pytest.raises(tf.errors.FailedPreconditionError, match=rf"value here\. {told}"):
        session.run(here + 1.0)
    with pytest.raises(tf.errors.FailedPreconditionError, match=r"global_variables_initializer\(\) .* and tf\.local"):
        session.run(here + there)
    session.run(tf.local_variables_initializer())
    tf.add_to_collection(tf.GraphKeys.LOCAL_VARIABLES, "not a variable")
    with pytest.raises(tf.errors.FailedPreconditionError, match=r"Run tf\.global.* checkpoint\) in this"):
        session.run(here + there)


# ---------------------------------------------------------------- single ops


def test_assign_checks_shapes(session):
    v = variable(session, [1.0, 2.0])
    with pytest.raises(ValueError, match="Dimension"):
        tf.assign(v, [1.0, 2.0, 3.0])
    fed = tf.placeholder(tf.float32)
    with pytest.raises(tf.errors.InvalidArgumentError,
                       match=r"Assign requires shapes of both tensors to match. lhs shape= \[2\] rhs shape= \[3\]"):
        session.run(tf.assign(v, fed), {fed: [1, 2, 3]})
    loose = tf.assign(v, fed, validate_shape=False)
    assert session.run(loose, {fed: [1, 2, 3]}).tolist() == [1, 2, 3]
    with pytest.raises(tf.errors.InvalidArgumentError, match="same size"):
        session.run(tf.assign_add(v, fed), {fed: [1.0]})


def test_assigned_values_are_copies(session):
    v = variable(session, np.zeros(2, np.float32))
    fed = tf.placeholder(tf.float32, [2])
    array = np.ones(2, np.float32)
    result = session.run(tf.assign(v, fed), {fed: array})
    result[:] = array[:] = 7
    assert session.run(v).tolist() == [1, 1]


def test_count_up_to(session):
    v = variable(session, 0)
    count = tf.count_up_to(v, 2)
    assert [session.run(count), session.run(count), session.run(v)] == [0, 1, 2]
    with pytest.raises(tf.errors.OutOfRangeError, match="Reached limit of 2"):
        session.run(count)


def test_resource_ops(session):
    v = variable(session, np.arange(6, dtype=np.float32).reshape(3, 2), use_resource=True)
    assert session.run(v.sparse_read([2, 0])).tolist() == [[4, 5], [0, 1]]
    assert session.run(v.gather_nd([[2, 1]])).tolist() == [5]
    assert session.run(raw_ops.VariableShape(v.handle)).tolist() == [3, 2]
    batched = raw_ops.ResourceGather(v.handle, [[1], [0], [1]], batch_dims=1, dtype=tf.float32)
    assert session.run(batched).tolist() == [[1], [2], [5]]
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"indices\[0\] = 3 is not in \[0, 3\)"):
        session.run(v.sparse_read([3]))
    with pytest.raises(ValueError, match="Trying to read variable with wrong dtype"):
        raw_ops.ReadVariableOp(v.handle, dtype=tf.int32)


def test_is_initialized(session):
    for use_resource in (False, True):
        v = tf.Variable(1.0, use_resource=use_resource)
        test = tf.is_variable_initialized(v)
        assert not session.run(test)
        session.run(v.initializer)
        assert session.run(test)


def test_gradients_through_reads(session):
    ref, resource = variable(session, [1.0, 2.0]), variable(session, [[1.0], [2.0]], use_resource=True)
    loss = tf.reduce_sum(ref * ref) + tf.reduce_sum(resource.sparse_read([1, 1]) * 3.0)
    dense, rows = tf.gradients(loss, [ref, resource])
    assert session.run(dense).tolist() == [2, 4]
    assert isinstance(rows, tf.IndexedSlices)
    assert session.run(tf.convert_to_tensor(rows)).tolist() == [[0], [6]]
