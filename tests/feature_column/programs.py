"""Inputs made of feature columns, written once for GraphFlow and TensorFlow. Holds no state."""

import numpy as np

FEATURES = {
    "price": [[1.0], [5.0], [12.0], [-3.0]],
    "pair": [[1.0, 20.0], [3.0, 40.0], [5.0, 5.0], [7.0, -8.0]],
    "color": [["red"], ["blue"], ["none"], [""]],
    "tags": [["a", "b"], ["b", ""], ["c", "c"], ["", "new"]],
    "number": [[3], [0], [7], [-1]],
    "id": [[0], [2], [1], [3]],
    "weights": [[0.5, 2.0], [1.0, 0.0], [3.0, -1.0], [0.0, 4.0]],
}
SIZES = (4, 3)


def constant(dimension):
    """An initializer of numbers that differ from row to row."""
    def make(shape, dtype=None, partition_info=None):
        return np.arange(np.prod(shape), dtype=np.float32).reshape([int(n) for n in shape]) / dimension

    return make


def columns(tf, words_file):
    """{name: column} of every kind."""
    fc = tf.feature_column
    price = fc.numeric_column("price")
    scaled = fc.numeric_column("pair", shape=(2,), normalizer_fn=lambda x: x / 10)
    tags = fc.categorical_column_with_vocabulary_list("tags", ["a", "b", "c"], num_oov_buckets=1)
    color = fc.categorical_column_with_vocabulary_list("color", ["red", "green", "blue"], default_value=1)
    number = fc.categorical_column_with_vocabulary_list("number", [7, 3])
    from_file = fc.categorical_column_with_vocabulary_file("color", words_file)
    hashed = fc.categorical_column_with_hash_bucket("tags", 5)
    hashed_number = fc.categorical_column_with_hash_bucket("number", 6, tf.int64)
    identity = fc.categorical_column_with_identity("id", 4)
    within = fc.categorical_column_with_identity("number", 5, default_value=2)
    buckets = fc.bucketized_column(price, [0.0, 4.0, 10.0])
    pair_buckets = fc.bucketized_column(scaled, [1.0, 2.0])
    weighted = fc.weighted_categorical_column(tags, "weights")
    crossed = fc.crossed_column(["color", "tags"], 7)
    crossed_more = fc.crossed_column([crossed, buckets], 11, hash_key=9)
    return {"price": price, "scaled": scaled, "tags": tags, "color": color, "number": number, "from_file": from_file,
            "hashed": hashed, "hashed_number": hashed_number, "identity": identity, "within": within,
            "buckets": buckets, "pair_buckets": pair_buckets, "weighted": weighted, "crossed": crossed,
            "crossed_more": crossed_more}


CATEGORICAL = ("tags", "color", "number", "from_file", "hashed", "hashed_number", "identity", "within", "weighted",
               "crossed", "crossed_more")


def _run(tf, build):
    """Value and variables of what `build()` makes in a graph of its own; with all gradients of its sum."""
    with tf.Graph().as_default(), tf.Session() as session:
        value = build()
        variables = tf.trainable_variables()
        gradients = [tf.convert_to_tensor(g) for g in tf.gradients(tf.reduce_sum(tf.square(value + 1.0)), variables)]
        session.run([tf.global_variables_initializer(), tf.tables_initializer()])
        value_, gradients_ = session.run([value, gradients])
        return {"name": value.name, "shape": value.shape.as_list(), "value": value_.tolist(),
                "variables": [v.name for v in tf.global_variables()], "gradients": [g.tolist() for g in gradients_]}


def _layers(tf, words_file):
    """name -> function that builds an input."""
    fc, made = tf.feature_column, columns(tf, words_file)
    yield "dense", lambda: fc.input_layer(FEATURES, [made[name] for name in (
        "price", "scaled", "buckets")] + [made["pair_buckets"]])
    for name in CATEGORICAL:
        if name != "weighted":
            yield f"indicator {name}", lambda c=made[name]: fc.input_layer(FEATURES, fc.indicator_column(c))
        for combiner in ("mean", "sum", "sqrtn"):
            yield f"embedding {name} {combiner}", lambda c=made[name], k=combiner: fc.input_layer(
                FEATURES, [fc.embedding_column(c, 3, k, initializer=constant(3))])
    yield "norm", lambda: fc.input_layer(FEATURES, [fc.embedding_column(
        made["tags"], 3, initializer=constant(3), max_norm=1.0)])
    yield "shared", lambda: fc.input_layer(FEATURES, fc.shared_embedding_columns(
        [fc.categorical_column_with_identity("id", 8), fc.categorical_column_with_identity("number", 8, 5)], 2,
        initializer=constant(2)))
    everything = [made[name] for name in ("price", "scaled", "color", "hashed", "buckets", "crossed", "weighted")]
    yield "linear", lambda: fc.linear_model(FEATURES, everything)
    yield "linear of several units", lambda: fc.linear_model(FEATURES, everything, units=2, sparse_combiner="mean")
    yield "vector features", lambda: fc.input_layer(
        {"price": [1.0, 2.0], "id": [3, 1]}, [made["price"], fc.indicator_column(made["identity"])])


def results(tf, words_file):
    """{name: what it is}; variables of linear models are set to what they become after a step."""
    found = {name: _run(tf, build) for name, build in _layers(tf, words_file)}
    with tf.Graph().as_default():
        spec = tf.feature_column.make_parse_example_spec(
            [columns(tf, words_file)[name] for name in ("scaled", "crossed", "hashed_number")])
        found["spec"] = {key: type(value).__name__ for key, value in sorted(spec.items())}
    return found
