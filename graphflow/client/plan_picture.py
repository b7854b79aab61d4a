"""A plan as a picture: its table in HTML, and the arena of its values over the steps in SVG. Holds no state.

In the picture time goes right, one column a step, and the arena's addresses go up: each value is a box from the
step that makes it to the last that reads it.
"""

from html import escape

_WIDTH, _HEIGHT = 900, 240
_COLOURS = {"native": "#d9ead3", "fused": "#cfe2f3", "reference": "#fce5cd", "bodies": "#ead1dc", "waits": "#ead1dc"}
_COLUMNS = ("runs as", "us", "op", "makes", "arena at", "kernel", "name")


def html(heading, rows, layout, steps):
    """The table and, where there is an arena, its picture. `rows`, `layout`: see `explain.py` and Frame."""
    head = "".join(f"<th style='text-align:left'>{name}</th>" for name in _COLUMNS)
    body = "".join(_row(row) for row in rows)
    return ("<div>" + "".join(f"<div>{escape(line)}</div>" for line in heading) + memory_map(layout, steps)
            + f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>")


def _row(row):
    tier = row.tier.strip().split(" ")[0]
    style = f"background:{_COLOURS[tier]}" if tier in _COLOURS else "color:#999"
    cells = (row.tier, row.micros, row.kind, row.made, row.buffer, row.kernel, row.name)
    return f"<tr style='{style}'>" + "".join(f"<td style='text-align:left'>{escape(c)}</td>" for c in cells) + "</tr>"


def memory_map(layout, steps):
    """The SVG of an arena; empty if nothing lies in one."""
    total = max((offset + size for _, offset, size, *_ in layout), default=0)
    if not total or not steps:
        return ""
    boxes = []
    for value, offset, size, first, last, heir in layout:
        x, width = first / steps * _WIDTH, (last - first + 1) / steps * _WIDTH
        height = size / total * _HEIGHT
        y = _HEIGHT - offset / total * _HEIGHT - height
        colour = "#9fc5e8" if heir else "#b6d7a8"
        boxes.append(f"<rect x='{x:.1f}' y='{y:.1f}' width='{min(width, _WIDTH - x):.1f}' height='{height:.1f}' "
                     f"fill='{colour}' stroke='#666' stroke-width='0.3'><title>{escape(value.name)}: {size:,} bytes at "
                     f"{offset:,}, steps {first} to {last}{', in place' if heir else ''}</title></rect>")
    return (f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {_WIDTH} {_HEIGHT}' width='{_WIDTH}' "
            f"height='{_HEIGHT}' role='img' aria-label='arena over steps'>{''.join(boxes)}</svg>")
