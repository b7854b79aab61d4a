"""The public namespace `tf.saved_model`, and TensorFlow's SavedModel format behind it.

`names` has the format's names, `tensor_infos` and `signatures` describe what a model takes and gives, `writer` and
`reader` are the Builder and the loader. Names load on first use; this module holds no state.
"""

from graphflow.framework import api as _api

__getattr__, __dir__ = _api.namespace(__name__)
