"""Elementwise ops on zeros of both signs, infinities and NaN, as one program for GraphFlow and TensorFlow.

`results(tf, dtype)` runs it on either module. `tools/golden/record_special_values.py` keeps TensorFlow's answers in
`tests/golden/special_values.npz`; `test_special_values.py` compares.
"""

import inspect

import numpy as np

VALUES = [0.0, -0.0, 0.5, -0.5, 1.0, -1.0, 2.0, -2.5, 6.0, 7.5, np.inf, -np.inf, np.nan]
UNARY = ("Abs Neg Sign Square Sqrt Rsqrt Reciprocal Inv Exp Expm1 Log Log1p Tanh Sigmoid Floor Ceil Rint Round Sin Cos "
         "Relu Relu6 Elu Selu Softplus Softsign LeakyRelu IsNan IsInf IsFinite").split()
BINARY = ("Add AddV2 Sub Mul Div RealDiv DivNoNan FloorDiv FloorMod Pow Maximum Minimum SquaredDifference Equal "
          "NotEqual Less LessEqual Greater GreaterEqual ReluGrad Relu6Grad EluGrad SeluGrad LeakyReluGrad SoftplusGrad "
          "TanhGrad SigmoidGrad SqrtGrad ReciprocalGrad InvGrad").split()
POWERS = (0.5, -0.5, 0.0, 1.0, 2.0, -1.0, 3.0)


def inputs(ops, dtype, values=VALUES):
    """The arrays that `ops` are tried with: all values, or all pairs of them."""
    x = np.array(values, dtype)
    return [x] if ops is UNARY else [np.repeat(x, len(x)), np.tile(x, len(x))]


def results(tf, dtype):
    """{"Op dtype": values} of all of them."""
    found = {}
    with tf.Graph().as_default(), tf.Session() as sess:
        for ops in UNARY, BINARY:
            arrays = inputs(ops, dtype)
            feeds = [tf.placeholder(dtype, array.shape) for array in arrays]
            functions = {f"{op} {dtype}": getattr(tf.raw_ops, op) for op in ops}
            ys = {name: function(**dict(zip(inspect.signature(function).parameters, feeds)))
                  for name, function in functions.items()}
            found.update(sess.run(ys, dict(zip(feeds, arrays))))
        # Fed, because TensorFlow's optimizer takes the root for the power 0.5, which of -inf is another.
        x, power = tf.placeholder(dtype, [len(VALUES)]), tf.placeholder(dtype, [])
        y = tf.pow(x, power)
        for number in POWERS:
            found[f"Pow {number} {dtype}"] = sess.run(y, {x: VALUES, power: number})
    return found
