"""`tf.TensorArray` and its ops: values and gradients against NumPy, messages of TensorFlow, static shapes."""

import numpy as np
import pytest

import graphflow as tf
from graphflow.framework import raw_ops

FED = np.arange(6, dtype=np.float32).reshape(3, 2)


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


def run(fetches, feed=None):
    """The values of a first and of a second run, which must agree: arrays live for one run."""
    with tf.Session() as session:
        first, second = session.run(fetches, feed), session.run(fetches, feed)
    for a, b in zip(tf.nest.flatten(first), tf.nest.flatten(second), strict=True):
        np.testing.assert_array_equal(a, b)
    return first


def array(size=3, dtype=tf.float32, **options):
    return tf.TensorArray(dtype, size, tensor_array_name="foo", **options)


def refused(message, build):
    """Checks that what `build()` returns fails when run, with a message that has `message`."""
    fetch = build()
    with tf.Session() as session, pytest.raises(tf.errors.InvalidArgumentError) as caught:
        session.run(fetch)
    assert message in caught.value.message


def unknown(value):
    """`value` as a tensor of unknown shape."""
    return tf.placeholder_with_default(np.asarray(value), None)


def test_write_read_stack():
    x = tf.placeholder(tf.float32, [2])
    filled = array(2).write(0, x).write(1, x * x)
    stacked = filled.stack()
    assert stacked.shape.as_list() == [None, 2] and filled.read(1).shape.as_list() == [2]
    value, size, grad = run([stacked, filled.size(), tf.gradients(stacked, x)[0]], {x: [2.0, 3.0]})
    np.testing.assert_array_equal(value, [[2, 3], [4, 9]])
    assert size == 2
    np.testing.assert_array_equal(grad, [5, 7])


def test_unstack_gather_and_gradients():
    x = tf.placeholder(tf.float32, [3, 2])
    parts = array().unstack(x)
    gathered = parts.gather([2, 0])
    first, second = (tf.gradients(y, x)[0] for y in (gathered, tf.square(gathered)))
    value, ones, squares = run([gathered, first, second], {x: FED})
    np.testing.assert_array_equal(value, FED[[2, 0]])
    np.testing.assert_array_equal(ones, [[1, 1], [0, 0], [1, 1]])
    np.testing.assert_array_equal(squares, 2 * FED * ones)


def test_scatter_split_concat():
    x = tf.placeholder(tf.float32, [3, 2])
    scattered = array().scatter([1, 2, 0], x).stack()
    joined = array(2, infer_shape=False).split(x, [1, 2]).concat()
    moved, same, grad = run([scattered, joined, tf.gradients(joined * scattered, x)[0]], {x: FED})
    np.testing.assert_array_equal(moved, FED[[2, 0, 1]])
    np.testing.assert_array_equal(same, FED)
    np.testing.assert_array_equal(grad, FED[[2, 0, 1]] + FED[[1, 2, 0]])


def test_gradients_of_elements_that_are_read_often_add_up():
    x = tf.placeholder(tf.float32, [3])
    parts = array(clear_after_read=False).unstack(x)
    y = parts.read(0) * parts.read(0) * parts.read(1)
    grad, = tf.gradients(y, x)
    values = run([y, grad, *tf.gradients(grad, x)], {x: [2.0, 3.0, 4.0]})
    for value, expected in zip(values, (12, [12, 4, 0], [2 * 3 + 2 * 2, 2 * 2, 0]), strict=True):
        np.testing.assert_array_equal(value, expected)


def test_dynamic_size():
    grown = array(0, dynamic_size=True).write(2, 5.0)
    assert grown.dynamic_size
    value, size = run([grown.stack(), grown.size()])
    np.testing.assert_array_equal(value, [0, 0, 5])
    assert size == 3
    x = tf.constant([1.0, 2.0, 3.0])
    longer = array(2, dynamic_size=True).split(x, [1, 1, 1]).write(3, [4.0])
    joined = longer.concat()
    value, grad = run([joined, tf.gradients(joined * 2.0, x)[0]])
    np.testing.assert_array_equal(value, [1, 2, 3, 4])
    np.testing.assert_array_equal(grad, [2, 2, 2])


def test_what_was_not_written_is_zero_where_its_shape_is_known():
    value, = run([array(element_shape=[2]).write(1, [1.0, 2.0]).stack()])
    np.testing.assert_array_equal(value, [[0, 0], [1, 2], [0, 0]])
    empty, = run([array(0, element_shape=[2]).stack()])
    assert empty.shape == (0, 2)


def test_writes_in_bodies_and_outside():
    """The first write is in a loop; those in another one and after it need not be placed with it."""
    filled = tf.while_loop(lambda i, a: i < 1, lambda i, a: (i + 1, a.write(i, 1.0)), (0, array()))[1]
    filled = tf.while_loop(lambda i, a: i < 2, lambda i, a: (i + 1, a.write(i, 2.0)), (1, filled))[1]
    np.testing.assert_array_equal(run(filled.write(2, 3.0).stack()), [1, 2, 3])


def test_strings_and_identity():
    texts = array(2, tf.string).unstack(["a", "b"]).identity()
    assert list(run(texts.stack())) == [b"a", b"b"]


def test_gradient_arrays_are_shared_by_source():
    filled = array(infer_shape=False)
    first, second = filled.grad("g"), filled.grad("g")
    with tf.control_dependencies([first.write(0, [4.0, 5.0]).flow]):
        np.testing.assert_array_equal(run(second.read(0)), [4, 5])
    total = filled.grad("sum").write(2, 3.0).write(2, 4.0).write(2, 5.0).read(2)
    assert run(total) == 12
    refused("Could not aggregate to TensorArray index 1 because the existing shape is [] but the new input shape is "
            "[1].", lambda: filled.grad("h").write(1, unknown(np.float32(1))).write(1, unknown(np.float32([1]))).flow)


def test_second_access_fails():
    filled = array().write(0, 1.0)
    first = filled.read(0)
    with tf.control_dependencies([first]):
        second = filled.read(0)
    refused("Could not read index 0 twice because it was cleared after a previous read (perhaps try setting "
            "clear_after_read = false?).", lambda: [first, second])
    refused("Could not write to TensorArray index 0 because it has already been written to.",
            lambda: array().write(0, 1.0).write(0, 2.0).flow)


@pytest.mark.parametrize(("message", "build"), [
    ("Tried to write to index 5 but array is not resizeable and size is: 3", lambda: array().write(5, 1.0).flow),
    ("Tried to write to index -1 but", lambda: array().write(-1, 1.0).flow),
    ("Tried to read from index 7 but array size is: 3", lambda: array().write(0, 1.0).read(7)),
    ("Max scatter index must be < array size (5 vs. 3)", lambda: array().scatter([0, 5], [1.0, 2.0]).flow),
    ("Expected len(indices) == values.shape[0], but saw: 3 vs. 2",
     lambda: array().scatter([0, 1, 2], unknown(np.float32([1, 2]))).flow),
    ("Expected indices to be a vector, but received shape: [1,1]",
     lambda: array().scatter(unknown(np.int32([[1]])), [1.0]).flow),
    ("Input value for unpack must be at least a vector but received shape: []",
     lambda: array().scatter([0], unknown(np.float32(1))).flow),
    ("TensorArray has inconsistent shapes.  Index 0 has shape: [] but index 1 has shape: [1]",
     lambda: array(2, infer_shape=False).write(0, 1.0).write(1, [1.0]).stack()),
    ("Furthermore, the element shape is not fully defined: <unknown>.",
     lambda: array(infer_shape=False).write(0, 1.0).stack()),
    ("the value shape is [3] which is incompatible with the TensorArray's inferred element shape: [2] (consider "
     "setting infer_shape=False).", lambda: array(element_shape=[2]).write(0, unknown(np.float32([1, 2, 3]))).flow),
    ("the value shape is [1] which is incompatible with the TensorArray's inferred element shape: [3]",
     lambda: array().write(0, unknown(np.float32([1, 2, 3]))).write(1, unknown(np.float32([1]))).flow),
    ("Expected sum of lengths to be equal to values.shape[0], but sum of lengths is 1 and value's shape is: [3]",
     lambda: array().split([1.0, 2.0, 3.0], [1]).flow),
    ("TensorArray's size is not equal to the size of lengths (2 vs. 1), and the TensorArray is not marked as "
     "dynamically resizeable", lambda: array(2).split([1.0], [1]).flow),
    ("Concat saw a scalar shape at index 0 but requires at least vectors",
     lambda: array(1, infer_shape=False).write(0, 3.0).concat()),
    ("Index 0 has (excepting dimension 0) shape: [] but index 1 has (excepting dimension 0) shape: [1]",
     lambda: array(2, infer_shape=False).write(0, [1.0]).write(1, [[1.0]]).concat()),
    ("TensorArray dtype is float but Op requested dtype double.", lambda: raw_ops.TensorArrayReadV3(
        *(lambda a: (a.handle, 0, a.flow))(array().write(0, 1.0)), dtype=tf.float64)),
])
def test_failures(message, build):
    refused(message, build)


@pytest.mark.parametrize("join", ["stack", "concat"])
def test_none_of_unknown_shape(join):
    with pytest.raises(tf.errors.UnimplementedError, match="size zero, but element.shape.*<unknown> is not fully"):
        run(getattr(array(0), join)())


def test_closed():
    filled = array()
    with tf.control_dependencies([filled.close()]):
        value = filled.write(0, 1.0).flow
    refused("has already been closed.", lambda: value)


def test_shapes_are_checked_while_building():
    with pytest.raises(ValueError, match=r"Inconsistent shapes: saw \(3,\) but expected \(2,\)"):
        array().write(0, [1.0, 2.0]).write(1, [1.0, 2.0, 3.0])
    with pytest.raises(TypeError, match="TensorArray dtype is float32 but Op is trying to write dtype string"):
        array().write(0, "text")


def test_arguments_that_exclude_each_other():
    filled = array()
    for options, message in (({}, "Size must be provided if handle is not provided"),
                             ({"handle": 3}, "Handle must be a Tensor"),
                             ({"handle": filled.handle, "size": 3}, "Cannot provide both a handle and size"),
                             ({"handle": filled.handle}, "flow must not be None if handle is not None.")):
        with pytest.raises((ValueError, TypeError), match=message):
            tf.TensorArray(tf.float32, **options)


def test_names_are_tensorflows(graph):
    filled = array().write(0, [1.0, 2.0])
    tf.gradients(filled.stack(), filled.flow)
    names = [op.name for op in graph.get_operations() if op.type.startswith("TensorArray")]
    assert names == [
        "TensorArray", "TensorArrayWrite/TensorArrayWriteV3", "TensorArrayStack/TensorArraySizeV3",
        "TensorArrayStack/TensorArrayGatherV3",
        "gradients/TensorArrayStack/TensorArrayGatherV3_grad/TensorArrayGrad/TensorArrayGradV3",
        "gradients/TensorArrayStack/TensorArrayGatherV3_grad/TensorArrayScatter/TensorArrayScatterV3"]
