"""The native tier's machinery: object cache, background compilation, tape, blocks."""

import io
import os
import stat

import numpy as np
import pytest

from graphflow.framework.kernel_loader import kernels
from tests.kernels.native_harness import bind, execute, registry

native = kernels("cpu.native")
tape = kernels("cpu.tape")
object_cache = kernels("cpu.object_cache")
compiler = kernels("cpu.compiler")


def _add_one():
    return native.function("elementwise.program", "float32:v", "Add 0 #1.0", "1")


def _fresh(function):
    """The same function as a process sees it that has not used it."""
    return native.NativeFunction(function.template, function.arguments)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache that the module uses instead of the user's."""
    made = object_cache.ObjectCache(str(tmp_path / "cache" / "kernels"))
    monkeypatch.setattr(native, "_cache", made)
    return made


def _call(function, x):
    out = np.empty_like(x)
    words = [0, 1, 0, x.size, x.size, registry.Out(0), registry.In(0), 1, 1, 0]
    block = tape.make_block(words, [x.ctypes.data], [out.ctypes.data])
    assert tape.Tape([(function.address, block)]).run() == -1
    return out


def test_compiles_once_then_loads(cache, monkeypatch):
    first = _fresh(_add_one())
    assert not first.ready()
    x = np.arange(37, dtype=np.float32)
    np.testing.assert_array_equal(_call(first, x), x + 1)
    assert first.ready() and first.key in cache

    def refuse(*arguments):
        raise AssertionError("compiled although it is on disk")

    monkeypatch.setattr(compiler, "compile_object", refuse)
    second = _fresh(_add_one())
    assert second.ready()
    np.testing.assert_array_equal(_call(second, x), x + 1)


def test_damaged_entry_is_compiled_again(cache):
    function = _fresh(_add_one())
    function.address  # noqa: B018
    path = os.path.join(cache.directory, function.key + ".o")
    with open(path, "r+b") as file:
        file.seek(100)
        file.write(b"damage")
    assert cache.read(function.key) is None
    x = np.ones(3, np.float32)
    np.testing.assert_array_equal(_call(_fresh(_add_one()), x), x + 1)
    assert cache.read(function.key) is not None


@pytest.mark.skipif(os.name == "nt", reason="permissions are POSIX's")
def test_directory_that_others_can_write_is_not_used(tmp_path):
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    cache = object_cache.ObjectCache(str(shared))
    assert cache.directory is None and not cache.writable
    cache.write("key", b"body")
    assert list(shared.iterdir()) == [] and cache.read("key") is None and "key" not in cache


def test_directory_that_cannot_be_made_is_not_used(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    assert object_cache.ObjectCache(str(blocked / "kernels")).directory is None


@pytest.mark.skipif(os.name == "nt", reason="permissions are POSIX's")
def test_new_directory_is_private(cache):
    assert stat.S_IMODE(os.stat(cache.directory).st_mode) == 0o700


def test_background_subprocess_fills_the_cache(cache, monkeypatch):
    monkeypatch.setattr(native, "_background", native._BackgroundCompiler())
    function = _fresh(_add_one())
    assert not function.ready()
    native.compile_in_background([function])
    native.wait_for_background(60)
    assert function.ready() and function._address is None
    x = np.ones(5, np.float32)
    np.testing.assert_array_equal(_call(function, x), x + 1)


@pytest.mark.skipif(not hasattr(os, "nice"), reason="priorities are POSIX's")
def test_compiling_gets_a_share_of_a_busy_core(monkeypatch):
    """A process of niceness 5 gets a fourth of a core that another keeps busy; one of 10 a tenth, one of 19 1 %."""
    asked = []
    monkeypatch.setattr(os, "nice", asked.append)
    native.compile_lines(io.StringIO(""))
    assert len(asked) == 1 and 0 < asked[0] <= 5


def test_key_depends_on_arguments():
    other = native.function("elementwise.program", "float32:v", "Add 0 #2.0", "1")
    assert other.key != _add_one().key
    assert native.function(*("elementwise.program", "float32:v", "Add 0 #2.0", "1")) is other


def test_kernels_that_need_numba_at_run_time_are_refused():
    def allocates(block):
        return np.empty(3).size

    with pytest.raises(ValueError, match="may not raise or allocate"):
        compiler.compile_object(allocates, "refused")


def _gather_rows(indices):
    params = np.arange(12, dtype=np.float32).reshape(4, 3)
    indices = np.array(indices, np.int32)
    out = np.full((len(indices), 3), -1, np.float32)
    bound = bind("gather_scatter", "Gather", [params, indices], [(out.shape, "float32")], {})
    return bound, [params, indices], [out]


@pytest.mark.parametrize("bad", [4, -1, 2 ** 31 - 1])
def test_error_code_names_the_index(bad):
    bound, inputs, outputs = _gather_rows([1, 3, bad, 0])
    failed, code, block = execute(bound, inputs, outputs)
    assert (failed, code) == (0, native.INDEX_OUT_OF_RANGE)
    assert block[0] == 2 and block[1] == bad
    assert (outputs[0] == -1).all(), "memory was touched before the check"


def test_tape_stops_at_the_row_that_fails():
    good, inputs, outputs = _gather_rows([0])
    bad, bad_inputs, bad_outputs = _gather_rows([9])
    last, last_inputs, last_outputs = _gather_rows([2])
    rows = []
    for bound, ins, outs in ((good, inputs, outputs), (bad, bad_inputs, bad_outputs),
                             (last, last_inputs, last_outputs)):
        rows.append((bound.function.address, tape.make_block(
            bound.words, [a.ctypes.data for a in ins], [a.ctypes.data for a in outs])))
    machine = tape.Tape(rows)
    assert machine.run() == 1 and machine.code == native.INDEX_OUT_OF_RANGE
    assert (outputs[0] == [0, 1, 2]).all() and (last_outputs[0] == -1).all()
    assert machine.run_range(2, 3) == -1 and (last_outputs[0] == [6, 7, 8]).all()
    assert machine.run() == 1


def test_cancel_flag_stops_the_tape():
    bound, inputs, outputs = _gather_rows([1])
    block = tape.make_block(bound.words, [a.ctypes.data for a in inputs],
                            [a.ctypes.data for a in outputs])
    machine = tape.Tape([(bound.function.address, block)] * 2)
    machine.cancel[0] = 1
    assert machine.run() == 0 and machine.code == native.CANCELLED
    machine.cancel[0] = 0
    assert machine.run() == -1


def test_empty_tape():
    assert tape.Tape([]).run() == -1


def test_block_words():
    words = [registry.In(1), registry.Out(0), 7, registry.F64(0.5), registry.Scratch(10),
             registry.Scratch(8)]
    block = tape.make_block(words, [100, 200], [300], scratch=640)
    assert block[:3].tolist() == [200, 300, 7] and block[4:].tolist() == [640, 704]
    assert block[3:4].view(np.float64)[0] == 0.5
    assert tape.scratch_bytes(words) == 128


def test_blas_leaves_the_environment_alone():
    blas = kernels("cpu.blas")
    before = dict(os.environ)
    assert blas.address("sgemm") and blas.core_name()
    assert dict(os.environ) == before


def test_without_a_cache_the_background_is_a_thread(monkeypatch, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    monkeypatch.setattr(native, "_cache", object_cache.ObjectCache(str(blocked / "kernels")))
    monkeypatch.setattr(native, "_background", native._BackgroundCompiler())
    function = _fresh(_add_one())
    native.compile_in_background([function])
    native.wait_for_background(60)
    assert function.ready()


@pytest.mark.parametrize("limit, holds", [(1.0, True), (1e-12, False), (0.0, False)])
def test_short_steady_tapes_keep_pythons_lock(limit, holds, monkeypatch):
    calls = []

    def noted(name, function):
        def call(address):
            calls.append(name)
            return function(address)
        return call

    released, holding = tape._run_functions()
    monkeypatch.setattr(tape, "_run_functions", lambda: (noted("released", released), noted("holding", holding)))
    bound, inputs, outputs = _gather_rows([1])
    block = tape.make_block(bound.words, [a.ctypes.data for a in inputs], [a.ctypes.data for a in outputs])
    machine = tape.Tape([(bound.function.address, block)] * 2, limit)
    for _ in range(9):
        assert machine.run() == machine.run_range(1, 2) == -1
    assert calls == ["released"] * 16 + ["holding" if holds else "released"] * 2
    assert (outputs[0] == [3, 4, 5]).all()
