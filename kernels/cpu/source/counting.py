"""Cross products. Holds no state."""

from .values import IrKernel, index, load, loop, store, word


def cross(dtype):
    """Cross products of vectors of three numbers. Words: out, x, y, how many."""
    def emit(b, block):
        out, *arrays, count = (word(b, block, i) for i in range(4))
        with loop(b, index(0), count) as i:
            places = [b.add(b.mul(i, index(3)), index(k)) for k in range(3)]
            x, y = ([load(b, array, place, dtype) for place in places] for array in arrays)
            for k, place in enumerate(places):
                first, second = (k + 1) % 3, (k + 2) % 3
                store(b, out, place, x[first] * y[second] - x[second] * y[first])

    return IrKernel(emit)
