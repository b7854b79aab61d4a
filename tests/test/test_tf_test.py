"""tf.test: the cases of this file are written as its users write theirs."""

import os

import numpy as np
import pytest

import graphflow as tf


class TestSessions(tf.test.TestCase):
    def testSessions(self):
        with self.cached_session() as sess:
            x = tf.constant([1.0, 2.0])
            self.assertAllEqual(x.eval(), [1, 2])
            with self.cached_session() as again:
                self.assertIs(sess, again)
        with self.assertRaisesRegex(ValueError, "different"), self.cached_session(graph=tf.Graph()):
            self.fail("a cached session has one graph")
        with self.session(graph=tf.Graph()) as other:
            self.assertIsNot(other, sess)
            self.assertIs(tf.get_default_session(), other)
        with self.test_session() as again:
            self.assertIs(again, sess)

    def testSeedsAndGraph(self):
        self.assertEqual(tf.get_default_graph().get_operations(), [])
        self.assertEqual(tf.get_default_graph().seed, 87654321)
        with self.cached_session():
            self.assertEqual(tf.constant(1).device, "/device:CPU:0")

    def testEvaluate(self):
        self.assertAllClose(self.evaluate({"a": tf.constant(1.5)}), {"a": 1.5})
        self.assertAllEqual(tf.range(3), [0, 1, 2])

    def testTempDir(self):
        self.assertTrue(os.path.isdir(self.get_temp_dir()))
        self.assertEqual(self.get_temp_dir(), self.get_temp_dir())

    def testRaises(self):
        with self.cached_session() as sess, self.assertRaisesOpError("indices"):
            sess.run(tf.gather([1, 2], [5]))
        with self.assertRaises(AssertionError), self.assertRaisesOpError("x"):
            self.assertTrue(True)

    def testArrays(self):
        self.assertAllEqual([np.nan, 1], [np.nan, 1])
        self.assertAllCloseAccordingToType(np.float16(1.0), np.float16(1.0005))
        self.assertShapeEqual(np.zeros([2, 3]), tf.zeros([2, 3]))
        self.assertAllInSet([1, 2], {1, 2, 3})
        self.assertAllInRange([0.0, 0.5], 0, 1, open_upper_bound=True)
        for check in (lambda: self.assertAllEqual([1, 2], [1, 3]), lambda: self.assertAllEqual([1, 2], [[1, 2]]),
                      lambda: self.assertAllClose([1.0], [1.1]), lambda: self.assertAllClose({"a": 1}, {"b": 1}),
                      lambda: self.assertAllClose([[1, 2], [3]], [[1, 2], [4]]),
                      lambda: self.assertAllInRange([1.0], 0, 1, open_upper_bound=True),
                      lambda: self.assertAllGreater([1, 2], 1), lambda: self.assertNotAllClose(1.0, 1.0)):
            with self.assertRaises(AssertionError):
                check()
        self.assertNear(1.0, 1.1, 0.2)
        self.assertDeviceEqual("/cpu:0", "/device:CPU:0")

    def testProtos(self):
        node = tf.NodeDef(name="a", op="Const")
        self.assertProtoEquals("name: 'a' op: 'Const'", node)
        with self.assertRaises(AssertionError):
            self.assertProtoEquals("name: 'b'", node)

    def testThreads(self):
        seen = []
        thread = self.checkedThread(seen.append, args=[1])
        thread.start()
        thread.join()
        self.assertEqual(seen, [1])
        failing = self.checkedThread(lambda: 1 // 0)
        failing.start()
        with self.assertRaises(AssertionError):
            failing.join()


@pytest.mark.parametrize("dtype", [tf.float32, tf.float64, tf.complex64])
def test_gradient_error(dtype):
    with tf.Graph().as_default(), tf.Session():
        x = tf.placeholder(dtype, [2, 3])
        y = x * x * 2
        assert tf.test.compute_gradient_error(x, [2, 3], y, [2, 3], delta=1e-2) < 1e-2
        theoretical, numeric = tf.test.compute_gradient(x, [2, 3], y, [2, 3], np.ones([2, 3]), delta=1e-2)
        size = 12 if dtype.is_complex else 6
        np.testing.assert_allclose(theoretical, 4 * np.eye(size), rtol=1e-6)
        assert numeric.shape == (size, size)


def test_gradient_error_of_several_and_of_a_wrong_gradient():
    @tf.custom_gradient
    def wrong(x):
        return x * x, lambda dy: dy

    with tf.Graph().as_default(), tf.Session():
        x, z = tf.constant([1.0, 2.0]), tf.constant([3.0])
        assert tf.test.compute_gradient_error([x, z], [[2], [1]], x * z, [2]) < 1e-2
        error = tf.test.compute_gradient_error(x, [2], wrong(x), [2], x_init_value=np.array([1.0, 2.0]))
        assert error == pytest.approx(3, abs=0.01)
        pairs = tf.test.compute_gradient([x, z], [[2], [1]], tf.gather(x, [1, 1]) * z, [2])
        assert [theoretical.shape for theoretical, _ in pairs] == [(2, 2), (1, 2)]


def test_benchmarks(capsys):
    class Add(tf.test.Benchmark):
        def benchmarkAdd(self):
            with tf.Graph().as_default(), tf.Session() as sess:
                report = self.run_op_benchmark(sess, tf.constant(1) + 1, min_iters=2, name="add")
            assert report["iters"] == 2

    from graphflow.test.benchmark import run_benchmarks

    assert run_benchmarks("Add") == 0 and "add" in capsys.readouterr().out
    assert tf.test.Benchmark.is_abstract() and not Add.is_abstract()


def test_environment():
    assert tf.test.is_gpu_available() == bool(tf.test.gpu_device_name()) == tf.test.is_built_with_cuda()
    assert tf.test.mock.Mock is not None
    with pytest.raises(ValueError, match="min_cuda_compute_capability"):
        tf.test.is_gpu_available(min_cuda_compute_capability=(3, 5))
