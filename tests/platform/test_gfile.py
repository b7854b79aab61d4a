"""tf.gfile: contents, and failures as tf.errors."""

import os

import pytest

import graphflow as tf


def test_text_and_bytes(tmp_path):
    path = str(tmp_path / "a.txt")
    with tf.gfile.GFile(path, "w") as f:
        f.write("één\n")
        f.write(b"two\n")
    assert tf.gfile.GFile(path).read() == "één\ntwo\n"
    assert tf.gfile.FastGFile(path, "rb").read(5) == "één".encode()
    with tf.gfile.Open(path) as f:
        assert f.readline() == "één\n" and list(f) == ["two\n"] and f.readline() == ""
        assert f.size() == 10 and f.tell() == 10
        f.seek(-4, 2)
        assert f.readlines() == ["two\n"]
    with tf.gfile.GFile(path, "a") as f:
        f.write("three")
        assert f.size() == 15


def test_a_missing_file_is_found_missing_on_reading(tmp_path):
    file = tf.gfile.GFile(str(tmp_path / "none"))
    with pytest.raises(tf.errors.NotFoundError, match="none; No such file"):
        file.read()


def test_modes(tmp_path):
    path = str(tmp_path / "a")
    with pytest.raises(tf.errors.PermissionDeniedError, match="reading"):
        tf.gfile.GFile(path, "w").read()
    with pytest.raises(tf.errors.PermissionDeniedError, match="writing"):
        tf.gfile.GFile(path).write("x")
    with pytest.raises(tf.errors.InvalidArgumentError, match="mode"):
        tf.gfile.GFile(path, "x")


def test_directories(tmp_path):
    top = str(tmp_path / "a" / "b")
    tf.gfile.MakeDirs(top)
    tf.gfile.MakeDirs(top)
    with pytest.raises(tf.errors.AlreadyExistsError):
        tf.gfile.MkDir(top)
    with pytest.raises(tf.errors.NotFoundError):
        tf.gfile.MkDir(str(tmp_path / "x" / "y"))
    for name in ("2", "1"):
        tf.io.gfile.GFile(os.path.join(top, name), "w").write(name)
    assert tf.gfile.ListDirectory(top) == ["1", "2"]
    assert tf.gfile.Glob([os.path.join(top, "[12]"), top]) == [os.path.join(top, "1"), os.path.join(top, "2"), top]
    a = str(tmp_path / "a")
    assert list(tf.gfile.Walk(a)) == [(a, ["b"], []), (top, [], ["1", "2"])]
    assert list(tf.gfile.Walk(a, in_order=False))[0][0] == top
    assert tf.gfile.IsDirectory(a) and not tf.gfile.IsDirectory(os.path.join(top, "1"))
    tf.gfile.DeleteRecursively(a)
    assert not tf.gfile.Exists(a)
    with pytest.raises(tf.errors.NotFoundError):
        tf.gfile.ListDirectory(a)


def test_copy_rename_remove(tmp_path):
    one, two = str(tmp_path / "1"), str(tmp_path / "2")
    with tf.gfile.GFile(one, "w") as f:
        f.write("x")
    tf.gfile.Copy(one, two)
    for function in (tf.gfile.Copy, tf.gfile.Rename, tf.io.gfile.copy):
        with pytest.raises(tf.errors.AlreadyExistsError):
            function(one, two)
    tf.gfile.Rename(one, two, overwrite=True)
    assert tf.gfile.Stat(two).length == 1 and not tf.gfile.Exists(one)
    tf.gfile.Remove(two)
    with pytest.raises(tf.errors.NotFoundError):
        tf.gfile.Remove(two)


def test_remote_paths_are_refused_by_name():
    with pytest.raises(tf.errors.UnimplementedError, match="'gs'"):
        tf.gfile.GFile("gs://bucket/file").read()
