"""Programs whose answers are recorded from TensorFlow: each takes `tf` and returns plain values.

Used by tools/golden/record_losses_metrics.py in TensorFlow's environment and by test_metrics.py in ours.
"""

import numpy as np

_rng = np.random.RandomState(5)
BATCHES = 3
REALS = _rng.normal(size=(BATCHES, 4, 2)).astype(np.float32)
OTHERS = _rng.normal(size=(BATCHES, 4, 2)).astype(np.float32)
POSITIVE = _rng.uniform(0.0, 2.0, (BATCHES, 4, 2)).astype(np.float32)
POSITIVE[1, 2, 0] = 0.0
SHARES = _rng.uniform(size=(BATCHES, 6)).astype(np.float32)
BITS = _rng.randint(0, 2, (BATCHES, 6))
GUESSES = _rng.randint(0, 2, (BATCHES, 6))
CLASSES = _rng.randint(0, 3, (BATCHES, 6))
CLASS_GUESSES = _rng.randint(0, 3, (BATCHES, 6))
SCORES = _rng.uniform(size=(BATCHES, 4, 5)).astype(np.float32)
RANKED = _rng.randint(0, 5, (BATCHES, 4, 2)).astype(np.int64)
TOP = _rng.randint(0, 5, (BATCHES, 4, 3)).astype(np.int64)
BESIDE = _rng.randint(0, 7, (BATCHES, 4, 3)).astype(np.int64)

W6 = _rng.uniform(size=(BATCHES, 6)).astype(np.float32)
W4 = _rng.randint(0, 3, (BATCHES, 4)).astype(np.float32)
W41 = W4[..., None]

_PAIRS = ("mean_absolute_error", "mean_squared_error", "root_mean_squared_error")
_COUNTS = ("true_positives", "true_negatives", "false_positives", "false_negatives")
_THRESHOLDS = {"thresholds": [0.2, 0.5, 0.8]}

# key -> (function, batches of each argument by name, other arguments)
METRICS = {
    "mean": ("mean", {"values": REALS}, {}),
    "mean weights": ("mean", {"values": REALS, "weights": W41}, {}),
    "mean named": ("mean", {"values": REALS}, {"name": "mine"}),
    "mean_tensor": ("mean_tensor", {"values": REALS}, {}),
    "mean_tensor weights": ("mean_tensor", {"values": REALS, "weights": W41}, {}),
    "accuracy": ("accuracy", {"labels": CLASSES, "predictions": CLASS_GUESSES}, {}),
    "accuracy weights": ("accuracy", {"labels": CLASSES, "predictions": CLASS_GUESSES, "weights": W6}, {}),
    "accuracy column": ("accuracy", {"labels": CLASSES[..., None], "predictions": CLASS_GUESSES}, {}),
    "mean_relative_error": ("mean_relative_error",
                            {"labels": REALS, "predictions": OTHERS, "normalizer": POSITIVE}, {}),
    "mean_cosine_distance": ("mean_cosine_distance", {"labels": REALS, "predictions": OTHERS}, {"dim": 1}),
    "percentage_below": ("percentage_below", {"values": REALS}, {"threshold": 0.1}),
    "precision": ("precision", {"labels": BITS, "predictions": GUESSES}, {}),
    "recall": ("recall", {"labels": BITS, "predictions": GUESSES}, {}),
    "precision weights": ("precision", {"labels": BITS, "predictions": GUESSES, "weights": W6}, {}),
    "recall weights": ("recall", {"labels": BITS, "predictions": GUESSES, "weights": W6}, {}),
    "precision_at_thresholds": ("precision_at_thresholds", {"labels": BITS, "predictions": SHARES}, _THRESHOLDS),
    "recall_at_thresholds": ("recall_at_thresholds", {"labels": BITS, "predictions": SHARES, "weights": W6},
                             _THRESHOLDS),
    "sensitivity": ("sensitivity_at_specificity", {"labels": BITS, "predictions": SHARES}, {"specificity": 0.6}),
    "specificity": ("specificity_at_sensitivity", {"labels": BITS, "predictions": SHARES}, {"sensitivity": 0.6}),
    "mean_iou": ("mean_iou", {"labels": CLASSES, "predictions": CLASS_GUESSES}, {"num_classes": 4}),
    "mean_iou weights": ("mean_iou", {"labels": CLASSES, "predictions": CLASS_GUESSES, "weights": W6},
                         {"num_classes": 3}),
    "mean_per_class_accuracy": ("mean_per_class_accuracy", {"labels": CLASSES, "predictions": CLASS_GUESSES},
                                {"num_classes": 4}),
    "mean_per_class weights": ("mean_per_class_accuracy",
                               {"labels": CLASSES, "predictions": CLASS_GUESSES, "weights": W6}, {"num_classes": 3}),
}
METRICS.update({name: (name, {"labels": REALS, "predictions": OTHERS}, {}) for name in _PAIRS})
METRICS.update({name: (name, {"labels": BITS, "predictions": GUESSES}, {}) for name in _COUNTS})
METRICS.update({name + " weights": (name, {"labels": BITS, "predictions": GUESSES, "weights": W6}, {})
                for name in _COUNTS})
METRICS.update({name + "_at_thresholds": (name + "_at_thresholds", {"labels": BITS, "predictions": SHARES},
                                          _THRESHOLDS) for name in _COUNTS})
METRICS.update({f"auc {curve} {method}": ("auc", {"labels": BITS, "predictions": SHARES},
                                          {"curve": curve, "summation_method": method, "num_thresholds": 20})
                for curve in ("ROC", "PR")
                for method in ("trapezoidal", "careful_interpolation", "minoring", "majoring")})
METRICS["auc thresholds"] = ("auc", {"labels": BITS, "predictions": SHARES, "weights": W6}, _THRESHOLDS)
for _kind in ("precision", "recall"):
    METRICS[f"{_kind}_at_k"] = (f"{_kind}_at_k", {"labels": RANKED, "predictions": SCORES}, {"k": 3})
    METRICS[f"{_kind}_at_k class"] = (f"{_kind}_at_k", {"labels": RANKED, "predictions": SCORES},
                                      {"k": 3, "class_id": 1})
    METRICS[f"{_kind}_at_k weights"] = (f"{_kind}_at_k", {"labels": RANKED, "predictions": SCORES, "weights": W4},
                                        {"k": 2})
    METRICS[f"{_kind}_at_k single"] = (f"{_kind}_at_k", {"labels": RANKED[..., 0], "predictions": SCORES}, {"k": 2})
    METRICS[f"{_kind}_at_top_k"] = (f"{_kind}_at_top_k", {"labels": RANKED, "predictions_idx": TOP}, {})
METRICS["average_precision"] = ("average_precision_at_k", {"labels": RANKED, "predictions": SCORES}, {"k": 3})
METRICS["average_precision weights"] = (
    "average_precision_at_k", {"labels": RANKED, "predictions": SCORES, "weights": W4}, {"k": 2})
METRICS["average_precision beside"] = (
    "average_precision_at_k", {"labels": BESIDE, "predictions": SCORES}, {"k": 4})


def metric(tf, key):
    """Names of results and variables, and the numbers over all batches."""
    function, batches, kwargs = METRICS[key]
    with tf.Graph().as_default():
        feeds = {name: tf.placeholder(batch.dtype, batch.shape[1:]) for name, batch in batches.items()}
        value, update = getattr(tf.metrics, function)(
            **feeds, **kwargs, metrics_collections=["values"], updates_collections=["updates"])
        assert tf.get_collection("values") == [value]
        assert tf.get_collection("updates") == [update]
        with tf.Session() as session:
            session.run(tf.local_variables_initializer())
            steps = [np.asarray(session.run(update, {feeds[n]: b[i] for n, b in batches.items()})).tolist()
                     for i in range(BATCHES)]
            return {"value": value.op.name, "update": update.op.name,
                    "variables": [v.op.name for v in tf.get_collection(tf.GraphKeys.METRIC_VARIABLES)],
                    "steps": steps, "result": np.asarray(session.run(value)).tolist()}
