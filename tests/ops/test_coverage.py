"""No op without a sample row, a gradient statement, a reference kernel, and TensorFlow's signature.

The signatures of TensorFlow 1.15 (and of 2.x where they differ) were recorded by
`tools/golden/record_op_defs.py`. Every exception stands below with its reason, and an exception
that is not needed any more fails too.
"""

import functools
import gzip
import importlib
import json
from pathlib import Path

import numpy as np

import graphflow as tf
from graphflow import api_index
from graphflow.framework import dtypes
from graphflow.framework.kernel_loader import kernels
from graphflow.framework.op_def import get_gradient, get_op_def

HERE = Path(__file__).parent

# Families whose ops are about effects: their tests compare what whole runs leave behind.
WITHOUT_SAMPLES = {
    "barrier": "whole programs are compared with recorded ones in test_dataflow.py",
    "accumulators": "whole programs are compared with recorded ones in test_dataflow.py",
    "candidate_sampling": "classes are compared with recorded ones in test_candidate_sampling.py",
    "body_inputs": "they stand in bodies, and never run: test_body_inputs.py",
    **dict.fromkeys(("cond_gradient", "while_gradient"), "values are compared with Python's in test_body_gradients.py"),
    "cond": "values are compared with Python's in test_cond.py",
    "while_loop": "values are compared with Python's in test_while_loop.py",
    "dataset_batch": "they make datasets, whose elements are compared with recorded ones in tests/data",
    "dataset_buffer": "they make datasets: tests/data, test_dataset_buffer.py",
    "dataset_file": "they make datasets of files: tests/data, test_dataset_file.py",
    "dataset_function": "they make datasets: tests/data, test_dataset_function.py",
    "dataset_iterator": "they make and ask iterators: test_dataset_iterator.py",
    "dataset_nested": "they make datasets: tests/data, test_dataset_nested.py",
    "dataset_order": "they make datasets: tests/data, test_dataset_order.py",
    "dataset_sql": "they make datasets of a database: test_dataset_sql.py",
    "dataset_source": "they make datasets: tests/data, test_dataset_source.py",
    "optional": "they hold elements of datasets: test_optional.py",
    "stateless_random": "numbers are compared with recorded ones in test_stateless_random.py",
    "sparse_variant": "they give objects, and read them again: test_sparse_variant.py",
    "debugging": "they print, or pass values on and fail: test_debugging.py",
    "queue_ops": "whole programs are compared with recorded ones in test_dataflow.py",
    "random": "bits are compared with recorded ones in test_random.py",
    "session_tensors": "they give handles, and values between runs: test_session_tensors.py",
    "lookup_ops": "they make, fill and ask tables: test_lookup_ops.py",
    "image_sampling": "parts are compared with recorded ones in test_image_sampling.py",
    "image_codec": "files are written and read again in test_image_codec.py",
    "reader_ops": "files are written and read in test_reader_ops.py",
    "record_input": "it reads files: test_record_input.py",
    "remapping": "they read files: test_remapping.py",
    "save_restore": "they write and read files: test_save_restore.py",
    "script_ops": "they call the user's functions: test_script_ops.py",
    "string_ops": "values are compared with recorded ones in test_string_ops.py",
    "mutex": "runs wait for each other: test_mutex.py",
    "parsing": "they read text and messages: test_parsing.py",
    "sequence_parsing": "they read messages: test_sequence_parsing.py",
    "serialized": "they read and write messages: test_serialized.py",
    "summary_ops": "they give serialised messages: test_summary_ops.py",
    "sparse_map": "what one keeps another takes: test_sparse_map.py",
    "staging": "what one sets aside another takes: test_staging.py",
    "state": "they read and write variables",
    "state_scatter": "they write variables",
    "tensor_array": "they read and write arrays of one run: test_tensor_array.py",
    "training_ops": "they write variables",
}
# op -> why it has no row.
NO_SAMPLE = {
    "NoOp": "it has neither inputs nor outputs",
    "Placeholder": "every row feeds some",
}
# op -> why it has no reference kernel.
NO_REFERENCE_KERNEL = {
    **dict.fromkeys(("LoopVariable", "RefCaptured", "TapeRead"), "plans get its value with their feeds"),
    **dict.fromkeys(("Case", "If", "IfGrad", "While", "WhileGrad"), "runtime/control.py runs its bodies"),
    "Placeholder": "it must be fed",
    "VarHandleOp": "it names a variable; plans read the variable itself",
    "Variable": "it names a variable; plans read the variable itself",
    "VariableV2": "it names a variable; plans read the variable itself",
}
# op -> why its signature is not TensorFlow's.
OTHER_SIGNATURE = {
    **dict.fromkeys(("Case", "If", "IfGrad", "While", "WhileGrad"), "it has a tape for gradients, not in GraphDefs"),
    **dict.fromkeys(("Captured", "LoopVariable", "RefCaptured", "TapeRead"), "ours: an input of a body"),
    "Equal": "1.15 has incompatible_shape_error in math_ops.cc, but not in the list recorded",
    "NotEqual": "1.15 has incompatible_shape_error in math_ops.cc, but not in the list recorded",
    "InitializedValue": "ours: stands for the branch that TensorFlow takes on IsVariableInitialized",
    "ResourceInitializedValue": "ours: stands for the branch that TensorFlow takes on VarIsInitializedOp",
    "GatherTree": "contrib's own, which its library registers when loaded",
    "MatchingFiles": "it reads the file system, and must not be folded",
    **dict.fromkeys(("AccumulatorApplyGradient", "AccumulatorNumAccumulated", "AccumulatorSetGlobalStep",
                     "SparseAccumulatorApplyGradient", "BarrierInsertMany", "BarrierClose", "BarrierReadySize",
                     "BarrierIncompleteSize"), "it changes, or looks at, what the session keeps"),
    "QueueIsClosed": "it looks at a queue, which changes, and must not be folded",
    "QueueSize": "it looks at a queue, which changes, and must not be folded",
    **dict.fromkeys(("ReaderNumRecordsProduced", "ReaderNumWorkUnitsCompleted", "ReaderSerializeState",
                     "ReaderRestoreState", "ReaderReset"), "it looks at a reader, which changes"),
    "ReadFile": "it reads the file system, and must not be folded",
}


def _op_names():
    return sorted(api_index.OPS)


def _family(name):
    return api_index.OPS[name].rpartition(".")[2]


@functools.cache
def _sampled():
    found = set()
    for path in sorted(HERE.glob("test_*.py")):
        if path.stem == "test_coverage":
            continue
        module = importlib.import_module(f"tests.ops.{path.stem}")
        for value in vars(module).values():
            for sample in getattr(value, "samples", ()):
                found |= _op_types(sample)
    return found


def _op_types(sample):
    """The ops of a row; a row of a function stands for all ops that it builds."""
    if sample.op_type:
        return {sample.op_type}
    dtype = sample.dtypes[0]
    with tf.Graph().as_default() as graph:
        tensors = sample.placeholders(sample.arrays(dtype))
        given = {t.op for t in tensors}
        sample.build(tensors, dtype)
    return {op.type for op in graph.get_operations() if op not in given}


def _report(problems, exceptions, what):
    """Fails for problems without exception, and for exceptions without problem."""
    missing = [p for p in problems if p not in exceptions]
    stale = [e for e in exceptions if e not in problems and e in api_index.OPS]
    assert not missing and not stale, f"{what}: {missing}; needless exceptions: {stale}"


def test_every_op_has_a_sample():
    problems = [name for name in _op_names()
                if name not in _sampled() and _family(name) not in WITHOUT_SAMPLES]
    _report(problems, NO_SAMPLE, "ops without a sample row")


def test_every_op_states_its_gradient():
    problems = []
    for name in _op_names():
        try:
            get_gradient(name)
        except LookupError:
            problems.append(name)
    _report(problems, {}, "neither RegisterGradient nor NotDifferentiable")


def test_every_op_has_a_reference_kernel():
    registry = kernels("registry").reference
    for family in {_family(name) for name in _op_names()}:
        registry._load(family)
    problems = [name for name in _op_names() if name not in registry.op_types()]
    _report(problems, NO_REFERENCE_KERNEL, "ops without a reference kernel")


@functools.cache
def _recorded():
    path = HERE.parent / "golden" / "op_defs.json.gz"
    return json.loads(gzip.decompress(path.read_bytes()))


def _argument(arg):
    kind = arg.type_attr or arg.type_list_attr or arg.type.name
    if arg.number_attr:
        kind = f"{arg.number_attr} * {kind}"
    return f"{arg.name}: Ref({kind})" if arg.is_ref else f"{arg.name}: {kind}"


def _plain(value):
    """A default as the recorder writes it."""
    if isinstance(value, dtypes.DType):
        return value.name
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    return "tensor" if isinstance(value, np.ndarray) else value


def _same_default(ours, theirs):
    if isinstance(theirs, float) and isinstance(ours, (int, float)):
        return np.float32(ours) == np.float32(theirs)
    return ours == theirs


def _differences(op_def, recorded, newer):
    """How an op's definition differs from TensorFlow's."""
    for field in ("inputs", "outputs"):
        ours = [_argument(arg) for arg in getattr(op_def, field)]
        if ours != recorded[field]:
            yield f"{field} are {ours}, not {recorded[field]}"
    if list(op_def.attrs) != list(recorded["attrs"]):
        if sorted(op_def.attrs) != sorted(recorded["attrs"]):
            yield f"attrs are {list(op_def.attrs)}, not {list(recorded['attrs'])}"
    if op_def.is_stateful != recorded["stateful"] and op_def.is_stateful != newer["stateful"]:
        yield f"stateful is {op_def.is_stateful}"
    for name, attr in op_def.attrs.items():
        theirs = recorded["attrs"].get(name)
        if theirs is not None:
            yield from _attr_differences(attr, theirs, newer["attrs"].get(name, theirs))


def _attr_differences(attr, theirs, newer):
    name = attr.name
    if attr.kind != theirs["kind"]:
        yield f"{name} is a {attr.kind}, not a {theirs['kind']}"
    if attr.has_default != ("default" in theirs):
        yield f"{name}: has a default: {attr.has_default}"
    elif attr.has_default and not _same_default(_plain(attr.default), theirs["default"]):
        yield f"{name} is {_plain(attr.default)!r} by default, not {theirs['default']!r}"
    ours = None if attr.allowed is None else {_plain(v) for v in attr.allowed}
    old, new = (None if d.get("allowed") is None else set(d["allowed"]) for d in (theirs, newer))
    # 1.15's types at least, and at most those that TensorFlow came to take later.
    if ours not in (old, new) and None in (ours, old):
        yield f"{name} allows {ours and sorted(ours)}, not {old and sorted(old)}"
    elif ours not in (old, new) and not (ours >= old and (new is None or ours <= new | old)):
        yield f"{name} lacks {sorted(old - ours)} and adds {sorted(ours - old - (new or set()))}"
    if (attr.minimum or 0) != theirs.get("minimum", 0):
        yield f"{name} >= {attr.minimum}, not {theirs.get('minimum')}"


def test_signatures_are_tensorflows():
    old, new = _recorded()["1.15"], _recorded()["2"]
    problems = {}
    for name in _op_names():
        recorded = old.get(name) or new.get(name)
        if recorded is None:
            problems[name] = ["TensorFlow has no op of this name"]
        else:
            found = list(_differences(get_op_def(name), recorded, new.get(name, recorded)))
            if found:
                problems[name] = found
    text = "\n".join(f"{name}: {'; '.join(found)}" for name, found in problems.items()
                     if name not in OTHER_SIGNATURE)
    stale = [name for name in OTHER_SIGNATURE if name not in problems and name in api_index.OPS]
    assert not text and not stale, f"\n{text}\nneedless exceptions: {stale}"
