"""MNIST input: reading, downloading, damaged files, and TensorFlow 1.15's order of batches."""

import functools
import gzip
import hashlib
import http.server
import os
import pathlib
import struct
import threading

import numpy as np
import pytest

import graphflow as tf
from graphflow.examples.tutorials.mnist import download, input_data

ROOT = pathlib.Path(__file__).resolve().parents[2]
MNIST = pathlib.Path(os.environ.get("GRAPHFLOW_MNIST", ROOT.parent / "shared" / "data" / "mnist"))


def _idx(array):
    """The bytes of an IDX file with a uint8 array."""
    return struct.pack(f">{array.ndim + 1}I", 0x0800 + array.ndim, *array.shape) + array.tobytes()


def _sets(train=12, test=5):
    """Tiny images and labels, as file name -> array; pixels of example i are all i."""
    def images(n):
        return np.repeat(np.arange(n, dtype=np.uint8), 6).reshape(n, 2, 3)

    def labels(n):
        return (np.arange(n) % 10).astype(np.uint8)

    return {input_data.TRAIN_IMAGES: images(train), input_data.TRAIN_LABELS: labels(train),
            input_data.TEST_IMAGES: images(test), input_data.TEST_LABELS: labels(test)}


@pytest.fixture
def folder(tmp_path):
    """A folder with four tiny gzipped files."""
    for name, array in _sets().items():
        (tmp_path / name).write_bytes(gzip.compress(_idx(array)))
    return tmp_path


@pytest.fixture
def server(folder):
    """The address of an HTTP server for `folder`."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            """Requests are not worth a line of test output."""

        def do_GET(self):
            if self.path != "/cut.gz":
                return super().do_GET()
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"only this")

    handler = functools.partial(Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}/"
        running.shutdown()
        thread.join()


def test_read_data_sets(folder):
    sets = input_data.read_data_sets(folder, validation_size=4)
    assert [s.num_examples for s in sets] == [8, 4, 5]
    assert sets.train.images.dtype == np.float32 and sets.train.images.shape == (8, 6)
    np.testing.assert_array_equal(sets.train.images[:, 0],
                                  np.arange(4, 12, dtype=np.float32) * np.float32(1 / 255))
    np.testing.assert_array_equal(sets.validation.labels, [0, 1, 2, 3])
    assert sets.train.labels.dtype == np.uint8


def test_options(folder):
    sets = input_data.read_data_sets(
        folder, one_hot=True, dtype=tf.uint8, reshape=False, validation_size=0)
    assert sets.train.images.shape == (12, 2, 3, 1) and sets.train.images.dtype == np.uint8
    assert sets.validation.num_examples == 0
    assert sets.test.labels.dtype == np.float64
    np.testing.assert_array_equal(sets.test.labels, np.eye(10)[:5])


def test_uncompressed_files(folder):
    for name in _sets():
        packed = folder / name
        (folder / name[:-3]).write_bytes(gzip.decompress(packed.read_bytes()))
        packed.unlink()
    sets = input_data.read_data_sets(str(folder), validation_size=2)
    np.testing.assert_array_equal(sets.test.labels, range(5))


def _expected_batches(n, batch_size, steps, seed):
    """What a shuffle at the start of each epoch gives, example by example."""
    np.random.seed(seed)
    order, position, out = None, n, []
    for _ in range(steps):
        batch = []
        for _ in range(batch_size):
            if position == n:
                draw = np.arange(n)
                np.random.shuffle(draw)
                order = draw if order is None else order[draw]
                position = 0
            batch.append(order[position])
            position += 1
        out.append(batch)
    return out


def _data(n, seed=None):
    ids = np.arange(n, dtype=np.uint8)
    return input_data.DataSet(np.tile(ids[:, None, None, None], (1, 1, 2, 1)), ids,
                              dtype=tf.uint8, seed=seed)


@pytest.mark.parametrize("batch_size", [1, 3, 4])
def test_seeded_order(batch_size):
    tf.reset_default_graph()
    data = _data(10, seed=7)
    got = [data.next_batch(batch_size) for _ in range(9)]
    want = _expected_batches(10, batch_size, 9, seed=7)
    assert [list(labels) for _, labels in got] == want
    for images, labels in got:
        np.testing.assert_array_equal(images[:, 0], labels)


def test_graph_seed_is_used_without_an_own_seed():
    with tf.Graph().as_default():
        tf.set_random_seed(11)
        data = _data(10)
    assert list(data.next_batch(10)[1]) == _expected_batches(10, 10, 1, seed=11)[0]


def test_epochs_and_no_shuffle():
    data = _data(5)
    assert list(data.next_batch(3, shuffle=False)[1]) == [0, 1, 2]
    assert data.epochs_completed == 0
    assert list(data.next_batch(3, shuffle=False)[1]) == [3, 4, 0]
    assert data.epochs_completed == 1
    assert list(data.next_batch(4, shuffle=False)[1]) == [1, 2, 3, 4]
    assert data.epochs_completed == 1


def test_fake_data(tmp_path):
    sets = input_data.read_data_sets(tmp_path, fake_data=True, one_hot=True)
    images, labels = sets.train.next_batch(2, fake_data=True)
    assert sets.test.num_examples == 10000
    assert images == [[1] * 784] * 2 and labels == [[1] + [0] * 9] * 2


def test_bad_arguments(folder):
    with pytest.raises(ValueError, match="between 0 and 12. Received: 5000"):
        input_data.read_data_sets(folder)
    with pytest.raises(TypeError, match="expected uint8 or float32"):
        input_data.read_data_sets(folder, dtype=tf.float64, validation_size=0)
    with pytest.raises(ValueError, match=r"not in \[0, 3\)"):
        input_data.dense_to_one_hot(np.array([1, 3]), 3)


@pytest.mark.parametrize("damage, message", [
    (lambda raw: gzip.compress(raw)[:-12], "damaged or cut short"),
    (lambda raw: gzip.compress(raw[:-5]), r"shape \[12, 2, 3\], and 67 bytes follow"),
    (lambda raw: gzip.compress(raw + b"x"), "73 bytes follow"),
    (lambda raw: gzip.compress(raw[:6]), "damaged or cut short"),
    (lambda raw: gzip.compress(b"\0\0\x08\x01" + raw[4:]), "Invalid magic number 2049"),
    (lambda raw: b"<html>not found</html>", "Invalid magic number"),
    (lambda raw: b"", "Invalid magic number"),
], ids=["gzip", "short", "long", "header", "magic", "html", "empty"])
def test_damaged_file_is_named(folder, damage, message):
    name = input_data.TRAIN_IMAGES
    (folder / name).write_bytes(damage(_idx(_sets()[name])))
    with pytest.raises(ValueError, match=message) as caught:
        input_data.read_data_sets(folder, validation_size=0)
    assert str(folder / name) in str(caught.value)


def test_flipped_byte_is_found(folder):
    path = folder / input_data.TEST_LABELS
    packed = bytearray(path.read_bytes())
    packed[-8] ^= 1                                 # first byte of gzip's own checksum
    path.write_bytes(packed)
    with pytest.raises(ValueError, match="damaged"):
        input_data.read_data_sets(folder, validation_size=0)


def test_download(server, tmp_path):
    target = tmp_path / "new" / "folder"
    sets = input_data.read_data_sets(target, validation_size=0, source_url=server)
    assert sets.train.num_examples == 12
    assert sorted(os.listdir(target)) == sorted(_sets())
    again = download.maybe_download(input_data.TEST_LABELS, target, "http://127.0.0.1:1/never")
    assert again == str(target / input_data.TEST_LABELS)


def test_checksum_is_of_the_content(server, folder, tmp_path):
    name = input_data.TEST_LABELS
    right = hashlib.sha256(_idx(_sets()[name])).hexdigest()
    target = tmp_path / "target"
    with pytest.raises(ValueError, match=f"{name} .* is not the file expected"):
        download.maybe_download(name, target, server + name, "0" * 64)
    assert os.listdir(target) == []
    (folder / name).write_bytes(gzip.compress(_idx(_sets()[name]), compresslevel=1, mtime=9))
    assert os.path.exists(download.maybe_download(name, target, server + name, right))


def test_default_source_is_checked(server, tmp_path, monkeypatch):
    monkeypatch.setattr(input_data, "DEFAULT_SOURCE_URL", server)
    with pytest.raises(ValueError, match="SHA-256"):
        input_data.read_data_sets(tmp_path / "target", source_url="")
    assert os.listdir(tmp_path / "target") == []


def test_interrupted_download_leaves_nothing(server, tmp_path):
    target = tmp_path / "target"
    with pytest.raises(OSError, match="ended after 9 of 1000 bytes|IncompleteRead"):
        download.maybe_download("cut.gz", target, server + "cut.gz")
    assert os.listdir(target) == []


def test_damaged_download(server, folder, tmp_path):
    (folder / "bad.gz").write_bytes(gzip.compress(b"content" * 100)[:-9])
    with pytest.raises(ValueError, match="bad.gz as downloaded from .* is damaged"):
        download.maybe_download("bad.gz", tmp_path / "target", server + "bad.gz", "0" * 64)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://no-such-host.invalid/"])
def test_no_network_says_what_to_do(url, tmp_path):
    with pytest.raises(OSError, match="could not be downloaded") as caught:
        input_data.read_data_sets(tmp_path, source_url=url)
    assert str(tmp_path / input_data.TRAIN_IMAGES) in str(caught.value)


def test_missing_on_server(server, tmp_path):
    with pytest.raises(OSError, match="404"):
        download.maybe_download("other.gz", tmp_path / "target", server + "other.gz")


@pytest.mark.skipif(not (MNIST / input_data.TEST_IMAGES).exists(),
                    reason="no MNIST: set GRAPHFLOW_MNIST to a folder with its four files")
def test_real_mnist():
    sets = input_data.read_data_sets(MNIST, one_hot=True, dtype=tf.uint8)
    assert [s.num_examples for s in sets] == [55000, 5000, 10000]
    assert sets.train.images.shape == (55000, 784)
    np.testing.assert_array_equal(sets.test.labels[:5].argmax(1), [7, 2, 1, 0, 4])
    for name, sha256 in input_data._SHA256.items():
        download._check(MNIST / name, name, "the folder", sha256)
