"""Groups of nodes: everything once, in an order that respects dependencies, never cyclic."""

from hypothesis import given
from hypothesis import strategies as st

from graphflow.compiler import fuse


@st.composite
def graphs(draw):
    """(what comes before each node, key of each node or None, what each reads or None)."""
    count = draw(st.integers(1, 40))
    before = [sorted(draw(st.sets(st.integers(0, i - 1), max_size=3))) if i else [] for i in range(count)]
    keys = [draw(st.sampled_from([None, "a", "a", "b"])) for _ in range(count)]
    reads = [draw(st.one_of(st.none(), st.lists(st.integers(0, 4), max_size=3))) for _ in range(count)]
    return before, keys, reads


@given(graphs())
def test_groups_can_run_one_after_another(graph):
    before, keys, reads = graph
    groups = fuse.group(len(before), before.__getitem__, keys.__getitem__, reads.__getitem__)
    assert sorted(p for members in groups for p in members) == list(range(len(before)))
    done = set()
    for members in groups:
        inside = set(members)
        for p in members:
            assert all(q in done or (q in inside and q < p) for q in before[p])
        done |= inside
        assert len(members) == 1 or len({keys[p] for p in members}) == 1 and keys[members[0]] is not None
        assert len(members) <= fuse.MAX_GROUP


def test_branches_of_one_expression_become_one_group():
    #   0   1      two independent chains meet in 4
    #   2   3
    #     4
    before = [[], [], [0], [1], [2, 3]]
    assert fuse.group(5, before.__getitem__, lambda i: "k") == [[0, 1, 2, 3, 4]]


def test_a_group_never_waits_for_itself():
    # 0 -> 1 (not fusable) -> 2: 0 and 2 must not be fused, though 2 reads 0.
    before = [[], [0], [0, 1]]
    keys = ["k", None, "k"]
    assert fuse.group(3, before.__getitem__, keys.__getitem__) == [[0], [1], [2]]


def test_long_chains_are_cut():
    groups = fuse.group(1000, lambda i: [i - 1] if i else [], lambda i: "k")
    assert max(map(len, groups)) == fuse.MAX_GROUP


def grouped(before, reads, keys=None):
    keys = keys or ["k"] * len(before)
    return fuse.group(len(before), before.__getitem__, keys.__getitem__, reads.__getitem__)


def test_groups_that_read_the_same_become_one():
    assert grouped([[], [0], []], ["xy", "", "yz"]) == [[0, 1, 2]]
    assert grouped([[], [], []], ["x", "x", "x"]) == [[0, 1, 2]]
    assert grouped([[], []], ["xyz", "zvw"]) == [[0], [1]]      # less than half of it
    assert grouped([[], []], ["x", None]) == [[0], [1]]         # left alone
    assert grouped([[], []], ["x", "x"], ["k", "l"]) == [[0], [1]]


def test_groups_that_need_each_other_stay_apart():
    # 0 -> 1 (not fusable) -> 2, and 3 reads what these read: 2 is nearer.
    assert grouped([[], [0], [1], []], ["x", None, "x", "x"], ["k", None, "k", "k"]) == [[0], [1], [2, 3]]
    # 0 -> 1 (not fusable) -> 2, and 3 -> 4 (not fusable) -> 5: with 2 and 3 in one, 5 needs 0.
    before, keys = [[], [0], [1], [], [3], [4]], ["k", None, "l", "l", None, "k"]
    assert grouped(before, ["x", None, "y", "y", None, "x"], keys) == [[0], [1], [2, 3], [4], [5]]


def test_distant_groups_stay_apart():
    for distance, count in ((fuse._NEAR, 1), (fuse._NEAR + 1, 2)):
        between = distance - 1
        groups = grouped([[]] * (between + 2), ["x", *[None] * between, "x"], ["k", *[None] * between, "k"])
        assert len(groups) == between + count
