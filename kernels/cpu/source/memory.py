"""For kernels that Numba compiles: typed loads and stores by address. Holds no state.

The way to write a kernel whose control flow is its difficulty; loops over numbers are shorter to
compile as `values.py` writes them. `load` and `store` make that module's promise; memory that a
kernel reads again after writing it is accessed with `peek` and `store`.
"""

from numba import types
from numba.extending import intrinsic

from .values import BYTES, mark_input, mark_output

TYPES = {name: getattr(types, "uint8" if name == "bool" else name) for name in BYTES}


def _element(context, builder, address, position, kind):
    pointer = builder.inttoptr(address, context.get_data_type(kind).as_pointer())
    return builder.gep(pointer, [position])


def _load(builder, place, kind, mark):
    value = builder.load(place, align=kind.bitwidth // 8)
    if mark:
        mark_input(builder.module, value)
    return value


@intrinsic
def load(typing, address, position, kind):
    """Element `position` of the input array at `address`; `kind` is a Numba type."""
    element = kind.dtype

    def generate(context, builder, signature, arguments):
        return _load(builder, _element(context, builder, *arguments[:2], element), element, True)

    return element(types.int64, types.int64, kind), generate


@intrinsic
def peek(typing, address, position, kind):
    """Element `position` at `address`, of memory that this kernel may have written."""
    element = kind.dtype

    def generate(context, builder, signature, arguments):
        return _load(builder, _element(context, builder, *arguments[:2], element), element, False)

    return element(types.int64, types.int64, kind), generate


@intrinsic
def store(typing, address, position, value):
    """Writes element `position` of the output array at `address`; its type is `value`'s."""
    def generate(context, builder, signature, arguments):
        place = _element(context, builder, *arguments[:2], value)
        mark_output(builder.module,
                    builder.store(arguments[2], place, align=value.bitwidth // 8))
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, value), generate


@intrinsic
def float_of_bits(typing, bits):
    """The float whose bits an int32 or int64 has, like a double in a block."""
    kind = {32: types.float32, 64: types.float64}[bits.bitwidth]

    def generate(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], context.get_data_type(kind))

    return kind(bits), generate
