"""`tf.case` and `tf.switch_case`: one of several bodies runs.

`case` is a chain of `tf.cond`; `switch_case` is one `Case` node (defined in `cond.py`). Holds no state.
"""

import collections
import functools
import warnings

from graphflow.framework import nest, raw_ops, scopes
from graphflow.framework import public as tf
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.dtypes import bool as bool_dtype
from graphflow.framework.dtypes import int32
from graphflow.framework.graph_scopes import control_dependencies, name_scope
from graphflow.framework.static_value import constant_value
from graphflow.framework.tensor import Tensor
from graphflow.ops.cond import Branch, branch_node, cond, output_types, with_flow

# ---------------------------------------------------------------- tf.case


@tf_export("case")
def case(pred_fn_pairs, default=None, exclusive=False, strict=False, name="case"):
    """What the function of the first true predicate returns, or what `default` does if none is true.

    Args:
      pred_fn_pairs: pairs of a scalar bool tensor and a function without arguments, as a list, or as a
        dictionary, which counts in the order of the predicates' names. default: such a function;
        without one, a run fails where no predicate is true. exclusive: a run fails where several
        predicates are true. strict: as in `tf.cond`.
    Raises TypeError for arguments of wrong types; see `tf.cond` for the functions' results.

    Example:
      >>> import graphflow as tf
      >>> x = tf.constant(3)
      >>> r = tf.case([(x < 2, lambda: tf.constant(17)), (x < 5, lambda: tf.constant(23))], default=lambda: -x)
      >>> with tf.Session() as sess:
      ...     print(sess.run(r))
      23
    """
    return _case(cond, pred_fn_pairs, default, exclusive, name, strict=strict)


def _case(choose, pairs, default, exclusive, name, python_predicates=False, **arguments):
    predicates, actions = _checked_pairs(pairs, exclusive, name, python_predicates)
    with name_scope(name, "case", [predicates]):
        if default is None:
            default, predicates, actions = _last_as_default(predicates, actions)
        function = default
        for predicate, action in reversed(list(zip(predicates, actions))):
            function = functools.partial(choose, predicate, true_fn=action, false_fn=function, **arguments)
        if not exclusive:
            return function()
        with control_dependencies([_assert_at_most(1, predicates, "Input error: exclusive=True")]):
            return function()


def _checked_pairs(pairs, exclusive, name, python_predicates):
    if not isinstance(pairs, (list, tuple, dict)):
        raise TypeError("fns must be a list, tuple, or dict")
    if isinstance(pairs, collections.OrderedDict):
        pairs = list(pairs.items())
    elif isinstance(pairs, dict):
        pairs = sorted(pairs.items(), key=lambda item: item[0].name)
        if not exclusive:
            warnings.warn(f"{name}: a dictionary of predicates was given, but exclusive=False: the order of the tests "
                          "is that of the predicates' names.", UserWarning, stacklevel=4)
    for pair in pairs:
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise TypeError("Each entry in pred_fn_pairs must be a 2-tuple")
        predicate, function = pair
        if isinstance(predicate, Tensor):
            if predicate.dtype != bool_dtype:
                raise TypeError(f"pred must be Tensor of type bool: {predicate.name}")
        elif not python_predicates:
            raise TypeError(f"pred must be a Tensor, got: {predicate}")
        elif not isinstance(predicate, bool):
            raise TypeError(f"pred must be a Tensor or bool, got: {predicate}")
        if not callable(function):
            raise TypeError(f"fn for pred {getattr(predicate, 'name', predicate)} must be callable.")
    predicates, actions = zip(*pairs)
    return predicates, actions


def _last_as_default(predicates, actions):
    """Without a default, the last function is one that makes sure of its predicate."""
    *others, last = predicates
    number = len(others)

    def checked():
        message = (f"Implementation error: selected default action #{number} was called, but some of other "
                   "predicates are True: ")
        none = ("Input error: None of conditions evaluated as True:", tf.stack(predicates, name="preds_c"))
        with control_dependencies([_assert_at_most(0, others, message), tf.Assert(last, data=none)]):
            return actions[-1]()

    return checked, others, actions[:-1]


def _assert_at_most(number, predicates, message):
    """An operation that fails if more than `number` of `predicates` are true."""
    packed = tf.stack(predicates, name="preds_c")
    count = tf.reduce_sum(tf.cast(packed, int32), name="num_true_conds")
    condition = tf.less_equal(count, tf.constant(number, name="n_true_conds"))
    names = ", ".join(getattr(p, "name", "?") for p in predicates)
    text = f"{message}: more than {number} conditions ({names}) evaluated as True:"
    return tf.Assert(condition, data=[text, packed], summarize=len(predicates))


# ---------------------------------------------------------------- predicates known now

@tf_export("contrib.framework.smart_cond")
def smart_cond(pred, true_fn=None, false_fn=None, name=None):
    """`tf.cond`, or just one of the functions where `pred` is known while the graph is built.

    Args: pred: a Python bool, 0, 1, or a scalar bool tensor.
    Raises TypeError if a function is not callable or `pred` is none of these.
    """
    if not callable(true_fn):
        raise TypeError("`true_fn` must be callable.")
    if not callable(false_fn):
        raise TypeError("`false_fn` must be callable.")
    known = smart_constant_value(pred)
    if known is None:
        return cond(pred, true_fn=true_fn, false_fn=false_fn, name=name)
    return true_fn() if known else false_fn()


@tf_export("contrib.framework.smart_constant_value")
def smart_constant_value(pred):
    """The bool that `pred` is known to be while the graph is built, or None."""
    if isinstance(pred, Tensor):
        return constant_value(pred)
    if isinstance(pred, (bool, int)) and pred in (0, 1):
        return bool(pred)
    raise TypeError(f"`pred` must be a Tensor, or a Python bool, or 1 or 0. Found instead: {type(pred)}")


@tf_export("contrib.framework.smart_case")
def smart_case(pred_fn_pairs, default=None, exclusive=False, name="smart_case"):
    """`tf.case`, in which predicates known while the graph is built take no part in runs."""
    return _case(smart_cond, pred_fn_pairs, default, exclusive, name, python_predicates=True)


# ---------------------------------------------------------------- tf.switch_case

@tf_export("switch_case")
def switch_case(branch_index, branch_fns, default=None, name="switch_case"):
    """What the function number `branch_index` returns.

    Args:
      branch_index: scalar integer tensor. branch_fns: functions without arguments: a list, or pairs of
        a number and a function (or a dictionary), the numbers being 0 to n - 1 in any order. default:
        the function for other indices; without one, the last of the others.
    Returns tensors in the structure that all functions return.
    Raises TypeError for arguments of wrong types, ValueError for missing numbers.

    Example:
      >>> import graphflow as tf
      >>> r = tf.switch_case(tf.constant(1), [lambda: tf.constant(17), lambda: tf.constant(31)])
      >>> with tf.Session() as sess:
      ...     print(sess.run(r))
      31
    """
    functions = _checked_functions(branch_fns, default, branch_index)
    with name_scope(name, "case", [branch_index]), name_scope("indexed_case") as scope:
        graph = scopes.get_default_graph()
        index = convert_to_tensor(branch_index, name="branch_index")
        index = index if index.dtype.base_dtype == int32 else tf.cast(index, int32)
        branches = [Branch(graph, f"branch{i}_fn", function, i) for i, function in enumerate(functions)]
        first = branches[0]
        for branch in branches:
            nest.assert_same_structure(first.structure, branch.structure, expand_composites=True)
            branch.finish()
            _check_types(first.body, branch.body)
        bodies = [branch.body for branch in branches]
        op = branch_node(bodies, lambda inputs: raw_ops.Case(
            index, inputs, Tout=output_types(first.body), branches=bodies, name=scope))
        outputs = [raw_ops.Identity(tensor, name="Identity") for tensor in op.outputs[:-1]]
        flat = nest.flatten(first.structure, expand_composites=True)
        return nest.pack_sequence_as(
            first.structure, [with_flow(v, t) for v, t in zip(flat, outputs, strict=True)], expand_composites=True)


def _check_types(first, other):
    for x, y in zip(first.outputs, other.outputs, strict=True):
        if x.dtype.base_dtype != y.dtype.base_dtype:
            raise TypeError(f"Branches of switch_case must return the same types: {x.dtype.name}, {y.dtype.name}")


def _checked_functions(functions, default, index):
    """The functions in the order of their numbers, `default` last."""
    if not isinstance(index, Tensor):
        raise TypeError(f"branch_index must a Tensor, got {type(index)}")
    if not index.dtype.is_integer:
        raise TypeError(f"branch_index must an integer Tensor, got {index.dtype}")
    if not functions:
        raise ValueError("Must provide at least one item in branch_fns")
    if not isinstance(functions, (list, tuple, dict)):
        raise TypeError("branch_fns must be a list, tuple, or dict")
    pairs = list(functions.items()) if isinstance(functions, dict) else list(functions)
    if all(callable(function) for function in pairs):
        pairs = list(enumerate(pairs))
    for pair in pairs:
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise TypeError("Each entry in branch_fns must be a 2-tuple")
        key, function = pair
        if not isinstance(key, int):
            raise TypeError(f"key must be a Python `int`, got {type(key)}")
        if not callable(function):
            raise TypeError(f"fn for key {key} must be callable.")
    keys = sorted(key for key, _ in pairs)
    if keys != list(range(len(keys))):
        raise ValueError(f"branch indices (keys) must form contiguous range of [0 to {len(keys)}) but found "
                         f"{{{','.join(map(str, keys))}}}")
    result = [function for _, function in sorted(pairs, key=lambda pair: pair[0])]
    return result if default is None else [*result, default]
