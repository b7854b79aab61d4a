"""Graph: the append-only program that the user builds.

State: operations by name and in creation order, names in use, collections, the seed, and (per
thread) the scopes that new operations pick up. A graph is never optimised in place: sessions work on
pruned copies. Scopes stand in `graph_scopes.py`, building of nodes in `apply_op.py`.
"""

import re
import threading

from graphflow.framework import scopes
from graphflow.framework.api import tf_export
from graphflow.framework.graph_scopes import VALID_NAME, ScopeMethods, ScopeState
from graphflow.framework.operation import Operation
from graphflow.framework.tensor import Tensor


@tf_export("GraphKeys")
class GraphKeys:
    """Standard names of graph collections."""

    GLOBAL_VARIABLES = "variables"
    LOCAL_VARIABLES = "local_variables"
    METRIC_VARIABLES = "metric_variables"
    MODEL_VARIABLES = "model_variables"
    TRAINABLE_VARIABLES = "trainable_variables"
    SUMMARIES = "summaries"
    QUEUE_RUNNERS = "queue_runners"
    TABLE_INITIALIZERS = "table_initializer"
    ASSET_FILEPATHS = "asset_filepaths"
    MOVING_AVERAGE_VARIABLES = "moving_average_variables"
    REGULARIZATION_LOSSES = "regularization_losses"
    CONCATENATED_VARIABLES = "concatenated_variables"
    SAVERS = "savers"
    WEIGHTS = "weights"
    BIASES = "biases"
    ACTIVATIONS = "activations"
    UPDATE_OPS = "update_ops"
    LOSSES = "losses"
    SAVEABLE_OBJECTS = "saveable_objects"
    RESOURCES = "resources"
    LOCAL_RESOURCES = "local_resources"
    INIT_OP = "init_op"
    LOCAL_INIT_OP = "local_init_op"
    READY_OP = "ready_op"
    READY_FOR_LOCAL_INIT_OP = "ready_for_local_init_op"
    SUMMARY_OP = "summary_op"
    GLOBAL_STEP = "global_step"
    EVAL_STEP = "eval_step"
    TRAIN_OP = "train_op"
    COND_CONTEXT = "cond_context"
    WHILE_CONTEXT = "while_context"
    VARIABLES = "variables"
    _SUMMARY_COLLECTION = "_SUMMARY_V2"
    _STREAMING_MODEL_PORTS = "streaming_model_ports"


@tf_export("Graph")
class Graph(ScopeMethods):
    """A dataflow graph of Operations and Tensors.

    Example:
      >>> import graphflow as tf
      >>> with tf.Graph().as_default() as g:
      ...     c = tf.constant(30.0)
      >>> c.graph is g
      True
    """

    # Whether this is the body of a conditional or loop (`func_graph.py`).
    is_body = False

    def __init__(self):
        self._lock = threading.RLock()
        self._by_name = {}
        self._operations = []
        self._names_in_use = {}
        self._collections = {}
        self._mutations = 0
        self._finalized = False
        self._unfeedable = set()
        self._unfetchable = set()
        # Operations of the bodies of conditionals and loops by name, and how many further operations
        # TensorFlow would have made for them.
        self._inner_operations = {}
        self._uncounted = 0
        self._scopes = ScopeState()
        self._gradient_functions = {}
        self.seed = None
        # Things of higher layers that belong to this graph (variable store, caches), by owner.
        self.attachments = {}

    # Whether this is the graph of a function: what TensorFlow's own helpers ask.
    _building_function = False

    # ---- naming

    def unique_name(self, name, mark_as_used=True):
        """`name` below the current name scope, made unique by a suffix `_1`, `_2`, ..."""
        stack = self._scopes.name
        if stack:
            name = f"{stack}/{name}"
        used = self._names_in_use
        key = name.lower()
        count = used.get(key, 0)
        if mark_as_used:
            used[key] = count + 1
        if not count:
            return name
        base = key
        while key in used:
            key = f"{base}_{count}"
            count += 1
        if mark_as_used:
            used[key] = 1
        return f"{name}_{count - 1}"

    def reserve(self, *names, uncounted=0):
        """Takes the names of operations that TensorFlow would make here, and counts them, as seeds need it."""
        for name in names:
            self.unique_name(name)
        self.root._uncounted += uncounted

    # ---- operations

    def _check_not_finalized(self):
        if self._finalized:
            raise RuntimeError("Graph is finalized and cannot be modified.")

    def _add_operation(self, op):
        if op.name in self._by_name:
            raise ValueError(f"Duplicate node name in graph: {op.name!r}")
        self._by_name[op.name] = op
        self._operations.append(op)

    @property
    def _last_id(self):
        """How many operations TensorFlow would have created: it derives default op seeds from it."""
        return len(self._operations) + len(self._inner_operations) + self._uncounted

    @property
    def root(self):
        """The user's graph, of which bodies of conditionals and loops are parts: this one."""
        return self

    def encloses(self, graph):
        """Whether `graph` is this one or the body of something in it."""
        return graph.root is self

    @property
    def version(self):
        """Grows with every operation added."""
        return len(self._operations)

    @property
    def graph_def_versions(self):
        """The VersionDef that exported graphs carry."""
        return self.as_graph_def().versions

    def create_op(self, op_type, inputs, dtypes=None, input_types=None, name=None, attrs=None,
                  op_def=None, compute_shapes=True, compute_device=True):
        """Adds an operation of `op_type` with the given input tensors and attributes.

        `attrs` may hold Python values or AttrValue messages. Returns the Operation.
        """
        from graphflow.framework.apply_op import create_from_attrs

        return create_from_attrs(self, op_type, list(inputs), attrs or {}, name)

    def finalize(self):
        """Makes the graph read-only: adding an operation raises RuntimeError."""
        self._finalized = True

    def _unsafe_unfinalize(self):
        self._finalized = False

    @property
    def finalized(self):
        """Whether `finalize` was called."""
        return self._finalized

    def switch_to_thread_local(self):
        """Does nothing: the scopes that are open in one thread are never seen by another."""

    def prevent_feeding(self, tensor):
        """Marks a tensor as not feedable."""
        self._unfeedable.add(tensor)

    def is_feedable(self, tensor):
        """Whether the tensor may be fed."""
        return tensor not in self._unfeedable and tensor.op.graph is self

    def prevent_fetching(self, op):
        """Marks an operation as not fetchable."""
        self._unfetchable.add(op)

    def is_fetchable(self, tensor_or_op):
        """Whether the tensor or operation may be fetched."""
        op = tensor_or_op.op if isinstance(tensor_or_op, Tensor) else tensor_or_op
        return op not in self._unfetchable and op.graph is self

    # ---- looking things up

    def get_operations(self):
        """All operations, in creation order."""
        return list(self._operations)

    def get_operation_by_name(self, name):
        """The operation called `name`. KeyError if there is none, TypeError if not a string."""
        if not isinstance(name, str):
            raise TypeError(f"Operation names are strings (or similar), not {type(name).__name__}.")
        return self.as_graph_element(name, allow_tensor=False, allow_operation=True)

    def get_tensor_by_name(self, name):
        """The tensor called `name` ("op:0"). KeyError if there is none, TypeError if not a string."""
        if not isinstance(name, str):
            raise TypeError(f"Tensor names are strings (or similar), not {type(name).__name__}.")
        return self.as_graph_element(name, allow_tensor=True, allow_operation=False)

    def as_graph_element(self, obj, allow_tensor=True, allow_operation=True):
        """The Tensor or Operation that `obj` (a name, tensor, operation, variable) refers to.

        Raises KeyError for an unknown name, ValueError for a malformed one or another graph's
        element, TypeError for anything else.
        """
        if not allow_tensor and not allow_operation:
            raise ValueError("allow_tensor and allow_operation can't both be False.")
        convert = getattr(obj, "_as_graph_element", None)
        if convert is not None:
            element = convert()
            obj = obj if element is None else element
        if isinstance(obj, bytes):
            obj = obj.decode()
        wanted = " or ".join(["Tensor"] * allow_tensor + ["Operation"] * allow_operation)
        if isinstance(obj, str):
            if ":" in obj and allow_tensor:
                return self._tensor_by_name(obj)
            if ":" not in obj and allow_operation:
                return self._operation_by_name(obj, allow_tensor)
            self._wrong_kind_of_name(obj, allow_tensor)
        if isinstance(obj, Tensor) and allow_tensor or isinstance(obj, Operation) and allow_operation:
            if obj.graph is not self:
                if obj.graph.root is self:
                    op = getattr(obj, "op", obj)
                    raise ValueError(f"Operation {op.name!r} has been marked as not fetchable: it is in "
                                     f"{obj.graph.kind}, and has a value only there.")
                raise ValueError(f"{type(obj).__name__} {obj} is not an element of this graph.")
            return obj
        raise TypeError(f"Can not convert a {type(obj).__name__} into a {wanted}.")

    def _find(self, name):
        """The operation called `name`, also in the bodies of conditionals and loops, or None."""
        return self._by_name.get(name) or self._inner_operations.get(name)

    def _tensor_by_name(self, name):
        op_name, _, index = name.rpartition(":")
        if not index.isdigit():
            raise ValueError(f"The name {name!r} looks like a Tensor name, but is not a valid one: "
                             'Tensor names must be of the form "<op_name>:<output_index>".')
        op = self._find(op_name)
        if op is None:
            raise KeyError(f"The name {name!r} refers to a Tensor which does not exist. The operation, "
                           f"{op_name!r}, does not exist in the graph.{self._near(op_name)}")
        if int(index) >= len(op.outputs):
            raise KeyError(f"The name {name!r} refers to a Tensor which does not exist. The operation, "
                           f"{op_name!r}, exists but only has {len(op.outputs)} outputs.")
        return op.outputs[int(index)]

    def _operation_by_name(self, name, allow_tensor):
        op = self._find(name)
        if op is None:
            raise KeyError(f"The name {name!r} refers to an Operation not in the graph.{self._near(name)}")
        return op

    def _wrong_kind_of_name(self, name, allow_tensor):
        if allow_tensor:
            if name in self._by_name:
                raise ValueError(f"The name {name!r} refers to an Operation, not a Tensor. Tensor names "
                                 'must be of the form "<op_name>:<output_index>".')
            raise ValueError(f"The name {name!r} looks like an (invalid) Operation name, not a Tensor. "
                             'Tensor names must be of the form "<op_name>:<output_index>".')
        op_name = name.rpartition(":")[0]
        if op_name in self._by_name:
            raise ValueError(f"The name {name!r} refers to a Tensor, not an Operation.")
        raise ValueError(f"The name {name!r} looks like a Tensor name, not an Operation name.")

    def _near(self, name):
        import difflib

        near = difflib.get_close_matches(name, self._by_name, n=3)
        return f" Near it: {', '.join(near)}." if near else ""

    # ---- collections

    def add_to_collection(self, name, value):
        """Appends `value` to the collection `name`."""
        self._check_not_finalized()
        self._collections.setdefault(name, []).append(value)

    def add_to_collections(self, names, value):
        """Appends `value` to each collection in `names` (a string or a sequence)."""
        names = (names,) if isinstance(names, str) else dict.fromkeys(names)
        for name in names:
            self.add_to_collection(name, value)

    def get_collection_ref(self, name):
        """The list behind collection `name`; changes to it are seen by everybody."""
        return self._collections.setdefault(name, [])

    def get_collection(self, name, scope=None):
        """A copy of collection `name`; with `scope`, only items whose name matches it (regex prefix)."""
        items = self._collections.get(name, [])
        if scope is None:
            return list(items)
        matches = re.compile(scope).match
        return [item for item in items if hasattr(item, "name") and matches(item.name)]

    def get_all_collection_keys(self):
        """Names of the collections that exist."""
        return [name for name in self._collections if isinstance(name, str)]

    def clear_collection(self, name):
        """Empties collection `name`."""
        self._check_not_finalized()
        self._collections.pop(name, None)

    # ---- defaults and export

    def as_default(self):
        """Context manager that makes this graph the thread's default."""
        return scopes.default_graph(self)

    def as_graph_def(self, from_version=None, add_shapes=False):
        """The graph as a GraphDef message; `add_shapes` adds `_output_shapes` attributes."""
        from graphflow.framework.node_def import to_graph_def

        return to_graph_def(self, from_version, add_shapes)

    def to_networkx(self):
        """The graph as a networkx.MultiDiGraph of operation names, for drawing and analysis."""
        import networkx

        result = networkx.MultiDiGraph()
        for op in self._operations:
            result.add_node(op.name, type=op.type)
        for op in self._operations:
            for tensor in op.inputs:
                result.add_edge(tensor.op.name, op.name, tensor=tensor.name, control=False)
            for source in op.control_inputs:
                result.add_edge(source.name, op.name, tensor=None, control=True)
        return result

    def is_valid_op_name(self, name):
        """Whether an operation may be called `name`."""
        return bool(VALID_NAME.match(name))

    def __enter__(self):
        raise TypeError("A Graph is not a context manager: use `with graph.as_default():`")

    def __exit__(self, *error):
        raise TypeError("A Graph is not a context manager: use `with graph.as_default():`")


get_default_graph = scopes.get_default_graph


@tf_export("add_to_collection")
def add_to_collection(name, value):
    """Appends `value` to collection `name` of the default graph."""
    get_default_graph().add_to_collection(name, value)


@tf_export("add_to_collections")
def add_to_collections(names, value):
    """Appends `value` to several collections of the default graph."""
    get_default_graph().add_to_collections(names, value)


@tf_export("get_collection")
def get_collection(key, scope=None):
    """A copy of collection `key` of the default graph."""
    return get_default_graph().get_collection(key, scope)


@tf_export("get_collection_ref")
def get_collection_ref(key):
    """The list behind collection `key` of the default graph."""
    return get_default_graph().get_collection_ref(key)
