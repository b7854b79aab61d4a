"""Reference kernel of `graphflow/ops/patches.py`."""

import numpy as np

from graphflow.framework.windows import margins, output_size

from ..registry import reference


@reference.kernel("ExtractImagePatches")
def extract_patches(ctx):
    """One slice of the padded images for each place in a patch."""
    sizes, strides, rates, padding = (ctx.attr(n) for n in ("ksizes", "strides", "rates", "padding"))

    def run(images):
        edges = [margins(images.shape[i], sizes[i], strides[i], padding, rates[i]) for i in (1, 2)]
        counts = [output_size(images.shape[i], sizes[i], strides[i], padding, rates[i]) for i in (1, 2)]
        padded = np.pad(images, [(0, 0), *edges, (0, 0)])
        parts = []
        for row in range(sizes[1]):
            for column in range(sizes[2]):
                first = row * rates[1], column * rates[2]
                rows, columns = (slice(f, f + (n - 1) * strides[i] + 1, strides[i])
                                 for f, n, i in zip(first, counts, (1, 2)))
                parts.append(padded[:, rows, columns])
        return np.concatenate(parts, -1)

    return run
