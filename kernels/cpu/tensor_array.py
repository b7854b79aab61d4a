"""Elements of TensorArrays, in bodies that are given the array, or make it. Holds no state.

A `Head` word stands for what `kernels/reference/tensor_store.py` says of the array once a run has it. Where a
kernel fails, the reference kernel says how: nothing was changed.
"""

from math import prod

from graphflow.framework.shapes import is_full

from ..registry import Head, In, Native, Out, cpu
from . import native
from .copying import item_size
from .elementwise import NUMBERS

_CODE = str(native.INDEX_OUT_OF_RANGE)


@cpu.kernel("TensorArrayV3")
def tensor_array(ctx):
    """The array is made anew before (`renewal`)."""
    return Native(native.function("tensor_array.begin_flow"), [Out(1)])


def renewal(known):
    """The Native of a step that makes arrays anew, whose handles are its inputs.

    `known`: for each, whether the shape of its elements is known from the start (1), or never (-1).
    """
    words = [word for number, flag in enumerate(known) for word in (Head(number), int(flag))]
    return Native(native.function("tensor_array.renew"), [len(known), *words])


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


@cpu.kernel("TensorArrayGatherV3")
def tensor_array_gather(ctx):
    indices = ctx.input_shapes[1]
    if item_size(ctx.output_dtypes[0]) is None or len(indices) != 1:
        return None
    is_known = is_full(ctx.attr("element_shape"))
    if indices == (0,) and not is_known:
        return None     # may be an error
    words = [0, 0, Head(0), In(1), *indices, Out(0), int(is_known)]
    return Native(native.function("tensor_array.gather", _CODE), words)


@cpu.kernel("TensorArrayScatterV3", T=NUMBERS)
def tensor_array_scatter(ctx):
    indices, shape = ctx.input_shapes[1:3]
    if len(indices) != 1 or shape[:1] != indices:
        return None
    code = native.function("tensor_array.scatter", ctx.input_dtypes[2].name, _CODE)
    return Native(code, [0, 0, Head(0), In(1), *indices, In(2), prod(shape[1:]), In(3), Out(0)])
