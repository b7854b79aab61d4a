"""What serves while a kernel is being compiled, where the reference kernel would take too long.

Products, and convolutions as products, go to our own OpenBLAS through ctypes. NumPy's uses all CPUs and
spins, which beside a busy one (compiling keeps one busy) takes a step of mlp_adam from 2 ms to 400. Ours
stays on the thread that calls it; what takes long is done in pieces, by Python's threads (the first step
of cnn_mnist: 75 ms in these, 50 on two). Pieces don't depend on the number of threads. Registers nothing itself.
State: the C functions that were asked for.
"""

import _thread
import ctypes
import queue

import numpy as np

from . import blas, pool

_ROW_MAJOR, _PLAIN, _TRANSPOSED = 101, 111, 112
_LETTER = {"float32": "s", "float64": "d"}
# Images whose windows are laid out at a time; elements that are updated at a time.
_PATCH_BYTES = 1 << 22
_BLOCK = 1 << 17
_WORTH_SPLITTING = 100_000_000  # operations of a product, about 1 ms: a helper may be slow to come, or be sent away

_functions = {}


def _together(work, items, threads):
    """Calls work(*item) for all items, some at a time: OpenBLAS and NumPy hold no lock meanwhile.

    Waits for what the helpers have begun, not for helpers that the system does not run.
    """
    left, ended = iter(items), queue.SimpleQueue()

    def take():
        for item in left:
            try:
                work(*item)
            except Exception as error:  # noqa: BLE001 - raised below, in the thread that asked
                ended.put(error)
            else:
                ended.put(None)

    for _ in range(min(threads, len(items), pool.available_cpus()) - 1):
        _thread.start_new_thread(take, ())
    take()
    for failure in [ended.get() for _ in items]:
        if failure is not None:
            raise failure


def _gemm(dtype):
    found = _functions.get(dtype.name)
    if found is None:
        real = ctypes.c_float if dtype.name == "float32" else ctypes.c_double
        integer, pointer = ctypes.c_int32, ctypes.c_void_p
        kind = ctypes.CFUNCTYPE(None, *[integer] * 6, real, pointer, integer, pointer, integer, real, pointer, integer)
        found = _functions[dtype.name] = kind(blas.address(_LETTER[dtype.name] + "gemm"))
    return found


def multiply(a, b, transposes, out, add=False):
    """out = a . b, or out += a . b: matrices of one dtype with dense rows, none empty, `a` and `b` maybe transposed."""
    (m, n), k = out.shape, a.shape[0 if transposes[0] else 1]
    options = [_TRANSPOSED if flag else _PLAIN for flag in transposes]
    steps = [max(x.strides[0] // x.itemsize, x.shape[1]) for x in (a, b, out)]      # a single row's stride may be any
    _gemm(out.dtype)(_ROW_MAJOR, *options, m, n, k, 1.0, a.ctypes.data, steps[0], b.ctypes.data, steps[1],
                     float(add), out.ctypes.data, steps[2])


def _pieces(a, b, transposes, out):
    """A product as the arguments of one or two calls of `multiply`, each for half of the longer side of `out`."""
    if 2 * out.size * a.shape[0 if transposes[0] else 1] < _WORTH_SPLITTING:
        return [(a, b, transposes, out)]
    side = int(out.shape[1] > out.shape[0])
    middle = out.shape[side] // 2
    pieces = []
    for part in (slice(middle), slice(middle, None)):
        across = (slice(None), part)
        if side:
            pieces.append((a, b[part] if transposes[1] else b[across], transposes, out[across]))
        else:
            pieces.append((a[across] if transposes[0] else a[part], b, transposes, out[part]))
    return pieces


def product(ctx, transposes):
    """`run(a, b)` for stacks of matrices."""
    shape, dtype, threads = ctx.output_shapes[0], ctx.output_dtypes[0].as_numpy_dtype, ctx.threads

    def run(a, b):
        if not a.size or not b.size:
            return np.zeros(shape, dtype)
        out = np.empty(shape, dtype)
        a, b = (np.ascontiguousarray(x).reshape(-1, *x.shape[-2:]) for x in (a, b))
        _together(multiply, [piece for i, matrix in enumerate(out.reshape(-1, *shape[-2:])) for piece in _pieces(
            a[i if len(a) > 1 else 0], b[i if len(b) > 1 else 0], transposes, matrix)], threads)
        return out

    return run


def add_product(transposes):
    """`run(total, a, b)`: total + a . b."""
    def run(total, a, b):
        out = total.copy()
        if out.size and a.size:
            multiply(np.ascontiguousarray(a), np.ascontiguousarray(b), transposes, out, add=True)
        return out

    return run


_UFUNCS = {"Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "RealDiv": np.divide, "Sqrt": np.sqrt,
           "Abs": np.abs, "Neg": np.negative, "Sign": np.sign, "Maximum": np.maximum, "Minimum": np.minimum,
           "Less": np.less, "Select": np.where}


def update(steps, results):
    """`run(*operands)` of a program, a block at a time: the operands named first are overwritten by `results`
    (positions). Operands are of one shape, or numbers.

    With the reference's formulas for whole arrays an Adam step of 3 million weights spends 60 ms on fresh memory.
    """
    parsed = [(_UFUNCS[op], names) for op, *names in (text.split(" ") for text in steps.split(";"))]

    def run(*operands):
        flat = [array.reshape(-1) if array.ndim else array for array in operands]
        real = operands[0].dtype.type
        with np.errstate(all="ignore"):
            for start in range(0, operands[0].size, _BLOCK):
                values = [array[start:start + _BLOCK] if array.ndim else array for array in flat]
                for ufunc, names in parsed:
                    values.append(ufunc(*(real(float(n[1:])) if n[0] == "#" else values[int(n)] for n in names)))
                for array, position in zip(flat, results):
                    array[start:start + _BLOCK] = values[position]
        return operands[:len(results)]

    return run


class _Windows:
    """The windows of a convolution's images, laid out as rows of a matrix, some images at a time."""

    def __init__(self, shape, dtype):
        """`shape`: the Geometry."""
        self._shape, self._dtype = shape, dtype
        row = int(np.prod(shape.outputs)) * int(np.prod(shape.kernel)) * shape.images[3] * np.dtype(dtype).itemsize
        count, at_once = shape.images[0], max(1, _PATCH_BYTES // row)
        self.ranges = [(first, min(first + at_once, count)) for first in range(0, count, at_once)]
        spread = [(out - 1) * stride + (window - 1) * dilation + 1 for out, stride, window, dilation in zip(
            shape.outputs, shape.strides, shape.kernel, shape.dilations, strict=True)]
        self.padded = [max(need, size + before) for need, size, before in zip(
            spread, shape.images[1:3], shape.pads, strict=True)]

    def frame(self, count):
        """Zeros for `count` padded images, and the part of them that is the images."""
        (top, left), (height, width) = self._shape.pads, self._shape.images[1:3]
        whole = np.zeros((count, *self.padded, self._shape.images[3]), self._dtype)
        return whole, whole[:, top:top + height, left:left + width]

    def view(self, whole):
        """Padded images as (image, output row, output column, window row, window column, channel)."""
        shape, (n, y, x, c) = self._shape, whole.strides
        (down, across), (dy, dx) = shape.strides, shape.dilations
        return np.lib.stride_tricks.as_strided(
            whole, (len(whole), *shape.outputs, *shape.kernel, shape.images[3]),
            (n, y * down, x * across, y * dy, x * dx, c))

    def rows(self, images):
        """The windows of `images`, one a row."""
        whole, inside = self.frame(len(images))
        inside[...] = images
        return self.view(whole).reshape(-1, int(np.prod(self._shape.kernel)) * self._shape.images[3])


def convolve(shape, outputs, ctx):
    """`run(images, filters)` of Conv2D."""
    dtype = ctx.output_dtypes[0].as_numpy_dtype
    windows = _Windows(shape, dtype)

    def run(images, filters):
        out = np.empty((len(images), *shape.outputs, outputs), dtype)
        weights = np.ascontiguousarray(filters).reshape(-1, outputs)

        def work(first, last):
            multiply(windows.rows(images[first:last]), weights, (False, False), out[first:last].reshape(-1, outputs))

        _together(work, windows.ranges, ctx.threads)
        return out

    return run


def convolve_to_filter(shape, outputs, ctx):
    """`run(images, sizes, gradient)` of Conv2DBackpropFilter: the sums of two shares of the images."""
    dtype = ctx.output_dtypes[0].as_numpy_dtype
    windows = _Windows(shape, dtype)
    shares = [share for share in (windows.ranges[::2], windows.ranges[1::2]) if share]

    def run(images, sizes, gradient):
        sums = np.zeros((len(shares), *shape.kernel, shape.images[3], outputs), dtype)
        gradient = np.ascontiguousarray(gradient)

        def work(share, out):
            for first, last in share:
                multiply(windows.rows(images[first:last]), gradient[first:last].reshape(-1, outputs), (True, False),
                         out.reshape(-1, outputs), add=True)

        _together(work, list(zip(shares, sums)), ctx.threads)
        return sums.sum(0)

    return run


def convolve_to_input(shape, outputs, ctx):
    """`run(sizes, filters, gradient)` of Conv2DBackpropInput."""
    dtype = ctx.output_dtypes[0].as_numpy_dtype
    windows = _Windows(shape, dtype)

    def run(sizes, filters, gradient):
        out = np.empty(shape.images, dtype)
        weights, gradient = np.ascontiguousarray(filters).reshape(-1, outputs), np.ascontiguousarray(gradient)

        def work(first, last):
            rows = gradient[first:last].reshape(-1, outputs)
            parts = np.empty((len(rows), len(weights)), dtype)
            multiply(rows, weights, (False, True), parts)
            whole, inside = windows.frame(last - first)
            target = windows.view(whole)
            parts = parts.reshape(target.shape)
            for r, s in np.ndindex(*shape.kernel):
                target[:, :, :, r, s] += parts[:, :, :, r, s]
            out[first:last] = inside

        _together(work, windows.ranges, ctx.threads)
        return out

    return run


class _Pools:
    """The windows of a pooling op over images (N, H, W, C), and what meets them tap by tap: a position in the
    window. Comparisons by NumPy and choices by their results take 8 ms where these maxima take 0.6."""

    def __init__(self, images, outputs, window, strides, pads):
        self._images, self._pads = tuple(images), pads
        pairs = list(zip(outputs, window, strides, strict=True))
        self._padded = tuple(max(size + before, (out - 1) * stride + k) for size, before, (out, k, stride) in zip(
            images[1:3], pads, pairs, strict=True))
        self._taps = [(slice(None), *(slice(at, at + (out - 1) * stride + 1, stride) for at, (out, _, stride) in zip(
            tap, pairs, strict=True))) for tap in np.ndindex(*window)]
        rows, columns = (np.maximum(np.arange(out) * stride - before, 0) for before, (out, _, stride) in zip(
            pads, pairs, strict=True))
        self._first = (slice(None), rows[:, None], columns)     # of each window, the entry not in a margin

    def _inside(self, whole):
        (top, left), (height, width) = self._pads, self._images[1:3]
        return whole[:, top:top + height, left:left + width]

    def _with_margins(self, array, value):
        if self._padded == self._images[1:3]:
            return array
        whole = np.full((len(array), *self._padded, array.shape[3]), value, array.dtype)
        self._inside(whole)[...] = array
        return whole

    def maxima(self, images):
        """What is not a number counts only as a window's first entry, as in the reference kernel."""
        images = images.reshape(self._images)
        whole = self._with_margins(images, -np.inf)
        best = whole[self._taps[0]].copy()
        for tap in self._taps[1:]:
            np.fmax(best, whole[tap], best)
        first = images[self._first]
        np.copyto(best, first, where=np.isnan(first))
        return best

    def gradient(self, images, gradient):
        """The images' gradient: to the first of equal entries."""
        best = self.maxima(images)
        undefined, left = np.isnan(best), np.ones(best.shape, bool)
        whole = self._with_margins(images.reshape(self._images), -np.inf)
        real = self._with_margins(np.ones((1, *self._images[1:3], 1), bool), False)
        total, bits = np.zeros(whole.shape, whole.dtype), np.dtype(f"i{whole.itemsize}")
        gradient = gradient.reshape(best.shape).view(bits)
        for tap in self._taps:
            taken = ((whole[tap] == best) | undefined) & left & real[tap]
            left ^= taken
            total[tap] += (gradient & -taken.astype(bits)).view(whole.dtype)    # not a product: it may be infinite
        return self._inside(total)


def max_pool(shape, *geometry):
    """`run(images)` of MaxPool; `shape`: the result's."""
    pools = _Pools(*geometry)
    return lambda images: pools.maxima(images).reshape(shape)


def max_pool_gradient(shape, *geometry):
    """`run(images, maxima, gradient)` of MaxPoolGrad."""
    pools = _Pools(*geometry)
    return lambda images, _, gradient: pools.gradient(images, gradient).reshape(shape)
