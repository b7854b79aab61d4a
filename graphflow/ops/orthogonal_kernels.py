"""Initializers of convolutions that keep norms (arXiv 1806.05393): `tf.contrib.framework.convolutional_orthogonal_2d`.

State: seeds count up from draw to draw, so that an instance gives other numbers each time; with a seed, TensorFlow's.
"""

import functools
import itertools

from graphflow.framework import dtypes
from graphflow.framework import public as tf
from graphflow.framework.api import tf_export
from graphflow.ops.init_ops import Initializer, floating, uniform_orthogonal


class _Orthogonal(Initializer):
    def __init__(self, gain=1.0, seed=None, dtype=dtypes.float32):
        self.gain = gain
        self.dtype = floating(dtype)
        self.seed = seed

    def get_config(self):
        """The constructor's arguments."""
        return {"gain": self.gain, "seed": self.seed, "dtype": self.dtype.name}


def _check_filters(shape):
    if shape[-2] > shape[-1]:
        raise ValueError("In_filters cannot be greater than out_filters.")


@tf_export("contrib.framework.convolutional_delta_orthogonal")
class ConvolutionDeltaOrthogonal(_Orthogonal):
    """Kernels for 1 to 3 dimensions that are an orthogonal matrix, times `gain`, in the middle, and zero elsewhere.

    Raises ValueError for other shapes, and for more input filters than output filters.
    """

    def __call__(self, shape, dtype=None, partition_info=None):
        if not 3 <= len(shape) <= 5:
            raise ValueError("The tensor to initialize must be at least three-dimensional and at most five-dimensional")
        _check_filters(shape)
        dtype = self.dtype if dtype is None else dtype
        matrix = uniform_orthogonal(shape[-1], shape[-1], dtype, self.seed)[:shape[-2], :] * tf.cast(self.gain, dtype)
        middle = [(size - 1) // 2 for size in shape[:-2]]
        return tf.scatter_nd([middle], tf.expand_dims(matrix, 0), shape)


class _ConvolutionOrthogonal(_Orthogonal):
    """Kernels that are an orthogonal matrix times a product of kernels of size two, each from random projections."""

    dims = names = None
    # Whether the first place along a dimension gets what is projected, or the last.
    projected_first = True

    def __call__(self, shape, dtype=None, partition_info=None):
        if len(shape) != self.dims + 2:
            raise ValueError(f"The tensor to initialize must be {self.names}-dimensional")
        _check_filters(shape)
        size, inputs, outputs = shape[0], shape[-2], shape[-1]
        if any(other != size for other in shape[1:-2]):
            raise ValueError("Kernel sizes must be equal.")
        kernel = self._kernel(int(size), int(inputs), int(outputs))
        return kernel * tf.cast(self.gain, self.dtype if dtype is None else dtype)

    def _kernel(self, size, inputs, outputs):
        matrix = self._matrix(outputs)[:inputs, :]
        if size == 1:
            return tf.reshape(matrix, [1] * self.dims + [inputs, outputs])
        blocks = self._block(outputs)
        for width in range(2, size):
            blocks = self._convolve(blocks, width, self._block(outputs), outputs)
        rows = [tf.matmul(matrix, blocks[at]) for at in itertools.product(range(size), repeat=self.dims)]
        return tf.reshape(tf.stack(rows), [size] * self.dims + [inputs, outputs])

    def _next_seed(self):
        seed = self.seed
        if seed:
            self.seed += 1
        return seed

    def _matrix(self, size):
        return uniform_orthogonal(size, size, self.dtype, self._next_seed())

    def _projection(self, size):
        """A matrix that projects to some of the columns of an orthogonal one."""
        matrix = self._matrix(size)
        kept = matrix * tf.cast(tf.random_normal([size], seed=self._next_seed()) > 0, self.dtype)
        return tf.matmul(kept, kept, transpose_b=True)

    def _block(self, size):
        """{place: matrix} of a kernel of size two: products of projections and what they leave."""
        one = tf.eye(size, dtype=self.dtype)
        parts = []
        for _ in range(self.dims):
            projection = self._projection(size)
            pair = projection, one - projection
            parts.append(pair if self.projected_first else pair[::-1])
        return {at: functools.reduce(tf.matmul, (pair[i] for pair, i in zip(parts, at)))
                for at in itertools.product(range(2), repeat=self.dims)}

    def _convolve(self, kernel, width, block, size):
        """The kernel that convolves with `kernel`, `width` wide, and then with `block`."""
        result = {}
        for at in itertools.product(range(width + 1), repeat=self.dims):
            total = tf.zeros([size, size], self.dtype)
            for first in itertools.product(range(width), repeat=self.dims):
                rest = tuple(a - b for a, b in zip(at, first))
                if all(0 <= place < 2 for place in rest):
                    total += tf.matmul(kernel[first], block[rest])
            result[at] = total
        return result


@tf_export("contrib.framework.convolutional_orthogonal_1d")
class ConvolutionOrthogonal1D(_ConvolutionOrthogonal):
    """Kernels [size, inputs, outputs] that keep norms, times `gain`, on rows that go round in a circle.

    Raises ValueError for other shapes, and for more inputs than outputs.
    """

    dims, names = 1, "three"


@tf_export("contrib.framework.convolutional_orthogonal_2d")
class ConvolutionOrthogonal2D(_ConvolutionOrthogonal):
    """Kernels [size, size, inputs, outputs] that keep norms, times `gain`, on images whose edges meet.

    Raises ValueError for other shapes, and for more inputs than outputs.
    """

    dims, names = 2, "four"


@tf_export("contrib.framework.convolutional_orthogonal_3d")
class ConvolutionOrthogonal3D(_ConvolutionOrthogonal):
    """Kernels [size, size, size, inputs, outputs] that keep norms, times `gain`, on volumes whose sides meet.

    Raises ValueError for other shapes, and for more inputs than outputs.
    """

    dims, names = 3, "five"
    projected_first = False
