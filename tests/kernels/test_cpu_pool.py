"""The thread pool: same bits for any number of threads, errors, forks, concurrent users."""

import os
import sys
import threading

import numpy as np
import pytest

from graphflow.framework.kernel_loader import kernels
from tests.kernels.native_harness import aligned, bind, native, registry, run, tape

pool = kernels("cpu.pool")
F32 = {"T": "float32"}


def _random(*shape):
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def _case(name):
    x = _random(512, 300)
    return {
        "exp": ("unary", "Exp", [x], [(x.shape, "float32")], F32, ()),
        "rows": ("binary", "Add", [x, _random(512, 1)], [(x.shape, "float32")], F32, ()),
        "softmax": ("softmax", "Softmax", [x], [(x.shape, "float32")], F32, ()),
        "log softmax": ("softmax", "LogSoftmax", [x], [(x.shape, "float32")], F32, ()),
        "cross entropy": ("softmax", "SoftmaxCrossEntropyWithLogits", [x, abs(x)],
                          [((512,), "float32"), (x.shape, "float32")], F32, ()),
        "row sums": ("reduction", "Sum", [x, np.array([1])], [((512,), "float32")], F32, (1,)),
        "column sums": ("reduction", "Sum", [x, np.array([0])], [((300,), "float32")], F32, (1,)),
        "product": ("matmul", "MatMul", [x, _random(300, 64)], [((512, 64), "float32")],
                    {**F32, "transpose_a": False, "transpose_b": False}, ()),
        "product of transposes": (
            "matmul", "MatMul", [_random(300, 130), _random(300, 300)], [((130, 300), "float32")],
            {**F32, "transpose_a": True, "transpose_b": True}, ()),
    }[name]


@pytest.mark.parametrize("name", ["exp", "rows", "softmax", "log softmax", "cross entropy", "row sums",
                                  "column sums", "product", "product of transposes"])
def test_threads_do_not_change_bits(name):
    family, op, inputs, outputs, attrs, constants = _case(name)
    one = run(family, op, inputs, outputs, attrs, constants, threads=1)
    for _ in range(20):
        two = run(family, op, inputs, outputs, attrs, constants, threads=2)
        for a, b in zip(one, two) if isinstance(one, list) else [(one, two)]:
            assert a.tobytes() == b.tobytes()


@pytest.mark.parametrize("name", ["column sums"])
def test_parts_have_scratch_of_their_own(name):
    family, op, inputs, outputs, attrs, constants = _case(name)
    words = [bind(family, op, inputs, outputs, attrs, constants, threads=n).words for n in (1, 2)]
    one, two = (len({word for word in w if isinstance(word, registry.Scratch)}) for w in words)
    assert one and two == 4 * one


def _many_parts(x, out, parts):
    inner = native.function("elementwise.program", "float32:v", "Exp 0", "1")
    blocks = [[0, 1, x.size * k // parts, x.size * (k + 1) // parts, x.size, registry.Out(0),
               registry.In(0), 1, 1, 0] for k in range(parts)]
    bound = pool.step(inner, blocks, 2)
    block = tape.make_block(bound.words, [x.ctypes.data], [out.ctypes.data])
    return tape.Tape([(bound.function.address, block)])


@pytest.mark.parametrize("parts", [1, 2, 3, 200])
def test_every_part_runs_once(parts):
    x, out = np.zeros(1001, np.float32), np.zeros(1001, np.float32)
    machine = _many_parts(x, out, parts)
    for _ in range(200):
        out[:] = 0
        assert machine.run() == -1
        assert (out == 1).all()


@pytest.mark.skipif(not sys.platform.startswith("linux") or pool.available_cpus() < 2, reason="needs helpers")
def test_nothing_is_divided_during_a_rest():
    x, out = np.zeros(1001, np.float32), np.zeros(1001, np.float32)
    machine = _many_parts(x, out, 4)
    machine.run()
    words, until, job = pool._control, 32, 24
    words[job], words[until] = 0, 2 ** 62
    try:
        out[:] = 0
        assert machine.run() == -1 and (out == 1).all()
        assert words[job] == 0, "published although resting"
        words[until] = 1       # a rest that is over
        assert machine.run() == -1 and words[job] != 0 and words[until] == 0
    finally:
        words[until] = 0


@pytest.mark.skipif(not sys.platform.startswith("linux") or pool.available_cpus() < 2, reason="needs helpers")
def test_too_much_loss_brings_a_rest():
    x, out = np.zeros(1001, np.float32), np.zeros(1001, np.float32)
    machine = _many_parts(x, out, 4)
    machine.run()
    words, until, loss = pool._control, 32, 33
    words[loss] = 10 ** 12
    try:
        assert machine.run() == -1 and words[until] > 0 and words[loss] == 0
    finally:
        words[until] = 0
    words[loss] = 1000
    for _ in range(100):
        machine.run()
    assert words[loss] < 10 ** 6 or words[until] > 0


def test_threads_of_several_users():
    """While helpers work for one, another's step runs on its own thread."""
    problems = []

    def user():
        x, out = np.zeros(30_000, np.float32), np.zeros(30_000, np.float32)
        machine = _many_parts(x, out, 4)
        for _ in range(300):
            out[:] = 0
            if machine.run() != -1 or not (out == 1).all():
                problems.append(out)

    users = [threading.Thread(target=user) for _ in range(6)]
    for thread in users:
        thread.start()
    for thread in users:
        thread.join()
    assert not problems


@pytest.mark.parametrize("bad", [0, 70])
def test_error_of_a_part(bad):
    """A failing part fails the step, whoever ran it."""
    x, labels = _random(100, 300), np.zeros(100, np.int32)
    labels[bad] = 300
    bound = bind("softmax", "SparseSoftmaxCrossEntropyWithLogits", [x, labels],
                 [((100,), "float32"), (x.shape, "float32")], F32, threads=2)
    assert "pool.run" in repr(bound.function)
    scratch, owner = aligned(tape.scratch_bytes(bound.words))
    outputs = [np.empty(100, np.float32), np.empty_like(x)]
    block = tape.make_block(bound.words, [x.ctypes.data, labels.ctypes.data],
                            [a.ctypes.data for a in outputs], scratch)
    machine = tape.Tape([(bound.function.address, block)])
    for _ in range(50):
        assert machine.run() == 0 and machine.code == native.INDEX_OUT_OF_RANGE
    del owner


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_forked_child_works_alone():
    x, out = np.zeros(1001, np.float32), np.zeros(1001, np.float32)
    machine = _many_parts(x, out, 4)
    assert machine.run() == -1
    child = os.fork()
    if child == 0:
        out[:] = 0
        os._exit(0 if machine.run() == -1 and (out == 1).all() else 1)
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs the process's CPU clock")
def test_helpers_do_not_spin_while_idle():
    x, out = np.zeros(1001, np.float32), np.zeros(1001, np.float32)
    _many_parts(x, out, 2).run()
    event = threading.Event()
    event.wait(0.05)
    before = os.times()
    event.wait(0.3)
    after = os.times()
    assert after.user + after.system - before.user - before.system < 0.15
