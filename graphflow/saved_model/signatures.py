"""SignatureDef messages: the named inputs and outputs of a model, and what kind of use they are for.

Holds no state.
"""

from graphflow.framework import dtypes
from graphflow.framework.api import tf_export
from graphflow.framework.tensor import Tensor
from graphflow.saved_model import names
from graphflow.saved_model.tensor_infos import build_tensor_info

_STRING, _FLOAT = dtypes.string.as_datatype_enum, dtypes.float32.as_datatype_enum


def _export(name):
    return tf_export(f"saved_model.{name}", f"saved_model.signature_def_utils.{name}")


@_export("build_signature_def")
def build_signature_def(inputs=None, outputs=None, method_name=None):
    """A SignatureDef of {name: TensorInfo} for inputs and outputs, and a method's name.

    Example:
      >>> import graphflow as tf
      >>> info = tf.saved_model.build_tensor_info(tf.placeholder(tf.float32, name="x"))
      >>> signature = tf.saved_model.build_signature_def({"x": info}, {"y": info},
      ...     tf.saved_model.signature_constants.PREDICT_METHOD_NAME)
      >>> tf.saved_model.is_valid_signature(signature)
      True
    """
    from graphflow import protobuf

    signature = protobuf.SignatureDef(method_name=method_name)
    for given, field in ((inputs, signature.inputs), (outputs, signature.outputs)):
        for name, info in (given or {}).items():
            field[name].MergeFromString(info.SerializeToString())
    return signature


def _info(tensor, kind, message):
    """The TensorInfo of a tensor that must have a dtype; ValueError with `message` otherwise."""
    info = build_tensor_info(tensor)
    if info.dtype != kind:
        raise ValueError(message)
    return info


def _examples(examples, use):
    if examples is None:
        raise ValueError(f"{use} examples cannot be None.")
    if not isinstance(examples, Tensor):
        raise ValueError(f"{use} examples must be a string Tensor.")  # noqa: TRY004 - TensorFlow's class
    return _info(examples, _STRING, f"{use} examples must be a string Tensor.")


@_export("regression_signature_def")
def regression_signature_def(examples, predictions):
    """The signature of a regression: serialized examples (string) to predictions (float32).

    Raises ValueError if one is missing or of another dtype.
    """
    if predictions is None and examples is not None:
        raise ValueError("Regression predictions cannot be None.")
    inputs = {names.REGRESS_INPUTS: _examples(examples, "Regression")}
    outputs = {names.REGRESS_OUTPUTS: _info(predictions, _FLOAT, "Regression output must be a float Tensor.")}
    return build_signature_def(inputs, outputs, names.REGRESS_METHOD_NAME)


@_export("classification_signature_def")
def classification_signature_def(examples, classes, scores):
    """The signature of a classification: serialized examples (string) to classes (string), scores (float32) or both.

    Raises ValueError if examples or both outputs are missing, or of other dtypes.
    """
    if examples is not None and classes is None and scores is None:
        raise ValueError("Classification classes and scores cannot both be None.")
    inputs, outputs = {names.CLASSIFY_INPUTS: _examples(examples, "Classification")}, {}
    if classes is not None:
        outputs[names.CLASSIFY_OUTPUT_CLASSES] = _info(
            classes, _STRING, "Classification classes must be a string Tensor.")
    if scores is not None:
        outputs[names.CLASSIFY_OUTPUT_SCORES] = _info(
            scores, _FLOAT, "Classification scores must be a float Tensor.")
    return build_signature_def(inputs, outputs, names.CLASSIFY_METHOD_NAME)


@_export("predict_signature_def")
def predict_signature_def(inputs, outputs):
    """The signature of a prediction: {name: tensor} of inputs and of outputs; ValueError if one is empty."""
    if not inputs:
        raise ValueError("Prediction inputs cannot be None or empty.")
    if not outputs:
        raise ValueError("Prediction outputs cannot be None or empty.")
    return build_signature_def({key: build_tensor_info(tensor) for key, tensor in inputs.items()},
                               {key: build_tensor_info(tensor) for key, tensor in outputs.items()},
                               names.PREDICT_METHOD_NAME)


@_export("is_valid_signature")
def is_valid_signature(signature_def):
    """Whether a SignatureDef is what servers understand: one of the three methods, with its inputs and outputs."""
    if signature_def is None or not signature_def.inputs or not signature_def.outputs:
        return False
    inputs = {name: info.dtype for name, info in signature_def.inputs.items()}
    outputs = {name: info.dtype for name, info in signature_def.outputs.items()}
    if signature_def.method_name == names.PREDICT_METHOD_NAME:
        return True
    if signature_def.method_name == names.REGRESS_METHOD_NAME:
        return inputs == {names.REGRESS_INPUTS: _STRING} and outputs == {names.REGRESS_OUTPUTS: _FLOAT}
    allowed = {names.CLASSIFY_OUTPUT_CLASSES: _STRING, names.CLASSIFY_OUTPUT_SCORES: _FLOAT}
    return (signature_def.method_name == names.CLASSIFY_METHOD_NAME and inputs == {names.CLASSIFY_INPUTS: _STRING}
            and all(allowed.get(name) == dtype for name, dtype in outputs.items()))
