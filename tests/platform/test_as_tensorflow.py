"""Programs that import TensorFlow run on GraphFlow, in a process of their own."""

import subprocess
import sys
import textwrap

import pytest

from graphflow import as_tensorflow, tensorflow_modules
from graphflow.framework import api
from tests.architecture.sources import ROOT


def run(program, *arguments, installed=True):
    head = "import graphflow; graphflow.install_as_tensorflow()\n" if installed else ""
    return subprocess.run([sys.executable, "-c", head + textwrap.dedent(program), *arguments],
                          cwd=ROOT, capture_output=True, text=True)


def output(program):
    done = run(program)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_tensorflow_is_graphflow():
    assert output("""
        import tensorflow as tf, graphflow
        import tensorflow.compat.v1 as v1
        from tensorflow.compat import v1 as again
        assert tf is graphflow is v1 is again
        print(tf.__version__, tf.VERSION, tf.version.VERSION)
    """) == "1.15.0 1.15.0 1.15.0"


def test_public_submodules_are_ours():
    output("""
        import tensorflow as tf
        import tensorflow.train
        from tensorflow.nn import relu
        from tensorflow.compat.v1.nn import relu as v1_relu
        from tensorflow.examples.tutorials.mnist import input_data
        import tensorflow.examples.tutorials.mnist.input_data as same
        assert tf.nn.relu is relu is v1_relu and input_data is same
        assert tf.train.__name__ == "graphflow.train", tf.train.__name__
    """)


def test_internal_modules_find_public_names():
    output("""
        import tensorflow as tf
        from tensorflow.python.framework import ops, dtypes, tensor_util
        from tensorflow.python.ops import array_ops, math_ops, gen_math_ops
        from tensorflow.python.ops.math_ops import reduce_sum
        from tensorflow.python.platform import gfile, flags
        from tensorflow.core.framework import graph_pb2
        from tensorflow.core.framework.node_def_pb2 import NodeDef
        import tensorflow.python.framework.ops as same
        ops.reset_default_graph()
        assert ops is same and tf.python.framework.ops is ops
        assert math_ops.reduce_sum is reduce_sum is tf.reduce_sum
        assert dtypes.float32 is tf.float32 and array_ops.concat is tf.concat
        assert gfile.Exists is tf.gfile.Exists and flags.FLAGS is tf.flags.FLAGS
        assert graph_pb2.GraphDef is tf.GraphDef and NodeDef.__name__ == "NodeDef"
        assert gen_math_ops.mat_mul([[1.0]], [[2.0]]).op.type == "MatMul"
        assert int(tensor_util.constant_value(tf.constant(3))) == 3
    """)


@pytest.mark.parametrize("line, error, name", [
    ("import tensorflow.nothing", "ModuleNotFoundError", "tensorflow.nothing"),
    ("from tensorflow.python.ops import nothing_ops", "ImportError", "nothing_ops"),
    ("from tensorflow.python.ops.math_ops import nothing", "ImportError", "nothing"),
    ("from tensorflow.python.ops import math_ops; math_ops.nothing(1)", "AttributeError",
     "tensorflow.python.ops.math_ops.nothing"),
    ("import tensorflow as tf; tf.nothing", "AttributeError", "tf.nothing"),
    ("import tensorflow.keras", "ModuleNotFoundError", "Keras 3"),
    ("from tensorflow import keras", "ImportError", "Keras 3"),
    ("from tensorflow.keras.layers import Dense", "ModuleNotFoundError", "Keras 3"),
    ("import tensorflow as tf; tf.keras.datasets.mnist.load_data()", "AttributeError", "Keras 3"),
    ("import tensorflow as tf; tf.contrib.keras.layers", "AttributeError", "Keras 3"),
])
def test_a_missing_name_is_named(line, error, name):
    done = run(line)
    assert done.returncode == 1
    assert error in done.stderr and name in done.stderr.splitlines()[-1]


def test_the_table_holds():
    for path, target in tensorflow_modules.NAMES.items():
        if ":" in target:
            assert api.resolve(target) is not None, path
    for path in as_tensorflow._MODULES:
        assert as_tensorflow.module_for(path) is not None, path


def test_a_script_runs_unmodified(tmp_path):
    (tmp_path / "helper.py").write_text("import tensorflow as tf\nstart = tf.constant(20)\n")
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent("""
        import sys
        import tensorflow as tf
        import helper

        tf.app.flags.DEFINE_integer("plus", 1, "What to add.")
        FLAGS = tf.app.flags.FLAGS

        def main(argv):
            with tf.Session() as sess:
                print(sess.run(helper.start + FLAGS.plus), argv[1:])

        if __name__ == "__main__":
            tf.app.run()
    """))
    done = subprocess.run([sys.executable, "-m", "graphflow", str(script), "--plus=22", "rest"],
                          cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "42 ['rest']", done.stderr
    assert done.returncode == 0


def test_no_script_prints_the_usage():
    done = subprocess.run([sys.executable, "-m", "graphflow"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2 and "usage:" in done.stderr


def test_a_script_that_is_not_there_is_named():
    done = subprocess.run([sys.executable, "-m", "graphflow", "absent.py"], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (2, "python -m graphflow: no such file: absent.py\n")
