"""Where arrays lie."""

import numpy as np
import pytest

from graphflow.runtime.blocks import address_of

SQUARE = np.zeros((4, 6))
FROZEN = np.zeros(3)
FROZEN.flags.writeable = False


@pytest.mark.parametrize("array", [
    SQUARE, SQUARE[1:], SQUARE.T, SQUARE[::-1], SQUARE[:, 2:4], np.asfortranarray(SQUARE), FROZEN, SQUARE[2:2],
    np.array(3.0), np.array(True), np.array(["a", None], object), np.array([b"a", b"bc"]), np.zeros(3, np.complex64),
    np.zeros(2, ">f4"), np.broadcast_to(np.zeros(()), (3, 3)), SQUARE.view(np.matrix)],
    ids=lambda array: f"{array.dtype}{array.strides}")
def test_addresses(array):
    """Also of what is read-only, not dense, or nothing at all."""
    assert address_of(array) == array.__array_interface__["data"][0]


def test_arrays_are_let_go():
    """Who asked for an address keeps nothing from changing: such an array may still be resized."""
    array = np.zeros(4)
    address_of(array)
    array.resize(8, refcheck=True)
    assert array.shape == (8,)
