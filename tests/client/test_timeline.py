"""Timeline: the trace of a step."""

import json

import graphflow as tf
from graphflow.client.timeline import Timeline


def traced():
    x = tf.constant([[1.0, 2.0]], name="x")
    y = tf.matmul(x, x, transpose_b=True, name="y")
    metadata = tf.RunMetadata()
    with tf.Session() as sess:
        sess.run(y, options=tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE), run_metadata=metadata)
    return metadata.step_stats


def of_phase(trace, phase):
    return [event for event in trace["traceEvents"] if event["ph"] == phase]


def test_operations():
    trace = json.loads(Timeline(traced()).generate_chrome_trace_format())
    names = [event["args"]["name"] for event in of_phase(trace, "M")]
    assert names[0] == "Allocators" and any(name.endswith("CPU:0 Compute") for name in names)
    by_name = {event["args"]["name"]: event for event in of_phase(trace, "X")}
    product = by_name["y"]
    assert product["name"] == "MatMul" and product["dur"] >= 1
    assert product["args"] == {"name": "y", "op": "MatMul", "input0": "x", "input1": "x"}
    assert not of_phase(trace, "C")


def test_memory_and_flow():
    stats = tf.RunMetadata().step_stats
    for name, start, label in (("a", 10, "a = Const()"), ("b", 10, "b = Neg(a)"), ("c", 30, "c = Add(a, b)")):
        device = stats.dev_stats[0] if stats.dev_stats else stats.dev_stats.add(device="/cpu:0")
        node = device.node_stats.add(node_name=name, all_start_micros=start, all_end_rel_micros=5, timeline_label=label)
        node.output.add().tensor_description.allocation_description.requested_bytes = 8
    analysis = Timeline(stats).analyze_step_stats()
    trace = json.loads(analysis.chrome_trace.format_to_string())
    assert [node.thread_id for node in stats.dev_stats[0].node_stats] == [0, 1, 0]
    assert [(event["name"], event["tid"]) for event in of_phase(trace, "s")] == [("a", 0), ("b", 1)]
    assert len(of_phase(trace, "N")) == len(of_phase(trace, "D")) == 3
    most = analysis.allocator_maximums[""]
    assert (most.num_bytes, most.tensors) == (24, {"a", "b", "c"})
