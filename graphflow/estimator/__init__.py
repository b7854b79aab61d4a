"""The public namespace `tf.estimator`: models as functions, trained, evaluated and exported by one object.

`estimator_spec` and `run_configuration` are what is said, `core` does it, `heads` and the `premade_*` files are models
that come with it. Names load on first use; this module holds no state.
"""

from graphflow.framework import api as _api

__getattr__, __dir__ = _api.namespace(__name__)
