"""`tf.custom_gradient`: a function whose gradient the user states.

The results, the inputs and the variables used pass through one IdentityN node, whose gradient is
the user's function. State: the gradient functions belong to the graph they were made in.
"""

import functools
import inspect
import itertools

from graphflow.framework import dtypes, raw_ops, scopes
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph import GraphKeys
from graphflow.framework.tensor import Tensor

_uids = itertools.count(1)
_VARIABLE_OPS = {"VariableV2", "VarHandleOp"}


@tf_export("custom_gradient")
def custom_gradient(f):
    """Decorator for a function that gives its own gradient.

    Args:
      f: takes tensors; returns `(y, grad_fn)`, y being a tensor or a list of them, and
        `grad_fn(*dys)` one gradient per input of f. If f uses variables, `grad_fn(*dys,
        variables=None)` returns gradients of the inputs and of those variables.

    Raises (when called) TypeError if variables are used and `grad_fn` takes none, ValueError for
    keyword arguments.

    Example:
      >>> import graphflow as tf
      >>> @tf.custom_gradient
      ... def clipped(x):
      ...     return tf.identity(x), lambda dy: dy
      >>> clipped(tf.constant(1.0)).op.type
      'IdentityN'
    """

    @functools.wraps(f)
    def decorated(*args, **kwargs):
        if kwargs:
            raise ValueError(
                "The custom_gradient decorator currently supports keywords arguments only "
                "when eager execution is enabled."
            )
        return _call(f, [convert_to_tensor(x) for x in args])

    return decorated


@tf_export("grad_pass_through")
def grad_pass_through(f):
    """A function like `f` whose inputs get the gradients of its outputs as they are.

    Example:
      >>> import graphflow as tf
      >>> x = tf.constant(3.0)
      >>> y = tf.grad_pass_through(tf.round)(x)
      >>> with tf.Session() as sess:
      ...     print(sess.run(tf.gradients(y, x)[0]))
      1.0
    """

    def passing(*args):
        def grad(*dys, variables=None):
            return dys if variables is None else (dys, [None] * len(variables))

        return f(*args), grad

    return functools.wraps(f)(custom_gradient(passing))


def _call(f, args):
    graph = scopes.get_default_graph()
    name = f"CustomGradient-{next(_uids)}"
    before = set(map(id, _variables(graph)))
    result, grad_fn = f(*args)
    for variable in _variables(graph):
        if id(variable) not in before and not _is_resource(variable):
            raise TypeError(
                "All variables used by a function wrapped with @custom_gradient must be "
                "`ResourceVariable`s. Ensure that no `variable_scope` is created with "
                "`use_resource=False`."
            )
    several = isinstance(result, (list, tuple))
    results = [convert_to_tensor(r) for r in (result if several else [result])]
    used = _variables_used(graph, args, results)
    _check_signature(grad_fn, used)

    def gradient(op, *grads):
        del op
        return _input_gradients(grad_fn, grads[: len(results)], used)

    graph._gradient_functions[name] = gradient
    with graph.gradient_override_map({"IdentityN": name}):
        outputs = raw_ops.IdentityN([*results, *args, *used])
    outputs = outputs[: len(results)]
    return type(result)(outputs) if several else outputs[0]


def _input_gradients(grad_fn, grads, used):
    """One gradient per input of the IdentityN: none for the results themselves."""
    if used:
        inputs, variables = grad_fn(*grads, variables=used)
        if len(variables) != len(used):
            raise ValueError(
                "Must return gradient for each variable from @custom_gradient grad_fn."
            )
    else:
        inputs, variables = grad_fn(*grads), []
    inputs = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
    return [None] * len(grads) + inputs + list(variables)


def _variables(graph):
    return graph.get_collection(GraphKeys.GLOBAL_VARIABLES) + graph.get_collection(
        GraphKeys.LOCAL_VARIABLES
    )


def _is_resource(variable):
    handle = getattr(variable, "handle", None)
    return isinstance(handle, Tensor) and handle.dtype == dtypes.resource


def _variables_used(graph, args, results):
    """Trainable variables that `results` depend on other than through `args`, by creation."""
    stack = [r.op for r in results if not any(r is a for a in args)]
    stops, found = {a.op for a in args}, set()
    while stack:
        op = stack.pop()
        if op not in found and op not in stops:
            found.add(op)
            stack.extend(t.op for t in op.inputs)
    names = {op.name for op in found if op.type in _VARIABLE_OPS}
    return [
        v
        for v in graph.get_collection(GraphKeys.GLOBAL_VARIABLES)
        if v.op.name in names and getattr(v, "trainable", True)
    ]


def _check_signature(grad_fn, used):
    spec = inspect.getfullargspec(grad_fn)
    takes = "variables" in spec.args or "variables" in spec.kwonlyargs or spec.varkw
    if used and not takes:
        raise TypeError(
            "If using @custom_gradient with a function that uses variables, then grad_fn must "
            "accept a keyword argument 'variables'."
        )
