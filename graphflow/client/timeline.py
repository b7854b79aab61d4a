"""`Timeline`: what `RunMetadata.step_stats` say, as a trace for chrome://tracing (or https://ui.perfetto.dev).

The format is the Trace Event Format: JSON with one event per operation, and with those of tensors and of the
flow of data between lanes if asked for. State: the events made so far, per Timeline.
"""

import collections
import json
import re

_LABEL = re.compile(r"(.*) = (.*)\((.*)\)")

AllocationMaximum = collections.namedtuple("AllocationMaximum", ("timestamp", "num_bytes", "tensors"))
StepStatsAnalysis = collections.namedtuple("StepStatsAnalysis", ("chrome_trace", "allocator_maximums"))


class ChromeTrace:
    """Events in the Trace Event Format."""

    def __init__(self):
        self._events = []
        self._metadata = []

    def name_process(self, name, pid):
        """Gives the group of lanes `pid` its title."""
        self._metadata.append({"name": "process_name", "ph": "M", "pid": pid, "args": {"name": name}})

    def emit(self, phase, category, name, pid, tid, timestamp, **fields):
        """One event: "X" a region, "N", "D" and "O" an object's life, "s" and "t" a flow, "C" a counter."""
        self._events.append(
            {"ph": phase, "cat": category, "name": name, "pid": pid, "tid": tid, "ts": timestamp, **fields})

    def format_to_string(self, pretty=False):
        """The trace as JSON."""
        trace = {"traceEvents": self._metadata + self._events}
        if pretty:
            return json.dumps(trace, indent=4, separators=(",", ": "))
        return json.dumps(trace, separators=(",", ":"))


class _Tensor:
    """One output of an operation: where its memory lies, and from when to when it was needed."""

    def __init__(self, object_id, pid, allocation, made, lane):
        self.object_id = object_id
        self.pid = pid
        self.allocator = allocation.allocator_name
        self.num_bytes = allocation.requested_bytes
        self.made = made
        self.last_used = 0
        self.lane = lane  # (time, pid, tid) that a flow starts from


class Timeline:
    """A trace of one step.

    Args: step_stats: `RunMetadata.step_stats` of a run with `RunOptions.FULL_TRACE`. graph: the Graph that ran;
      not needed.

    Example:
      >>> import graphflow as tf
      >>> from graphflow.client.timeline import Timeline
      >>> x = tf.constant([1.0, 2.0])
      >>> metadata = tf.RunMetadata()
      >>> with tf.Session() as sess:
      ...     _ = sess.run(x + x, options=tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE), run_metadata=metadata)
      >>> '"traceEvents"' in Timeline(metadata.step_stats).generate_chrome_trace_format()
      True
    """

    def __init__(self, step_stats, graph=None):
        self._step_stats = step_stats
        self._graph = graph
        self._trace = ChromeTrace()
        self._pids = {}  # device -> (lanes of operations, lanes of tensors)
        self._tensors = {}
        self._flows = 0

    def analyze_step_stats(self, show_dataflow=True, show_memory=True):
        """A StepStatsAnalysis: the ChromeTrace, and {allocator: AllocationMaximum} (empty without `show_memory`)."""
        self._name_processes()
        self._assign_lanes()
        self._collect_tensors(show_memory)
        self._show_operations(show_dataflow)
        return StepStatsAnalysis(self._trace, self._show_memory() if show_memory else {})

    def generate_chrome_trace_format(self, show_dataflow=True, show_memory=False):
        """The trace as JSON text.

        Args: show_dataflow: draws arrows from operations to those that use their results. show_memory: draws the
          memory of tensors, and its sum per allocator.
        """
        return self.analyze_step_stats(show_dataflow, show_memory).chrome_trace.format_to_string(pretty=True)

    def _name_processes(self):
        self._trace.name_process("Allocators", 0)
        for number, stats in enumerate(self._step_stats.dev_stats):
            self._pids[stats.device] = 2 * number + 1, 2 * number + 2
            self._trace.name_process(stats.device + " Compute", 2 * number + 1)
            self._trace.name_process(stats.device + " Tensors", 2 * number + 2)

    def _assign_lanes(self):
        """Gives every operation the first lane that is free when it starts (as its thread_id)."""
        for stats in self._step_stats.dev_stats:
            free_at = [0]
            for node in stats.node_stats:
                lane = next((i for i, time in enumerate(free_at) if node.all_start_micros > time), len(free_at))
                if lane == len(free_at):
                    free_at.append(0)
                free_at[lane] = node.all_start_micros + node.all_end_rel_micros
                node.thread_id = lane

    def _nodes(self):
        """(lanes of operations, lanes of tensors, device, node, start, end) of every operation."""
        for stats in self._step_stats.dev_stats:
            for node in stats.node_stats:
                start = node.all_start_micros
                yield *self._pids[stats.device], stats.device, node, start, start + node.all_end_rel_micros

    def _collect_tensors(self, show_memory):
        for pid, tensors_pid, _, node, start, end in self._nodes():
            for index, output in enumerate(node.output):
                name = f"{node.node_name}:{index}" if index else node.node_name
                allocation = output.tensor_description.allocation_description
                tensor = _Tensor(len(self._tensors), tensors_pid, allocation, start, (end, pid, node.thread_id))
                tensor.last_used = end
                self._tensors[name] = tensor
                if not show_memory:
                    continue
                where = "Tensor", name, tensors_pid, node.thread_id
                text = str(output.tensor_description).replace('"', "")
                self._trace.emit("N", *where, start, id=tensor.object_id)
                self._trace.emit("O", *where, end - 1, id=tensor.object_id,
                                 args={"snapshot": {"tensor_description": text}})

    def _show_operations(self, show_dataflow):
        for pid, _, device, node, start, end in self._nodes():
            on_gpu_stream = "/stream:" in device or "/memcpy" in device
            name, op, inputs = _described(node, on_gpu_stream)
            arguments = {"name": name, "op": op, **{f"input{i}": source for i, source in enumerate(inputs)}}
            self._trace.emit("X", "Op", op, pid, node.thread_id, start, dur=end - start, args=arguments)
            for source in inputs:
                tensor = self._tensors.get(source) or self._tensors.get(source.rpartition("/_")[0])
                if tensor is None:
                    continue
                tensor.last_used = max(tensor.last_used, end - 1)
                if show_dataflow and tensor.lane[1:] != (pid, node.thread_id):
                    self._draw_arrow(source, tensor.lane, (start, pid, node.thread_id))

    def _draw_arrow(self, name, begin, end):
        for phase, (time, pid, tid) in (("s", begin), ("t", end)):
            self._trace.emit(phase, "DataFlow", name, pid, tid, time, id=self._flows)
        self._flows += 1

    def _show_memory(self):
        """Draws what each allocator holds; returns {allocator: its AllocationMaximum}."""
        changes = collections.defaultdict(list)
        for name, tensor in self._tensors.items():
            self._trace.emit("D", "Tensor", name, tensor.pid, 0, tensor.last_used, id=tensor.object_id)
            changes[tensor.allocator] += [(tensor.made, tensor.num_bytes, name),
                                          (tensor.last_used, -tensor.num_bytes, name)]
        maximums = {}
        for allocator, steps in changes.items():
            total, held, most = 0, set(), AllocationMaximum(0, 0, set())
            for time, num_bytes, name in sorted(steps):
                total += num_bytes
                (held.discard if num_bytes < 0 else held.add)(name)
                if total > most.num_bytes:
                    most = AllocationMaximum(time, total, set(held))
                self._trace.emit("C", "Memory", allocator, 0, 0, time, args={allocator: total})
            maximums[allocator] = most
        return maximums


def _described(node, on_gpu_stream):
    """(name, op type, names of inputs) of a NodeExecStats."""
    if on_gpu_stream:
        name, op = (node.node_name.split(":") + ["unknown"])[:2]
        return name, op, []
    if node.node_name == "RecvTensor":
        return node.node_name, "RecvTensor", []
    match = _LABEL.match(node.timeline_label)
    if match is None:
        return node.node_name, "unknown", []
    return node.node_name, match[2], match[3].split(", ") if match[3] else []
