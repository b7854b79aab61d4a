"""What a model serves: `tf.estimator.export.PredictOutput` and its kin, and the signatures made of them.

Holds no state.
"""

import abc

import graphflow as tf
from graphflow.framework.api import tf_export

_SINGLE_INPUT = "input"


@tf_export("estimator.export.ExportOutput")
class ExportOutput(abc.ABC):
    """An output that makes a signature."""

    @abc.abstractmethod
    def as_signature_def(self, receiver_tensors):
        """The SignatureDef from {name: input tensor} to this output."""


def _check_tensor(tensor, name, is_right, what):
    if not isinstance(tensor, tf.Tensor) or not is_right(tensor.dtype):
        raise ValueError(f"{name} must be a {what} Tensor; got {tensor}")


def _single_examples(receiver_tensors, use):
    """The one string tensor that classification and regression servers give."""
    if len(receiver_tensors) != 1:
        raise ValueError(f"{use} signatures can only accept a single tensor input of type tf.string. Please check to "
                         "make sure that you have structured the serving_input_receiver_fn so that it creates a single "
                         "string placeholder. If your model function expects multiple inputs, then use `tf.io."
                         f"parse_example()` to parse the string into multiple tensors.\n Received: {receiver_tensors}")
    (examples,) = receiver_tensors.values()
    if not isinstance(examples, tf.Tensor) or examples.dtype != tf.string:
        raise ValueError(f"{use} signatures can only accept a single tensor input of type tf.string. Received: "
                         f"{receiver_tensors}")
    return examples


@tf_export("estimator.export.ClassificationOutput")
class ClassificationOutput(ExportOutput):
    """Scores (float) of classes, names of classes (string), or both.

    Raises ValueError if both are missing or one has another dtype.
    """

    def __init__(self, scores=None, classes=None):
        if scores is not None:
            _check_tensor(scores, "Classification scores", lambda dtype: dtype.is_floating, "float32")
        if classes is not None:
            _check_tensor(classes, "Classification classes", lambda dtype: dtype == tf.string, "string")
        if scores is None and classes is None:
            raise ValueError("At least one of scores and classes must be set.")
        self._scores = scores
        self._classes = classes

    @property
    def scores(self):
        """The scores, or None."""
        return self._scores

    @property
    def classes(self):
        """The classes, or None."""
        return self._classes

    def as_signature_def(self, receiver_tensors):
        examples = _single_examples(receiver_tensors, "Classification")
        return tf.saved_model.classification_signature_def(examples, self.classes, self.scores)


@tf_export("estimator.export.RegressionOutput")
class RegressionOutput(ExportOutput):
    """Predicted values, a float tensor; ValueError for another."""

    def __init__(self, value):
        _check_tensor(value, "Regression output value", lambda dtype: dtype.is_floating, "float32")
        self._value = value

    @property
    def value(self):
        """The values."""
        return self._value

    def as_signature_def(self, receiver_tensors):
        return tf.saved_model.regression_signature_def(_single_examples(receiver_tensors, "Regression"), self.value)


@tf_export("estimator.export.PredictOutput")
class PredictOutput(ExportOutput):
    """Any outputs: a tensor, then called "output", or {name: tensor}; ValueError for other types."""

    def __init__(self, outputs):
        outputs = outputs if isinstance(outputs, dict) else {"output": outputs}
        for key, value in outputs.items():
            if not isinstance(key, str):
                raise ValueError(f"Prediction output key must be a string; got {key}.")  # noqa: TRY004
            if not isinstance(value, (tf.Tensor, tf.SparseTensor, tf.Variable)):
                raise ValueError(f"Prediction output value must be a Tensor; got {value}.")  # noqa: TRY004
        self._outputs = outputs

    @property
    def outputs(self):
        """{name: tensor}."""
        return self._outputs

    def as_signature_def(self, receiver_tensors):
        return tf.saved_model.predict_signature_def(receiver_tensors, self.outputs)


def get_export_outputs(export_outputs, predictions):
    """{name: ExportOutput} with one for the default signature: the predictions, or the only output there is.

    Raises TypeError for other types, ValueError if there are several and none is the default.
    """
    default = tf.saved_model.signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY
    if export_outputs is None:
        return {default: PredictOutput(predictions)}
    if not isinstance(export_outputs, dict):
        raise TypeError(f"export_outputs must be dict, given: {export_outputs}")
    for value in export_outputs.values():
        if not isinstance(value, ExportOutput):
            raise TypeError("Values in export_outputs must be ExportOutput objects. Given: "
                            f"{export_outputs}")
    if default in export_outputs:
        return export_outputs
    if len(export_outputs) > 1:
        raise ValueError("Multiple export_outputs were provided, but none of them is specified as the default.  Do "
                         "this by naming one of them with signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY.")
    return {**export_outputs, **dict.fromkeys([default], *export_outputs.values())}


def build_all_signature_defs(receiver_tensors, export_outputs, receiver_tensors_alternatives=None):
    """{name: SignatureDef} for each output and each set of inputs; what cannot be served is left out and logged."""
    receivers = {None: _by_name(receiver_tensors)}
    for name, tensors in (receiver_tensors_alternatives or {}).items():
        receivers[name] = _by_name(tensors)
    default = tf.saved_model.signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY
    signatures = {}
    for receiver_name, tensors in receivers.items():
        for output_name, output in export_outputs.items():
            output_name = output_name or default
            name = output_name if receiver_name is None else (
                receiver_name if output_name == default else f"{receiver_name}:{output_name}")
            try:
                signatures[name] = output.as_signature_def(tensors)
            except ValueError as error:
                tf.logging.info("Signature %s is not in the export: %s", name, error)
    return {name: signature for name, signature in signatures.items()
            if tf.saved_model.is_valid_signature(signature)}


def _by_name(tensors):
    return tensors if isinstance(tensors, dict) else {_SINGLE_INPUT: tensors}
