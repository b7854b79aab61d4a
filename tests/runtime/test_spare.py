"""Memory that is used again once nobody has the arrays in it."""

import numpy as np
import pytest

from graphflow.framework import errors
from graphflow.runtime.spare import Spare


def kept(spare):
    return sorted(piece.array.size for pieces in spare._pieces.values() for piece in pieces)


def test_memory_is_used_again_when_its_array_is_gone():
    spare = Spare()
    first = spare.empty((3, 5), np.float32)
    address = first.ctypes.data
    assert address % 64 == 0 and first.shape == (3, 5) and first.dtype == np.float32
    second = spare.empty((3, 5), np.float32)
    assert second.ctypes.data != address
    row = first[1:, :2]
    del first
    assert spare.empty((3, 5), np.float32).ctypes.data != address      # a view is left
    del row
    assert spare.empty((3, 5), np.float32).ctypes.data == address
    assert spare.empty((15,), np.int32).ctypes.data not in (address, second.ctypes.data)


def test_what_a_run_did_not_take_goes_when_the_next_begins():
    spare = Spare()
    for size in (10, 20, 30):
        spare.renew()
        spare.empty((size,), np.float64)
    assert kept(spare) == [20, 30]
    held = spare.empty((40,), np.float64)
    viewed = spare.empty((50,), np.float64)[10:20]
    spare.renew()
    spare.renew()
    assert kept(spare) == [40, 50]
    del held, viewed
    spare.renew()
    assert kept(spare) == []


def test_copies_and_sizes():
    spare = Spare()
    turned = np.arange(6.0).reshape(2, 3).T
    copied = spare.copy(turned)
    np.testing.assert_array_equal(copied, turned)
    assert copied.flags.c_contiguous and spare.copy(np.float32(2)).shape == () and spare.empty((0, 4), "i4").size == 0
    with pytest.raises(errors.ResourceExhaustedError):
        spare.empty((1 << 50,), np.float32)
