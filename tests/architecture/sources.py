"""What the architecture tests know of the repository: its files, their syntax trees, their imports.

Reads source text only; imports nothing of GraphFlow. State: the trees parsed so far.
"""

import ast
import functools
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Folder -> the package it is imported as.
PACKAGES = {"graphflow": "graphflow", "kernels": "graphflow.kernels"}


@functools.cache
def tree(path):
    """The syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


@functools.cache
def nodes(path):
    """All nodes of a file's syntax tree."""
    return list(ast.walk(tree(path)))


@functools.cache
def python_files(*folders):
    """All Python files below the folders, sorted, without what protoc or tools generate."""
    found = []
    for folder in folders:
        found += (ROOT / folder).rglob("*.py")
    return sorted(p for p in found if "__pycache__" not in p.parts and not p.stem.endswith("_pb2"))


def relative(path):
    """The path from the repository's root, with slashes."""
    return path.relative_to(ROOT).as_posix()


def module_name(path):
    """The dotted name a file of the package is imported as."""
    folder, *rest = path.relative_to(ROOT).with_suffix("").parts
    if rest[-1] == "__init__":
        rest = rest[:-1]
    return ".".join([PACKAGES[folder], *rest])


def is_module(name):
    """Whether a dotted name is a file or folder of the package, rather than something in one."""
    if name == "graphflow" or name == "graphflow.kernels":
        return True
    parts = name.split(".")[1:]
    base = ROOT.joinpath(*parts) if parts[0] == "kernels" else ROOT.joinpath("graphflow", *parts)
    return base.is_dir() or base.with_suffix(".py").is_file()


def _from_base(path, node):
    """The absolute module that `from ... import` names."""
    if not node.level:
        return node.module
    parts = module_name(path).split(".")
    if path.stem != "__init__":
        parts = parts[:-1]
    parts = parts[:len(parts) - (node.level - 1)]
    return ".".join(parts + ([node.module] if node.module else []))


def _names(path, node):
    """The modules that one import statement imports."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    base = _from_base(path, node)
    if base.split(".")[0] != "graphflow":
        return [base]
    full = [f"{base}.{alias.name}" for alias in node.names]
    return [name if is_module(name) else base for name in full]


@functools.cache
def imports(path):
    """Every module that a file imports, at any level: a list of (line, name)."""
    return [(node.lineno, name) for node in nodes(path)
            if isinstance(node, (ast.Import, ast.ImportFrom)) for name in _names(path, node)]


def top_level_imports(path):
    """The modules a file imports when it is itself imported: those outside function bodies."""
    found, todo = [], list(tree(path).body)
    while todo:
        node = todo.pop()
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            found += [(node.lineno, name) for name in _names(path, node)]
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            todo += ast.iter_child_nodes(node)
    return found


def functions(path):
    """Every function of a file, methods and nested ones included."""
    return [node for node in nodes(path)
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]


def report(problems):
    """Fails with one line per problem."""
    assert not problems, "\n" + "\n".join(problems)
