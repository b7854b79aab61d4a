"""The version of GraphFlow, and of the TensorFlow API it follows (`tf.version`). Holds no state.

Programs compare `tf.__version__` and `tf.VERSION` with TensorFlow's releases to choose the calls they
make, so those say which TensorFlow this is; GraphFlow's own release is `GRAPHFLOW_VERSION`.
"""

GRAPHFLOW_VERSION = "0.1.0"

VERSION = "1.15.0"
GIT_VERSION = f"graphflow-{GRAPHFLOW_VERSION}"
COMPILER_VERSION = "numba"

# What GraphDefs are written as, and which ones are read (TensorFlow 1.15's).
GRAPH_DEF_VERSION = 134
GRAPH_DEF_VERSION_MIN_CONSUMER = 0
GRAPH_DEF_VERSION_MIN_PRODUCER = 0
