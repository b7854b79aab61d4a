"""A save that is killed, or that the disk refuses, leaves the checkpoint before it whole."""

import errno
import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import graphflow as tf
from graphflow.io import atomic_file, bundle_format, bundle_writer

SAVE_FOR_EVER = """
import itertools, sys
import numpy as np
import graphflow as tf
folder, first = sys.argv[1], int(sys.argv[2])
value = tf.placeholder(tf.float32, [])
variables = [tf.Variable(np.zeros([200, 300], np.float32), name=f"v{i}") for i in range(3)]
assign = tf.group(*[v.assign(tf.fill([200, 300], value)) for v in variables])
savers = [tf.train.Saver(max_to_keep=2), tf.train.Saver(max_to_keep=2)]
with tf.Session() as sess:
    for step in itertools.count(first):
        sess.run(assign, {value: step})
        savers[0].save(sess, folder + "/same", latest_filename="state")
        savers[1].save(sess, folder + "/step", step)
        if step == first:
            print("ready", flush=True)
"""


def values(prefix):
    """The one value of all variables in a checkpoint; fails unless it is whole."""
    found = [tf.train.load_variable(prefix, f"v{i}") for i in range(3)]
    assert all(array.shape == (200, 300) for array in found)
    assert len({float(x) for array in found for x in np.unique(array)}) == 1, "parts of two saves"
    return int(found[0][0, 0])


def kill_savers(folder, times):
    chooser, first = random.Random(1), 0
    for _ in range(times):
        process = subprocess.Popen([sys.executable, "-c", SAVE_FOR_EVER, str(folder), str(first)],
                                   stdout=subprocess.PIPE)
        try:
            assert process.stdout.readline() == b"ready\n"
            time.sleep(chooser.uniform(0, 0.06))
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
            process.stdout.close()
        same = values(str(folder / "same"))
        latest = tf.train.latest_checkpoint(str(folder))
        step = values(latest)
        assert latest == str(folder / f"step-{step}") and first <= step <= same <= step + 1
        first = same + 1
        for name in os.listdir(folder):
            if name.endswith(".index"):
                values(str(folder / name[:-6]))
    return first


def check_killed(tmp_path, times):
    first = kill_savers(tmp_path, times)
    with tf.Graph().as_default(), tf.Session() as sess:
        variables = [tf.Variable(np.zeros([200, 300], np.float32), name=f"v{i}") for i in range(3)]
        sess.run(tf.global_variables_initializer())
        for name in ("same", "step"):
            saver = tf.train.Saver(variables)
            saver.save(sess, str(tmp_path / name), latest_filename="state" if name == "same" else None)
        saver.restore(sess, str(tmp_path / "same"))
    assert first >= times
    assert not [name for name in os.listdir(tmp_path) if "tempstate" in name], "leftovers"


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_killed_saves(tmp_path):
    check_killed(tmp_path, 5)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_many_killed_saves(tmp_path):
    check_killed(tmp_path, 60)


@pytest.fixture
def saved(tmp_path):
    """A session whose variable is 1 in the checkpoint `m` and 2 now."""
    with tf.Graph().as_default(), tf.Session() as sess:
        v = tf.Variable(np.ones(1000), name="v")
        saver = tf.train.Saver()
        sess.run(tf.global_variables_initializer())
        saver.save(sess, str(tmp_path / "m"))
        sess.run(v.assign(v + 1))
        yield sess, saver, str(tmp_path / "m")


class Full:
    """A file on a disk without space left."""

    def __init__(self, file):
        self._file = file

    def write(self, data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def __getattr__(self, name):
        return getattr(self._file, name)


@pytest.mark.parametrize("suffix", [".data-00000-of-00001", ".index", ".meta", "checkpoint"])
def test_full_disk(saved, monkeypatch, suffix):
    sess, saver, path = saved
    before = set(os.listdir(os.path.dirname(path)))
    whole = atomic_file.AtomicFile

    def output(name):
        made = whole(name)
        if name.endswith(suffix):
            made.file = Full(made.file)
        return made

    for module in (atomic_file, bundle_format, bundle_writer):
        monkeypatch.setattr(module, "AtomicFile", output)
    with pytest.raises(tf.errors.ResourceExhaustedError, match="No space left"):
        saver.save(sess, path, 1)
    after = set(os.listdir(os.path.dirname(path)))
    assert not [name for name in after if "tempstate" in name]
    assert before <= after
    assert tf.train.latest_checkpoint(os.path.dirname(path)) == path
    assert tf.train.load_variable(path, "v")[0] == 1
    monkeypatch.undo()
    assert tf.train.load_variable(saver.save(sess, path, 1), "v")[0] == 2


def test_every_step_of_a_replacement(saved, monkeypatch):
    """Whatever call of the system is the last, the old or the new checkpoint is there, whole."""
    sess, saver, path = saved
    seen, replace = set(), os.replace

    def stop_at(number):
        calls = [0]

        def counted(function):
            def call(*arguments):
                calls[0] += 1
                if calls[0] == number:
                    raise OSError(errno.EIO, "stopped")
                return function(*arguments)

            return call

        monkeypatch.setattr(os, "replace", counted(replace))

    graph = tf.get_default_graph()
    to_one, to_two = graph.get_operation_by_name("v/Assign"), graph.get_operation_by_name("Assign")
    for number in range(1, 7):
        sess.run(to_one)
        saver.save(sess, path)
        sess.run(to_two)
        stop_at(number)
        try:
            saver.save(sess, path, write_meta_graph=False, write_state=False)
        except tf.errors.OpError:
            seen.add(number)
        monkeypatch.undo()
        assert tf.train.load_variable(path, "v")[0] in (1, 2)
    assert seen == {1, 2, 3, 4}


def test_without_links(saved, monkeypatch):
    sess, saver, path = saved

    def no_link(*arguments):
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", no_link)
    saver.save(sess, path)
    assert tf.train.load_variable(path, "v")[0] == 2
    assert sorted(os.listdir(os.path.dirname(path))) == ["checkpoint", "m.data-00000-of-00001", "m.index", "m.meta"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_read_only_folder(saved):
    sess, saver, path = saved
    folder = os.path.dirname(path)
    os.chmod(folder, 0o500)
    try:
        with pytest.raises(tf.errors.PermissionDeniedError):
            saver.save(sess, path)
    finally:
        os.chmod(folder, 0o700)
    assert tf.train.load_variable(path, "v")[0] == 1


def test_old_checkpoints_stay_until_the_new_one_is_whole(saved, monkeypatch):
    sess, _, path = saved
    saver = tf.train.Saver(max_to_keep=1)
    saver.save(sess, path, 1)

    def fail(self, *arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(tf.errors.ResourceExhaustedError):
        saver.save(sess, path, 2)
    monkeypatch.undo()
    assert tf.train.load_variable(path + "-1", "v")[0] == 2


def test_files_being_written_are_no_leftovers(tmp_path):
    alive = atomic_file.AtomicFile(str(tmp_path / "m.index"))
    (tmp_path / ("m.index.tempstate" + 32 * "0")).write_bytes(b"left")
    atomic_file.remove_abandoned(str(tmp_path / "m"))
    assert os.listdir(tmp_path) == [os.path.basename(alive.temporary)]
    alive.file.write(b"whole")
    alive.commit()
    assert (tmp_path / "m.index").read_bytes() == b"whole"
