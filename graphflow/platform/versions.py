"""`tf.version`, `tf.VERSION` and `tf.sysconfig`: what this installation says of itself. Holds no state.

The values stand in `graphflow/version.py`, which the build reads and everything may import.
"""

import os

from graphflow.framework.api import export_value, tf_export

for _name in ("VERSION", "GIT_VERSION", "COMPILER_VERSION", "GRAPH_DEF_VERSION",
              "GRAPH_DEF_VERSION_MIN_CONSUMER", "GRAPH_DEF_VERSION_MIN_PRODUCER"):
    for _path in (_name, "version." + _name):
        export_value(_path, "graphflow.version", _name)

# How TensorFlow's own binaries were built; nothing here is.
CXX11_ABI_FLAG = 0
MONOLITHIC_BUILD = 0
for _path in ("CXX11_ABI_FLAG", "MONOLITHIC_BUILD"):
    export_value(_path, __name__, _path)
    export_value("sysconfig." + _path, __name__, _path)


@tf_export("sysconfig.get_lib")
def get_lib():
    """The directory that GraphFlow is installed in."""
    return os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
