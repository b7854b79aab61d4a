"""tf.flags in processes of their own: flags are global."""

import subprocess
import sys
import textwrap

from tests.architecture.sources import ROOT


def output(program, *arguments, status=0):
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program), *arguments],
                          cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == status, done.stderr
    return done.stdout.strip()


def test_reading_a_flag_parses():
    assert output("""
        import graphflow as tf
        flags = tf.app.flags
        flags.DEFINE_string("name", "x", "A name.")
        flags.DEFINE_integer(flag_name="n", default_value=3, docstring="A number.")
        flags.DEFINE_boolean("fast", False, "Speed.")
        FLAGS = flags.FLAGS
        assert not FLAGS.is_parsed()
        print(FLAGS.name, FLAGS.n, FLAGS.fast, tf.flags.FLAGS is FLAGS)
        FLAGS.n = 5
        print(FLAGS.n, FLAGS.flag_values_dict()["name"], "n" in FLAGS, FLAGS.__flags["n"].value)
    """, "--name=y", "--fast") == "y 3 True True\n5 y True 5"


def test_flags_before_1_5():
    assert output("""
        import graphflow as tf
        tf.flags.DEFINE_float("rate", 0.5, "A rate.")
        FLAGS = tf.flags.FLAGS
        FLAGS._parse_flags()
        print(FLAGS.rate)
    """, "--rate", "0.25") == "0.25"


def test_absl_sees_the_same_flags():
    assert output("""
        import graphflow as tf
        from absl import flags
        flags.DEFINE_list("items", "a,b", "Items.")
        tf.flags.mark_flag_as_required("items")
        print(tf.flags.FLAGS.items)
    """, "--items=1,2") == "['1', '2']"


def test_app_run_exits_with_the_result():
    output("""
        import graphflow as tf
        tf.app.run(main=lambda argv: len(argv), argv=["program", "--unknown=1", "b"])
    """, status=3)
