"""Loading object files without LLVM: what is loaded, what is refused, which processes have no LLVM."""

import functools
import os
import platform
import struct
import subprocess
import sys

import numpy as np
import pytest

from graphflow.framework.kernel_loader import kernels
from tests.kernels.native_harness import bind, execute, native

compiler = kernels("cpu.compiler")
object_loader = kernels("cpu.object_loader")

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux") or platform.machine() != "x86_64", reason="Linux on x86-64 only")


def kernels_of_all_kinds():
    """Code without constants and with them, tables of them, and functions of the C libraries."""
    x = np.linspace(.5, 2, 23, dtype=np.float32)
    for family, op, inputs, attrs in (
            ("binary", "Mul", [x, x], {"T": "float32"}), ("binary", "Pow", [x, x], {"T": "float32"}),
            ("unary", "Tanh", [x], {"T": "float32"}), ("unary", "Sin", [x.astype(np.float64)], {"T": "float64"}),
            ("special_math", "Erf", [x.astype(np.float64)], {"T": "float64"})):
        yield bind(family, op, inputs, [(x.shape, inputs[0].dtype.name)], attrs), inputs
    matrices = [x[:20].reshape(4, 5), x[:20].reshape(5, 4)]
    yield bind("matmul", "MatMul", matrices, [((4, 4), "float32")],
               {"T": "float32", "transpose_a": False, "transpose_b": False}), matrices


def test_loads_what_llvm_loads():
    for bound, inputs in kernels_of_all_kinds():
        outputs = [np.zeros((4, 4) if inputs[0].ndim == 2 else inputs[0].shape, inputs[0].dtype) for _ in range(2)]
        function = bound.function
        body = compiler.compile_object(function.python_function(), "another_name")
        for result, address in zip(outputs, (object_loader.load(body), compiler.load_object(body, "another_name"))):
            assert address
            function._address = address
            assert execute(bound, inputs, [result])[0] == -1
        assert outputs[0].any()
        np.testing.assert_array_equal(*outputs)


def _sections(body):
    table, = struct.unpack_from("<Q", body, 40)
    count, = struct.unpack_from("<H", body, 60)
    for at in range(table, table + 64 * count, 64):
        yield at, struct.unpack_from("<IIQQQQIIQQ", body, at)


@functools.cache
def _compiled():
    bound, _ = list(kernels_of_all_kinds())[1]
    return compiler.compile_object(bound.function.python_function(), "some_name")


def _body():
    return bytearray(_compiled())


def test_leaves_other_formats_alone():
    for at, value in ((0, 0), (4, 1), (5, 2), (18, 183)):      # no ELF, 32 bits, big-endian, AArch64
        body = _body()
        body[at] = value
        assert object_loader.load(bytes(body)) is None


def test_leaves_other_relocations_alone():
    body = _body()
    tables = [section for _, section in _sections(body) if section[1] == 4]
    assert tables
    for section in tables:
        for at in range(section[4], section[4] + section[5], 24):
            struct.pack_into("<I", body, at + 8, 2)             # R_X86_64_PC32
    assert object_loader.load(bytes(body)) is None


def test_leaves_writable_data_alone():
    body = _body()
    for at, section in _sections(body):
        if section[2] & 2:
            struct.pack_into("<Q", body, at + 8, section[2] | 1)
    assert object_loader.load(bytes(body)) is None


def test_leaves_unknown_functions_alone():
    assert object_loader.load(bytes(_body().replace(b"\0powf\0", b"\0p0wf\0"))) is None


def test_leaves_damaged_files_alone():
    whole = bytes(_body())
    for length in range(0, len(whole), 7):
        assert object_loader.load(whole[:length]) is None
    for at, section in _sections(whole):
        if section[2] & 2:
            for field, value in ((24, len(whole)), (32, 1 << 40), (48, 1 << 30)):    # place, size, alignment
                body = _body()
                struct.pack_into("<Q", body, at + field, value)
                assert section[1] != 1 or not section[5] or object_loader.load(bytes(body)) is None


def test_llvm_loads_what_is_left(monkeypatch):
    monkeypatch.setattr(object_loader, "load", lambda body: None)
    function = native.NativeFunction("elementwise.program", ("float32:v", "Add 0 #3.0", "1"))
    assert function.address


_PROGRAM = """
import sys
import numpy as np
import graphflow as tf
x = tf.placeholder(tf.float32, [None, 8])
h = tf.nn.relu(tf.matmul(x, tf.Variable(tf.ones([8, 40])))) ** 1.5
loss = tf.reduce_mean(tf.nn.softmax(h))
train = tf.train.AdamOptimizer().minimize(loss)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    sess.run([loss, train], {x: np.ones((50, 8))})
    print(sess.run(loss, {x: np.ones((50, 8))}), sorted({"llvmlite", "numba"} & set(sys.modules)))
"""


def test_a_process_with_its_kernels_on_disk_has_no_llvm(tmp_path):
    environment = {**os.environ, "GRAPHFLOW_CACHE_DIR": str(tmp_path), "GRAPHFLOW_DETERMINISTIC": "1"}
    first, second = (subprocess.run([sys.executable, "-c", _PROGRAM], env=environment, check=True, text=True,
                                    capture_output=True).stdout.split(maxsplit=1) for _ in range(2))
    assert "llvmlite" in first[1] and second[1].strip() == "[]"
    assert first[0] == second[0]
