"""Elementwise device code: any number of ops, operands and results in one pass.

A program is text, as for the cpu. Operands "float32:d" (dense: one value per element), "float32:s"
(one value for all), "float32:b" (broadcast, by strides) or "float32:p" (a number), joined by ",".
Steps "Mul 0 1;Exp 2;Cast:int32 3", each naming its arguments by position: operands first, then
earlier steps; "#0.5" is a constant. Results: positions, "3,2". State: the programs made so far.
"""

import functools

import numpy as np
from numba import cuda

from .scalar_math import cast, rounded, scalar

_COMPARISONS = frozenset(
    ["Equal", "NotEqual", "Less", "LessEqual", "Greater", "GreaterEqual"])
_INDENT = " " * 8


def _index_lines(forms, rank):
    """Code that finds where the element `i` is in every broadcast operand, and its parameters."""
    positions = [k for k, form in enumerate(forms) if form == "b"]
    if not positions:
        return [], []
    parameters = [f"n{axis}" for axis in range(1, rank)]
    parameters += [f"s{k}_{axis}" for k in positions for axis in range(rank)]
    lines = ["rest = i"]
    lines += [f"at{k} = 0" for k in positions]
    for axis in range(rank - 1, -1, -1):
        # What is left when the outermost dimension is reached is the index in it.
        digit = f"rest % n{axis}" if axis else "rest"
        lines.append(f"j = {digit}")
        lines += [f"at{k} += j * s{k}_{axis}" for k in positions]
        if axis:
            lines.append(f"rest //= n{axis}")
    return lines, parameters


def _step_lines(steps, kinds, names):
    """Code of the steps. Adds their dtypes to `kinds` and what they call to `names`."""
    lines = []
    steps = steps.split(";")
    for step in steps:
        op, *arguments = step.split(" ")
        like = [kinds[int(a)] for a in arguments if not a.startswith("#")][-1]
        here = len(kinds)
        texts = []
        for number, argument in enumerate(arguments):
            if argument.startswith("#"):
                names[f"c{here}_{number}"] = np.dtype(like).type(float(argument[1:]))
                texts.append(f"c{here}_{number}")
            else:
                texts.append(f"v{argument}")
        if op.startswith("Cast:"):
            kinds.append(op[5:])
            value = texts[0]
        else:
            kinds.append("bool" if op in _COMPARISONS else like)
            names[f"f{here}"] = scalar(op, like)
            value = f"f{here}({', '.join(texts)})"
        if kinds[-1] != "bool" or op.startswith("Cast:"):
            # Device code computes integers wider than they are: every step ends in its own dtype.
            names[f"to_{kinds[-1]}"] = cast(kinds[-1])
            value = f"to_{kinds[-1]}({value})"
        if kinds[-1].startswith("float") and len(steps) > 1:
            names[f"rounded_{kinds[-1]}"] = rounded(kinds[-1])
            value = f"rounded_{kinds[-1]}({value})"
        lines.append(f"v{here} = {value}")
    return lines


@functools.cache
def program(operands, steps, results, rank):
    """The kernel of a program over `rank` dimensions.

    Arguments: number of elements; results; operands; sizes of all dimensions but the first, if any
    operand is broadcast; the strides of each operand that is.
    """
    kinds, forms = map(list, zip(*(text.split(":") for text in operands.split(",")), strict=True))
    wanted = results.split(",")
    names = {"cuda": cuda}
    index, layout = _index_lines(forms, rank)
    places = {"d": "[i]", "s": "[0]", "p": ""}
    loads = [f"v{k} = x{k}{places.get(form, f'[at{k}]')}" for k, form in enumerate(forms)]
    body = [*index, *loads, *_step_lines(steps, kinds, names)]
    body += [f"out{k}[i] = v{position}" for k, position in enumerate(wanted)]
    parameters = ["count", *(f"out{k}" for k in range(len(wanted))),
                  *(f"x{k}" for k in range(len(forms))), *layout]
    source = "\n".join([
        f"def kernel({', '.join(parameters)}):",
        "    for i in range(cuda.grid(1), count, cuda.gridsize(1)):",
        *(_INDENT + line for line in body)])
    exec(compile(source, f"<cuda program {steps}>", "exec"), names)  # noqa: S102 - our own text
    return cuda.jit(names["kernel"])
