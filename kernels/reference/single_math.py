"""Single-precision ``log`` and ``sincos`` with the bits of the C library, in NumPy.

NumPy's own float32 ``log`` / ``sin`` / ``cos`` choose an algorithm by CPU and may differ from
the C library by an ulp. Random streams have to be the same numbers on every machine, so the
two functions they need are spelled out here, in float64 arithmetic with one final rounding.
The reduction schemes and the coefficients are those published in Arm Optimized Routines
(MIT licence), which glibc 2.28 and newer ships as ``logf`` and ``sincosf``: the results equal
glibc's on every argument a random kernel can produce (see ``tests/ops/test_random.py``).

No state. Arguments are limited to what the random kernels draw: no zeros, infinities, NaNs or
subnormals for `log`, and non-negative angles below 2**20 for `sincos`.
"""

from __future__ import annotations

import numpy as np

# log: x = 2**k * z with z in [0.7, 1.4); 1/z is tabulated at 16 points.
_LOG_OFFSET = 0x3F330000
_INVERSE = np.array([
    1.398907162146528, 1.3403141896637998, 1.286432210124115, 1.2367150214269895,
    1.1906977166711752, 1.1479821020556429, 1.1082251448272158, 1.0711297413057381,
    1.036437278977283, 1.0, 0.9492859795739057, 0.8951049428609004,
    0.8476821620351103, 0.8050314851692001, 0.7664671008843108, 0.731428603316328,
])
_MINUS_LOG_INVERSE = np.array([
    -0.33569133332882284, -0.2929040563774074, -0.2518726580937369, -0.21245868807117255,
    -0.17453945183745634, -0.1380057072319758, -0.10275976698545139, -0.06871392447020525,
    -0.0357891387398228, 0.0, 0.05204517742929496, 0.11081431298787942,
    0.1652495223695143, 0.21687389031699977, 0.2659635028121397, 0.3127556664073557,
])
_LOG_POLY = (-0.25089342214237154, 0.333456765744066, -0.4999997485802103)
_LN2 = 0.6931471805599453

# sincos: the angle is reduced by multiples of pi/2 (2/pi scaled by 2**24).
_TWO_OVER_PI_24 = 10680707.430881744
_HALF_PI = 1.5707963267948966
_SIN_POLY = (-0.16666654943701084, 0.008332178146138854, -0.00019517298981385725)
_COS_POLY = (-0.49999999725108224, 0.041666623324344516,
             -0.001388676379437604, 2.4390450703564542e-05)
_SIN_SIGN = np.array([1.0, -1.0, -1.0, 1.0])
_COS_SIGN = np.array([1.0, 1.0, -1.0, -1.0])


def log(x: np.ndarray) -> np.ndarray:
    """Natural logarithm of positive normal float32 values, as float32."""
    bits = x.view(np.int32)
    offset = bits - np.int32(_LOG_OFFSET)
    index = (offset >> 19) & 15
    exponent = offset >> 23
    z = (bits - (exponent << 23)).view(np.float32).astype(np.float64)
    z *= np.take(_INVERSE, index)
    z -= 1.0                                      # |z| < 2**-5
    base = exponent * _LN2
    base += np.take(_MINUS_LOG_INVERSE, index)
    square = z * z
    result = z * _LOG_POLY[1]
    result += _LOG_POLY[2]
    result += _LOG_POLY[0] * square
    result *= square
    base += z
    result += base
    return result.astype(np.float32)


def sincos(angle: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sine and cosine of float32 angles in [0, 2**20), each as float32."""
    x = angle.astype(np.float64)
    turns = ((x * _TWO_OVER_PI_24).astype(np.int32) + 0x800000) >> 24
    x -= turns * _HALF_PI                         # |x| <= pi/4
    quadrant = turns & 3
    square = x * x
    fourth = square * square

    # The order of these operations is glibc's; it decides the last bit.
    cosine = (1.0 + square * _COS_POLY[0]) + fourth * _COS_POLY[1]
    cosine += (fourth * square) * (_COS_POLY[2] + square * _COS_POLY[3])
    cosine *= np.take(_COS_SIGN, quadrant)

    x *= np.take(_SIN_SIGN, quadrant)
    cube = square * x
    sine = x + cube * _SIN_POLY[0]
    sine += (cube * square) * (_SIN_POLY[1] + square * _SIN_POLY[2])

    odd = (quadrant & 1).astype(bool)
    return (np.where(odd, cosine, sine).astype(np.float32),
            np.where(odd, sine, cosine).astype(np.float32))
