"""Optimizer updates, each in one pass over its variable, or over the rows it names. Holds no state.

Operation for operation the reference kernels' formulas, so both tiers give the same bits.
"""

from math import prod

from ..registry import In, Native, Out, cpu
from . import native, stand_ins
from .copying import item_size
from .elementwise import FLOATS
from .expression import Formula


def _update(name, sparse=True):
    """Registers a rule of (ctx, *inputs as Terms), for the dense and maybe the sparse forms of an op. It
    gives the new values of the variables that the op writes, which are its first inputs."""
    def record(rule):
        def make(ctx):
            shape = ctx.input_shapes[0]
            formula = Formula(shape)
            terms = [formula.operand(In(i), ctx.input_dtypes[i].base_dtype.name, given)
                     for i, given in enumerate(ctx.input_shapes)]
            results = rule(ctx, *terms)
            for i, term in enumerate(results):
                formula.result(Out(i), term)
            kernel = formula.kernel(ctx.threads)
            if not shape or any(given not in ((), shape) for given in ctx.input_shapes):
                return kernel
            return kernel.with_stand_in(stand_ins.update(formula.text, [term.position for term in results]))

        cpu.kernel("Apply" + name, "ResourceApply" + name, T=FLOATS)(make)
        if sparse:
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
    results = rule(ctx, *(formula.operand(In(i), dtype, ctx.input_shapes[i]) for i in numbers))
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
