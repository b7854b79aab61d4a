"""Image files: decoding JPEG, PNG, GIF and BMP, encoding JPEG and PNG.

Needs Pillow, except for PNG encoding (`pip install graphflow[images]`). As in TensorFlow, decode_jpeg, decode_png
and decode_gif read all three formats. Pixels of JPEG files may differ from TensorFlow's by a few steps, as
between versions of libjpeg. Holds no state.
"""

from graphflow.framework import dtypes, raw_ops, shapes
from graphflow.framework import public as tf
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.op_def import NotDifferentiable, register_op
from graphflow.ops.image_color import convert_image_dtype


def _decoded_shape(c):
    shapes.with_rank(c.shape(0), 0)
    channels = c.attr("channels")
    if channels < 0:
        raise ValueError(f"channels must be non-negative, got {channels}")
    return [(None, None, channels or None)]


def _scalar_input(shape):
    def rule(c):
        shapes.with_rank(c.shape(0), 0)
        return [shape]
    return rule


def _encoded_shape(c):
    shapes.with_rank(c.shape(0), 3)
    return [()]


_JPEG = ("channels: int = 0; ratio: int = 1; fancy_upscaling: bool = true; try_recover_truncated: bool = false; "
         "acceptable_fraction: float = 1.0; dct_method: string = ''")
register_op("DecodeJpeg", inputs="contents: string", outputs="image: uint8", attrs=_JPEG, shape=_decoded_shape,
            allocates=True)
register_op("DecodePng", inputs="contents: string", outputs="image: dtype",
            attrs="channels: int = 0; dtype: {uint8, uint16} = DT_UINT8", shape=_decoded_shape, allocates=True)
register_op("DecodeGif", inputs="contents: string", outputs="image: uint8", shape=_scalar_input((None, None, None, 3)),
            allocates=True)
register_op("DecodeBmp", inputs="contents: string", outputs="image: uint8", attrs="channels: int = 0",
            shape=_decoded_shape, allocates=True)
register_op("DecodeImage", inputs="contents: string", outputs="image: dtype",
            attrs="channels: int = 0; dtype: {uint8, uint16, float} = DT_UINT8; expand_animations: bool = true",
            shape=_scalar_input(None), allocates=True)
register_op("ExtractJpegShape", inputs="contents: string", outputs="image_shape: output_type",
            attrs="output_type: {int32, int64} = DT_INT32", shape=_scalar_input((3,)))
register_op("EncodeJpeg", inputs="image: uint8", outputs="contents: string",
            attrs="format: {'', 'grayscale', 'rgb'} = ''; quality: int = 95; progressive: bool = false; "
            "optimize_size: bool = false; chroma_downsampling: bool = true; density_unit: {'in', 'cm'} = 'in'; "
            "x_density: int = 300; y_density: int = 300; xmp_metadata: string = ''", shape=_encoded_shape)
register_op("EncodeJpegVariableQuality", inputs="images: uint8, quality: int32", outputs="contents: string",
            shape=_encoded_shape)
register_op("EncodePng", inputs="image: T", outputs="contents: string",
            attrs="compression: int = -1; T: {uint8, uint16} = DT_UINT8", shape=_encoded_shape)
for _name in ("DecodeJpeg", "DecodePng", "DecodeGif", "DecodeBmp", "DecodeImage", "ExtractJpegShape", "EncodeJpeg",
              "EncodeJpegVariableQuality", "EncodePng"):
    NotDifferentiable(_name)


@tf_export("image.decode_jpeg", "io.decode_jpeg")
def decode_jpeg(contents, channels=0, ratio=1, fancy_upscaling=True, try_recover_truncated=False,
                acceptable_fraction=1, dct_method="", name=None):
    """The image in a JPEG (or PNG) file, as uint8 [height, width, channels].

    Args:
      contents: string scalar. channels: 1, 3, or 0 for as many as the file has.
      ratio: 1, 2, 4 or 8: decodes an image smaller by so much.
      try_recover_truncated: whether a file that ends early gives what there is.
      fancy_upscaling, acceptable_fraction, dct_method: taken, without influence.
    Raises InvalidArgumentError in a run for something else than an image.
    """
    return raw_ops.DecodeJpeg(contents, channels=channels, ratio=ratio, fancy_upscaling=fancy_upscaling,
                              try_recover_truncated=try_recover_truncated, acceptable_fraction=acceptable_fraction,
                              dct_method=dct_method, name=name)


@tf_export("image.decode_png", "io.decode_png")
def decode_png(contents, channels=0, dtype=dtypes.uint8, name=None):
    """The image in a PNG (or JPEG) file, [height, width, channels].

    Args: channels: 1, 3, 4, or 0 for as many as the file has. dtype: uint8 or uint16.
    """
    return raw_ops.DecodePng(contents, channels=channels, dtype=dtype, name=name)


@tf_export("image.decode_gif", "io.decode_gif")
def decode_gif(contents, name=None):
    """The frames of a GIF file, uint8 [count, height, width, 3]."""
    return raw_ops.DecodeGif(contents, name=name)


@tf_export("image.decode_bmp", "io.decode_bmp")
def decode_bmp(contents, channels=0, name=None):
    """The image in a BMP file, uint8 [height, width, channels]."""
    return raw_ops.DecodeBmp(contents, channels=channels, name=name)


@tf_export("image.decode_image", "io.decode_image")
def decode_image(contents, channels=None, dtype=dtypes.uint8, name=None, expand_animations=True):
    """The image in a JPEG, PNG, GIF or BMP file, of unknown rank: GIF files give [count, height, width, 3].

    Args:
      channels: None, 0, 1, 3 or 4. dtype: scaled as `tf.image.convert_image_dtype` does.
      expand_animations: if False, a GIF file gives its first frame [height, width, 3].
    """
    with name_scope(name, "decode_image"):
        if channels not in (None, 0, 1, 3, 4):
            raise ValueError("channels must be in (None, 0, 1, 3, 4)")
        dtype = dtypes.as_dtype(dtype)
        read = dtype if dtype in (dtypes.uint8, dtypes.uint16, dtypes.float32) else dtypes.uint16
        image = raw_ops.DecodeImage(contents, channels=channels or 0, dtype=read, expand_animations=expand_animations)
        return convert_image_dtype(image, dtype)


@tf_export("image.extract_jpeg_shape", "io.extract_jpeg_shape")
def extract_jpeg_shape(contents, output_type=dtypes.int32, name=None):
    """Height, width and channels of a JPEG file, without decoding it."""
    return raw_ops.ExtractJpegShape(contents, output_type=output_type, name=name)


@tf_export("image.encode_jpeg", "io.encode_jpeg")
def encode_jpeg(image, format="", quality=95, progressive=False, optimize_size=False,  # noqa: A002
                chroma_downsampling=True, density_unit="in", x_density=300, y_density=300, xmp_metadata="",
                name=None):
    """The JPEG file of a uint8 image [height, width, 1 or 3], a string scalar.

    Args: format: "", "grayscale" or "rgb", which must fit the channels. quality: 0 to 100.
    """
    return raw_ops.EncodeJpeg(
        image, format=format, quality=quality, progressive=progressive, optimize_size=optimize_size,
        chroma_downsampling=chroma_downsampling, density_unit=density_unit, x_density=x_density, y_density=y_density,
        xmp_metadata=xmp_metadata, name=name)


@tf_export("image.encode_png", "io.encode_png")
def encode_png(image, compression=-1, name=None):
    """The PNG file of a uint8 or uint16 image [height, width, 1 to 4 channels], a string scalar."""
    return raw_ops.EncodePng(image, compression=compression, name=name)


@tf_export("image.is_jpeg", "io.is_jpeg")
def is_jpeg(contents, name=None):
    """Whether a file begins as JPEG files do."""
    with name_scope(name, "is_jpeg"):
        return tf.equal(tf.substr(contents, 0, 3), b"\xff\xd8\xff", name=name)


@tf_export("image.adjust_jpeg_quality")
def adjust_jpeg_quality(image, jpeg_quality, name=None):
    """The image after JPEG encoding with this quality, and decoding."""
    with name_scope(name, "adjust_jpeg_quality", [image]):
        image = convert_to_tensor(image, name="image")
        small = convert_image_dtype(image, dtypes.uint8)
        encoded = raw_ops.EncodeJpegVariableQuality(small, convert_to_tensor(jpeg_quality, dtypes.int32))
        return convert_image_dtype(raw_ops.DecodeJpeg(encoded), image.dtype)


@tf_export("image.random_jpeg_quality")
def random_jpeg_quality(image, min_jpeg_quality, max_jpeg_quality, seed=None):
    """`adjust_jpeg_quality` with a random quality in [min_jpeg_quality, max_jpeg_quality)."""
    if not (0 <= min_jpeg_quality <= 100 and 0 <= max_jpeg_quality <= 100):
        raise ValueError("jpeg encoding range must be between 0 and 100.")
    if min_jpeg_quality >= max_jpeg_quality:
        raise ValueError("`min_jpeg_quality` must be less than `max_jpeg_quality`.")
    quality = tf.random_uniform([], min_jpeg_quality, max_jpeg_quality, seed=seed, dtype=dtypes.int32)
    return adjust_jpeg_quality(image, quality)
