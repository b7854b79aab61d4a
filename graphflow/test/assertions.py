"""The checks of `tf.test.TestCase` that are not about the numbers in arrays. Holds no state."""

import contextlib
import math
import re

from graphflow.framework import errors
from graphflow.framework.device_spec import DeviceSpec


class Assertions:
    """Checks of errors, static shapes, types, devices, protocol buffers and single numbers."""

    @contextlib.contextmanager
    def assertRaisesWithPredicateMatch(self, exception_type, expected_err_re_or_predicate):
        """The block must raise an `exception_type` whose message matches.

        The second argument is a function of the exception, or a pattern searched for in its
        message (with the names of the ops that led to the failing one, for an OpError).
        """
        try:
            yield
        except exception_type as error:
            if callable(expected_err_re_or_predicate):
                matched = expected_err_re_or_predicate(error)
            else:
                matched = re.search(expected_err_re_or_predicate, _error_text(error))
            if not matched:
                raise AssertionError(
                    f"Exception of type {type(error)}: {_error_text(error)!r} does not match "
                    f"{expected_err_re_or_predicate!r}") from error
        else:
            self.fail(f"{exception_type} not raised")

    def assertRaisesOpError(self, expected_err_re_or_predicate):
        """The block must raise a `tf.errors.OpError` whose message matches."""
        return self.assertRaisesWithPredicateMatch(errors.OpError, expected_err_re_or_predicate)

    def assertShapeEqual(self, np_array, tf_tensor, msg=None):
        """The tensor's static shape must be the array's shape."""
        self.assertAllEqual(np_array.shape, tf_tensor.get_shape().as_list(), msg=msg)

    def assertDTypeEqual(self, target, expected_dtype):
        """An array, or a tensor's value, must have the NumPy type `expected_dtype`."""
        target = self._GetNdArray(target)
        self.assertEqual(target.dtype, expected_dtype)

    def assertDeviceEqual(self, device1, device2, msg=None):
        """Two device strings must name the same device, however they are written."""
        self.assertEqual(_device(device1), _device(device2), msg)

    def assertStartsWith(self, actual, expected_start, msg=None):
        """`actual` must begin with `expected_start`."""
        if not actual.startswith(expected_start):
            self.fail(self._formatMessage(msg, f"{actual!r} does not start with {expected_start!r}"))

    def assertNear(self, f1, f2, err, msg=None):
        """Two numbers must be equal or differ by at most `err`."""
        self.assertTrue(
            f1 == f2 or math.fabs(f1 - f2) <= err,
            self._formatMessage(msg, f"{f1!r} != {f2!r} +/- {err!r}"))

    def assertProtoEquals(self, expected_message_maybe_ascii, message, msg=None):
        """A message must equal another one, or one given in text format."""
        expected = expected_message_maybe_ascii
        if isinstance(expected, str):
            from google.protobuf import text_format

            expected = text_format.Merge(expected, type(message)())
        self.assertEqual(expected, message, msg)

    def assertProtoEqualsVersion(self, expected, actual, producer=None, min_consumer=0, msg=None):
        """A GraphDef must equal one given in text format, which has this producer version."""
        from graphflow.version import GRAPH_DEF_VERSION

        producer = GRAPH_DEF_VERSION if producer is None else producer
        versions = f"versions {{ producer: {producer} min_consumer: {min_consumer} }}"
        self.assertProtoEquals(f"{versions}\n{expected}", actual, msg)


def _error_text(error):
    if not isinstance(error, errors.OpError):
        return str(error)
    text, op = error.message, error.op
    while op is not None:
        text += f"\nCaused by: {op.name}"
        op = getattr(op, "_original_op", None)
    return text


def _device(name):
    return DeviceSpec.from_string(name.decode() if isinstance(name, bytes) else name or "").to_string()
