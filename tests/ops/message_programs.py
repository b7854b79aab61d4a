"""Programs that parse messages, run in TensorFlow (to be recorded) and in GraphFlow (to be compared)."""

import numpy as np


def results(tf, names=("raw", "tensors", "json", "single", "batch")):
    """Name -> nested lists, dicts of them, or the class of the error, of the programs of these names."""
    found = {}
    for program in (globals()[f"_{name}"] for name in names):
        with tf.Graph().as_default(), tf.Session() as session:
            for name, fetch in program(tf):
                try:
                    found[f"{program.__name__[1:]} {name}"] = _plain(session.run(fetch))
                except tf.errors.OpError as error:
                    found[f"{program.__name__[1:]} {name}"] = type(error).__name__
    return found


def _plain(value):
    if isinstance(value, dict):
        return {key: _plain(v) for key, v in value.items()}
    value = value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _feature(tf, values):
    """A tf.train.Feature of floats, integers or bytes."""
    if not values:
        return tf.train.Feature()
    if isinstance(values[0], bytes):
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))
    if isinstance(values[0], int):
        return tf.train.Feature(int64_list=tf.train.Int64List(value=values))
    return tf.train.Feature(float_list=tf.train.FloatList(value=values))


def _features(tf, values):
    return tf.train.Features(feature={key: _feature(tf, v) for key, v in values.items()})


def _sequence(tf, context, lists):
    """A serialised SequenceExample."""
    return tf.train.SequenceExample(
        context=_features(tf, context),
        feature_lists=tf.train.FeatureLists(feature_list={
            key: tf.train.FeatureList(feature=[_feature(tf, item) for item in items])
            for key, items in lists.items()})).SerializeToString()


def _raw(tf):
    words = tf.constant([["abcd"], ["efghij"]])
    for name, dtype, length in (("bytes", tf.uint8, 5), ("pairs", tf.int16, 6), ("padded", tf.int32, 8)):
        yield name, tf.raw_ops.DecodePaddedRaw(input_bytes=words, fixed_length=length, out_type=dtype)
    yield "big end", tf.raw_ops.DecodePaddedRaw(
        input_bytes=words, fixed_length=4, out_type=tf.int16, little_endian=False)


def _tensors(tf):
    for value in ([1.5, -2.0], [[1], [2]], [b"a", b"bc"], [True, False], 7):
        tensor = tf.constant(value)
        text = tf.io.serialize_tensor(tensor)
        yield f"{value}", [text, tf.io.parse_tensor(text, tensor.dtype)]
    yield "other type", tf.io.parse_tensor(tf.io.serialize_tensor([1.0]), tf.int32)
    yield "no tensor", tf.io.parse_tensor(tf.constant(b"bogus"), tf.int32)


def _json(tf):
    text = '{"features": {"feature": {"a": {"floatList": {"value": [1, 2.5]}}, "b": {"int64List": {"value": ["3"]}}}}}'
    wanted = {"a": tf.FixedLenFeature([2], tf.float32), "b": tf.VarLenFeature(tf.int64)}
    yield "parsed", tf.parse_example(tf.io.decode_json_example([text, text]), wanted)["a"]
    yield "bad", tf.io.decode_json_example(["{]"])


_CONTEXT = {"c": (1.5, 2.5), "w": (b"x", b"yz")}
_LISTS = {"a": [[1, 2], [3, 4], [5, 6]], "s": [[b"p"], [], [b"q", b"r"]]}


def _asked(tf):
    return ({"c": tf.FixedLenFeature([2], tf.float32), "w": tf.VarLenFeature(tf.string),
             "d": tf.FixedLenFeature([1], tf.int64, 9)},
            {"a": tf.FixedLenSequenceFeature([2], tf.int64), "s": tf.VarLenFeature(tf.string),
             "n": tf.FixedLenSequenceFeature([], tf.float32, allow_missing=True)})


def _single(tf):
    context, lists = _asked(tf)
    text = _sequence(tf, _CONTEXT, _LISTS)
    yield "parsed", list(tf.parse_single_sequence_example(text, context, lists, example_name="e"))
    wrong = {"missing list": ({}, {"b": tf.FixedLenSequenceFeature([2], tf.int64)}),
             "other type": ({}, {"a": tf.FixedLenSequenceFeature([2], tf.float32)}),
             "other size": ({}, {"a": tf.FixedLenSequenceFeature([3], tf.int64)}),
             "sparse of other type": ({}, {"a": tf.VarLenFeature(tf.string)}),
             "missing context": ({"x": tf.FixedLenFeature([], tf.int64)}, {})}
    for name, features in wrong.items():
        yield name, list(tf.parse_single_sequence_example(text, *features))
    yield "no message", list(tf.parse_single_sequence_example(b"bogus", context, lists))


def _batch(tf):
    context, lists = _asked(tf)
    texts = [_sequence(tf, _CONTEXT, _LISTS),
             _sequence(tf, {"c": (0.5, 0.25), "d": (4,)}, {"a": [[7, 8]], "s": [[], [b"t"]], "n": [[1.5], [2.5]]})]
    yield "parsed", list(tf.io.parse_sequence_example(texts, context, lists, example_names=["e", "f"]))
    yield "missing list", list(tf.io.parse_sequence_example(texts, {}, {"b": tf.FixedLenSequenceFeature([], tf.int64)}))
