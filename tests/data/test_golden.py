"""Pipelines against what TensorFlow's gave: elements, orders, errors, types and shapes."""

import gzip
import json
import pathlib

import pytest

import graphflow as tf
from tests.data import file_programs, programs

GOLDEN = json.loads(gzip.decompress((pathlib.Path(__file__).parents[1] / "golden/datasets.json.gz").read_bytes()))
PIPELINES = {**programs.PIPELINES, **file_programs.PIPELINES}


@pytest.mark.parametrize("name", list(PIPELINES))
def test_as_in_tensorflow(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found, expected = programs.answers(tf, PIPELINES[name]), GOLDEN[name]
    assert found["rounds"] == expected["rounds"]
    assert found["types"] == expected["types"]
    assert found["shapes"] == expected["shapes"]
