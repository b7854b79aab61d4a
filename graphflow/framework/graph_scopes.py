"""Scopes: what a new operation picks up from where it is created.

Name scope, control dependencies, device, colocation, attributes, gradient overrides. State: per
graph and thread, the innermost of each (`ScopeState`); entering a scope replaces a field and leaving
restores it.
"""

import contextlib
import re
import threading

from graphflow.framework import device_spec, scopes
from graphflow.framework.api import tf_export

# What nodes may be called, and so a scope that stands in no other one; what may follow an outer scope.
VALID_NAME = re.compile(r"^[A-Za-z0-9.][A-Za-z0-9_.\-/]*$")
_VALID_INSIDE = re.compile(r"^[A-Za-z0-9_.\-/]*$")


class ScopeState(threading.local):
    """The scopes of one graph that are open in the current thread."""

    def __init__(self):
        self.name = ""
        self.controllers = ()
        self.devices = ()
        self.colocation = ()
        self.attrs = {}
        self.gradient_overrides = {}
        self.container = ""


class _Controller:
    """One `control_dependencies` block: its operations, and what was created depending on them."""

    __slots__ = ("operations", "seen")

    def __init__(self, operations):
        self.operations = operations
        self.seen = set()


class ScopeMethods:
    """The scope methods of Graph."""

    @contextlib.contextmanager
    def _replaced(self, field, value):
        state = self._scopes
        old = getattr(state, field)
        setattr(state, field, value)
        try:
            yield
        finally:
            setattr(state, field, old)

    @contextlib.contextmanager
    def name_scope(self, name):
        """Prefixes names of new operations by `name/`; None or "" leaves all scopes.

        A name that ends in "/" re-enters exactly that scope. Yields the scope string with its "/".
        Raises ValueError if `name` is not a valid scope name.
        """
        if name:
            if isinstance(name, bytes):
                name = name.decode()
            self._check_scope_name(name)
        if not name:
            scope = ""
        elif name[-1] == "/":
            scope = name[:-1]
        else:
            scope = self.unique_name(name)
        state = self._scopes
        old, state.name = state.name, scope
        try:
            yield scope + "/" if scope else ""
        finally:
            state.name = old

    def _check_scope_name(self, name):
        """ValueError unless a scope, or a node with inputs, may have this name here."""
        pattern = _VALID_INSIDE if self._scopes.name else VALID_NAME
        if not pattern.match(name):
            raise ValueError(f"'{name}' is not a valid scope name")

    def _check_node_name(self, name):
        """ValueError unless a constant may have this name here."""
        full = f"{self._scopes.name}/{name}" if self._scopes.name else name
        if not VALID_NAME.match(full):
            raise ValueError(f"'{full}' is not a valid node name")

    def get_name_scope(self):
        """The current name scope, without a trailing slash."""
        return self._scopes.name

    @contextlib.contextmanager
    def control_dependencies(self, control_inputs):
        """Operations created inside run after `control_inputs` (None: drop the outer ones)."""
        if control_inputs is None:
            with self._replaced("controllers", ()):
                yield
            return
        operations = []
        for item in control_inputs:
            if hasattr(item, "values") and hasattr(item, "indices") and hasattr(item, "op"):
                item = item.op
            element = self.as_graph_element(item)
            op = getattr(element, "op", element)
            if op not in operations:
                operations.append(op)
        controllers = (*self._scopes.controllers, _Controller(operations))
        with self._replaced("controllers", controllers):
            yield

    def _control_inputs_for(self, inputs):
        """Operations that a new op must wait for, less those its inputs already wait for."""
        input_ops = {tensor.op for tensor in inputs}
        result = []
        for controller in self._scopes.controllers:
            if controller.seen.isdisjoint(input_ops):
                result.extend(op for op in controller.operations if op not in input_ops and op not in result)
        return result

    def _note_created(self, op):
        for controller in self._scopes.controllers:
            controller.seen.add(op)

    def device(self, device_name_or_function):
        """Requests a device for operations created inside: a string, DeviceSpec, function or None."""
        return self._device_scope(device_name_or_function)

    @contextlib.contextmanager
    def _device_scope(self, request):
        if request is not None and not callable(request):
            # Fail where the user wrote it, not when the first op is made.
            device_spec.DeviceSpec.from_string(_device_text(request))
        with self._replaced("devices", (*self._scopes.devices, request)):
            yield

    def _device_for(self, op):
        """The device that open scopes request for `op`; innermost first, later ones fill gaps."""
        device = ""
        for request in reversed(self._scopes.devices):
            if request is None:
                break
            if callable(request):
                # A device function sees the op as placed so far and has the last word on it.
                op.device = device
                chosen = request(op)
                device = "" if chosen is None else _device_text(chosen)
            else:
                device = device_spec.merge(_device_text(request), device)
        return device

    @contextlib.contextmanager
    def colocate_with(self, op, ignore_existing=False):
        """Places operations created inside with `op` (None with `ignore_existing`: drop outer ones)."""
        if op is None and not ignore_existing:
            raise ValueError("Trying to reset colocation (op is None) but ignore_existing is not True")
        outer = () if ignore_existing else self._scopes.colocation
        if op is not None:
            element = self.as_graph_element(getattr(op, "op", op) if not isinstance(op, str) else op)
            outer = (*outer, getattr(element, "op", element))
        with self._replaced("colocation", outer), self._replaced("devices", ()):
            yield

    @contextlib.contextmanager
    def _colocate_with_for_gradient(self, op, gradient_uid, ignore_existing=False):
        with self.colocate_with(op, ignore_existing):
            yield

    @contextlib.contextmanager
    def gradient_override_map(self, op_type_map):
        """Uses other gradient functions for op types: {"Square": "CustomSquare"}."""
        if not isinstance(op_type_map, dict):
            raise TypeError("op_type_map must be a dictionary mapping strings to strings")
        for key, value in op_type_map.items():
            if not (isinstance(key, str) and isinstance(value, str)):
                raise TypeError("op_type_map must be a dictionary mapping strings to strings")
        merged = {**self._scopes.gradient_overrides, **op_type_map}
        with self._replaced("gradient_overrides", merged):
            yield

    @contextlib.contextmanager
    def _attr_scope(self, attr_map):
        """Adds attributes (AttrValue, or None to remove) to operations created inside."""
        merged = {**self._scopes.attrs, **attr_map}
        with self._replaced("attrs", {k: v for k, v in merged.items() if v is not None}):
            yield

    @contextlib.contextmanager
    def container(self, container_name):
        """Names the resource container of stateful operations created inside."""
        with self._replaced("container", container_name):
            yield container_name


def _device_text(request):
    return request if isinstance(request, str) else request.to_string()


@tf_export("name_scope")
class name_scope:  # noqa: N801 - TensorFlow's public name
    """Context manager for functions that build ops: `with tf.name_scope(name, "Default", [a, b])`.

    Args:
      name: the name argument of the calling function, or None. default_name: used if `name` is None.
      values: inputs of the function; their graph becomes the default graph.
    Raises TypeError if `default_name` is neither None nor a string.
    """

    def __init__(self, name, default_name=None, values=None):
        if default_name is not None and not isinstance(default_name, str):
            raise TypeError(f"`default_name` type ({type(default_name)}) is not a string type. You likely meant to "
                            "pass this into the `values` kwarg.")
        self._name = default_name if name is None else name
        self._has_name = name is not None or default_name is not None
        self._values = values
        self._stack = None

    @property
    def name(self):
        """The scope name that was asked for."""
        return self._name

    def __enter__(self):
        if not self._has_name and self._values is not None:
            raise ValueError(f"At least one of name ({self._name}) and default_name must be provided.")
        graph = graph_of(self._values) if self._values else scopes.get_default_graph()
        stack = contextlib.ExitStack()
        if graph is not scopes.get_default_graph():
            stack.enter_context(graph.as_default())
        scope = stack.enter_context(graph.name_scope(self._name))
        self._stack = stack
        return scope

    def __exit__(self, *error):
        stack, self._stack = self._stack, None
        return stack.__exit__(*error)


def graph_of(values):
    """The graph that all graph elements among `values` belong to, or the default graph.

    In the body of a conditional or loop, elements of the graphs around belong to it, too. Raises
    ValueError if they belong to different graphs, or to a body that is left.
    """
    default = scopes.get_default_graph()
    other = origin = at_home = None
    for value in values:
        element = getattr(value, "graph", None)
        if element is None or isinstance(value, type) or not hasattr(element, "_operations"):
            continue
        if element is default or element.encloses(default):
            at_home = value
        elif other is None:
            other, origin = element, value
        elif element is not other:
            raise ValueError(f"{value} must be from the same graph as {origin}.")
    if other is None:
        return default
    if other.is_body:
        raise ValueError(f"Cannot use {origin.name!r} as input here because {origin.name!r} is in {other.kind}: what a "
                         "body makes is used in it, or returned by it.")
    if at_home is not None:
        raise ValueError(f"{origin} must be from the same graph as {at_home}.")
    return other


@tf_export("control_dependencies")
def control_dependencies(control_inputs):
    """`Graph.control_dependencies` of the default graph."""
    return scopes.get_default_graph().control_dependencies(control_inputs)


@tf_export("device")
def device(device_name_or_function):
    """`Graph.device` of the default graph."""
    return scopes.get_default_graph().device(device_name_or_function)


@tf_export("colocate_with")
def colocate_with(op, ignore_existing=False):
    """`Graph.colocate_with` of the default graph."""
    return scopes.get_default_graph().colocate_with(op, ignore_existing)


@tf_export("container")
def container(container_name):
    """`Graph.container` of the default graph."""
    return scopes.get_default_graph().container(container_name)


@tf_export("op_scope")
@contextlib.contextmanager
def op_scope(values, name, default_name=None):
    """TensorFlow 0.x's order of `name_scope`'s arguments."""
    with name_scope(name, default_name, values) as scope:
        yield scope
