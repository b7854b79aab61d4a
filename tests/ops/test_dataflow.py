"""Queues and their kin give what TensorFlow gave, failures included."""

import gzip
import json
from pathlib import Path

import pytest

import graphflow as tf
from tests.ops.dataflow_programs import GRAPHS, PROGRAMS, answers, operations

_RECORDED = json.loads(gzip.decompress((Path(__file__).parents[1] / "golden/dataflow.json.gz").read_bytes()))


@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name):
    assert answers(tf, PROGRAMS[name], tf.errors.OpError) == _RECORDED["programs"][name]


@pytest.mark.parametrize("name", GRAPHS)
def test_graph(name):
    assert operations(tf, GRAPHS[name]) == _RECORDED["graphs"][name]
