"""Heads: losses, predictions and metrics on top of a model's logits.

Premade estimators have one each. Holds no state.
"""

import abc

import graphflow as tf
from graphflow.estimator.estimator_spec import (
    AVERAGE_LOSS_METRIC_KEY,
    LOSS_METRIC_KEY,
    EstimatorSpec,
    ModeKeys,
    argument_names,
)
from graphflow.estimator.export_outputs import PredictOutput
from graphflow.feature_column.base import FeatureCache
from graphflow.feature_column.numeric import NumericColumn
from graphflow.framework.api import tf_export

_DEFAULT = tf.saved_model.signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY
_REDUCTIONS = {"sum_over_batch_size": tf.losses.Reduction.SUM_OVER_BATCH_SIZE, "sum": tf.losses.Reduction.SUM}


@tf_export("estimator.Head")
class Head(abc.ABC):
    """Base of heads.

    Args: weight_column: name of a feature, or numeric column, with a weight per example. loss_reduction: how losses of
      a batch become one, see `tf.losses.Reduction`. loss_fn: function of `labels`, `logits` (and `features`) that
      gives the losses [batch, dimension]. name: ends the names of metrics.
    """

    def __init__(self, weight_column=None, loss_reduction="sum_over_batch_size", loss_fn=None, name=None):
        reduction = _REDUCTIONS.get(loss_reduction, loss_reduction)
        if reduction not in tf.losses.Reduction.all() or reduction == tf.losses.Reduction.NONE:
            raise ValueError(f"Invalid loss_reduction: {loss_reduction}")
        if loss_fn is not None:
            names = argument_names(loss_fn)
            for wanted in ("labels", "logits"):
                if wanted not in names:
                    raise ValueError(f"loss_fn must contain argument: {wanted}. Given arguments: {names}")
            unexpected = set(names) - {"labels", "logits", "features"}
            if unexpected:
                raise ValueError(f"loss_fn has unexpected args: {sorted(unexpected)}")
        self._weight_column = weight_column
        self._reduction = reduction
        self._loss_fn = loss_fn
        self._name = name

    @property
    def name(self):
        """The name, or None."""
        return self._name

    @property
    @abc.abstractmethod
    def logits_dimension(self):
        """Size of the logits' last dimension."""

    @abc.abstractmethod
    def _predictions(self, logits):
        """{name: tensor} for logits."""

    @abc.abstractmethod
    def _export_outputs(self, predictions):
        """{name: ExportOutput} for predictions."""

    @abc.abstractmethod
    def _processed_labels(self, labels):
        """Labels as the loss takes them."""

    @abc.abstractmethod
    def _losses(self, labels, logits):
        """The losses [batch, dimension]."""

    @abc.abstractmethod
    def _metrics(self, labels, predictions, weights):
        """{key: (value, update)} beside the average loss."""

    def create_estimator_spec(self, features, mode, logits, labels=None, optimizer=None, trainable_variables=None,
                              train_op_fn=None, update_ops=None, regularization_losses=None):
        """The EstimatorSpec of a model with these logits.

        Args: features, mode, labels: what the model function got. logits: [batch, logits_dimension].
          optimizer: an Optimizer; or train_op_fn: function from the loss to a training operation. update_ops: run
          beside training, those in UPDATE_OPS by default. regularization_losses: list of scalars to add.
        Raises ValueError for labels of other shapes, and for both or none of optimizer and function.
        """
        with tf.name_scope(self._name, "head"):
            logits = _checked_logits(logits, self.logits_dimension)
            predictions = self._predictions(logits)
            if mode == ModeKeys.PREDICT:
                return EstimatorSpec(mode, predictions, export_outputs={
                    **self._export_outputs(predictions), "predict": PredictOutput(predictions)})
            labels = self._processed_labels(_checked_labels(labels, logits, self._label_dimension))
            losses = self._unreduced(labels, logits, features)
            weights = self._weights(features, logits)
            training_loss = tf.losses.compute_weighted_loss(losses, weights, reduction=self._reduction)
            extra = tf.add_n(regularization_losses) if regularization_losses else None
            loss = training_loss if extra is None else tf.add_n([training_loss, extra])
            if mode == ModeKeys.EVAL:
                metrics = {AVERAGE_LOSS_METRIC_KEY: tf.metrics.mean(losses, weights, name=AVERAGE_LOSS_METRIC_KEY),
                           **self._metrics(labels, predictions, weights)}
                if extra is not None:
                    metrics["regularization_loss"] = tf.metrics.mean(extra, name="regularization_loss")
                return EstimatorSpec(mode, predictions, loss, eval_metric_ops={
                    self._key(key): value for key, value in metrics.items()})
            train_op = _train_op(loss, optimizer, trainable_variables, train_op_fn, update_ops)
            mean_loss = None
            if self._reduction == tf.losses.Reduction.SUM:
                mean_loss = training_loss / tf.reduce_sum(weights * tf.ones_like(losses))
        with tf.name_scope(""):
            for key, value in ((LOSS_METRIC_KEY, loss), (AVERAGE_LOSS_METRIC_KEY, mean_loss),
                               ("regularization_loss", extra)):
                if value is not None:
                    tf.summary.scalar(self._key(key), value)
        return EstimatorSpec(mode, predictions, loss, train_op)

    _label_dimension = 1

    def _key(self, key):
        return f"{key}/{self._name}" if self._name else key

    def _unreduced(self, labels, logits, features):
        if self._loss_fn is None:
            return self._losses(labels, logits)
        more = {"features": features} if "features" in argument_names(self._loss_fn) else {}
        losses = self._loss_fn(labels=labels, logits=logits, **more)
        wanted = tf.concat([tf.shape(logits)[:-1], [self._label_dimension]], 0)
        right = tf.reduce_all(tf.equal(tf.shape(losses), wanted))
        message = f"loss_fn must return Tensor of shape [D0, D1, ... DN, {self._label_dimension}]. "
        with tf.control_dependencies([tf.Assert(right, [message, tf.shape(logits), tf.shape(losses)])]):
            return tf.identity(losses)

    def _weights(self, features, logits):
        """Weights [batch, 1], or 1."""
        column = self._weight_column
        if column is None:
            return 1.0
        if isinstance(column, str):
            column = tf.feature_column.numeric_column(column)
        if not isinstance(column, NumericColumn):
            raise TypeError(f"Weight column must be either a string or _NumericColumn. Given type: {type(column)}.")
        weights = tf.cast(column.dense_tensor(FeatureCache(features)), tf.float32, name="weights")
        rank = weights.get_shape().ndims
        if rank is not None and rank == (logits.get_shape().ndims or 0) - 1:
            weights = tf.expand_dims(weights, -1)
        wanted = tf.concat([tf.shape(logits)[:-1], [1]], 0)
        message = "weights shape must be [D0, D1, ... DN] or [D0, D1, ... DN, 1]"
        with tf.control_dependencies([tf.assert_equal(wanted, tf.shape(weights), message=message)]):
            return tf.identity(weights)


def _train_op(loss, optimizer, variables, train_op_fn, update_ops):
    if (optimizer is None) == (train_op_fn is None):
        raise ValueError("train_op_fn and optimizer cannot both be "
                         + ("None." if optimizer is None else "set."))
    if optimizer is not None:
        train_op = optimizer.minimize(loss, var_list=variables, global_step=tf.train.get_global_step())
    else:
        train_op = train_op_fn(loss)
    update_ops = tf.get_collection(tf.GraphKeys.UPDATE_OPS) if update_ops is None else update_ops
    return tf.group(train_op, *update_ops) if update_ops else train_op


def _checked_logits(logits, dimension):
    logits = tf.cast(logits, tf.float32)
    shape = logits.get_shape()
    if shape.ndims is not None and (shape.ndims < 2 or shape[-1].value not in (None, dimension)):
        raise ValueError(f"logits shape must be [D0, D1, ... DN, logits_dimension], got {shape}.")
    return logits


def _checked_labels(labels, logits, dimension):
    """Labels [batch, dimension]."""
    if labels is None:
        raise ValueError("You must provide a labels Tensor. Given: None. Suggested troubleshooting steps: Check that "
                         "your data contain your label feature. Check that your input_fn properly parses and returns "
                         "labels.")
    labels = tf.convert_to_tensor_or_sparse_tensor(labels)
    if isinstance(labels, tf.SparseTensor):
        raise ValueError(f"SparseTensor labels are not supported. labels must be a Tensor of shape "  # noqa: TRY004
                         f"[D0, D1, ..., DN, {dimension}]. Suggested Fix: use tf.sparse_tensor_to_dense() in your "
                         "input_fn.")
    rank = labels.get_shape().ndims
    if rank is not None and rank == (logits.get_shape().ndims or 0) - 1:
        labels = tf.expand_dims(labels, -1)
    static = labels.get_shape()
    if static.ndims is not None and static[-1].value not in (None, dimension):
        raise ValueError(f"Mismatched label shape. Expected labels dimension={dimension}.  Received {static[-1]}. "
                         "Suggested Fix:If your classifier expects one-hot encoding label,check your n_classes "
                         "argument to the estimator and/or the shape of your label. Otherwise, check the shape of "
                         "your label.")
    wanted = tf.concat([tf.shape(logits)[:-1], [dimension]], 0)
    message = (f"labels shape must be [D0, D1, ... DN, {dimension}]. Suggested Fix: check your n_classes argument to "
               "the estimator and/or the shape of your label.")
    with tf.control_dependencies([tf.assert_equal(wanted, tf.shape(labels), message=message)]):
        return tf.identity(labels)
