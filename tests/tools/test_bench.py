"""tools/bench: its programs run on GraphFlow with tiny sizes, and its table says what they gave."""

import importlib
import inspect
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import graphflow as tf
from tools.bench import __main__ as command_line
from tools.bench import data, limits, once, report, rows, runner, worker, workloads

ROOT = Path(__file__).resolve().parents[2]
FAST = runner.Settings(rounds=2, burst=.01, pause=0, warm_up=0, processes=1, tiny=True)
STEADY = [row for row in rows.ROWS if not row.once and not row.threads]


def record(median, **more):
    return {"median": median, "p10": median, "p90": median, "n": 1, "unit": "µs", **more}


@pytest.mark.parametrize("row", STEADY, ids=lambda row: row.name)
def test_steady_workloads_run(row):
    if missing := worker.lacking(tf, row.needs):
        pytest.skip(f"no tf.{missing}")
    with tf.Graph().as_default():
        steady = getattr(workloads, row.workload)(workloads.Bench(tf, data.TINY, threads=1))
        for i in range(2):
            steady.step(i)
    assert steady.check is None or np.isfinite(steady.check)


@pytest.mark.parametrize("row", [row for row in rows.ROWS if row.once], ids=lambda row: row.name)
def test_once_workloads_run(row):
    bench = workloads.Bench(tf, data.TINY, import_us=1)
    with tf.Graph().as_default():
        result = getattr(once, row.workload)(bench)
    assert result.value > 0 or row.workload == "memory"     # tiny: it may fit into what is there already


def test_checks_are_of_the_stated_computation():
    with tf.Graph().as_default():
        bench = workloads.Bench(tf, data.TINY)
        assert workloads.run_overhead(bench).check == 3
        a, b = data.normal(8, 8, seed=8), data.normal(8, 8, seed=9)
        assert workloads.matmul(bench).check == pytest.approx(float((a @ b).sum()), abs=1e-4)


def test_every_row_names_a_documented_program():
    for row in rows.ROWS:
        program = getattr(once if row.once else workloads, row.workload)
        assert inspect.getdoc(program), row.name
        assert row.goal or row.limit_s, row.name
    assert len({row.name for row in rows.ROWS}) == len(rows.ROWS)


def test_rows_are_chosen_by_name_or_workload():
    assert [row.name for row in rows.chosen(["mlp_adam"])] == ["mlp_adam", "mlp_adam/1"]
    assert [row.name for row in rows.chosen(["mlp_adam/1"])] == ["mlp_adam/1"]
    with pytest.raises(ValueError, match="No such workload: nothing"):
        rows.chosen(["nothing"])


def test_two_contestants_take_turns():
    row, = rows.chosen(["run_overhead"])
    contestants = [runner.Contestant("a"), runner.Contestant("b", threads=1)]
    records = runner.measure(row, contestants, FAST)
    assert records["a"]["check"] == records["b"]["check"] == 3
    assert records["a"]["ratio"] > 0 and records["a"]["cpu_ratio"] > 0 and "ratio" not in records["b"]
    assert records["a"]["p10"] <= records["a"]["median"] <= records["a"]["p90"]


def test_a_peer_that_fails_leaves_our_figure():
    row, = rows.chosen(["run_overhead"])
    records = runner.measure(row, [runner.Contestant("a"), runner.Contestant("b", module="no_such_module")], FAST)
    assert records["a"]["median"] > 0 and "ratio" not in records["a"]
    assert "no_such_module" in records["b"]["failed"]
    assert "b failed: ModuleNotFoundError" in report.line(row, records, "a")


def test_what_the_module_lacks_is_skipped_with_the_reason():
    row = rows.Row("run_overhead", needs=("nn.relu", "no_such.function"))
    records = runner.measure(row, [runner.Contestant("a")], FAST)
    assert records == {"a": {"skipped": "no tf.no_such.function"}}
    assert "a skipped: no tf.no_such.function" in report.line(row, records, "a")


def test_lines_of_the_table():
    row = rows.Row("mlp_adam", .5, "a network")
    line = report.line(row, {"a": record(400, ratio=.4, cpu_ratio=.2), "b": record(1000)}, "a")
    assert line.split() == ["mlp_adam", "400", "µs", "1", "ms", "0.400", "0.5", "met", "0.20", "a", "network"]
    assert "missed x2.00" in report.line(row, {"a": record(1000, ratio=1.0), "b": record(1000)}, "a")
    assert "WARNING results differ: a 1, b 2" in report.line(
        row, {"a": record(1, check=1.0), "b": record(1, check=2.0)}, "a")
    limited = rows.Row("long_chain", limit_s=30)
    assert "met" in report.line(limited, {"a": record(29e6, details={"growth": 1.0})}, "a")
    assert "missed" in report.line(limited, {"a": record(31e6)}, "a")


def test_amounts():
    assert [report.amount(value, "µs") for value in (1.5, 1500, 2.5e6)] == ["1.5 µs", "1.5 ms", "2.5 s"]
    assert report.amount(1234, "MB") == "1,234 MB"


def test_the_command_prints_a_table_and_records(capsys, tmp_path):
    path = tmp_path / "records.json"
    command_line.main(["--only", "run_overhead", "--tiny", "--rounds", "1", "--burst", ".01", "--warm-up", "0",
                       "--no-limits", "--json", str(path)])
    assert "run_overhead" in capsys.readouterr().out
    assert json.loads(path.read_text())["workloads"]["run_overhead"]["graphflow"]["median"] > 0


def test_beside_a_neighbour_the_reference_is_one_thread():
    arguments = command_line.parse(["--neighbour", "--only", "mlp_adam,import_module"])
    chosen, contestants = command_line.lineup(arguments)
    assert [(row.name, row.goal) for row in chosen] == [("mlp_adam", command_line.NEIGHBOUR_GOAL)]
    assert [(c.name, c.threads) for c in contestants] == [("graphflow", 0), ("1 thread", 1)]


def test_peers_on_the_command_line():
    peer, = command_line.parse(["--peer", "tf=python3:some.module"]).peer
    assert (peer.name, peer.python, peer.module) == ("tf", "python3", "some.module")
    with pytest.raises(SystemExit):
        command_line.parse(["--peer", "python3"])


def test_the_folder_is_a_program():
    result = subprocess.run([sys.executable, ROOT / "tools" / "bench", "--help"], capture_output=True, text=True)
    assert result.returncode == 0 and "--peer" in result.stdout


def test_limits():
    found = limits.measure_here(threads=2, seconds=0)
    assert len(found) == len(limits.SHAPES) + len(limits.ARRAYS) and min(found.values()) > 0
    assert "3 with 1 thread, 5 with 2 threads" in report.limits({"copy": {"1": 3.2, "2": 5.1}})


def test_workloads_import_nothing_but_numpy():
    for module in (workloads, data, once):
        source = inspect.getsource(importlib.import_module(module.__name__))
        assert "graphflow" not in source and "tensorflow" not in source
