"""Runs with RunOptions or RunMetadata: what ran, when, and how long.

A traced run goes node by node through the reference executor, so that every op can be timed.
Holds no state.
"""

import threading
import time

from graphflow.client import feeds
from graphflow.client import fetches as fetching
from graphflow.compiler import pipeline
from graphflow.runtime import deadlines
from graphflow.runtime.devices import device_counts
from graphflow.runtime.reference import ReferenceExecutor

_DEVICE = "/job:localhost/replica:0/task:0/device:CPU:0"


def run_traced(session, fetches, feed_dict, options, run_metadata):
    """`Session.run` with options; fills `run_metadata.step_stats` if a trace is asked for."""
    if options is not None and not hasattr(options, "trace_level"):
        raise TypeError(f"options must be a tf.RunOptions, but got {type(options).__name__}")
    if run_metadata is not None and not hasattr(run_metadata, "step_stats"):
        raise TypeError(f"run_metadata must be a tf.RunMetadata, but got {type(run_metadata).__name__}")
    if options is not None and options.timeout_in_ms > 0:
        with deadlines.limit(options.timeout_in_ms):
            return _run(session, fetches, feed_dict, options, run_metadata)
    return _run(session, fetches, feed_dict, options, run_metadata)


def _run(session, fetches, feed_dict, options, run_metadata):
    if options is None or options.trace_level == 0 or run_metadata is None:
        return session.run(fetches, feed_dict)
    session._check_open()
    fed = {feeds.feed_element(session.graph, key): value for key, value in feeds.flatten(feed_dict or {})}
    mapper = fetching.FetchMapper(session.graph, fetches)
    config = session._config
    plan = pipeline.lower(mapper.tensors, mapper.operations, list(fed), device_counts(config),
                          config.allow_soft_placement if config is not None else False)
    executor = ReferenceExecutor(plan, session._resources)
    run_metadata.Clear()
    device = run_metadata.step_stats.dev_stats.add(device=_DEVICE)
    arrays = [feeds.FeedSlot(tensor).convert(value) for tensor, value in fed.items()]
    results = executor.run(arrays, _recorder(device))
    if options.output_partition_graphs:
        run_metadata.partition_graphs.add().CopyFrom(_partition_graph(plan))
    return mapper.rebuild(results)


def _recorder(device):
    """Called instead of each kernel: runs it and adds a NodeExecStats."""
    thread = threading.get_ident() % (1 << 31)

    def observe(step, inputs):
        start = time.perf_counter_ns()
        results = step.run(*inputs)
        micros = max(1, (time.perf_counter_ns() - start) // 1000)
        node = step.node
        sources = ", ".join(value.name.removesuffix(":0") for value in node.inputs)
        stats = device.node_stats.add(
            node_name=node.name, all_start_micros=time.time_ns() // 1000 - micros, op_end_rel_micros=micros,
            all_end_rel_micros=micros, thread_id=thread, timeline_label=f"{node.name} = {node.type}({sources})")
        _record_outputs(stats, results, node)
        return results

    return observe


def _record_outputs(stats, results, node):
    arrays = results if isinstance(results, (tuple, list)) else [results]
    for slot, array in enumerate(arrays):
        if not hasattr(array, "nbytes"):
            continue
        output = stats.output.add(slot=slot)
        known = slot < len(node.op.outputs)
        output.tensor_description.dtype = node.op.outputs[slot].dtype.as_datatype_enum if known else 0
        for size in array.shape:
            output.tensor_description.shape.dim.add(size=size)
        output.tensor_description.allocation_description.requested_bytes = array.nbytes


def _partition_graph(plan):
    from graphflow import protobuf

    graph_def = protobuf.GraphDef()
    for node in plan.nodes:
        graph_def.node.add().CopyFrom(node.op.node_def)
    return graph_def
