"""The head of regression: squared errors. Holds no state."""

import graphflow as tf
from graphflow.estimator.export_outputs import RegressionOutput
from graphflow.estimator.heads import _DEFAULT, Head
from graphflow.framework.api import tf_export


@tf_export("estimator.RegressionHead")
class RegressionHead(Head):
    """Predicts `label_dimension` numbers by squared error.

    Args: inverse_link_fn: function from logits to predictions, none by default. The others are Head's.
    Raises ValueError for a dimension below 1.
    """

    def __init__(self, label_dimension=1, weight_column=None, loss_reduction="sum_over_batch_size", loss_fn=None,
                 inverse_link_fn=None, name=None):
        if label_dimension < 1:
            raise ValueError(f"Invalid label_dimension {label_dimension}.")
        super().__init__(weight_column, loss_reduction, loss_fn, name)
        self._label_dimension = label_dimension
        self._inverse_link_fn = inverse_link_fn

    @property
    def logits_dimension(self):
        return self._label_dimension

    def _predictions(self, logits):
        if self._inverse_link_fn is None:
            return {"predictions": logits}
        return {"predictions": self._inverse_link_fn(logits), "logits": logits}

    def _export_outputs(self, predictions):
        output = RegressionOutput(predictions["predictions"])
        return {_DEFAULT: output, "regression": output}

    def _processed_labels(self, labels):
        return tf.cast(labels, tf.float32)

    def _losses(self, labels, logits):
        return tf.losses.mean_squared_error(labels, logits, reduction=tf.losses.Reduction.NONE)

    def _metrics(self, labels, predictions, weights):
        return {"prediction/mean": tf.metrics.mean(predictions["predictions"], weights, name="prediction/mean"),
                "label/mean": tf.metrics.mean(labels, weights)}
