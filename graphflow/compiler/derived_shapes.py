"""Derived shapes: sizes that do not depend on the run, of what is taken from where the run says.

Of `x[i:i + 8]` the size is known where `i` is known to lie in bounds (`counters.py`), of the gradient of a slice as it
is that of what was sliced, of `tf.range(i, i + 8)` in any case. Kernels check what was derived: it may be less than
the program asks for where numbers wrap around. Holds no state.
"""

from graphflow.compiler import linear
from graphflow.framework import shapes, strided


def settle(shaped, node):
    """Notes the shape of what a node makes, if its shape rule left that open and it is known nevertheless."""
    rule = _RULES.get(node.type)
    if rule is None or not node.outputs or shaped.shape[node.outputs[0]] is not None:
        return
    found = rule(shaped, node)
    if shapes.is_full(found):
        shaped.shape[node.outputs[0]] = found


def depends_on_bounds(node):
    """Whether more may be known of a node's shape where integers have bounds."""
    return node.type == "StridedSlice"


def _padded(shaped, node):
    shape, pads = shaped.shape[node.inputs[0]], linear.forms(shaped, node.inputs[1])
    if shape is None or pads is None or pads.shape != (len(shape), 2):
        return None
    more = [before + after for before, after in pads]
    if any(form.terms for form in more):
        return None
    return tuple(size + form.constant for size, form in zip(shape, more, strict=True))


def _counted(shaped, node):
    ends, delta = [linear.forms(shaped, v) for v in node.inputs[:2]], shaped.constants.get(node.inputs[2])
    if delta is None or delta.shape or delta == 0 or any(form is None or form.shape for form in ends):
        return None
    start, limit = (form.item() for form in ends)
    distance = linear.difference(limit, start)
    if distance is None or distance * int(delta) < 0:
        return None
    return (-(-abs(distance) // abs(int(delta))),)


def _strided(shaped, node):
    """Where an entry takes a part of known length that lies within its dimension, one from 0 on is as long."""
    shape, strides = shaped.shape[node.inputs[0]], shaped.constants.get(node.inputs[3])
    begin, end = (linear.forms(shaped, v) for v in node.inputs[1:3])
    if shape is None or strides is None or begin is None or end is None or not (begin.shape == end.shape
                                                                               == strides.shape):
        return None
    begins, ends = [form.constant for form in begin], [form.constant for form in end]
    entries = [entry for entry in strided.entries(node.attrs, len(begin), len(shape)) if entry is not None]
    for size, i in zip(shape, entries, strict=False):
        if i == "whole" or not (begin[i].terms or end[i].terms):
            continue
        if node.attrs["shrink_axis_mask"] >> i & 1:
            begins[i] = 0
        elif (node.attrs["begin_mask"] | node.attrs["end_mask"]) >> i & 1 or strides[i] < 0:
            if not (node.attrs["begin_mask"] & node.attrs["end_mask"]) >> i & 1:
                return None
        else:
            begins[i], ends[i] = 0, linear.difference(end[i], begin[i])
            if ends[i] is None or ends[i] < 0 or not _is_inside(shaped, begin[i], end[i], size):
                return None
    try:
        return strided.resolve(shape, begins, ends, strides, node.attrs, len(begin)).output_shape
    except ValueError:
        return None     # its kernel will say so


def _is_inside(shaped, begin, end, size):
    low, high = linear.bounds(shaped, begin)[0], linear.bounds(shaped, end)[1]
    return low is not None and high is not None and low >= 0 and high <= size


_RULES = {"Pad": _padded, "PadV2": _padded, "Range": _counted, "StridedSlice": _strided}
