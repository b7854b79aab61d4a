"""Programs whose answers are recorded from TensorFlow: each takes `tf` and returns plain values.

Used by tools/golden/record_losses_metrics.py in TensorFlow's environment and by test_losses.py in ours.
"""

import numpy as np

_rng = np.random.RandomState(3)
PREDICTIONS = _rng.uniform(0.05, 0.95, (4, 3)).astype(np.float32)
LOGITS = _rng.normal(size=(4, 3)).astype(np.float32)
REALS = _rng.normal(size=(4, 3)).astype(np.float32)
BITS = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1], [0, 1, 0]], np.float32)
CLASSES = np.array([1, 0, 2, 1])
COLUMN = np.array([[1.0], [0.0], [2.0], [0.5]], np.float32)
FULL = np.array([[1, 0, 2], [0, 0, 0], [1, 1, 1], [0.5, 0, 1]], np.float32)

# name -> (function, labels, predictions, other arguments)
LOSSES = {
    "absolute_difference": ("absolute_difference", REALS, PREDICTIONS, {}),
    "mean_squared_error": ("mean_squared_error", REALS, PREDICTIONS, {}),
    "huber_loss": ("huber_loss", REALS, PREDICTIONS, {}),
    "huber_delta": ("huber_loss", REALS, PREDICTIONS, {"delta": 0.3}),
    "hinge_loss": ("hinge_loss", BITS, LOGITS, {}),
    "log_loss": ("log_loss", BITS, PREDICTIONS, {}),
    "log_epsilon": ("log_loss", BITS, PREDICTIONS, {"epsilon": 0.1}),
    "cosine_distance": ("cosine_distance", REALS, PREDICTIONS, {"axis": 1}),
    "pairwise": ("mean_pairwise_squared_error", REALS, PREDICTIONS, {}),
    "sigmoid": ("sigmoid_cross_entropy", BITS, LOGITS, {}),
    "sigmoid_smooth": ("sigmoid_cross_entropy", BITS, LOGITS, {"label_smoothing": 0.2}),
    "softmax": ("softmax_cross_entropy", BITS, LOGITS, {}),
    "softmax_smooth": ("softmax_cross_entropy", BITS, LOGITS, {"label_smoothing": 0.2}),
    "sparse_softmax": ("sparse_softmax_cross_entropy", CLASSES, LOGITS, {}),
    "sparse_softmax_column": ("sparse_softmax_cross_entropy", CLASSES[:, None], LOGITS, {}),
}
# Losses per example have one dimension; the others have two.
PER_EXAMPLE = {"softmax", "softmax_smooth", "sparse_softmax", "sparse_softmax_column"}
REDUCTIONS = ("none", "weighted_sum", "weighted_sum_over_batch_size", "weighted_mean",
              "weighted_sum_by_nonzero_weights")


def cases():
    """Keys (loss, weights, reduction), each a str."""
    for name in LOSSES:
        if name == "pairwise":
            yield from ((name, weights, "") for weights in ("one", "scalar", "column", "zero"))
            continue
        yield from ((name, "column", reduction) for reduction in REDUCTIONS)
        weights = ["one", "scalar", "zero"]
        if name not in PER_EXAMPLE and name != "cosine_distance":
            weights.append("full")
        yield from ((name, kind, REDUCTIONS[-1]) for kind in weights)


def _weights(name, kind):
    if kind == "column":
        return COLUMN[:, 0] if name in PER_EXAMPLE else COLUMN
    return {"one": 1.0, "scalar": np.float32(2.5), "zero": 0.0, "full": FULL}[kind]


def loss(tf, name, weights, reduction, unknown=False):
    """{"name", "value", "gradient"} of one loss; `unknown`: of tensors without static shapes."""
    function, labels, predictions, kwargs = LOSSES[name]
    if reduction:
        kwargs = {**kwargs, "reduction": reduction}
    with tf.Graph().as_default():
        p = tf.placeholder(tf.float32, None if unknown else predictions.shape)
        given = labels
        if unknown:
            given = tf.placeholder_with_default(labels, None)
        out = getattr(tf.losses, function)(given, p, weights=_weights(name, weights), **kwargs)
        gradient = tf.gradients(out, p)[0]
        assert tf.losses.get_losses() == [out]
        with tf.Session() as session:
            value, slope = session.run([out, gradient], {p: predictions})
            return {"name": out.op.name, "value": value.tolist(), "gradient": slope.tolist()}
