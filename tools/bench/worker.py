"""One process of a measurement: imports the module under test, runs a workload, answers on stdout.

A steady workload warms up, says `{"ready": true, ...}` and then, for each line `burst SECONDS` on stdin, times
calls for that long. A workload of `once.py` says its value. Every answer is one line of JSON.
Started by `runner.py`, with any interpreter that has the module and NumPy.
"""

import argparse
import importlib
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

WARM_UP_CALLS = 3
WARM_UP_LIMIT = 20      # seconds, however slow the calls


def say(**answer):
    """Prints one line of JSON."""
    print(json.dumps(answer), flush=True)


def timed(step, seconds, first):
    """Microseconds of each call of step(first), step(first + 1), ... for `seconds`, at least one."""
    clock, samples = time.perf_counter_ns, []
    end = clock() + int(seconds * 1e9)
    now = 0
    while now < end:
        start = clock()
        step(first + len(samples))
        now = clock()
        samples.append((now - start) / 1e3)
    return samples


def warm_up(step, seconds):
    """Calls until `seconds` have passed; how many."""
    start, calls = time.perf_counter(), 0
    while (elapsed := time.perf_counter() - start) < seconds or calls < WARM_UP_CALLS:
        step(calls)
        calls += 1
        if elapsed > WARM_UP_LIMIT:
            break
    return calls


def serve(steady, arguments):
    """Answers bursts until stdin ends."""
    done = warm_up(steady.step, arguments.warm_up)
    say(ready=True, check=steady.check)
    for line in sys.stdin:
        steady.step(done)       # not counted: caches are cold after another process's turn
        start = time.process_time()
        samples = timed(steady.step, float(line.split()[1]), done + 1)
        done += len(samples) + 1
        say(samples=samples, cpu=(time.process_time() - start) * 1e6 / len(samples))


def lacking(tf, needs):
    """The first dotted name of `needs` that the module does not have, or None."""
    for name in needs:
        found = tf
        for part in name.split("."):
            found = getattr(found, part, None)
        if found is None:
            return name
    return None


def main():
    """Runs the workload named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("module")
    parser.add_argument("workload")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--warm-up", type=float, default=1.0)
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--needs", nargs="*", default=())
    arguments = parser.parse_args()

    start = time.perf_counter()
    tf = importlib.import_module(arguments.module)
    importlib.import_module("numpy")        # part of the price, also where the module loads it on first use
    import_us = round((time.perf_counter() - start) * 1e6)
    from tools.bench import data, once, workloads  # not before: they load NumPy

    if missing := lacking(tf, arguments.needs):
        say(skipped=f"no tf.{missing}")
        return
    if hasattr(tf, "disable_v2_behavior"):
        tf.disable_v2_behavior()
    tf.logging.set_verbosity(tf.logging.ERROR)
    bench = workloads.Bench(tf, data.TINY if arguments.tiny else data.FULL, arguments.threads, import_us)
    if hasattr(workloads, arguments.workload):
        serve(getattr(workloads, arguments.workload)(bench), arguments)
    else:
        result = getattr(once, arguments.workload)(bench)
        say(value=result.value, unit=result.unit, details=result.details)


if __name__ == "__main__":
    main()
