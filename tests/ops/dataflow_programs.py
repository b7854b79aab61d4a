"""Programs about queues and their kin that TensorFlow and GraphFlow both run: what the golden file is about.

Every program takes the library as `tf` and gives the operations and tensors to run, one after the other in
one session. `tools/golden/record_dataflow.py` runs them with TensorFlow, `test_dataflow.py` with GraphFlow.
"""

import contextlib
import os
import re
import tempfile

import numpy as np

PROGRAMS = {}


def program(function):
    """Adds a program, a function from the library to the list of what to run."""
    PROGRAMS[function.__name__] = function
    return function


def answers(tf, function, error_class):
    """What running a program gives: per step its value as lists, or class and message of its failure."""
    found = []
    with contextlib.ExitStack() as stack:  # programs that write files do so in an empty folder
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        stack.callback(os.chdir, os.getcwd())
        os.chdir(folder)
        stack.enter_context(tf.Graph().as_default())
        steps = function(tf)
        with tf.Session(config=tf.ConfigProto(operation_timeout_in_ms=10000)) as sess:
            for step in steps:
                fetches, feed = step if isinstance(step, tuple) and isinstance(step[1], dict) else (step, None)
                try:
                    found.append(_plain(sess.run(fetches, feed)))
                except error_class as error:
                    found.append([type(error).__name__, _words(error.message)])
    return found


def _words(message):
    """A message without TensorFlow's numbering of resources and what either appends."""
    inner = re.search(r"Node: '[^']*'\n(.*)", message)  # TensorFlow 2 puts the graph's history in front
    text = re.sub(r"(?<!\w)_\d+_", "", inner[1] if inner else message.splitlines()[0])
    return re.split(r" \[op '|\s*\[\[", text)[0].strip().rstrip(".")


def _plain(value):
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, (np.ndarray, np.generic)):
        return _plain(value.tolist())
    return value


# ---------------------------------------------------------------- queues

def _numbers(queue, *values, dtype=np.int32):
    return queue.enqueue_many([np.array(values, dtype)])


@program
def fifo(tf):
    """In order, partly drained, closed."""
    q = tf.FIFOQueue(10, tf.int32, shapes=[()], name="q")
    return [_numbers(q, 3, 1, 4, 1, 5), q.dequeue(), q.size(), q.dequeue_many(2), q.is_closed(), q.close(),
            q.is_closed(), q.dequeue_many(3), q.dequeue_up_to(3), q.dequeue(), q.dequeue_up_to(3), q.enqueue(1),
            _numbers(q, 1, 2), q.close(), q.size()]


@program
def fifo_components(tf):
    """Several components; names."""
    q = tf.FIFOQueue(10, [tf.string, tf.float32], shapes=[(), (2,)], names=["s", "x"], name="q")
    return [q.enqueue({"s": "a", "x": [1.0, 2.0]}), q.enqueue_many({"s": ["b", "c"], "x": np.ones((2, 2), "f")}),
            q.dequeue(), q.dequeue_many(2), q.dequeue_many(0)]


@program
def fifo_without_shapes(tf):
    """Elements of different shapes can be taken one by one."""
    q = tf.FIFOQueue(-1, tf.int64, name="q")
    return [q.enqueue([[np.int64(1)]]), q.enqueue(np.arange(3)), q.dequeue(), q.dequeue(), q.dequeue_many(1),
            q.dequeue_up_to(1)]


@program
def shapes_that_do_not_fit(tf):
    """Failures that only a run can find."""
    q = tf.FIFOQueue(5, [tf.int32, tf.int32], shapes=[(), (2,)], name="q")
    x, y = tf.placeholder(tf.int32), tf.placeholder(tf.int32)
    one, many = q.enqueue((x, y)), q.enqueue_many((x, y))
    return [(one, {x: 1, y: [1, 2]}), (one, {x: [1], y: [1, 2]}), (one, {x: 1, y: [1, 2, 3]}),
            (many, {x: [1, 2], y: [[1, 2], [3, 4]]}), (many, {x: [1], y: [[1, 2, 3]]}), q.size()]


@program
def shuffled(tf):
    """The order that seeds give, and what stays in the queue."""
    tf.set_random_seed(7)
    q = tf.RandomShuffleQueue(40, 4, tf.int32, shapes=[()], seed=11, name="q")
    return [q.enqueue_many([tf.range(20)]), q.dequeue(), q.dequeue_many(10), q.size(), q.close(),
            q.dequeue_many(5), q.dequeue_up_to(10), q.dequeue()]


@program
def padded(tf):
    """Batches padded to their largest element."""
    q = tf.PaddingFIFOQueue(10, [tf.int32, tf.string], [(None, 2), (None,)], name="q")
    return [q.enqueue((np.ones((1, 2), "i"), ["a"])), q.enqueue((2 * np.ones((3, 2), "i"), ["b", "c"])),
            q.dequeue_many(2), q.enqueue((np.ones((2, 2), "i"), ["d"])), q.dequeue(), q.close(), q.dequeue_many(1)]


@program
def by_priority(tf):
    """Smallest priority first."""
    q = tf.PriorityQueue(10, [tf.string], [()], name="q")
    return [q.enqueue((np.int64(5), "five")), q.enqueue_many((np.array([2, 9, -1]), ["two", "nine", "minus"])),
            q.dequeue(), q.dequeue_many(2), q.size(), q.close(), q.dequeue(), q.dequeue()]


@program
def shared(tf):
    """Queues of one shared name are one queue, and must agree."""
    first = tf.FIFOQueue(10, tf.int32, shapes=[()], shared_name="shared", name="a")
    second = tf.FIFOQueue(10, tf.int32, shapes=[()], shared_name="shared", name="b")
    return [_numbers(first, 1, 2), second.dequeue(), second.size(),
            tf.FIFOQueue(11, tf.int32, shapes=[()], shared_name="shared", name="c").size()]


@program
def chosen(tf):
    """The queue is chosen in the run."""
    queues = [tf.FIFOQueue(5, tf.int32, shapes=[()], name=f"q{i}") for i in range(3)]
    index = tf.placeholder(tf.int32)
    q = tf.QueueBase.from_list(index, queues)
    put, take = q.enqueue(tf.constant(7) + index), q.dequeue()
    return [(put, {index: 1}), (put, {index: 2}), queues[1].size(), (take, {index: 2}), queues[2].size(),
            queues[0].size()]


@program
def closed_with_waiting_producer_gone(tf):
    """Cancelling leaves what is in the queue."""
    q = tf.FIFOQueue(2, tf.float32, name="q")
    return [q.enqueue(1.0), q.close(cancel_pending_enqueues=True), q.enqueue(2.0), q.dequeue(), q.dequeue(),
            q.close(cancel_pending_enqueues=True)]


# ---------------------------------------------------------------- readers

def _reading(tf, reader, files):
    """Steps that read `files` ({name: content}) to their end, looking at the counts in between."""
    for name, content in files.items():
        with open(name, "wb") as file:
            file.write(content)
    names = tf.FIFOQueue(9, tf.string, shapes=[()], name="names")
    counts = [reader.num_records_produced(), reader.num_work_units_completed()]
    return [names.enqueue_many([list(files)]), counts, reader.read(names), counts, reader.read(names), counts,
            reader.read_up_to(names, 2), counts, reader.read_up_to(names, 9), counts, reader.reset(), counts,
            names.enqueue("missing"), names.close(), reader.read(names), reader.read(names)]


@program
def lines(tf):
    """Lines of all kinds of ends."""
    return _reading(tf, tf.TextLineReader(name="r"), {"a": b"one\ntwo\r\n\nfour", "b": b"", "c": b"five\n"})


@program
def lines_without_headers(tf):
    """Some are left out; the keys count all."""
    return _reading(tf, tf.TextLineReader(skip_header_lines=2, name="r"), {"a": b"h\nh\n1\n2\n", "b": b"h\n",
                                                                          "c": b"h\nh\n3\n", "d": b"h\nh\n4\n"})


@program
def whole_files(tf):
    """One record each. (TensorFlow would try the missing file again at the last step.)"""
    return _reading(tf, tf.WholeFileReader(name="r"), {"a": b"abc", "b": b"", "c": b"\x00\xff", "d": b"x"})[:-1]


@program
def fixed_length_records(tf):
    """Header, footer, and what does not fill a record."""
    return _reading(tf, tf.FixedLengthRecordReader(2, header_bytes=1, footer_bytes=2, name="r"),
                    {"a": b"Haabbccff", "b": b"Hddff", "c": b"Heeff"})


@program
def overlapping_records(tf):
    """Hops shorter than records."""
    return _reading(tf, tf.FixedLengthRecordReader(3, hop_bytes=1, name="r"), {"a": b"abcdef", "b": b"ghijkl"})


@program
def tf_records(tf):
    """Records, keys with offsets."""
    for name, records in (("a", [b"one", b"", b"three"]), ("b", [b"four", b"five"])):
        with tf.python_io.TFRecordWriter(name + ".in") as writer:
            for record in records:
                writer.write(record)
    files = {name: open(name + ".in", "rb").read() for name in ("a", "b")}  # noqa: SIM115
    return _reading(tf, tf.TFRecordReader(name="r"), files)


@program
def work_itself(tf):
    """The reader that reads nothing; its state can be saved."""
    reader = tf.IdentityReader(name="r")
    state = tf.placeholder(tf.string, [])
    names = tf.FIFOQueue(9, tf.string, shapes=[()], name="names")
    counts = [reader.num_records_produced(), reader.num_work_units_completed()]
    return [names.enqueue_many([["a", "b", "c"]]), reader.read(names), reader.serialize_state(), reader.read(names),
            counts, (reader.restore_state(state), {state: b"\x08\x01\x10\x01\x18\x01\x22\x01a"}), counts,
            reader.read(names), reader.serialize_state(), (reader.restore_state(state), {state: b"\x08"}),
            tf.TextLineReader(name="t").serialize_state()]


# ---------------------------------------------------------------- graphs that the input functions make

def _shuffle_batch(tf):
    x = tf.placeholder(tf.float32, [2])
    tf.train.shuffle_batch({"a": x, "b": x}, 4, 10, 2, num_threads=2, name="my")


def _batch_join(tf):
    x = tf.placeholder(tf.float32, [2])
    tf.train.batch_join([[x], [x]], 4, dynamic_pad=True, allow_smaller_final_batch=True)


def _maybe_batch(tf):
    x, keep = tf.placeholder(tf.float32, [5, 2]), tf.placeholder(tf.bool, [5])
    tf.train.maybe_batch([x], keep, 4, enqueue_many=True)


GRAPHS = {
    "string_input_producer": lambda tf: tf.train.string_input_producer(["a", "b"], num_epochs=2, seed=1),
    "slice_input_producer": lambda tf: tf.train.slice_input_producer([tf.ones([3, 2]), tf.zeros([3])], num_epochs=1),
    "shuffle_batch": _shuffle_batch,
    "batch_join": _batch_join,
    "maybe_batch": _maybe_batch,
    "match_filenames_once": lambda tf: tf.train.match_filenames_once("x*"),
}


def operations(tf, function):
    """Names and types of the operations that a function adds."""
    with tf.Graph().as_default() as graph:
        function(tf)
        return [[op.name, op.type] for op in graph.get_operations()]


# ---------------------------------------------------------------- accumulators

@program
def dense_gradients(tf):
    """Means, stale gradients, steps."""
    a = tf.ConditionalAccumulator(tf.float32, shape=[2], name="a")
    x = tf.placeholder(tf.float32, [2])
    step = tf.placeholder(tf.int64, [])
    apply, count = a.apply_grad(x, local_step=step), a.num_accumulated()
    return [(apply, {x: [2, 4], step: 0}), (apply, {x: [4, 8], step: 0}), count, a.take_grad(2), count,
            (apply, {x: [9, 9], step: 0}), count, (apply, {x: [1, 1], step: 1}), a.take_grad(1), a.set_global_step(7),
            (apply, {x: [1, 1], step: 6}), count, (apply, {x: [1, 3], step: 7}), a.take_grad(1)]


@program
def summed_gradients(tf):
    """Sums, of any shape."""
    a = tf.ConditionalAccumulator(tf.float64, name="a", reduction_type="SUM")
    return [a.apply_grad([[1.0, 2.0]]), a.apply_grad([[3.0, 4.0]]), a.take_grad(2)]


@program
def sparse_gradients(tf):
    """Means per row, with and without shapes."""
    a = tf.SparseConditionalAccumulator(tf.float32, shape=[4, 2], name="a")
    b = tf.SparseConditionalAccumulator(tf.float32, name="b", reduction_type="SUM")
    return [a.apply_grad([0, 2], [[1.0, 2.0], [3.0, 4.0]], [4, 2]), a.apply_grad([2, 3], [[5.0, 6.0], [7.0, 8.0]]),
            a.num_accumulated(), list(a.take_grad(2)), a.apply_grad([1], [[1.0, 1.0]], local_step=0),
            a.num_accumulated(), b.apply_grad([3], [[1.0]]), b.apply_grad([1, 3], [[5.0], [2.0]]),
            list(b.take_grad(1)[:2])]


# ---------------------------------------------------------------- barriers

def _barrier(tf, *arguments, **keywords):
    """TensorFlow has no public name for it."""
    if "tensorflow" in tf.__name__:
        from tensorflow.python.ops.data_flow_ops import Barrier
    else:
        from graphflow.ops.barrier import Barrier
    return Barrier(*arguments, **keywords)


@program
def barriers(tf):
    """Components in any order; elements leave in the order of their first insertion."""
    b = _barrier(tf, (tf.float32, tf.int32), shapes=((), (2,)), name="b")
    sizes = [b.ready_size(), b.incomplete_size()]
    return [b.insert_many(0, ["k1", "k2"], [1.0, 2.0]), sizes, b.insert_many(0, ["k3"], [3.0]),
            b.insert_many(1, ["k3", "k2"], [[3, 3], [2, 2]]), sizes, b.insert_many(0, ["k1"], [9.0]),
            list(b.take_many(2)[:2]), b.insert_many(1, ["k1"], [[1, 1]]), b.take_many(1)[2],
            b.insert_many(0, ["k2"], [5.0]), b.insert_many(0, ["k4"], [4.0]), b.insert_many(1, ["k4"], [[4, 4]]),
            list(b.take_many(1)[:2]), b.close(), sizes, b.insert_many(0, ["new"], [1.0]), b.take_many(2)[0],
            b.insert_many(1, ["k2"], [[8, 8]]), b.take_many(2, allow_small_batch=True)[1], b.take_many(1)[0], b.close(),
            b.close(cancel_pending_enqueues=True), sizes]
