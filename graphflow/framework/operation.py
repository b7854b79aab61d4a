"""Operation: one node of a graph.

Holds its type, inputs, control inputs, attributes, outputs and where the user made it. Nodes are
made by `apply_op` and never change, save for control inputs added by the framework.
"""

import linecache
import os
import sys

from graphflow.framework.api import tf_export

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_MAX_FRAMES = 24


def capture_stack():
    """The callers outside of GraphFlow, innermost first, as code, instruction, code, instruction, ...

    Line numbers are looked up only when somebody asks (an error, `op.traceback`). One tuple: each object that a
    node has is one more for Python's garbage collector to walk through.
    """
    frame = sys._getframe(2)
    while frame is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    stack = []
    while frame is not None and len(stack) < 2 * _MAX_FRAMES:
        stack += frame.f_code, frame.f_lasti
        frame = frame.f_back
    return tuple(stack)


def _line_number(code, instruction):
    line = code.co_firstlineno
    for start, end, number in code.co_lines():
        if start <= instruction < end and number is not None:
            line = number
    return line


@tf_export("Operation")
class Operation:
    """A node: takes tensors, gives tensors (`outputs`), has attributes.

    Made by the functions of the API, not by its constructor.
    """

    __slots__ = ("graph", "op_def", "type", "name", "inputs", "outputs", "attrs", "device",
                 "_control_inputs", "_id", "_stack", "_colocation", "_gradient_type", "_control_outputs",
                 "_extra", "__weakref__")

    def __init__(self, graph, op_def, name, inputs, attrs, control_inputs, device, stack, op_id):
        self.graph = graph
        self.op_def = op_def
        self.type = op_def.name
        self.name = name
        self.inputs = inputs
        self.attrs = attrs
        self._control_inputs = control_inputs
        self.device = device
        self.outputs = ()
        self._id = op_id
        self._stack = stack
        self._colocation = None
        self._gradient_type = None
        self._control_outputs = ()  # a list once there are any
        self._extra = None
        for tensor in inputs:
            tensor._consumers.append(self)
        for op in control_inputs:
            op._note_control_output(self)

    @property
    def control_inputs(self):
        """Operations that must run before this one."""
        return list(self._control_inputs)

    @property
    def control_outputs(self):
        """Operations that wait for this one through a control dependency."""
        return list(self._control_outputs)

    def get_attr(self, name):
        """The value of attribute `name` (dtypes as DType, shapes as TensorShapeProto, strings as bytes)."""
        value = self.attrs.get(name, self)
        if value is self:
            if name == "_class" and self._colocation:
                return [b"loc:@" + n.encode() for n in self._colocation]
            if self._extra and name in self._extra:
                return self._extra[name]
            raise ValueError(f"Operation {self.name!r} has no attr named {name!r}.")
        attr = self.op_def.attrs.get(name)
        if attr is not None and attr.kind in ("shape", "list(shape)", "tensor"):
            from graphflow.framework.node_def import attr_for_user

            return attr_for_user(attr.kind, value)
        return list(value) if isinstance(value, list) else value

    def _set_attr(self, name, attr_value):
        """Sets an attribute from an AttrValue message; only names starting with `_` may be new."""
        from graphflow.framework.node_def import attr_from_proto

        if not name.startswith("_"):
            self.attrs[name] = attr_from_proto(attr_value)
            self.graph._mutations += 1
            return
        if self._extra is None:
            self._extra = {}
        self._extra[name] = attr_from_proto(attr_value)

    @property
    def node_def(self):
        """This node as a NodeDef message."""
        from graphflow.framework.node_def import to_node_def

        return to_node_def(self)

    def values(self):
        """The outputs as a tuple."""
        return tuple(self.outputs)

    def colocation_groups(self):
        """Names of the groups (`b"loc:@op"`) this op is placed with."""
        names = self._colocation or [self.name]
        return [b"loc:@" + name.encode() for name in names]

    @property
    def traceback(self):
        """Where the op was made: (file, line, function, source line) tuples, innermost last."""
        return [_frame_entry(*self._stack[i:i + 2]) for i in range(len(self._stack) - 2, -1, -2)]

    def user_line(self):
        """`(file, line, source)` of the user's statement that made this op, or None."""
        if not self._stack:
            return None
        file, line, _, source = _frame_entry(*self._stack[:2])
        return file, line, source

    def run(self, feed_dict=None, session=None):
        """Runs this operation in `session` or the default session."""
        from graphflow.framework.scopes import require_session

        require_session(session, self.graph, "execute operation").run(self, feed_dict)

    def _note_control_output(self, op):
        if self._control_outputs:
            self._control_outputs.append(op)
        else:
            self._control_outputs = [op]

    def _add_control_input(self, op):
        self._add_control_inputs([op])

    def _add_control_inputs(self, ops):
        for op in ops:
            if op.graph is not self.graph and op.graph.encloses(self.graph):
                self.graph.wait_for(op)
                continue
            if op.graph is not self.graph:
                raise ValueError(f"Cannot add a control input from another graph: {op.name!r}")
            if op not in self._control_inputs:
                self._control_inputs = [*self._control_inputs, op]
                op._note_control_output(self)
        self.graph._mutations += 1

    def _set_device(self, device):
        self.device = str(device)
        self.graph._mutations += 1

    def __repr__(self):
        return f"<tf.Operation '{self.name}' type={self.type}>"

    def __str__(self):
        return str(self.node_def)


def _frame_entry(code, instruction):
    line = _line_number(code, instruction)
    source = linecache.getline(code.co_filename, line).strip()
    return code.co_filename, line, code.co_name, source
