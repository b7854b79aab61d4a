"""Linear forms of integers: `i + 8` is known but for a number of the run, and `i + 8 - i` is known.

The form of a tensor is an array of objects, a `Form` for each element. They tell the size of a slice that begins
where only the run will say, and, with bounds of what they are made of, that it lies within its tensor. Holds no state.
"""

import numpy as np

from graphflow.framework import dtypes

# Elements of what is looked into: sizes, positions and paddings of tensors have no more.
_MOST = 32
# How far back forms and bounds are looked for.
_DEPTH = 24
_BOUND_DEPTH = 4
# Numbers beyond this, or so many of them, may wrap around.
LIMIT = 1 << 27
MOST_TIMES = 4


class Form:
    """`constant` + the sum of `terms`: {(Value, flat position of an element in it): factor, not 0}."""

    __slots__ = ("constant", "terms")

    def __init__(self, constant, terms=None):
        self.constant = constant
        self.terms = terms or {}

    def __add__(self, other):
        terms = dict(self.terms)
        for place, factor in other.terms.items():
            terms[place] = terms.get(place, 0) + factor
        return Form(self.constant + other.constant, {k: f for k, f in terms.items() if f})

    def __neg__(self):
        return self.times(-1)

    def __sub__(self, other):
        return self + -other

    def __mul__(self, other):
        if self.terms and other.terms:
            raise _NotLinearError
        return self.times(other.constant) if self.terms else other.times(self.constant)

    def times(self, factor):
        """The form times an integer."""
        return Form(self.constant * factor, {k: f * factor for k, f in self.terms.items()} if factor else None)


class _NotLinearError(Exception):
    """A product of two numbers of the run."""


def forms(shaped, value):
    """The form of a value of a ShapedPlan: an array of its shape; None if that is not known, or for what is large."""
    return _forms(shaped, value, _DEPTH, {})


def _forms(shaped, value, depth, seen):
    if value not in seen:
        seen[value] = _found(shaped, value, depth, seen)
    return seen[value]


def _found(shaped, value, depth, seen):
    array, shape = shaped.constants.get(value), shaped.shape.get(value)
    if shape is None or value.dtype not in (dtypes.int32, dtypes.int64) or np.prod(shape, dtype=np.int64) > _MOST:
        return None
    if array is not None:
        return _filled(shape, [Form(int(number)) for number in array.flat])
    if value.node is not None and value.node.type in _RULES and depth:
        found = _made(shaped, value.node, depth, seen)
        if found is not None:
            return found.reshape(shape)
    return _filled(shape, [Form(0, {(value, i): 1}) for i in range(int(np.prod(shape)))])


def _filled(shape, elements):
    result = np.empty(len(elements), object)
    result[:] = elements
    return result.reshape(shape)


def _made(shaped, node, depth, seen):
    given = [_forms(shaped, v, depth - 1, seen) for v in node.inputs]
    if node.type in _RENAMING:
        given = given[:1]       # its shape is known by now
    if any(form is None for form in given):
        return None
    try:
        return np.asarray(_RULES[node.type](node, *given), object)
    except (_NotLinearError, ValueError, IndexError):
        return None     # no form, or inputs that do not fit: their kernel will say so


def _joined(node, *given):
    *parts, axis = given if node.type == "ConcatV2" else (*given[1:], given[0])
    return np.concatenate(parts, _number(axis))


def _number(form):
    """The integer that a form of one element is."""
    if form.size != 1 or form.item().terms:
        raise _NotLinearError
    return form.item().constant


_RENAMING = {"Identity", "Reshape", "ExpandDims", "Squeeze", "Cast"}
_RULES = {
    **dict.fromkeys(_RENAMING, lambda node, x: x),
    "Add": lambda node, x, y: x + y, "AddV2": lambda node, x, y: x + y, "Sub": lambda node, x, y: x - y,
    "Mul": lambda node, x, y: x * y, "Neg": lambda node, x: -x, "Concat": _joined, "ConcatV2": _joined,
    "Pack": lambda node, *parts: np.stack(parts, node.attrs["axis"]),
}


def difference(x, y):
    """x - y as an integer; None if that depends on the run."""
    rest = x - y
    return None if rest.terms else rest.constant


def bounds(shaped, form, depth=_BOUND_DEPTH):
    """(least, greatest) that a form can be, None each where it is not known."""
    low = high = form.constant
    for (value, _), factor in form.terms.items():
        ends = _bounds_of(shaped, value, depth)
        first, last = ends if factor > 0 else ends[::-1]
        low = None if low is None or first is None else low + factor * first
        high = None if high is None or last is None else high + factor * last
    return tuple(None if end is None or abs(end) > LIMIT else end for end in (low, high))


def _bounds_of(shaped, value, depth):
    """The same of any element of what is no form of others."""
    if value in shaped.bounds:
        return shaped.bounds[value]
    node = value.node
    if node is None or not depth:
        return None, None
    if node.type in ("Minimum", "Maximum"):
        return _extreme(shaped, node, depth - 1)
    rule = _BOUNDS.get(node.type)
    numbers = [shaped.constants.get(v) for v in node.inputs]
    return (None, None) if rule is None else rule([shaped.shape.get(v) for v in node.inputs], *numbers)


def _is_one(number):
    return number is not None and number.size == 1


def _remainder(shapes, x, divisor):
    return (0, divisor.item() - 1) if _is_one(divisor) and divisor.item() > 0 else (None, None)


def _position(shapes, x, axis):
    shape = shapes[0]
    known = shape and _is_one(axis) and -len(shape) <= axis.item() < len(shape)
    return (0, shape[axis.item()] - 1) if known else (None, None)


def _drawn(shapes, shape, low, high):
    return (low.item(), high.item() - 1) if _is_one(low) and _is_one(high) else (None, None)


_BOUNDS = {"FloorMod": _remainder, "ArgMax": _position, "ArgMin": _position, "RandomUniformInt": _drawn}


def _extreme(shaped, node, depth):
    """The smaller of two numbers is at most either of them, the larger at least."""
    ends = []
    for value in node.inputs:
        form = forms(shaped, value)
        if form is None or form.shape:
            return None, None
        ends.append(bounds(shaped, form.item(), depth))
    lows, highs = ([end for end in part if end is not None] for part in zip(*ends))
    if node.type == "Minimum":
        return min(lows) if len(lows) == 2 else None, min(highs, default=None)
    return max(lows, default=None), max(highs) if len(highs) == 2 else None


def limits(shaped, value):
    """What the truth of `value` says of integers: (x, y, whether x < y or, else, x <= y), x and y a Form each."""
    waiting = [value]
    while waiting:
        node = waiting.pop().node
        if node is None:
            continue
        if node.type in ("LogicalAnd", "Identity"):
            waiting += node.inputs
        elif node.type in _COMPARISONS:
            x, y = (forms(shaped, v) for v in node.inputs)
            if x is not None and y is not None and x.size == y.size == 1:
                x, y = x.item(), y.item()
                yield *((x, y) if node.type.startswith("Less") else (y, x)), not node.type.endswith("Equal")


_COMPARISONS = {"Less", "LessEqual", "Greater", "GreaterEqual"}
