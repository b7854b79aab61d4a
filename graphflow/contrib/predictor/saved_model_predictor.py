"""`tf.contrib.predictor.from_saved_model`: a SavedModel as a function. State: its session."""

import graphflow as tf
from graphflow.framework.api import tf_export


@tf_export("contrib.predictor.Predictor")
class Predictor:
    """A function from {name: value} to {name: value}, with a session of its own.

    Args: session: the Session. feed_tensors, fetch_tensors: {name: tensor}.
    """

    def __init__(self, session, feed_tensors, fetch_tensors):
        self._session = session
        self._feed_tensors = feed_tensors
        self._fetch_tensors = fetch_tensors

    @property
    def graph(self):
        """The graph that runs."""
        return self._session.graph

    @property
    def session(self):
        """The session with the model's variables."""
        return self._session

    @property
    def feed_tensors(self):
        """{name: tensor} of the inputs."""
        return self._feed_tensors

    @property
    def fetch_tensors(self):
        """{name: tensor} of the outputs."""
        return self._fetch_tensors

    def __repr__(self):
        return f"{type(self).__name__} with feed tensors {self._feed_tensors} and fetch_tensors {self._fetch_tensors}"

    def __call__(self, input_dict):
        """The outputs for inputs; ValueError for unknown names of inputs."""
        unexpected = set(input_dict) - set(self._feed_tensors)
        if unexpected:
            raise ValueError(f"Got unexpected keys in input_dict: {unexpected}\nexpected: {set(self._feed_tensors)}")
        feeds = {self._feed_tensors[key]: value for key, value in input_dict.items() if value is not None}
        return self._session.run(self._fetch_tensors, feed_dict=feeds)


@tf_export("contrib.predictor.from_saved_model")
def from_saved_model(export_dir, signature_def_key=None, signature_def=None, input_names=None, output_names=None,
                     tags=None, graph=None, config=None):
    """A Predictor of a SavedModel.

    Args:
      export_dir: its folder. signature_def_key: which of its signatures, "serving_default" by default; or
        signature_def: a SignatureDef; or input_names and output_names: {name: name of a tensor}.
      tags: tags of the graph, separated by commas, "serve" by default. graph: where to load it, a new one by default.
      config: ConfigProto of the session.
    Raises ValueError for several of the three ways to say inputs and outputs, and for unknown signatures.

    Example:
      >>> import graphflow as tf, os, tempfile
      >>> folder = os.path.join(tempfile.mkdtemp(), "1")
      >>> x = tf.placeholder(tf.float32, name="x")
      >>> with tf.Session() as sess:
      ...     tf.saved_model.simple_save(sess, folder, {"x": x}, {"y": x * 2.0})
      >>> print(tf.contrib.predictor.from_saved_model(folder)({"x": 3.0})["y"])
      6.0
    """
    if (input_names is None) != (output_names is None):
        raise ValueError("input_names and output_names must both be specified or both be unspecified.")
    if sum(way is not None for way in (signature_def_key, signature_def, input_names)) > 1:
        raise ValueError("You must specify at most one of signature_def_key OR signature_def OR"
                         "(input_names AND output_names).")
    graph = graph or tf.Graph()
    with graph.as_default():
        session = tf.Session(config=config)
        loaded = tf.saved_model.load(session, [tag.strip() for tag in (tags or "serve").split(",")], export_dir)
    if input_names is None:
        if signature_def is None:
            key = signature_def_key or tf.saved_model.signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY
            if key not in loaded.signature_def:
                raise ValueError(f'Got signature_def_key "{key}". Available signatures are '
                                 f"{sorted(loaded.signature_def)}.")
            signature_def = loaded.signature_def[key]
        input_names = {key: info.name for key, info in signature_def.inputs.items()}
        output_names = {key: info.name for key, info in signature_def.outputs.items()}
    return Predictor(session, *({key: graph.get_tensor_by_name(name) for key, name in names.items()}
                                for names in (input_names, output_names)))
