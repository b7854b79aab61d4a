"""Mutexes, and `tf.CriticalSection`: functions of the graph that runs enter one at a time.

Holds no state: the lock lives in the session.
"""

import collections

from graphflow.framework import dtypes, nest, raw_ops, scopes, shapes
from graphflow.framework import public as tf
from graphflow.framework.api import tf_export
from graphflow.framework.graph import add_to_collection, get_collection
from graphflow.framework.graph_scopes import colocate_with, control_dependencies, name_scope
from graphflow.framework.op_def import NotDifferentiable, register_op
from graphflow.framework.tensor import Tensor

register_op("MutexV2", outputs="resource: resource", attrs="container: string = ''; shared_name: string = ''",
            shape=shapes.scalar, stateful=True)
register_op("MutexLock", inputs="mutex: resource", outputs="mutex_lock: variant", shape=shapes.scalar, stateful=True,
            blocking=True)
register_op("ConsumeMutexLock", inputs="mutex_lock: variant", shape=shapes.no_outputs, stateful=True)
for _name in ("MutexV2", "MutexLock", "ConsumeMutexLock"):
    NotDifferentiable(_name)

_SECTIONS = "critical_sections"
_EXECUTIONS = "critical_section_executions"
# What one `execute` did: operation of its lock, handle of its section, resources, whether it wants them alone.
_Execution = collections.namedtuple("_Execution", "op handle resources exclusive")


@tf_export("CriticalSection")
class CriticalSection:
    """Runs functions of the graph so that no two of the section are under way at the same time.

    Args: name. shared_name: sections with it share one lock; the name by default.
    Raises ValueError if `critical_section_def` is given with a name; NotImplementedError for it alone.

    Example:
      >>> v = tf.Variable(0.0, use_resource=True)
      >>> section = tf.CriticalSection()
      >>> count = section.execute(lambda: v.assign_add(1.0))
      >>> with tf.Session() as sess:
      ...     sess.run(v.initializer)
      ...     print(sess.run(count))
      1.0
    """

    def __init__(self, name=None, shared_name=None, critical_section_def=None, import_scope=None):
        if critical_section_def and name is not None:
            raise ValueError("critical_section_def and shared_name are mutually exclusive.")
        if critical_section_def:
            raise NotImplementedError("CriticalSection can not be made from a CriticalSectionDef")
        with name_scope(name, "CriticalSection", []) as name:
            self._handle = raw_ops.MutexV2(shared_name=name if shared_name is None else shared_name, name=name)
        add_to_collection(_SECTIONS, self)

    @property
    def name(self):
        """The name of the lock's operation."""
        return self._handle.op.name

    def execute(self, fn, exclusive_resource_access=True, name=None):
        """What `fn()` returns (tensors in any structure), computed while the section's lock is held.

        Args: exclusive_resource_access: whether no other section may use the same resources.
        Raises ValueError if `fn` uses this section itself, or a resource that another section uses and one
        of both wants alone.
        """
        graph = scopes.get_default_graph()
        with name_scope(name, "critical_section_execute", []):
            lock = raw_ops.MutexLock(self._handle)
            before = len(graph.get_operations())
            with control_dependencies([lock]):
                result = fn()
            created = graph.get_operations()[before:]
            self._wait_for_arguments(created, lock.op)
            resources = self._checked_resources(created, exclusive_resource_access)
            flat = [_identity(x) for x in nest.flatten(result)]
            with control_dependencies([x for x in flat if x is not None]), colocate_with(self._handle):
                released = raw_ops.ConsumeMutexLock(lock)
            with control_dependencies([released]):
                outputs = [_identity(x) for x in flat]
            add_to_collection(_EXECUTIONS, _Execution(lock.op, self._handle, resources, exclusive_resource_access))
            return nest.pack_sequence_as(result, outputs) if nest.is_nested(result) else outputs[0]

    def _wait_for_arguments(self, created, lock):
        """What the function takes from outside is computed before the lock is taken, not while it is held."""
        inside = set(created)
        outside = {source for op in created for source in (*(t.op for t in op.inputs), *op.control_inputs)}
        outside -= {*inside, *lock.control_inputs, *(t.op for t in lock.inputs), lock}
        if outside:
            lock._add_control_input(tf.group(*sorted(outside, key=lambda op: op._id)))

    def _checked_resources(self, created, exclusive):
        resources = {t for op in created for t in op.inputs if t.dtype == dtypes.resource}
        if any(self._is_own(t) for t in resources):
            raise ValueError("The function fn attempts to directly access the CriticalSection in which it would be "
                             "running.  This is illegal and would cause deadlocks.")
        for other in get_collection(_EXECUTIONS):
            if self._is_own(other.handle) or not (exclusive or other.exclusive):
                continue
            shared = resources & other.resources
            if shared:
                raise ValueError(
                    f"This execution would access resources: {sorted(t.name for t in shared)}.  Either this lock "
                    f"(CriticalSection: {self._handle}) or lock '{other.op.name}' (CriticalSection: {other.handle}) "
                    "requested exclusive resource access of this resource.  Did you mean to call execute with keyword "
                    "argument exclusive_resource_access=False?")
        return resources

    def _is_own(self, tensor):
        """Whether a tensor is the handle of this section's lock."""
        own = self._handle.op.get_attr("shared_name")
        return tensor.op.type == "MutexV2" and bool(own) and tensor.op.get_attr("shared_name") == own


def _identity(value):
    """An Identity of a tensor; operations become what a control dependency can be on."""
    return tf.identity(value) if isinstance(value, Tensor) or hasattr(value, "dtype") else value
