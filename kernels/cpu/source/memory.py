"""What kernels may do with memory: typed loads and stores by address. Holds no state.

`load` and `store` carry a promise: an input that shares memory with an output is that very output
(an op done in place), element for element. So LLVM vectorises without run-time overlap checks,
which would send every in-place op down the scalar path. Memory that a kernel both writes and reads
again is accessed with `peek` and `poke`, which promise nothing.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

TYPES = {
    "float32": types.float32, "float64": types.float64, "bool": types.uint8,
    "int8": types.int8, "int16": types.int16, "int32": types.int32, "int64": types.int64,
    "uint8": types.uint8, "uint16": types.uint16, "uint32": types.uint32, "uint64": types.uint64,
}


def _mark(module, instruction, mine, other):
    domain = module.add_metadata([ir.MetaDataString(module, "graphflow")])

    def scope(name):
        return module.add_metadata(
            [module.add_metadata([ir.MetaDataString(module, name), domain])])

    instruction.set_metadata("alias.scope", scope(mine))
    instruction.set_metadata("noalias", scope(other))


def _element(context, builder, address, index, dtype):
    pointer = builder.inttoptr(address, context.get_data_type(dtype).as_pointer())
    return builder.gep(pointer, [index])


@intrinsic
def load(typing, address, index, dtype):
    """Element `index` of the input array at `address`."""
    element = dtype.dtype

    def generate(context, builder, signature, arguments):
        value = builder.load(_element(context, builder, arguments[0], arguments[1], element))
        value.align = max(1, element.bitwidth // 8)
        _mark(builder.module, value, "inputs", "outputs")
        return value

    return element(types.int64, types.int64, dtype), generate


@intrinsic
def store(typing, address, index, value):
    """Writes element `index` of the output array at `address`; its type is `value`'s."""
    def generate(context, builder, signature, arguments):
        done = builder.store(
            arguments[2], _element(context, builder, arguments[0], arguments[1], value))
        done.align = max(1, value.bitwidth // 8)
        _mark(builder.module, done, "outputs", "inputs")
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, value), generate


@intrinsic
def peek(typing, address, index, dtype):
    """Element `index` at `address`, of memory that may have been written by this kernel."""
    element = dtype.dtype

    def generate(context, builder, signature, arguments):
        return builder.load(_element(context, builder, arguments[0], arguments[1], element))

    return element(types.int64, types.int64, dtype), generate


@intrinsic
def poke(typing, address, index, value):
    """Writes an element of memory that this kernel reads again."""
    def generate(context, builder, signature, arguments):
        builder.store(arguments[2], _element(context, builder, arguments[0], arguments[1], value))
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, value), generate


@intrinsic
def as_double(typing, word):
    """The double whose bits are `word` (a block's F64)."""
    def generate(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], ir.DoubleType())

    return types.float64(types.int64), generate


@intrinsic
def address_of(typing, pointer):
    """The address of a block."""
    def generate(context, builder, signature, arguments):
        return builder.ptrtoint(arguments[0], ir.IntType(64))

    return types.int64(pointer), generate


@intrinsic
def call_kernel(typing, function, block):
    """Calls the native function at address `function` with the block at address `block`."""
    def generate(context, builder, signature, arguments):
        words = ir.IntType(64).as_pointer()
        kind = ir.FunctionType(ir.IntType(32), [words]).as_pointer()
        return builder.call(builder.inttoptr(arguments[0], kind),
                            [builder.inttoptr(arguments[1], words)])

    return types.int32(types.int64, types.int64), generate


@intrinsic
def poll(typing, address):
    """An int64 that another thread may write (an atomic load, relaxed)."""
    def generate(context, builder, signature, arguments):
        pointer = builder.inttoptr(arguments[0], ir.IntType(64).as_pointer())
        return builder.load_atomic(pointer, "monotonic", 8)

    return types.int64(types.int64), generate


@intrinsic
def copy(typing, target, source, nbytes):
    """Copies `nbytes` from `source` to `target`; the two do not overlap."""
    def generate(context, builder, signature, arguments):
        byte = ir.IntType(8).as_pointer()
        cgutils.raw_memcpy(builder, builder.inttoptr(arguments[0], byte),
                           builder.inttoptr(arguments[1], byte), arguments[2], 1)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64), generate
