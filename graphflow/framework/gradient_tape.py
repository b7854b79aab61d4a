"""`tf.GradientTape`: gradients of what is built while a tape records.

In a graph a tape is a span of operations: those made while it recorded count, all others are constants to it.
State: each tape's spans, and what it watches.
"""

import contextlib

from graphflow.framework import dtypes, nest, public, scopes
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.gradients import UnconnectedGradients, gradients
from graphflow.framework.graph import GraphKeys
from graphflow.framework.tensor import Tensor, is_tensor_like


def _node(source):
    """The tensor that stands for a tensor or variable in the graph."""
    handle = getattr(source, "handle", None)
    if isinstance(handle, Tensor) and handle.dtype == dtypes.resource:
        return handle
    return convert_to_tensor(source, as_ref=True)


def _reads_variable(op):
    return bool(op.inputs) and (op.inputs[0].dtype._is_ref_dtype or op.inputs[0].dtype == dtypes.resource)


@tf_export("GradientTape")
class GradientTape:
    """Records operations, to differentiate through them and no others.

    Args:
      persistent: whether `gradient` may be called more than once. watch_accessed_variables: whether trainable
      variables are watched without being told so.

    Example:
      >>> import graphflow as tf
      >>> x = tf.constant(3.0)
      >>> with tf.GradientTape() as tape:
      ...     tape.watch(x)
      ...     y = x * x
      >>> with tf.Session() as sess:
      ...     print(sess.run(tape.gradient(y, x)))
      6.0
    """

    def __init__(self, persistent=False, watch_accessed_variables=True):
        self._persistent = persistent
        self._watch_accessed_variables = watch_accessed_variables
        self._graph = None
        self._recording = self._used = False
        self._spans = []
        self._watched = set()

    def __enter__(self):
        self._start()
        return self

    def __exit__(self, *error):
        if self._recording:
            self._stop()

    def _start(self):
        if self._recording:
            raise ValueError("Tape is already recording.")
        self._graph = scopes.get_default_graph()
        self._recording = True
        self._spans.append([len(self._graph._operations), None])

    def _stop(self):
        if not self._recording:
            raise ValueError("Tape is not recording.")
        self._recording = False
        self._spans[-1][1] = len(self._graph._operations)

    def watch(self, tensor):
        """Makes gradients flow to a tensor or variable, or to all in a nested structure.

        Raises ValueError for something else.
        """
        for item in nest.flatten(tensor):
            if not is_tensor_like(item):
                raise ValueError(f"Passed in object of type {type(item)}, not tf.Tensor")
            self._watched.add(_node(item))

    @contextlib.contextmanager
    def stop_recording(self):
        """Context manager in which nothing is recorded. Raises RuntimeError if nothing is recorded anyway."""
        if not self._recording:
            raise RuntimeError("Trying to stop recording a tape which is not recording.")
        self._stop()
        try:
            yield
        finally:
            self._start()

    def reset(self):
        """Forgets what was recorded and watched, and records on."""
        self._stop()
        self._spans, self._watched, self._used = [], set(), False
        self._start()

    def watched_variables(self):
        """The trainable variables that recorded operations use, in the order of their making."""
        used = {t for op in self._recorded_operations() for t in op.inputs}
        used |= {op.inputs[0] for op in {t.op for t in used} if _reads_variable(op)}
        return tuple(v for v in self._trainable() if _node(v) in used)

    def _trainable(self):
        return self._graph.get_collection(GraphKeys.TRAINABLE_VARIABLES)

    def _recorded_operations(self):
        operations = self._graph._operations
        return [op for start, stop in self._spans for op in operations[start:stop]]

    def gradient(self, target, sources, output_gradients=None, unconnected_gradients=UnconnectedGradients.NONE):
        """Gradients of the sum of `target` for each of `sources`, in the structure of `sources`.

        Args:
          target: tensor, or structure of tensors. sources: watched tensors and variables; others give None.
          output_gradients: what the targets receive, ones by default. unconnected_gradients: what to give where
          the target does not depend on a source.
        Raises RuntimeError when a tape that is not persistent is asked again.
        """
        if self._used or self._graph is None:
            raise RuntimeError("GradientTape.gradient can only be called once on non-persistent tapes.")
        if self._recording and not self._persistent:
            self._stop()
        self._used = not self._persistent
        targets = [convert_to_tensor(t) for t in nest.flatten(target)]
        given = None if output_gradients is None else [
            None if g is None else convert_to_tensor(g) for g in nest.flatten(output_gradients)]
        flat = nest.flatten(sources)
        watched = self._watched | ({_node(v) for v in self._trainable()} if self._watch_accessed_variables else set())
        # What is not watched is a constant: asking for a tensor that nothing uses says so in every way.
        asked = [source if _node(source) in watched else public.zeros_like(source) for source in flat]
        found = gradients(targets, asked, grad_ys=given, unconnected_gradients=unconnected_gradients,
                          stop_gradients=self._boundary(targets, {_node(source) for source in asked}))
        return nest.pack_sequence_as(sources, found)

    def _boundary(self, targets, sources):
        """The tensors at which the recorded operations that lead to `targets` begin."""
        recorded = set(self._recorded_operations())
        boundary, seen, waiting = [], set(), list(targets)
        while waiting:
            tensor = waiting.pop()
            if tensor in seen or tensor in sources:
                continue
            seen.add(tensor)
            if tensor.op in recorded or _reads_variable(tensor.op):
                waiting.extend(tensor.op.inputs)
            else:
                boundary.append(tensor)
        return boundary

    def jacobian(self, target, sources, unconnected_gradients=UnconnectedGradients.NONE, parallel_iterations=None,
                 experimental_use_pfor=True):
        """Derivatives of each element of `target`: tensors of the shape of `target` and then of the source.

        Its rows are unrolled. Raises ValueError if the size of `target` is not known in the graph.
        """
        size = target.shape.num_elements()
        if size is None:
            raise ValueError(f"GradientTape.jacobian needs a target whose size is known; {target.name} has shape "
                             f"{target.shape}")
        if self._recording and not self._persistent:
            self._stop()
        persistent, self._persistent = self._persistent, True
        recording = self._recording
        if recording:
            self._stop()
        self._start()
        rows = public.unstack(public.reshape(target, [-1]), num=size)
        self._stop()
        try:
            flat = [self.gradient(row, nest.flatten(sources), unconnected_gradients=unconnected_gradients)
                    for row in rows]
        finally:
            self._persistent, self._used = persistent, not persistent
        if recording:
            self._start()
        shape = target.shape.as_list()
        found = [None if column[0] is None else public.reshape(
            public.stack(column), public.concat([shape, public.shape(column[0])], 0)) for column in zip(*flat)]
        return nest.pack_sequence_as(sources, found)
