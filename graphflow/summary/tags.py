"""Names and tags of summaries: cleaned, and unique through name scopes. Holds no state."""

import contextlib
import logging
import re

from graphflow.framework.graph_scopes import name_scope

_ILLEGAL = re.compile(r"[^-/\w.]")
_logger = logging.getLogger("graphflow")


def clean_tag(name):
    """`name` with `_` for what no op's name may contain, and without leading slashes; None stays."""
    if name is None:
        return None
    cleaned = _ILLEGAL.sub("_", name).lstrip("/")
    if cleaned != name:
        _logger.info("Summary name %s is illegal; using %s instead.", name, cleaned)
    return cleaned


@contextlib.contextmanager
def summary_scope(name, family=None, default_name=None, values=None):
    """Enters the scope of a summary; yields (tag, scope).

    The tag is the scope's full name, so it is unique; `family` is put before it once more, so that
    it leads whatever scopes are around.
    """
    name, family = clean_tag(name), clean_tag(family)
    with name_scope(name if family is None else f"{family}/{name}", default_name, values) as scope:
        tag = scope.rstrip("/")
        yield (tag if family is None else f"{family}/{tag}"), scope
