"""The public namespace `tf.feature_column`: descriptions of features, and the layers that take them as input.

`base` says what a column is, `numeric`, `categorical`, `combined` and `dense` have the kinds, `inputs` makes
tensors of them. Names load on first use; this module holds no state.
"""

from graphflow.framework import api as _api

__getattr__, __dir__ = _api.namespace(__name__)
