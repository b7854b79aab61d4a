"""Slices: the text form of SaveV2 and the order of the binary keys."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphflow.framework import errors
from graphflow.io.tensor_slice import (
    FULL,
    bounds,
    encode_slice_key,
    is_full,
    parse_shape_and_slice,
)


def test_parse():
    assert parse_shape_and_slice("4 6 0,2:-") == ((4, 6), ((0, 2), (0, FULL)))
    assert parse_shape_and_slice("5 1,3") == ((5,), ((1, 3),))
    assert bounds(((0, 2), (0, FULL)), (4, 6)) == [(0, 2), (0, 6)]
    assert is_full(((0, 4), (0, FULL)), (4, 6)) and not is_full(((0, 3), (0, FULL)), (4, 6))


@pytest.mark.parametrize(
    "spec", ["4", "4 6 0,2", "4 -:-", "a 0,1", "4 0,5", "4 -1,2", "4 1,-1", "-4 -", "4 0;1", "4  -"]
)
def test_bad_specs(spec):
    with pytest.raises(errors.InvalidArgumentError):
        parse_shape_and_slice(spec)


def test_known_keys():
    assert encode_slice_key(b"w", ((0, 2), (0, FULL))) == b"\0w\0\1\1\2\x80\x82\x80\x7f"
    assert encode_slice_key(b"\0\xff", ((64, 8192),)) == (
        b"\0\0\xff\xff\0\0\1\1\1" + b"\xc0\x40" + b"\xe0\x20\x00"
    )


EXTENTS = st.tuples(st.integers(0, 2**63 - 1), st.integers(-1, 2**63 - 1))


@given(*[st.tuples(st.binary(max_size=4), st.tuples(EXTENTS, EXTENTS))] * 2)
def test_keys_keep_the_order(one, other):
    assert (one < other) == (encode_slice_key(*one) < encode_slice_key(*other))
