"""Runs single cpu kernels on NumPy arrays, the way the runtime's tape does. Holds no state."""

import numpy as np

from graphflow.framework import dtypes
from graphflow.framework.kernel_loader import kernels

registry = kernels("registry")
tape = kernels("cpu.tape")
native = kernels("cpu.native")


def aligned(nbytes):
    """An address of `nbytes` of memory and the array that owns it."""
    array = np.empty(nbytes // 8 + 1, np.int64)
    return array.ctypes.data, array


def bind(family, op, inputs, outputs, attrs=None, constants=(), threads=1):
    """The Native of `op` for arrays of these shapes, or None.

    `outputs` is a list of (shape, dtype name). dtype attributes may be given by name. `constants`
    names the inputs whose values the maker may know.
    """
    attrs = {k: dtypes.as_dtype(v) if k in ("T", "dtype", "SrcT", "DstT", "Tidx", "Tindices",
                                           "Tparams", "Tlabels", "out_type", "Tperm") else v
             for k, v in (attrs or {}).items()}
    maker = registry.cpu.find(op, family, attrs)
    if maker is None:
        return None
    context = registry.KernelContext(
        op, op, attrs, [dtypes.as_dtype(a.dtype) for a in inputs],
        [dtypes.as_dtype(d) for _, d in outputs], [a.shape for a in inputs],
        [tuple(s) for s, _ in outputs], threads=threads,
        input_values=[a if i in constants else None for i, a in enumerate(inputs)])
    return maker(context)


def execute(bound, inputs, outputs):
    """Runs a Native on dense arrays; returns (row that failed or -1, error code, its block)."""
    scratch, owner = aligned(tape.scratch_bytes(bound.words))
    block = tape.make_block(bound.words, [a.ctypes.data for a in inputs],
                            [a.ctypes.data for a in outputs], scratch)
    machine = tape.Tape([(bound.function.address, block)])
    failed = machine.run()
    del owner
    return failed, machine.code, block


def run(family, op, inputs, outputs, attrs=None, constants=(), threads=1):
    """Binds and runs `op`; returns its outputs. Fails where there is no cpu kernel."""
    inputs = [np.array(a, order="C") for a in inputs]
    bound = bind(family, op, inputs, outputs, attrs, constants, threads)
    assert bound is not None, f"no cpu kernel for {op}"
    results = [np.full(shape, 77).astype(dtypes.as_dtype(d).as_numpy_dtype)
               for shape, d in outputs]
    failed, code, _ = execute(bound, inputs, results)
    assert failed == -1, f"{op} failed with code {code}"
    return results[0] if len(results) == 1 else results
