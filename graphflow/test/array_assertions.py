"""The checks of `tf.test.TestCase` about the numbers in arrays and nested structures. Holds no state."""

import collections.abc

import numpy as np

from graphflow.framework.tensor import Tensor

# How near "close" is by default for a dtype's name: (argument of rtol, argument of atol).
_LOOSER = {"float32": ("float_rtol", "float_atol"), "complex64": ("float_rtol", "float_atol"),
           "float16": ("half_rtol", "half_atol"), "bfloat16": ("bfloat16_rtol", "bfloat16_atol")}


class ArrayAssertions:
    """Checks that take arrays, nested lists, or tensors, which are evaluated."""

    def _GetNdArray(self, a):
        if isinstance(a, Tensor):
            a = self.evaluate(a)
        return a if isinstance(a, np.ndarray) else np.array(a)

    def assertAllEqual(self, a, b, msg=None):
        """Two arrays must have one shape and equal elements; NaNs equal each other."""
        a, b = self._GetNdArray(a), self._GetNdArray(b)
        self.assertEqual(a.shape, b.shape, self._formatMessage(
            msg, f"Shape mismatch: expected {a.shape}, got {b.shape} with contents {b}."))
        same = np.atleast_1d(a == b)
        if {a.dtype.kind, b.dtype.kind} <= set("fcV"):
            same = np.logical_or(same, np.atleast_1d(np.logical_and(a != a, b != b)))
        if not np.all(same):
            self._report(np.logical_not(same), a, b, self._formatMessage(msg, "Arrays are not equal"))

    def assertNotAllEqual(self, a, b, msg=None):
        """At least one element of two arrays must differ."""
        try:
            self.assertAllEqual(a, b)
        except AssertionError:
            return
        raise AssertionError(self._formatMessage(msg, "The two values are equal at all elements."))

    def assertAllClose(self, a, b, rtol=1e-6, atol=1e-6, msg=None):
        """Arrays, or equally nested dicts and sequences of them, must be equal within rtol * |b| + atol."""
        self._close(a, b, rtol, atol, msg, "value")

    def assertAllCloseAccordingToType(self, a, b, rtol=1e-6, atol=1e-6, float_rtol=1e-6, float_atol=1e-6,
                                      half_rtol=1e-3, half_atol=1e-3, bfloat16_rtol=1e-2,
                                      bfloat16_atol=1e-2, msg=None):
        """`assertAllClose` with the tolerances of the less precise dtype of the two."""
        a, b = self._GetNdArray(a), self._GetNdArray(b)
        given = {"float_rtol": float_rtol, "float_atol": float_atol, "half_rtol": half_rtol,
                 "half_atol": half_atol, "bfloat16_rtol": bfloat16_rtol, "bfloat16_atol": bfloat16_atol}
        for name, (relative, absolute) in _LOOSER.items():
            if name in (a.dtype.name, b.dtype.name):
                rtol, atol = max(rtol, given[relative]), max(atol, given[absolute])
        self.assertAllClose(a, b, rtol=rtol, atol=atol, msg=msg)

    def assertNotAllClose(self, a, b, **kwargs):
        """At least one element of two arrays must differ by more than the tolerance."""
        try:
            self.assertAllClose(a, b, **kwargs)
        except AssertionError:
            return
        raise AssertionError("The two values are close at all elements.")

    def _close(self, a, b, rtol, atol, msg, path):
        a, b = (value._asdict() if hasattr(value, "_asdict") else value for value in (a, b))
        if isinstance(a, collections.abc.Mapping) != isinstance(b, collections.abc.Mapping):
            raise ValueError(f"Can't compare dict to non-dict, {path}: {type(a)} and {type(b)}.")
        if isinstance(a, collections.abc.Mapping):
            self.assertEqual(set(a), set(b), self._formatMessage(msg, f"mismatched keys of {path}"))
            for key in a:
                self._close(a[key], b[key], rtol, atol, msg, f"{path}[{key!r}]")
            return
        if isinstance(a, (list, tuple)):
            try:
                arrays = self._GetNdArray(a), self._GetNdArray(b)
            except (ValueError, TypeError):  # ragged, or a sequence of structures
                arrays = None
            if arrays is None or object in [array.dtype for array in arrays]:
                self.assertEqual(len(a), len(b), self._formatMessage(msg, f"mismatched length of {path}"))
                for i, (left, right) in enumerate(zip(a, b, strict=True)):
                    self._close(left, right, rtol, atol, msg, f"{path}[{i}]")
                return
            a, b = arrays
        self._arrays_close(self._GetNdArray(a), self._GetNdArray(b), rtol, atol, msg, path)

    def _arrays_close(self, a, b, rtol, atol, msg, path):
        self.assertEqual(a.shape, b.shape, self._formatMessage(
            msg, f"Shape mismatch of {path}: expected {a.shape}, got {b.shape} with contents {b}."))
        with np.errstate(invalid="ignore"):
            close = np.isclose(a, b, rtol=rtol, atol=atol, equal_nan=True)
        if not np.all(close):
            self._report(np.logical_not(np.atleast_1d(close)), a, b, self._formatMessage(
                msg, f"Not all of {path} is close (rtol {rtol}, atol {atol})"))

    def _report(self, wrong, a, b, text):
        places = np.argwhere(wrong)
        a, b = np.atleast_1d(a), np.atleast_1d(b)
        lines = [f"  {tuple(map(int, place))}: {a[tuple(place)]} and {b[tuple(place)]}" for place in places[:10]]
        if len(places) > 10:
            lines.append("  ...")
        self.fail(f"{text}: {len(places)} of {wrong.size} elements differ\n" + "\n".join(lines))

    def assertArrayNear(self, farray1, farray2, err, msg=None):
        """Each pair of numbers of two sequences must differ by at most `err`."""
        self.assertEqual(len(farray1), len(farray2), msg=msg)
        for first, second in zip(farray1, farray2, strict=True):
            self.assertNear(float(first), float(second), err, msg=msg)

    def assertNDArrayNear(self, ndarray1, ndarray2, err, msg=None):
        """The norm of the difference of two arrays must be below `err`."""
        near = np.linalg.norm(ndarray1 - ndarray2) < err
        self.assertTrue(near, self._formatMessage(msg, f"{ndarray1} and {ndarray2} are not near"))

    def _every(self, a, holds, text):
        a = self._GetNdArray(a)
        wrong = np.atleast_1d(np.logical_not(holds(a)))
        if np.any(wrong):
            values = np.atleast_1d(a)[wrong]
            self.fail(f"{wrong.sum()} of {a.size} elements are not {text}: {values[:10]}")

    def assertAllGreater(self, a, comparison_target):
        """Every element must be greater than `comparison_target`."""
        self._every(a, lambda x: x > comparison_target, f"> {comparison_target}")

    def assertAllLess(self, a, comparison_target):
        """Every element must be less than `comparison_target`."""
        self._every(a, lambda x: x < comparison_target, f"< {comparison_target}")

    def assertAllGreaterEqual(self, a, comparison_target):
        """Every element must be at least `comparison_target`."""
        self._every(a, lambda x: x >= comparison_target, f">= {comparison_target}")

    def assertAllLessEqual(self, a, comparison_target):
        """Every element must be at most `comparison_target`."""
        self._every(a, lambda x: x <= comparison_target, f"<= {comparison_target}")

    def assertAllInRange(self, target, lower_bound, upper_bound, open_lower_bound=False, open_upper_bound=False):
        """Every element must lie between the bounds; an open bound is itself outside. NaN never is."""
        def inside(x):
            above = x > lower_bound if open_lower_bound else x >= lower_bound
            below = x < upper_bound if open_upper_bound else x <= upper_bound
            return np.logical_and(above, below)

        left, right = "(" if open_lower_bound else "[", ")" if open_upper_bound else "]"
        self._every(target, inside, f"in {left}{lower_bound}, {upper_bound}{right}")

    def assertAllInSet(self, target, expected_set):
        """Every element must be one of `expected_set`."""
        target = self._GetNdArray(target)
        unexpected = set(target.flatten().tolist()) - set(expected_set)
        if unexpected:
            self.fail(f"{len(unexpected)} unique elements are not in the set {expected_set}: {sorted(unexpected)[:10]}")
