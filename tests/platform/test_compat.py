"""tf.compat, versions and tf.resource_loader."""

import numpy as np
import pytest

import graphflow as tf
from graphflow.version import GRAPHFLOW_VERSION


def test_strings():
    assert tf.compat.as_bytes("é") == "é".encode() == tf.compat.as_bytes("é".encode())
    assert tf.compat.as_text(b"a") == tf.compat.as_str("a") == "a"
    assert tf.compat.as_str_any(3) == "3" and tf.compat.as_str_any(b"b") == "b"
    with pytest.raises(TypeError, match="Expected binary or unicode"):
        tf.compat.as_bytes(3)


def test_types():
    assert isinstance(np.int8(1), tf.compat.integral_types)
    assert isinstance(np.float32(1), tf.compat.real_types)
    assert not isinstance(1j, tf.compat.real_types) and isinstance(1j, tf.compat.complex_types)
    assert isinstance("a", tf.compat.bytes_or_text_types)


def test_v1_is_the_module_itself():
    import graphflow.compat.v1 as v1

    assert v1 is tf.compat.v1 is tf


def test_versions():
    assert tf.__version__ == tf.VERSION == tf.version.VERSION == "1.15.0"
    assert tf.GIT_VERSION.endswith(GRAPHFLOW_VERSION)
    assert tf.GRAPH_DEF_VERSION == tf.Graph().as_graph_def().versions.producer


def test_resources_lie_beside_the_caller():
    assert b"lie_beside" in tf.resource_loader.load_resource("test_compat.py")
    assert tf.resource_loader.get_path_to_datafile("x").endswith("tests/platform/x")
    with pytest.raises(tf.errors.NotFoundError):
        tf.resource_loader.load_resource("missing")
