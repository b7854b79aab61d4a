"""Uses: who makes and who reads the values of a shaped plan, for passes that join several nodes. Holds no state."""


class Uses:
    """What is so before a pass changes the plan.

    Attributes: maker: Value -> the Node that makes it. readers: Value whose memory is read -> the Nodes that do, once
    for each time. kept: values that the caller gets, or has asked for by their operation.
    """

    __slots__ = ("maker", "readers", "kept", "_shaped")

    def __init__(self, shaped):
        self._shaped = shaped
        self.maker = {value: node for node in shaped.nodes for value in node.outputs}
        self.kept = {shaped.root(value) for value in shaped.plan.fetches}
        self.kept.update(v for node in shaped.nodes if node.op in shaped.plan.targets for v in node.outputs)
        self.readers = {}
        for node in shaped.nodes:
            for value in node.inputs:
                self.readers.setdefault(shaped.root(value), []).append(node)

    def is_only_for(self, value, reader):
        """Whether nobody but the node `reader` needs a value, and that once."""
        root = self._shaped.root(value)
        return root not in self.kept and self.readers[root] == [reader]
