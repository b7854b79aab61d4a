"""Queues and their kin give what TensorFlow gave, failures included."""

import gzip
import json
from pathlib import Path

import pytest

import graphflow as tf
from tests.ops.dataflow_programs import PROGRAMS, answers

_RECORDED = json.loads(gzip.decompress((Path(__file__).parents[1] / "golden/dataflow.json.gz").read_bytes()))


@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name):
    assert answers(tf, PROGRAMS[name], tf.errors.OpError) == _RECORDED["programs"][name]
