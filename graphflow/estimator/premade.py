"""Premade estimators: linear models, deep networks, and both together.

They are Estimators whose model functions are written here. Holds no state.
"""

import math

import graphflow as tf
from graphflow.estimator.class_heads import class_head
from graphflow.estimator.core import Estimator
from graphflow.estimator.regression_head import RegressionHead
from graphflow.framework.api import tf_export

_OPTIMIZERS = {"Adagrad": "AdagradOptimizer", "Adam": "AdamOptimizer", "Ftrl": "FtrlOptimizer",
               "RMSProp": "RMSPropOptimizer", "SGD": "GradientDescentOptimizer"}
_SUM = tf.losses.Reduction.SUM
_LINEAR_RATE, _DNN_RATE, _COMBINED_LINEAR_RATE = 0.2, 0.05, 0.005


def _optimizer(given, learning_rate):
    """An Optimizer: given, made by a function, or by its name with a usual rate."""
    if isinstance(given, str):
        if given not in _OPTIMIZERS:
            raise ValueError(f"Unsupported optimizer name: {given}. Supported names are: {tuple(sorted(_OPTIMIZERS))}")
        return getattr(tf.train, _OPTIMIZERS[given])(learning_rate=learning_rate)
    made = given() if callable(given) else given
    if not isinstance(made, tf.train.Optimizer):
        raise ValueError(f"The given object is not an Optimizer instance. Given: {made}")  # noqa: TRY004
    return made


def _check_features(features):
    if not isinstance(features, dict):
        raise ValueError(  # noqa: TRY004 - TensorFlow's class
            f"features should be a dictionary of `Tensor`s. Given type: {type(features)}")


def linear_logits(features, columns, units, sparse_combiner="sum"):
    """Logits of a linear model, with summaries."""
    found = {}
    logits = tf.feature_column.linear_model(features, columns, units, sparse_combiner, cols_to_vars=found)
    bias = found.pop("bias")
    if units > 1:
        tf.summary.histogram("bias", tf.concat(bias, 0))
    else:
        tf.summary.scalar("bias", bias[0][0])
    weights = tf.concat([tf.reshape(v, [-1]) for variables in found.values() for v in variables], 0)
    tf.summary.scalar("fraction_of_zero_weights", _zero_fraction(weights))
    return logits


def dnn_logits(features, mode, network, units):
    """Logits of a deep network in the present variable scope, with summaries.

    Args: network: dict of columns, hidden_units, activation_fn, dropout, input_layer_partitioner, batch_norm.
    """
    training = mode == tf.estimator.ModeKeys.TRAIN
    with tf.variable_scope("input_from_feature_columns", partitioner=network["input_layer_partitioner"]):
        net = tf.feature_column.input_layer(features, network["columns"])
    for i, width in enumerate(network["hidden_units"]):
        net = _layer(net, width, network["activation_fn"], f"hiddenlayer_{i}")
        if network["dropout"] is not None and training:
            net = tf.layers.dropout(net, rate=network["dropout"], training=True)
        if network["batch_norm"]:
            with tf.variable_scope(f"hiddenlayer_{i}"):
                net = tf.layers.batch_normalization(net, momentum=0.999, training=training, name=f"batchnorm_{i}")
        _summarize(net, f"hiddenlayer_{i}")
    logits = _layer(net, units, None, "logits")
    _summarize(logits, "logits")
    return logits


def _layer(net, units, activation, name):
    return tf.layers.dense(net, units, activation, kernel_initializer=tf.glorot_uniform_initializer(), name=name)


def _summarize(value, name=None):
    tag = "/".join(filter(None, (tf.get_variable_scope().name, name)))
    tf.summary.scalar(f"{tag}/fraction_of_zero_values", _zero_fraction(value))
    tf.summary.histogram(f"{tag}/activation", value)


def _linear_model_fn(head, feature_columns, optimizer, partitioner, sparse_combiner):
    columns = tuple(feature_columns or ())

    def model_fn(features, labels, mode, config):
        _check_features(features)
        chosen = optimizer or tf.train.FtrlOptimizer(min(_LINEAR_RATE, 1.0 / math.sqrt(len(columns))))
        chosen = _optimizer(chosen, _LINEAR_RATE)
        with tf.variable_scope("linear", partitioner=partitioner):
            logits = linear_logits(features, columns, head.logits_dimension, sparse_combiner)
            return head.create_estimator_spec(features, mode, logits, labels, chosen)

    return model_fn


def _network(feature_columns, hidden_units, activation_fn, dropout, input_layer_partitioner, batch_norm):
    return {"columns": tuple(feature_columns or ()), "hidden_units": hidden_units, "activation_fn": activation_fn,
            "dropout": dropout, "input_layer_partitioner": input_layer_partitioner, "batch_norm": batch_norm}


def _dnn_model_fn(head, network, optimizer):
    def model_fn(features, labels, mode, config):
        _check_features(features)
        chosen = _optimizer(optimizer, _DNN_RATE)
        with tf.variable_scope("dnn"):
            logits = dnn_logits(features, mode, network, head.logits_dimension)
            return head.create_estimator_spec(features, mode, logits, labels, chosen)

    return model_fn


def _combined_model_fn(head, linear_columns, linear_optimizer, network, dnn_optimizer, sparse_combiner):
    linear_columns = tuple(linear_columns or ())

    def model_fn(features, labels, mode, config):
        _check_features(features)
        if not linear_columns and not network["columns"]:
            raise ValueError("Either linear_feature_columns or dnn_feature_columns must be defined.")
        parts = []  # (logits, optimizer, scope)
        if network["columns"]:
            if not network["hidden_units"]:
                raise ValueError("dnn_hidden_units must be defined when dnn_feature_columns is specified.")
            chosen = _optimizer(dnn_optimizer, _DNN_RATE)
            with tf.variable_scope("dnn") as scope:
                parts.append((dnn_logits(features, mode, network, head.logits_dimension), chosen, scope.name))
        if linear_columns:
            rate = min(_COMBINED_LINEAR_RATE, 1.0 / math.sqrt(len(linear_columns)))
            chosen = _optimizer(linear_optimizer, rate)
            with tf.variable_scope("linear") as scope:
                logits = linear_logits(features, linear_columns, head.logits_dimension, sparse_combiner)
                _summarize(logits)
                parts.append((logits, chosen, scope.name))

        def train_op_fn(loss):
            steps = [part.minimize(loss, var_list=tf.get_collection(
                tf.GraphKeys.TRAINABLE_VARIABLES, scope=scope)) for _, part, scope in parts]
            with tf.control_dependencies([tf.group(*steps)]):
                return tf.assign_add(tf.train.get_global_step(), 1).op

        logits = parts[0][0] if len(parts) == 1 else parts[0][0] + parts[1][0]
        return head.create_estimator_spec(features, mode, logits, labels, train_op_fn=train_op_fn)

    return model_fn


def _zero_fraction(value):
    """`tf.nn.zero_fraction` for tensors that are not huge: without a conditional, so that served graphs have none."""
    return tf.reduce_mean(tf.cast(tf.equal(value, 0), tf.float32), name="zero_fraction")


@tf_export("estimator.LinearEstimator")
class LinearEstimator(Estimator):
    """A linear model with any head. Args: as for LinearClassifier; head: a Head."""

    def __init__(self, head, feature_columns, model_dir=None, optimizer="Ftrl", config=None, partitioner=None,
                 sparse_combiner="sum"):
        super().__init__(_linear_model_fn(head, feature_columns, optimizer, partitioner, sparse_combiner), model_dir,
                         config)


@tf_export("estimator.LinearClassifier")
class LinearClassifier(Estimator):
    """A linear classifier.

    Args:
      feature_columns: columns of the features. model_dir, config, warm_start_from: see Estimator.
      n_classes: number of classes. weight_column, label_vocabulary, loss_reduction: see Head and its kinds.
      optimizer: an Optimizer, a function that makes one, or a name ("Ftrl", of rate 0.2). partitioner: of the weights.
      sparse_combiner: see `tf.feature_column.linear_model`.

    Example:
      >>> import graphflow as tf, numpy as np
      >>> x = np.array([0.0, 1.0, 2.0, 3.0])
      >>> model = tf.estimator.LinearClassifier([tf.feature_column.numeric_column("x")])
      >>> input_fn = tf.estimator.inputs.numpy_input_fn({"x": x}, np.array([0, 0, 1, 1]), 4, None, shuffle=False)
      >>> results = model.train(input_fn, steps=100).evaluate(input_fn, steps=1)
      >>> print(results["accuracy"])
      1.0
    """

    def __init__(self, feature_columns, model_dir=None, n_classes=2, weight_column=None, label_vocabulary=None,
                 optimizer="Ftrl", config=None, partitioner=None, warm_start_from=None, loss_reduction=_SUM,
                 sparse_combiner="sum"):
        head = class_head(n_classes, weight_column, label_vocabulary, loss_reduction)
        super().__init__(_linear_model_fn(head, feature_columns, optimizer, partitioner, sparse_combiner), model_dir,
                         config, warm_start_from=warm_start_from)


@tf_export("estimator.LinearRegressor")
class LinearRegressor(Estimator):
    """Linear regression. Args: as for LinearClassifier; label_dimension: how many numbers to predict."""

    def __init__(self, feature_columns, model_dir=None, label_dimension=1, weight_column=None, optimizer="Ftrl",
                 config=None, partitioner=None, warm_start_from=None, loss_reduction=_SUM, sparse_combiner="sum"):
        head = RegressionHead(label_dimension, weight_column, loss_reduction)
        super().__init__(_linear_model_fn(head, feature_columns, optimizer, partitioner, sparse_combiner), model_dir,
                         config, warm_start_from=warm_start_from)


@tf_export("estimator.DNNEstimator")
class DNNEstimator(Estimator):
    """A deep network with any head. Args: as for DNNClassifier; head: a Head."""

    def __init__(self, head, hidden_units, feature_columns, model_dir=None, optimizer="Adagrad",
                 activation_fn=tf.nn.relu, dropout=None, input_layer_partitioner=None, config=None,
                 warm_start_from=None, batch_norm=False):
        network = _network(feature_columns, hidden_units, activation_fn, dropout, input_layer_partitioner, batch_norm)
        super().__init__(_dnn_model_fn(head, network, optimizer), model_dir, config, warm_start_from=warm_start_from)


@tf_export("estimator.DNNClassifier")
class DNNClassifier(Estimator):
    """A deep network that classifies.

    Args:
      hidden_units: list of the layers' widths. feature_columns: dense columns of the features.
      model_dir, config, warm_start_from: see Estimator. n_classes: number of classes.
      weight_column, label_vocabulary, loss_reduction: see Head and its kinds.
      optimizer: an Optimizer, a function that makes one, or a name ("Adagrad", of rate 0.05).
      activation_fn: of the hidden layers. dropout: share of units to drop while training, None for none.
      input_layer_partitioner: of the embeddings. batch_norm: whether to normalise after each hidden layer.
    """

    def __init__(self, hidden_units, feature_columns, model_dir=None, n_classes=2, weight_column=None,
                 label_vocabulary=None, optimizer="Adagrad", activation_fn=tf.nn.relu, dropout=None,
                 input_layer_partitioner=None, config=None, warm_start_from=None, loss_reduction=_SUM,
                 batch_norm=False):
        head = class_head(n_classes, weight_column, label_vocabulary, loss_reduction)
        network = _network(feature_columns, hidden_units, activation_fn, dropout, input_layer_partitioner, batch_norm)
        super().__init__(_dnn_model_fn(head, network, optimizer), model_dir, config, warm_start_from=warm_start_from)


@tf_export("estimator.DNNRegressor")
class DNNRegressor(Estimator):
    """A deep network that predicts numbers. Args: as for DNNClassifier; label_dimension: how many numbers."""

    def __init__(self, hidden_units, feature_columns, model_dir=None, label_dimension=1, weight_column=None,
                 optimizer="Adagrad", activation_fn=tf.nn.relu, dropout=None, input_layer_partitioner=None,
                 config=None, warm_start_from=None, loss_reduction=_SUM, batch_norm=False):
        head = RegressionHead(label_dimension, weight_column, loss_reduction)
        network = _network(feature_columns, hidden_units, activation_fn, dropout, input_layer_partitioner, batch_norm)
        super().__init__(_dnn_model_fn(head, network, optimizer), model_dir, config, warm_start_from=warm_start_from)


@tf_export("estimator.DNNLinearCombinedEstimator")
class DNNLinearCombinedEstimator(Estimator):
    """A linear model and a deep network together, with any head. Args: as for DNNLinearCombinedClassifier."""

    def __init__(self, head, model_dir=None, linear_feature_columns=None, linear_optimizer="Ftrl",
                 dnn_feature_columns=None, dnn_optimizer="Adagrad", dnn_hidden_units=None,
                 dnn_activation_fn=tf.nn.relu, dnn_dropout=None, input_layer_partitioner=None, config=None,
                 linear_sparse_combiner="sum"):
        network = _network(dnn_feature_columns, dnn_hidden_units, dnn_activation_fn, dnn_dropout,
                           input_layer_partitioner, False)
        super().__init__(_combined_model_fn(head, linear_feature_columns, linear_optimizer, network, dnn_optimizer,
                                            linear_sparse_combiner), model_dir, config)


@tf_export("estimator.DNNLinearCombinedClassifier")
class DNNLinearCombinedClassifier(Estimator):
    """A wide linear model and a deep network together, whose logits are added.

    Args: those that begin with `linear_` and `dnn_` are LinearClassifier's and DNNClassifier's, as are the others. Each
      part has its own optimizer.
    Raises ValueError, when the model is built, without any columns.
    """

    def __init__(self, model_dir=None, linear_feature_columns=None, linear_optimizer="Ftrl", dnn_feature_columns=None,
                 dnn_optimizer="Adagrad", dnn_hidden_units=None, dnn_activation_fn=tf.nn.relu, dnn_dropout=None,
                 n_classes=2, weight_column=None, label_vocabulary=None, input_layer_partitioner=None, config=None,
                 warm_start_from=None, loss_reduction=_SUM, batch_norm=False, linear_sparse_combiner="sum"):
        head = class_head(n_classes, weight_column, label_vocabulary, loss_reduction)
        network = _network(dnn_feature_columns, dnn_hidden_units, dnn_activation_fn, dnn_dropout,
                           input_layer_partitioner, batch_norm)
        super().__init__(_combined_model_fn(head, linear_feature_columns, linear_optimizer, network, dnn_optimizer,
                                            linear_sparse_combiner), model_dir, config,
                         warm_start_from=warm_start_from)


@tf_export("estimator.DNNLinearCombinedRegressor")
class DNNLinearCombinedRegressor(Estimator):
    """DNNLinearCombinedClassifier for numbers. Args: label_dimension: how many to predict."""

    def __init__(self, model_dir=None, linear_feature_columns=None, linear_optimizer="Ftrl", dnn_feature_columns=None,
                 dnn_optimizer="Adagrad", dnn_hidden_units=None, dnn_activation_fn=tf.nn.relu, dnn_dropout=None,
                 label_dimension=1, weight_column=None, input_layer_partitioner=None, config=None,
                 warm_start_from=None, loss_reduction=_SUM, batch_norm=False, linear_sparse_combiner="sum"):
        head = RegressionHead(label_dimension, weight_column, loss_reduction)
        network = _network(dnn_feature_columns, dnn_hidden_units, dnn_activation_fn, dnn_dropout,
                           input_layer_partitioner, batch_norm)
        super().__init__(_combined_model_fn(head, linear_feature_columns, linear_optimizer, network, dnn_optimizer,
                                            linear_sparse_combiner), model_dir, config,
                         warm_start_from=warm_start_from)
