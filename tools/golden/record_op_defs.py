#!/usr/bin/env python3
"""Records TensorFlow's op signatures in tests/golden/op_defs.json.gz.

    record_op_defs.py path/to/tensorflow-1.15/core/ops/ops.pbtxt

Runs in an environment with TensorFlow 2.x. Of every op of 1.15, and of every op of the running
TensorFlow whose signature differs from 1.15's, it stores the inputs, outputs and attributes in the
form that `tests/ops/test_coverage.py` gives GraphFlow's own definitions.
"""

import gzip
import json
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
from google.protobuf import text_format
from tensorflow.core.framework import op_def_pb2
from tensorflow.python.client import pywrap_tf_session
from tensorflow.python.framework import dtypes

TARGET = Path(__file__).resolve().parents[2] / "tests" / "golden" / "op_defs.json.gz"


def type_name(enum):
    return dtypes.as_dtype(enum).name


def argument(arg):
    kind = arg.type_attr or arg.type_list_attr or type_name(arg.type)
    if arg.number_attr:
        kind = f"{arg.number_attr} * {kind}"
    return f"{arg.name}: Ref({kind})" if arg.is_ref else f"{arg.name}: {kind}"


def plain(value, kind):
    """An AttrValue as JSON."""
    if kind.startswith("list("):
        inner = kind[5:-1]
        field = {"int": "i", "float": "f", "bool": "b", "string": "s", "type": "type",
                 "shape": "shape", "func": "func", "tensor": "tensor"}[inner]
        return [scalar(item, inner) for item in getattr(value.list, field)]
    return scalar(getattr(value, value.WhichOneof("value")), kind)


def scalar(item, kind):
    if kind == "type":
        return type_name(item)
    if kind == "string":
        return item.decode("latin-1")
    if kind == "shape":
        return None if item.unknown_rank else [dim.size for dim in item.dim]
    if kind == "func":
        return item.name
    if kind == "tensor":
        return "tensor"
    return item


def attribute(attr):
    result = {"kind": attr.type}
    if attr.HasField("default_value"):
        result["default"] = plain(attr.default_value, attr.type)
    if attr.HasField("allowed_values"):
        inner = attr.type[5:-1] if attr.type.startswith("list(") else attr.type
        field = "type" if inner == "type" else "s"
        values = getattr(attr.allowed_values.list, field)
        result["allowed"] = sorted(scalar(v, inner) for v in values)
    if attr.has_minimum:
        result["minimum"] = attr.minimum
    return result


def signature(op):
    return {
        "inputs": [argument(arg) for arg in op.input_arg],
        "outputs": [argument(arg) for arg in op.output_arg],
        "attrs": {attr.name: attribute(attr) for attr in op.attr},
        "stateful": op.is_stateful,
    }


def running_ops():
    buffer = pywrap_tf_session.TF_GetAllOpList()
    return op_def_pb2.OpList.FromString(pywrap_tf_session.TF_GetBuffer(buffer))


def main():
    old = text_format.Parse(Path(sys.argv[1]).read_text(), op_def_pb2.OpList())
    old = {op.name: signature(op) for op in old.op}
    new = {op.name: signature(op) for op in running_ops().op}
    changed = {name: found for name, found in new.items() if old.get(name) != found}
    text = json.dumps({"1.15": old, "2": changed}, sort_keys=False, separators=(",", ":"))
    TARGET.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(f"{len(old)} ops of 1.15, {len(changed)} others; {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
