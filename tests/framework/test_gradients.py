"""tf.gradients as a rewrite of the graph: what is reached, what is added, and what is refused."""

import numpy as np
import pytest

import graphflow as tf
from graphflow.framework import gradients as gradients_module
from tests.ops.evaluate import Evaluator


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


def value(tensor, feeds=None):
    return Evaluator([tensor])(feeds or {})[0]


def test_product_rule():
    x, y = tf.constant(3.0), tf.constant(5.0)
    dx, dy = tf.gradients(x * y, [x, y])
    assert value(dx) == 5 and value(dy) == 3


def test_single_x_gives_a_list():
    x = tf.constant(2.0)
    assert isinstance(tf.gradients(x * x, x), list)


def test_x_that_is_y_has_gradient_one():
    x = tf.constant([2.0, 3.0])
    np.testing.assert_array_equal(value(tf.gradients(x, x)[0]), [1, 1])


def test_unconnected():
    x, z = tf.constant([1.0, 2.0]), tf.constant([1.0])
    y = tf.identity(x)
    assert tf.gradients(y, z) == [None]
    zero = tf.gradients(y, z, unconnected_gradients=tf.UnconnectedGradients.ZERO)[0]
    np.testing.assert_array_equal(value(zero), [0])
    assert tf.gradients(y, z, unconnected_gradients="none") == [None]
    with pytest.raises(ValueError, match="Unknown value for unconnected_gradients: 'other'"):
        tf.gradients(y, z, unconnected_gradients="other")


def test_integers_stop_gradients():
    x = tf.constant(2.0)
    y = tf.cast(tf.cast(x, tf.int32), tf.float32)
    assert tf.gradients(y, x) == [None]


def test_stop_gradients_gives_partial_derivatives():
    a = tf.constant(0.0)
    b = 2 * a
    total = tf.gradients(a + b, [a, b])
    partial = tf.gradients(a + b, [a, b], stop_gradients=[a, b])
    assert [value(g) for g in total] == [3, 1]
    assert [value(g) for g in partial] == [1, 1]


def test_x_between_other_x_and_y():
    x = tf.constant(2.0)
    y = x * x
    z = y * x
    dx, dy = tf.gradients(z, [x, y])
    assert value(dx) == 12 and value(dy) == 2


def test_grad_ys():
    x = tf.constant([1.0, 2.0])
    y = x * 3.0
    gradient = tf.gradients(y, x, grad_ys=[[10.0, 20.0]])[0]
    np.testing.assert_array_equal(value(gradient), [30, 60])
    with pytest.raises(ValueError, match="Passed 2 grad_ys for 1 ys"):
        tf.gradients(y, x, grad_ys=[None, None])
    with pytest.raises(TypeError, match="must be real or integer"):
        tf.gradients(y, x, grad_ys=[tf.constant([True, False])])


def test_complex_ys_need_grad_ys():
    x = tf.constant(1 + 2j, tf.complex64)
    with pytest.raises(TypeError, match="Gradients of complex tensors must set grad_ys"):
        tf.gradients(x * x, x)
    with pytest.raises(TypeError, match="must be complex"):
        tf.gradients(x * x, x, grad_ys=tf.constant(1.0))


def test_sums_of_paths():
    x = tf.constant([1.0, 2.0])
    y = tf.exp(x) + tf.exp(-x) + x
    gradient = tf.gradients(y, x)[0]
    assert gradient.op.type == "AddN" and len(gradient.op.inputs) == 3
    np.testing.assert_allclose(value(gradient), np.exp([1, 2]) - np.exp([-1, -2]) + 1, rtol=1e-6)


@pytest.mark.parametrize("method", [1, 2])
def test_aggregation_methods(graph, method):
    x = tf.constant([1.0, 2.0])
    y = tf.exp(x) + tf.exp(-x) + x
    gradient = tf.gradients(y, x, aggregation_method=method)[0]
    np.testing.assert_allclose(value(gradient), np.exp([1, 2]) - np.exp([-1, -2]) + 1, rtol=1e-6)
    types = [op.type for op in graph.get_operations()]
    assert ("AccumulateNV2" in types) == (method == 2)
    with pytest.raises(ValueError, match="Invalid aggregation_method specified 7"):
        tf.gradients(y, x, aggregation_method=7)


def test_missing_gradient_is_named():
    x = tf.placeholder(tf.float32, [2], name="x")
    with tf.get_default_graph().gradient_override_map({"Exp": "NoSuchGradient"}):
        y = tf.exp(x, name="odd")
    with pytest.raises(LookupError, match="No gradient defined for operation 'odd'"):
        tf.gradients(y, x)


def test_gradient_override_map():
    @tf.RegisterGradient("TestTimesTen")
    def _times_ten(op, grad):
        return grad * 10.0

    x = tf.constant(1.0)
    with tf.get_default_graph().gradient_override_map({"Exp": "TestTimesTen"}):
        y = tf.exp(x)
    assert y.op.get_attr("_gradient_op_type") == b"TestTimesTen"
    assert value(tf.gradients(y, x)[0]) == 10
    assert value(tf.gradients(tf.exp(x), x)[0]) == pytest.approx(np.e)


def test_wrong_number_of_gradients():
    tf.RegisterGradient("TestTwoForOne")(lambda op, grad: [grad, grad])
    x = tf.constant(1.0)
    with tf.get_default_graph().gradient_override_map({"Exp": "TestTwoForOne"}):
        y = tf.exp(x)
    with pytest.raises(ValueError, match="Num gradients 2 generated for op"):
        tf.gradients(y, x)


def test_wrong_shape_of_gradient():
    tf.RegisterGradient("TestWrongShape")(lambda op, grad: tf.zeros([7]))
    x = tf.constant([1.0, 2.0])
    with tf.get_default_graph().gradient_override_map({"Exp": "TestWrongShape"}):
        y = tf.exp(x)
    with pytest.raises(ValueError, match="Incompatible shapes between op input and calculated"):
        tf.gradients(y, x)


def test_static_shape_of_the_input_is_passed_on():
    x = tf.placeholder(tf.float32, [3, None])
    assert tf.gradients(tf.exp(x), x)[0].shape.as_list() == [3, None]


def test_variables():
    v = tf.Variable([1.0, 2.0], name="v")
    for use in (v * 3.0, v.read_value() * 3.0, tf.identity(v._ref()) * 3.0):
        assert tf.gradients(use, v)[0].shape.as_list() == [2]


def test_indexed_slices_are_joined():
    v = tf.Variable(np.zeros((5, 2), np.float32))
    a, b = tf.gather(v, [0, 1]), tf.gather(v, [1])
    gradient = tf.gradients([a, b], v)[0]
    assert isinstance(gradient, tf.IndexedSlices)
    np.testing.assert_array_equal(value(gradient.indices), [0, 1, 1])


def test_unused_outputs_get_zeros():
    x = tf.constant([[1.0, 2.0]])
    left, _ = tf.split(x, [1, 1], axis=1)
    np.testing.assert_array_equal(value(tf.gradients(left, x)[0]), [[1, 0]])


def test_gated_gradients_wait_for_each_other(graph):
    x, y = tf.constant([[1.0]]), tf.constant([[2.0]])
    z = tf.matmul(x, y)
    dx, dy = tf.gradients(z, [x, y], gate_gradients=True)
    assert dx.op.name == "gradients/MatMul_grad/tuple/control_dependency"
    assert [c.name for c in dy.op.control_inputs] == ["gradients/MatMul_grad/tuple/group_deps"]


def test_colocation():
    with tf.device("/device:CPU:0"):
        x = tf.constant([1.0])
        y = tf.exp(x, name="y")
    gradient = tf.gradients(y, x, colocate_gradients_with_ops=True)[0]
    assert gradient.op.colocation_groups() == [b"loc:@y"]
    assert gradient.op.device == "/device:CPU:0"


def test_custom_gradient():
    @tf.custom_gradient
    def log1pexp(x):
        e = tf.exp(x)
        return tf.log(1 + e), lambda dy: dy * (1 - 1 / (1 + e))

    x = tf.constant(100.0)
    y = log1pexp(x)
    assert y.op.type == "IdentityN"
    assert value(tf.gradients(y, x)[0]) == 1


def test_custom_gradient_of_two():
    @tf.custom_gradient
    def swapped(x, y):
        return [x * 2.0, y * 3.0], lambda dx, dy: [dy * 100.0, dx * 10.0]

    x, y = tf.constant(1.0), tf.constant(1.0)
    a, _ = swapped(x, y)
    dx, dy = tf.gradients(a, [x, y])
    assert value(dx) == 0 and value(dy) == 10
    with pytest.raises(ValueError, match="keywords"):
        swapped(x, y=y)


def test_custom_gradient_with_variables():
    v = tf.Variable(2.0, use_resource=True, name="v")

    def with_variables(x):
        def grad(dy, variables=None):
            assert variables == [v]
            return dy, [dy * 7.0]

        return x * v, grad

    x = tf.constant(3.0)
    y = tf.custom_gradient(with_variables)(x)
    assert tf.gradients(y, v)[0].op.type != "Const"
    with pytest.raises(TypeError, match="must accept a keyword argument 'variables'"):
        tf.custom_gradient(lambda x: (x * v, lambda dy: dy))(x)


def test_long_chains_do_not_recurse():
    x = y = tf.constant(1.0)
    for _ in range(20000):
        y = tf.negative(y)
    assert len(tf.gradients(y, x)) == 1


def test_unknown_kinds_of_x():
    slices = tf.IndexedSlices(tf.constant([[1.0]]), tf.constant([0]))
    with pytest.raises(TypeError, match="with respect to a IndexedSlices"):
        tf.gradients(slices.values, slices)


def test_module_names_its_public_function():
    assert tf.gradients is gradients_module.gradients
