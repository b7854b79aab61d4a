"""Reference kernel of `graphflow/ops/contraction.py`."""

import numpy as np

from ..registry import reference


@reference.kernel("Einsum")
def einsum(ctx):
    """NumPy's; a letter that the output repeats makes a diagonal."""
    inputs, _, output = ctx.attr("equation").decode().replace(" ", "").partition("->")
    once = "".join(dict.fromkeys(output.replace("...", "."))).replace(".", "...")

    def run(*arrays):
        result = np.einsum(f"{inputs}->{once}", *arrays, optimize=True)
        if once == output:
            return np.ascontiguousarray(result, arrays[0].dtype) if result.ndim else np.asarray(result, arrays[0].dtype)
        sizes = dict(zip(once.replace("...", ""), _letters(once, result.shape)))
        whole = np.zeros(_whole_shape(output, once, result.shape, sizes), arrays[0].dtype)
        np.einsum(f"{output}->{once}", whole)[...] = result
        return whole

    return run


def _letters(labels, shape):
    """The sizes of the letters of `labels` in `shape`."""
    before, dots, after = labels.partition("...")
    return shape[:len(before)] + (shape[len(shape) - len(after):] if dots else ())


def _whole_shape(output, once, shape, sizes):
    before, dots, after = once.partition("...")
    rest = shape[len(before):len(shape) - len(after)] if dots else ()
    return [d for axis in output.replace("...", ".") for d in (rest if axis == "." else (sizes[axis],))]
