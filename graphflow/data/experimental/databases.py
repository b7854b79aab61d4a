"""`tf.data.experimental.SqlDataset`. Holds no state."""

from graphflow.data import nest, structure
from graphflow.data.dataset import Dataset
from graphflow.framework import dtypes, raw_ops
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.type_spec import TensorSpec


@tf_export("data.experimental.SqlDataset", "contrib.data.SqlDataset")
class SqlDataset(Dataset):
    """The rows that a database gives for a query.

    Args: driver_name: "sqlite". data_source_name: the file. query: in SQL. output_types: tuple of the columns' dtypes:
      string, bool, float64 or an integer. What SQLite keeps as another type is converted as it does.
    A run raises InvalidArgumentError for other databases and another number of columns; UnknownError if the query is
    none.

    Example:
      >>> import graphflow as tf
      >>> row = tf.data.experimental.SqlDataset("sqlite", ":memory:", "SELECT 1, 'one'", (tf.int32, tf.string))
      >>> with tf.Session() as sess:
      ...     print(*sess.run(row.make_one_shot_iterator().get_next()))
      1 b'one'
    """

    def __init__(self, driver_name, data_source_name, query, output_types):
        spec = nest.map_structure(lambda dtype: TensorSpec([], dtype), output_types)
        texts = [convert_to_tensor(value, dtypes.string, name=name) for name, value in (
            ("driver_name", driver_name), ("data_source_name", data_source_name), ("query", query))]
        self._set(raw_ops.SqlDataset(*texts, **structure.flat_attrs(spec)), spec)
