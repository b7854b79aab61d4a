"""`Session.explain`: the table says what runs, where it lies and how long it takes; notebooks get a picture."""

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import graphflow as tf

ROOT = Path(__file__).parents[2]


@pytest.fixture
def table(monkeypatch):
    monkeypatch.setenv("GRAPHFLOW_DETERMINISTIC", "1")
    x = tf.placeholder(tf.float32, [None, 8], name="x")
    w = tf.Variable(np.ones((8, 4), np.float32), name="w")
    y = tf.nn.relu(tf.matmul(x, w, name="product") + 1.0, name="y")
    train = tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_sum(y))
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        feed = {x: np.ones((16, 8))}
        before = sess.run(w)
        result = sess.explain([y, train], feed, profile=True)
        np.testing.assert_array_equal(sess.run(w), before)
        return result


def row(table, name):
    (line,) = [line for line in table.split("\n") if re.search(rf" {re.escape(name)}( |$)", line)]
    return line


def test_says_what_runs(table):
    lines = table.split("\n")
    assert re.match(r"\d+ nodes: \d+ native kernels for \d+ of them, 0 reference kernels, ", lines[0])
    assert re.search(r"; kernels take [\d.]+ us$", lines[0])
    assert re.match(r"memory: 128 bytes of variables, [\d,]+ of arena .* made in place\)", lines[1])
    assert lines[2].startswith("passes: fold -") and "update_early 0" in lines[2]
    assert row(table, "product").startswith("native ") and "float32[16,4]" in row(table, "product")
    assert row(table, "y").startswith("fused ") and any("elementwise.program" in line for line in lines)
    assert "GradientDescent/update_w/ApplyGradientDescent  -> w in place" in table


def test_times_of_several_steps_that_stand_for_one_node_are_added_up(monkeypatch):
    monkeypatch.setenv("GRAPHFLOW_DETERMINISTIC", "1")
    first, second = tf.placeholder(tf.int32, [2]), tf.placeholder(tf.int32, [3])
    rows = tf.gather(tf.Variable(np.ones((9, 500), np.float32)), tf.concat([first, second], 0), name="lookup")
    parts = [tf.slice(rows, [0, 0], [2, -1], name="part"), tf.slice(rows, [2, 0], [3, -1])]
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        table = sess.explain(parts, {first: [1, 2], second: [3, 4, 5]}, profile=True)
    assert row(table, "part").startswith("by others")
    (total,) = re.findall(r"kernels take ([\d.]+) us", table)
    assert abs(float(row(table, "lookup").split()[1]) - float(total)) < 0.15


def test_picture(table):
    page = table._repr_html_()
    page = ElementTree.fromstring(page)     # well-formed
    space = "{http://www.w3.org/2000/svg}"
    boxes = page.findall(f".//{space}rect")
    assert boxes and all(float(box.get("x")) + float(box.get("width")) <= 900.1 for box in boxes)
    assert any("product:0" in title.text for title in page.findall(f".//{space}title"))
    assert len(page.findall(".//tr")) == len(table.split("\n")) - 3


def test_plans_that_are_not_specialised():
    v = tf.Variable(1.0, name="v")
    with tf.Session() as sess:
        table = sess.explain(v.initializer)
    assert table.startswith("reference executor") and "v/Assign" in table
    assert ElementTree.fromstring(table._repr_html_()) is not None


def test_inspect_plan(tmp_path):
    script, page = tmp_path / "program.py", tmp_path / "plans.html"
    script.write_text("import tensorflow as tf\nx = tf.placeholder(tf.float32, [3])\ny = tf.exp(x, name='power')\n"
                      "with tf.Session() as sess:\n    print(sess.run(y, {x: [0, 0, 0]}))\n")
    done = subprocess.run([sys.executable, str(ROOT / "tools" / "inspect_plan"), "--html", str(page), str(script)],
                          capture_output=True, text=True, check=True)
    assert "[1. 1. 1.]" in done.stdout and "power" in done.stdout and "1 nodes for power:0" in done.stdout
    assert "<table>" in page.read_text()
