"""The TensorArrays of a frame, see `arrays.py`.

State: rows of those that are made with it.
"""

from graphflow.runtime.blocks import address_of


class PlacedArrays:
    """Points the words of a frame's blocks to the heads of arrays.

    Attribute: nbytes: memory that it keeps. Args: spec: a Specialization. blocks: Blocks. rooms: of the Budget.
    """

    def __init__(self, spec, blocks, rooms):
        self._blocks = blocks
        self._rooms = rooms
        self._given = [use for use in spec.arrays.values() if use.made is None]
        self._made = [use for use in spec.arrays.values() if use.made is not None]
        self._rows = {}
        for use in self._made:
            key = use.origin, use.source
            if key not in self._rows:
                self._rows[key] = use.rows()
            blocks.patch_heads(use.value, address_of(self._rows[key].head))
        self.nbytes = sum(rows.data.nbytes for rows in self._rows.values())

    def place(self, feeds):
        """Makes the arrays that are fed the frame's; returns {handle: what stands for it}."""
        self.let_go()       # the run before may have failed
        handles = {}
        for use in self._given:
            handles[use.value], rows = use.found(feeds[use.origin])
            self._blocks.patch_heads(use.value, address_of(rows.head))
            if use.may_grow:
                self._rooms.append(rows)
        return handles

    def made(self):
        """{handle: what stands for it} of those made with the frame, as reference kernels take them."""
        return {use.value: use.handle(self._rows[use.origin, use.source]) for use in self._made}

    def let_go(self):
        """What was fed is the caller's again."""
        if self._given:
            self._rooms.clear()
