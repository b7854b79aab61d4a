"""Runs single cuda kernels on NumPy arrays, in Numba's simulator or on a device. Holds no state."""

import numpy as np

from graphflow.framework import dtypes
from graphflow.framework.kernel_loader import kernels

registry = kernels("registry")


def available():
    """Whether cuda kernels can run in this process: a device, or NUMBA_ENABLE_CUDASIM=1."""
    from numba import cuda
    return cuda.is_available()


def execute(run, inputs, outputs):
    """What a bound kernel computes: `outputs` are (shape, dtype) pairs; returns arrays.

    Results begin as garbage, and their memory is longer than they are: both must not matter.
    """
    from numba import cuda
    arrays = [cuda.to_device(np.ascontiguousarray(a).reshape(-1)) for a in inputs]
    results = [cuda.to_device(np.full(np.prod(shape, dtype=int) + 3, 77).astype(dtype))
               for shape, dtype in outputs]
    with np.errstate(all="ignore"):
        run(*arrays, *(r[:r.size - 3] for r in results))
    host = [r.copy_to_host() for r in results]
    for array in host:
        assert (array[-3:] == np.full(3, 77).astype(array.dtype)).all(), "written past the end"
    return [a[:-3].reshape(shape) for a, (shape, _) in zip(host, outputs, strict=True)]


def context(op, attrs, inputs, outputs, constants=()):
    """A KernelContext for arrays; `outputs` are (shape, dtype name) pairs."""
    return registry.KernelContext(
        op, op, attrs, [dtypes.as_dtype(a.dtype) for a in inputs],
        [dtypes.as_dtype(d) for _, d in outputs], [a.shape for a in inputs],
        [tuple(s) for s, _ in outputs],
        input_values=[a if i in constants else None for i, a in enumerate(inputs)])


def compare(family, op, inputs, attrs=None, constants=(), rtol=1e-5, atol=1e-6):
    """Runs `op` by its reference and by its cuda kernel, and requires equal results."""
    attrs = {k: dtypes.as_dtype(v) if k in ("T", "SrcT", "DstT") else v
             for k, v in (attrs or {}).items()}
    inputs = [np.asarray(a) for a in inputs]
    reference = registry.reference.find(op, family, attrs)
    out_dtypes = [attrs["DstT"].name if "DstT" in attrs else inputs[0].dtype.name] * 2
    expected = reference(context(op, attrs, inputs, [((), d) for d in out_dtypes]))(*inputs)
    expected = [np.asarray(e) for e in (expected if isinstance(expected, tuple) else (expected,))]
    outputs = [(e.shape, e.dtype.name) for e in expected]
    maker = registry.cuda.find(op, family, attrs)
    assert maker is not None, f"no cuda kernel for {op}"
    run = maker(context(op, attrs, inputs, outputs, constants))
    assert run is not None, f"the cuda kernel of {op} refuses its inputs"
    results = execute(run, inputs, outputs)
    for result, value in zip(results, expected, strict=True):
        if value.dtype.kind == "f":
            np.testing.assert_allclose(result, value, rtol=rtol, atol=atol)
        else:
            np.testing.assert_array_equal(result, value)
    return results
