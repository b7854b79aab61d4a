"""Verify: what must hold between passes, checked under tests (`pipeline.VERIFY`). Holds no state."""


def check(shaped, after):
    """Raises AssertionError, naming the pass `after` which it is so, if a shaped plan is not sound."""
    plan = shaped.plan
    known = {*plan.feeds, *(v.start for v in plan.variables), *shaped.constants}
    for value, root in shaped.alias.items():
        _require(root not in shaped.alias, after, f"{value} is an alias of an alias")
        _require(value.dtype == root.dtype, after, f"{value} and {root} are one, of two types")
    for node in shaped.nodes:
        for value in node.inputs:
            root = shaped.root(value)
            _require(root in known or root.variable is not None, after, f"{node} reads {value} before it is made")
        made = (*node.outputs, *(w.value for w in node.writes))
        for value in made:
            _require(value not in known and value not in shaped.alias, after, f"{value} is made twice")
            _require(value in shaped.shape, after, f"{value} has no entry among the shapes")
        known.update(made)
    for value in plan.fetches:
        root = shaped.root(value)
        _require(root in known or root.variable is not None, after, f"nobody makes {value}, which is fetched")


def _require(condition, after, message):
    if not condition:
        raise AssertionError(f"after {after}: {message}")
