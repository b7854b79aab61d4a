"""GraphFlow: TensorFlow-1-style graphs and sessions, `import graphflow as tf`.

    import graphflow as tf

    x = tf.placeholder(tf.float32, [None, 3])
    y = tf.reduce_sum(x * x, axis=1)
    with tf.Session() as sess:
        print(sess.run(y, feed_dict={x: [[1, 2, 3]]}))

Public names are found through a generated index (`api_index.py`) and load on first use.
`__version__` is the TensorFlow release that this API follows, because programs ask for it; our own is
`graphflow.version.GRAPHFLOW_VERSION`. This module holds no state.
"""

import sys as _sys

from graphflow.framework import api as _api
from graphflow.version import VERSION as __version__  # noqa: F401

__getattr__, __dir__ = _api.namespace(__name__)
_api.install_namespaces()
# `import graphflow.compat.v1 as tf` is this module, as tf.compat.v1 is.
_sys.modules[__name__ + ".compat.v1"] = _sys.modules[__name__]
