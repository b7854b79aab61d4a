"""`tf.contrib.tensorboard.plugins.projector`: tells TensorBoard's projector what embeddings there are.

Holds no state.
"""

import os

from graphflow.framework.api import export_value, tf_export
from graphflow.io.atomic_file import write_atomically

for _name in ("ProjectorConfig", "EmbeddingInfo", "SpriteMetadata"):
    export_value("contrib.tensorboard.plugins.projector." + _name, "graphflow.protobuf", _name)


@tf_export("contrib.tensorboard.plugins.projector.visualize_embeddings")
def visualize_embeddings(summary_writer, config):
    """Writes a ProjectorConfig into the folder of a FileWriter, where TensorBoard looks for it.

    Raises ValueError if the writer has no folder.

    Example:
      >>> import graphflow as tf, os, tempfile
      >>> from graphflow.contrib.tensorboard.plugins import projector
      >>> config = projector.ProjectorConfig()
      >>> config.embeddings.add(tensor_name="words", metadata_path="words.tsv").tensor_name
      'words'
      >>> with tf.summary.FileWriter(tempfile.mkdtemp()) as writer:
      ...     projector.visualize_embeddings(writer, config)
      >>> os.path.exists(os.path.join(writer.get_logdir(), "projector_config.pbtxt"))
      True
    """
    from google.protobuf import text_format

    logdir = summary_writer.get_logdir()
    if logdir is None:
        raise ValueError("Summary writer must have a logdir")
    write_atomically(os.path.join(logdir, "projector_config.pbtxt"), text_format.MessageToString(config).encode())
