"""Sample rows: one line per use of an op, from which many tests follow.

    from tests.ops.harness import Sample, normal, sample_tests

    SAMPLES = [
        Sample("MatMul", [normal(2, 3), normal(3, 4)], lambda a, b: a @ b,
               dtypes="float32 float64 int32", grad=(0, 1), second=True, id="plain"),
    ]
    test_samples = sample_tests(SAMPLES)

Per row: the reference kernel against the oracle (exact for integers) and the session against it;
static shapes, fully and partly known; gradients against differences, of first and second order; the
GraphDef round trip; compiled kernels against the reference; and refusal of other dtypes.
"""

import zlib

import numpy as np
import pytest

import graphflow as tf
from graphflow.framework import dtypes, raw_ops
from graphflow.framework.op_def import get_op_def
from graphflow.framework.operation import Operation
from graphflow.framework.tensor import Tensor
from tests.ops import sample_checks
from tests.ops.generators import (  # noqa: F401 - rows import them from here
    Generator,
    apart,
    as_generator,
    bools,
    fixed,
    ints,
    normal,
    positive,
    unit,
)

# Accuracy asked of a dtype, as a multiple of the row's `tol` and at least so much.
_TOLERANCE = {
    "float64": (1e-5, 1e-11), "complex128": (1e-5, 1e-11), "float32": (1, 0), "complex64": (1, 0),
    "float16": (1, 5e-3), "bfloat16": (1, 4e-2),
}


class Sample:
    """One use of an op.

    Args:
      op: op type, or a function of the inputs (tensors) and attributes that builds several ops.
      inputs: generators, arrays, or lists of them (for list inputs).
      oracle: function of the input arrays that gives the expected output or a tuple of them; the
        half-precision dtypes reach it as float32. None: only the other checks.
      attrs: attributes of the op, or a function from the dtype's name to them.
      dtypes: names of the dtypes that cast inputs are tried with.
      grad: positions of the inputs to differentiate, None for none. second: second order too.
      grad_outputs: positions of the outputs to differentiate (default: all of floats).
      tol: relative and absolute accuracy for float32; others follow (`tol64`: for float64).
      exact_shape: full input shapes determine the outputs' shapes.
      session, cpu: whether to run the row through a session, and the compiled kernel if any.
      id: tells apart the rows of one op.
    """

    def __init__(self, op, inputs, oracle, attrs=None, dtypes="float32 float64", grad=None,
                 second=False, tol=1e-5, tol64=None, exact_shape=None, session=True, cpu=True,
                 grad_outputs=None, id=""):
        self.op = op
        self.inputs = [[as_generator(v) for v in item] if _is_list(item) else as_generator(item)
                       for item in inputs]
        self.oracle = oracle
        self.attrs = attrs if callable(attrs) else lambda dtype: dict(attrs or {})
        self.dtypes = dtypes.split() if isinstance(dtypes, str) else list(dtypes)
        self.grad = grad
        self.second = second
        self.grad_outputs = grad_outputs
        self.tol = tol
        self.tol64 = tol64
        self.exact_shape = exact_shape
        self.session = session
        self.cpu = cpu
        self.id = id

    @property
    def op_type(self):
        """The op type, or None for rows of functions."""
        return self.op if isinstance(self.op, str) else None

    @property
    def op_def(self):
        """The op's definition, or None for rows of functions."""
        return get_op_def(self.op) if isinstance(self.op, str) else None

    @property
    def label(self):
        """Name of the row in test ids."""
        name = self.op_type or self.op.__name__
        return f"{name}-{self.id}" if self.id else name

    @property
    def flat(self):
        """The generators, lists flattened."""
        return [g for item in self.inputs for g in (item if isinstance(item, list) else [item])]

    def arrays(self, dtype):
        """The input arrays for a dtype's name, lists flattened."""
        seed = zlib.crc32(self.label.encode())
        return [g.make(dtype, seed + i) for i, g in enumerate(self.flat)]

    def nested(self, flat):
        """`flat` values in the structure of the inputs."""
        values = iter(flat)
        return [[next(values) for _ in item] if isinstance(item, list) else next(values)
                for item in self.inputs]

    def is_ref(self, position):
        """Whether input `position` must be a variable."""
        return self.op_def is not None and any(
            arg.is_ref and i == position for i, arg in enumerate(self._flat_args()))

    def _flat_args(self):
        for arg, item in zip(self.op_def.inputs, self.inputs):
            yield from [arg] * (len(item) if isinstance(item, list) else 1)

    @property
    def writes(self):
        """Whether the op writes variables."""
        return self.op_def is not None and bool(self.op_def.writes)

    def build(self, tensors, dtype):
        """Adds the row's ops; returns the flat list of output tensors, and the operation."""
        function = getattr(raw_ops, self.op) if isinstance(self.op, str) else self.op
        result = function(*self.nested(tensors), **self.attrs(dtype))
        if isinstance(result, Operation):
            return list(result.outputs), result
        outputs = _flatten(result)
        return outputs, outputs[0].op

    def placeholders(self, arrays, shapes=None, constants=True):
        """Tensors for the inputs: variables for refs, constants for kept ones, placeholders."""
        tensors = []
        for i, (generator, array) in enumerate(zip(self.flat, arrays)):
            shape = array.shape if shapes is None else shapes[i]
            if self.is_ref(i):
                tensors.append(raw_ops.VariableV2(shape=array.shape, dtype=array.dtype))
            elif constants and generator.dtype is not None:
                tensors.append(tf.constant(array))
            else:
                tensors.append(tf.placeholder(dtypes.as_dtype(array.dtype), shape))
        return tensors

    def expected(self, arrays):
        """What the oracle says, as a list of arrays."""
        half = ("float16", "bfloat16")
        wide = [a.astype(np.float32) if a.dtype.name in half else a for a in arrays]
        result = self.oracle(*self.nested(wide))
        return [np.asarray(r) for r in (result if isinstance(result, (tuple, list)) else [result])]

    def tolerance(self, dtype_name):
        """Accuracy for outputs of a dtype."""
        if dtype_name in ("float64", "complex128") and self.tol64 is not None:
            return self.tol64
        factor, least = _TOLERANCE.get(dtype_name, (0, 0))
        return max(self.tol * factor, least)


def _is_list(item):
    return isinstance(item, (list, tuple)) and bool(item) and any(
        isinstance(v, (Generator, np.ndarray)) for v in item)


def _flatten(result):
    if isinstance(result, Tensor):
        return [result]
    return [t for item in result for t in _flatten(item)]


def sample_tests(samples):
    """A parametrised test function with all checks of all `samples`."""
    samples = list(samples)
    cases = [case for sample in samples for case in _cases(sample)]

    @pytest.mark.parametrize(("check", "sample", "dtype"), cases)
    def test(check, sample, dtype):
        check(sample, dtype)

    test.samples = samples
    return test


def _cases(sample):
    for check, dtype, marks in sample_checks.checks_for(sample):
        name = f"{sample.label}-{check.__name__.removeprefix('check_')}-{dtype}"
        yield pytest.param(check, sample, dtype, id=name, marks=marks)
