"""The public namespace `tf.contrib.staging`. Names load on first use; this module holds no state."""

from graphflow.framework import api as _api

__getattr__, __dir__ = _api.namespace(__name__)
