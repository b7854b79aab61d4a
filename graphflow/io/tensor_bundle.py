"""TensorFlow's V2 checkpoints ("tensor bundles"): one door to reading, writing and merging them.

`bundle_format` describes the files. Holds no state.

    with BundleWriter("/tmp/model.ckpt-1") as writer:
        writer.add("weights", np.ones([2, 3], np.float32))
    BundleReader("/tmp/model.ckpt-1").read("weights")
"""

from graphflow.io.bundle_merge import merge_bundles
from graphflow.io.bundle_reader import BundleReader
from graphflow.io.bundle_writer import BundleWriter

__all__ = ["BundleReader", "BundleWriter", "merge_bundles"]
