"""Reference kernels of `graphflow/ops/constant.py`. Placeholders have none: they must be fed."""

from ..registry import reference


def _pass_on(ctx):
    return lambda *inputs: inputs


for _op in ("Identity", "RefIdentity", "IdentityN", "StopGradient", "PreventGradient", "PlaceholderWithDefault",
            "GuaranteeConst"):
    reference.kernel(_op)(_pass_on)


@reference.kernel("Const")
def const(ctx):
    """The value in the node; never written to."""
    value = ctx.attr("value")
    return lambda: value


@reference.kernel("NoOp")
def no_op(ctx):
    """Does nothing."""
    return lambda *inputs: None
