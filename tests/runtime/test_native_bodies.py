"""Loops whose bodies hold one op or another run natively, with their gradients, as the reference executor runs them."""

import numpy as np
import pytest

import graphflow as tf
from tests.runtime import test_native_arrays
from tests.runtime.loop_checks import check, seeded, without_calls  # noqa: F401  (a fixture)

COUNT = 4


@pytest.fixture(autouse=True)
def compiled():
    """The ops have native kernels of their own."""
    with without_calls():
        yield


def looped(step, *sizes):
    """The sum of what `step(i, x)` gives in iterations 0, 1, ..., and its gradient for x, which has these sizes."""
    x = tf.placeholder_with_default(np.linspace(-1, 2, int(np.prod(sizes)), dtype=np.float32).reshape(sizes), sizes)
    total = tf.while_loop(lambda i, _: i < COUNT, lambda i, total: (i + 1, total + tf.reduce_sum(step(i, x) ** 2)),
                          [0, 0.0])[1]
    return [total, tf.convert_to_tensor(tf.gradients(total, x)[0])]


def test_index_vectors():
    check(looped(lambda i, x: tf.gather_nd(x, [[i, 0], [i, 3], [i, 0]]), 5, 4))
    check(looped(lambda i, x: tf.gather_nd(x, [[i], [2]]), 5, 4))
    check(looped(lambda i, x: tf.scatter_nd([[i], [2], [i]], x, [5, 4]), 3, 4))
    check(looped(lambda i, x: tf.tensor_scatter_update(x, [[i, 1]], x[0, :1]), 5, 4))
    check(looped(lambda i, x: tf.tensor_scatter_add(tf.tanh(x), [[i], [2]], x[1:3]), 5, 4))


@pytest.mark.parametrize("use_resource", [False, True])
def test_slices_of_variables(use_resource):
    v = tf.get_variable("v", initializer=np.ones((5, 3), np.float32), use_resource=use_resource)

    def body(i, total):
        steps = [lambda: tf.scatter_nd_add(v, [[i, 1], [0, 2]], [2.0, 3.0]),
                 lambda: tf.scatter_nd_update(v, [[i]], [[1.0, 2.0, 3.0]]),
                 lambda: tf.scatter_nd_sub(v, [[i, 0]], [tf.gather_nd(v, [4, 1])])]
        for step in steps:
            with tf.control_dependencies([total]):
                total = total * 0.5 + tf.reduce_sum(tf.identity(step()) * weights)
        return i + 1, total

    weights = tf.constant(np.arange(15, dtype=np.float32).reshape(5, 3))
    check(tf.while_loop(lambda i, _: i < COUNT, body, [0, 0.0]))


def fails(step, message):
    """Asserts that a loop over `step(i)` fails in the op named "bad"."""
    loop = tf.while_loop(lambda i, _: i < COUNT, lambda i, a: (i + 1, a + tf.reduce_sum(step(i))), [0, 0.0])
    with tf.Session() as sess, pytest.raises(tf.errors.InvalidArgumentError, match=f"{message}.*bad"):
        sess.run(loop)


def test_index_vectors_out_of_range():
    x = tf.placeholder_with_default(np.zeros((2, 3), np.float32), [2, 3])
    fails(lambda i: tf.gather_nd(x, [[i, 0]], name="bad"), r"indices\[0\] = \[2, 0\] does not index")
    fails(lambda i: tf.tensor_scatter_sub(x, [[0, 0], [i, 0]], [1.0, 1.0], name="bad"),
          r"indices\[1\] = \[2, 0\] does not index")


def test_cumulative_sums():
    check(looped(lambda i, x: tf.cumsum(x * tf.to_float(i), 1, exclusive=True), 5, 4))
    check(looped(lambda i, x: tf.cumprod(x + tf.to_float(i), -2, reverse=True), 2, 3, 4), tolerance=1e-4)


def test_sums_of_powers_and_cross_products():
    check(looped(lambda i, x: tf.math.cumulative_logsumexp(x * tf.to_float(i), 1), 2, 3))
    check(looped(lambda i, x: tf.cross(x, x[::-1] * tf.to_float(i)), 4, 3))


def test_diagonals():
    check(looped(lambda i, x: tf.matrix_set_diag(x, tf.matrix_diag_part(x) * tf.to_float(i)), 2, 3, 4))
    check(looped(lambda i, x: tf.trace(tf.matrix_diag(x)) * tf.matrix_band_part(x, 1, 0) + tf.to_float(i), 3, 3))
    check(looped(lambda i, x: tf.diag(x)[1] * tf.diag_part(tf.diag(x)) + tf.to_float(i), 3))
    below = tf.zeros([4, 4])
    check(looped(lambda i, x: tf.matrix_diag(x, k=1) + tf.matrix_set_diag(below, x, k=-1) * tf.to_float(i), 3))


@pytest.mark.parametrize("clear", [False, True])
@pytest.mark.parametrize("places", [[[0, 1], [2, 3]], [[1, 1], [0, 2]], [[0, 2], [2, 1]], [[3, 4], [0, 1]],
                                    [[2, 0], [-1, 1]]], ids=str)
def test_elements_at_indices_that_change(places, clear):
    """Repeated and bad indices too: nothing is done before all are checked."""
    x = tf.placeholder_with_default(np.arange(8, dtype=np.float32).reshape(4, 2), [4, 2])
    source = tf.TensorArray(tf.float32, 4, clear_after_read=clear).unstack(x)
    target = tf.TensorArray(tf.float32, 4, element_shape=[2])
    places = tf.constant(places)

    def body(i, total, target):
        rows = source.gather(places[i])
        return i + 1, total + tf.reduce_sum(rows, 0), target.scatter(places[i], rows * total)

    _, total, target = tf.while_loop(lambda i, *_: i < 2, body, [0, tf.ones([2]), target])
    test_native_arrays.check([total, target.stack()])
    test_native_arrays.check([total, tf.gradients(total, x)[0]])


def test_gradients_of_ones_own():
    """They name their results and inputs with an IdentityN."""
    @tf.custom_gradient
    def clipped(x):
        return tf.sin(x), lambda grad: tf.clip_by_value(grad, -1.0, 1.0)

    check(looped(lambda i, x: clipped(x * tf.to_float(i)), 3, 2))


def several(count, values=None, **options):
    """An array whose elements may have several shapes."""
    array = tf.TensorArray(tf.float32, count, infer_shape=False, **options)
    return array if values is None else array.unstack(values)


def doubled(source, target, value=lambda x: x * 2.0, count=4):
    """What a loop over both arrays leaves in the second, and the sum of all elements."""
    def body(i, target, total):
        x = source.read(i)
        return i + 1, target.write(i, value(x)), total + tf.reduce_sum(x)

    _, target, total = tf.while_loop(lambda i, *_: i < count, body, [0, target, 0.0])
    return target, total


@pytest.mark.parametrize("options", [{}, {"dynamic_size": True}, {"clear_after_read": False}], ids=str)
def test_elements_that_may_have_several_shapes_but_have_one(options):
    x = tf.placeholder_with_default(np.arange(8, dtype=np.float32).reshape(4, 2), [4, 2])
    target, total = doubled(several(4, x, **options), several(4))
    y = target.stack()
    y.set_shape([4, 2])
    test_native_arrays.check([y, total])
    test_native_arrays.check([total, tf.gradients(tf.reduce_sum(y * y) + total, x)[0]])


def test_elements_of_several_shapes():
    x = tf.placeholder_with_default(np.arange(8, dtype=np.float32).reshape(4, 2), [4, 2])
    for source in (several(5, None).scatter([0, 1, 2, 3], x).write(4, [1.0]), several(4).split(x[:, 0], [1, 1, 1, 1]),
                   several(4).write(0, x[0]).write(1, x[1]).write(2, x).write(3, x[:1])):
        target, total = doubled(source, several(4))
        test_native_arrays.check([total, *(target.read(i) for i in range(4))], native=False)
    flag = tf.placeholder_with_default(True, [])
    either = tf.cond(flag, lambda: several(4, x).flow, lambda: tf.constant(0.0))
    array = several(4)
    flow = tf.cond(flag & (either >= 0.0), lambda: array.unstack(x).flow, lambda: array.unstack(x[:, :1]).flow)
    target, total = doubled(tf.TensorArray(tf.float32, handle=array.handle, flow=flow, infer_shape=False), several(4))
    test_native_arrays.check([total, target.read(3)], native=False)


def test_elements_that_nobody_wrote_have_no_shape():
    x = tf.placeholder_with_default(np.arange(4, dtype=np.float32).reshape(2, 2), [2, 2])
    source = several(4).scatter([0, 1], x)
    target, total = doubled(source, several(4), count=3)
    test_native_arrays.check([total])
    target, total = doubled(source, several(4), count=2)
    test_native_arrays.check([total, target.read(1), tf.gradients(total, x)[0]])
    test_native_arrays.check([target.read(2)])


def test_functions_of_the_c_library_and_bits():
    check(looped(lambda i, x: tf.atan(tf.tan(x * tf.to_float(i))) + tf.atan2(x, tf.sinh(x) + 3.0), 4))
    check(looped(lambda i, x: tf.mod(x, tf.to_float(i) + 0.7) + tf.math.xlogy(x, x + tf.to_float(i) + 2.0), 4))
    check(looped(lambda i, x: tf.lgamma(x + 2.5 + tf.to_float(i)), 4))
    check(looped(lambda i, x: x * tf.to_float(tf.bitwise.left_shift(tf.bitwise.bitwise_xor(i, 5), i)), 4))


def test_space_and_patches():
    def images(x, i, *shape):
        return tf.reshape(x * tf.to_float(i), shape)

    check(looped(lambda i, x: tf.depth_to_space(tf.space_to_depth(images(x, i, 1, 4, 4, 2), 2) ** 2, 2), 32))
    check(looped(lambda i, x: tf.space_to_batch_nd(images(x, i, 1, 5, 4, 1), [2, 3], [[1, 0], [0, 2]]), 20))
    check(looped(lambda i, x: tf.batch_to_space_nd(images(x, i, 6, 2, 2, 1), [2, 3], [[1, 0], [0, 2]]), 24))
    check(looped(lambda i, x: tf.extract_image_patches(
        images(x, i, 1, 4, 4, 2), sizes=[1, 3, 2, 1], strides=[1, 2, 1, 1], rates=[1, 1, 1, 1], padding="SAME"), 32))


def test_rows_that_move():
    check(looped(lambda i, x: tf.roll(x, i, 0) * x + tf.roll(x, [-1], [1]), 3, 4))
    check(looped(lambda i, x: tf.reverse_sequence(x, [i, 2, 4], 1) * x, 3, 4))
    check(looped(lambda i, x: tf.gather(x, [[i, 0], [1, 1], [2, i]], batch_dims=1) ** 2, 3, 4))
    check(looped(lambda i, x: tf.check_numerics(x * tf.to_float(i), "here"), 3, 4))
    fails(lambda i: tf.check_numerics(1.0 / (2.0 - tf.to_float(i)), "here", name="bad"), "here : Tensor had Inf")
    fails(lambda i: tf.reverse_sequence([[1.0]], [i - 1], 1, name="bad"), r"seq_lens\(0\) = -1 is not in \[0, 1\]")


def test_segments_and_sorted_rows():
    check(looped(lambda i, x: tf.unsorted_segment_max(x, [i, 2, i], 4)[1:3], 3, 2))
    check(looped(lambda i, x: tf.unsorted_segment_prod(x + 2.0, [i, 2, i], 4), 3, 2), tolerance=1e-4)
    check(looped(lambda i, x: tf.nn.top_k(x * tf.to_float(i - 1), 70)[0] * tf.linspace(0.0, 1.0, 70), 2, 80))
    check(looped(lambda i, x: x[:, 0] * tf.to_float(tf.nn.in_top_k(x, [i, 3], 2)), 2, 4))
    check(looped(lambda i, x: x * tf.to_float(tf.searchsorted(x, x + tf.to_float(i))), 2, 4))
    check(looped(lambda i, x: tf.sparse_to_dense([[i], [i + 3]], [8], x[0], 0.5) * tf.reduce_sum(x), 2, 2))
    fails(lambda i: tf.sparse_to_dense([i], [2], [1.0], name="bad"), r"indices\[0\] = \[2\] is out of bounds")


@pytest.mark.parametrize("use_resource", [False, True])
def test_rows_of_variables(use_resource):
    v = tf.get_variable("v", initializer=np.ones((5, 3), np.float32), use_resource=use_resource)

    def body(i, total):
        for update in (tf.scatter_mul, tf.scatter_div, tf.scatter_max, tf.scatter_min):
            with tf.control_dependencies([total]):
                total = total * 0.5 + tf.reduce_sum(tf.identity(update(v, [i, 4, i], x)))
        return i + 1, total

    x = tf.constant(np.linspace(0.5, 2.0, 9, dtype=np.float32).reshape(3, 3))
    check(tf.while_loop(lambda i, _: i < COUNT, body, [0, 0.0]))
