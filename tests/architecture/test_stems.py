"""One op, one place: a family's file has its kernels and its tests under the same stem."""

import ast

from graphflow.api_index import OPS
from tests.architecture.sources import ROOT, python_files, relative, report, tree


def _registers_ops(path):
    """Whether a file calls `register_op`."""
    return any(isinstance(node, ast.Call)
               and getattr(node.func, "id", getattr(node.func, "attr", None)) == "register_op"
               for node in ast.walk(tree(path)))


def _families():
    return [path for path in python_files("graphflow/ops") if _registers_ops(path)]


def test_there_are_families():
    assert _families()


# Families of nodes that run the plans of their bodies: `runtime/control.py` is their kernel.
_WITH_BODIES = {"cond", "while_loop", "cond_gradient", "while_gradient"}


def test_every_family_has_reference_kernels():
    report([f"{relative(path)} registers ops, and kernels/reference/{path.stem}.py does not exist"
            for path in _families() if path.stem not in _WITH_BODIES
            and not (ROOT / "kernels/reference" / path.name).is_file()])


def test_every_family_has_tests():
    report([f"{relative(path)} registers ops, and tests/ops/test_{path.stem}.py does not exist"
            for path in _families() if not (ROOT / f"tests/ops/test_{path.stem}.py").is_file()])


def _kernels(path):
    """Op types for which a file has kernels."""
    calls = [node for node in ast.walk(tree(path)) if isinstance(node, ast.Call)
             and isinstance(node.func, ast.Attribute) and node.func.attr in ("kernel", "function")]
    return {argument.value for call in calls
            if getattr(call.func.value, "id", None) in ("reference", "cpu", "cuda") for argument in call.args
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str)}


def test_kernels_stand_in_their_ops_families():
    """Elsewhere a kernel is found only if something else happens to have loaded its file."""
    found = [(path, name) for path in python_files("kernels") for name in _kernels(path)]
    assert len(found) > 500
    report([f"{relative(path)} has a kernel for {name}, which {OPS[name]} registers"
            for path, name in found if name in OPS and OPS[name].rpartition(".")[2] != path.stem])


def test_every_kernel_file_has_a_family():
    """A kernel file that no family names would never be loaded."""
    stems = {path.stem for path in _families()}
    problems = []
    for path in python_files("kernels"):
        makers = {node.func.attr for node in ast.walk(tree(path))
                  if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
                  and getattr(node.func.value, "id", None) in ("reference", "cpu", "cuda")}
        if makers & {"kernel", "function"} and path.stem not in stems:
            problems.append(f"{relative(path)} has kernels, but no graphflow/ops/{path.name} "
                            "registers ops")
    report(problems)
