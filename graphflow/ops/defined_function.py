"""`Defun` of `tensorflow.python.framework.function`: a function of tensors, perhaps with its own gradient.

TensorFlow keeps such a function aside and calls it by a node, which it replaces by the function's operations
before it runs the graph. Here each call adds these operations at once, under the function's name, so that they
differentiate, fuse and run as any others. A gradient of its own is that of one IdentityN around the results.
Holds no state but the gradient functions, which belong to the graph they were called in.
"""

import functools
import inspect
import itertools

from graphflow.framework import dtypes, raw_ops, scopes
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.operation import Operation

_uids = itertools.count(1)
# About placement and compilation, of which there is none to choose here.
_HINTS = {"noinline", "compiled", "separate_compiled_gradients", "_implements", "_reference"}


class Defun:
    """Decorator: a function of tensors becomes a `DefinedFunction`.

    Args:
      *input_types: dtypes of the arguments; none for any.
      func_name: its name, the function's own by default.
      grad_func: DefinedFunction that takes the arguments and the gradients of the results, and returns the
        gradients of the arguments.
      python_grad_func: function of the call (with `inputs` and `outputs`) and the gradients of the results,
        which returns the gradients of the arguments.
      out_names: names of the results. shape_func: function of the call that returns the results' shapes.
      noinline, compiled, separate_compiled_gradients: accepted, without effect.
    Raises ValueError for unknown arguments, and for a function that has keyword arguments or defaults, or takes
    another number of arguments than there are types.

    Example:
      >>> import graphflow as tf
      >>> from graphflow.ops.defined_function import Defun
      >>> @Defun(tf.float32, python_grad_func=lambda call, dy: 10.0 * dy)
      ... def double(x):
      ...     return x + x
      >>> x = tf.constant(3.0)
      >>> y = double(x)
      >>> with tf.Session() as sess:
      ...     print(*sess.run([y, tf.gradients(y, x)[0]]))
      6.0 10.0
    """

    def __init__(self, *input_types, func_name=None, grad_func=None, python_grad_func=None, out_names=None,
                 shape_func=None, **hints):
        unknown = [key for key in hints if key not in _HINTS and not key.startswith("experimental_")]
        if unknown:
            raise ValueError(f"Unknown keyword arguments: {', '.join(unknown)}")
        if grad_func is not None and python_grad_func is not None:
            raise ValueError("Gradient defined twice: at most one of grad_func and python_grad_func can be given.")
        self._input_types = [dtypes.as_dtype(dtype) for dtype in input_types]
        self._options = func_name, grad_func, python_grad_func, out_names, shape_func

    def __call__(self, func):
        if not callable(func):
            raise ValueError(f"function {func} must be callable")
        spec = inspect.getfullargspec(func)
        if spec.varkw or spec.defaults or spec.kwonlyargs:
            raise ValueError("function with argument defaults or keywords arguments are not supported. "
                             f"{func} has defaults {spec.defaults} and keywords {spec.varkw}.")
        least = len(spec.args) - inspect.ismethod(func)
        count = len(self._input_types)
        if count and (count < least or (count > least and not spec.varargs)):
            raise ValueError("The function has fewer arguments than the number of specified input types.")
        return DefinedFunction(func, self._input_types if count or not (least or spec.varargs) else None,
                               *self._options)


class DefinedFunction:
    """What `Defun` makes. Called with tensors, and `name=`, it returns a tensor, a tuple of them, or an Operation.

    Attributes: name; declared_input_types: list of dtypes, None for any; python_grad_func.
    """

    def __init__(self, func, input_types, func_name, grad_func, python_grad_func, out_names, shape_func):
        self._func = func
        self.declared_input_types = input_types
        self.name = func_name or getattr(func, "__name__", type(func).__name__).strip("<>")
        self._grad_func = grad_func
        self.python_grad_func = python_grad_func
        self._out_names = out_names
        self._shape_func = shape_func
        functools.update_wrapper(self, func)

    def __call__(self, *args, name=None):
        with name_scope(name, self.name, args) as scope:
            inputs = self._inputs(args)
            result = self._func(*inputs)
            if result is None:
                raise ValueError(f"Function {self.name} can not return None.")
            if isinstance(result, Operation):
                return result
            several = isinstance(result, (list, tuple))
            outputs = self._outputs(list(result) if several else [result])
            call = Call(self.name, scope[:-1], inputs, outputs)
            if self._grad_func is not None or self.python_grad_func is not None:
                call.outputs = self._with_gradient(call)
            if self._shape_func is not None:
                for tensor, shape in zip(call.outputs, self._shape_func(call), strict=True):
                    tensor.set_shape(shape)
        if not call.outputs:
            return raw_ops.NoOp(name=self.name)
        return call.outputs[0] if len(call.outputs) == 1 else tuple(call.outputs)

    def _inputs(self, args):
        types = self.declared_input_types
        if types is None:
            return [convert_to_tensor(arg) for arg in args]
        if len(args) != len(types):
            raise ValueError(f"Expected number of arguments: {len(types)}, received: {len(args)}")
        return [convert_to_tensor(arg, dtype) for arg, dtype in zip(args, types)]

    def _outputs(self, results):
        if any(result is None for result in results):
            raise ValueError(f"Function {self.name} can not return None.")
        if self._out_names is not None and len(self._out_names) != len(results):
            raise ValueError(f"Length of out_names ({len(self._out_names)}) does not match number of outputs "
                             f"({len(results)}): {self._out_names}")
        return [convert_to_tensor(result) for result in results]

    def _with_gradient(self, call):
        """The results, of which the gradient is the function's own."""
        count, grad_func = len(call.outputs), self._grad_func

        def gradient(op, *grads):
            del op
            grads = grads[:count]
            found = self.python_grad_func(call, *grads) if grad_func is None else grad_func(*call.inputs, *grads)
            found = list(found) if isinstance(found, (list, tuple)) else [found]
            if len(found) != len(call.inputs):
                raise ValueError(f"The gradient of function {self.name} returned {len(found)} tensors, for "
                                 f"{len(call.inputs)} inputs.")
            return [None] * count + found

        graph = scopes.get_default_graph()
        key = f"{self.name}-{next(_uids)}"
        graph._gradient_functions[key] = gradient
        with graph.gradient_override_map({"IdentityN": key}):
            return raw_ops.IdentityN([*call.outputs, *call.inputs])[:count]


class Call:
    """One call of a DefinedFunction, in place of an operation. Attributes: type, name, inputs, outputs, graph."""

    def __init__(self, function, name, inputs, outputs):
        self.type = function
        self.name = name
        self.inputs = inputs
        self.outputs = outputs
        self.graph = scopes.get_default_graph()
