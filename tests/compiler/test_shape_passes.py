"""What the shape passes leave to run, and that the results are the same to the bit."""

import numpy as np
import pytest

import graphflow as tf
from graphflow.compiler import pipeline
from tools.bench import passes


def left(fetch, feed):
    """(op types that run for `fetch`, its value with all passes)."""
    with tf.Session() as sess:
        if tf.global_variables():
            sess.run(tf.global_variables_initializer())
        value = sess.run(fetch, feed)
        (executor,) = [e for key, e in sess._bound.items() if fetch in key[0]]
        spec = executor.specialization([feed[t] for t in sorted(feed, key=lambda t: t.name)])
        return [node.type for bound in spec.nodes for node in bound.nodes], value


def matrix(rows=4, columns=3):
    x = tf.placeholder(tf.float32, [None, columns])
    values = np.random.default_rng(0).normal(size=(rows, columns)).astype(np.float32)
    values[0, 0], values[0, 1], values[0, 2] = -0.0, np.nan, np.inf
    return x, values


NOTHING = {
    "mul one": lambda x: x * 1.0,
    "one mul": lambda x: 1.0 * x,
    "div one": lambda x: x / 1.0,
    "minus zero": lambda x: x - 0.0,
    "plus minus zero": lambda x: x + tf.constant(-0.0),
    "neg neg": lambda x: tf.negative(tf.negative(x)),
    "transposes": lambda x: tf.transpose(tf.transpose(x)),
    "wide and back": lambda x: tf.cast(tf.cast(x, tf.float64), tf.float32),
    "neg, other name, neg": lambda x: tf.identity(tf.negative(tf.identity(tf.negative(x)))),
    "pow one": lambda x: tf.pow(x, 1.0),
    "ones": lambda x: tf.ones_like(x) * x,
    "tile once": lambda x: tf.tile(x, [1, 1]),
    "whole": lambda x: x[:, 0:3],
    "two by name": lambda x: tf.identity_n([x, tf.abs(x)])[0],
    "pad nothing": lambda x: tf.pad(x, [[0, 0], [0, 0]]),
    "new axis": lambda x: tf.transpose(x[:, None, :], [1, 0, 2]),
}


@pytest.mark.parametrize("make", NOTHING.values(), ids=NOTHING)
def test_nothing_is_left(make):
    x, values = matrix()
    kinds, result = left(make(x), {x: values})
    assert kinds == []
    assert result.reshape(values.shape).tobytes() == values.tobytes()


SOMETHING = {
    "plus zero": lambda x: x + 0.0,             # -0.0 becomes 0.0
    "through half": lambda x: tf.cast(tf.cast(x, tf.float16), tf.float32),
    "backwards": lambda x: x[:, ::-1],
    "tanh tanh": lambda x: tf.tanh(tf.tanh(x)),
}


@pytest.mark.parametrize("make", SOMETHING.values(), ids=SOMETHING)
def test_what_changes_bits_stays(make):
    x, values = matrix()
    kinds, result = left(make(x), {x: values})
    assert kinds and result.tobytes() != values.tobytes()


def test_integers_lose_nothing():
    x = tf.placeholder(tf.int32, [3])
    flip = tf.bitwise.invert
    for y in (x + 0, 0 + x, x - 0, x * 1, tf.cast(tf.cast(x, tf.int64), tf.int32), flip(flip(x))):
        assert left(y, {x: np.array([1, -2, 3], np.int32)})[0] == []
    halved = tf.cast(tf.cast(x, tf.float32), tf.int32)      # 24 bits do not hold 31
    kinds, result = left(halved, {x: np.array([1, 2 ** 24 + 1, 3], np.int32)})
    assert kinds == ["Cast", "Cast"] and result[1] == 2 ** 24


def test_squares_are_products():
    x, values = matrix()
    kinds, result = left(tf.pow(x, 2.0), {x: values})
    assert kinds == ["Square"]
    np.testing.assert_array_equal(result, values * values)


def test_equal_expressions_run_once():
    x, values = matrix()
    kinds, _ = left(tf.tanh(x * 2.0) + tf.square(tf.tanh(x * 2.0)), {x: values})
    assert sorted(kinds) == ["AddV2", "Mul", "Square", "Tanh"]


def test_random_numbers_are_not_merged():
    x, values = matrix()
    y = tf.random_uniform([4, 3]) - tf.random_uniform([4, 3]) + x * 0.0
    kinds, result = left(y, {x: np.ones_like(values)})
    assert kinds.count("RandomUniform") == 2 and np.abs(result).min() > 0


def test_what_is_recomputed_on_purpose_stays():
    x, values = matrix()
    first = tf.tanh(x)
    with tf.control_dependencies([first]):
        again = tf.tanh(x)
    assert left(first * again, {x: values})[0].count("Tanh") == 2


def test_reads_before_and_after_a_write_differ():
    x, values = matrix()
    v = tf.Variable(2.0)
    before = x * v
    with tf.control_dependencies([tf.assign_add(v, 1.0)]):
        after = x * v
    kinds, result = left(after - before, {x: np.ones_like(values)})
    assert kinds.count("Mul") == 2
    np.testing.assert_array_equal(result, np.ones_like(values))


@pytest.mark.parametrize("make, expected", [
    (lambda x: tf.matmul(tf.transpose(x), x), lambda x: x.T @ x),
    (lambda x: tf.matmul(x, tf.transpose(x)), lambda x: x @ x.T),
    (lambda x: tf.matmul(tf.transpose(x), tf.transpose(x), transpose_b=True), lambda x: x.T @ x),
    (lambda x: tf.matmul(tf.transpose(x[None], [0, 2, 1]), x[None]), lambda x: (x.T @ x)[None]),
])
def test_products_read_transposed_matrices(make, expected):
    x, _ = matrix()
    values = np.arange(12, dtype=np.float32).reshape(4, 3)
    kinds, result = left(make(x), {x: values})
    assert len(kinds) == 1 and "MatMul" in kinds[0]
    np.testing.assert_array_equal(result, expected(values))


def test_a_transposed_variable_is_read_before_it_is_written():
    v = tf.Variable([[1.0, 2.0], [3.0, 4.0]])
    flipped = tf.transpose(v)
    with tf.control_dependencies([flipped]):
        write = tf.assign(v, v * 10.0)
    with tf.control_dependencies([write]):
        product = tf.matmul(flipped, [[1.0, 0.0], [0.0, 1.0]])
    _, result = left(product, {})
    np.testing.assert_array_equal(result, [[1, 3], [2, 4]])


def test_transposes_of_transposes_are_one():
    x = tf.placeholder(tf.float32, [2, 3, 4])
    values = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    kinds, result = left(tf.transpose(tf.transpose(x, [1, 2, 0]), [1, 2, 0]), {x: values})
    assert kinds == ["Transpose"]
    np.testing.assert_array_equal(result, values.transpose(2, 0, 1))


def _square(rows, columns, seed):
    x = tf.placeholder(tf.float32, [None, columns])
    return x, np.random.default_rng(seed).normal(size=(rows, columns)).astype(np.float32)


def test_sums_of_products_are_made_in_place():
    (a, first), (b, second), (c, third) = (_square(128, 128, seed) for seed in range(3))
    feed = {a: first, b: second, c: third}
    products = [tf.matmul(a, b), tf.matmul(b, c, transpose_a=True), tf.matmul(c, a)]
    terms = [first @ second, second.T @ third, third @ first]
    for sum_, kinds_, expected in (
            (tf.add_n(products), ["MatMul", "AddProduct", "AddProduct"], sum(terms)),
            (tf.add_n([products[0], a, products[1]]), ["MatMul", "AddProduct", "AddV2"], terms[0] + first + terms[1]),
            (products[0] + products[1], ["MatMul", "AddProduct"], terms[0] + terms[1]),
            (tf.tanh(products[0] + a), ["MatMul", "AddV2", "Tanh"], np.tanh(terms[0] + first)),
            (tf.add_n([products[0], products[1], tf.exp(products[0])]), ["MatMul", "MatMul", "Exp", "AddV2", "AddV2"],
             terms[0] + terms[1] + np.exp(terms[0]))):
        kinds, result = left(sum_, feed)
        assert kinds == kinds_
        np.testing.assert_allclose(result, expected, rtol=1e-3, atol=1e-3)
        np.testing.assert_array_equal(feed[a], _square(128, 128, 0)[1])


def test_a_sum_of_products_that_are_fetched_too_leaves_them_alone():
    (a, x), (b, y) = (_square(128, 128, seed) for seed in range(2))
    first, second = tf.matmul(a, b), tf.matmul(b, a)
    with tf.Session() as sess:
        one, two, both = sess.run([first, second, first + second], {a: x, b: y})
    np.testing.assert_allclose(one + two, both, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(one, x @ y, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("begin, size, transposes", [
    ([0, 28], [-1, 100], (False, False)), ([0, 28], [128, 100], (False, True)), ([28, 0], [100, 128], (False, False)),
    ([5, 0], [60, -1], (True, False))])
def test_only_the_part_of_a_product_that_is_read_is_made(begin, size, transposes):
    (a, one), (b, other) = (_square(*(128, 64) if turned else (64, 128), seed) for seed, turned in enumerate(
        (not transposes[0], transposes[1])))
    kinds, result = left(tf.slice(tf.matmul(a, b, *transposes), begin, size), {a: one, b: other})
    assert kinds == ["Slice", "MatMul"]
    whole = (one.T if transposes[0] else one) @ (other.T if transposes[1] else other)
    end = [first + count if count > 0 else 128 for first, count in zip(begin, size)]
    np.testing.assert_allclose(result, whole[begin[0]:end[0], begin[1]:end[1]], rtol=1e-3, atol=1e-4)


def test_products_whose_other_parts_are_read_too_stay_whole():
    (a, x), (b, y) = (_square(64, 64, seed) for seed in range(2))
    product = tf.matmul(a, b)
    kinds, _ = left(product[:, :32] + product[:, 32:], {a: x, b: y})
    assert kinds.count("MatMul") == 1


def test_a_part_of_a_product_with_a_variable_is_made_of_what_that_was():
    x, values = _square(64, 64, 0)
    v = tf.Variable(np.eye(64, dtype=np.float32))
    part = tf.slice(tf.matmul(x, v), [0, 16], [64, 40])
    with tf.control_dependencies([part]):
        write = tf.assign(v, v * 10.0)
    with tf.control_dependencies([write]):
        late = part + 0.5
    _, result = left(late, {x: values})
    np.testing.assert_allclose(result, values[:, 16:56] + 0.5, rtol=1e-5)


def test_repeated_rows_are_not_made():
    x, values = matrix()
    row = tf.tanh(x[:1])
    for y, expected in ((x * tf.tile(row, [4, 1]), values * np.tanh(values[:1])),
                        (tf.fill([4, 3], x[1, 1]) - x, values[1, 1] - values)):
        kinds, result = left(y, {x: values})
        assert not {"Tile", "Fill"} & set(kinds)
        np.testing.assert_allclose(result, expected, rtol=1e-6)
    assert "Tile" in left(tf.tile(row, [4, 1]) + tf.tile(row, [4, 1]), {x: values})[0]      # somebody has to
    assert "Tile" in left(x[:2] + tf.tile(x[2:], [1, 1])[:2] + tf.tile(x[:, :1], [1, 3])[:2], {x: values})[0]


def test_short_sums_join_the_loops_around_them():
    x, values = matrix()
    y = tf.tanh(tf.add_n([x, x * 2.0, tf.square(x)]))
    kinds, result = left(y, {x: values})
    assert kinds.count("AddV2") == 2 and "AddN" not in kinds
    np.testing.assert_allclose(result, np.tanh(values + values * 2 + values * values), rtol=1e-5)


def test_contrast_is_taken_apart():
    x, factor = tf.placeholder(tf.float32, [None, 6, 5, 3]), tf.placeholder(tf.float32, [])
    values = np.random.default_rng(0).normal(size=(2, 6, 5, 3)).astype(np.float32)
    kinds, result = left(tf.image.adjust_contrast(x, factor), {x: values, factor: np.float32(1.5)})
    assert kinds == ["Mean", "Sub", "Mul", "AddV2"]
    mean = values.mean((1, 2), keepdims=True)
    np.testing.assert_allclose(result, (values - mean) * 1.5 + mean, rtol=1e-5, atol=1e-6)


def test_weight_decay_and_clipping_are_elementwise():
    x = tf.placeholder(tf.float32, [None, 3])
    values = np.array([[1, -2, 3], [-0.0, 5, 6]], np.float32)
    kinds, result = left(tf.nn.l2_loss(x), {x: values})
    assert sorted(kinds) == ["Mul", "Square", "Sum"] and result == np.float32((values * values).sum() / 2)
    kinds, result = left(tf.clip_by_value(x, -1.0, 2.0), {x: values})
    assert sorted(kinds) == ["Maximum", "Minimum"]
    np.testing.assert_array_equal(result, np.clip(values, -1, 2))


def test_lookups_of_joined_rows_are_made_apart():
    table = tf.Variable(np.arange(12, dtype=np.float32).reshape(6, 2))
    first, second = tf.placeholder(tf.int32, [2]), tf.placeholder(tf.int32, [3])
    rows = tf.gather(table, tf.concat([first, second], 0))
    feed = {first: np.array([5, 1], np.int32), second: np.array([0, 2, 5], np.int32)}
    product = tf.matmul(tf.slice(rows, [0, 0], [2, -1]), tf.slice(rows, [2, 0], [-1, 2]), transpose_b=True)
    kinds, result = left(product, feed)
    assert sorted(kinds) == ["GatherV2", "GatherV2", "MatMul"]
    np.testing.assert_array_equal(result, np.array([[10, 11], [2, 3]]) @ np.array([[0, 1], [4, 5], [10, 11]]).T)
    for other in (rows[:3] * 2.0, tf.slice(rows, [0, 0], [2, 1]), tf.slice(rows, [0, 0], [3, 2]) + rows[2:]):
        kinds, result = left(other, feed)
        assert kinds.count("GatherV2") == 1 and "ConcatV2" in kinds
    with pytest.raises(tf.errors.InvalidArgumentError, match="6 is not in"):
        left(tf.slice(rows, [2, 0], [3, 2]) * 1.5, {**feed, second: np.array([6, 0, 0], np.int32)})


def test_sums_of_padded_parts_are_joins():
    x, values = matrix()
    other = tf.matmul(tf.ones([2, 4]), x)
    total = tf.add_n([tf.pad(tf.tanh(x), [[2, 0], [0, 0]]), tf.pad(other, [[0, 4], [0, 0]])]) * -0.5
    kinds, result = left(total, {x: values})
    assert "Pad" not in kinds and kinds.count("AddV2") == 2 and kinds.count("Mul") == 2
    want = np.concatenate([values.sum(0, keepdims=True)] * 2 + [np.tanh(values)]) * np.float32(-.5)
    np.testing.assert_allclose(result, want, rtol=1e-6)
    assert np.signbit(result[2, 0])             # -0.0 + 0.0 is 0.0
    for sum_ in (tf.pad(x, [[2, 0], [0, 0]]) + tf.pad(x, [[0, 2], [0, 0]]),        # both have rows in the middle
                 tf.pad(x, [[1, 5], [0, 0]]) + tf.pad(x, [[5, 1], [0, 0]]),        # none has the first
                 tf.pad(x, [[4, 0], [0, 1]]) + tf.pad(x, [[0, 4], [1, 0]])):
        assert left(sum_, {x: values})[0].count("Pad") == 2


def test_products_with_ones_and_of_vectors_are_elementwise():
    x = tf.placeholder(tf.float32, [4, 3])
    values = np.arange(12, dtype=np.float32).reshape(4, 3)
    kinds, result = left(tf.matmul(x * 2.0, tf.ones([3, 1])), {x: values})
    assert sorted(kinds) == ["Mul", "Sum"]
    np.testing.assert_array_equal(result, (values * 2).sum(1, keepdims=True))
    column = tf.slice(x, [0, 1], [4, 1])
    kinds, result = left(tf.matmul(column, tf.ones([3, 1]), transpose_b=True) + x, {x: values})
    assert "MatMul" not in kinds and "Tile" not in kinds
    np.testing.assert_array_equal(result, values[:, 1:2] + values)
    outer = tf.matmul(tf.reshape(column, [1, 4]), tf.slice(x, [3, 0], [1, 3]), transpose_a=True)
    kinds, result = left(outer, {x: values})
    assert "MatMul" not in kinds
    np.testing.assert_array_equal(result, values[:, 1:2] @ values[3:])
    for other in (tf.matmul(tf.ones([1, 4]), x), tf.matmul(x, tf.constant([[1.0], [2.0], [1.0]]))):
        assert left(other, {x: values})[0] == ["MatMul"]


def test_axes_of_size_one_keep_no_loops_apart(monkeypatch):
    monkeypatch.setenv("GRAPHFLOW_DETERMINISTIC", "1")      # wait for kernels
    x, values = matrix()
    wide = tf.expand_dims(x, 1)
    y = tf.reshape(wide * tf.tanh(wide), [-1, 3]) + x
    with tf.Session() as sess:
        result = sess.run(y, {x: values})
        (executor,) = [e for key, e in sess._bound.items() if y in key[0]]
        assert len(executor.specialization([values]).nodes) == 1
    np.testing.assert_allclose(result, values * np.tanh(values) + values, rtol=1e-6)
    assert left(wide + 1.0, {x: values})[1].shape == (4, 1, 3)


def resource_variable(value):
    return tf.Variable(value, use_resource=True, dtype=tf.float32)


def test_a_training_step_does_not_copy_its_variables():
    v = resource_variable([[1.0, 2.0, 3.0]])
    x, values = matrix()
    loss = tf.reduce_sum(tf.square(x * v))
    train = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
    with tf.control_dependencies([train]):
        after = tf.identity(v + 0.0)
    values = np.ones_like(values)
    kinds, result = left(after, {x: values})
    assert kinds.count("ReadVariableOp") == 0
    np.testing.assert_allclose(result, [[1 - 0.8, 2 - 1.6, 3 - 2.4]], rtol=1e-5)


def test_a_value_read_before_a_write_and_used_after_it_is_a_copy():
    v = resource_variable([1.0, 2.0])
    before = v.read_value()
    with tf.control_dependencies([before]):
        write = v.assign(v * 10.0)
    with tf.control_dependencies([write]):
        late = before + 0.5
    kinds, result = left(late, {})
    assert kinds.count("ReadVariableOp") == 1
    np.testing.assert_array_equal(result, [1.5, 2.5])


def test_updates_come_right_after_their_gradients():
    x = tf.placeholder(tf.float32, [4, 8])
    h, variables = x, [tf.Variable(tf.ones([8, 8])) for _ in range(3)]
    for v in variables:
        h = tf.matmul(h, v)
    train = tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_mean(h))
    with tf.control_dependencies([train]):
        after = tf.reduce_sum(variables[0] + 0.0)
    kinds, _ = left(after, {x: np.ones((4, 8), np.float32)})
    updates = [i for i, kind in enumerate(kinds) if kind == "ApplyGradientDescent"]
    products = [i for i, kind in enumerate(kinds) if kind == "MatMul"]
    assert len(updates) == 3 and updates[0] < products[-2]


def test_an_update_waits_for_the_check_before_it():
    x = tf.placeholder(tf.float32, [2])
    v = tf.Variable([1.0, 2.0])
    update = tf.assign_add(v, x)
    other = tf.check_numerics(x * 2.0, "bad")
    with tf.control_dependencies([other]):
        late = tf.assign_add(v, x)
    kinds, _ = left(late, {x: np.ones(2, np.float32)})
    assert kinds.index("CheckNumerics") < kinds.index("AssignAdd") and update is not None


def test_every_pass_says_why():
    for apply, why in (*pipeline.PASSES, *pipeline.SHAPE_PASSES):
        assert apply.__doc__ and len(why) > 20
        assert apply.__name__ == "fold" or apply.__name__ in passes.PROGRAMS     # which shows that it pays


def test_a_slice_whose_size_is_fed_leaves_the_lookup_whole():
    a, b, size = (tf.placeholder(tf.int32, [n]) for n in (2, 3, 2))
    table = tf.constant(np.arange(12, dtype=np.float32).reshape(6, 2))
    part = tf.slice(tf.gather(table, tf.concat([a, b], 0)), [0, 0], size)
    with tf.Session() as sess:
        for count in (1, 2, 5):
            found = sess.run(part, {a: [5, 1], b: [0, 2, 4], size: [count, 2]})
            np.testing.assert_array_equal(found, np.arange(12).reshape(6, 2)[[5, 1, 0, 2, 4][:count]])
    some = tf.boolean_mask(table, tf.greater(table[:, 0], -1.0))      # its shape depends on data
    part = tf.slice(tf.gather(some, tf.concat([a, b], 0)), [0, 0], [2, 2])
    with tf.Session() as sess:
        np.testing.assert_array_equal(sess.run(part, {a: [5, 1], b: [0, 2, 4]}), [[10, 11], [2, 3]])


def test_indices_of_rows_that_nobody_reads_are_checked(monkeypatch):
    monkeypatch.setenv("GRAPHFLOW_DETERMINISTIC", "1")
    table, first, rest = tf.constant(np.eye(4, dtype=np.float32)), *(tf.placeholder(tf.int32, [2]) for _ in range(2))
    rows = tf.slice(tf.gather(table, tf.concat([first, rest], 0)), [0, 0], [2, -1])
    with tf.Session() as sess, pytest.raises(tf.errors.InvalidArgumentError, match=r"indices\[3\] = 4 is not in"):
        sess.run(rows, {first: [0, 1], rest: [2, 4]})
