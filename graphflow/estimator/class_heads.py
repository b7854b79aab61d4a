"""The heads of classification: two classes, or several. Holds no state."""

import graphflow as tf
from graphflow.estimator.export_outputs import ClassificationOutput, RegressionOutput
from graphflow.estimator.heads import _DEFAULT, Head
from graphflow.framework.api import tf_export


class _ClassHead(Head):
    """What the heads of classes share. Labels are numbers of classes, or names in `label_vocabulary`."""

    def __init__(self, weight_column, label_vocabulary, loss_reduction, loss_fn, name):
        super().__init__(weight_column, loss_reduction, loss_fn, name)
        if label_vocabulary is not None and not isinstance(label_vocabulary, (list, tuple)):
            raise ValueError(  # noqa: TRY004 - TensorFlow's class
                f"label_vocabulary should be a list or a tuple. Given type: {type(label_vocabulary)}")
        self._vocabulary = label_vocabulary

    def _label_ids(self, labels, classes):
        """Numbers of classes, checked when run."""
        if self._vocabulary:
            if labels.dtype != tf.string:
                raise ValueError("Labels dtype should be string if there is a vocabulary. "
                                 f"Instead got {labels.dtype}")
            table = tf.contrib.lookup.index_table_from_tensor(tuple(self._vocabulary), name="class_id_lookup")
            labels = table.lookup(labels)
        with tf.name_scope(None, "assert_range", (labels,)):
            checks = [tf.assert_less_equal(labels, tf.constant(classes - 1, labels.dtype),
                                           message="Labels must <= n_classes - 1"),
                      tf.assert_non_negative(labels, message="Labels must >= 0")]
            with tf.control_dependencies(checks):
                return tf.identity(labels)

    def _class_predictions(self, logits, two_class_logits, classes):
        """Predictions from logits [batch, classes]."""
        ids = tf.expand_dims(tf.argmax(two_class_logits, axis=-1, name="class_ids"), axis=-1)
        every = tf.range(classes)
        names = tf.constant(list(self._vocabulary)) if self._vocabulary else tf.as_string(every)
        if self._vocabulary:
            found = tf.contrib.lookup.index_to_string_table_from_tensor(
                self._vocabulary, name="class_string_lookup").lookup(ids)
        else:
            found = tf.as_string(ids, name="str_classes")
        batch = tf.shape(logits)[0]
        return {"logits": logits, "probabilities": tf.nn.softmax(two_class_logits, name="probabilities"),
                "class_ids": ids, "classes": found,
                "all_class_ids": tf.tile(tf.expand_dims(every, 0), [batch, 1]),
                "all_classes": tf.tile(tf.expand_dims(names, 0), [batch, 1])}

    def _class_output(self, predictions):
        output = ClassificationOutput(scores=predictions["probabilities"], classes=predictions["all_classes"])
        return {_DEFAULT: output, "classification": output}


@tf_export("estimator.MultiClassHead")
class MultiClassHead(_ClassHead):
    """Predicts one of `n_classes` classes by softmax cross entropy.

    Args: n_classes: at least 3. label_vocabulary: names of the classes, if labels are names. The others are Head's.
    Raises ValueError for fewer classes.
    """

    def __init__(self, n_classes, weight_column=None, label_vocabulary=None, loss_reduction="sum_over_batch_size",
                 loss_fn=None, name=None):
        if n_classes is None:
            raise ValueError("n_classes cannot be None")
        if n_classes <= 2:
            raise ValueError(f"n_classes must be > 2: {n_classes}.")
        super().__init__(weight_column, label_vocabulary, loss_reduction, loss_fn, name)
        self._n_classes = n_classes

    @property
    def logits_dimension(self):
        return self._n_classes

    def _predictions(self, logits):
        with tf.name_scope(None, "predictions", (logits,)):
            return self._class_predictions(logits, logits, self._n_classes)

    def _export_outputs(self, predictions):
        return self._class_output(predictions)

    def _processed_labels(self, labels):
        if not self._vocabulary and not labels.dtype.is_integer:
            raise ValueError(f"Labels dtype should be integer. Instead got {labels.dtype}.")
        return self._label_ids(labels, self._n_classes)

    def _losses(self, labels, logits):
        losses = tf.losses.sparse_softmax_cross_entropy(labels, logits, reduction=tf.losses.Reduction.NONE)
        return tf.expand_dims(losses, axis=-1)

    def _metrics(self, labels, predictions, weights):
        with tf.name_scope(None, "metrics"):
            return {"accuracy": tf.metrics.accuracy(labels, predictions["class_ids"], weights, name="accuracy")}


@tf_export("estimator.BinaryClassHead")
class BinaryClassHead(_ClassHead):
    """Predicts one of two classes by sigmoid cross entropy.

    Args: thresholds: probabilities, between 0 and 1, at which to measure accuracy, precision and recall.
      label_vocabulary: names of the classes, if labels are names. The others are Head's.
    Raises ValueError for other thresholds.
    """

    def __init__(self, weight_column=None, thresholds=None, label_vocabulary=None,
                 loss_reduction="sum_over_batch_size", loss_fn=None, name=None):
        super().__init__(weight_column, label_vocabulary, loss_reduction, loss_fn, name)
        self._thresholds = tuple(thresholds or ())
        for threshold in self._thresholds:
            if not 0.0 < threshold < 1.0:
                raise ValueError(f"thresholds not in (0, 1): {self._thresholds}.")

    @property
    def logits_dimension(self):
        return 1

    def _predictions(self, logits):
        with tf.name_scope(None, "predictions", (logits,)):
            logistic = tf.sigmoid(logits, name="logistic")
            two_class = tf.concat((tf.zeros_like(logits), logits), axis=-1, name="two_class_logits")
            return {**self._class_predictions(logits, two_class, 2), "logistic": logistic}

    def _export_outputs(self, predictions):
        return {**self._class_output(predictions), "regression": RegressionOutput(predictions["logistic"])}

    def _processed_labels(self, labels):
        if self._vocabulary:
            return tf.cast(self._label_ids(labels, 2), tf.float32)
        return self._label_ids(tf.cast(labels, tf.float32), 2)

    def _losses(self, labels, logits):
        return tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits)

    def _metrics(self, labels, predictions, weights):
        logistic, ids = predictions["logistic"], predictions["class_ids"]
        given = {"weights": weights}
        with tf.name_scope(None, "metrics"):
            mean = tf.metrics.mean(labels, name="label/mean", **given)
            found = {
                "accuracy": tf.metrics.accuracy(labels, ids, name="accuracy", **given),
                "precision": tf.metrics.precision(labels, ids, name="precision", **given),
                "recall": tf.metrics.recall(labels, ids, name="recall", **given),
                "prediction/mean": tf.metrics.mean(logistic, name="prediction/mean", **given),
                "label/mean": mean,
                "accuracy_baseline": tuple(tf.maximum(value, 1.0 - value) for value in mean),
                "auc": tf.metrics.auc(labels, logistic, name="auc", **given),
                "auc_precision_recall": tf.metrics.auc(labels, logistic, curve="PR", name="auc_precision_recall",
                                                       **given)}
            for threshold in self._thresholds:
                found.update(self._at(threshold, labels, logistic, given))
        return found

    @staticmethod
    def _at(threshold, labels, logistic, given):
        """Metrics of deciding at a probability."""
        decided = tf.cast(tf.greater_equal(logistic, threshold), tf.float32)
        found = {f"accuracy/positive_threshold_{threshold:g}": tf.metrics.accuracy(labels, decided, **given)}
        for name, metric in (("precision", tf.metrics.precision_at_thresholds),
                             ("recall", tf.metrics.recall_at_thresholds)):
            value, update = metric(labels, logistic, (threshold,), **given)
            found[f"{name}/positive_threshold_{threshold:g}"] = tf.squeeze(value), tf.squeeze(update)
        return found


def class_head(n_classes, weight_column, label_vocabulary, loss_reduction):
    """The head for `n_classes` classes."""
    if n_classes == 2:
        return BinaryClassHead(weight_column, None, label_vocabulary, loss_reduction)
    return MultiClassHead(n_classes, weight_column, label_vocabulary, loss_reduction)
