"""tf.contrib.training: buckets, examples accepted or drawn at random, runners that feed, where variables go."""

import numpy as np
import pytest

import graphflow as tf

training = tf.contrib.training


def run_queues(*fetches, runs=1, also=None):
    """What `runs` runs give, then OutOfRangeError if `also` is "end"."""
    with tf.train.MonitoredSession() as sess:
        results = [sess.run(fetches) for _ in range(runs)]
        if also == "end":
            with pytest.raises(tf.errors.OutOfRangeError):
                sess.run(fetches)
    return results


def count_to(limit):
    return tf.train.range_input_producer(limit, num_epochs=1, shuffle=False).dequeue()


def test_each_batch_comes_from_one_bucket():
    number = count_to(24)
    which, (number, text) = training.bucket([number, tf.as_string(number)], number % 3, 4, 3)
    assert number.shape.as_list() == [4] and text.shape.as_list() == [4] and which.shape.as_list() == []
    batches = run_queues(which, number, text, runs=6, also="end")
    for bucket, numbers, texts in batches:
        assert (numbers % 3 == bucket).all() and (np.diff(numbers) == 3).all()
        assert texts.tolist() == [str(n).encode() for n in numbers]
    assert sorted(n for _, numbers, _ in batches for n in numbers) == list(range(24))


def test_buckets_of_their_own_sizes_give_what_is_left():
    number = count_to(10)
    which, batch = training.bucket({"n": number}, number % 2, [3, 2], 2, allow_smaller_final_batch=True,
                                   bucket_capacities=[6, 8])
    assert batch["n"].shape.as_list() == [None]
    found = {0: [], 1: []}
    for bucket, numbers in run_queues(which, batch["n"], runs=5, also="end"):
        found[int(bucket)].append(numbers.tolist())
    assert found == {0: [[0, 2, 4], [6, 8]], 1: [[1, 3], [5, 7], [9]]}


def test_buckets_leave_out_what_is_not_kept():
    number = count_to(16)
    which, number = training.bucket([number], number % 2, 4, 2, keep_input=number % 2 > 0)
    batches = run_queues(which, number, runs=2, also="end")
    assert [bucket for bucket, _ in batches] == [1, 1]
    assert [numbers.tolist() for _, numbers in batches] == [[1, 3, 5, 7], [9, 11, 13, 15]]


def test_buckets_of_sparse_tensors():
    number = count_to(8)
    spread = tf.cast(tf.range(number), tf.int64)
    sparse = tf.SparseTensor(tf.stack([spread], 1), spread + 1, [8])
    which, (number, sparse) = training.bucket([number, sparse], number % 2, 4, 2)
    for _, numbers, dense in run_queues(which, number, tf.sparse_tensor_to_dense(sparse), runs=2):
        np.testing.assert_array_equal(dense, [[k + 1 if k < n else 0 for k in range(8)] for n in numbers])


def test_what_buckets_summarize():
    training.bucket([tf.constant(1)], 0, 2, 2, capacity=5, name="mine")
    assert [op.name for op in tf.get_default_graph().get_operations() if op.type == "ScalarSummary"] == [
        "mine/bucket/mine/bucket_queue_0/size", "mine/bucket/mine/bucket_queue_1/size",
        "mine/bucket/mine/top_queue/fraction_of_5_full"]


@pytest.mark.parametrize(("arguments", "message"), [
    ({"batch_size": [1, 2]}, "must have num_buckets elements"),
    ({"bucket_capacities": [4]}, r"The list bucket_capacities \(\[4\]\) must have exactly num_buckets \(3\)"),
    ({"tensors": []}, "Expected at least one tensor in bucket"),
    ({"tensors": None}, "Cannot infer Tensor's rank")])
def test_buckets_refuse(arguments, message):
    arguments = {"tensors": [tf.constant(1)], "batch_size": 2, **arguments}
    if arguments["tensors"] is None:
        arguments["tensors"] = [tf.placeholder(tf.float32)]
    with pytest.raises(ValueError, match=message):
        training.bucket(which_bucket=0, num_buckets=3, **arguments)


@pytest.mark.parametrize("form", [list, dict])
def test_buckets_by_length(form):
    length = count_to(40)
    row = tf.fill([length], length)
    tensors = [row] if form is list else {"row": row}
    lengths, batch = training.bucket_by_sequence_length(
        length, tensors, 5, [3, 4, 10], dynamic_pad=True, shapes=None)
    row, = batch if form is list else [batch["row"]]
    assert lengths.shape.as_list() == [5] and row.shape.as_list() == [5, None]
    seen = 0
    for sizes, rows in run_queues(lengths, row, runs=7):
        assert len(set(np.digitize(sizes, [3, 4, 10]))) == 1 and rows.shape == (5, sizes.max())
        np.testing.assert_array_equal(rows, np.where(np.arange(sizes.max()) < sizes[:, None], sizes[:, None], 0))
        seen += len(sizes)
    assert seen == 35


@pytest.mark.parametrize(("boundaries", "error", "message"), [
    (5, TypeError, "must be a list or tuple"), ([], ValueError, "must not be empty"),
    ([1.0, 2.0], TypeError, "must be integers"), ([2, 2], ValueError, "saw: 2 before 2")])
def test_boundaries(boundaries, error, message):
    with pytest.raises(error, match=message):
        training.bucket_by_sequence_length(1, [tf.constant(1)], 2, boundaries)


@pytest.mark.parametrize("many", [False, True])
def test_rejection(many):
    tf.set_random_seed(3)
    numbers = tf.cast(tf.range(200), tf.float32) if many else tf.cast(count_to(100000) % 200, tf.float32)
    batch = training.rejection_sample([numbers], lambda tensors: tensors[0] / 200, 500, enqueue_many=many,
                                      runtime_checks=True)
    assert isinstance(batch, list) and batch[0].shape.as_list() == [500]
    ((batch,),) = run_queues(batch[0])
    # Accepted in proportion to themselves: their mean is two thirds of the largest.
    assert abs(batch.mean() - 133) < 10


def test_probabilities_are_checked():
    batch, = training.rejection_sample([tf.constant(0.0)], lambda tensors: tf.placeholder_with_default(1.5, []), 2,
                                       runtime_checks=True)
    with pytest.raises(tf.errors.InvalidArgumentError, match="x <= y did not hold"):
        run_queues(batch)


@pytest.mark.parametrize(("many", "initial"), [(False, [0.5, 0.25, 0.25]), (True, [0.5, 0.25, 0.25]), (True, None)])
def test_strata(many, initial):
    tf.set_random_seed(3)
    label = tf.gather([0, 1, 0, 2], tf.range(16) % 4 if many else count_to(100000) % 4)
    (data, ), labels = training.stratified_sample([label * 10], label, [0.1, 0.3, 0.6], 100, initial,
                                                  enqueue_many=many, threads_per_queue=3)
    assert data.shape.as_list() == labels.shape.as_list() == [100]
    counts = np.zeros(3)
    for values, classes in run_queues(data, labels, runs=30):
        np.testing.assert_array_equal(values, classes * 10)
        counts += np.bincount(classes, minlength=3)
    np.testing.assert_allclose(counts / counts.sum(), [0.1, 0.3, 0.6], atol=0.05)


def test_strata_count_classes():
    training.stratified_sample([tf.zeros([4])], tf.constant([0, 2, 2, 2]), [0.5, 0.5, 0], 2, enqueue_many=True)
    count, = (v for v in tf.global_variables() if v.op.name.endswith("class_count"))
    assert count.op.name == "stratified_sample/class_count" and count.dtype.base_dtype == tf.int64
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        assert sess.run(count).tolist() == [10, 10, 10]


@pytest.mark.parametrize(("initial", "target", "labels", "message"), [
    ([0.5, 0.5], [0.5, 0.6], [0], "x < y did not hold"), ([1.0, 0.0], [0.5, 0.5], [0], "zero initial probability"),
    ([0.5, 0.5], [0.5, 0.5], [2], "x < y did not hold"), ([0.5, 0.5], [0.5, 0.5], [-1], "x >= 0 did not hold")])
def test_strata_are_checked_in_runs(initial, target, labels, message):
    initial, target, labels = (tf.placeholder_with_default(given, [len(given)]) for given in (initial, target, labels))
    _, batch = training.stratified_sample([tf.zeros([1])], labels, target, 1, initial, enqueue_many=True)
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        run_queues(batch)


def test_strata_are_checked_when_built():
    def sample(label=0, target=(0.5, 0.5), initial=(0.5, 0.5), **options):
        return training.stratified_sample([tf.zeros([3])], label, list(target), 2, list(initial), **options)

    with pytest.raises(ValueError, match="must have the same length"):
        sample(initial=[1.0])
    with pytest.raises(ValueError, match="rank 1"):
        sample(enqueue_many=True)
    with pytest.raises(ValueError, match="not compatible"):
        sample([0, 1], enqueue_many=True)


def test_rates():
    tf.set_random_seed(5)
    rates = tf.constant([0.0, 0.5, 3.0, 1.0])
    inputs = [tf.constant([10, 11, 12, 13]), tf.constant([[0.0], [1.0], [2.0], [3.0]])]
    numbers, columns = training.resample_at_rate(inputs, rates)
    assert numbers.shape.as_list() == [None] and columns.shape.as_list() == [None, 1]
    counts = np.zeros(4)
    with tf.Session() as sess:
        for _ in range(400):
            n, c = sess.run([numbers, columns])
            assert (np.diff(n) >= 0).all() and (n - 10 == c[:, 0]).all()
            counts += np.bincount(n - 10, minlength=4)
        assert sess.run(training.resample_at_rate([tf.constant([1])], tf.constant([0.0])))[0].shape == (0,)
    np.testing.assert_allclose(counts / 400, [0, 0.5, 3, 1], atol=0.25)


def test_gradients_of_rows_drawn():
    x, rates = tf.constant([1.0, 2.0]), tf.constant([4.0, 4.0])
    rows, = training.resample_at_rate([x], rates, seed=1)
    rows, slope = tf.Session().run([rows, tf.convert_to_tensor(tf.gradients(rows, x)[0])])
    assert slope.tolist() == [(rows == 1).sum(), (rows == 2).sum()] and slope.sum() > 2


def test_weights():
    tf.set_random_seed(7)
    weights = tf.constant([1.0, 2.0, 5.0, 0.0])
    (rows,), rates = training.weighted_resample([tf.range(4)], weights, overall_rate=2.0, mean_decay=0.9)
    assert [v.op.name for v in tf.local_variables()] == ["estimate_mean/estimated_mean"]
    counts = np.zeros(4)
    with tf.Session() as sess:
        sess.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
        for _ in range(400):
            chosen, own = sess.run([rows, rates])
            np.testing.assert_allclose(own, np.array([1, 2, 5, 0])[chosen], rtol=1e-5)
            counts += np.bincount(chosen, minlength=4)
    np.testing.assert_allclose(counts / 400, [1, 2, 5, 0], atol=0.4)


def test_runners_that_feed():
    queue, x = tf.FIFOQueue(10, tf.int32, shapes=[()]), tf.placeholder(tf.int32, [])
    numbers = iter([3, 4, 5])

    def feed():
        try:
            return {x: next(numbers)}
        except StopIteration:
            raise tf.errors.OutOfRangeError(None, None, "No more.") from None

    runner = training.FeedingQueueRunner(queue, [queue.enqueue(x)], feed_fns=[feed])
    tf.train.add_queue_runner(runner)
    assert run_queues(queue.dequeue_many(3), also="end")[0][0].tolist() == [3, 4, 5]
    with pytest.raises(ValueError, match="same length as enqueue_ops"):
        training.FeedingQueueRunner(queue, [queue.enqueue(1)], feed_fns=[])
    with pytest.raises(NotImplementedError, match="FeedingQueueRunner"):
        runner.to_proto()


def test_runners_that_feed_nothing():
    queue = tf.FIFOQueue(10, tf.int32, shapes=[()])
    tf.train.add_queue_runner(training.FeedingQueueRunner(queue, [queue.enqueue(7)]))
    assert run_queues(queue.dequeue())[0] == (7,)


def placed(strategy, sizes=(4, 30, 10, 20, 5)):
    with tf.Graph().as_default(), tf.device(tf.train.replica_device_setter(ps_tasks=2, ps_strategy=strategy)):
        made = [tf.Variable(tf.zeros([size]), name=f"v{size}") for size in sizes]
    return [int(v.device[-1]) for v in made]


def test_balanced_placement():
    assert placed(training.GreedyLoadBalancingStrategy(2, training.byte_size_load_fn)) == [0, 1, 0, 0, 1]


def test_random_placement_depends_on_names_and_seed():
    # The MD5 of "v4_0", "v30_0" and so on, modulo 2.
    assert placed(training.RandomStrategy(2)) == [0, 1, 0, 1, 1]
    assert placed(training.RandomStrategy(2, seed=5)) == [0, 0, 0, 0, 1]


def test_bytes_of_an_output():
    assert training.byte_size_load_fn(tf.zeros([3, 5], tf.float64).op) == 120
    with pytest.raises(ValueError, match="must have a single output"):
        training.byte_size_load_fn(tf.no_op())
    with pytest.raises(ValueError, match="not fully defined"):
        training.byte_size_load_fn(tf.placeholder(tf.float32, [None]).op)
