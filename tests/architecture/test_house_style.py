"""What a reader may count on in every file, beyond what ruff checks.

Exceptions are in the tables below, each with its reason; an entry no longer needed fails too.
"""

import ast
import re

from tests.architecture.sources import (
    PACKAGES,
    functions,
    imports,
    nodes,
    python_files,
    relative,
    report,
    tree,
)

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60

GENERATED = {"graphflow/api_index.py"}

# path -> why it is one idea at this length.
LONG_FILES = {}
# "path:function" -> why it does not divide.
LONG_FUNCTIONS = {}

CODE = ("graphflow", "kernels", "examples", "tools")
# Spelled in two halves, so that this file does not find itself.
MARKS = re.compile("TO" "DO|FIX" "ME|XX" "X")


def _length(node):
    """Lines of a function, its docstring not counted: documentation should not cost."""
    lines = node.end_lineno - node.lineno + 1
    first = node.body[0]
    if ast.get_docstring(node) is not None:
        lines -= first.end_lineno - first.lineno + 1
    return lines


def test_files_are_short():
    long = {relative(path): count for path in python_files(*CODE, "tests")
            if (count := len(path.read_text(encoding="utf-8").splitlines())) > MAX_FILE_LINES}
    report([f"{path}: {count} lines; is it one idea?"
            for path, count in long.items() if path not in LONG_FILES and path not in GENERATED]
           + [f"LONG_FILES: {path} is not long any more"
              for path in LONG_FILES if path not in long])


def test_functions_are_short():
    long = {f"{relative(path)}:{node.name}": _length(node) for path in python_files(*CODE)
            for node in functions(path) if _length(node) > MAX_FUNCTION_LINES}
    report([f"{name}: {count} lines" for name, count in long.items() if name not in LONG_FUNCTIONS]
           + [f"LONG_FUNCTIONS: {name} is not long any more"
              for name in LONG_FUNCTIONS if name not in long])


def _catches_everything(handler):
    return handler.type is None or getattr(handler.type, "id", "") in ("Exception", "BaseException")


def test_no_error_is_swallowed():
    problems = []
    for path in python_files(*CODE, "tests"):
        for node in nodes(path):
            if not isinstance(node, ast.ExceptHandler):
                continue
            where = f"{relative(path)}:{node.lineno}"
            if node.type is None:
                problems.append(f"{where}: except without a type")
            elif _catches_everything(node) and all(isinstance(s, ast.Pass) for s in node.body):
                problems.append(f"{where}: every error is swallowed")
    report(problems)


def test_no_pickle():
    """Pickle runs what it reads; our formats are not code. (Tests may check what pickles do.)"""
    problems = []
    for path in python_files(*CODE):
        for line, name in imports(path):
            if name.split(".")[0] in {"pickle", "cloudpickle", "dill", "joblib"}:
                problems.append(f"{relative(path)}:{line}: {name}")
    for path in python_files(*CODE, "tests"):
        for node in nodes(path):
            if isinstance(node, ast.keyword) and node.arg == "allow_pickle" \
                    and getattr(node.value, "value", None) is not False:
                problems.append(f"{relative(path)}:{node.value.lineno}: allow_pickle")
    report(problems)


def test_nothing_is_left_for_later():
    problems = []
    for path in python_files(*CODE, "tests"):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if found := MARKS.search(line):
                problems.append(f"{relative(path)}:{number}: {found.group()}")
    report(problems)


def test_modules_say_what_they_are():
    report([f"{relative(path)}: no module docstring"
            for path in python_files(*CODE, "tests") if ast.get_docstring(tree(path)) is None])


def _is_exported(node):
    """Whether a definition carries `@tf_export(...)`."""
    for decorator in node.decorator_list:
        call = decorator.func if isinstance(decorator, ast.Call) else decorator
        if getattr(call, "id", getattr(call, "attr", None)) == "tf_export":
            return True
    return False


def test_exported_names_are_documented():
    definitions = (ast.FunctionDef, ast.ClassDef)
    report([f"{relative(path)}:{node.lineno}: {node.name} has no docstring"
            for path in python_files(*PACKAGES) for node in nodes(path)
            if isinstance(node, definitions) and _is_exported(node)
            and ast.get_docstring(node) is None])


def test_no_path_of_a_machine():
    """Nothing refers to the place it was written at."""
    pattern = re.compile(r"""["'\s](/work/|/root/|/home/\w+/)""")
    report([f"{relative(path)}:{number}: {line.strip()}" for path in python_files(*CODE)
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
            if pattern.search(line)])
