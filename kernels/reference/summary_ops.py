"""Reference kernels of `graphflow/ops/summary_ops.py`: they serialize Summary messages."""

import functools
import sys

import numpy as np

from graphflow import protobuf
from graphflow.framework import dtypes, errors
from graphflow.io.png import encode_png
from graphflow.io.wav import encode_wav

from ..registry import reference
from .elementwise import shape_text

# Below this an image counts as black.
_BLACK = np.float32(1e-6)


def _serialized(summary):
    result = np.empty((), object)
    result[()] = summary.SerializeToString()
    return result


def _invalid(message):
    return errors.InvalidArgumentError(None, None, message)


def _tag(array, what="tag must be scalar"):
    if array.size != 1 or array.ndim > 1:
        raise _invalid(what)
    return array.ravel()[0].decode("utf-8", "replace")


@reference.kernel("ScalarSummary")
def scalar_summary(ctx):
    """A value with a number for every tag."""

    def run(tags, values):
        single = tags.size == values.size == 1 and max(tags.ndim, values.ndim) <= 1
        if tags.shape != values.shape and not single:
            hint = f" (tag '{_tag(tags.reshape(-1))}')" if tags.size == 1 else ""
            raise _invalid(
                f"tags and values not the same shape: {shape_text(tags.shape)} != {shape_text(values.shape)}{hint}"
            )
        summary = protobuf.Summary()
        with np.errstate(over="ignore"):
            numbers = values.ravel().astype(np.float32)
        for tag, number in zip(tags.ravel(), numbers, strict=True):
            summary.value.add(tag=tag.decode("utf-8", "replace"), simple_value=float(number))
        return _serialized(summary)

    return run


@functools.cache
def _bucket_limits():
    """TensorFlow's limits: 10 % apart from 1e-12 to 1e20, their negatives, zero and the largest doubles."""
    positive, limit = [], 1e-12
    while limit < 1e20:
        positive.append(limit)
        limit *= 1.1
    positive.append(sys.float_info.max)
    return np.array([-x for x in reversed(positive)] + [0.0] + positive)


def _total(values):
    """The sum in the order of the values: NumPy's own pairwise sum has other last bits."""
    return float(np.add.accumulate(np.concatenate([[0.0], values]))[-1])


def fill_histogram(histogram, values):
    """Fills a HistogramProto with the histogram of a flat float64 array."""
    limits = _bucket_limits()
    histogram.min = float(values.min()) if values.size else sys.float_info.max
    histogram.max = float(values.max()) if values.size else -sys.float_info.max
    histogram.num = values.size
    with np.errstate(over="ignore"):
        histogram.sum, histogram.sum_squares = _total(values), _total(values * values)
    # How many lie below each limit; sorting takes less time than finding the bucket of each value.
    below = np.searchsorted(np.sort(values), limits[:-1])
    counts = np.diff(below, prepend=0, append=values.size)
    # Of several empty buckets in a row only the last is kept.
    kept = np.flatnonzero((counts > 0) | np.append(counts[1:] > 0, True))
    histogram.bucket_limit.extend(limits[kept])
    histogram.bucket.extend(counts[kept].astype(np.float64))


@reference.kernel("HistogramSummary")
def histogram_summary(ctx):
    """Counts in buckets, with the moments of the values."""

    def run(tag, values):
        flat = values.ravel().astype(np.float64)
        if not np.isfinite(flat).all():
            first = flat[~np.isfinite(flat)][0]
            what = "Nan" if np.isnan(first) else "Infinity"
            raise _invalid(f"{what} in summary histogram for: {ctx.op_name}")
        summary = protobuf.Summary()
        fill_histogram(summary.value.add(tag=_tag(tag, "tags must be scalar")).histo, flat)
        return _serialized(summary)

    return run


def _to_bytes(image, bad_color):
    """A float image [height, width, depth] scaled into uint8; pixels that are not finite become `bad_color`."""
    finite = np.isfinite(image).all(axis=-1)
    values = image[finite].astype(np.float32)
    low, high = (values.min(), values.max()) if values.size else (np.float32(np.inf), np.float32(-np.inf))
    if low < 0:
        peak, top, offset = max(abs(low), abs(high)), np.float32(127), 128
    else:
        peak, top, offset = high, np.float32(255), 0
    scale = image.dtype.type(0 if peak < _BLACK else top / peak)
    result = np.empty(image.shape, np.uint8)
    result[finite] = (image[finite] * scale + image.dtype.type(offset)).astype(np.uint8)
    result[~finite] = bad_color
    return result


def _numbered(base, kind, limit, i):
    return f"{base}/{kind}/{i}" if limit > 1 else f"{base}/{kind}"


@reference.kernel("ImageSummary")
def image_summary(ctx):
    """PNG images of the first entries of a batch."""
    limit, bad_color = ctx.attr("max_images"), ctx.attr("bad_color")

    def run(tag, tensor):
        if tensor.ndim != 4 or tensor.shape[3] not in (1, 3, 4):
            raise _invalid(f"Tensor must be 4-D with last dim 1, 3, or 4, not {shape_text(tensor.shape)}")
        _, height, width, depth = tensor.shape
        if height * width == 0:
            raise _invalid(f"input tensor must have non-zero dims. Found: {shape_text(tensor.shape)}.")
        if tensor.dtype != np.uint8 and len(bad_color) < depth:
            raise _invalid(f"expected depth <= bad_color.size, got depth = {depth}, bad_color.size = {len(bad_color)}")
        base, summary = _tag(tag, "Tags must be a scalar"), protobuf.Summary()
        for i, image in enumerate(tensor[:limit]):
            pixels = image if image.dtype == np.uint8 else _to_bytes(image, bad_color[:depth])
            value = summary.value.add(tag=_numbered(base, "image", limit, i))
            value.image.height, value.image.width, value.image.colorspace = height, width, depth
            value.image.encoded_image_string = encode_png(pixels)
        return _serialized(summary)

    return run


@reference.kernel("AudioSummary", "AudioSummaryV2")
def audio_summary(ctx):
    """WAV sounds of the first entries of a batch."""
    limit = ctx.attr("max_outputs")
    fixed = ctx.attr("sample_rate") if ctx.has_attr("sample_rate") else None

    def run(tag, tensor, sample_rate=None):
        if tensor.ndim not in (2, 3):
            raise _invalid(f"Tensor must be 3-D or 2-D, got: {shape_text(tensor.shape)}")
        rate = np.float32(fixed if sample_rate is None else sample_rate.reshape(()))
        if not rate > 0:
            raise _invalid("sample_rate must be > 0")
        if tensor.ndim == 2:
            tensor = tensor[:, :, None]
        base, summary = _tag(tag, "Tag must be a scalar"), protobuf.Summary()
        for i, sound in enumerate(tensor[:limit]):
            value = summary.value.add(tag=_numbered(base, "audio", limit, i))
            value.audio.sample_rate, value.audio.content_type = float(rate), "audio/wav"
            value.audio.length_frames, value.audio.num_channels = sound.shape
            value.audio.encoded_audio_string = encode_wav(sound, max(int(np.rint(rate)), 1))
        return _serialized(summary)

    return run


def _fill_tensor(proto, array, dtype):
    """Fills a TensorProto: strings one by one, numbers as one block of bytes."""
    proto.dtype = dtype.as_datatype_enum
    proto.tensor_shape.SetInParent()
    for size in array.shape:
        proto.tensor_shape.dim.add(size=size)
    if dtype == dtypes.string:
        proto.string_val.extend(array.ravel().tolist())
    else:
        proto.tensor_content = np.ascontiguousarray(array).tobytes()


@reference.kernel("TensorSummaryV2")
def tensor_summary_v2(ctx):
    """The tensor itself, under a tag, with what plugins need to know."""
    dtype = ctx.input_dtypes[1].base_dtype

    def run(tag, tensor, metadata):
        summary = protobuf.Summary()
        value = summary.value.add(tag=_tag(tag))
        _fill_tensor(value.tensor, tensor, dtype)
        value.metadata.MergeFromString(metadata.ravel()[0])
        value.metadata.SetInParent()
        return _serialized(summary)

    return run


@reference.kernel("TensorSummary")
def tensor_summary(ctx):
    """The tensor itself, under the name of its node."""
    dtype = ctx.input_dtypes[0].base_dtype

    def run(tensor):
        summary = protobuf.Summary()
        _fill_tensor(summary.value.add(node_name=ctx.op_name).tensor, tensor, dtype)
        return _serialized(summary)

    return run


def _merge(*inputs):
    from google.protobuf.message import DecodeError

    merged, tags = protobuf.Summary(), set()
    for text in (text for array in inputs for text in array.ravel()):
        try:
            summary = protobuf.Summary.FromString(text)
        except DecodeError:
            raise _invalid("Could not parse one of the summary inputs") from None
        for value in summary.value:
            if value.tag and value.tag in tags:
                raise _invalid(f"Duplicate tag {value.tag} found in summary inputs")
            tags.add(value.tag)
            merged.value.append(value)
    return _serialized(merged)


reference.function("MergeSummary", _merge)
