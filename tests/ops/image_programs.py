"""Programs on images that run in TensorFlow (to be recorded) and in GraphFlow (to be compared)."""

import numpy as np

RNG = np.random.RandomState(0)
FLOATS = RNG.uniform(size=(2, 5, 7, 3)).astype(np.float32)
BYTES = RNG.randint(0, 256, size=(2, 5, 7, 3)).astype(np.uint8)
GRAY = FLOATS[..., :1]
SIZES = [(5, 7), (3, 4), (10, 14), (8, 3), (1, 1), (4, 15)]
BOXES = np.array([[0.1, 0.1, 0.8, 0.6], [0.0, 0.3, 1.2, 0.9], [0.9, 0.8, 0.2, 0.1]], np.float32)


def results(tf):
    """Name -> array, of every program below."""
    found = {}
    with tf.Graph().as_default(), tf.Session() as session:
        tf.set_random_seed(3)
        fetches = {**_resized(tf), **_gradients(tf), **_geometry(tf), **_colors(tf), **_boxes(tf), **_quality(tf)}
        for name, value in fetches.items():
            found[name] = np.asarray(session.run(value))
    return found


def _resized(tf):
    fetches = {}
    for method in ("bilinear", "nearest_neighbor", "bicubic", "area"):
        resize = getattr(tf.image, "resize_" + method)
        for size in SIZES:
            for align in (False, True):
                name = f"{method} {size[0]}x{size[1]} {align}"
                fetches[name] = resize(FLOATS, size, align_corners=align)
                fetches[name + " uint8"] = resize(BYTES, size, align_corners=align)
            if method != "area":
                fetches[f"{method} {size[0]}x{size[1]} half"] = resize(FLOATS, size, half_pixel_centers=True)
    for i, size in enumerate(SIZES):
        fetches[f"resize_images {i}"] = tf.image.resize_images(FLOATS[0], size, method=i % 4,
                                                               preserve_aspect_ratio=i > 3)
    fetches["resize_image_with_pad"] = tf.image.resize_image_with_pad(FLOATS, 9, 8)
    return fetches


def _gradients(tf):
    fetches = {}
    for method in ("bilinear", "nearest_neighbor", "bicubic"):
        for size in SIZES:
            for align in (False, True):
                x = tf.constant(FLOATS)
                y = getattr(tf.image, "resize_" + method)(x, size, align_corners=align)
                weights = tf.reshape(tf.range(np.prod([2, *size, 3]), dtype=tf.float32), tf.shape(y))
                fetches[f"{method} gradient {size[0]}x{size[1]} {align}"] = tf.gradients(y * weights, x)[0] / 100
    x, boxes = tf.constant(FLOATS), tf.constant(BOXES[:2])
    for method in ("bilinear", "nearest"):
        y = tf.image.crop_and_resize(x, boxes, [0, 1], [4, 3], method=method)
        fetches[f"crop gradient {method}"] = tf.gradients(tf.square(y), x)[0]
    y = tf.image.crop_and_resize(x, boxes, [0, 1], [4, 3])
    fetches["crop gradient boxes"] = tf.gradients(tf.square(y), boxes)[0]
    return fetches


def _geometry(tf):
    image = tf.image
    fetches = {"flip lr": image.flip_left_right(FLOATS), "flip ud": image.flip_up_down(FLOATS[0]),
               "transpose": image.transpose_image(FLOATS), "crop": image.crop_to_bounding_box(FLOATS, 1, 2, 3, 4),
               "pad": image.pad_to_bounding_box(FLOATS[0], 1, 2, 7, 10)}
    for k in range(-1, 4):
        fetches[f"rot90 {k}"] = image.rot90(FLOATS, k)
    for fraction in (0.3, 0.5, 0.77, 1.0):
        fetches[f"central {fraction}"] = image.central_crop(FLOATS[0], fraction)
    for height, width in ((3, 9), (8, 2), (4, 4), (10, 10)):
        fetches[f"crop or pad {height} {width}"] = image.resize_image_with_crop_or_pad(FLOATS, height, width)
    return fetches


def _colors(tf):
    image, fetches = tf.image, {}
    for name, x in (("float", FLOATS), ("uint8", BYTES)):
        fetches[f"brightness {name}"] = image.adjust_brightness(x, 0.2)
        fetches[f"contrast {name}"] = image.adjust_contrast(x, 1.7)
        fetches[f"gamma {name}"] = image.adjust_gamma(x, 2.0, 0.5)
        fetches[f"standardized {name}"] = image.per_image_standardization(
            image.convert_image_dtype(x[0], "float32"))
        fetches[f"gray {name}"] = image.rgb_to_grayscale(x)
        for amount in (-0.7, 0.1, 0.4):
            fetches[f"hue {name} {amount}"] = image.adjust_hue(x, amount)
            fetches[f"saturation {name} {amount}"] = image.adjust_saturation(x, amount + 1)
        for dtype in ("uint8", "int16", "int32", "float32", "float64"):
            fetches[f"convert {name} {dtype}"] = image.convert_image_dtype(x, dtype)
    fetches["hsv"] = image.rgb_to_hsv(FLOATS)
    fetches["rgb"] = image.hsv_to_rgb(FLOATS)
    fetches["rgb of gray"] = image.grayscale_to_rgb(tf.constant(GRAY))
    for name in ("rgb_to_yiq", "yiq_to_rgb", "rgb_to_yuv", "yuv_to_rgb"):
        fetches[name] = getattr(image, name)(FLOATS)
    for name, args in (("brightness", (0.3,)), ("contrast", (0.2, 1.8)), ("hue", (0.4,)), ("saturation", (0.2, 1.8))):
        fetches[f"random {name}"] = getattr(image, "random_" + name)(FLOATS, *args, seed=5)
    for seed in range(3):
        fetches[f"random flip {seed}"] = image.random_flip_left_right(FLOATS[0], seed=seed)
        fetches[f"random flips {seed}"] = image.random_flip_up_down(FLOATS, seed=seed)
    return fetches


def _boxes(tf):
    image = tf.image
    fetches = {"draw": image.draw_bounding_boxes(FLOATS, np.stack([BOXES, BOXES])),
               "draw gray": image.draw_bounding_boxes(GRAY, np.stack([BOXES, BOXES])),
               "draw colors": image.draw_bounding_boxes(FLOATS, np.stack([BOXES, BOXES]),
                                                        colors=np.array([[1, 0, 0.5, 1], [0, 1, 0, 1]], np.float32))}
    for method in ("bilinear", "nearest"):
        for size in ((3, 4), (1, 1), (1, 6), (8, 8)):
            fetches[f"crop {method} {size}"] = image.crop_and_resize(FLOATS, BOXES, [0, 1, 1], size, method=method,
                                                                     extrapolation_value=0.25)
    rng = np.random.RandomState(1)
    corners = rng.uniform(size=(30, 2, 2)).astype(np.float32)
    boxes = np.concatenate([corners[:, 0], corners[:, 0] + corners[:, 1]], 1)
    scores = rng.uniform(size=30).astype(np.float32)
    for limit in (0.0, 0.3, 0.7, 1.0):
        for least in (float("-inf"), 0.5):
            fetches[f"nms {limit} {least}"] = image.non_max_suppression(boxes, scores, 10, limit, least)
    padded = image.non_max_suppression_padded(boxes, scores, 20, 0.2, 0.4, pad_to_max_output_size=True)
    fetches["nms padded"], fetches["nms valid"] = padded
    return fetches


def _quality(tf):
    rng = np.random.RandomState(2)
    first = tf.constant(rng.uniform(size=(2, 40, 36, 3)).astype(np.float32))
    second = tf.constant((rng.uniform(size=(2, 40, 36, 3)) * 0.3).astype(np.float32)) + 0.7 * first
    image = tf.image
    bytes_ = tf.constant(BYTES)
    dy, dx = image.image_gradients(first)
    return {"variation": image.total_variation(first), "variation of one": image.total_variation(first[0]),
            "psnr": image.psnr(first, second, 1.0), "psnr uint8": image.psnr(bytes_, bytes_[::-1], 255),
            "ssim": image.ssim(first, second, 1.0), "ssim size": image.ssim(first, second, 1.0, 7, 1.2, 0.02, 0.05),
            "ssim multiscale": image.ssim_multiscale(first, second, 1.0, (0.4, 0.6)), "dy": dy, "dx": dx,
            "sobel": image.sobel_edges(first[:, :6, :7])}
