"""Optimizer updates, each in one pass over its variable. Holds no state.

Operation for operation the reference kernels' formulas, so both tiers give the same bits.
"""

from ..registry import In, Out, cpu
from .elementwise import FLOATS
from .expression import Formula


def _update(op_type):
    """Registers a rule: a function of (ctx, *inputs as Terms) giving the new values
    of the variables it writes, which are its first inputs."""
    def record(rule):
        def make(ctx):
            shape = ctx.input_shapes[0]
            formula = Formula(shape)
            terms = [formula.operand(In(i), ctx.input_dtypes[i].base_dtype.name, given)
                     for i, given in enumerate(ctx.input_shapes)]
            for i, term in enumerate(rule(ctx, *terms)):
                formula.result(Out(i), term)
            return formula.kernel(ctx.threads)

        cpu.kernel(op_type, T=FLOATS)(make)
        return rule
    return record


@_update("ApplyGradientDescent")
def gradient_descent(ctx, var, alpha, delta):
    return (var - delta * alpha,)


@_update("ApplyMomentum")
def momentum(ctx, var, accum, lr, grad, decay):
    accum = accum * decay + grad
    if ctx.attr("use_nesterov"):
        return var - (grad * lr + accum * decay * lr), accum
    return var - accum * lr, accum


@_update("ApplyAdam")
def adam(ctx, var, m, v, beta1_power, beta2_power, lr, beta1, beta2, epsilon, grad):
    alpha = lr * (1 - beta2_power).sqrt() / (1 - beta1_power)
    m = m + (grad - m) * (1 - beta1)
    v = v + (grad * grad - v) * (1 - beta2)
    direction = grad * (1 - beta1) + beta1 * m if ctx.attr("use_nesterov") else m
    return var - direction * alpha / (v.sqrt() + epsilon), m, v


@_update("ApplyAdagrad")
def adagrad(ctx, var, accum, lr, grad):
    if not ctx.has_attr("update_slots") or ctx.attr("update_slots"):
        accum = accum + grad * grad
    return var - grad * lr * (1 / accum.sqrt()), accum


@_update("ApplyAdadelta")
def adadelta(ctx, var, accum, accum_update, lr, rho, epsilon, grad):
    accum = accum * rho + grad * grad * (1 - rho)
    update = (accum_update + epsilon).sqrt() * (1 / (accum + epsilon).sqrt()) * grad
    return var - update * lr, accum, accum_update * rho + update * update * (1 - rho)


@_update("ApplyRMSProp")
def rms_prop(ctx, var, ms, mom, lr, rho, decay, epsilon, grad):
    ms = ms + (grad * grad - ms) * (1 - rho)
    mom = mom * decay + grad * lr / (ms + epsilon).sqrt()
    return var - mom, ms, mom


@_update("ApplyCenteredRMSProp")
def centered_rms_prop(ctx, var, mg, ms, mom, lr, rho, decay, epsilon, grad):
    rest = 1 - rho
    ms = ms + (grad * grad - ms) * rest
    mg = mg + (grad - mg) * rest
    mom = mom * decay + grad * lr / (ms - mg * mg + epsilon).sqrt()
    return var - mom, mg, ms, mom
