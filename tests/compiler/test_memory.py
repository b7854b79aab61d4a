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


@given(st.integers(1, 8), st.lists(st.tuples(st.integers(0, 7), st.booleans()), max_size=40))
def test_heirs_take_no_memory_and_lose_none(width, program):
    """Step i makes value i from one before, in place where that is possible."""
    lifetimes, heirs, last = [(640, 0, 0)], {}, [0]
    for step, (back, in_place) in enumerate(program, 1):
        source = max(0, len(lifetimes) - 1 - back)
        if in_place and last[source] < step and source not in heirs.values():
            heirs[len(lifetimes)] = source
        last[source] = step
        lifetimes.append((640, step, step))
        last.append(step)
    lifetimes = [(n, first, end) for (n, first, _), end in zip(lifetimes, last)]
    heirs = {i: j for i, j in heirs.items() if last[j] == i}      # read by nobody later
    offsets, total = assign_offsets(lifetimes, heirs)
    assert total <= assign_offsets(lifetimes)[1]
    for i, (_, first, end) in enumerate(lifetimes):
        if i in heirs:
            assert offsets[i] == offsets[heirs[i]]
        for j in range(i):
            _, start, stop = lifetimes[j]
            if first <= stop and start <= end and heirs.get(i) != j and heirs.get(j) != i:
                assert offsets[i] + 640 <= offsets[j] or offsets[j] + 640 <= offsets[i]


def test_a_chain_needs_two_buffers():
    _, total = assign_offsets([(1024, i, i + 1) for i in range(100)])
    assert total == 2 * 1024


def test_time_is_not_quadratic():
    offsets, total = assign_offsets([(64, i, i + 2) for i in range(50_000)])
    assert len(offsets) == 50_000 and total == 3 * 64
