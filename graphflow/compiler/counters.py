"""Counters: loop variables that go up or down by the same number in every iteration, and within what bounds.

`tf.while_loop(lambda i: i < 50, lambda i: i + 1, [0])` runs its body with 0 <= i < 50. Holds no state.
"""

from graphflow.compiler import linear


def find(shaped, starts, condition, body):
    """{number of a loop's variable: (least, greatest) in the body}, for what is known to be a counter.

    Args: starts: values of `shaped` that the variables begin with. condition, body: (BodyPlan, its ShapedPlan) each,
    of what holds in all iterations.
    """
    limits = list(linear.limits(condition[1], condition[0].plan.fetches[0]))
    before, within = ({i: feed for (kind, i, _), feed in zip(part.arguments, part.plan.feeds) if kind == "loop"}
                      for part, _ in (condition, body))
    found = {}
    for number, start in enumerate(starts):
        step, first = _step(body, number, within.get(number)), linear.forms(shaped, start)
        if step is None or first is None or number not in before:
            continue
        low, high = linear.bounds(shaped, first.item())
        ends = [_end(condition[1], before[number], step, *limit) for limit in limits]
        ends = [end for end in ends if end is not None]
        if ends and low is not None and high is not None:
            found[number] = (low, min(ends)) if step > 0 else (max(ends), high)
    return {number: (low, high) for number, (low, high) in found.items() if low <= high}


def _step(body, number, feed):
    """By how much a variable changes in each iteration; None if it is no counter."""
    part, shaped = body
    if feed is None or shaped.shape.get(feed) != ():
        return None
    after = linear.forms(shaped, part.plan.fetches[number])
    if after is None or after.shape or after.item().terms != {(feed, 0): 1}:
        return None
    step = after.item().constant
    return step if 0 < abs(step) <= linear.LIMIT else None


def _end(shaped, counter, step, x, y, is_strict):
    """The last number of a counter for which x < y, or x <= y; None if that says nothing.

    Nothing on either side wraps around, before or at that number.
    """
    place = counter, 0
    factors = [form.terms.get(place, 0) for form in (x, y)]
    factor = factors[0] - factors[1]
    if factor not in (1, -1) or factor * step < 0 or max(map(abs, factors)) > linear.MOST_TIMES:
        return None
    rest = [linear.Form(form.constant, {k: f for k, f in form.terms.items() if k != place}) for form in (x, y)]
    ends = [end for form in (*rest, rest[0] - rest[1]) for end in linear.bounds(shaped, form)]
    if None in ends:
        return None
    last = factor * (-ends[4] - is_strict)
    return last if abs(last) <= linear.LIMIT else None
