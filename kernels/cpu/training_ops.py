"""Optimizer updates, each in one pass over its variable, or over the rows it names. Holds no state.

Operation for operation the reference kernels' formulas, so both tiers give the same bits.
"""

from math import prod

from graphflow.framework.op_def import get_op_def

from ..registry import In, Native, Out, cpu
from . import native, stand_ins
from .copying import item_size
from .elementwise import FLOATS
from .expression import Formula


def _update(name, sparse=True):
    """Registers a rule of (ctx, *inputs as Terms), for the dense and maybe the sparse forms of an op. It
    gives the new values of the variables that the op writes, which are its first inputs; None if it can't."""
    def record(rule):
        def make(ctx):
            shape = ctx.input_shapes[0]
            formula = Formula(shape)
            terms = [formula.operand(In(i), ctx.input_dtypes[i].base_dtype.name, given)
                     for i, given in enumerate(ctx.input_shapes)]
            results = rule(ctx, *terms)
            if results is None:
                return None
            for i, term in enumerate(results):
                formula.result(Out(i), term)
            kernel = formula.kernel(ctx.threads)
            if not shape or any(given not in ((), shape) for given in ctx.input_shapes):
                return kernel
            return kernel.with_stand_in(stand_ins.update(formula.text, [term.position for term in results]))

        cpu.kernel("Apply" + name, "ResourceApply" + name, T=FLOATS)(make)
        return _update_rows(name)(rule) if sparse else rule
    return record


def _update_rows(name):
    """The same for the sparse forms alone, whose rule may be another."""
    def record(rule):
        cpu.kernel("SparseApply" + name, "ResourceSparseApply" + name, T=FLOATS)(lambda ctx: _rows(ctx, rule))
        return rule
    return record


def _rows(ctx, rule):
    """Kernel that applies `rule` to the rows that are named, one after the other."""
    at = next(i for i, dtype in enumerate(ctx.input_dtypes) if dtype.is_integer)
    shape, grad, indices = ctx.input_shapes[0], ctx.input_shapes[at - 1], ctx.input_shapes[at]
    numbers = [i for i in range(ctx.num_inputs) if i != at]
    if grad != (*indices, *shape[1:]) or len(indices) != 1:
        return None
    formula, dtype = Formula(shape), ctx.output_dtypes[0].name
    results = rule(ctx, *[formula.operand(In(i), dtype, ctx.input_shapes[i]) for i in numbers])
    if results is None:
        return None
    forms = ["s" if i < len(results) else "g" if i == at - 1 else "n" for i in numbers]
    code = native.function("rows.update", dtype, ctx.input_dtypes[at].name, "".join(forms), formula.text,
                           ",".join(str(term.position) for term in results), str(native.INDEX_OUT_OF_RANGE),
                           *(["skips"] if ctx.has_attr("_skips_empty") else []))
    sizes = [indices[0], shape[0], prod(shape[1:]), prod(shape) * item_size(ctx.output_dtypes[0])]
    return Native(code, [0, 0, In(at), *sizes, *map(Out, range(len(results))), *map(In, numbers)])


@_update("GradientDescent", sparse=False)
def gradient_descent(ctx, var, alpha, delta):
    return (var - delta * alpha,)


@_update("Momentum")
def momentum(ctx, var, accum, lr, grad, decay):
    accum = accum * decay + grad
    if ctx.attr("use_nesterov"):
        return var - (grad * lr + accum * decay * lr), accum
    return var - accum * lr, accum


# Means that decay end at 0, not at denormal numbers, which take several times as long: after a thousand steps
# without a gradient (a ReLU that is off) 200,704 weights took 98 µs, and take 61. TensorFlow has no denormals either.
@_update("Adam", sparse=False)
def adam(ctx, var, m, v, beta1_power, beta2_power, lr, beta1, beta2, epsilon, grad):
    alpha = lr * (1 - beta2_power).sqrt() / (1 - beta1_power)
    m = (m + (grad - m) * (1 - beta1)).flushed()
    v = (v + (grad * grad - v) * (1 - beta2)).flushed()
    direction = grad * (1 - beta1) + beta1 * m if ctx.attr("use_nesterov") else m
    return var - direction * alpha / (v.sqrt() + epsilon), m, v


@_update("Adagrad")
def adagrad(ctx, var, accum, lr, grad):
    if not ctx.has_attr("update_slots") or ctx.attr("update_slots"):
        accum = accum + grad * grad
    return var - grad * lr * (1 / accum.sqrt()), accum


@_update("Adadelta")
def adadelta(ctx, var, accum, accum_update, lr, rho, epsilon, grad):
    accum = accum * rho + grad * grad * (1 - rho)
    update = (accum_update + epsilon).sqrt() * (1 / (accum + epsilon).sqrt()) * grad
    return var - update * lr, accum, accum_update * rho + update * update * (1 - rho)


@_update("RMSProp", sparse=False)    # other rules for rows
def rms_prop(ctx, var, ms, mom, lr, rho, decay, epsilon, grad):
    ms = ms + (grad * grad - ms) * (1 - rho)
    mom = mom * decay + grad * lr / (ms + epsilon).sqrt()
    return var - mom, ms, mom


@_update("CenteredRMSProp", sparse=False)    # other rules for rows
def centered_rms_prop(ctx, var, mg, ms, mom, lr, rho, decay, epsilon, grad):
    rest = 1 - rho
    ms = ms + (grad * grad - ms) * rest
    mg = mg + (grad - mg) * rest
    mom = mom * decay + grad * lr / (ms - mg * mg + epsilon).sqrt()
    return var - mom, mg, ms, mom


@_update_rows("RMSProp")
def rms_prop_rows(ctx, var, ms, mom, lr, rho, decay, epsilon, grad):
    ms = ms * rho + grad * grad * (1 - rho)
    mom = mom * decay + 1 / (ms + epsilon).sqrt() * lr * grad
    return var - mom, ms, mom


@_update_rows("CenteredRMSProp")
def centered_rms_prop_rows(ctx, var, mg, ms, mom, lr, rho, decay, epsilon, grad):
    rest = 1 - rho
    ms = ms * rho + grad * grad * rest
    mg = mg * rho + grad * rest
    mom = mom * decay + 1 / (ms + epsilon - mg * mg).sqrt() * lr * grad
    return var - mom, mg, ms, mom


@_update("AdaMax", sparse=False)
def ada_max(ctx, var, m, v, beta1_power, lr, beta1, beta2, epsilon, grad):
    m = m + (grad - m) * (1 - beta1)
    v = (beta2 * v).maximum(grad.absolute())
    return var - lr / (1 - beta1_power) * (m / (v + epsilon)), m, v


def _constants(ctx, *names):
    """The numbers of these names that an update has; None if one of them may change."""
    inputs = [argument.name for argument in get_op_def(ctx.op_type).inputs]
    found = {name: ctx.value(inputs.index(name)) for name in names if name in inputs}
    return None if any(number is None for number in found.values()) else found


def _have_signs(ctx):
    """Whether the numbers of an update are constants of the right signs, and the power of one by Ftrl is a root."""
    numbers = _constants(ctx, "lr", "l1", "l2", "l2_shrinkage", "lr_power")
    if numbers is None:
        return False
    rate, power = numbers.pop("lr"), numbers.pop("lr_power", -0.5)
    return rate > 0 and power == -0.5 and all(number >= 0 for number in numbers.values())


@_update("Ftrl")
def ftrl(ctx, var, accum, linear, grad, lr, l1, l2, lr_power):
    return _led(ctx, var, accum, linear, grad, grad, lr, l1, l2)


@_update("FtrlV2")
def ftrl_v2(ctx, var, accum, linear, grad, lr, l1, l2, l2_shrinkage, lr_power):
    return _led(ctx, var, accum, linear, grad, grad + 2 * l2_shrinkage * var, lr, l1, l2)


def _led(ctx, var, accum, linear, grad, shrunk, lr, l1, l2):
    if not _have_signs(ctx):
        return None     # an error, or rare
    total = accum + grad * grad
    power = total.sqrt()
    linear = linear + (shrunk - (power - accum.sqrt()) / lr * var)
    kept = linear.maximum(-l1).minimum(l1) - linear
    return kept / (power / lr + 2 * l2), total, linear


def _shrunk(ctx, value, rate, l1, l2):
    """The proximal step: a soft threshold where there is one, then a division."""
    if _constants(ctx, "l1")["l1"] > 0:
        value = value.sign() * (value.absolute() - rate * l1).maximum(0.0)
    return value / (1 + l2 * rate)


@_update("ProximalGradientDescent")
def proximal_gradient_descent(ctx, var, alpha, l1, l2, delta):
    return (_shrunk(ctx, var - delta * alpha, alpha, l1, l2),) if _constants(ctx, "l1") is not None else None


@_update("ProximalAdagrad")
def proximal_adagrad(ctx, var, accum, lr, l1, l2, grad):
    if not _have_signs(ctx):
        return None
    accum = accum + grad * grad
    rate = lr * (1 / accum.sqrt())
    return _shrunk(ctx, var - grad * rate, rate, l1, l2), accum
