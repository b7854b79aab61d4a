"""Reference kernels of `graphflow/ops/image_codec.py`: Pillow, imported when first needed."""

import io

import numpy as np

from graphflow.framework import errors
from graphflow.io import png

from ..registry import reference
from .array_checks import debug, fail

# Channels of the result -> Pillow's mode.
_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
_GOOD_CHANNELS = {"JPEG": (0, 1, 3), "PNG": (0, 1, 3, 4), "GIF": (0, 3), "BMP": (0, 3, 4)}


def _pillow():
    try:
        from PIL import Image, ImageFile
    except ImportError as error:
        raise errors.UnimplementedError(
            None, None, "Image files need Pillow: pip install graphflow[images]") from error
    return Image, ImageFile


def _kind(contents):
    """The format by the first bytes of a file."""
    for start, kind in ((b"\xff\xd8\xff", "JPEG"), (b"\x89PN", "PNG"), (b"GIF", "GIF"), (b"BM", "BMP")):
        if contents.startswith(start):
            return kind
    return None


def _opened(contents, allowed, recover=False):
    """(Pillow image, format); InvalidArgumentError for anything else."""
    contents = contents.item() if isinstance(contents, np.ndarray) else contents
    kind = _kind(contents)
    if kind not in allowed:
        names = " or ".join([", ".join(allowed[:-1]), allowed[-1]]) if len(allowed) > 1 else allowed[0]
        fail(f"Expected image ({names}), got " + ("empty file" if not contents else "unknown format starting with "
                                                  f"{contents[:16]!r}" if kind is None else kind))
    module, file_module = _pillow()
    try:
        image = module.open(io.BytesIO(contents))
        if not recover:
            return image, kind
        before, file_module.LOAD_TRUNCATED_IMAGES = file_module.LOAD_TRUNCATED_IMAGES, True
        try:
            image.load()
        finally:
            file_module.LOAD_TRUNCATED_IMAGES = before
        return image, kind
    except (OSError, SyntaxError, ValueError) as error:
        fail(f"Invalid {kind} data: {error}")


def _own_channels(image, kind):
    """How many channels a file has in itself."""
    if kind == "GIF":
        return 3
    if image.mode == "P":
        return 4 if "transparency" in image.info and kind == "PNG" else 3
    if image.mode in ("1", "L") or image.mode.startswith("I"):
        return 1
    return {"LA": 2, "RGBA": 4}.get(image.mode, 3)


def _pixels(image, kind, channels):
    """uint8 [height, width, channels]."""
    if channels not in _GOOD_CHANNELS[kind]:
        fail(f"channels attribute {channels} is not supported for {kind} files")
    try:
        if image.mode.startswith("I"):  # 16 bits of gray: the upper half counts
            array = (np.asarray(image).astype(np.int64) >> 8).astype(np.uint8)
            image = _pillow()[0].fromarray(array)
        count = channels or _own_channels(image, kind)
        if image.mode != _MODES[count]:
            if image.mode in ("P", "LA") and count == 1:
                image = image.convert("RGB")
            image = image.convert(_MODES[count])
        array = np.array(image)
    except (OSError, SyntaxError, ValueError) as error:
        fail(f"Invalid {kind} data: {error}")
    return array.reshape(*array.shape[:2], count)


def _frames(image):
    """All frames of a GIF file, uint8 [count, height, width, 3]."""
    frames = []
    for i in range(getattr(image, "n_frames", 1)):
        image.seek(i)
        frames.append(np.array(image.convert("RGB")))
    return np.stack(frames)


def _wide_pixels(image, contents, kind, channels):
    """uint16 pixels; of files with 8 bits, scaled."""
    if kind == "PNG" and len(contents) > 25 and contents[24] == 16:
        if not image.mode.startswith("I"):
            raise errors.UnimplementedError(None, None, "PNG files with 16 bits of colour can't be read as uint16")
        gray = np.asarray(image).astype(np.uint16)[..., None]
        return gray if channels in (0, 1) else np.repeat(gray, 3, -1)
    return _pixels(image, kind, channels).astype(np.uint16) * 257


@reference.kernel("DecodeJpeg")
def decode_jpeg(ctx):
    """Reads JPEG and PNG files, and GIF files of one frame."""
    channels, ratio = ctx.attr("channels"), ctx.attr("ratio")
    recover = ctx.attr("try_recover_truncated")
    if ratio not in (1, 2, 4, 8):
        fail(f"ratio must be 1, 2, 4, or 8, got {ratio}")
    if channels not in (0, 1, 3):
        fail(f"channels must be 0, 1, or 3 for JPEG, got {channels}")

    def run(contents):
        image, kind = _opened(contents, ("JPEG", "PNG", "GIF"), recover)
        if ratio > 1 and kind == "JPEG":
            image.draft(None, tuple(-(-n // ratio) for n in image.size))
        return _one_frame(image, kind, channels)

    return run


def _one_frame(image, kind, channels):
    if kind == "GIF" and getattr(image, "n_frames", 1) > 1:
        fail("Got a GIF file with several frames, which tf.image.decode_gif reads")
    return _pixels(image, kind, channels)


@reference.kernel("DecodePng")
def decode_png(ctx):
    """Reads PNG and JPEG files, and GIF files of one frame."""
    channels = ctx.attr("channels")
    wide = ctx.output_dtypes[0].name == "uint16"
    if channels not in (0, 1, 3, 4):
        fail(f"channels must be 0, 1, 3, or 4, got {channels}")

    def run(contents):
        image, kind = _opened(contents, ("JPEG", "PNG", "GIF"))
        if wide:
            return _wide_pixels(image, contents.item(), kind, channels)
        return _one_frame(image, kind, channels)

    return run


@reference.kernel("DecodeGif")
def decode_gif(ctx):
    """Reads GIF files; one JPEG or PNG image counts as one frame."""
    def run(contents):
        image, kind = _opened(contents, ("JPEG", "PNG", "GIF"))
        return _frames(image) if kind == "GIF" else _pixels(image, kind, 3)[None]

    return run


@reference.kernel("DecodeBmp")
def decode_bmp(ctx):
    """Reads BMP files."""
    channels = ctx.attr("channels")

    def run(contents):
        image, kind = _opened(contents, ("BMP",))
        if channels == 1 and _own_channels(image, kind) == 1:
            return _pixels(image.convert("L"), "PNG", 1)
        return _pixels(image, kind, channels)

    return run


@reference.kernel("DecodeImage")
def decode_image(ctx):
    """Reads all four formats, in the type asked for."""
    channels, animated = ctx.attr("channels"), ctx.attr("expand_animations")
    name = ctx.output_dtypes[0].name

    def run(contents):
        image, kind = _opened(contents, ("JPEG", "PNG", "GIF", "BMP"))
        if kind == "GIF":
            if channels not in (0, 3):
                fail("Channels must be in (None, 0, 3) when decoding GIF images")
            pixels = _frames(image) if animated else _pixels(image, kind, 3)
        elif name == "uint16":
            return _wide_pixels(image, contents.item(), kind, channels)
        else:
            pixels = _pixels(image, kind, channels)
        if name == "uint16":
            return pixels.astype(np.uint16) * 257
        return pixels if name == "uint8" else pixels.astype(np.float32) * np.float32(1 / 255)

    return run


@reference.kernel("ExtractJpegShape")
def extract_jpeg_shape(ctx):
    """Reads the header only."""
    dtype = ctx.output_dtypes[0].as_numpy_dtype

    def run(contents):
        image, kind = _opened(contents, ("JPEG",))
        return np.array([image.height, image.width, _own_channels(image, kind)], dtype)

    return run


def _encode_jpeg(image, quality, **options):
    module, _ = _pillow()
    if image.ndim != 3:
        fail(f"image must be 3-dimensional{debug(image.shape)}")
    if image.shape[2] not in (1, 3):
        fail(f"image must have 1 or 3 channels, got {debug(image.shape)}")
    if not 0 <= quality <= 100:
        fail(f"quality must be in [0,100], got {quality}")
    file = io.BytesIO()
    picture = module.fromarray(image[..., 0] if image.shape[2] == 1 else np.ascontiguousarray(image))
    picture.save(file, "JPEG", quality=int(quality), **options)
    return np.array(file.getvalue(), object)


@reference.kernel("EncodeJpeg")
def encode_jpeg(ctx):
    """Writes gray or RGB images."""
    wanted = {b"": None, b"grayscale": 1, b"rgb": 3}[ctx.attr("format")]
    per_inch = ctx.attr("density_unit") == b"in"
    density = ctx.attr("x_density"), ctx.attr("y_density")
    options = {"progressive": ctx.attr("progressive"), "optimize": ctx.attr("optimize_size"),
               "subsampling": 2 if ctx.attr("chroma_downsampling") else 0,
               "dpi": density if per_inch else tuple(round(d * 2.54) for d in density)}
    if ctx.attr("xmp_metadata"):
        options["xmp"] = ctx.attr("xmp_metadata")
    quality = ctx.attr("quality")

    def run(image):
        if wanted is not None and image.ndim == 3 and image.shape[2] != wanted:
            fail(f"format {ctx.attr('format').decode()!r} expects {wanted} channels, got {debug(image.shape)}")
        return _encode_jpeg(image, quality, **options)

    return run


reference.function("EncodeJpegVariableQuality", lambda image, quality: _encode_jpeg(image, int(quality)))


@reference.kernel("EncodePng")
def encode_png(ctx):
    """Writes images of 8 or 16 bits."""
    level = ctx.attr("compression")
    if not -1 <= level <= 9:
        fail(f"compression should be in [-1,9], got {level}")

    def run(image):
        if image.ndim != 3:
            fail(f"image must be 3-dimensional{debug(image.shape)}")
        if not 1 <= image.shape[2] <= 4:
            fail(f"image must have 1, 2, 3, or 4 channels, got {image.shape[2]}")
        if not image.size:
            fail("Invalid image provided.")
        return np.array(png.encode_png(image, level), object)

    return run
