"""Pictures of weights over training, for the examples: grids, differences to the start, densities.

Holds no state. Needs matplotlib (`pip install graphflow[examples]`).
"""

import os

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402

COLUMNS = 16


def grid(matrix):
    """A weight matrix as one picture: 28x28 tiles for layers that see pixels, else the matrix itself."""
    if matrix.shape[0] != 784:
        return matrix
    tiles = matrix[:, :COLUMNS * 4].T.reshape(-1, 28, 28)
    rows = len(tiles) // COLUMNS or 1
    tiles = tiles[:rows * COLUMNS].reshape(rows, -1, 28, 28)
    return np.pad(tiles, [(0, 0), (0, 0), (1, 1), (1, 1)]).transpose(0, 2, 1, 3).reshape(rows * 30, -1)


def draw(snapshots, folder):
    """Writes three pictures per layer. `snapshots`: [(step, {layer name: weight matrix})]."""
    start = snapshots[0][1]
    for name in start:
        series = [(step, layers[name]) for step, layers in snapshots]
        _images([(step, grid(w)) for step, w in series], f"{name}: weights", folder, f"{name}_weights.png")
        _images([(step, grid(w - start[name])) for step, w in series[1:]], f"{name}: change since the first step",
                folder, f"{name}_change.png")
        _densities(series, name, folder)
    print("pictures of the weights written to", folder)


def _images(series, title, folder, file):
    figure, axes = plt.subplots(len(series), 1, figsize=(9, 2.6 * len(series)), squeeze=False)
    for axis, (step, picture) in zip(axes[:, 0], series):
        limit = np.percentile(np.abs(picture), 99) or 1
        axis.imshow(picture, cmap="RdBu", vmin=-limit, vmax=limit, aspect="auto")
        axis.set_title(f"step {step}", fontsize=9)
        axis.axis("off")
    figure.suptitle(title)
    figure.tight_layout()
    figure.savefig(os.path.join(folder, file))
    plt.close(figure)


def _densities(series, name, folder):
    figure, axis = plt.subplots(figsize=(7, 4))
    low, high = (np.percentile([w for _, w in series], q) for q in (0.1, 99.9))
    for step, w in series:
        counts, edges = np.histogram(w, bins=120, range=(low, high), density=True)
        axis.plot((edges[1:] + edges[:-1]) / 2, counts, label=f"step {step}")
    axis.set(title=f"{name}: density of the weights", xlabel="weight")
    axis.legend()
    figure.tight_layout()
    figure.savefig(os.path.join(folder, f"{name}_density.png"))
    plt.close(figure)
