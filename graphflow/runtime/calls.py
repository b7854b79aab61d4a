"""Steps of bodies that have no native kernel, called from the native tape.

A loop runs natively although some of its steps don't: each of these is a row of the tape like others, which calls
Python for that one step (about 2 us, and what the reference kernel takes). Tests, copies, tapes, TensorArrays and all
other steps need no Python then. Values of unknown shape, and objects, stay with Python: only such steps may use them.

`call_back` says which steps of a specialisation are called; a `Call` is one of them in a frame. State: of a Call, what
its kernel failed with, and where its operands lay last.
"""

import ctypes
from math import prod

import numpy as np

from graphflow.framework import dtypes
from graphflow.framework.kernel_loader import kernels
from graphflow.runtime import deadlines, failure
from graphflow.runtime.reference import as_arrays
from graphflow.runtime.steps import own

_KIND = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
# Words of a block: the address of what is called, and what that sets when it is done; operands follow.
_FUNCTION, _DONE, _OPERANDS = range(3)


def call_back(spec, bound, body, wait):
    """`bound`, steps of the Specialization of a BodyPlan, with those called that have no native kernel.

    As it is where a step may not be called, or Python alone has a value that others need. wait: whether to wait for
    kernels that are not compiled.
    """
    steps = [step for step in bound if step.native is None]
    python_only = {v for step in steps for v in step.node.outputs if not _has_memory(spec, v)}
    # Objects that are fed are Python's where they are the same in all iterations.
    fed = {feed for feed, (kind, _, _) in zip(spec.plan.feeds, body.arguments, strict=True) if kind == "input"}
    there = {*python_only, *fed, *spec.constants}
    if not steps or not all(_may_be_called(spec, step.node, there) for step in steps):
        return bound
    if any(spec.root(v) in python_only for v in spec.plan.fetches):
        return bound
    caller = kernels("cpu.branches").caller()
    if not wait and not caller.ready():
        spec.pending.append(caller)
        return bound
    return [_called(spec, step, caller) if step.native is None else step for step in bound]


def _has_memory(spec, value):
    return spec.shape[value] is not None and not np.dtype(value.dtype.as_numpy_dtype).hasobject


def _may_be_called(spec, node, there):
    """there: the values without memory of their own that Python can have."""
    if node.bodies and node.writes:
        return False
    if not all(_has_memory(spec, w.variable.start) for w in node.writes):
        return False
    return all(_has_memory(spec, root if root.variable is None else root.variable.start)
               or root in there and root.dtype != dtypes.variant for root in map(spec.root, node.inputs))


def _called(spec, step, caller):
    """The step that is called: its operands are those that have memory."""
    node = step.node
    inputs = [v for v in node.inputs if _has_memory(spec, v)]
    outputs = [v for v in node.outputs if _has_memory(spec, v)]
    registry = kernels("registry")
    words = [0, 0, *map(registry.In, range(len(inputs))), *map(registry.Out, range(len(node.writes) + len(outputs)))]
    called = type(step)(node, registry.Native(caller, words), step.run)
    called.inputs, called.outputs = inputs, outputs
    return called


class Call:
    """A called step in a frame.

    Args: step: BoundNode. words: memoryview of its block. values: the frame's list; position: gives the position of a
    value in there; last_uses: positions of what nobody needs after.
    """

    def __init__(self, spec, step, words, values, position, last_uses, resources):
        self._step = step
        self._words = words
        self._values = values
        self._last_uses = last_uses
        self._resources = resources
        self._error = None
        word, self._inputs, self._outputs = iter(range(_OPERANDS, len(words))), [], []
        for value in step.node.inputs:
            operand = _Operand(spec, value, next(word)) if _has_memory(spec, value) else None
            self._inputs.append((operand, None if operand else position(spec.root(value)), spec.shape[value]))
        for write in step.node.writes:
            self._outputs.append((_Operand(spec, write.value, next(word)), None))
        for value in step.node.outputs:
            operand = _Operand(spec, value, next(word)) if value in step.outputs else None
            self._outputs.append((operand, None if operand else position(value)))

    def function(self):
        """What is called: it has to be kept for as long as the block is used.

        The call itself must not keep it: both would live on in a circle, and the frame's memory with them.
        """
        function = _KIND(self._run)
        self._words[_FUNCTION] = ctypes.c_void_p.from_buffer(function).value    # `ctypes.cast` makes a circle, too
        return function

    def _run(self, _):
        """What the tape calls: nothing may be raised here."""
        try:
            self._call()
        except BaseException as error:  # noqa: BLE001 - raised again by who runs the tape
            self._error = error
        else:
            self._words[_DONE] = 1

    def _call(self):
        deadlines.check(self._resources, self._step.node.op)
        words, values = self._words, self._values
        arrays = [self._kept(values[place], shape) if operand is None else operand.at(words)
                  for operand, place, shape in self._inputs]
        try:
            results = as_arrays(self._step.run(*arrays))
            for (operand, place), result in zip(self._outputs, results):
                if operand is None:
                    values[place] = own(result, arrays)
                else:
                    operand.put(words, result)
        except Exception as error:  # noqa: BLE001 - every failure leaves with the op's name and line
            failure.raise_for(self._step.node.op, error, arrays)
        for place in self._last_uses:
            values[place] = None

    @staticmethod
    def _kept(array, shape):
        return array if shape is None or array.shape == shape else array.reshape(shape)

    def raise_error(self):
        """Raises what the kernel failed with; if it was not even called, an interrupt came first."""
        error, self._error = self._error or KeyboardInterrupt(), None
        raise error


class _Operand:
    """An array that a word of the block points to; it is made again only when that points elsewhere."""

    __slots__ = ("_address", "_array", "_dtype", "_kind", "_shape", "_word")

    def __init__(self, spec, value, word):
        self._word = word
        self._shape = spec.shape[spec.root(value).variable.start if value.variable is not None else value]
        self._dtype = np.dtype(value.dtype.as_numpy_dtype)
        nbytes = prod(self._shape) * self._dtype.itemsize
        self._kind = ctypes.c_char * nbytes if nbytes else None
        self._address = 0
        self._array = None if nbytes else np.empty(self._shape, self._dtype)

    def at(self, words):
        """The array."""
        address = words[self._word]
        if address != self._address and self._kind is not None:
            self._array = np.ndarray(self._shape, self._dtype, self._kind.from_address(address))
            self._address = address
        return self._array

    def put(self, words, result):
        """Stores what a kernel made."""
        if result.shape != self._shape:
            raise ValueError(f"a result of shape {result.shape}, where {self._shape} was expected")
        self.at(words)[...] = result
