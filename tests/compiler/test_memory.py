"""Arena offsets: values alive at the same time never overlap, and dead bytes are used again."""

from hypothesis import given
from hypothesis import strategies as st

from graphflow.compiler.memory import ALIGNMENT, assign_offsets

lifetimes = st.lists(
    st.tuples(st.integers(0, 1000), st.integers(0, 40), st.integers(0, 20)).map(lambda t: (t[0], t[1], t[1] + t[2])),
    max_size=60)


@given(lifetimes)
def test_no_overlap(values):
    offsets, total = assign_offsets(values)
    for i, (size, first, last) in enumerate(values):
        assert offsets[i] % ALIGNMENT == 0 and offsets[i] + size <= total
        for j in range(i):
            other, start, end = values[j]
            if size and other and first <= end and start <= last:
                assert offsets[i] + size <= offsets[j] or offsets[j] + other <= offsets[i]


def test_a_chain_needs_two_buffers():
    _, total = assign_offsets([(1024, i, i + 1) for i in range(100)])
    assert total == 2 * 1024


def test_time_is_not_quadratic():
    offsets, total = assign_offsets([(64, i, i + 2) for i in range(50_000)])
    assert len(offsets) == 50_000 and total == 3 * 64
