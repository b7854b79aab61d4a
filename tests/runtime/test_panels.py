"""Products by one matrix share its panels: which do, the same bits, and never those of another version of it."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import graphflow as tf
from graphflow.framework.kernel_loader import kernels
from graphflow.runtime import panels


@pytest.fixture(autouse=True)
def by_panels(monkeypatch):
    """All products are by panels, whatever the processor, and kernels do not change in the middle."""
    monkeypatch.setenv("GRAPHFLOW_DETERMINISTIC", "1")
    monkeypatch.setattr(kernels("cpu.matmul"), "_panel_tile", lambda *sizes: (2, 4))
    monkeypatch.setattr(kernels("cpu.matmul"), "_is_thin", lambda *sizes: False)


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32) / 8


def steps(specs):
    """(how many steps lay out panels in the first iteration, and in each; how many products read them)."""
    first = later = products = 0
    for spec in specs:
        kinds = [[node.type for node in step.nodes].count("Panels") for step in spec.nodes]
        first, later = first + sum(kinds[:spec.once]), later + sum(kinds[spec.once:])
        texts = [repr(part) for step in spec.nodes if step.native for part in step.native.function.components()]
        products += sum("packed" in text for text in texts)
        for bodies in spec.bodies.values():
            found = steps(bodies)
            first, later, products = first + found[0], later + found[1], products + found[2]
    return first, later, products


def ran(fetches, feed=None, threads=1, times=3):
    """(what the last of some runs gives, `steps` of the plan that ran)."""
    with tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=threads)) as sess:
        sess.run(tf.global_variables_initializer())
        for _ in range(times):
            found = sess.run(fetches, feed)
        executor = list(sess._bound.values())[-1]
        return found, steps([entry.spec for entry in executor._entries.values()])


def check(monkeypatch, fetches, feed, expected):
    """The bits are those of products that share nothing, on one thread and on two; the numbers the reference's."""
    found, seen = ran(fetches, feed)
    assert seen == expected
    with monkeypatch.context() as patch:
        patch.setattr(panels, "share_panels", lambda spec, shaped, first, rest, wait: (first, rest))
        alone, seen = ran(fetches, feed)
        assert seen == (0, 0, 0)
    with monkeypatch.context() as patch:
        patch.setenv("GRAPHFLOW_EXECUTOR", "reference")
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            reference = [sess.run(fetches, feed) for _ in range(3)][-1]
    for one, two, other, want in zip(found, ran(fetches, feed, threads=2)[0], alone, reference, strict=True):
        assert np.asarray(one).tobytes() == np.asarray(two).tobytes() == np.asarray(other).tobytes()
        np.testing.assert_allclose(one, want, rtol=1e-4, atol=1e-4)


def test_steps_of_a_recurrent_net_and_their_gradients(monkeypatch):
    x, w = tf.placeholder(tf.float32, [20, 40]), tf.Variable(numbers(70, 30))
    h = tf.zeros([20, 30])
    for _ in range(4):
        h = tf.tanh(tf.matmul(tf.concat([x, h], 1), w))
    # The panels of `w`, and of its part for `h`: transposed, for three gradients.
    check(monkeypatch, [h, *tf.gradients(h, w)], {x: numbers(20, 40, seed=1)}, (0, 2, 7))


def test_loops_lay_out_what_they_do_not_change(monkeypatch):
    x, w = tf.placeholder(tf.float32, [20, 30]), tf.Variable(numbers(30, 30))
    _, h = tf.while_loop(lambda i, _: i < 5, lambda i, h: (i + 1, tf.tanh(tf.matmul(h, w) + x)), [0, x])
    check(monkeypatch, [h, *tf.gradients(h, w)], {x: numbers(20, 30, seed=1)}, (2, 0, 2))


def test_loops_within_loops(monkeypatch):
    """The inner one lays out what it does not change whenever it begins: the outer one changes it."""
    x, w = tf.placeholder(tf.float32, [20, 30]), tf.Variable(numbers(30, 30))

    def outer(i, h, m):
        _, h = tf.while_loop(lambda j, _: j < 3, lambda j, h: (j + 1, tf.tanh(tf.matmul(tf.matmul(h, m), w))), [0, h])
        return i + 1, h, m * 0.9

    _, h, _ = tf.while_loop(lambda i, *_: i < 4, outer, [0, x, w * 2.0])
    check(monkeypatch, [h], {x: numbers(20, 30, seed=1)}, (2, 0, 2))


def test_loops_that_change_the_matrix(monkeypatch):
    """As a loop variable, and as a variable of the session: each iteration has other panels."""
    x, w = tf.placeholder(tf.float32, [20, 30]), tf.placeholder(tf.float32, [30, 30])

    def step(i, h, m):
        return i + 1, tf.tanh(tf.matmul(tf.tanh(tf.matmul(h, m)), m)), m * 0.9

    looped = tf.while_loop(lambda i, *_: i < 5, step, [0, x, w])[1]
    v = tf.Variable(numbers(30, 30), use_resource=True)

    def write(i, h):
        h = tf.tanh(tf.matmul(h, v))
        with tf.control_dependencies([h]):
            with tf.control_dependencies([v.assign(v * 0.9)]):
                return i + 1, h + 0.0

    written = tf.while_loop(lambda i, _: i < 5, write, [0, x])[1]
    check(monkeypatch, [looped, written], {x: numbers(20, 30, seed=1), w: numbers(30, 30, seed=2)}, (0, 1, 2))


def test_versions_of_a_variable_have_panels_of_their_own(monkeypatch):
    x, w = tf.placeholder(tf.float32, [20, 30]), tf.Variable(numbers(30, 30), use_resource=True)
    before = [tf.matmul(x * float(i), w) for i in (1, 2)]
    with tf.control_dependencies(before), tf.control_dependencies([w.assign_add(tf.ones([30, 30]) * 0.01)]):
        value = w.read_value()
    after = [tf.matmul(x * float(i), value) for i in (1, 2)]
    check(monkeypatch, [*before, *after], {x: numbers(20, 30, seed=1)}, (0, 2, 4))


def test_sums_of_products(monkeypatch):
    """Products that add to what is there."""
    monkeypatch.setattr("graphflow.compiler.accumulate._WORTH_IT", 1)
    x, w = tf.placeholder(tf.float32, [40, 50]), tf.Variable(numbers(50, 33))
    check(monkeypatch, [tf.add_n([tf.matmul(tf.tanh(x * float(i)), w) for i in range(4)])],
          {x: numbers(40, 50, seed=1)}, (0, 1, 4))


def test_a_matrix_under_several_shapes(monkeypatch):
    x, w = tf.placeholder(tf.float32, [24, 24]), tf.placeholder(tf.float32, [24, 48])
    other = tf.reshape(w, [48, 24])
    fetches = [tf.matmul(x, w), tf.matmul(x * 2.0, w), tf.matmul(x, other, transpose_b=True),
               tf.matmul(x * 2.0, other, transpose_b=True), tf.matmul(w, other)]
    check(monkeypatch, fetches, {x: numbers(24, 24), w: numbers(24, 48, seed=1)}, (0, 2, 4))


def test_single_products_copy_for_themselves(monkeypatch):
    x, w = tf.placeholder(tf.float32, [20, 30]), tf.Variable(numbers(30, 30))
    check(monkeypatch, [tf.matmul(x, w), tf.matmul(x, w, transpose_b=True)], {x: numbers(20, 30)}, (0, 0, 0))


def test_products_wait_for_compiled_kernels(monkeypatch):
    """Until they are there, each product copies for itself."""
    monkeypatch.delenv("GRAPHFLOW_DETERMINISTIC")
    x, w = tf.placeholder(tf.float32, [20, 30]), tf.Variable(numbers(30, 30))
    fetches = [tf.matmul(tf.tanh(x * float(i)), w) for i in range(3)]
    native = kernels("cpu.native")
    ready = native.NativeFunction.ready
    monkeypatch.setattr(native.NativeFunction, "ready",
                        lambda self: self.template != "panel_product.pack" and ready(self))
    found, seen = ran(fetches, {x: numbers(20, 30)})
    assert seen == (0, 0, 0)
    for i, array in enumerate(found):
        np.testing.assert_allclose(array, np.tanh(numbers(20, 30) * i) @ numbers(30, 30), rtol=1e-4, atol=1e-5)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.sampled_from(["plain", "turned", "sum", "write", "loop"]), st.integers(0, 9),
                          st.integers(0, 9)), min_size=2, max_size=9))
def test_any_products(monkeypatch, program):
    """Random products by two variables, written now and then, and by each other's results."""
    monkeypatch.setattr("graphflow.compiler.accumulate._WORTH_IT", 1)
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [33, 33])
        variables = [tf.Variable(numbers(33, 33, seed=seed), use_resource=True) for seed in (1, 2)]
        values = [x]
        for kind, i, j in program:
            left, v = values[i % len(values)], variables[j % 2]
            right = v.read_value() if j % 3 else values[j % len(values)]
            if kind == "write":
                with tf.control_dependencies([values[-1]]), tf.control_dependencies([v.assign(v * 0.5 + 0.01)]):
                    values.append(tf.identity(values[-1]) + 0.0)
            elif kind == "loop":
                values.append(tf.while_loop(lambda t, *_: t < 3, lambda t, h, right=right: (
                    t + 1, tf.tanh(tf.matmul(h, right))), [0, left])[1])
            elif kind == "sum":
                values.append(tf.tanh(tf.matmul(left, right) + tf.matmul(tf.tanh(left), right)))
            else:
                values.append(tf.tanh(tf.matmul(left, right, transpose_b=kind == "turned")))
        fetches = [*values[1:], *(v.read_value() for v in variables)]
        fetches += [g for g in tf.gradients(values[-1], [x, *variables]) if g is not None]
        feed = {x: numbers(33, 33)}
        check(monkeypatch, fetches, feed, ran(fetches, feed)[1])
