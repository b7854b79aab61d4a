"""Sample rows of `graphflow/ops/trigonometry.py`."""

import numpy as np

from tests.ops.harness import Sample, fixed, normal, sample_tests, unit

FLOATS = "float16 bfloat16 float32 float64 complex64 complex128"
ABOVE_ONE = fixed(np.array([[1.2, 1.5, 2.0], [2.5, 3.0, 4.0]]))


def row(op, generator, oracle):
    """One function, differentiable twice."""
    return Sample(op, [generator], oracle, dtypes=FLOATS, grad=(0,), second=True)


test_samples = sample_tests([
    row("Tan", unit(2, 3), np.tan),
    row("Asin", unit(2, 3), np.arcsin),
    row("Acos", unit(2, 3), np.arccos),
    row("Atan", normal(2, 3), np.arctan),
    row("Sinh", normal(2, 3), np.sinh),
    row("Cosh", normal(2, 3), np.cosh),
    row("Asinh", normal(2, 3), np.arcsinh),
    row("Acosh", ABOVE_ONE, np.arccosh),
    row("Atanh", unit(2, 3), np.arctanh),
    Sample("Atan", [normal(2, 3)], lambda x: np.trunc(np.arctan(x)).astype(x.dtype),
           dtypes="int32 int64", id="integers"),
])
