"""Measures GraphFlow beside another module with TF1's API: `python tools/bench`.

    python tools/bench                                      # GraphFlow alone
    python tools/bench --peer tensorflow=VENV/bin/python    # beside TensorFlow, with ratios and goals
    python tools/bench --only mlp_adam,lstm --json out.json
    python tools/bench --neighbour                          # beside a busy process, against one thread

A peer is any interpreter with a module that has TF1's API (`NAME=PYTHON`, or `NAME=PYTHON:MODULE`, by
default tensorflow.compat.v1); the programs run unchanged on it. Ratios refer to the last peer.
"""

import argparse
import contextlib
import dataclasses
import json
import os
import platform
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tools.bench import limits, report, rows, runner  # noqa: E402

NEIGHBOUR_GOAL = 1.5    # times the one-thread figure beside the same busy process


def _peer(text):
    name, _, rest = text.partition("=")
    python, _, module = rest.partition(":")
    if not name or not python:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=PYTHON or NAME=PYTHON:MODULE")
    return runner.Contestant(name, python, module or "tensorflow.compat.v1")


def parse(arguments):
    """The command line's Namespace."""
    parser = argparse.ArgumentParser(prog="python tools/bench", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", type=_peer, action="append", default=[], metavar="NAME=PYTHON[:MODULE]")
    parser.add_argument("--module", default="graphflow", help="the module in this interpreter to measure")
    parser.add_argument("--only", default="", metavar="A,B", help="rows by name; a workload's name means all its rows")
    parser.add_argument("--threads", type=int, default=0, help="for rows that do not say; 0: the modules' defaults")
    parser.add_argument("--neighbour", action="store_true",
                        help="beside a busy process, every steady workload against itself with one thread")
    parser.add_argument("--json", metavar="FILE", help="also write the records; - prints only them")
    parser.add_argument("--no-limits", action="store_true", help="do not measure what the machine can do")
    parser.add_argument("--tiny", action="store_true", help="small sizes, to try the programs out")
    for field in dataclasses.fields(runner.Settings):
        if field.name != "tiny":
            parser.add_argument(f"--{field.name.replace('_', '-')}", type=field.type, default=field.default)
    return parser.parse_args(arguments)


def lineup(arguments):
    """(rows, contestants) of the command line; the first contestant is ours."""
    chosen = rows.chosen([name for name in arguments.only.split(",") if name])
    ours = runner.Contestant(arguments.module, sys.executable, arguments.module, arguments.threads)
    if not arguments.neighbour:
        peers = [dataclasses.replace(peer, threads=arguments.threads) for peer in arguments.peer]
        return chosen, [ours, *peers]
    chosen = [dataclasses.replace(row, goal=NEIGHBOUR_GOAL, limit_s=None)
              for row in chosen if not row.once and not row.threads]
    return chosen, [ours, *arguments.peer, dataclasses.replace(ours, name="1 thread", threads=1)]


def main(arguments=None):
    """Measures, prints the table as rows are ready, returns the records."""
    arguments = parse(arguments)
    settings = runner.Settings(**{field.name: getattr(arguments, field.name)
                                  for field in dataclasses.fields(runner.Settings)})
    chosen, contestants = lineup(arguments)
    say = (lambda text: None) if arguments.json == "-" else (lambda text: print(text, flush=True))
    say(f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}, "
        f"load {os.getloadavg()[0]:.1f}; medians, ratio of {contestants[0].name} to {contestants[-1].name}")
    records = {}
    with runner.neighbour() if arguments.neighbour else contextlib.nullcontext():
        say(report.header([contestant.name for contestant in contestants]))
        for row in chosen:
            records[row.name] = runner.measure(row, contestants, settings)
            say(report.line(row, records[row.name], contestants[0].name))
    result = {"workloads": records}
    if not arguments.no_limits:
        result["limits"] = limits.measure()
        say(report.limits(result["limits"]))
    if arguments.json == "-":
        print(json.dumps(result))
    elif arguments.json:
        Path(arguments.json).write_text(json.dumps(result, indent=1), encoding="utf-8")
    return result


if __name__ == "__main__":
    main()
