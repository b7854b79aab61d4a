"""tf.train.Saver: nodes, round trips, which checkpoints stay, errors a person can act on."""

import os
import re
import shutil

import numpy as np
import pytest

import graphflow as tf
from graphflow.training.saver import _get_saver_or_default


@pytest.fixture(autouse=True)
def fresh_graph():
    """Every test has a default graph of its own."""
    with tf.Graph().as_default():
        yield


def model(scale=1.0):
    """Variables of several kinds."""
    return [tf.Variable(scale * np.ones((2, 3), np.float32), name="W"),
            tf.Variable(np.int64(7 * scale), name="step", trainable=False),
            tf.Variable([b"text"], name="text", trainable=False),
            tf.Variable(scale * np.ones(2), name="r", use_resource=True)]


def initialized():
    sess = tf.Session()
    sess.run(tf.global_variables_initializer())
    return sess


def checkpoints(folder):
    return sorted(name[:-6] for name in os.listdir(folder) if name.endswith(".index"))


def test_nodes():
    """Names, types and edges as TensorFlow 2.21's Saver (compat.v1) makes them, too."""
    tf.Variable([1.0], name="W")
    saver = tf.train.Saver()
    made = {op.name: op for op in tf.get_default_graph().get_operations() if op.name.startswith("save/")}
    assert {name[5:]: op.type for name, op in made.items()} == {
        "filename/input": "Const", "filename": "PlaceholderWithDefault", "Const": "PlaceholderWithDefault",
        "SaveV2/tensor_names": "Const", "SaveV2/shape_and_slices": "Const", "SaveV2": "SaveV2",
        "control_dependency": "Identity", "RestoreV2/tensor_names": "Const",
        "RestoreV2/shape_and_slices": "Const", "RestoreV2": "RestoreV2", "Assign": "Assign",
        "restore_all": "NoOp"}
    assert [t.name for t in made["save/SaveV2"].inputs][-1] == "W:0"
    assert made["save/RestoreV2"].device == "/device:CPU:0"
    assert [op.name for op in made["save/restore_all"].control_inputs] == ["save/Assign"]
    definition = saver.as_saver_def()
    assert (definition.filename_tensor_name, definition.save_tensor_name, definition.restore_op_name) == (
        "save/Const:0", "save/control_dependency:0", "save/restore_all")
    assert (definition.max_to_keep, definition.version, definition.sharded) == (5, 2, False)
    assert tf.train.Saver(name="mine").saver_def.save_tensor_name == "mine/control_dependency:0"


def test_round_trip(tmp_path):
    variables = model()
    saver = tf.train.Saver()
    with initialized() as sess:
        before = sess.run(variables)
        path = saver.save(sess, str(tmp_path / "m"), global_step=3)
        assert path == str(tmp_path / "m-3")
    with tf.Session() as sess:
        saver.restore(sess, path)
        for a, b in zip(before, sess.run(variables), strict=True):
            np.testing.assert_array_equal(a, b)
    assert sorted(os.listdir(tmp_path)) == ["checkpoint", "m-3.data-00000-of-00001", "m-3.index", "m-3.meta"]
    assert tf.train.latest_checkpoint(str(tmp_path)) == path


def test_dict_of_names(tmp_path):
    w, step, *_ = model()
    with initialized() as sess:
        path = tf.train.Saver({"other/W": w, "s": step}).save(sess, str(tmp_path / "m"))
        assert tf.train.list_variables(path) == [("other/W", [2, 3]), ("s", [])]
        sess.run(w.assign(tf.zeros([2, 3])))
        tf.train.Saver({"other/W": w}).restore(sess, path)
        assert sess.run(w).sum() == 6


def test_global_steps(tmp_path):
    _, step, *_ = model()
    saver = tf.train.Saver(pad_step_number=True)
    with initialized() as sess:
        for value in (step, "step:0", step.value(), np.int64(7), 7):
            assert saver.save(sess, str(tmp_path / "m"), value) == str(tmp_path / "m-00000007")


def test_five_are_kept(tmp_path):
    model()
    saver = tf.train.Saver()
    with initialized() as sess:
        for step in range(8):
            saver.save(sess, str(tmp_path / "m"), step)
    assert checkpoints(tmp_path) == [f"m-{i}" for i in range(3, 8)]
    assert sorted(n for n in os.listdir(tmp_path) if n.endswith(".meta")) == [f"m-{i}.meta" for i in range(3, 8)]
    assert saver.last_checkpoints == [str(tmp_path / f"m-{i}") for i in range(3, 8)]
    state = tf.train.get_checkpoint_state(str(tmp_path))
    assert list(state.all_model_checkpoint_paths) == saver.last_checkpoints
    assert state.model_checkpoint_path == saver.last_checkpoints[-1]


@pytest.mark.parametrize("keep", [None, 0])
def test_all_are_kept(tmp_path, keep):
    model()
    saver = tf.train.Saver(max_to_keep=keep)
    with initialized() as sess:
        for step in range(7):
            saver.save(sess, str(tmp_path / "m"), step, write_meta_graph=False)
    assert len(checkpoints(tmp_path)) == 7 and saver.last_checkpoints == []
    assert len(tf.train.get_checkpoint_state(str(tmp_path)).all_model_checkpoint_paths) == 1


def test_one_is_kept_for_every_so_many_hours(tmp_path):
    model()
    saver = tf.train.Saver(max_to_keep=1, keep_checkpoint_every_n_hours=1)
    with initialized() as sess:
        saver.save(sess, str(tmp_path / "m"), 1)
        saver._next_checkpoint_time = 0
        saver.save(sess, str(tmp_path / "m"), 2)
        saver.save(sess, str(tmp_path / "m"), 3)
        saver._next_checkpoint_time = 4e9
        saver.save(sess, str(tmp_path / "m"), 4)
    assert checkpoints(tmp_path) == ["m-1", "m-2", "m-4"]


def test_bookkeeping_after_a_restart(tmp_path):
    model()
    saver = tf.train.Saver(max_to_keep=2)
    with initialized() as sess:
        for step in range(2):
            saver.save(sess, str(tmp_path / "m"), step)
        again = tf.train.Saver(max_to_keep=2)
        again.recover_last_checkpoints([*saver.last_checkpoints, str(tmp_path / "gone")])
        assert again.last_checkpoints == saver.last_checkpoints
        again.save(sess, str(tmp_path / "m"), 2)
    assert checkpoints(tmp_path) == ["m-1", "m-2"]
    again.set_last_checkpoints(["x"])
    assert again.last_checkpoints == ["x"]
    with pytest.raises(AssertionError):
        again.set_last_checkpoints_with_time(("x", 1.0))


def test_same_name_again(tmp_path):
    w, *_ = model()
    saver = tf.train.Saver()
    with initialized() as sess:
        for value in range(4):
            sess.run(w.assign(np.full((2, 3), value, np.float32)))
            path = saver.save(sess, str(tmp_path / "m"))
            assert tf.train.load_variable(path, "W:0")[0, 0] == value
    assert sorted(os.listdir(tmp_path)) == ["checkpoint", "m.data-00000-of-00001", "m.index", "m.meta"]


def test_folder_can_be_moved(tmp_path):
    model()
    saver = tf.train.Saver(save_relative_paths=True)
    with initialized() as sess:
        for step in range(2):
            saver.save(sess, str(tmp_path / "a" / "m"), step)
        shutil.move(tmp_path / "a", tmp_path / "b")
        assert tf.train.latest_checkpoint(str(tmp_path / "b")) == str(tmp_path / "b" / "m-1")
        saver.restore(sess, tf.train.latest_checkpoint(str(tmp_path / "b")))


def test_relative_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model()
    with initialized() as sess:
        assert tf.train.Saver().save(sess, "m") == "m"
        assert tf.train.Saver().save(sess, "sub/m", latest_filename="state") == "sub/m"
    assert tf.train.latest_checkpoint(".") == "./m"
    assert tf.train.latest_checkpoint("sub", "state") == "sub/m"
    assert "sub" not in (tmp_path / "sub" / "state").read_text()


def test_partitioned_variable(tmp_path):
    whole = tf.get_variable("p", initializer=tf.constant(np.arange(12.0).reshape(4, 3)),
                            partitioner=tf.fixed_size_partitioner(2))
    with initialized() as sess:
        path = tf.train.Saver().save(sess, str(tmp_path / "m"))
        np.testing.assert_array_equal(tf.train.load_variable(path, "p"), np.arange(12.0).reshape(4, 3))
        for part in whole:
            sess.run(part.initializer, {part.initial_value: np.zeros((2, 3))})
        tf.train.Saver().restore(sess, path)
        assert sess.run(whole.as_tensor()).sum() == 66
    with tf.Graph().as_default():
        one = tf.Variable(np.zeros((4, 3)), name="p")
        with tf.Session() as sess:
            tf.train.Saver([one]).restore(sess, path)
            assert sess.run(one).sum() == 66


def test_reshape(tmp_path):
    model()
    with initialized() as sess:
        path = tf.train.Saver().save(sess, str(tmp_path / "m"))
    with tf.Graph().as_default(), tf.Session() as sess:
        w = tf.Variable(np.zeros((3, 2), np.float32), name="W")
        tf.train.Saver([w], reshape=True).restore(sess, path)
        assert sess.run(w).tolist() == [[1, 1]] * 3


def test_sharded(tmp_path):
    with tf.device("/cpu:0"):
        a = tf.Variable(1.0, name="a")
    tf.Variable(2.0, name="b")
    saver = tf.train.Saver(sharded=True)
    with initialized() as sess:
        for _ in range(2):
            path = saver.save(sess, str(tmp_path / "m"), 1)
        assert path == str(tmp_path / "m-1")
        assert checkpoints(tmp_path) == ["m-1"] and not [n for n in os.listdir(tmp_path) if "temp" in n]
        assert dict(tf.train.list_variables(path)) == {"a": [], "b": []}
        sess.run(a.assign(5.0))
        saver.restore(sess, path)
        assert sess.run(a) == 1.0


def test_deferred_and_empty(tmp_path):
    with pytest.raises(ValueError, match="No variables to save"):
        tf.train.Saver()
    empty = tf.train.Saver(allow_empty=True)
    deferred = tf.train.Saver(defer_build=True)
    model()
    with initialized() as sess:
        assert empty.save(sess, str(tmp_path / "e"), write_meta_graph=False) is None
        empty.restore(sess, None)
        with pytest.raises(RuntimeError, match="build"):
            deferred.save(sess, str(tmp_path / "m"))
        deferred.build()
        deferred.build()
        assert deferred.save(sess, str(tmp_path / "m"))
    with pytest.raises(ValueError, match="build cannot be deferred"):
        tf.train.Saver(tf.global_variables(), defer_build=True)


def test_wrong_arguments(tmp_path):
    w, *_ = model()
    saver = tf.train.Saver()
    with initialized() as sess:
        with pytest.raises(TypeError, match="'sess' must be a Session"):
            saver.save(None, str(tmp_path / "m"))
        with pytest.raises(ValueError, match="path components"):
            saver.save(sess, str(tmp_path / "m"), latest_filename="a/b")
        with pytest.raises(ValueError, match="collides"):
            saver.save(sess, str(tmp_path / "checkpoint"))
        with pytest.raises(ValueError, match="Parent directory of .* doesn't exist, can't save"):
            saver.save(sess, str(tmp_path / "a" / "b" / "m"))
        with pytest.raises(ValueError, match="when it is None"):
            saver.restore(sess, None)
        with pytest.raises(ValueError, match="not a valid checkpoint: .*none"):
            saver.restore(sess, str(tmp_path / "none"))
    with pytest.raises(tf.errors.UnimplementedError, match="V2"):
        tf.train.Saver(write_version=tf.train.SaverDef.V1)
    for bad, kind in (([w, w], ValueError), ({"a": w, "b": w}, ValueError), ({1: w}, TypeError),
                      ([tf.constant(1)], TypeError), ({"a": tf.constant(1)}, TypeError), (w, TypeError)):
        with pytest.raises(kind):
            tf.train.Saver(bad)


def test_uninitialized_variables_are_not_saved(tmp_path):
    model()
    with tf.Session() as sess, pytest.raises(tf.errors.FailedPreconditionError, match="W"):
        tf.train.Saver().save(sess, str(tmp_path / "m"))
    assert os.listdir(tmp_path) == []


def test_missing_and_misshapen_variables(tmp_path):
    w, step, *_ = model()
    with initialized() as sess:
        path = tf.train.Saver([w, step]).save(sess, str(tmp_path / "m"))
    with tf.Graph().as_default(), tf.Session() as sess:
        tf.Variable(np.zeros((2, 3), np.float32), name="W")
        second = tf.Variable(np.zeros((2, 3), np.float32), name="W")
        with pytest.raises(tf.errors.NotFoundError) as caught:
            tf.train.Saver().restore(sess, path)
        assert str(caught.value).startswith("Key W_1 not found in checkpoint")
        assert "Restoring from checkpoint failed. This is most likely due to a Variable name" in str(caught.value)
        assert "reset_default_graph" in str(caught.value)
        assert second.op.name == "W_1"
    with tf.Graph().as_default(), initialized() as sess:
        made = [tf.Variable(np.zeros((3, 3), np.float32), name="W"), tf.Variable([np.int64(1)] * 2, name="step")]
        sess.run(tf.global_variables_initializer())
        with pytest.raises(tf.errors.InvalidArgumentError) as caught:
            tf.train.Saver().restore(sess, path)
        text = str(caught.value)
        assert re.match(r"Assign requires shapes of both tensors to match. lhs shape= \[3,3\] rhs shape= \[2,3\]", text)
        assert r"lhs shape= [2] rhs shape= []: variable 'step'" in text and "a mismatch between" in text
        assert sess.run(made[0]).sum() == 0


def test_resource_variables_of_other_shapes(tmp_path):
    a = tf.Variable(np.ones(3), use_resource=True, name="a")
    with initialized() as sess:
        path = tf.train.Saver([a]).save(sess, str(tmp_path / "m"))
    with tf.Graph().as_default(), tf.Session() as sess:
        tf.Variable(np.ones(4), use_resource=True, name="a")
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"lhs shape= \[4\] rhs shape= \[3\]"):
            tf.train.Saver().restore(sess, path)


def test_protos():
    model()
    with tf.name_scope("scope"):
        saver = tf.train.Saver()
    assert saver.to_proto("scope").save_tensor_name == "save/control_dependency:0"
    assert saver.to_proto("elsewhere") is None
    assert saver.to_proto().save_tensor_name == "scope/save/control_dependency:0"
    again = tf.train.Saver.from_proto(saver.to_proto("scope"), import_scope="scope")
    assert again.saver_def == saver.saver_def
    with pytest.raises(ValueError, match="must be a saver_pb2.SaverDef"):
        tf.train.Saver(saver_def="x")
    with pytest.raises(ValueError, match="save_tensor_name"):
        tf.train.Saver(saver_def=tf.train.SaverDef())


def test_default_saver():
    model()
    saver = _get_saver_or_default()
    assert _get_saver_or_default() is saver and tf.get_collection(tf.GraphKeys.SAVERS) == [saver]
    tf.add_to_collection(tf.GraphKeys.SAVERS, saver)
    with pytest.raises(RuntimeError, match="More than one item"):
        _get_saver_or_default()
