"""Update ops against TensorFlow's numbers, all forms of a rule against each other, and errors."""

import numpy as np
import pytest

import graphflow as tf
from graphflow.framework import errors, raw_ops
from graphflow.framework.kernel_loader import kernels
from graphflow.framework.op_def import get_op_def
from tests.training import programs
from tests.training.golden import assert_close, recorded

CASES = [(op_type, flags, dtype) for op_type, flags in programs.op_cases()
         for dtype in ("float32", "float64")]


def _inputs(op_type, dtype):
    op_def = get_op_def(op_type)
    names = [arg.name for arg in op_def.inputs]
    return programs.op_inputs(names, len(op_def.writes), dtype, "Sparse" in op_type)


def _kernel(op_type, flags, dtype):
    """The op's reference kernel as a function of its inputs by name."""
    op_def, registry = get_op_def(op_type), kernels("registry")
    attrs = {name: attr.default for name, attr in op_def.attrs.items()}
    attrs.update(flags, T=tf.as_dtype(dtype), Tindices=tf.int32)
    types = [tf.as_dtype(dtype)] * len(op_def.inputs)
    ctx = registry.KernelContext(op_type, "op", attrs, types, [])
    run = registry.reference.find(op_type, op_def.family, attrs)(ctx)
    return lambda **inputs: run(*map(np.asarray, inputs.values()))


@pytest.mark.parametrize("op_type, flags, dtype", CASES)
def test_against_tensorflow(op_type, flags, dtype):
    inputs = _inputs(op_type, dtype)
    before = {name: value.copy() for name, value in inputs.items()}
    results = _kernel(op_type, flags, dtype)(**inputs)
    for got, expected in zip(results, recorded()["ops"][f"{op_type} {flags} {dtype}"]):
        assert got.dtype == dtype
        assert not any(np.shares_memory(got, value) for value in inputs.values())
        assert_close(got, expected, dtype)
    for name, value in inputs.items():
        np.testing.assert_array_equal(value, before[name])


@pytest.mark.parametrize("op_type, flags", list(programs.op_cases()))
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision(op_type, flags, dtype):
    """The half types stay what they are and come near the result in double precision."""
    numpy_dtype = tf.as_dtype(dtype).as_numpy_dtype
    exact = _inputs(op_type, "float64")
    halves = {name: value.astype(numpy_dtype) if value.dtype == np.float64 else value
              for name, value in exact.items()}
    expected = _kernel(op_type, flags, "float64")(**exact)
    for got, value in zip(_kernel(op_type, flags, dtype)(**halves), expected):
        assert got.dtype == numpy_dtype
        np.testing.assert_allclose(got.astype(np.float64), value, rtol=0.1, atol=0.1)


@pytest.mark.parametrize("op_type, flags", [c for c in programs.op_cases() if c[0][0] != "R"])
def test_resource_form_in_a_session(op_type, flags):
    """Both forms change variables alike, and a reference form hands its variable on."""
    inputs = _inputs(op_type, "float32")
    states = len(get_op_def(op_type).writes)
    results = []
    for prefix in ("", "Resource"):
        with tf.Graph().as_default():
            variables = [tf.Variable(v, use_resource=bool(prefix))
                         for v in list(inputs.values())[:states]]
            others = [tf.constant(v) for v in list(inputs.values())[states:]]
            op = getattr(raw_ops, prefix + op_type)(
                *(v.handle if prefix else v for v in variables), *others, **flags)
            with tf.Session() as session:
                session.run([v.initializer for v in variables])
                out = session.run(op)
                results.append(session.run(variables))
                if not prefix:
                    np.testing.assert_array_equal(out, results[0][0])
    for ours, theirs in zip(*results):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("executor", ["", "reference"])
@pytest.mark.parametrize("dtype, small", [("float32", 1e-40), ("float64", 1e-310), ("float16", 1e-7)])
def test_means_that_decay_end_at_zero(dtype, small, executor, monkeypatch):
    """In both tiers; NaN and normal numbers are kept, and so are the small ones of half precision."""
    monkeypatch.setenv("GRAPHFLOW_DETERMINISTIC", "1")      # wait for kernels
    monkeypatch.setenv("GRAPHFLOW_EXECUTOR", executor)
    with tf.Graph().as_default():
        start = np.array([small, -small, np.nan, 1.0] * 8, dtype)
        var, m, v = (tf.Variable(start) for _ in range(3))
        zero, numbers = np.zeros(32, dtype), [tf.constant(x, dtype) for x in (0.5, 0.5, 0.1, 0.9, 0.999, 1e-8)]
        update = raw_ops.ApplyAdam(var=var, m=m, v=v, beta1_power=numbers[0], beta2_power=numbers[1], lr=numbers[2],
                                   beta1=numbers[3], beta2=numbers[4], epsilon=numbers[5], grad=zero)
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            session.run(update)
            for mean in session.run([m, v]):
                assert (mean[:2] == 0).all() == (dtype != "float16") and np.isnan(mean[2]) and mean[3] > 0.8
                np.testing.assert_array_equal(mean, np.tile(mean[:4], 8))


def test_equal_rows_are_updated_one_after_the_other():
    run = _kernel("SparseApplyMomentum", {}, "float64")
    inputs = _inputs("SparseApplyMomentum", "float64")
    once = dict(inputs)
    for i in range(3):
        step = {**once, "grad": inputs["grad"][i:i + 1], "indices": inputs["indices"][i:i + 1]}
        once["var"], once["accum"] = run(**step)
    for got, expected in zip(run(**inputs), (once["var"], once["accum"])):
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("op_type, change, message", [
    ("ApplyAdam", {"grad": np.zeros((4, 2), np.float32)},
     r"var and grad do not have the same shape\[4,3\] \[4,2\]"),
    ("ApplyAdam", {"m": np.zeros(3, np.float32)}, "var and m do not have the same shape"),
    ("ApplyAdam", {"lr": np.zeros(2, np.float32)}, r"lr is not a scalar: \[2\]"),
    ("ApplyFtrl", {"lr": np.float32(0)}, "lr is not a positive scalar"),
    ("ApplyFtrl", {"lr_power": np.float32(1)}, "lr_power is not a non-positive scalar"),
    ("SparseApplyFtrlV2", {"l2_shrinkage": np.float32(-1)}, "l2 shrinkage regularization"),
    ("SparseApplyAdagrad", {"indices": np.array([0, 4, 1], np.int32)},
     "Index 4 at offset 1 in indices is out of range"),
    ("SparseApplyAdagrad", {"indices": np.array([0, 1, -1], np.int32)}, "Index -1 at offset 2"),
    ("SparseApplyAdagrad", {"indices": np.array([[0, 1, 2]], np.int32)}, "one-dimensional"),
    ("SparseApplyAdagrad", {"indices": np.array([0, 1], np.int32)}, "same size as indices"),
    ("SparseApplyAdagrad", {"grad": np.zeros((3, 4), np.float32)}, "match in dimension 1"),
])
def test_errors_in_a_run(op_type, change, message):
    with pytest.raises(errors.InvalidArgumentError, match=message):
        _kernel(op_type, {}, "float32")(**{**_inputs(op_type, "float32"), **change})


@pytest.mark.parametrize("resource", [False, True])
def test_errors_in_a_graph(resource):
    with tf.Graph().as_default():
        var = tf.Variable(np.zeros([4, 3], np.float32), use_resource=resource)
        slot = tf.Variable(np.zeros([4, 2], np.float32), use_resource=resource)
        prefix = "Resource" if resource else ""
        ref = [v.handle if resource else v for v in (var, slot)]
        dense, sparse = (getattr(raw_ops, prefix + name)
                         for name in ("ApplyAdagrad", "SparseApplyAdagrad"))
        with pytest.raises(ValueError, match="input shapes"):
            dense(ref[0], ref[1], 0.1, tf.zeros([4, 3]))
        with pytest.raises(ValueError, match="must be rank 0"):
            dense(ref[0], ref[0], tf.zeros([2]), tf.zeros([4, 3]))
        with pytest.raises(ValueError, match="are 2 and 3"):
            sparse(ref[0], ref[0], 0.1, tf.zeros([3, 3]), tf.zeros([2], tf.int32))
        with pytest.raises(ValueError, match="input shapes"):
            sparse(ref[0], ref[0], 0.1, tf.zeros([3, 2]), tf.zeros([3], tf.int32))
