"""The argument blocks of a frame's native kernels, in one array, and where in it pointers stand.

State: the words of the blocks, scratch memory, and the tape of (kernel, block) rows.
"""

from ctypes import addressof, c_char

import numpy as np

from graphflow.compiler.memory import ALIGNMENT
from graphflow.framework.kernel_loader import kernels


def address_of(array):
    """Base address of an array."""
    try:
        return addressof(c_char.from_buffer(array))     # a fifth of the time that it takes to ask NumPy
    except (TypeError, ValueError, BufferError):        # read-only, without elements, or not dense
        return array.__array_interface__["data"][0]


class Blocks:
    """Blocks of the native steps of a Specialization.

    Args: pointer: gives the address of a value, or 0 if it is not known yet. make_frame: makes frames for the
    bodies of native nodes, whose loops share the Budget `budget`. make_call: makes the Call of a step that is called.
    Attributes: steps: the native ones, in order. tape: of them all, or None. scratch_bytes. draws: list of
    (what reserves the random numbers of a run, block, address of its word that says where they begin). bodies:
    {row: Placed}. calls: {row: Call}. calls_python: whether there are any, here or in bodies. `is_within`: whether they
    are those of a body within a native step.
    """

    def __init__(self, spec, pointer, make_frame, make_call, budget, is_within):
        self._spec = spec
        self.steps = [b for b in spec.nodes if b.native]
        self.tape = self._words = self._view = None
        self.calls_python = False
        self.scratch_bytes = 0
        self.draws, self.bodies, self.calls = [], {}, {}
        self._patches, self._heads, self._functions = {}, {}, []
        if self.steps:
            self._build(pointer, make_frame, make_call, budget, is_within)

    def _build(self, pointer, make_frame, make_call, budget, is_within):
        """One argument block per native step; pointers known now are filled in."""
        tape = kernels("cpu.tape")
        sizes = [max(1, len(b.native.words)) for b in self.steps]
        self._words = np.zeros(sum(sizes), np.int64)
        self._view = memoryview(self._words)
        # Kernels run one after the other: one piece of scratch memory serves all.
        self.scratch_bytes = max(tape.scratch_bytes(b.native.words) for b in self.steps)
        self._scratch = np.empty(self.scratch_bytes + ALIGNMENT, np.uint8)
        scratch = address_of(self._scratch) + (-address_of(self._scratch) % ALIGNMENT)
        rows, at = [], 0
        for bound, size in zip(self.steps, sizes):
            words = bound.native.words
            inputs = [pointer(v) for v in bound.inputs]
            outputs = [pointer(v) for v in bound.native_outputs]
            block = self._words[at:at + size]
            block[:len(words)] = tape.make_block(words, inputs, outputs, scratch)[:len(words)]
            self._note_patches(bound, words, at)
            if bound.is_called:
                call = self.calls[len(rows)] = make_call(bound, self._view[at:at + size])
                self._functions.append(call.function())
            draw = bound.native.before_run
            if draw is not None and is_within:
                branches = kernels("cpu.branches")
                budget.draws.append((draw, self._view[at:at + size]))
                rows.append((branches.drawer().address, branches.drawing(bound.native.function, block, draw)))
                at += size
                continue
            if draw is not None:
                self.draws.append((draw, self._view[at:at + size], address_of(block) + 8 * draw.word))
            if bound.place is not None:
                placed = self.bodies[len(rows)] = bound.place(block, make_frame, budget)
                for handle, *word in placed.heads():
                    self._heads.setdefault(handle, []).append(word)
            rows.append((bound.native.function.address, block))
            at += size
        divided = kernels("cpu.pool").is_divided
        steady = not self.bodies and not any(divided(b.native) for b in self.steps)
        self.calls_python = bool(self.calls) or any(placed.calls_python for placed in self.bodies.values())
        short = tape.SHORT_SECONDS_WITH_CALLS if self.calls_python else tape.SHORT_SECONDS if steady else 0.0
        self.tape = tape.Tape(rows, short, budget.cancel)

    def _note_patches(self, bound, words, at):
        """Remembers where pointers stand that change between runs."""
        registry = kernels("registry")
        outputs = bound.native_outputs
        for offset, word in enumerate(words):
            if isinstance(word, registry.In):
                value = self._spec.root(bound.inputs[word.index])
            elif isinstance(word, registry.Out):
                value = outputs[word.index]
            elif isinstance(word, registry.Head):
                self._heads.setdefault(self._spec.root(bound.inputs[word.index]), []).append(
                    (self._view, at + offset))
                continue
            else:
                continue
            key = value if value.variable is None else value.variable
            self._patches.setdefault(key, []).append(at + offset)

    @property
    def nbytes(self):
        """Memory besides the frame's arena: scratch, and what native bodies have."""
        return self.scratch_bytes + sum(placed.nbytes for placed in self.bodies.values())

    def patches(self, key):
        """Positions of the words that point to a value, or to a Variable."""
        return self._patches.get(key, ())

    def heads(self, value):
        """(words, position in them) of the words that point to the head of a TensorArray."""
        return self._heads.get(value, ())

    def patch_heads(self, value, address):
        """Points them to a head."""
        for view, place in self._heads.get(value, ()):
            view[place] = address

    def patch(self, places, address):
        """Puts an address at positions."""
        view = self._view
        for place in places:
            view[place] = address

    def addresses(self, key):
        """Addresses of the words that point to a value, or to a Variable."""
        return [self._words.ctypes.data + 8 * place for place in self._patches.get(key, ())]
