"""Public names that do not exist: what their AttributeError says."""

import importlib
import sys
import threading
import time

import pytest

import graphflow as tf
from graphflow import api_index
from graphflow.framework import api
from tests.api.signatures import recorded


def _message(path):
    with pytest.raises(AttributeError) as caught:
        api.lookup(path)
    return str(caught.value)


@pytest.mark.parametrize("path", api.NOT_YET)
def test_names_to_come(path):
    assert path not in api_index.NAMES, f"tf.{path} has come: take it out of NOT_YET"
    # tf.contrib is not in the recording.
    assert path.startswith("contrib.") or any(
        name == path or name.startswith(path + ".") for name in recorded()), f"TensorFlow has no tf.{path}"
    assert _message(path) == f"tf.{path} is not part of GraphFlow yet."


@pytest.mark.parametrize(("wrong", "right"), [
    ("reduce_summ", "reduce_sum"), ("nn.rellu", "nn.relu"), ("train.AdamOptimzer", "train.AdamOptimizer"),
    ("softmax", "nn.softmax"), ("xavier_initializer", "contrib.layers.xavier_initializer"),
    ("reduce_averge", "reduce_"),
])
def test_suggestions(wrong, right):
    assert f"has no tf.{wrong}. Did you mean " in _message(wrong) and f"tf.{right}" in _message(wrong)


def test_through_the_namespaces():
    with pytest.raises(AttributeError, match="^tf.vectorized_map is not part of GraphFlow yet.$"):
        tf.vectorized_map  # noqa: B018
    with pytest.raises(AttributeError, match="^tf.profiler.* is not part of GraphFlow yet.$"):
        tf.profiler.profile  # noqa: B018
    with pytest.raises(AttributeError, match="^GraphFlow has no tf.zzzzzz.$"):
        tf.zzzzzz  # noqa: B018
    with pytest.raises(AttributeError, match="use Keras 3"):
        tf.keras  # noqa: B018


def test_a_module_that_another_thread_imports_is_waited_for(monkeypatch, tmp_path):
    """`from graphflow import x` in one thread must not see a module that another is still making."""
    (tmp_path / "slow_module.py").write_text("import time\ntime.sleep(0.5)\nVALUE = 3\n")
    monkeypatch.setattr(tf, "__path__", [*tf.__path__, str(tmp_path)])
    first = threading.Thread(target=lambda: importlib.import_module("graphflow.slow_module"))
    first.start()
    while "graphflow.slow_module" not in sys.modules:
        time.sleep(0.001)
    try:
        assert tf.slow_module.VALUE == 3
    finally:
        first.join()
        del sys.modules["graphflow.slow_module"], tf.slow_module
