"""Compares signatures of ours with TensorFlow 1.15's, as tests/golden/signatures.json.gz records them."""

import gzip
import inspect
import json
import re
from pathlib import Path

import graphflow as tf
from graphflow import api_index
from graphflow.framework import api

GOLDEN = Path(__file__).resolve().parents[1] / "golden/signatures.json.gz"
# Defaults that are objects of TensorFlow's have no text to compare.
OPAQUE = re.compile(r"<(?!dtype)|.* object|_?[A-Za-z]+\(")


def recorded():
    """{public path: [arguments, *args, **kwargs, defaults]} of TensorFlow 1.15."""
    return json.loads(gzip.decompress(GOLDEN.read_bytes()))


def ours(path):
    """The function or method that we have at a public path, or None; a class stands for its __init__."""
    parts = path.split(".")
    for size in range(len(parts), 0, -1):
        name = ".".join(parts[:size])
        if name in api_index.NAMES:
            value = api.resolve(api_index.NAMES[name])
        elif name in api_index.LEGACY:
            value = api.resolve(api_index.LEGACY[name][0])
        else:
            continue
        for part in parts[size:]:
            if part == "__init__" and not _has_init(value):
                return None
            value = getattr(value, part, None)
        return value if callable(value) else None
    return None


def _has_init(value):
    return isinstance(value, type) and inspect.isfunction(value.__init__)


def _text(default):
    if isinstance(default, tf.DType):
        return f"<dtype: '{default.name}'>"
    if isinstance(default, float) or (isinstance(default, int) and not isinstance(default, bool)):
        return float(default)
    return str(default).replace("\t", "\\t")


def _number(text):
    try:
        return float(text)
    except ValueError:
        return text


def difference(function, specification):
    """What differs between a function and a recorded specification, or None."""
    arguments, varargs, keywords, defaults = specification
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return "has no signature"
    named = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    names = [p.name for p in named]
    if arguments[:1] == ["self"] and names[:1] != ["self"]:
        arguments = arguments[1:]
    if arguments[:1] == ["cls"] and names[:1] != ["cls"]:
        arguments = arguments[1:]
    if names != arguments:
        return f"arguments {names}, should be {arguments}"
    for kind, theirs in ((inspect.Parameter.VAR_POSITIONAL, varargs), (inspect.Parameter.VAR_KEYWORD, keywords)):
        has = any(p.kind is kind for p in parameters)
        if has != (theirs != "None"):
            return f"{kind.description}: {has}, should be {theirs}"
    have = [p for p in named if p.default is not p.empty]
    if len(have) != len(defaults):
        return f"{len(have)} defaults, should be {len(defaults)}: {defaults}"
    for parameter, default in zip(have, defaults, strict=True):
        if not OPAQUE.match(default) and _text(parameter.default) != _number(default):
            return f"{parameter.name}={parameter.default!r}, should be {default}"
    return None
