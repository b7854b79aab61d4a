"""Reference kernels of `graphflow/ops/sequence_parsing.py`."""

import numpy as np

from graphflow import protobuf

from ..registry import reference
from .array_checks import fail, product
from .parsing import FIELDS, FeatureParser, Which, debug_shape, feature_values, type_name


def _message(text, which):
    example = protobuf.SequenceExample()
    try:
        example.ParseFromString(text)
    except Exception as error:  # protobuf's DecodeError is in another module in each version
        fail(f"{which} Could not parse sequence example input, value: {text[:100]!r}: {error}")
    return example.context.feature, example.feature_lists.feature_list


def _empty(kind, shape=(0,)):
    array = np.zeros(shape, FIELDS[kind][1])
    if array.dtype == object:
        array.fill(b"")
    return array


class _SequenceParser:
    """Reads the context and the lists of single messages."""

    def __init__(self, ctx):
        self.context = FeatureParser(ctx, "context_sparse_types", "Tcontext_dense", "context_dense_shapes")
        self.lists = FeatureParser(ctx, "feature_list_sparse_types", "feature_list_dense_types",
                                   "feature_list_dense_shapes")

    def sparse(self, features, keys, which):
        """The values of the sparse features of the context."""
        found = [self.context.values(features, key, kind, which) for key, kind in zip(keys, self.context.sparse_types)]
        return [_empty(kind) if v is None else v for v, kind in zip(found, self.context.sparse_types)]

    def sparse_lists(self, lists, keys, which):
        """Per key the values of all items."""
        found = []
        for key, kind in zip(keys, self.lists.sparse_types):
            name = key.decode()
            items = [self._values(item, kind, which, name, i)
                     for i, item in enumerate(lists[name].feature if name in lists else ())]
            found.append([_empty(kind) if values is None else values for values in items])
        return found

    @staticmethod
    def _values(item, kind, which, name, i):
        return feature_values(item, kind, f"{which} Feature list: {name}, Index: {i}")

    def dense_list(self, lists, i, key, optional, which):
        """An array [items, ...] of a list."""
        name, kind, shape = key.decode(), self.lists.dense_types[i], self.lists.dense_shapes[i]
        if name not in lists:
            if key not in optional:
                fail(f"{which} Feature list '{name}' is required but could not be found.  Did you mean to include it "
                     "in feature_list_dense_missing_assumed_empty or feature_list_dense_defaults?")
            return _empty(kind, (0, *shape))
        rows = []
        for place, item in enumerate(lists[name].feature):
            values = self._values(item, kind, which, name, place)
            values = _empty(kind) if values is None else values
            if len(values) != product(shape):
                fail(f"{which} Key: {name}, Index: {place}.  Number of {type_name(kind)} values != expected.  "
                     f"values size: {len(values)} but output shape: {debug_shape(shape)}")
            rows.append(values.reshape(shape))
        return np.stack(rows) if rows else _empty(kind, (0, *shape))


def _sparse(rows, kind):
    """Indices, values and shape of rows of values."""
    places = [(i, j) for i, row in enumerate(rows) for j in range(len(row))]
    return (np.array(places, np.int64).reshape(-1, 2), np.concatenate([_empty(kind), *rows]),
            np.array([len(rows), max(map(len, rows), default=0)], np.int64))


def _columns(triples):
    """[(indices, values, shape)...] as lists of each."""
    return [part for column in zip(*triples) for part in column]


@reference.kernel("ParseSingleSequenceExample")
def parse_single_sequence_example(ctx):
    """Reads one message; keys are inputs."""
    parser = _SequenceParser(ctx)
    counts = [len(parser.context.sparse_types), len(parser.context.dense_types), len(parser.lists.sparse_types),
              len(parser.lists.dense_types)]

    def run(serialized, optional, *rest):
        groups, start = [], 0
        for count in counts:
            groups.append([key.item() for key in rest[start:start + count]])
            start += count
        defaults, which = rest[start:-1], Which(rest[-1].item().decode())
        context, lists = _message(serialized.item(), which)
        found = parser.sparse(context, groups[0], which)
        triples = [(np.arange(len(v)).reshape(-1, 1), v, np.array([len(v)])) for v in found]
        dense = [parser.context.dense(context, i, key, default, which)
                 for i, (key, default) in enumerate(zip(groups[1], defaults))]
        items = parser.sparse_lists(lists, groups[2], which)
        list_triples = [_sparse(rows, kind) for rows, kind in zip(items, parser.lists.sparse_types)]
        dense_lists = [parser.dense_list(lists, i, key, optional.tolist(), which) for i, key in enumerate(groups[3])]
        return (*_columns(triples), *dense, *_columns(list_triples), *dense_lists)

    return run


def _padded(rows, kind, shape):
    """Arrays [items, ...] as one [batch, most items, ...]."""
    result = _empty(kind, (len(rows), max(map(len, rows), default=0), *shape))
    for target, row in zip(result, rows):
        target[:len(row)] = row
    return result


def _sparse_batch(batch, kind):
    """Indices, values and shape of values by message and item."""
    places = [(b, i, j) for b, rows in enumerate(batch) for i, row in enumerate(rows) for j in range(len(row))]
    sizes = [len(batch), max(map(len, batch), default=0), max((len(row) for rows in batch for row in rows), default=0)]
    return (np.array(places, np.int64).reshape(-1, 3),
            np.concatenate([_empty(kind), *(row for rows in batch for row in rows)]), np.array(sizes, np.int64))


@reference.kernel("ParseSequenceExample")
def parse_sequence_example(ctx):
    """Reads a batch of messages; keys are attributes."""
    parser = _SequenceParser(ctx)
    optional = ctx.attr("feature_list_dense_missing_assumed_empty")
    sparse_keys, dense_keys = ctx.attr("context_sparse_keys"), ctx.attr("context_dense_keys")
    list_sparse_keys, list_dense_keys = ctx.attr("feature_list_sparse_keys"), ctx.attr("feature_list_dense_keys")

    def run(serialized, names, *defaults):
        sparse, dense, lists, dense_lists = [], [], [], []
        for i, text in enumerate(serialized):
            which = Which(names[i].decode() if len(names) else None)
            context, features = _message(text, which)
            sparse.append(parser.sparse(context, sparse_keys, which))
            dense.append([parser.context.dense(context, j, key, default, which)
                          for j, (key, default) in enumerate(zip(dense_keys, defaults))])
            lists.append(parser.sparse_lists(features, list_sparse_keys, which))
            dense_lists.append([parser.dense_list(features, j, key, optional, which)
                                for j, key in enumerate(list_dense_keys)])
        context, found = parser.context, parser.lists
        triples = [_sparse([row[j] for row in sparse], kind) for j, kind in enumerate(context.sparse_types)]
        batches = [np.stack([row[j] for row in dense]) if dense else _empty(kind, (0, *shape))
                   for j, (kind, shape) in enumerate(zip(context.dense_types, context.dense_shapes))]
        list_triples = [_sparse_batch([row[j] for row in lists], kind) for j, kind in enumerate(found.sparse_types)]
        kinds = list(enumerate(zip(found.dense_types, found.dense_shapes)))
        padded = [_padded([row[j] for row in dense_lists], kind, shape) for j, (kind, shape) in kinds]
        lengths = [np.array([len(row[j]) for row in dense_lists], np.int64) for j, _ in kinds]
        return (*_columns(triples), *batches, *_columns(list_triples), *padded, *lengths)

    return run
