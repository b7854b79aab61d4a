"""TensorFlow 1's `switch` and `merge` as functions (`tensorflow.python.ops.control_flow_ops`).

`switch` marks two copies of a tensor as existing under a predicate; `merge` makes a conditional of what was
built between them: its branches are copies of the operations behind its inputs, so that in a run only those
of the input that exists run. State: the marks, on the tensors.
"""

from graphflow.framework import public as tf
from graphflow.framework import raw_ops, scopes
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import colocate_with, name_scope
from graphflow.ops.cond import cond

_MARK = "switched"  # attribute of a tensor: (predicate, branch)


def switch(data, pred, dtype=None, name=None):
    """(`data` where `pred` is false, `data` where it is true), of which a run has one.

    What is made of them can only be used by `merge`.
    """
    with name_scope(name, "Switch", [data, pred]) as scope:
        data, pred = convert_to_tensor(data, dtype, "data"), convert_to_tensor(pred, name="pred")
        results = []
        for branch in (False, True):
            tensor = raw_ops.Identity(data, name=scope if not branch else None)
            setattr(tensor, _MARK, (pred, branch))
            results.append(tensor)
        return tuple(results)


def merge(inputs, name=None):
    """(the one of `inputs` that exists in a run, its number).

    Raises ValueError unless all inputs, but maybe one, depend on what `switch` returned.
    """
    if any(value is None for value in inputs):
        raise ValueError(f"At least one of the merge inputs is None: {inputs}")
    with name_scope(name, "Merge", inputs):
        tensors = [convert_to_tensor(value) for value in inputs]
        marks = [_marks_behind(tensor) for tensor in tensors]
        free = [i for i, found in enumerate(marks) if not found]
        if len(free) > 1:
            raise ValueError("merge needs inputs that depend on what switch returned, to tell which of them there is: "
                             f"{', '.join(tensors[i].name for i in free)} do not.")
        order = [i for i in range(len(tensors)) if i not in free] + free
        return _chain(tensors, marks, order)


def _chain(tensors, marks, order):
    """Conditionals that give the first of `tensors` whose condition holds, and its number."""
    number, *rest = order

    def this():
        return _copied(tensors[number], marks[number]), tf.constant(number)

    if not rest:
        return this()
    holds = [pred if branch else tf.logical_not(pred) for pred, branch in marks[number].values()]
    condition = holds[0] if len(holds) == 1 else tf.reduce_all(tf.stack(holds))
    return cond(condition, this, lambda: _chain(tensors, marks, rest))


def _marks_behind(tensor):
    """{marked tensor: (predicate, branch)} for what `tensor` is computed from."""
    found, seen, waiting = {}, set(), [tensor]
    while waiting:
        tensor = waiting.pop()
        mark = tensor.__dict__.get(_MARK)
        if mark is not None:
            found[tensor] = mark
        elif tensor.op not in seen:
            seen.add(tensor.op)
            waiting.extend(tensor.op.inputs)
    return found


def _copied(tensor, marks):
    """`tensor`, with the operations between it and the marked tensors made anew where we are."""
    copies = {marked: marked.op.inputs[0] for marked in marks}
    waiting = [tensor]
    while waiting:
        top = waiting[-1]
        if top in copies:
            waiting.pop()
            continue
        if not _marks_behind(top):
            copies[top] = top
            continue
        missing = [source for source in top.op.inputs if source not in copies]
        if missing:
            waiting.extend(missing)
            continue
        with colocate_with(None, ignore_existing=True):
            op = scopes.get_default_graph().create_op(
                top.op.type, [copies[source] for source in top.op.inputs], attrs=top.op.attrs,
                name=top.op.name.rpartition("/")[2])
        copies.update(zip(top.op.outputs, op.outputs))
    return tf.identity(copies[tensor])
