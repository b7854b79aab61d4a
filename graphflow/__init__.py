"""GraphFlow: TensorFlow-1-style graphs and sessions, `import graphflow as tf`.

    import graphflow as tf

    x = tf.placeholder(tf.float32, [None, 3])
    y = tf.reduce_sum(x * x, axis=1)
    with tf.Session() as sess:
        print(sess.run(y, feed_dict={x: [[1, 2, 3]]}))

Public names are found through a generated index (`api_index.py`) and load on first use.
This module holds no state.
"""

from graphflow.framework import api as _api
from graphflow.version import VERSION as __version__  # noqa: F401

__getattr__, __dir__ = _api.namespace(__name__)
_api.install_namespaces()
