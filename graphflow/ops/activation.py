"""Activation functions of neural networks, and the ops of their gradients.

The gradient ops have gradients as in TensorFlow 1.15, so second derivatives work. `tf.nn.tanh` and
`tf.nn.sigmoid` stand in `unary`. Holds no state.
"""

import numpy as np

from graphflow.framework import dtypes, raw_ops, shapes
from graphflow.framework import public as tf
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.custom_gradient import custom_gradient
from graphflow.framework.graph_scopes import control_dependencies, name_scope
from graphflow.framework.op_def import RegisterGradient, register_op

_FLOAT = "{half, bfloat16, float, double}"


def _gradient_shape(c):
    return [shapes.merge_shapes(c.shape(0), c.shape(1))]


def _register(name, allowed, attrs="", second="features", default=""):
    register_op(name, inputs="features: T", outputs="activations: T",
                attrs=f"{attrs}T: {allowed}{default}", shape=shapes.unchanged)
    register_op(name + "Grad", inputs=f"gradients: T, {second}: T", outputs="backprops: T",
                attrs=f"{attrs}T: {allowed.replace(', qint8', '')}{default}", shape=_gradient_shape)


def _zeros_of(x):
    return tf.zeros(shape=tf.shape(x), dtype=x.dtype)


# ---------------------------------------------------------------- relu and its kin

_register("Relu", "{realnumbertype, qint8}")
RegisterGradient("Relu")(lambda op, grad: raw_ops.ReluGrad(grad, op.outputs[0]))


@RegisterGradient("ReluGrad")
def _relu_grad_grad(op, grad):
    x = op.inputs[1]
    return raw_ops.ReluGrad(grad, x), _zeros_of(x)


@tf_export("nn.relu")
def relu(features, name=None):
    """`max(features, 0)`.

    Args: features: tensor of any real dtype. Returns a tensor of its dtype and shape.

    Example:
      >>> import graphflow as tf
      >>> tf.nn.relu([[-1.0, 2.0]]).shape
      TensorShape([Dimension(1), Dimension(2)])
    """
    return raw_ops.Relu(features, name=name)


_register("Relu6", "realnumbertype")
RegisterGradient("Relu6")(lambda op, grad: raw_ops.Relu6Grad(grad, op.outputs[0]))


@RegisterGradient("Relu6Grad")
def _relu6_grad_grad(op, grad):
    x = op.inputs[1]
    return raw_ops.Relu6Grad(grad, x), _zeros_of(x)


@tf_export("nn.relu6")
def relu6(features, name=None):
    """`min(max(features, 0), 6)`."""
    with name_scope(name, "Relu6", [features]) as scope:
        features = convert_to_tensor(features, name="features")
        return raw_ops.Relu6(features, name=scope)


_register("LeakyRelu", _FLOAT, attrs="alpha: float = 0.2; ", default=" = float")


@RegisterGradient("LeakyRelu")
def _leaky_relu_grad(op, grad):
    return raw_ops.LeakyReluGrad(grad, op.inputs[0], alpha=op.get_attr("alpha"))


@RegisterGradient("LeakyReluGrad")
def _leaky_relu_grad_grad(op, grad):
    x = op.inputs[1]
    return raw_ops.LeakyReluGrad(grad, x, alpha=op.get_attr("alpha")), _zeros_of(x)


@tf_export("nn.leaky_relu")
def leaky_relu(features, alpha=0.2, name=None):
    """`features` where positive, else `alpha * features`. Integers become float32."""
    with name_scope(name, "LeakyRelu", [features, alpha]) as scope:
        features = convert_to_tensor(features, name="features")
        if features.dtype.is_integer:
            features = tf.cast(features, dtypes.float32)
        if isinstance(alpha, np.ndarray):
            alpha = alpha.item()
        return raw_ops.LeakyRelu(features, alpha=alpha, name=scope)


@tf_export("nn.crelu")
def crelu(features, name=None, axis=-1):
    """Relu of `features` and of `-features`, side by side along `axis`."""
    with name_scope(name, "CRelu", [features]) as scope:
        features = convert_to_tensor(features, name="features")
        both = tf.concat([features, -features], axis, name=scope)
        return raw_ops.Relu(both)


# ---------------------------------------------------------------- exponential units

_register("Elu", _FLOAT, second="outputs")
RegisterGradient("Elu")(lambda op, grad: raw_ops.EluGrad(grad, op.outputs[0]))


@RegisterGradient("EluGrad")
def _elu_grad_grad(op, grad):
    y = op.inputs[1]
    return raw_ops.EluGrad(grad, y), tf.where(y < 0, grad * op.inputs[0], tf.zeros_like(y))


@tf_export("nn.elu")
def elu(features, name=None):
    """`features` where positive, else `exp(features) - 1`."""
    return raw_ops.Elu(features, name=name)


_register("Selu", _FLOAT, second="outputs")
RegisterGradient("Selu")(lambda op, grad: raw_ops.SeluGrad(grad, op.outputs[0]))


@RegisterGradient("SeluGrad")
def _selu_grad_grad(op, grad):
    y = op.inputs[1]
    return raw_ops.SeluGrad(grad, y), tf.where(y < 0.0, grad * op.inputs[0], tf.zeros_like(y))


@tf_export("nn.selu")
def selu(features, name=None):
    """Scaled exponential unit: keeps mean 0 and variance 1 through layers."""
    return raw_ops.Selu(features, name=name)


# ---------------------------------------------------------------- smooth ones

_register("Softplus", _FLOAT)
RegisterGradient("Softplus")(lambda op, grad: grad * tf.sigmoid(op.inputs[0]))


@RegisterGradient("SoftplusGrad")
def _softplus_grad_grad(op, grad):
    dy, x = op.inputs
    with control_dependencies([grad]):
        ddy = raw_ops.SoftplusGrad(grad, x)
        return ddy, grad * dy / (tf.exp(-x) + 2.0 + tf.exp(x))


@tf_export("math.softplus", "nn.softplus")
def softplus(features, name=None):
    """`log(exp(features) + 1)`, without overflow."""
    return raw_ops.Softplus(features, name=name)


_register("Softsign", _FLOAT)
RegisterGradient("Softsign")(lambda op, grad: raw_ops.SoftsignGrad(grad, op.inputs[0]))


@RegisterGradient("SoftsignGrad")
def _softsign_grad_grad(op, grad):
    dy, x = op.inputs
    grown = 1.0 + tf.abs(x)
    return raw_ops.SoftsignGrad(grad, x), -2.0 * grad * dy * tf.sign(x) / (grown * grown * grown)


@tf_export("math.softsign", "nn.softsign")
def softsign(features, name=None):
    """`features / (abs(features) + 1)`."""
    return raw_ops.Softsign(features, name=name)


@tf_export("nn.swish")
@custom_gradient
def swish(features):
    """`features * sigmoid(features)`; the gradient computes the sigmoid anew instead of keeping it."""
    features = convert_to_tensor(features, name="features")

    def grad(dy):
        with control_dependencies([dy]):
            sigmoid = tf.sigmoid(features)
        return dy * (sigmoid * (1.0 + features * (1.0 - sigmoid)))

    return features * tf.sigmoid(features), grad


# ---------------------------------------------------------------- whole layers


def _affine_inputs(x, weights, biases):
    return (convert_to_tensor(x, name="x"), convert_to_tensor(weights, name="weights"),
            convert_to_tensor(biases, name="biases"))


@tf_export("nn.relu_layer")
def relu_layer(x, weights, biases, name=None):
    """`relu(matmul(x, weights) + biases)` of a [batch, in] tensor."""
    with name_scope(name, "relu_layer", [x, weights, biases]) as scope:
        x, weights, biases = _affine_inputs(x, weights, biases)
        return relu(_bias_add(tf.matmul(x, weights), biases), name=scope)


@tf_export("nn.xw_plus_b")
def xw_plus_b(x, weights, biases, name=None):
    """`matmul(x, weights) + biases` of a [batch, in] tensor."""
    with name_scope(name, "xw_plus_b", [x, weights, biases]) as scope:
        x, weights, biases = _affine_inputs(x, weights, biases)
        return _bias_add(tf.matmul(x, weights), biases, name=scope)


def _bias_add(value, bias, name=None):
    from graphflow.ops.bias import bias_add

    return bias_add(value, bias, name=name)
