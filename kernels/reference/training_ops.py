"""Reference kernels of `graphflow/ops/training_ops.py`.

A rule is a function of the op's inputs by name; it returns the new values of variable and slots,
in order, in fresh memory. Coefficients come as NumPy scalars of the variable's dtype, so that every
operation rounds as TensorFlow's does. A sparse form applies its rule to the rows that are named;
rows named twice are updated twice, one update after the other. Holds no state.
"""

import numpy as np

from graphflow.framework import errors
from graphflow.framework.op_def import get_op_def

from ..registry import reference
from .array_checks import named_rows, skips_empty_rows
from .elementwise import shape_text

_DTYPES = ("float16", "bfloat16", "float32", "float64")


# ---------------------------------------------------------------- rules


def _reciprocal_root(x):
    return _one(x) / np.sqrt(x)


def _one(x):
    return x.dtype.type(1)


def _flushed(x):
    """`x` without numbers too small to be normal, which TensorFlow does not compute with and processors are slow at.

    Half precision keeps them: it has few others.
    """
    if x.dtype not in (np.float32, np.float64):
        return x
    return np.where(np.abs(x) < np.finfo(x.dtype).tiny, _one(x) - _one(x), x)


def _gradient_descent(var, alpha, grad):
    return (var - grad * alpha,)


def _shrunk(value, rate, l1, l2):
    """The proximal step: soft threshold by `rate * l1`, then division by `1 + l2 * rate`."""
    if l1 > 0:
        value = np.sign(value) * np.maximum(np.abs(value) - rate * l1, l1 - l1)
    return value / (_one(l2) + l2 * rate)


def _proximal_gradient_descent(var, alpha, l1, l2, grad):
    return (_shrunk(var - grad * alpha, alpha, l1, l2),)


def _adadelta(var, accum, accum_update, lr, rho, epsilon, grad):
    accum = accum * rho + grad * grad * (_one(rho) - rho)
    update = np.sqrt(accum_update + epsilon) * _reciprocal_root(accum + epsilon) * grad
    var = var - update * lr
    return var, accum, accum_update * rho + update * update * (_one(rho) - rho)


def _adagrad(var, accum, lr, grad, update_slots):
    accum = accum + grad * grad if update_slots else accum.copy()
    return var - grad * lr * _reciprocal_root(accum), accum


def _adagrad_v2(var, accum, lr, epsilon, grad, update_slots):
    accum = accum + grad * grad if update_slots else accum.copy()
    return var - grad * lr / (np.sqrt(accum) + epsilon), accum


def _proximal_adagrad(var, accum, lr, l1, l2, grad):
    accum = accum + grad * grad
    rate = lr * _reciprocal_root(accum)
    return _shrunk(var - grad * rate, rate, l1, l2), accum


def _adagrad_da(var, gradient_accumulator, gradient_squared_accumulator, grad, lr, l1, l2,
                global_step):
    total = gradient_accumulator + grad
    squares = gradient_squared_accumulator + grad * grad
    step = lr.dtype.type(global_step)
    denominator = l2 * (step * lr) + np.sqrt(squares)
    if l1 > 0:
        total_above = np.maximum(np.abs(total) - step * l1, l1 - l1)
        return -lr * np.sign(total) * total_above / denominator, total, squares
    return -lr * total / denominator, total, squares


def _ftrl(var, accum, linear, grad, lr, l1, l2, lr_power, l2_shrinkage=None):
    two = lr.dtype.type(2)
    shrunk = grad if l2_shrinkage is None else grad + two * l2_shrinkage * var
    new_accum = accum + grad * grad
    if lr_power == -0.5:
        old_power, power = np.sqrt(accum), np.sqrt(new_accum)
    else:
        old_power, power = accum ** -lr_power, new_accum ** -lr_power
    linear = linear + (shrunk - (power - old_power) / lr * var)
    solution = (np.clip(linear, -l1, l1) - linear) / (power / lr + two * l2)
    return solution, new_accum, linear


def _momentum(var, accum, lr, grad, momentum, use_nesterov):
    accum = accum * momentum + grad
    if use_nesterov:
        return var - (grad * lr + accum * momentum * lr), accum
    return var - accum * lr, accum


def _keras_momentum(var, accum, lr, grad, momentum, use_nesterov):
    accum = accum * momentum - grad * lr
    if use_nesterov:
        return var + (accum * momentum - grad * lr), accum
    return var + accum, accum


def _adam(var, m, v, beta1_power, beta2_power, lr, beta1, beta2, epsilon, grad, use_nesterov):
    one = _one(lr)
    alpha = lr * np.sqrt(one - beta2_power) / (one - beta1_power)
    m = _flushed(m + (grad - m) * (one - beta1))
    v = _flushed(v + (grad * grad - v) * (one - beta2))
    direction = grad * (one - beta1) + beta1 * m if use_nesterov else m
    return var - direction * alpha / (np.sqrt(v) + epsilon), m, v


def _adam_with_amsgrad(var, m, v, vhat, beta1_power, beta2_power, lr, beta1, beta2, epsilon, grad):
    one = _one(lr)
    alpha = lr * np.sqrt(one - beta2_power) / (one - beta1_power)
    m = _flushed(m + (grad - m) * (one - beta1))
    v = _flushed(v + (grad * grad - v) * (one - beta2))
    vhat = np.maximum(vhat, v)
    return var - m * alpha / (np.sqrt(vhat) + epsilon), m, v, vhat


def _ada_max(var, m, v, beta1_power, lr, beta1, beta2, epsilon, grad):
    one = _one(lr)
    m = m + (grad - m) * (one - beta1)
    v = np.maximum(beta2 * v, np.abs(grad))
    return var - lr / (one - beta1_power) * (m / (v + epsilon)), m, v


def _rms_prop(var, ms, mom, lr, rho, momentum, epsilon, grad):
    ms = ms + (grad * grad - ms) * (_one(rho) - rho)
    mom = mom * momentum + grad * lr / np.sqrt(ms + epsilon)
    return var - mom, ms, mom


def _rms_prop_rows(var, ms, mom, lr, rho, momentum, epsilon, grad):
    ms = ms * rho + grad * grad * (_one(rho) - rho)
    mom = mom * momentum + _reciprocal_root(ms + epsilon) * lr * grad
    return var - mom, ms, mom


def _centered_rms_prop(var, mg, ms, mom, lr, rho, momentum, epsilon, grad):
    rest = _one(rho) - rho
    ms = ms + (grad * grad - ms) * rest
    mg = mg + (grad - mg) * rest
    mom = mom * momentum + grad * lr / np.sqrt(ms - mg * mg + epsilon)
    return var - mom, mg, ms, mom


def _centered_rms_prop_rows(var, mg, ms, mom, lr, rho, momentum, epsilon, grad):
    rest = _one(rho) - rho
    ms = ms * rho + grad * grad * rest
    mg = mg * rho + grad * rest
    mom = mom * momentum + _reciprocal_root(ms + epsilon - mg * mg) * lr * grad
    return var - mom, mg, ms, mom


def _add_sign(var, m, lr, alpha, sign_decay, beta, grad):
    m = m * beta + grad * (_one(beta) - beta)
    return var - lr * (alpha + sign_decay * (np.sign(grad) * np.sign(m))) * grad, m


def _power_sign(var, m, lr, logbase, sign_decay, beta, grad):
    m = m * beta + grad * (_one(beta) - beta)
    return var - lr * np.exp(logbase * sign_decay * (np.sign(grad) * np.sign(m))) * grad, m


# ---------------------------------------------------------------- checks

# Rules that TensorFlow lets have only coefficients of a certain sign.
_SIGNED = {
    "lr": (lambda x: x > 0, "lr is not a positive scalar: "),
    "l1": (lambda x: x >= 0, "l1 regularization strength is not a non-negative scalar: "),
    "l2": (lambda x: x >= 0, "l2 regularization strength is not a non-negative scalar: "),
    "l2_shrinkage": (lambda x: x >= 0,
                     "l2 shrinkage regularization strength is not a non-negative scalar: "),
    "lr_power": (lambda x: x <= 0, "lr_power is not a non-positive scalar: "),
}
_SIGN_CHECKED = (_proximal_adagrad, _ftrl)


def _invalid(message):
    raise errors.InvalidArgumentError(None, None, message)


def _check_states(states):
    (_, var), *slots = states.items()
    for name, slot in slots:
        if slot.shape != var.shape:
            _invalid(f"var and {name} do not have the same shape"
                     f"{shape_text(var.shape)} {shape_text(slot.shape)}")


def _coefficients(values, checked):
    """Scalars of the op, each verified to be one."""
    for name, value in values.items():
        if value.ndim:
            _invalid(f"{name} is not a scalar: {shape_text(value.shape)}")
        if checked and name in _SIGNED and not _SIGNED[name][0](value):
            _invalid(_SIGNED[name][1] + shape_text(value.shape))
    return {name: value[()] for name, value in values.items()}


def _check_dense(var, grad, name):
    if grad.shape != var.shape:
        _invalid(f"var and {name} do not have the same shape"
                 f"{shape_text(var.shape)} {shape_text(grad.shape)}")


def _check_rows(var, grad, indices):
    if not var.ndim:
        _invalid("var must be at least 1 dimensional")
    if indices.ndim != 1:
        _invalid("indices must be one-dimensional")
    for axis in range(1, var.ndim):
        if axis >= grad.ndim or grad.shape[axis] != var.shape[axis]:
            _invalid(f"var and grad must match in dimension {axis}")
    if grad.shape[:1] != indices.shape:
        _invalid("grad must be the same size as indices in the first dimension.")
    bad = np.flatnonzero((indices < 0) | (indices >= var.shape[0]))
    if bad.size:
        _invalid(f"Index {indices[bad[0]]} at offset {bad[0]} in indices is out of range")


# ---------------------------------------------------------------- kernels


def _turns(indices):
    """Positions in `indices`, grouped so that no index occurs twice in a group; in order."""
    order = np.argsort(indices, kind="stable")
    ordered = indices[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if ordered.size else []
    counts = np.diff(np.r_[starts, ordered.size]).astype(int)
    turn = np.arange(ordered.size) - np.repeat(starts, counts)
    return [np.sort(order[turn == i]) for i in range(turn.max() + 1)] if ordered.size else []


def _update_rows(rule, states, grad, indices, settings):
    """All states, with the rule applied to the rows that `indices` names."""
    results = {name: state.copy() for name, state in states.items()}
    for positions in _turns(indices):
        rows = indices[positions]
        taken = {name: state[rows] for name, state in results.items()}
        for state, new in zip(results.values(), rule(**taken, grad=grad[positions], **settings)):
            state[rows] = new
    return tuple(results.values())


def _maker(rule, rows_rule):
    def make(ctx):
        op_def = get_op_def(ctx.op_type)
        names = [arg.name for arg in op_def.inputs]
        gradient = "delta" if "delta" in names else "grad"
        flags = {f: ctx.attr(f) for f in ("update_slots", "use_nesterov") if ctx.has_attr(f)}
        states, skips = len(op_def.writes), skips_empty_rows(ctx)

        def run(*inputs):
            given = dict(zip(names, inputs))
            variables = {name: given.pop(name) for name in names[:states]}
            grad, indices = given.pop(gradient), given.pop("indices", None)
            _check_states(variables)
            settings = {**_coefficients(given, rule in _SIGN_CHECKED), **flags}
            with np.errstate(all="ignore"):
                if indices is not None:
                    if skips:
                        indices, grad = named_rows(indices, grad)
                    _check_rows(variables["var"], grad, indices)
                    return _update_rows(rows_rule, variables, grad, indices, settings)
                _check_dense(variables["var"], grad, gradient)
                dtype = grad.dtype
                results = rule(**variables, grad=grad, **settings)
                return tuple(np.asarray(result, dtype) for result in results)

        return run

    return make


_DENSE = ("Apply", "ResourceApply")
_ALL = (*_DENSE, "SparseApply", "ResourceSparseApply")
for _name, _rule, _forms, _rows in (
    ("GradientDescent", _gradient_descent, _DENSE, None),
    ("ProximalGradientDescent", _proximal_gradient_descent, _ALL, None),
    ("Adadelta", _adadelta, _ALL, None),
    ("Adagrad", _adagrad, _ALL, None),
    ("AdagradV2", _adagrad_v2, _ALL, None),
    ("ProximalAdagrad", _proximal_adagrad, _ALL, None),
    ("AdagradDA", _adagrad_da, _ALL, None),
    ("Ftrl", _ftrl, _ALL, None),
    ("FtrlV2", _ftrl, _ALL, None),
    ("Momentum", _momentum, _ALL, None),
    ("KerasMomentum", _keras_momentum, ("ResourceApply", "ResourceSparseApply"), None),
    ("Adam", _adam, _DENSE, None),
    ("AdamWithAmsgrad", _adam_with_amsgrad, ("ResourceApply",), None),
    ("AdaMax", _ada_max, _DENSE, None),
    ("RMSProp", _rms_prop, _ALL, _rms_prop_rows),
    ("CenteredRMSProp", _centered_rms_prop, _ALL, _centered_rms_prop_rows),
    ("AddSign", _add_sign, _DENSE, None),
    ("PowerSign", _power_sign, _DENSE, None),
):
    _types = [form + _name for form in _forms]
    reference.kernel(*_types, T=_DTYPES)(_maker(_rule, _rows or _rule))
