"""Tables of records, as text. Holds no state; stdlib only."""

TOLERANCE = 1e-3        # of the checks: the contestants must have computed the same


def amount(value, unit):
    """A number with a readable unit: `amount(1234, "µs")` is "1.23 ms"."""
    for factor, name in ((1e6, "s"), (1e3, "ms")):
        if unit == "µs" and value >= factor:
            value, unit = value / factor, name
            break
    return f"{value:.3g} {unit}" if value < 100 else f"{value:,.0f} {unit}"


def verdict(row, record):
    """"met", "missed by ..." or "" where a goal cannot be judged."""
    if row.limit_s is not None:
        value, goal = record["median"] / 1e6, row.limit_s
    else:
        value, goal = record.get("ratio"), row.goal
    if value is None or goal is None:
        return ""
    return "met" if value <= goal else f"missed x{value / goal:.2f}"


def disagreement(records):
    """A warning if the contestants' checks differ, else None."""
    checks = {name: r["check"] for name, r in records.items() if r.get("check") is not None}
    if len(checks) > 1:
        low, high = min(checks.values()), max(checks.values())
        if high - low > TOLERANCE * max(1, abs(high)):
            return "results differ: " + ", ".join(f"{name} {value:.6g}" for name, value in checks.items())
    return None


def header(names):
    """The table's first lines."""
    columns = "".join(f"{name:>14}" for name in names)
    titles = f"{'workload':<24}{columns}{'ratio':>8}{'goal':>7}  {'':<14}{'cpu':>6}  what"
    return titles + "\n" + "-" * (len(titles) + 30)


def line(row, records, ours):
    """A row of the table: medians, our ratio to the last contestant, the goal, the ratio of processor time; remarks."""
    mine = records[ours]
    cells = "".join(f"{amount(r['median'], r['unit']) if 'median' in r else '-':>14}" for r in records.values())
    ratio = f"{mine['ratio']:.3f}" if "ratio" in mine else "-"
    cpu = f"{mine['cpu_ratio']:.2f}" if "cpu_ratio" in mine else "-"
    goal = f"{row.limit_s:g} s" if row.limit_s is not None else f"{row.goal:g}" if row.goal is not None else "-"
    judged = verdict(row, mine) if "median" in mine else ""
    lines = [f"{row.name:<24}{cells}{ratio:>8}{goal:>7}  {judged:<14}{cpu:>6}  {row.title}"]
    for name, record in records.items():
        for key in ("skipped", "failed"):
            if key in record:
                lines.append(f"    {name} {key}: {record[key]}")
        if record.get("details"):
            lines.append(f"    {name}: " + ", ".join(
                f"{key} {value:g}" if key in ("growth", "peak_mb") else f"{key} {amount(value, 'µs')}"
                for key, value in record["details"].items()))
    if warning := disagreement(records):
        lines.append("    WARNING " + warning)
    return "\n".join(lines)


def limits(found):
    """The machine's limits as text."""
    lines = ["limits of the machine"]
    for what, by_threads in found.items():
        values = ", ".join(f"{value:.0f} with {threads} thread{'s' * (threads != '1')}"
                           for threads, value in by_threads.items())
        lines.append(f"    {what:<40}{values}")
    return "\n".join(lines)
