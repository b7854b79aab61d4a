"""Optimizers outside the graph: `tf.contrib.opt.ScipyOptimizerInterface` and its base.

State: the packed gradients and the assignments, made once; values live in the session.
"""

import itertools
import math

import numpy as np

import graphflow as tf
from graphflow.framework.api import tf_export


@tf_export("contrib.opt.ExternalOptimizerInterface")
class ExternalOptimizerInterface:
    """Base of optimizers that work on one vector of all variables: a subclass has a method `_minimize`.

    Args:
      loss: scalar tensor. var_list: variables to change, the trainable ones by default.
      equalities: list of tensors to be held at zero. inequalities: list of tensors to be held at or above zero.
      var_to_bounds: {variable: (lower, upper)}, numbers or arrays that broadcast to its shape.
      **optimizer_kwargs: for the optimizer outside.
    """

    def __init__(self, loss, var_list=None, equalities=None, inequalities=None, var_to_bounds=None,
                 **optimizer_kwargs):
        self._loss = loss
        self._equalities = equalities or []
        self._inequalities = inequalities or []
        self._vars = tf.trainable_variables() if var_list is None else list(var_list)
        self.optimizer_kwargs = optimizer_kwargs
        self._packed_bounds = None if var_to_bounds is None else self._pack_bounds(var_to_bounds)
        self._update_placeholders = [tf.placeholder(var.dtype.base_dtype) for var in self._vars]
        self._var_updates = [var.assign(tf.reshape(value, _shape(var)))
                             for var, value in zip(self._vars, self._update_placeholders)]
        gradients = [_gradients(tensor, self._vars)
                     for tensor in (loss, *self._equalities, *self._inequalities)]
        self._packed_var = self._pack(self._vars)
        self._packed_loss_grad, *constraints = map(self._pack, gradients)
        self._packed_equality_grads = constraints[:len(self._equalities)]
        self._packed_inequality_grads = constraints[len(self._equalities):]
        ends = list(itertools.accumulate((math.prod(_shape(var)) for var in self._vars), initial=0))
        self._packing_slices = list(itertools.starmap(slice, itertools.pairwise(ends)))

    def _pack_bounds(self, var_to_bounds):
        """[(lower, upper)] of every element."""
        packed = []
        for var in self._vars:
            lower, upper = var_to_bounds.get(var, (-np.inf, np.inf))
            sides = (np.broadcast_to(side, _shape(var)).ravel() for side in (lower, upper))
            packed.extend(zip(*sides))
        return packed

    @classmethod
    def _pack(cls, tensors):
        """Tensors as one vector; None without any."""
        flat = [tf.reshape(tensor, [-1]) for tensor in tensors]
        if len(flat) < 2:
            return flat[0] if flat else None
        return tf.concat(flat, 0)

    def minimize(self, session=None, feed_dict=None, fetches=None, step_callback=None, loss_callback=None,
                 **run_kwargs):
        """Minimizes the loss and sets the variables, in a session, to where it is least.

        Args:
          session: the default session if None. feed_dict: fed at every evaluation.
          fetches: tensors whose values `loss_callback(*values)` is given after every evaluation of the loss.
          step_callback: called with the vector of variables after every step of the optimizer.
          **run_kwargs: for `Session.run` of the last update.
        """
        session = session or tf.get_default_session()
        feed_dict, fetches = feed_dict or {}, fetches or []

        def evaluator(tensors, callback=None):
            return self._make_eval_func(tensors, session, feed_dict, fetches, callback)

        packed = self._minimize(
            initial_val=session.run(self._packed_var),
            loss_grad_func=evaluator([self._loss, self._packed_loss_grad], loss_callback),
            equality_funcs=[evaluator(tensor) for tensor in self._equalities],
            equality_grad_funcs=[evaluator(tensor) for tensor in self._packed_equality_grads],
            inequality_funcs=[evaluator(tensor) for tensor in self._inequalities],
            inequality_grad_funcs=[evaluator(tensor) for tensor in self._packed_inequality_grads],
            packed_bounds=self._packed_bounds, step_callback=step_callback or (lambda xk: None),
            optimizer_kwargs=self.optimizer_kwargs)
        values = [packed[part] for part in self._packing_slices]
        session.run(self._var_updates, feed_dict=dict(zip(self._update_placeholders, values)), **run_kwargs)

    def _minimize(self, initial_val, loss_grad_func, equality_funcs, equality_grad_funcs, inequality_funcs,
                  inequality_grad_funcs, packed_bounds, step_callback, optimizer_kwargs):
        """The vector that minimizes; subclasses say how."""
        raise NotImplementedError("To use ExternalOptimizerInterface, subclass from it and implement the _minimize() "
                                  "method.")

    def _make_eval_func(self, tensors, session, feed_dict, fetches, callback):
        """A function from the vector of variables to the values of `tensors` there."""
        single = not isinstance(tensors, list)
        wanted = [tensors] if single else tensors

        def evaluate(x):
            feeds = {var: x[part].reshape(_shape(var)) for var, part in zip(self._vars, self._packing_slices)}
            values = session.run(wanted + list(fetches), feed_dict={**feeds, **feed_dict})
            if callback:
                callback(*values[len(wanted):])
            return values[0] if single else values[:len(wanted)]

        return evaluate


@tf_export("contrib.opt.ScipyOptimizerInterface")
class ScipyOptimizerInterface(ExternalOptimizerInterface):
    """Minimizes with `scipy.optimize.minimize`, by default its "L-BFGS-B". Needs SciPy.

    Args: see the base; `method` and `options` are scipy's, as are other keyword arguments.
    Raises ImportError without SciPy; ValueError, in `minimize`, for keyword arguments that are set here.

    Example:
      >>> import graphflow as tf
      >>> v = tf.Variable([7.0, 7.0])
      >>> optimizer = tf.contrib.opt.ScipyOptimizerInterface(
      ...     tf.reduce_sum(tf.square(v)), inequalities=[v[0] - 1.0], method="SLSQP")
      >>> with tf.Session() as sess:
      ...     sess.run(tf.global_variables_initializer())
      ...     optimizer.minimize(sess)
      ...     print(sess.run(tf.round(tf.abs(v) * 100)))
      [100.   0.]
    """

    _DEFAULT_METHOD = "L-BFGS-B"

    def _minimize(self, initial_val, loss_grad_func, equality_funcs, equality_grad_funcs, inequality_funcs,
                  inequality_grad_funcs, packed_bounds, step_callback, optimizer_kwargs):
        try:
            import scipy.optimize
        except ImportError as error:
            raise ImportError("ScipyOptimizerInterface needs SciPy: pip install scipy") from error

        def in_doubles(function):
            """SciPy's compiled routines take doubles only."""
            return lambda x: np.asarray(function(x), np.float64)

        def loss_and_gradient(x):
            loss, gradient = loss_grad_func(x)
            return float(loss), gradient.astype(np.float64)

        constraints = [{"type": kind, "fun": in_doubles(value), "jac": in_doubles(gradient)}
                       for kind, values, gradients in (("eq", equality_funcs, equality_grad_funcs),
                                                       ("ineq", inequality_funcs, inequality_grad_funcs))
                       for value, gradient in zip(values, gradients)]
        ours = {"jac": True, "callback": step_callback, "constraints": constraints, "bounds": packed_bounds}
        for name in ours:
            if name == "bounds" and name in optimizer_kwargs:
                raise ValueError("Bounds must be set using the var_to_bounds argument")
            if name in optimizer_kwargs:
                raise ValueError(f"Optimizer keyword arg '{name}' is set automatically and cannot be injected manually")
        arguments = {"method": self._DEFAULT_METHOD, **ours, **optimizer_kwargs}
        result = scipy.optimize.minimize(loss_and_gradient, initial_val.astype(np.float64), **arguments)
        lines = ["Optimization terminated with:", f"  Message: {result.message}",
                 f"  Objective function value: {result.fun:f}"]
        if hasattr(result, "nit"):
            lines.append(f"  Number of iterations: {result.nit}")
        if hasattr(result, "nfev"):
            lines.append(f"  Number of functions evaluations: {result.nfev}")
        tf.logging.info("\n".join(lines))
        return result["x"]


def _shape(tensor):
    return tuple(tensor.get_shape().as_list())


def _gradients(tensor, variables):
    """Gradients, zeros where there is none."""
    return [tf.zeros_like(var) if grad is None else grad
            for var, grad in zip(variables, tf.gradients(tensor, variables))]
