"""`tf.train.write_graph`: a GraphDef into a file, as text or binary. Holds no state."""

import os

from graphflow.framework.api import tf_export
from graphflow.framework.graph import Graph
from graphflow.io.files import translated_errors


@tf_export("io.write_graph", "train.write_graph")
def write_graph(graph_or_graph_def, logdir, name, as_text=True):
    """Writes a Graph or GraphDef to `logdir/name`, making the folder; returns the path.

    The file appears whole or not at all. Raises `tf.errors` classes where the system refuses.
    """
    from google.protobuf import text_format

    graph_def = graph_or_graph_def
    if isinstance(graph_or_graph_def, Graph):
        graph_def = graph_or_graph_def.as_graph_def()
    if as_text:
        content = text_format.MessageToString(graph_def).encode()
    else:
        content = graph_def.SerializeToString()
    path = os.path.join(logdir, name)
    temporary = f"{path}.tmp{os.getpid()}"
    with translated_errors(path):
        os.makedirs(logdir, exist_ok=True)
        with open(temporary, "wb") as file:
            file.write(content)
        os.replace(temporary, path)
    return path
