"""tf.errors: codes, text with the user's line, copies."""

import copy
import os
import pickle
import types

import pytest

from graphflow.framework import errors

INSIDE = os.path.join(os.path.dirname(errors.__file__), "graph.py")
TRACEBACK = [
    ("/home/me/train.py", 3, "<module>", "main()"),
    ("/home/me/train.py", 12, "main", "  y = tf.matmul(a, b)"),
    ("/usr/lib/python3.11/contextlib.py", 81, "inner", "return func()"),
    (INSIDE, 99, "create_op", "Operation()"),
]
OP = types.SimpleNamespace(name="MatMul", traceback=TRACEBACK, node_def="the node")


def test_codes_and_classes():
    for code in range(1, 17):
        cls = errors.exception_type_from_error_code(code)
        error = cls(None, None, "text")
        assert error.error_code == code == errors.error_code_from_exception_type(cls)
        assert isinstance(error, errors.OpError) and str(error) == error.message == "text"
        assert error.op is None and error.node_def is None
    with pytest.raises(KeyError):
        errors.exception_type_from_error_code(errors.OK)
    with pytest.warns(UserWarning, match="Unknown class"):
        assert isinstance(errors.error_code_from_exception_type(KeyError), errors.UnknownError)
    assert errors.OpError(None, None, "m", errors.ABORTED).error_code == 10


def test_the_second_line_is_the_users_own():
    error = errors.InvalidArgumentError(None, OP, "bad shapes\nmore about it")
    assert str(error).split("\n") == [
        "bad shapes",
        '  defined at: File "/home/me/train.py", line 12, in main: y = tf.matmul(a, b)',
        "more about it",
    ]
    assert error.message == "bad shapes\nmore about it"
    assert error.op is OP and error.node_def == "the node"


def test_user_frame():
    assert errors.user_frame(TRACEBACK) == TRACEBACK[1]
    assert errors.user_frame([TRACEBACK[3]]) is None
    assert errors.user_frame(None) is None
    bare = types.SimpleNamespace(traceback=[("a.py", 1, "f", None)], node_def=None)
    assert str(errors.AbortedError(None, bare, "m")) == 'm\n  defined at: File "a.py", line 1, in f'
    assert str(errors.AbortedError(None, types.SimpleNamespace(traceback=[]), "m")) == "m"


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
def test_copies_keep_the_op(duplicate):
    error = duplicate(errors.OutOfRangeError(None, OP, "end"))
    assert type(error) is errors.OutOfRangeError and error.op is OP


def test_pickles_keep_the_text():
    for error in (
        errors.NotFoundError(None, OP, "no file"),
        errors.UnknownError(None, OP, "no idea", 77),
        errors.OpError("n", None, "general", 3),
    ):
        loaded = pickle.loads(pickle.dumps(error))
        assert type(loaded) is type(error) and str(loaded) == str(error)
        assert loaded.op is None and loaded.error_code == error.error_code
