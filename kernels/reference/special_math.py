"""Reference kernels of `graphflow/ops/special_math.py`: computed in float64, then rounded."""

import numpy as np

from graphflow.framework import errors

from ..registry import reference
from . import special_functions as special
from .elementwise import broadcasting, in_single, quiet, shape_text


def _double(function):
    return lambda *inputs: function(*(x.astype(np.float64) for x in inputs))


for _op, _function in {
    "Erf": special.erf, "Erfc": special.erfc, "Lgamma": special.lgamma, "Digamma": special.digamma,
    "BesselI0e": lambda x: special.scaled_bessel(x, 0),
    "BesselI1e": lambda x: special.scaled_bessel(x, 1),
}.items():
    reference.kernel(_op)(quiet(_double(_function)))

for _op, _function in {
    "Igamma": lambda a, x: special.incomplete_gamma(a, x, upper=False),
    "Igammac": lambda a, x: special.incomplete_gamma(a, x, upper=True),
    "IgammaGradA": special.incomplete_gamma_slope, "Polygamma": special.polygamma,
    "Zeta": special.zeta,
}.items():
    reference.kernel(_op)(broadcasting(_double(_function)))

reference.kernel("Atan2")(broadcasting(in_single(np.arctan2)))
reference.kernel("NextAfter")(broadcasting(np.nextafter))


@reference.kernel("Betainc")
def betainc(ctx):
    """Arguments that are not scalars must have one shape."""
    compute = quiet(_double(special.incomplete_beta))(ctx)

    def run(a, b, x):
        found = {value.shape for value in (a, b, x) if value.ndim}
        if len(found) > 1:
            raise errors.InvalidArgumentError(
                None, None, "Shapes of a, b and x are inconsistent: "
                + " vs. ".join(shape_text(value.shape) for value in (a, b, x)))
        return compute(a, b, x)

    return run
