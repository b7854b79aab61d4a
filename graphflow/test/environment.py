"""Where a test runs: temporary directories, devices, and `tf.test.main`.

State: the temporary directory of this process, made on first use and removed at its end.
"""

import atexit
import functools
import os
import shutil
import sys
import tempfile
from unittest import mock  # noqa: F401 - tf.test.mock

from graphflow.framework.api import export_value, tf_export
from graphflow.runtime.devices import available_devices

export_value("test.mock", __name__, "mock")


@tf_export("test.get_temp_dir")
def get_temp_dir():
    """A directory for the files of this test run: $TEST_TMPDIR, or one that goes away with the process."""
    return os.environ.get("TEST_TMPDIR") or _own_directory()


@functools.cache
def _own_directory():
    path = tempfile.mkdtemp(prefix="graphflow_test_")
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


@tf_export("test.test_src_dir_path")
def test_src_dir_path(relative_path):
    """`relative_path` below $TEST_SRCDIR, or below the directory of the program."""
    root = os.environ.get("TEST_SRCDIR") or os.path.dirname(os.path.abspath(sys.argv[0]))
    return os.path.join(root, relative_path)


@tf_export("test.main")
def main(argv=None):
    """Runs the tests of the calling program, or its benchmarks if given `--benchmarks=REGEX`; exits."""
    from absl.testing import absltest

    from graphflow.test import benchmark

    arguments = list(sys.argv if argv is None else argv)
    chosen = [a for a in arguments if a.startswith("--benchmarks=")]
    if chosen:
        sys.exit(benchmark.run_benchmarks(chosen[-1].partition("=")[2]))
    absltest.main(argv=arguments)


def _gpus():
    return [device.name for device in available_devices() if device.device_type == "GPU"]


@tf_export("test.gpu_device_name")
def gpu_device_name():
    """The name of the first GPU that sessions can use, or ""."""
    return next((name.removeprefix("/job:localhost/replica:0/task:0") for name in _gpus()), "")


@tf_export("test.is_gpu_available")
def is_gpu_available(cuda_only=False, min_cuda_compute_capability=None):
    """Whether sessions can use a GPU, which is always a CUDA one.

    ValueError for `min_cuda_compute_capability`: what a device's capability is, is not asked here.
    """
    del cuda_only
    if min_cuda_compute_capability is not None:
        raise ValueError("tf.test.is_gpu_available: min_cuda_compute_capability is not supported.")
    return bool(_gpus())


@tf_export("test.is_built_with_cuda", "test.is_built_with_gpu_support")
def is_built_with_cuda():
    """Whether there are CUDA kernels that sessions can place ops on."""
    return bool(_gpus())


@tf_export("test.is_built_with_rocm")
def is_built_with_rocm():
    """False: there are no kernels for ROCm."""
    return False
