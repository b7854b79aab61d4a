"""Long chains: nothing recurses over the graph, and time grows with its length, not its square."""

import sys
import time

import pytest

import graphflow as tf


def chain_times(length):
    """Seconds to build, differentiate, run and export a chain of `length` ops; checks the values."""
    marks = [time.perf_counter()]
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float64, [])
        y = x
        for i in range(length):
            y = tf.add(y, x) if i % 2 else tf.multiply(y, 0.5)
        marks.append(time.perf_counter())
        slope = tf.gradients(y, x)[0]
        marks.append(time.perf_counter())
        with tf.Session() as sess:
            assert sess.run([y, slope], {x: 3.0}) == pytest.approx([6.0, 2.0])
        marks.append(time.perf_counter())
        exported = graph.as_graph_def()
        marks.append(time.perf_counter())
    assert len(exported.node) == len(graph.get_operations()) > 2 * length
    return [b - a for a, b in zip(marks, marks[1:])]


def test_deeper_than_the_recursion_limit():
    chain_times(4 * sys.getrecursionlimit())


@pytest.mark.slow
def test_time_is_linear():
    short, long = sum(chain_times(25_000)), sum(chain_times(100_000))
    assert long < 4 * 2.5 * short, f"{short:.1f} s for 25,000 ops, {long:.1f} s for 100,000"
