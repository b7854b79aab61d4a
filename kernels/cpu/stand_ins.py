"""What serves while a kernel is being compiled, where the reference kernel would take too long.

Products, and convolutions as products, go to our own OpenBLAS through ctypes, on one thread. NumPy's uses
all CPUs and spins, which beside a busy one (compiling keeps one busy) takes a step of mlp_adam from 2 ms
to 400. Registers nothing itself. State: the C functions that were asked for.
"""

import ctypes

import numpy as np

from . import blas

_ROW_MAJOR, _PLAIN, _TRANSPOSED = 101, 111, 112
_LETTER = {"float32": "s", "float64": "d"}
# Images whose windows are laid out at a time; elements that are updated at a time.
_PATCH_BYTES = 1 << 22
_BLOCK = 1 << 15

_functions = {}


def _gemm(dtype):
    found = _functions.get(dtype.name)
    if found is None:
        real = ctypes.c_float if dtype.name == "float32" else ctypes.c_double
        integer, pointer = ctypes.c_int32, ctypes.c_void_p
        kind = ctypes.CFUNCTYPE(None, *[integer] * 6, real, pointer, integer, pointer, integer, real, pointer, integer)
        found = _functions[dtype.name] = kind(blas.address(_LETTER[dtype.name] + "gemm"))
    return found


def multiply(a, b, transposes, out, add=False):
    """out = a . b, or out += a . b: dense matrices of one dtype, none empty, `a` and `b` maybe transposed."""
    (m, n), k = out.shape, a.shape[0 if transposes[0] else 1]
    options = [_TRANSPOSED if flag else _PLAIN for flag in transposes]
    _gemm(out.dtype)(_ROW_MAJOR, *options, m, n, k, 1.0, a.ctypes.data, a.shape[1], b.ctypes.data, b.shape[1],
                     float(add), out.ctypes.data, n)


def product(ctx, transposes):
    """`run(a, b)` for stacks of matrices."""
    shape, dtype = ctx.output_shapes[0], ctx.output_dtypes[0].as_numpy_dtype

    def run(a, b):
        if not a.size or not b.size:
            return np.zeros(shape, dtype)
        out = np.empty(shape, dtype)
        a, b = (np.ascontiguousarray(x).reshape(-1, *x.shape[-2:]) for x in (a, b))
        for i, matrix in enumerate(out.reshape(-1, *shape[-2:])):
            multiply(a[i if len(a) > 1 else 0], b[i if len(b) > 1 else 0], transposes, matrix)
        return out

    return run


_UFUNCS = {"Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "RealDiv": np.divide, "Sqrt": np.sqrt}


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


def convolve(shape, outputs, dtype):
    """`run(images, filters)` of Conv2D."""
    windows = _Windows(shape, dtype)

    def run(images, filters):
        out = np.empty((len(images), *shape.outputs, outputs), dtype)
        weights = np.ascontiguousarray(filters).reshape(-1, outputs)
        for first, last in windows.ranges:
            multiply(windows.rows(images[first:last]), weights, (False, False), out[first:last].reshape(-1, outputs))
        return out

    return run


def convolve_to_filter(shape, outputs, dtype):
    """`run(images, sizes, gradient)` of Conv2DBackpropFilter."""
    windows = _Windows(shape, dtype)

    def run(images, sizes, gradient):
        out = np.zeros((*shape.kernel, shape.images[3], outputs), dtype)
        gradient = np.ascontiguousarray(gradient)
        for first, last in windows.ranges:
            multiply(windows.rows(images[first:last]), gradient[first:last].reshape(-1, outputs), (True, False),
                     out.reshape(-1, outputs), add=True)
        return out

    return run


def convolve_to_input(shape, outputs, dtype):
    """`run(sizes, filters, gradient)` of Conv2DBackpropInput."""
    windows = _Windows(shape, dtype)

    def run(sizes, filters, gradient):
        out = np.empty(shape.images, dtype)
        weights, gradient = np.ascontiguousarray(filters).reshape(-1, outputs), np.ascontiguousarray(gradient)
        for first, last in windows.ranges:
            rows = gradient[first:last].reshape(-1, outputs)
            parts = np.empty((len(rows), len(weights)), dtype)
            multiply(rows, weights, (False, True), parts)
            whole, inside = windows.frame(last - first)
            target = windows.view(whole)
            parts = parts.reshape(target.shape)
            for r, s in np.ndindex(*shape.kernel):
                target[:, :, :, r, s] += parts[:, :, :, r, s]
            out[first:last] = inside
        return out

    return run
