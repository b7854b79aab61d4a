"""The examples in docstrings (those with `>>>`) run, and give what they say.

Every docstring starts with a fresh default graph, in an empty folder, and with nothing imported but
`tf` and `np`. Values may be abbreviated with `...`.
"""

import ast
import doctest

import numpy as np
import pytest

import graphflow as tf
from tests.architecture.sources import PACKAGES, nodes, python_files, relative

_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef)


def _examples():
    """(id, docstring, path, line) of every docstring with an example."""
    for path in python_files(*PACKAGES):
        for node in nodes(path):
            if not isinstance(node, _DOCUMENTED):
                continue
            text = ast.get_docstring(node)
            if text and ">>>" in text:
                name = f"{relative(path)}:{getattr(node, 'name', 'module')}"
                yield pytest.param(name, text, str(path), node.body[0].lineno, id=name)


@pytest.mark.parametrize(("name", "text", "path", "line"), list(_examples()))
def test_example(name, text, path, line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {"tf": tf, "np": np, "__name__": "__main__"}
    test = doctest.DocTestParser().get_doctest(text, names, name, path, line)
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    report = []
    with tf.Graph().as_default():
        runner.run(test, out=report.append)
    assert not runner.summarize(verbose=False).failed, "".join(report)
