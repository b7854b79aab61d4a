"""Tensors made of features as columns describe them: `input_layer`, `linear_model`, and specs to parse examples.

State: that of the graph; per InputLayer its variables.
"""

import graphflow as tf
from graphflow.feature_column.base import CategoricalColumn, DenseColumn, FeatureCache, FeatureColumn, check_columns
from graphflow.framework.api import tf_export


@tf_export("feature_column.input_layer")
def input_layer(features, feature_columns, weight_collections=None, trainable=True, cols_to_vars=None,
                cols_to_output_tensors=None):
    """The features of dense columns side by side: a float tensor [batch, sum of the columns' sizes].

    Args:
      features: {name: tensor}. feature_columns: dense columns; they are taken in the order of their names.
      weight_collections: collections for embeddings, beside the usual ones. trainable: whether they are trained.
      cols_to_vars: dict to fill with {column: list of its variables}. cols_to_output_tensors: {column: its tensor}.
    Raises ValueError for columns that aren't dense and for features of other batch sizes.
    """
    with tf.variable_scope(None, default_name="input_layer", values=_tensors(features)):
        return _concatenated(features, feature_columns, weight_collections, trainable, cols_to_vars,
                             cols_to_output_tensors)


def _tensors(features):
    return [value for value in features.values() if isinstance(value, (tf.Tensor, tf.SparseTensor))]


def _collections(weight_collections):
    wanted = list(weight_collections or [])
    return wanted + [key for key in (tf.GraphKeys.GLOBAL_VARIABLES, tf.GraphKeys.MODEL_VARIABLES)
                     if key not in wanted]


def _concatenated(features, feature_columns, weight_collections=None, trainable=True, cols_to_vars=None,
                  cols_to_output_tensors=None):
    columns = check_columns(feature_columns)
    for column in columns:
        if not isinstance(column, DenseColumn):
            raise ValueError(  # noqa: TRY004 - TensorFlow's class
                "Items of feature_columns must be a _DenseColumn. You can wrap a categorical column with an "
                f"embedding_column or indicator_column. Given: {column}")
    cache, outputs = FeatureCache(features), []
    for column in columns:
        with tf.variable_scope(None, default_name=column._var_scope_name) as scope:
            tensor = column.dense_tensor(cache, _collections(weight_collections), trainable)
            output = tf.reshape(tensor, (tf.shape(tensor)[0], column.variable_shape.num_elements()))
            outputs.append(output)
            if cols_to_vars is not None:
                cols_to_vars[column] = tf.get_collection(tf.GraphKeys.GLOBAL_VARIABLES, scope=scope.name)
            if cols_to_output_tensors is not None:
                cols_to_output_tensors[column] = output
    _check_batches(outputs, columns)
    return tf.concat(outputs, 1)


def _check_batches(tensors, columns):
    """ValueError if two columns are known to have different batch sizes."""
    known = [(tensor.get_shape()[0].value, column.name) for tensor, column in zip(tensors, columns)]
    known = [(size, name) for size, name in known if size is not None]
    for size, name in known:
        if size != known[0][0]:
            raise ValueError("Batch size (first dimension) of each feature must be same. Batch size of columns "
                             f"({known[0][1]}, {name}): ({known[0][0]}, {size})")


class InputLayer:
    """`input_layer` as an object: its variables are made in the first call and shared by the others.

    Args: as for `input_layer`; name: the variables' scope. create_scope_now: whether that scope is opened here.
    """

    def __init__(self, feature_columns, weight_collections=None, trainable=True, cols_to_vars=None,
                 name="feature_column_input_layer", create_scope_now=True):
        self._name = name
        self._arguments = {"feature_columns": feature_columns, "weight_collections": weight_collections,
                           "trainable": trainable}
        self._template = tf.make_template(name, _concatenated, create_scope_now_=create_scope_now)

    def __call__(self, features):
        return self._template(features=features, **self._arguments)

    @property
    def name(self):
        return self._name

    @property
    def variables(self):
        return self._template.variables


@tf_export("feature_column.linear_model")
def linear_model(features, feature_columns, units=1, sparse_combiner="sum", weight_collections=None, trainable=True,
                 cols_to_vars=None):
    """A linear function of features: [batch, units], with a weight per number or id, and a bias. All start at 0.

    Args:
      features: {name: tensor}. feature_columns: dense and categorical columns; no embedding is needed.
      units: outputs. sparse_combiner: how weights of several ids combine, "sum", "mean" or "sqrtn".
      weight_collections: collections for the variables, beside the usual ones. trainable: whether they are trained.
      cols_to_vars: dict to fill with {column: list of its variables}, and "bias".
    Raises ValueError for other columns and for features of other batch sizes.

    Example:
      >>> import graphflow as tf
      >>> x = tf.feature_column.numeric_column("x")
      >>> _ = tf.feature_column.linear_model({"x": [[1.0], [2.0]]}, [x])
      >>> [v.op.name for v in tf.trainable_variables()]
      ['linear_model/x/weights', 'linear_model/bias_weights']
    """
    with tf.variable_scope(None, "linear_model") as scope:
        name = scope.name.rpartition("/")[2]
    columns = check_columns(feature_columns)
    for column in columns:
        if not isinstance(column, (DenseColumn, CategoricalColumn)):
            raise ValueError(  # noqa: TRY004 - TensorFlow's class
                f"Items of feature_columns must be either a _DenseColumn or _CategoricalColumn. Given: {column}")
    found = {} if cols_to_vars is None else cols_to_vars
    weights = _Weights(_collections(weight_collections), trainable, units)
    # TensorFlow's layer is a Keras model, which opens its name scope anew.
    with tf.name_scope(name), tf.variable_scope(name):
        cache, sums = FeatureCache(features), []
        for column in columns:
            with tf.variable_scope(None, default_name=column._var_scope_name) as scope:
                sums.append(_weighted_sum(column, cache, weights, sparse_combiner))
                found[column] = tf.get_collection(tf.GraphKeys.GLOBAL_VARIABLES, scope=scope.name + "/")
        _check_batches(sums, columns)
        total = tf.add_n(sums, name="weighted_sum_no_bias")
        bias = weights.make("bias_weights", [units])
        found["bias"] = bias._get_variable_list() if hasattr(bias, "_get_variable_list") else [bias]
        return tf.nn.bias_add(total, bias, name="weighted_sum")


class _Weights:
    """Makes the variables of a linear model."""

    def __init__(self, collections, trainable, units):
        self._collections = collections
        self._trainable = trainable
        self.units = units

    def make(self, name, shape):
        return tf.get_variable(name, shape, tf.float32, tf.zeros_initializer(), trainable=self._trainable,
                               collections=self._collections)


def _weighted_sum(column, cache, weights, sparse_combiner):
    if not isinstance(column, CategoricalColumn):
        size = column.variable_shape.num_elements()
        variable = weights.make("weights", [size, weights.units])
        tensor = column.dense_tensor(cache)
        return tf.matmul(tf.reshape(tensor, (tf.shape(tensor)[0], size)), variable, name="weighted_sum")
    variable = weights.make("weights", (column.num_buckets, weights.units))
    ids, id_weights = column.sparse_tensors(cache)
    ids = tf.sparse_reshape(ids, [tf.shape(ids)[0], -1])
    if id_weights is not None:
        id_weights = tf.sparse_reshape(id_weights, [tf.shape(id_weights)[0], -1])
    return tf.nn.safe_embedding_lookup_sparse(variable, ids, id_weights, combiner=sparse_combiner, name="weighted_sum")


@tf_export("feature_column.make_parse_example_spec")
def make_parse_example_spec(feature_columns):
    """What `tf.parse_example` must be told to read the features of columns: {name: FixedLenFeature or VarLenFeature}.

    Raises ValueError for what is no column, and for columns that disagree about a feature.
    """
    result = {}
    for column in feature_columns:
        if not isinstance(column, FeatureColumn):
            raise ValueError(  # noqa: TRY004 - TensorFlow's class
                f"All feature_columns must be _FeatureColumn instances. Given: {column}")
        for key, value in column.parse_example_spec.items():
            if key in result and value != result[key]:
                raise ValueError(f"feature_columns contain different parse_spec for key {key}. Given {value} and "
                                 f"{result[key]}")
            result[key] = value
    return result
