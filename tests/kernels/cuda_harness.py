"""Runs single cuda kernels on NumPy arrays, in Numba's simulator or on a device. Holds no state."""

import contextlib
import os
import sys

import numpy as np

from graphflow.framework import dtypes
from graphflow.framework.kernel_loader import kernels

registry = kernels("registry")
SIMULATED = os.environ.get("NUMBA_ENABLE_CUDASIM") == "1"
_SPARE = 3      # elements after a result's end that must stay as they are


def available():
    """Whether cuda kernels can run in this process: in the simulator, or on a device."""
    from numba import cuda
    return cuda.is_available()


@contextlib.contextmanager
def small_blocks(monkeypatch):
    """Makes blocks small in the simulator, where every thread is a thread of Python."""
    if not SIMULATED:
        yield
        return
    launch = kernels("cuda.launch")
    monkeypatch.setattr(launch, "WARP", 4)
    monkeypatch.setattr(launch, "MAX_THREADS", 8)
    monkeypatch.setattr(kernels("cuda.matmul"), "_SMALL_TILE", 3)
    # The simulator waits for its threads without pausing: they must not wait for their turn long.
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(interval)


def _settle_globals():
    """Gives the kernels' modules the variable that Python adds to them with their first warning.

    The simulator's threads walk through these dictionaries, which must not grow meanwhile.
    """
    for name, module in list(sys.modules.items()):
        if name.startswith("graphflow.kernels"):
            vars(module).setdefault("__warningregistry__", {})


def execute(run, inputs, outputs):
    """What a bound kernel computes: `outputs` are (shape, dtype) pairs; returns arrays.

    Results hold garbage before, and what stands behind them in memory must not change.
    """
    from numba import cuda
    if SIMULATED:
        _settle_globals()
    arrays = [cuda.to_device(np.ascontiguousarray(a).reshape(-1)) for a in inputs]
    results = [cuda.to_device(np.full(np.prod(shape, dtype=int) + _SPARE, 77).astype(dtype))
               for shape, dtype in outputs]
    run(*arrays, *(r[:r.size - _SPARE] for r in results))
    host = [r.copy_to_host() for r in results]
    for array in host:
        assert (array[-_SPARE:] == np.full(_SPARE, 77).astype(array.dtype)).all(), "past the end"
    return [a[:-_SPARE].reshape(shape) for a, (shape, _) in zip(host, outputs, strict=True)]


def context(op, attrs, inputs, outputs, constants=()):
    """A KernelContext for arrays; `outputs` are (shape, dtype name) pairs."""
    return registry.KernelContext(
        op, op, attrs, [dtypes.as_dtype(a.dtype) for a in inputs],
        [dtypes.as_dtype(d) for _, d in outputs], [a.shape for a in inputs],
        [tuple(s) for s, _ in outputs],
        input_values=[a if i in constants else None for i, a in enumerate(inputs)])


def bind(family, op, inputs, outputs, attrs, constants=()):
    """The bound cuda kernel of `op`, or None."""
    maker = registry.cuda.find(op, family, attrs)
    return maker and maker(context(op, attrs, inputs, outputs, constants))


def compare(family, op, inputs, constants=(), tolerance=1e-5, **attrs):
    """Requires of `op`'s cuda kernel what its reference kernel gives, and returns that.

    dtype attributes T, SrcT and DstT are given by name; T is the last input's if left out.
    """
    inputs = [np.asarray(a) for a in inputs]
    names = {"T": inputs[0 if op != "Select" else -1].dtype.name, "incompatible_shape_error": True,
             "keep_dims": False, "Truncate": False, **attrs}
    attrs = {k: dtypes.as_dtype(v) if k in ("T", "SrcT", "DstT") else v for k, v in names.items()}
    dtype = attrs.get("DstT", attrs["T"]).name
    maker = registry.reference.find(op, family, attrs)
    expected = maker(context(op, attrs, inputs, [((), dtype)] * 2))(*inputs)
    expected = [np.asarray(e) for e in (expected if isinstance(expected, tuple) else (expected,))]
    outputs = [(e.shape, e.dtype.name) for e in expected]
    run = bind(family, op, inputs, outputs, attrs, constants)
    assert run is not None, f"no cuda kernel for {op} of {names['T']}"
    for result, value in zip(execute(run, inputs, outputs), expected, strict=True):
        if value.dtype.kind == "f":
            np.testing.assert_allclose(result, value, rtol=tolerance, atol=tolerance)
        else:
            np.testing.assert_array_equal(result, value)
    return expected
