"""One pool of threads for all kernels: steps done in parts.

Measured on 2 virtual CPUs, µs with no helper / one / one beside a busy process, 2 parts:

    product 128x784x256         530     269     533      (undivided: 505)
    product 128x256x256         173      90     174      (undivided: 166)
    product 1024x1024x1024    20567   10205   34292      (no helper, busy neighbour: 36779)
    exp of 30,000               8.4     4.6     8.5
    exp of 100,000             29.0    14.8    29.0
    exp of 4,000,000           1150    1190    1260      (bound by memory)

So beside a busy neighbour a step is as fast as on one thread. (OpenMP regions beside OpenBLAS's own
threads took a whole training step from 0.5 to 8 ms, GNU's OpenMP with sleeping threads takes 100 µs
to wake: hence no OpenMP.)

Helpers are parked in native code, hold no Python lock, spin for some microseconds after a job and
then sleep (a futex). A step's parts are taken one by one by whoever is free, this thread first: a
helper that the system does not run, because another process is busy, takes nothing and costs
nothing. Serial where there are no futexes (only Linux has), on one CPU, in a forked child, and for
a step that finds the helpers at work for another session. And for a while after dividing steps has cost
more than it saved, which happens beside neighbours that take a helper's processor away from it
(`source/pool.py` keeps the books).

State: the control array that helpers watch, and the helpers.
"""

import atexit
import ctypes
import os
import sys
import threading

import numpy as np

from ..registry import Native, Scratch
from . import native

_SPINS = 4000           # about 50 µs
_WORTH_SPLITTING = 90_000   # elements of a cheap op, about 10 µs
_JOB, _STOP, _BUSY, _HELPERS, _SYSCALL, _YIELD, _CLOCK = 24, 25, 26, 28, 29, 30, 31

# A control array without helpers: what one thread is to do, it does alone, whoever else has helpers.
_ALONE = np.zeros(40, np.int64)
_control = None
_lock = threading.Lock()
_helpers = []


def available_cpus():
    """CPUs this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _new_control():
    array = np.zeros(40, np.int64)
    if sys.platform.startswith("linux"):
        library = ctypes.CDLL(None)
        for position, name in ((_SYSCALL, "syscall"), (_YIELD, "sched_yield"), (_CLOCK, "clock_gettime")):
            array[position] = ctypes.cast(getattr(library, name), ctypes.c_void_p).value
    return array


def control():
    """Address of the control array."""
    global _control
    if _control is None:
        with _lock:
            if _control is None:
                _control = _new_control()
    return _control.ctypes.data


def start(threads):
    """Has at least `threads` - 1 helpers running, as far as there are CPUs for them."""
    address = control()
    wanted = min(threads, available_cpus()) - 1
    if not sys.platform.startswith("linux") or wanted <= len(_helpers):
        return
    work = native.function("pool.work")
    prototype = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p)(work.address)
    with _lock:
        while len(_helpers) < wanted:
            block = np.array([address, _SPINS], np.int64)
            thread = threading.Thread(target=lambda block=block: prototype(block.ctypes.data),
                                      daemon=True, name="graphflow-helper")
            thread.start()
            _helpers.append(thread)
        _control[_HELPERS] = len(_helpers)


def step(inner, blocks, threads):
    """The Native that runs `inner` with each of `blocks` (lists of argument words), which
    `threads` threads may do at the same time. A Scratch that stands in several is shared by them.
    """
    if len(blocks) == 1:
        return Native(inner, blocks[0])
    header, body = [control() if threads > 1 else _ALONE.ctypes.data, len(blocks)], []
    for words in blocks:
        header += [native.Code(inner), 8 * (2 * len(blocks) + len(body))]
        body += words
    run = native.function("pool.run")
    if threads == 1:
        return Native(native.Composite((run, inner), lambda: None), header + body)
    return Native(native.Composite((run, native.function("pool.work"), inner),
                                   lambda: start(threads)), header + body)


def at_once(kernels, threads):
    """The Native that runs `kernels` (Natives of one function) at the same time. Those of them that are divided
    run as on one thread."""
    inner = dict.fromkeys(part for kernel in kernels for part in kernel.function.components())
    joined = step(kernels[0].function.components()[0], [kernel.words for kernel in kernels], threads)
    outer = (native.function("pool.run"), native.function("pool.work"))
    return Native(native.Composite(tuple(dict.fromkeys((*outer, *inner))), lambda: start(threads)), joined.words)


def split(inner, words, first, total, cost, threads, shared=()):
    """`step` over ranges of a kernel whose words `first` and `first + 1` are a range of `total`.

    Only where the whole `cost`, in cheap elements, pays for waking a helper. Kernels split so give
    the same bits however they are split. Every part has Scratch of its own but for what is `shared`.
    """
    if threads == 1 or cost < _WORTH_SPLITTING or total < 2:
        return Native(inner, words)
    parts = min(2 * threads, total, 64)
    bounds = [total * k // parts for k in range(parts + 1)]
    blocks = [[*words[:first], low, high, *words[first + 2:]] for low, high in zip(bounds, bounds[1:])]
    return step(inner, [[_own(word, shared) for word in block] for block in blocks], threads)


def _own(word, shared):
    return Scratch(word.nbytes) if isinstance(word, Scratch) and word not in shared else word


def is_divided(bound):
    """Whether threads may share the work of a Native."""
    return bound.function.components()[0] is native.function("pool.run")


def first_part(bound):
    """(function, words) of the first part of a Native, or of all of it if it is not divided."""
    if not is_divided(bound):
        return bound.function, bound.words
    parts = bound.words[1]
    body = bound.words[2 + 2 * parts:]
    inner = next(part for part in bound.function.components() if part.template not in ("pool.run", "pool.work"))
    return inner, body[:len(body) // parts]


def _stop():
    if _control is not None and _helpers:
        _control[_STOP] = 1
        _control[_HELPERS] = 0


def _after_fork():
    """Threads do not survive a fork: the child begins alone."""
    global _lock
    _lock = threading.Lock()
    _helpers.clear()
    if _control is not None:
        _control[:_JOB] = 0         # no ticket of a job that the parent had begun
        _control[_BUSY] = _control[_HELPERS] = 0


atexit.register(_stop)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
