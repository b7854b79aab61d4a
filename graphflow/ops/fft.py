"""Fourier transforms over the last one, two or three dimensions. Holds no state."""

from graphflow.framework import dtypes, raw_ops, shapes
from graphflow.framework import public as tf
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.op_def import RegisterGradient, register_op

_COMPLEX = "Tcomplex: {complex64, complex128} = DT_COMPLEX64"


def _complex_shape(rank):
    return lambda c: [shapes.with_rank_at_least(c.shape(0), rank)]


def _real_shape(rank, halved):
    def rule(c):
        shape, length = shapes.with_rank_at_least(c.shape(0), rank), shapes.with_rank(c.shape(1), 1)
        shapes.merge_dim(length[0], rank)
        if shape is None:
            return [None]
        sizes = c.value(1)
        if sizes is None:
            return [(*shape[:-rank], *[None] * rank)]
        sizes = [int(n) for n in sizes]
        if halved and sizes[-1]:
            sizes[-1] = sizes[-1] // 2 + 1
        return [(*shape[:-rank], *sizes)]
    return rule


for _rank, _suffix in ((1, ""), (2, "2D"), (3, "3D")):
    for _name in ("FFT", "IFFT"):
        register_op(_name + _suffix, inputs="input: Tcomplex", outputs="output: Tcomplex", attrs=_COMPLEX,
                    shape=_complex_shape(_rank))
    register_op("RFFT" + _suffix, inputs="input: float, fft_length: int32", outputs="output: complex64",
                shape=_real_shape(_rank, True))
    register_op("IRFFT" + _suffix, inputs="input: complex64, fft_length: int32", outputs="output: float",
                shape=_real_shape(_rank, False))


def _size(grad, rank):
    """How many numbers a transform of `rank` dimensions takes, in the type of `grad`."""
    return tf.cast(tf.reduce_prod(tf.shape(grad)[-rank:]), grad.dtype.real_dtype)


def _complex_gradients(rank, suffix):
    forward, inverse = (getattr(raw_ops, name + suffix) for name in ("FFT", "IFFT"))

    @RegisterGradient("FFT" + suffix)
    def _fft_grad(op, grad):
        size = _size(grad, rank)
        return inverse(grad) * tf.complex(size, tf.zeros_like(size))

    @RegisterGradient("IFFT" + suffix)
    def _ifft_grad(op, grad):
        scale = 1.0 / _size(grad, rank)
        return forward(grad) * tf.complex(scale, tf.zeros_like(scale))


_complex_gradients(1, "")
_complex_gradients(2, "2D")
_complex_gradients(3, "3D")


def _spectrum_mask(spectrum, length):
    """2 where a half spectrum stands for two numbers (as IRFFT takes it), else 1; over the last axis."""
    places = tf.range(tf.shape(spectrum)[-1])
    even = tf.equal(length[-1] % 2, 0)
    alone = tf.logical_or(tf.equal(places, 0), tf.logical_and(even, tf.equal(places, length[-1] // 2)))
    return tf.cast(tf.where(alone, tf.ones_like(places), 2 * tf.ones_like(places)), dtypes.float32)


def _cropped_or_padded(x, shape, rank):
    """`x` with the last `rank` sizes of `shape`: what a transform left out gets zeros, its padding goes."""
    lead, sizes = tf.shape(x)[:-rank], shape[-rank:]
    kept = tf.minimum(tf.shape(x)[-rank:], sizes)
    x = tf.slice(x, tf.zeros_like(tf.shape(x)), tf.concat([lead, kept], 0))
    after = tf.concat([tf.zeros_like(lead), sizes - kept], 0)
    return tf.pad(x, tf.stack([tf.zeros_like(after), after], 1))


def _real_gradients(rank, suffix):
    forward, inverse = (getattr(raw_ops, name + suffix) for name in ("RFFT", "IRFFT"))

    @RegisterGradient("RFFT" + suffix)
    def _rfft_grad(op, grad):
        # The spectrum's other half is no output: what stands for two numbers counts once.
        length = op.inputs[1]
        halved = grad / tf.cast(_spectrum_mask(grad, length), grad.dtype)
        size = tf.cast(tf.reduce_prod(length), dtypes.float32)
        return _cropped_or_padded(inverse(halved, length) * size, tf.shape(op.inputs[0]), rank), None

    @RegisterGradient("IRFFT" + suffix)
    def _irfft_grad(op, grad):
        length = op.inputs[1]
        spectrum = forward(grad, length)
        scale = _spectrum_mask(spectrum, length) / tf.cast(tf.reduce_prod(length), dtypes.float32)
        return _cropped_or_padded(spectrum * tf.cast(scale, dtypes.complex64), tf.shape(op.inputs[0]), rank), None


_real_gradients(1, "")
_real_gradients(2, "2D")
_real_gradients(3, "3D")


def _lengths(tensor, fft_length, rank, inverse):
    """The sizes of a real transform: those given, or the tensor's."""
    if fft_length is not None:
        return convert_to_tensor(fft_length, dtypes.int32)
    known = tensor._shape
    if known is None or None in known[-rank:]:
        sizes = tf.shape(tensor)[-rank:]
        if not inverse:
            return sizes
        return tf.concat([sizes[:-1], tf.maximum(0, 2 * (sizes[-1:] - 1))], 0)
    sizes = list(known[-rank:])
    if inverse:
        sizes[-1] = max(0, 2 * (sizes[-1] - 1))
    return convert_to_tensor(sizes, dtypes.int32)


def _fitted(tensor, sizes, rank, inverse):
    """`tensor` padded with zeros up to what the transform takes; NumPy's rule, and TensorFlow's."""
    wanted = tf.concat([sizes[:-1], sizes[-1:] // 2 + 1], 0) if inverse else sizes
    missing = tf.maximum(0, wanted - tf.shape(tensor)[-rank:])
    after = tf.concat([tf.zeros_like(tf.shape(tensor)[:-rank]), missing], 0)
    static = tensor._shape
    padded = tf.pad(tensor, tf.stack([tf.zeros_like(after), after], 1))
    if static is not None:
        padded.set_shape([*static[:-rank], *[None] * rank])
    return padded


def _real(op, name, tensor, fft_length, rank, inverse, dtype):
    with name_scope(name, op.lower(), [tensor, fft_length]) as name:
        tensor = convert_to_tensor(tensor, dtype)
        tensor.get_shape().with_rank_at_least(rank)
        sizes = _lengths(tensor, fft_length, rank, inverse)
        if fft_length is not None:
            tensor = _fitted(tensor, sizes, rank, inverse)
        return getattr(raw_ops, op)(tensor, sizes, name=name)


@tf_export("signal.fft", "spectral.fft", "fft")
def fft(input, name=None):  # noqa: A002 - TensorFlow's name
    """The discrete Fourier transform of a complex tensor over its last dimension."""
    return raw_ops.FFT(input, name=name)


@tf_export("signal.ifft", "spectral.ifft", "ifft")
def ifft(input, name=None):  # noqa: A002 - TensorFlow's name
    """The inverse of `fft`."""
    return raw_ops.IFFT(input, name=name)


@tf_export("signal.fft2d", "spectral.fft2d", "fft2d", legacy=("batch_fft2d",))
def fft2d(input, name=None):  # noqa: A002 - TensorFlow's name
    """The discrete Fourier transform over the last two dimensions."""
    return raw_ops.FFT2D(input, name=name)


@tf_export("signal.ifft2d", "spectral.ifft2d", "ifft2d", legacy=("batch_ifft2d",))
def ifft2d(input, name=None):  # noqa: A002 - TensorFlow's name
    """The inverse of `fft2d`."""
    return raw_ops.IFFT2D(input, name=name)


@tf_export("signal.fft3d", "spectral.fft3d", "fft3d", legacy=("batch_fft3d",))
def fft3d(input, name=None):  # noqa: A002 - TensorFlow's name
    """The discrete Fourier transform over the last three dimensions."""
    return raw_ops.FFT3D(input, name=name)


@tf_export("signal.ifft3d", "spectral.ifft3d", "ifft3d", legacy=("batch_ifft3d",))
def ifft3d(input, name=None):  # noqa: A002 - TensorFlow's name
    """The inverse of `fft3d`."""
    return raw_ops.IFFT3D(input, name=name)


@tf_export("signal.rfft", "spectral.rfft")
def rfft(input_tensor, fft_length=None, name=None):
    """The first `fft_length // 2 + 1` numbers of the Fourier transform of a float32 tensor.

    Args: fft_length: int32 [1]; the tensor is cropped or padded with zeros to it.
    """
    return _real("RFFT", name, input_tensor, fft_length, 1, False, dtypes.float32)


@tf_export("signal.irfft", "spectral.irfft")
def irfft(input_tensor, fft_length=None, name=None):
    """The inverse of `rfft`; by default of even length."""
    return _real("IRFFT", name, input_tensor, fft_length, 1, True, dtypes.complex64)


@tf_export("signal.rfft2d", "spectral.rfft2d")
def rfft2d(input_tensor, fft_length=None, name=None):
    """`rfft` over the last two dimensions."""
    return _real("RFFT2D", name, input_tensor, fft_length, 2, False, dtypes.float32)


@tf_export("signal.irfft2d", "spectral.irfft2d")
def irfft2d(input_tensor, fft_length=None, name=None):
    """The inverse of `rfft2d`."""
    return _real("IRFFT2D", name, input_tensor, fft_length, 2, True, dtypes.complex64)


@tf_export("signal.rfft3d", "spectral.rfft3d")
def rfft3d(input_tensor, fft_length=None, name=None):
    """`rfft` over the last three dimensions."""
    return _real("RFFT3D", name, input_tensor, fft_length, 3, False, dtypes.float32)


@tf_export("signal.irfft3d", "spectral.irfft3d")
def irfft3d(input_tensor, fft_length=None, name=None):
    """The inverse of `rfft3d`."""
    return _real("IRFFT3D", name, input_tensor, fft_length, 3, True, dtypes.complex64)
