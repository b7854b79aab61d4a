"""The public namespace `tf.contrib`: what of it programs use. Names load on first use; no state."""

from graphflow.framework import api as _api

__getattr__, __dir__ = _api.namespace(__name__)
