"""The checks that follow from a sample row (see `harness.py`)."""

import ctypes
import itertools

import numpy as np
import pytest

import graphflow as tf
from graphflow.framework import dtypes, shapes
from graphflow.framework.kernel_loader import kernels
from tests.kernels import cuda_harness
from tests.ops.evaluate import Evaluator, context, reference

ALL_DTYPES = ("float16", "float32", "float64", "bfloat16", "int8", "int16", "int32", "int64",
              "uint8", "uint16", "uint32", "uint64", "bool", "complex64", "complex128", "string")


def checks_for(sample):
    """(check, dtype, marks) for every check that applies to the row."""
    first = sample.dtypes[0]
    for dtype in sample.dtypes:
        if sample.oracle is not None:
            yield check_reference, dtype, ()
            if sample.session and not sample.writes:
                yield check_session, dtype, ()
        if sample.op_type and sample.cpu and not sample.writes:
            # Compiling takes a moment per dtype: one of them in the fast suite.
            fast = dtype == ("float32" if "float32" in sample.dtypes else first)
            yield check_cpu_kernel, dtype, () if fast else (pytest.mark.slow,)
            if cuda_harness.SIMULATED:
                yield check_cuda_kernel, dtype, ()
    yield check_shapes, first, ()
    yield check_graph_def, first, ()
    if sample.grad is not None:
        dtype = "float64" if "float64" in sample.dtypes else first
        yield check_gradient, dtype, ()
        if sample.second:
            yield check_second_gradient, dtype, ()
    if sample.op_type:
        yield check_other_dtypes, first, ()


def assert_close(sample, actual, expected, what=""):
    """Equality: exact for integers, within the row's tolerance for floats."""
    actual, expected = np.asarray(actual), np.asarray(expected)
    assert actual.shape == expected.shape, f"{what} has shape {actual.shape}, not {expected.shape}"
    name = actual.dtype.name
    if actual.dtype.kind in "biuO":
        np.testing.assert_array_equal(actual, expected, err_msg=what)
        return
    wide = np.complex128 if actual.dtype.kind == "c" else np.float64
    tolerance = sample.tolerance(name)
    np.testing.assert_allclose(actual.astype(wide), expected.astype(wide), rtol=tolerance,
                               atol=tolerance, err_msg=what)


def _built(sample, dtype):
    arrays = sample.arrays(dtype)
    with tf.Graph().as_default():
        tensors = sample.placeholders(arrays)
        outputs, op = sample.build(tensors, dtype)
    return arrays, tensors, outputs, op


def _run_reference(sample, dtype):
    """Outputs by the reference kernels; a single op is run by its kernel alone."""
    arrays, tensors, outputs, op = _built(sample, dtype)
    if sample.op_type:
        return arrays, op, reference(op, arrays)
    return arrays, op, Evaluator(outputs)(dict(zip(tensors, arrays)))


def check_reference(sample, dtype):
    """The reference kernel agrees with the oracle, in dtype too, and leaves its inputs alone."""
    before = sample.arrays(dtype)
    arrays, op, results = _run_reference(sample, dtype)
    for i, (array, copy) in enumerate(zip(arrays, before)):
        np.testing.assert_array_equal(array, copy, err_msg=f"input {i} was changed")
    expected = sample.expected(before)
    assert len(results) == len(expected), f"{len(results)} outputs, expected {len(expected)}"
    if sample.op_type and not sample.writes:
        for i, (result, tensor) in enumerate(zip(results, op.outputs)):
            wanted = np.dtype(tensor.dtype.base_dtype.as_numpy_dtype)
            assert np.asarray(result).dtype == wanted, (
                f"output {i} is {np.asarray(result).dtype}, not {wanted}")
    for i, (result, value) in enumerate(zip(results, expected)):
        assert_close(sample, result, value, f"output {i}")


def check_session(sample, dtype):
    """A session gives what the oracle says."""
    arrays, tensors, outputs, _ = _built(sample, dtype)
    feeds = {t: a for t, a in zip(tensors, arrays) if t.op.type == "Placeholder"}
    with tf.Session(graph=outputs[0].graph) as session:
        results = session.run(outputs, feeds)
    for i, (result, value) in enumerate(zip(results, sample.expected(arrays))):
        assert np.asarray(result).dtype == np.dtype(outputs[i].dtype.base_dtype.as_numpy_dtype)
        assert_close(sample, result, value, f"output {i}")


def check_shapes(sample, dtype):
    """Static shapes are right, whatever part of the inputs' shapes is known."""
    arrays, op, results = _run_reference(sample, dtype)
    actual = [np.shape(r) for r in results]
    with tf.Graph().as_default():
        outputs, op = sample.build(sample.placeholders(arrays), dtype)
        if sample.writes:
            actual = actual[:len(outputs)]
        exact = sample.exact_shape
        if exact is None:
            exact = sample.op_type is not None and not op.op_def.allocates
        if exact:
            assert [t._shape for t in outputs] == actual
        for known in _partly_known([a.shape for a in arrays]):
            for constants in (True, False):
                outputs, _ = sample.build(sample.placeholders(arrays, known, constants), dtype)
                for tensor, shape in zip(outputs, actual):
                    assert shapes.compatible(tensor._shape, shape), (
                        f"inputs {known} give {tensor.shape}, but the result has {shape}")


def _partly_known(full):
    """Variants of shapes: each size unknown, each rank unknown, all of them unknown."""
    yield full
    yield [None] * len(full)
    yield [(None,) * len(shape) for shape in full]
    for i, shape in enumerate(full):
        yield [*full[:i], None, *full[i + 1:]]
        for axis in range(len(shape)):
            hidden = (*shape[:axis], None, *shape[axis + 1:])
            yield [*full[:i], hidden, *full[i + 1:]]


class _Differentiable:
    """The row as a function of the inputs to differentiate, projected on random directions."""

    def __init__(self, sample, dtype):
        self.rng = np.random.default_rng(7)
        self.arrays = sample.arrays(dtype)
        self.wide = dtype == "float64"
        with tf.Graph().as_default() as self.graph:
            self.tensors = sample.placeholders(self.arrays)
            outputs, _ = sample.build(self.tensors, dtype)
            chosen = range(len(outputs)) if sample.grad_outputs is None else sample.grad_outputs
            self.ys = [outputs[i] for i in chosen if outputs[i].dtype.is_floating]
            self.xs = [self.tensors[i] for i in sample.grad]
            self.feeds = dict(zip(self.tensors, self.arrays))
            self.weights = [self.rng.standard_normal(v.shape).astype(v.dtype)
                            for v in Evaluator(self.ys)(self.feeds)]
            self.grads = tf.gradients(self.ys, self.xs, [tf.constant(w) for w in self.weights])
        self.directions = {x: self.rng.standard_normal(self.feeds[x].shape) for x in self.xs}

    def check(self, functions, weights, gradients):
        """The gradients of <weights, functions> along a direction, against central differences."""
        step = 1e-6 if self.wide else 1e-2
        evaluate = Evaluator(functions)
        values = []
        for sign in (1, -1):
            moved = {x: (self.feeds[x] + sign * step * d).astype(self.feeds[x].dtype)
                     for x, d in self.directions.items()}
            results = evaluate({**self.feeds, **moved})
            values.append(sum(float(np.vdot(w, r)) for w, r in zip(weights, results)))
        numeric = (values[0] - values[1]) / (2 * step)
        found = Evaluator(gradients)(self.feeds)
        for x, gradient in zip(self.xs, found):
            if gradient is not None:
                assert gradient.shape == self.feeds[x].shape, f"gradient {gradient.shape} of {x}"
                assert gradient.dtype == self.feeds[x].dtype
        exact = sum(float(np.vdot(g, self.directions[x])) for x, g in zip(self.xs, found)
                    if g is not None)
        scale = max(1.0, abs(numeric), max(map(abs, values)))
        assert abs(numeric - exact) <= (1e-6 if self.wide else 2e-2) * scale, (
            f"gradient along a direction: {exact}, by differences: {numeric}")


def check_gradient(sample, dtype):
    """The gradient agrees with central differences along a random direction."""
    row = _Differentiable(sample, dtype)
    assert any(g is not None for g in row.grads), "no input has a gradient"
    row.check(row.ys, row.weights, row.grads)


def check_second_gradient(sample, dtype):
    """The gradient of the gradient agrees with differences of the gradient."""
    row = _Differentiable(sample, dtype)
    with row.graph.as_default():
        first = [tf.convert_to_tensor(g) for g in row.grads if g is not None]
        weights = [row.rng.standard_normal(v.shape).astype(v.dtype)
                   for v in Evaluator(first)(row.feeds)]
        second = tf.gradients(first, row.xs, [tf.constant(w) for w in weights])
    row.check(first, weights, second)


def check_graph_def(sample, dtype):
    """Exported, serialised and imported again, the graph is the same."""
    op = _built(sample, dtype)[3]
    exported = op.graph.as_graph_def(add_shapes=True)
    parsed = tf.GraphDef.FromString(exported.SerializeToString())
    with tf.Graph().as_default() as again:
        tf.import_graph_def(parsed, name="")
    assert again.as_graph_def(add_shapes=True) == exported


def check_cpu_kernel(sample, dtype):
    """The compiled kernel, if there is one, agrees with the reference kernel."""
    arrays, _, _, op = _built(sample, dtype)
    maker = kernels("registry").cpu.find(op.type, op.op_def.family, op.attrs)
    if maker is None:
        return
    expected = [np.asarray(r) for r in reference(op, arrays)]
    kernel = maker(context(op, arrays, [r.shape for r in expected]))
    if kernel is None:
        return
    for i, (result, value) in enumerate(zip(run_native(kernel, arrays, expected), expected)):
        assert_close(sample, result, value, f"output {i}")


def run_native(kernel, arrays, expected):
    """Runs a Native kernel on fresh outputs shaped like `expected`."""
    tape = kernels("cpu.tape")
    inputs = [np.ascontiguousarray(a).reshape(a.shape) for a in arrays]
    outputs = [np.full(e.shape, 85, e.dtype) for e in expected]
    scratch = np.zeros(tape.scratch_bytes(kernel.words) + 64, np.uint8)
    start = -scratch.ctypes.data % 64
    block = tape.make_block(kernel.words, [a.ctypes.data for a in inputs],
                            [a.ctypes.data for a in outputs], scratch.ctypes.data + start)
    call = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p)(kernel.function.address)
    code = call(block.ctypes.data)
    assert code == 0, f"the compiled kernel failed with code {code}"
    return outputs


def check_cuda_kernel(sample, dtype):
    """The CUDA kernel, if there is one, agrees with the reference kernel in Numba's simulator."""
    arrays, _, _, op = _built(sample, dtype)
    maker = kernels("registry").cuda.find(op.type, op.op_def.family, op.attrs)
    if maker is None:
        pytest.skip("no cuda kernel")
    expected = [np.asarray(r) for r in reference(op, arrays)]
    with pytest.MonkeyPatch.context() as patch, cuda_harness.small_blocks(patch):
        run = maker(context(op, arrays, [r.shape for r in expected]))
        if run is None:
            pytest.skip("the cuda kernel leaves this to the reference kernel")
        results = cuda_harness.execute(run, arrays, [(e.shape, e.dtype) for e in expected])
    for i, (result, value) in enumerate(zip(results, expected)):
        assert_close(sample, result, value, f"output {i}")


def _free_type_attr(sample):
    """The type attribute that the row's cast inputs determine, if it is one and restricted."""
    found = {arg.type_attr for arg, generator in zip(sample._flat_args(), sample.flat)
             if generator.dtype is None}
    if len(found) != 1:
        return None
    attr = sample.op_def.attrs.get(found.pop())
    return attr if attr is not None and attr.allowed is not None else None


def check_other_dtypes(sample, dtype):
    """Dtypes that the op's definition does not list are refused with TypeError."""
    attr = _free_type_attr(sample)
    if attr is None:
        return
    claimed = {dtypes.as_dtype(name) for name in sample.dtypes}
    assert claimed <= attr.allowed, f"{claimed - attr.allowed} are not among the op's dtypes"
    refused = [name for name in ALL_DTYPES if dtypes.as_dtype(name) not in attr.allowed]
    with tf.Graph().as_default():
        for name in itertools.islice(refused, 8):
            arrays = sample.arrays(name)
            with pytest.raises(TypeError):
                sample.build(sample.placeholders(arrays), name)
