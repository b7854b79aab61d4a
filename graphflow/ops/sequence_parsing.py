"""Messages read into tensors: tf.train.SequenceExample, one or a batch of them.

Holds no state.
"""

from graphflow.framework import public as tf
from graphflow.framework import raw_ops, shapes
from graphflow.framework.api import tf_export
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.op_def import NotDifferentiable, register_op
from graphflow.framework.sparse_tensor import SparseTensor
from graphflow.ops.parsing import FixedLenFeature, FixedLenSequenceFeature, VarLenFeature, WantedFeatures

_TYPES = "list({float, int64, string}) >= 0"
_ATTRS = (f"Ncontext_sparse: int >= 0 = 0; Ncontext_dense: int >= 0 = 0; Nfeature_list_sparse: int >= 0 = 0; "
          f"Nfeature_list_dense: int >= 0 = 0; context_sparse_types: {_TYPES} = []; Tcontext_dense: {_TYPES} = []; "
          f"feature_list_dense_types: {_TYPES} = []; context_dense_shapes: list(shape) >= 0 = []; "
          f"feature_list_sparse_types: {_TYPES} = []; feature_list_dense_shapes: list(shape) >= 0 = []")
_OUTPUTS = ("context_sparse_indices: Ncontext_sparse * int64, context_sparse_values: context_sparse_types, "
            "context_sparse_shapes: Ncontext_sparse * int64, context_dense_values: Tcontext_dense, "
            "feature_list_sparse_indices: Nfeature_list_sparse * int64, "
            "feature_list_sparse_values: feature_list_sparse_types, "
            "feature_list_sparse_shapes: Nfeature_list_sparse * int64, "
            "feature_list_dense_values: feature_list_dense_types")


def _sparse_shapes(count, rank):
    return [(None, rank)] * count + [(None,)] * count + [(rank,)] * count


def _sequence_shapes(c, batch):
    """Shapes of all outputs but the lengths; `batch` is a shape of rank 0 or 1."""
    rank = len(batch) + 1
    dense = [None if shape is None else (*batch, *shape) for shape in c.attr("context_dense_shapes")]
    lists = [None if shape is None else (*batch, None, *shape) for shape in c.attr("feature_list_dense_shapes")]
    return [*_sparse_shapes(len(c.attr("context_sparse_types")), rank), *dense,
            *_sparse_shapes(len(c.attr("feature_list_sparse_types")), rank + 1), *lists]


def _batch_shape(c):
    batch = shapes.with_rank(c.shape(0), 1)
    return [*_sequence_shapes(c, batch), *[batch] * len(c.attr("feature_list_dense_types"))]


register_op("ParseSingleSequenceExample",
            inputs="serialized: string, feature_list_dense_missing_assumed_empty: string, "
            "context_sparse_keys: Ncontext_sparse * string, context_dense_keys: Ncontext_dense * string, "
            "feature_list_sparse_keys: Nfeature_list_sparse * string, "
            "feature_list_dense_keys: Nfeature_list_dense * string, context_dense_defaults: Tcontext_dense, "
            "debug_name: string", outputs=_OUTPUTS, attrs=_ATTRS, allocates=True,
            shape=lambda c: _sequence_shapes(c, shapes.with_rank(c.shape(0), 0)))
NotDifferentiable("ParseSingleSequenceExample")
register_op("ParseSequenceExample",
            inputs="serialized: string, debug_name: string, context_dense_defaults: Tcontext_dense",
            outputs=_OUTPUTS + ", feature_list_dense_lengths: Nfeature_list_dense * int64",
            attrs="feature_list_dense_missing_assumed_empty: list(string) >= 0; "
            "context_sparse_keys: list(string) >= 0; context_dense_keys: list(string) >= 0; "
            "feature_list_sparse_keys: list(string) >= 0; "
            "feature_list_dense_keys: list(string) >= 0; " + _ATTRS, shape=_batch_shape, allocates=True)
NotDifferentiable("ParseSequenceExample")


def _wanted(context_features, sequence_features):
    """What both kinds of features ask for; ValueError if there are none, or one key is of both kinds."""
    if not (context_features or sequence_features):
        raise ValueError("Missing features.")
    context = WantedFeatures(context_features or {}, (VarLenFeature, FixedLenFeature))
    lists = WantedFeatures(sequence_features or {}, (VarLenFeature, FixedLenSequenceFeature), lists=True)
    return context, lists


def _attrs(context, lists):
    return {
        "Ncontext_sparse": len(context.sparse), "Nfeature_list_sparse": len(lists.sparse),
        "Ncontext_dense": len(context.dense), "Nfeature_list_dense": len(lists.dense),
        "context_sparse_types": list(context.sparse.values()),
        "context_dense_shapes": [shape for shape, _ in context.dense.values()],
        "feature_list_sparse_types": list(lists.sparse.values()),
        "feature_list_dense_types": [dtype for _, dtype in lists.dense.values()],
        "feature_list_dense_shapes": [shape for shape, _ in lists.dense.values()],
    }


def _by_key(wanted, indices, values, sizes, dense):
    found = {key: SparseTensor(*parts) for key, parts in zip(wanted.sparse, zip(indices, values, sizes))}
    return {**found, **dict(zip(wanted.dense, dense))}


@tf_export("parse_single_sequence_example", "io.parse_single_sequence_example")
def parse_single_sequence_example(serialized, context_features=None, sequence_features=None, example_name=None,
                                  name=None):
    """Features of one serialised tf.train.SequenceExample.

    Args:
      serialized: string scalar. context_features: dict from names to FixedLenFeature or VarLenFeature.
      sequence_features: dict from names to FixedLenSequenceFeature or VarLenFeature. example_name: for messages.
    Returns two dicts: tensors of the context, and of the lists, whose first dimension counts the items.
    Raises ValueError for features that say too little; InvalidArgumentError in a run for messages without a
    required feature, or with one of another type or size.
    """
    context, lists = _wanted(context_features, sequence_features)
    with name_scope(name, "ParseSingleSequenceExample", [serialized]):
        outputs = raw_ops.ParseSingleSequenceExample(
            serialized, tf.constant(lists.optional, "string", shape=[len(lists.optional)]), list(context.sparse),
            list(context.dense), list(lists.sparse), list(lists.dense),
            [default for _, default in context.dense.values()], "" if example_name is None else example_name,
            name=name, **_attrs(context, lists))
        return _by_key(context, *outputs[:4]), _by_key(lists, *outputs[4:])


@tf_export("io.parse_sequence_example")
def parse_sequence_example(serialized, context_features=None, sequence_features=None, example_names=None, name=None):
    """Like `parse_single_sequence_example` for a vector of messages; lists are padded to the longest.

    Returns three dicts: tensors [batch, ...] of the context, tensors [batch, items, ...] of the lists, and how many
    items each message has in its lists of FixedLenSequenceFeature.
    """
    context, lists = _wanted(context_features, sequence_features)
    with name_scope(name, "ParseSequenceExample", [serialized]):
        outputs = raw_ops.ParseSequenceExample(
            serialized, tf.constant([], "string") if example_names is None else example_names,
            [default for _, default in context.dense.values()],
            feature_list_dense_missing_assumed_empty=lists.optional, context_sparse_keys=list(context.sparse),
            context_dense_keys=list(context.dense), feature_list_sparse_keys=list(lists.sparse),
            feature_list_dense_keys=list(lists.dense), name=name, **_attrs(context, lists))
        return (_by_key(context, *outputs[:4]), _by_key(lists, *outputs[4:8]),
                dict(zip(lists.dense, outputs[8])))
