"""Products by panels against NumPy, at the borders of tiles, panels and parts, on any number of threads."""

import numpy as np
import pytest

from graphflow.framework.kernel_loader import kernels
from tests.kernels.native_harness import bind, execute, run

matmul, native, pool = kernels("cpu.matmul"), kernels("cpu.native"), kernels("cpu.pool")
SIZES = [(50, 1024, 300), (12, 256, 1024), (13, 333, 1001), (96, 3000, 100), (31, 257, 1030), (128, 128, 64),
         (16, 20000, 40), (64, 32, 32), (130, 192, 1100), (600, 160, 70)]
WIDTHS = [(np.float32, 4, 4), (np.float32, 4, 6), (np.float32, 2, 8), (np.float64, 3, 5)]


def _matrices(m, n, k, transposes, dtype):
    rng = np.random.default_rng(0)
    left, right = rng.normal(size=(m, k)).astype(dtype), rng.normal(size=(k, n)).astype(dtype)
    given = [np.ascontiguousarray(x.T if turned else x) for x, turned in zip((left, right), transposes)]
    return given, left.astype(np.float64) @ right


@pytest.mark.parametrize("transposes", [(False, False), (False, True), (True, False)])
@pytest.mark.parametrize("m, n, k", SIZES)
def test_product(m, n, k, transposes):
    given, want = _matrices(m, n, k, transposes, "f")
    attrs = {"T": "float32", "transpose_a": transposes[0], "transpose_b": transposes[1]}
    got = run("matmul", "MatMul", given, [((m, n), "float32")], attrs)
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=2e-4)
    np.testing.assert_array_equal(run("matmul", "MatMul", given, [((m, n), "float32")], attrs, threads=2), got)


@pytest.mark.parametrize("transposes", [(False, False), (False, True), (True, False), (True, True)])
@pytest.mark.parametrize("dtype, vectors, rows", WIDTHS)
def test_kernel(dtype, vectors, rows, transposes):
    """The kernel itself, where this processor would take another: all tiles, rows and columns in parts, adding."""
    m, n, k, lanes = 41, 150, 70, kernels("cpu.vector_unit").lanes_of(np.dtype(dtype).name)
    given, want = _matrices(m, n, k, transposes, dtype)
    code = native.function("panel_product.product", np.dtype(dtype).name, str(lanes), str(vectors), str(rows),
                           *("1" if turned else "0" for turned in transposes))
    registry = kernels("registry")
    out, width = np.full((m, n), 2, dtype), vectors * lanes
    last = -(-n // width)
    blocks = [[registry.Out(0), registry.In(0), registry.In(1), m, n, k, *rows_, *columns,
               registry.Scratch(32 * width * 2 * out.itemsize), 32, 2, total]
              for rows_, total in (((0, 16), 0), ((16, 32), registry.Out(0)), ((32, m), registry.In(2)))
              for columns in ((0, 1), (1, last)) if columns[0] < last]
    assert execute(pool.step(code, blocks, 1), [*given, np.full((m, n), 5, dtype)], [out])[0] == -1
    want[16:32] += 2
    want[32:] += 5
    np.testing.assert_allclose(out, want, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("transposes", [(False, False), (False, True), (True, False)])
@pytest.mark.parametrize("m, n, k", [(50, 300, 40), (128, 512, 156), (64, 160, 1100), (300, 320, 32)])
def test_panels_made_before(m, n, k, transposes, threads):
    """The bits of a product that makes them itself, whether there is a sum to add to or not."""
    given, _ = _matrices(m, n, k, transposes, "f")
    whole = matmul._panels("float32", m, n, k, transposes, (0, 1), threads, (2, 8))
    adding = matmul._panels("float32", m, n, k, transposes, (0, 1), threads, (2, 8), kernels("registry").In(2))
    panels = np.full(whole.panels.shape, 77, "f")
    assert whole.panels.key == adding.panels.key and execute(whole.panels.pack(), given[1:], [panels])[0] == -1
    width = panels.shape[2]
    right = given[1].T if transposes[1] else given[1]
    np.testing.assert_array_equal(panels.transpose(1, 0, 2).reshape(k, -1)[:, :n], right)
    np.testing.assert_array_equal(panels.transpose(1, 0, 2).reshape(k, -1)[:, n:], 0)
    assert panels.shape == (-(-n // width), k, width)
    for kernel in (whole, adding):
        outs = [np.full((m, n), 3, "f") for _ in range(2)]
        assert execute(kernel, [*given, outs[0]], outs[:1])[0] == -1
        assert execute(kernel.panels.product(), [given[0], panels, outs[1]], outs[1:])[0] == -1
        assert outs[0].tobytes() == outs[1].tobytes() and (outs[0] != 3).any()


@pytest.mark.parametrize("transposes", [(False, False), (False, True), (True, False)])
@pytest.mark.parametrize("m, n, k, dtype", [(156, 512, 128, "f"), (130, 192, 1100, "f"), (40, 50, 30, "f"),
                                            (50, 1024, 300, "d"), (300, 310, 290, "d"), (64, 64, 0, "f"),
                                            (64, 64, 0, "d")])
def test_sum_with_a_product(m, n, k, dtype, transposes):
    given, want = _matrices(m, n, k, transposes, dtype)
    name = np.dtype(dtype).name
    attrs = {"T": name, "transpose_a": transposes[0], "transpose_b": transposes[1]}
    total = np.random.default_rng(1).normal(size=(m, n)).astype(dtype)
    got = run("matmul", "AddProduct", [total, *given], [((m, n), name)], attrs)
    np.testing.assert_allclose(got, total + want, rtol=1e-5, atol=2e-4)
    np.testing.assert_array_equal(run("matmul", "AddProduct", [total, *given], [((m, n), name)], attrs, threads=2), got)
    bound = bind("matmul", "AddProduct", [total, *given], [((m, n), name)], attrs)
    place = total.copy()
    assert bound.in_place == ((0, 0),) and execute(bound, [place, *given], [place])[0] == -1
    np.testing.assert_array_equal(place, got)


def test_what_is_done_by_panels(monkeypatch):
    def tile(*sizes, dtype="float32", transposes=(False, False)):
        return matmul._panel_tile(dtype, *sizes, transposes)

    monkeypatch.setattr(matmul, "lanes_of", lambda dtype: 16)
    for zen in (0, 4, 5):
        monkeypatch.setattr(matmul, "zen", lambda zen=zen: zen)
        assert tile(50, 1024, 3136) is not None
        assert (tile(128, 256, 784) is not None) == (zen > 0)
        assert (tile(128, 4096, 4096) is not None) == (zen == 5)
        assert tile(1024, 4096, 4096) is None
        assert (tile(128, 4096, 4096, transposes=(False, True)) is not None) == (zen > 0)
        assert (tile(784, 256, 128, transposes=(True, False)) is not None) == (zen > 0)
        assert (tile(1024, 256, 128, transposes=(True, False)) is not None) == (zen == 4)   # lines that caches lose
        assert (tile(64, 64, 64) is not None) == (zen == 4)
        assert (tile(64, 64, 64, transposes=(False, True)) is not None) == (zen > 0)
        assert tile(4096, 4096, 128, transposes=(True, False)) is None
        assert tile(50, 10, 784) is None
        assert tile(50, 1024, 3136, dtype="float64") is None
        assert tile(128, 100, 128) is None      # 28 columns would be worked out for nothing
    assert tile(1020, 768, 784) == (4, 6) and tile(128, 768, 784) == (2, 8)     # 6 rows where they fit
    monkeypatch.setattr(matmul, "lanes_of", lambda dtype: 8)
    assert tile(50, 1024, 3136) is None
