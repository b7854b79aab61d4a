"""Image files: written and read again, formats told apart, files that are no images."""

import io

import numpy as np
import pytest

import graphflow as tf

Image = pytest.importorskip("PIL.Image")
RNG = np.random.default_rng(0)
RGB = RNG.integers(0, 256, size=(5, 7, 3), dtype=np.uint8)


def run(*fetches):
    with tf.Session() as session:
        return session.run(fetches[0] if len(fetches) == 1 else fetches)


def file_of(array, kind, **options):
    file = io.BytesIO()
    Image.fromarray(array).save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_png_there_and_back(channels, dtype):
    image = RNG.integers(0, np.iinfo(dtype).max, size=(4, 3, channels)).astype(dtype)
    contents = tf.image.encode_png(tf.constant(image))
    if dtype == np.uint16 and channels > 1:
        with pytest.raises(tf.errors.UnimplementedError, match="16 bits of colour"):
            run(tf.image.decode_png(contents, dtype=tf.uint16))
    else:
        np.testing.assert_array_equal(run(tf.image.decode_png(contents, dtype=dtype)), image)
    if dtype == np.uint16 and channels == 1:
        np.testing.assert_array_equal(run(tf.image.decode_png(contents)), image >> 8)


def test_jpeg_is_near():
    smooth = np.broadcast_to(np.arange(0, 160, 10, dtype=np.uint8)[:, None, None], (16, 16, 3))
    contents = tf.image.encode_jpeg(smooth, quality=95)
    image, shape, is_jpeg, small = run(tf.image.decode_jpeg(contents), tf.image.extract_jpeg_shape(contents),
                                       tf.image.is_jpeg(contents), tf.image.decode_jpeg(contents, ratio=2))
    assert np.abs(image.astype(int) - smooth).max() <= 3 and shape.tolist() == [16, 16, 3] and is_jpeg
    assert small.shape == (8, 8, 3)
    assert run(tf.image.decode_jpeg(contents, channels=1)).shape == (16, 16, 1)
    assert np.abs(run(tf.image.adjust_jpeg_quality(smooth, 95)).astype(int) - smooth).max() <= 3


def test_formats_are_told_apart():
    for kind in ("PNG", "BMP"):
        np.testing.assert_array_equal(run(tf.image.decode_image(file_of(RGB, kind))), RGB)
    np.testing.assert_array_equal(run(tf.image.decode_bmp(file_of(RGB, "BMP"))), RGB)
    np.testing.assert_array_equal(run(tf.image.decode_jpeg(file_of(RGB, "PNG"))), RGB)
    gray = RGB[..., 0]
    assert run(tf.image.decode_image(file_of(gray, "PNG"), channels=3)).shape == (5, 7, 3)
    np.testing.assert_allclose(run(tf.image.decode_image(file_of(RGB, "PNG"), dtype=tf.float32)), RGB / 255, rtol=1e-6)


def test_gif():
    frames = [Image.fromarray(np.full((4, 6, 3), c, np.uint8)) for c in ((255, 0, 0), (0, 255, 0))]
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    contents = file.getvalue()
    result = run(tf.image.decode_gif(contents))
    assert result.shape == (2, 4, 6, 3) and result[1, 0, 0].tolist() == [0, 255, 0]
    assert run(tf.image.decode_image(contents, expand_animations=False)).shape == (4, 6, 3)
    with pytest.raises(tf.errors.InvalidArgumentError, match="several frames"):
        run(tf.image.decode_png(contents))


def test_shapes():
    contents = tf.placeholder(tf.string, [])
    assert tf.image.decode_jpeg(contents, channels=3).shape.as_list() == [None, None, 3]
    assert tf.image.decode_png(contents).shape.as_list() == [None, None, None]
    assert tf.image.decode_gif(contents).shape.as_list() == [None, None, None, 3]
    assert tf.image.decode_image(contents).shape.ndims is None


def test_errors():
    whole = file_of(RGB, "PNG")
    for contents in (b"", b"no image", whole[:-40]):
        with pytest.raises(tf.errors.InvalidArgumentError):
            run(tf.image.decode_png(contents))
    with pytest.raises(tf.errors.InvalidArgumentError, match="1 or 3 channels"):
        run(tf.image.encode_jpeg(np.zeros([2, 2, 4], np.uint8)))
    with pytest.raises(ValueError, match="channels must be in"):
        tf.image.decode_image(whole, channels=2)
    with pytest.raises(ValueError, match="rank 0"):
        tf.image.decode_png([whole])
