"""Checkpoints on disk: the state file, readers, initialising from them, TensorFlow's own ones."""

import json
import os
import pathlib

import numpy as np
import pytest

import graphflow as tf
from graphflow.io.tensor_bundle import BundleWriter

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "bundle"


@pytest.fixture(autouse=True)
def fresh_graph():
    """Every test has a default graph of its own."""
    with tf.Graph().as_default():
        yield


def write(prefix, **values):
    with BundleWriter(str(prefix)) as writer:
        for name, value in values.items():
            writer.add(name, value)
    return str(prefix)


def test_state_file(tmp_path):
    folder = str(tmp_path)
    assert tf.train.get_checkpoint_state(folder) is None
    assert tf.train.latest_checkpoint(folder) is None
    tf.train.update_checkpoint_state(folder, str(tmp_path / "b"), [str(tmp_path / "a"), str(tmp_path / "b")],
                                     all_model_checkpoint_timestamps=[1.0, 2.0], last_preserved_timestamp=0.5)
    state = tf.train.get_checkpoint_state(folder)
    assert state.model_checkpoint_path == str(tmp_path / "b")
    assert list(state.all_model_checkpoint_timestamps) == [1, 2] and state.last_preserved_timestamp == 0.5
    assert tf.train.latest_checkpoint(folder) is None  # it names files that are not there
    write(tmp_path / "b", x=1.0)
    assert tf.train.latest_checkpoint(folder) == str(tmp_path / "b")
    assert os.listdir(tmp_path).count("checkpoint") == 1
    with pytest.raises(RuntimeError, match="conflicts"):
        tf.train.update_checkpoint_state(folder, os.path.join(folder, "checkpoint"))


def test_state_messages():
    make = tf.train.generate_checkpoint_state_proto
    state = make("rel", "rel/m-2", ["rel/m-1", "rel/m-2"])
    assert (state.model_checkpoint_path, list(state.all_model_checkpoint_paths)) == ("m-2", ["m-1", "m-2"])
    assert list(make("/abs", "/abs/m-2", ["/abs/m-1"]).all_model_checkpoint_paths) == ["/abs/m-1", "/abs/m-2"]
    with pytest.raises(ValueError, match="timestamps"):
        make("/abs", "/abs/m", ["/abs/m"], [1.0, 2.0])


@pytest.mark.parametrize("content", [b"", b"garbage {", b"\xff\xfe\x00", b"model_check"])
def test_unreadable_state_file(tmp_path, content):
    (tmp_path / "checkpoint").write_bytes(content)
    with pytest.warns(RuntimeWarning, match="unreadable.*no complete checkpoint"):
        assert tf.train.latest_checkpoint(str(tmp_path)) is None
    for i, name in enumerate(("m-1", "m-2", "m-3", "m-4")):
        write(tmp_path / name, x=1.0)
        os.utime(tmp_path / f"{name}.index", (i, i))
    os.remove(tmp_path / "m-3.data-00000-of-00001")
    (tmp_path / "m-4.index").write_bytes(b"broken")
    with pytest.warns(RuntimeWarning, match="unreadable.*m-2"):
        assert tf.train.latest_checkpoint(str(tmp_path)) == str(tmp_path / "m-2")


def test_exists_mtimes_remove(tmp_path):
    one, two = write(tmp_path / "m-1", x=1.0), write(tmp_path / "m-10", x=1.0)
    (tmp_path / "m-1.meta").write_bytes(b"")
    assert tf.train.checkpoint_exists(one) and not tf.train.checkpoint_exists(str(tmp_path / "m"))
    times = tf.train.get_checkpoint_mtimes([one, str(tmp_path / "none"), two])
    assert len(times) == 2 and times[0] > 1e9
    tf.train.remove_checkpoint(one)
    tf.train.remove_checkpoint(one)
    assert sorted(os.listdir(tmp_path)) == ["m-10.data-00000-of-00001", "m-10.index"]


def test_iterator(tmp_path):
    prefix = write(tmp_path / "m", x=1.0)
    tf.train.update_checkpoint_state(str(tmp_path), prefix)
    assert list(tf.train.checkpoints_iterator(str(tmp_path), timeout=0)) == [prefix]
    calls = []
    found = tf.train.checkpoints_iterator(
        str(tmp_path), timeout=0, timeout_fn=lambda: calls.append(1) or len(calls) == 3)
    assert list(found) == [prefix] and len(calls) == 3


def test_reader(tmp_path):
    prefix = write(tmp_path / "m", a=np.ones((2, 3), np.float32), b=np.int64(5), s=np.array(b"text", object))
    reader = tf.train.NewCheckpointReader(prefix)
    assert reader.get_variable_to_shape_map() == {"a": [2, 3], "b": [], "s": []}
    assert reader.get_variable_to_dtype_map() == {"a": tf.float32, "b": tf.int64, "s": tf.string}
    assert reader.has_tensor("a") and not reader.has_tensor("c")
    assert reader.get_tensor("b") == 5 and reader.get_tensor("s") == b"text"
    assert reader.debug_string() == b"a (DT_FLOAT) [2,3]\nb (DT_INT64) []\ns (DT_STRING) []\n"
    with pytest.raises(tf.errors.NotFoundError, match="Key c not found"):
        reader.get_tensor("c")
    with pytest.raises(tf.errors.NotFoundError, match="Failed to find any matching files"):
        tf.train.NewCheckpointReader(str(tmp_path / "none"))
    with pytest.raises(ValueError, match="Couldn't find 'checkpoint' file"):
        tf.train.load_checkpoint(str(tmp_path))
    tf.train.update_checkpoint_state(str(tmp_path), prefix)
    assert tf.train.load_variable(str(tmp_path), "a:0").sum() == 6
    assert tf.train.list_variables(str(tmp_path)) == [("a", [2, 3]), ("b", []), ("s", [])]


def test_init_from_checkpoint(tmp_path):
    prefix = write(tmp_path / "m", **{"old/a": np.float32(1), "old/b": np.ones(3, np.float32), "c": np.float32(4),
                                      "old/p": np.arange(4, dtype=np.float32)})
    with tf.variable_scope("new"):
        a = tf.get_variable("a", initializer=0.0)
        b = tf.get_variable("b", [3], use_resource=True)
        p = tf.get_variable("p", [4], partitioner=tf.fixed_size_partitioner(2))
    c = tf.Variable(0.0, name="c")
    tf.train.init_from_checkpoint(prefix, {"old/": "new/", "c": c})
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        assert sess.run([a, c]) == [1, 4] and sess.run(b).tolist() == [1, 1, 1]
        assert sess.run(p.as_tensor()).tolist() == [0, 1, 2, 3]
    assert a.initial_value.op.type == "RestoreV2"
    tf.train.init_from_checkpoint(prefix, {"old/b": "new/b", "old/p": list(p)})
    for bad, message in (({"none": c}, "is not found"), ({"old/b": c}, "doesn't match"),
                         ({"c": "nowhere"}, "scope only"),
                         ({"/": "new/"}, "is not found")):
        with pytest.raises(ValueError, match=message):
            tf.train.init_from_checkpoint(prefix, bad)


@pytest.mark.parametrize("name", ["model", "sharded"])
def test_checkpoints_of_tensorflow(name):
    prefix = str(GOLDEN / name)
    reader = tf.train.NewCheckpointReader(prefix)
    shapes, types = reader.get_variable_to_shape_map(), reader.get_variable_to_dtype_map()
    wanted = {n: types[n] for n in shapes if types[n] != tf.bfloat16}
    variables = {n: tf.Variable(np.zeros(shapes[n], t.as_numpy_dtype) if t != tf.string else
                                np.full(shapes[n], b"", object), dtype=t, name="v") for n, t in wanted.items()}
    expected = np.load(GOLDEN / "values.npz", allow_pickle=False)
    strings = json.loads((GOLDEN / "strings.json").read_text())
    with tf.Session() as sess:
        tf.train.Saver(variables).restore(sess, prefix)
        for n, value in sess.run(variables).items():
            if n in expected:
                np.testing.assert_array_equal(value, expected[n])
            elif n in strings:
                value = np.asarray(value, object)
                assert [t.hex() for t in value.ravel().tolist()] == strings[n]["hex"]
