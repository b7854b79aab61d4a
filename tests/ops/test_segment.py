"""Sample rows of `graphflow/ops/segment.py`."""

import numpy as np
import pytest

import graphflow as tf
from tests.ops.harness import Sample, apart, fixed, normal, positive, sample_tests

REAL = "float16 bfloat16 float32 float64 int8 int32 int64 uint8"
NUMBERS = REAL + " complex64"
SORTED = fixed([0, 0, 2, 2, 2])
UNSORTED = fixed([1, -1, 1, 0, 1])


def mean(x, axis):
    return np.trunc(np.mean(x, axis=axis)) if x.dtype.kind in "iu" else np.mean(x, axis=axis)


def by_segment(function, empty, count=None):
    """A reduction of each segment's rows; `empty` is a number or a function of the dtype."""
    def oracle(data, ids, given=None):
        total = int(given) if given is not None else int(ids[-1]) + 1
        rows = []
        for segment in range(total):
            chosen = data[ids == segment]
            missing = empty(data.dtype) if callable(empty) else empty
            rows.append(
                function(chosen, axis=0) if len(chosen) else np.full(data.shape[1:], missing)
            )
        return np.array(rows).astype(data.dtype)

    return oracle


def sorted_row(kind, function, empty, dtypes, generator=normal, **options):
    return Sample(
        f"Segment{kind}",
        [generator(5, 2), SORTED],
        by_segment(function, empty),
        dtypes=dtypes,
        tol=1e-4,
        **{"grad": (0,), **options},
    )


def unsorted_row(kind, function, empty, dtypes, generator=normal, **options):
    return Sample(f"UnsortedSegment{kind}", [generator(5, 2), UNSORTED, fixed(np.int32(2))],
                  by_segment(function, empty), dtypes=dtypes, tol=1e-4, **{"grad": (0,), **options})


test_samples = sample_tests(
    [
        sorted_row("Sum", np.sum, 0, NUMBERS, second=True),
        sorted_row("Mean", mean, 0, NUMBERS, second=True),
        sorted_row("Prod", np.prod, 1, NUMBERS, positive),
        sorted_row("Max", np.max, 0, REAL, apart),
        sorted_row("Min", np.min, 0, REAL, apart),
        unsorted_row("Sum", np.sum, 0, NUMBERS, second=True),
        unsorted_row("Prod", np.prod, 1, NUMBERS, positive),
        unsorted_row("Max", np.max, 0, REAL, apart),
        unsorted_row("Min", np.min, 0, REAL, apart),
        Sample(
            "UnsortedSegmentSum",
            [normal(2, 2, 3), fixed([[0, 1], [2, 0]]), fixed(np.int32(3))],
            lambda x, ids, n: np.array([x[ids == i].sum(0) for i in range(3)]),
            grad=(0,),
            id="matrix",
        ),
        Sample(
            "SegmentSum", [normal(0, 2), fixed(np.zeros(0, np.int32))], lambda x, ids: x, id="empty"
        ),
    ]
)


def evaluate(build):
    with tf.Graph().as_default(), tf.Session() as sess:
        return sess.run(build())


def test_segments_without_elements():
    lowest, highest = np.finfo(np.float32).min, np.finfo(np.float32).max
    got = evaluate(
        lambda: [
            tf.unsorted_segment_max([1.0, 2.0], [-1, 0], 2),
            tf.unsorted_segment_min([1.0, 2.0], [-1, 0], 2),
            tf.segment_max([1.0, 2.0], [1, 3]),
            tf.segment_prod([1.0, 2.0], [1, 3]),
        ]
    )
    for actual, expected in zip(got, ([2, lowest], [2, highest], [0, 1, 0, 2], [1, 1, 1, 2])):
        np.testing.assert_array_equal(actual, expected)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_extremes_of_infinities(dtype):
    got = evaluate(lambda: [tf.segment_max(tf.constant([-np.inf, -np.inf, 1], dtype), [0, 0, 2]),
                            tf.segment_min(tf.constant([np.inf, np.inf, 1], dtype), [0, 0, 2])])
    for actual, expected in zip(got, ([-np.inf, 0, 1], [np.inf, 0, 1])):
        np.testing.assert_array_equal(actual.astype(np.float32), expected)


def test_products_with_zeros_have_gradients():
    def build():
        x = tf.constant([[0.0, 2.0], [3.0, 4.0], [5.0, 0.0]])
        return tf.gradients(tf.unsorted_segment_prod(x, [0, 0, 0], 1), x)[0]

    np.testing.assert_array_equal(evaluate(build), [[15, 0], [0, 0], [0, 8]])


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: tf.segment_sum([1.0, 2.0], [1, 0]), "segment ids are not increasing"),
        (lambda: tf.segment_sum([1.0, 2.0], [-1, 0]), "out of range"),
        (
            lambda: tf.unsorted_segment_sum([1.0, 2.0], [3, 0], 2),
            r"segment_ids\[0\] = 3 is out of range \[0, 2\)",
        ),
    ],
)
def test_wrong_numbers(build, message):
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        evaluate(build)


def test_means_of_segments():
    got = evaluate(lambda: [tf.unsorted_segment_mean([1.0, 3.0, 5.0], [0, 0, 2], 3),
                            tf.unsorted_segment_sqrt_n([1.0, 3.0, 5.0], [0, 0, 2], 3)])
    np.testing.assert_allclose(got, [[2, 0, 5], [4 / np.sqrt(2), 0, 5]], rtol=1e-6)


@pytest.mark.parametrize("ids, message", [
    ([0, 1, 2, 0], r"Segment id 1 out of range \[0, 1\), possibly because 'segment_ids' input is not sorted"),
    ([0, 0, 0, -1], "segment ids must be >= 0"),
    ([0, 1, 0, 1], "segment ids are not increasing"),
    ([-1, 0, 1, 1], r"Segment id -1 out of range \[0, 2\)"),
])
def test_the_first_wrong_segment_is_reported(ids, message):
    with tf.Graph().as_default(), tf.Session() as sess:
        y = tf.segment_sum(tf.ones([4, 2]), tf.placeholder_with_default(ids, [4]))
        with pytest.raises(tf.errors.InvalidArgumentError, match=message):
            sess.run(y)
