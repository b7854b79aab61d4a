"""Makers shared by the elementwise families. Registers nothing itself, holds no state."""

from math import prod

import numpy as np

from ..layout import Rows, View
from ..registry import F64, In, Out
from . import native, pool
from .vector_unit import SIZES, lanes_of

FLOATS = ("float32", "float64")
INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16")
NUMBERS = FLOATS + INTEGERS


_HEAVY = frozenset(("Exp", "Expm1", "Log", "Log1p", "Tanh", "Sigmoid", "Softplus", "SoftplusGrad",
                    "Erf", "Elu", "Selu", "Xlogy"))


_BY_VECTORS = _HEAVY | {"Sqrt"}
# Call the C library for one number at a time.
_SCALAR_ONLY = frozenset(("Sin", "Cos", "Tan", "Asin", "Acos", "Atan", "Sinh", "Cosh", "Asinh", "Acosh", "Atanh",
                          "Erfc", "Lgamma", "Digamma", "Pow", "Atan2", "Mod", "TruncateMod", "FloorMod"))
_COSTS = dict.fromkeys(_HEAVY | _SCALAR_ONLY, 3)
_CONDITIONS = frozenset(("Equal", "NotEqual", "Less", "LessEqual", "Greater", "GreaterEqual", "IsNan", "IsFinite",
                         "IsInf", "LogicalAnd", "LogicalOr", "LogicalNot"))
_FIXED_WORDS = 5            # of a program, before its results'
_MANY_ROWS = 64             # are divided rather than each of them
_STREAMED = 48 << 20        # bytes read and written: more than caches keep
_STREAMED_ROW = 4096        # elements of a row, at least


def _is_vectorisable(operands, steps, parameters):
    """Whether a program can be written on vectors: floats of one dtype, no call for one number at a time."""
    dtypes = {operand[1] for operand in operands} | {dtype for _, dtype in parameters}
    ops = [step.split(" ")[0] for step in steps]
    return (len(dtypes) == 1 and dtypes <= set(FLOATS) and _SCALAR_ONLY.isdisjoint(ops)
            and not any(op.startswith("Cast:") for op in ops) and not ("float64" in dtypes and "Erf" in ops))


def vectors(dtype, operands, steps, parameters):
    """Lanes of the vectors that a program is best written on, or 0: on numbers.

    That is for exp and its kin with AVX-512, which scales by powers of two in one instruction (exp of
    16,384 numbers: 5.1 and 3.4 µs), and for square roots in long programs (Adam's update of 200,704: 70 and 61).
    """
    lanes = lanes_of(dtype) if dtype in FLOATS else 0
    heavy = not _BY_VECTORS.isdisjoint(step.split(" ")[0] for step in steps)
    return lanes if heavy and lanes * SIZES[dtype] == 64 and _is_vectorisable(operands, steps, parameters) else 0


def _form(shape, operands, rows, steps, results, parameters):
    """How the loop of a program is written, see `source/elementwise.py`.

    As vectors where that pays, and to write large results past the caches, which else read what is to be
    overwritten (five operands of 16 MB: 4.9 and 3.6 ms).
    """
    count = len(operands) + len(parameters)
    dtype = (operands[0] if operands else parameters[0])[1]
    if not _is_vectorisable(operands, steps, parameters) or any(
            position >= count and steps[position - count].split(" ")[0] in _CONDITIONS for _, position, *_ in results):
        return "loop"
    traffic = prod(shape) * SIZES[dtype] * (rows.forms.count("v") + len(results))
    if len(results) == 1 and traffic >= _STREAMED and rows.length >= _STREAMED_ROW:
        return f"stream:{lanes_of(dtype)}"
    lanes = vectors(dtype, operands, steps, parameters)
    return f"vectors:{lanes}" if lanes else "loop"


def cost_of(steps):
    """What a program's steps cost for an element, in cheap ones: a step in registers is a third of one that
    reads and writes memory."""
    return max(1, sum(_COSTS.get(step.split(" ")[0], .3) for step in steps))


def kinds(operands, rows, parameters):
    """The template argument that says what the operands of a program are."""
    return ",".join([*(f"{dtype}:{form}{'+' if isinstance(shape, View) else ''}"
                       for (_, dtype, shape), form in zip(operands, rows.forms, strict=False)),
                     *(f"{dtype}:p" for _, dtype in parameters)])


def operand_words(operands, rows, parameters):
    """The words of a program's operands."""
    words = []
    for word, dtype, shape in operands:
        words += [word, _bytes_before(shape, dtype)] if isinstance(shape, View) else [word]
    return [*words, *(F64(number) for number, _ in parameters), *rows.table]


def _bytes_before(view, dtype):
    return view.offset * np.dtype(dtype).itemsize


def program(shape, operands, steps, results, parameters=(), threads=1):
    """Kernel of several elementwise ops in one loop over `shape`.

    `operands` are (argument word, dtype name, shape or View); `steps` like ["Mul 0 1", "Exp 2"], naming
    operands, then parameters, then earlier steps by position; `results` are (word, position), or (word,
    position, View, dtype name) for a part of an array; `parameters` are (number, dtype name). A result may
    share the memory of an operand of `shape` that it is computed from, if their dtypes have one size.

        program((8, 4), [(In(0), "float32", (8, 4)), (In(1), "float32", (4,))],
                ["Add 0 1", "Relu 2"], [(Out(0), 3)])
    """
    rows = Rows(shape, [operand[2] for operand in operands] + [view for _, _, *part in results for view in part[:1]])
    targets, places = [], []
    for word, position, *part in results:
        targets.append(f"{position}+" if part else str(position))
        places += [word, _bytes_before(*part)] if part else [word]
    code = native.function("elementwise.program", kinds(operands, rows, parameters), ";".join(steps),
                           ",".join(targets), _form(shape, operands, rows, steps, results, parameters))
    words = [0, rows.count if prod(shape) else 0, 0, rows.length, rows.length, *places,
             *operand_words(operands, rows, parameters)]
    cost = prod(shape) * max(cost_of(steps), (rows.forms.count("v") + len(results)) / 2)
    if rows.count > rows.length or rows.count >= _MANY_ROWS:
        return pool.split(code, words, 0, rows.count, cost, threads)
    return pool.split(code, words, 2, rows.length, cost, threads)


def may_share(native):
    """(number of an output, number of an input) pairs: the output may be made in the memory of that input, if
    both have as many elements of as many bytes. Not for what is a part of an array.
    """
    yield from native.in_place
    function, words = pool.first_part(native)
    if getattr(function, "template", None) != "elementwise.program":
        return
    operands, steps, results = (text.split(separator) for text, separator in zip(function.arguments, ",;,"))
    outs, at, numbers = [], _FIXED_WORDS, []
    for position in results:
        outs.append(words[at])
        at += 2 if position.endswith("+") else 1
    for form in operands:
        numbers.append(words[at].index if isinstance(words[at], In) else None)
        at += 2 if form.endswith("+") else 1
    needs = [{i} for i in range(len(operands))]
    for step in steps:
        names = [name for name in step.split(" ")[1:] if not name.startswith("#")]
        needs.append(set().union(*(needs[int(name)] for name in names)))
    for out, position in zip(outs, results, strict=True):
        for i in sorted(needs[int(position)]) if not position.endswith("+") else ():
            if operands[i].endswith(":v") and numbers.count(numbers[i]) == 1:
                yield out.index, numbers[i]


def op(ctx, *parameters, name=None):
    """Kernel of an elementwise op: the scalar function of its type (or `name`) over its inputs.

    `parameters` are numbers that follow the inputs.
    """
    operands = [(In(i), ctx.input_dtypes[i].name, ctx.input_shapes[i])
                for i in range(ctx.num_inputs)]
    dtype = ctx.input_dtypes[-1].name
    count = len(operands) + len(parameters)
    step = " ".join([name or ctx.op_type, *map(str, range(count))])
    return program(ctx.output_shapes[0], operands, [step], [(Out(0), count)],
                   [(number, dtype) for number in parameters], ctx.threads)
