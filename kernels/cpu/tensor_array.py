"""Elements of TensorArrays, in bodies that are given the array. Holds no state.

A `Head` word stands for what `kernels/reference/tensor_store.py` says of the array once a run has it. Where a
kernel fails, the reference kernel says how: nothing was changed.
"""

from math import prod

from ..registry import Head, In, Native, Out, cpu
from . import native
from .copying import item_size
from .elementwise import NUMBERS

_CODE = str(native.INDEX_OUT_OF_RANGE)


@cpu.kernel("TensorArrayGradV3")
def tensor_array_grad(ctx):
    """The array of gradients is there before the body runs."""
    return Native(native.function("tensor_array.pass_flow"), [Out(1), In(1)])


@cpu.kernel("TensorArrayReadV3")
def tensor_array_read(ctx):
    if item_size(ctx.output_dtypes[0]) is None:
        return None
    return Native(native.function("tensor_array.read", _CODE), [0, 0, Head(0), In(1), Out(0)])


@cpu.kernel("TensorArrayWriteV3", T=NUMBERS)
def tensor_array_write(ctx):
    code = native.function("tensor_array.write", ctx.input_dtypes[2].name, _CODE, str(native.PAUSED))
    return Native(code, [0, 0, Head(0), In(1), In(2), prod(ctx.input_shapes[2]), In(3), Out(0)])
