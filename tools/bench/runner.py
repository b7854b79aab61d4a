"""Starts worker processes, lets them take turns, and makes records of what they answer.

The machine's speed drifts and is shared, so contestants are measured in turns within one run: ratios
are medians over rounds of the ratios of the round's medians. "cpu" is the processor time of a call, all
threads together: steadier than the wall clock beside other work. Holds no state; stdlib only.
"""

import contextlib
import dataclasses
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

WORKER = Path(__file__).resolve().parent / "worker.py"
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


@dataclasses.dataclass(frozen=True)
class Contestant:
    """A module and the interpreter that has it; `threads` 0: the row's, or the module's default."""

    name: str
    python: str = sys.executable
    module: str = "graphflow"
    threads: int = 0


@dataclasses.dataclass(frozen=True)
class Settings:
    """How long to measure."""

    rounds: int = 7             # turns of each contestant
    burst: float = .4           # seconds a turn
    pause: float = .05          # between turns, for the other's threads to go to sleep
    warm_up: float = 1.5
    processes: int = 3          # of a workload that is measured once per process
    limit: float = 180          # seconds until a process is given up
    tiny: bool = False


class Worker:
    """A process that runs one workload; `hello` is its first answer."""

    def __init__(self, contestant, row, settings, cache=None):
        threads = row.threads or contestant.threads
        command = [contestant.python, str(WORKER), contestant.module, row.workload, "--threads", str(threads),
                   "--warm-up", str(settings.warm_up), *(["--tiny"] if settings.tiny else ()), "--needs", *row.needs]
        environment = dict(os.environ, TF_CPP_MIN_LOG_LEVEL="3")
        if threads:
            environment.update(dict.fromkeys(THREAD_VARIABLES, str(threads)))
        if cache:
            environment["GRAPHFLOW_CACHE_DIR"] = cache
        # An installed package has its bytecode; so has this tree after the first process.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        if not row.once:
            # Steady state is wanted: wait for compiled kernels now, do not swap them in during a burst.
            environment["GRAPHFLOW_DETERMINISTIC"] = "1"
        self._errors = tempfile.TemporaryFile("w+")
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors,
                                         env=environment, text=True)
        self._timer = threading.Timer(settings.limit, self._process.kill)
        self._timer.start()
        self.rounds, self.cpu = [], []
        self.hello = self._read()

    def _read(self):
        """The next line of JSON; whatever else a module prints is passed over."""
        for line in self._process.stdout:
            if line.startswith("{"):
                return json.loads(line)
        status = self._process.wait()
        self._errors.seek(0)
        said = [line.strip() for line in self._errors if line.strip()]
        return {"failed": said[-1] if said and status > 0 else f"ended with status {status}"}

    def burst(self, seconds):
        """Takes its turn."""
        self._process.stdin.write(f"burst {seconds}\n")
        self._process.stdin.flush()
        answer = self._read()
        if "samples" not in answer:
            raise RuntimeError(f"a worker failed: {answer}")
        self.rounds.append(answer["samples"])
        self.cpu.append(answer["cpu"])

    def close(self):
        """Ends the process."""
        self._process.stdin.close()
        self._process.wait()
        self._timer.cancel()
        self._errors.close()


def _record(samples, **more):
    ordered = sorted(samples)
    return {"median": statistics.median(ordered), "p10": ordered[len(ordered) // 10],
            "p90": ordered[len(ordered) * 9 // 10], "n": len(ordered), **more}


def _steady(row, contestants, settings):
    """{name: record}; the last contestant is what the others' ratios refer to."""
    with contextlib.ExitStack() as stack:
        workers = {}
        for contestant in contestants:
            workers[contestant.name] = worker = Worker(contestant, row, settings)
            stack.callback(worker.close)
        ready = [worker for worker in workers.values() if worker.hello.get("ready")]
        for _ in range(settings.rounds):
            for worker in ready:
                time.sleep(settings.pause)
                worker.burst(settings.burst)
    records = {}
    reference = workers[contestants[-1].name]
    for name, worker in workers.items():
        if not worker.rounds:
            records[name] = worker.hello
            continue
        records[name] = _record([sample for samples in worker.rounds for sample in samples],
                                unit="µs", cpu=statistics.median(worker.cpu), check=worker.hello["check"])
        if reference is not worker and reference.rounds:
            records[name]["ratio"] = statistics.median(
                statistics.median(mine) / statistics.median(theirs)
                for mine, theirs in zip(worker.rounds, reference.rounds))
            records[name]["cpu_ratio"] = statistics.median(
                mine / theirs for mine, theirs in zip(worker.cpu, reference.cpu))
    return records


def _once(row, contestants, settings):
    """As `_steady`, with a fresh process for each value."""
    answers = {contestant.name: [] for contestant in contestants}
    for _ in range(settings.processes):
        for contestant in contestants:
            if answers[contestant.name] and "value" not in answers[contestant.name][-1]:
                continue
            with tempfile.TemporaryDirectory() as empty:
                worker = Worker(contestant, row, settings, cache=empty if row.cold else None)
                worker.close()
            answers[contestant.name].append(worker.hello)
    records = {}
    for name, given in answers.items():
        if "value" not in given[-1]:
            records[name] = given[-1]
            continue
        details = {key: statistics.median(answer["details"][key] for answer in given) for key in given[0]["details"]}
        records[name] = _record([answer["value"] for answer in given], unit=given[0]["unit"], details=details)
    last = records[contestants[-1].name]
    for record in records.values():
        if record is not last and "median" in record and "median" in last:
            record["ratio"] = record["median"] / last["median"]
    return records


def measure(row, contestants, settings):
    """{contestant's name: record} of a row; a record has "median" (and "ratio" to the last contestant), or
    "skipped" or "failed" with the reason.
    """
    return (_once if row.once else _steady)(row, contestants, settings)


@contextlib.contextmanager
def neighbour():
    """A process that keeps one core busy."""
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        process.kill()
        process.wait()
