"""The public namespace `tf.summary`, and beside it what makes and writes summaries.

`tags` has the rules for names, `functions` the wrappers, `event_file` and `file_writer` write event
files for TensorBoard. This module holds no state; public names load on first use.
"""

from graphflow.framework import api as _api

__getattr__, __dir__ = _api.namespace(__name__)
