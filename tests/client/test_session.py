"""What Session.run promises about fetches, feeds, threads and its end."""

import collections
import threading
from unittest import mock

import numpy as np
import pytest

import graphflow as tf
from graphflow.client import fetches


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as g:
        yield g


Pair = collections.namedtuple("Pair", ["a", "b"])


def test_fetch_structures():
    x = tf.placeholder(tf.float32, [None], name="x")
    y = tf.identity(x, name="y")
    op = tf.no_op(name="nothing")
    with tf.Session() as sess:
        feed = {x: [1.0, 2.0]}
        result = sess.run({"k": [y, (x, op)], "p": Pair(y, "y:0")}, feed)
        assert isinstance(result["k"][1], tuple) and result["k"][1][1] is None
        assert isinstance(result["p"], Pair)
        np.testing.assert_array_equal(result["p"].b, [1, 2])
        ordered = sess.run(collections.OrderedDict([("b", y), ("a", x)]), feed)
        assert list(ordered) == ["b", "a"] and isinstance(ordered, collections.OrderedDict)
        assert sess.run([], feed) == []
        assert sess.run("nothing") is None
        assert sess.run([y, y], feed)[1].tolist() == [1, 2]


def test_scalars_are_numpy_scalars():
    with tf.Session() as sess:
        assert type(sess.run(tf.constant(3))) is np.int32
        assert sess.run(tf.constant("a")) == b"a"


@pytest.mark.parametrize("fetch", [None, 3, object(), [None]])
def test_bad_fetches(fetch):
    tf.constant(1)
    with tf.Session() as sess, pytest.raises(TypeError):
        sess.run(fetch)


def test_unknown_names():
    tf.constant(1, name="c")
    with tf.Session() as sess:
        with pytest.raises(ValueError, match="does not exist"):
            sess.run("nope:0")
        with pytest.raises(TypeError, match="feed_dict key"):
            sess.run("c:0", {"nope": 1})


def test_other_graphs_element():
    with tf.Graph().as_default():
        other = tf.constant(1)
    tf.constant(2)
    with tf.Session() as sess, pytest.raises(ValueError, match="not an element of this graph"):
        sess.run(other)


def test_any_tensor_can_be_fed_and_by_name():
    c = tf.constant(2.0, name="c")
    d = tf.identity(c, name="d")
    e = tf.identity(d)
    with tf.Session() as sess:
        assert sess.run(e) == 2
        assert sess.run(e, {c: 5}) == 5
        assert sess.run(e, {"d:0": 7}) == 7
        with pytest.raises(TypeError, match="Cannot interpret feed_dict key as Tensor: The name 'd' refers to an Oper"):
            sess.run(e, {"d": 8})
        assert sess.run([c, e], {c: 9}) == [9, 9]


def test_names_may_be_bytes():
    tf.constant(2.0, name=b"c")
    with tf.Session() as sess:
        assert sess.run([b"c:0", "c:0"]) == [2, 2]


def test_devices_are_counted_by_the_config():
    with tf.Session(config=tf.ConfigProto(device_count={"CPU": 2})) as sess:
        assert [device.name[-5:] for device in sess.list_devices()] == ["CPU:0", "CPU:1"]


def test_unfed_placeholder_names_itself_and_the_line():
    x = tf.placeholder(tf.float32, [2], name="lonely")
    with tf.Session() as sess, pytest.raises(tf.errors.InvalidArgumentError) as info:
        sess.run(x + 1)
    assert "must feed a value for placeholder tensor 'lonely' with dtype float and shape [2]" in str(info.value)
    assert info.value.op is x.op
    assert "test_session.py" in str(info.value).splitlines()[1]


FEEDS = [
    ([[1.0], [2.0, 3.0]], ValueError),
    ("text", ValueError),
    (np.array([1, 2], object), None),
    (np.array([1, None], object), ValueError),
    ([1.0, 2.0, 3.0], ValueError),
    (np.float64(1), ValueError),
    (1j * np.ones(2), ValueError),
    (np.ones(4, ">f4")[::2], None),
    (np.ones(2, np.int64), None),
    ([float("nan"), float("inf")], None),
]


@pytest.mark.parametrize("value, error", FEEDS)
def test_feeds_of_every_kind(value, error):
    x = tf.placeholder(tf.float32, [2], name="x")
    y = tf.identity(x)
    with tf.Session() as sess:
        if error is None and not (isinstance(value, np.ndarray) and value.dtype == object):
            np.testing.assert_array_equal(sess.run(y, {x: value}), np.asarray(value, np.float32))
        else:
            with pytest.raises((ValueError, TypeError), match="x:0"):
                sess.run(y, {x: value})


def test_feeding_a_tensor_or_a_misfit_int():
    x = tf.placeholder(tf.int8, [])
    with tf.Session() as sess:
        with pytest.raises(TypeError, match="cannot be a tf.Tensor"):
            sess.run(x, {x: tf.constant(1)})
        with pytest.raises(TypeError, match="not compatible with Tensor type int8"):
            sess.run(x, {x: 1000})
        with pytest.raises(ValueError, match="None is not a value"):
            sess.run(x, {x: None})


def test_results_never_alias_feeds_or_constants():
    x = tf.placeholder(tf.float32, [2])
    c = tf.constant([1.0, 2.0])
    value = np.ones(2, np.float32)
    with tf.Session() as sess:
        for _ in range(3):
            out, const = sess.run([tf.identity(x, name="same"), c], {x: value})
            out[:] = 7
            const[:] = 7
        np.testing.assert_array_equal(value, [1, 1])
        np.testing.assert_array_equal(sess.run(c), [1, 2])


def test_closed_and_empty_sessions():
    sess = tf.Session()
    with pytest.raises(RuntimeError, match="graph is empty"):
        sess.run([])
    c = tf.constant(1)
    assert sess.run(c) == 1
    sess.close()
    sess.close()
    with pytest.raises(RuntimeError, match="closed Session"):
        sess.run(c)


def test_a_session_closed_while_a_run_prepares():
    """By another thread: the run is refused, instead of missing its variables."""
    v, sess = tf.Variable(1.0), tf.Session()
    sess.run(v.initializer)

    class Closing(fetches.FetchMapper):
        def __init__(self, *args):
            super().__init__(*args)
            sess.close()

    with mock.patch.object(fetches, "FetchMapper", Closing), pytest.raises(RuntimeError, match="closed Session"):
        sess.run(v)


def test_eval_needs_a_session():
    c = tf.constant(4)
    with pytest.raises(ValueError, match="No default session"):
        c.eval()
    with tf.Session():
        assert c.eval() == 4
    with tf.Session(graph=tf.Graph()) as other, pytest.raises(ValueError, match="graph is different"):
        c.eval(session=other)


def test_interactive_session():
    sess = tf.InteractiveSession()
    try:
        assert tf.get_default_session() is sess
        assert tf.constant(3).eval() == 3
    finally:
        sess.close()
    assert tf.get_default_session() is None


def test_make_callable():
    x = tf.placeholder(tf.float32, [])
    with tf.Session() as sess:
        call = sess.make_callable([tf.identity(x)], [x])
        assert call(2.0) == [2.0]
        with pytest.raises(TypeError, match="takes 1 feeds"):
            call()


def test_partial_run():
    a, b = tf.placeholder(tf.float32, []), tf.placeholder(tf.float32, [])
    first, second = a * 2.0, a * 2.0 + b
    with tf.Session() as sess:
        handle = sess.partial_run_setup([first, second], [a, b])
        assert sess.partial_run(handle, first, {a: 3}) == 6
        assert sess.partial_run(handle, second, {b: 1}) == 7
        with pytest.raises(tf.errors.InvalidArgumentError):
            sess.partial_run(handle, second)
        handle = sess.partial_run_setup([second], [a, b])
        with pytest.raises(tf.errors.InvalidArgumentError, match="has not been fed"):
            sess.partial_run(handle, second, {a: 3})


def test_devices_and_placement(capfd):
    with tf.device("/device:GPU:7"):
        c = tf.identity(tf.constant(1), name="placed")
    with tf.Session() as sess, pytest.raises(tf.errors.InvalidArgumentError, match="available devices"):
        sess.run(c)
    config = tf.ConfigProto(allow_soft_placement=True, log_device_placement=True)
    with tf.Session(config=config) as sess:
        assert sess.run(c) == 1
    assert "placed: (Identity): /job:localhost" in capfd.readouterr().err


def test_threads_share_a_session():
    x = tf.placeholder(tf.float32, [None])
    y = tf.reduce_sum(x * 2.0)
    failures = []
    with tf.Session() as sess:
        def work(n):
            for _ in range(50):
                if sess.run(y, {x: np.full(n, n, np.float32)}) != 2 * n * n:
                    failures.append(n)
        threads = [threading.Thread(target=work, args=(n,)) for n in range(1, 9)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    assert not failures


def test_run_metadata_names_every_op():
    y = tf.identity(tf.constant([1.0, 2.0], name="c"), name="y")
    metadata = tf.RunMetadata()
    with tf.Session() as sess:
        sess.run(y, options=tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE), run_metadata=metadata)
    stats = metadata.step_stats.dev_stats[0].node_stats
    assert {s.node_name for s in stats} == {"c", "y"}
    assert any(s.timeline_label == "y = Identity(c)" for s in stats)


def test_growing_the_graph_in_a_loop_warns_once():
    x = tf.placeholder(tf.float32, [])
    y = x
    with tf.Session() as sess, pytest.warns(RuntimeWarning, match="graph grew") as caught:
        for _ in range(130):
            y = tf.identity(x)
            sess.run(y, {x: 1})
    assert len(caught) == 1 and "test_session.py" in str(caught[0].message)


def test_feed_keys_may_be_tuples_of_tuples():
    with tf.Graph().as_default(), tf.Session() as sess:
        x, y, z = tf.zeros([2]), tf.zeros([2]), tf.zeros([2])
        values = sess.run([x * 2, y * 2, z * 2], {(((x,),), y, (z,)): ((([1, 1],),), [2, 2], ([3, 3],))})
        np.testing.assert_array_equal(values, [[2, 2], [4, 4], [6, 6]])


def test_a_number_is_no_string():
    with tf.Graph().as_default(), tf.Session() as sess:
        a = tf.placeholder(tf.string)
        with pytest.raises(TypeError, match="Type of feed value 1 with type <class 'int'> is not compatible"):
            sess.run(a, {a: 1})


def test_targets_and_nesting():
    tf.constant(1)
    with pytest.raises(tf.errors.NotFoundError, match="No session factory registered"):
        tf.Session("grpc://nowhere")
    with pytest.raises(TypeError, match="target must be a string"):
        tf.Session(37)
    with tf.Session() as sess, pytest.raises(RuntimeError, match="not re-entrant"):
        with sess:
            pass
