"""`tf.contrib.data` beyond `tf.data`: windows in batches, checked shapes, older names."""

import pytest

import graphflow as tf

data = tf.contrib.data


def elements(dataset):
    """All elements, as lists and tuples."""
    element, found = dataset.make_one_shot_iterator().get_next(), []
    with tf.Session() as sess:
        while True:
            try:
                found.append(tf.nest.map_structure(lambda value: value.tolist(), sess.run(element)))
            except tf.errors.OutOfRangeError:
                return found


@pytest.mark.parametrize(("options", "expected"), [
    ({}, [[1, 2, 3], [2, 3, 4], [3, 4, 5], [4, 5, 6]]),
    ({"window_shift": 2}, [[1, 2, 3], [3, 4, 5]]),
    ({"stride": 3}, [[1, 2, 3], [4, 5, 6]]),
    ({"window_stride": 2}, [[1, 3, 5], [2, 4, 6]]),
    ({"window_stride": 2, "window_shift": 2}, [[1, 3, 5]]),
])
def test_sliding_windows(options, expected):
    numbers = tf.data.Dataset.range(1, 7)
    windows = numbers.apply(data.sliding_window_batch(3, **options))
    assert elements(windows) == expected and windows.output_shapes.as_list() == [None]
    pairs = numbers.map(lambda x: (x, tf.stack([x, x + 1]))).apply(data.sliding_window_batch(3, **options))
    assert elements(pairs) == [(window, [[x, x + 1] for x in window]) for window in expected]
    named = numbers.map(lambda x: {"a": x}).apply(data.sliding_window_batch(3, **options))
    assert elements(named) == [{"a": window} for window in expected]


def test_too_short_for_a_window():
    assert elements(tf.data.Dataset.range(2).apply(data.sliding_window_batch(3))) == []
    with pytest.raises(ValueError, match="both `stride` and `window_shift`"):
        data.sliding_window_batch(3, stride=1, window_shift=1)


def test_older_names():
    dataset = tf.data.Dataset.range(4)
    mixed = elements(dataset.apply(data.sloppy_interleave(lambda x: tf.data.Dataset.from_tensors(x * 10), 2)))
    assert sorted(mixed) == [0, 10, 20, 30]
    reducer = data.Reducer(lambda key: key + 5, lambda state, x: state + x, lambda state: state)
    with tf.Session() as sess:
        assert sess.run(data.reduce_dataset(dataset, reducer)) == 11
    with pytest.raises(TypeError, match="must be a `tf.data.Dataset`"):
        data.reduce_dataset([1, 2], reducer)


def test_shapes_of_elements():
    rows = tf.data.Dataset.from_generator(lambda: iter([([1, 2], 3), ([4, 5], 6)]), (tf.int32, tf.int32))
    checked = rows.apply(data.assert_element_shape(([2], [])))
    assert [shape.as_list() for shape in checked.output_shapes] == [[2], []]
    assert elements(checked) == [([1, 2], 3), ([4, 5], 6)]
    with pytest.raises(tf.errors.InvalidArgumentError, match="shape"):
        elements(rows.apply(data.assert_element_shape(([3], None))))
    with pytest.raises(ValueError, match="not compatible"):
        tf.data.Dataset.range(3).apply(data.assert_element_shape([2]))
    assert tf.data.Dataset.range(3).batch(2).apply(data.assert_element_shape([None])).output_shapes.as_list() == [None]
