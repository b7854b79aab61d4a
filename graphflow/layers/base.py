"""`tf.layers.Layer`: variables made on the first call, and the ops of every call, below one scope.

State: each layer's variables, updates and losses; per graph, how many layers of a class were named.
"""

import collections
import copy
import inspect
import re

import numpy as np

from graphflow.framework import dtypes, scopes
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph import GraphKeys, get_collection_ref
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.operation import Operation
from graphflow.framework.tensor import Tensor, TensorLike
from graphflow.framework.tensor_shape import TensorShape
from graphflow.layers.input_spec import InputSpec, assert_input_compatibility
from graphflow.ops import variable_scope as vs
from graphflow.ops.partitioned_variable import PartitionedVariable
from graphflow.ops.variable_lists import global_variables, trainable_variables
from graphflow.ops.variable_properties import VariableAggregation, VariableSynchronization
from graphflow.ops.variables import Variable

# What a copy of a layer has in common with it.
_SHARED = (Tensor, TensorLike, Operation, Variable, PartitionedVariable)
_COUNTS = "layer_names"  # Graph.attachments key: Counter of unnamed layers by class


def _snake_case(name):
    spaced = re.sub("(.)([A-Z][a-z0-9]+)", r"\1_\2", name)
    snake = re.sub("([a-z])([A-Z])", r"\1_\2", spaced).lower()
    return "private" + snake if snake.startswith("_") else snake


def flat(structure):
    """The leaves of nested lists, tuples and dicts (in the order of their keys)."""
    if isinstance(structure, dict):
        structure = [structure[key] for key in sorted(structure)]
    elif not isinstance(structure, (list, tuple)):
        return [structure]
    return [leaf for part in structure for leaf in flat(part)]


def _mapped(function, structure):
    if isinstance(structure, dict):
        return type(structure)((key, _mapped(function, part)) for key, part in structure.items())
    if isinstance(structure, (list, tuple)):
        parts = [_mapped(function, part) for part in structure]
        return type(structure)(*parts) if hasattr(structure, "_fields") else type(structure)(parts)
    return function(structure)


def _as_tensor(value):
    return convert_to_tensor(value) if isinstance(value, (np.ndarray, float, int)) else value


def _contains(variables, variable):
    return any(known is variable for known in variables)


def _parts(variable):
    return list(variable) if isinstance(variable, PartitionedVariable) else [variable]


def add_new(elements, collection):
    """Adds to a graph collection what it does not hold yet."""
    found = get_collection_ref(collection)
    known = {id(element) for element in found}
    found.extend(element for element in elements if id(element) not in known)


@tf_export("layers.Layer")
class Layer:
    """Base of layers. Subclasses define `call`, and `build` to make variables with `add_weight`.

    Args:
      trainable: whether weights may be trained. name: made from the class's by default. dtype: of the
        weights; that of the first input by default. activity_regularizer: function of an output, whose
        result becomes a loss.

    Example:
      >>> import graphflow as tf
      >>> class Scale(tf.layers.Layer):
      ...     def build(self, input_shape):
      ...         self.factor = self.add_weight("factor", [int(input_shape[-1])])
      ...         self.built = True
      ...     def call(self, inputs):
      ...         return inputs * self.factor
      >>> Scale(name="scale")(tf.ones([2, 3])).op.name
      'scale/mul'
    """

    def __init__(self, trainable=True, name=None, dtype=None, **kwargs):
        self._scope = None
        scope = kwargs.pop("_scope", None)
        self._reuse = kwargs.pop("_reuse", None)
        self._activity_regularizer = kwargs.pop("activity_regularizer", None)
        if kwargs:
            raise TypeError("Keyword argument not understood:", next(iter(kwargs)))
        self.trainable = trainable
        self.built = False
        self.input_spec = None
        self._trainable_weights = []
        self._non_trainable_weights = []
        self._updates = []
        self._losses = []
        self._calls = []
        self._dtype = None if dtype is None else dtypes.as_dtype(dtype).base_dtype
        self._set_name(name)
        self._current_scope = None
        if scope:
            with vs.variable_scope(scope) as captured:
                self._scope = captured

    def _set_name(self, name):
        if name and not isinstance(name, vs.VariableScope):
            self._name = self._base_name = name
            return
        base = _snake_case(type(self).__name__)
        counts = scopes.get_default_graph().attachments.setdefault(_COUNTS, collections.Counter())
        counts[base] += 1
        self._name = f"{base}_{counts[base]}"
        self._base_name = name.name if name else base

    def __deepcopy__(self, memo):
        """A layer with weights of its own to come, in the same graph: tensors and variables are shared."""
        result = memo[id(self)] = object.__new__(type(self))
        for key, value in self.__dict__.items():
            shared = any(isinstance(leaf, _SHARED) for leaf in flat(value))
            if shared:
                result.__dict__[key] = _mapped(lambda leaf: leaf, value)
            else:
                scope = isinstance(value, vs.VariableScope)
                result.__dict__[key] = copy.copy(value) if scope else copy.deepcopy(value, memo)
        return result

    # ---- description

    @property
    def name(self):
        """The layer's name; its scope's may have a suffix."""
        return self._name

    @property
    def scope_name(self):
        """Name of the layer's variable scope; ValueError before the first call."""
        if not self._scope:
            raise ValueError(f'No name available for layer scope because the layer "{self._name}" has not been used '
                             "yet. The scope name  is determined the first time the layer instance is called. You "
                             "must therefore call the layer before querying `scope_name`.")
        return self._scope.name

    @property
    def dtype(self):
        """Name of the weights' dtype, or None before the first call."""
        return None if self._dtype is None else self._dtype.name

    @property
    def activity_regularizer(self):
        """Function of outputs whose results become losses, or None."""
        return self._activity_regularizer

    @activity_regularizer.setter
    def activity_regularizer(self, function):
        self._activity_regularizer = function

    @property
    def trainable_weights(self):
        """Weights to be trained; none if the layer is not trainable."""
        return list(self._trainable_weights) if self.trainable else []

    @property
    def non_trainable_weights(self):
        """The other weights."""
        if self.trainable:
            return list(self._non_trainable_weights)
        return self._trainable_weights + self._non_trainable_weights

    @property
    def weights(self):
        """All weights, the trainable ones first."""
        return self.trainable_weights + self.non_trainable_weights

    trainable_variables = trainable_weights
    non_trainable_variables = non_trainable_weights
    variables = weights

    @property
    def updates(self):
        """Operations that update non-trainable weights; none if the layer is not trainable."""
        return list(self._updates) if self.trainable else []

    @property
    def losses(self):
        """Loss tensors of weights and outputs."""
        return list(self._losses)

    def count_params(self):
        """Number of scalars in the weights; ValueError before they are made."""
        if not self.built:
            raise ValueError(f"You tried to call `count_params` on {self.name}, but the layer isn't built. You can "
                             "build it manually via: `" + self.name + ".build(batch_input_shape)`.")
        return sum(int(np.prod(weight.shape.as_list())) for weight in self.weights)

    def _only_call(self, kind):
        if len(self._calls) != 1:
            state = "is not connected" if not self._calls else "has multiple inbound nodes"
            raise AttributeError(f"Layer {self._name} {state}, no single {kind} to return.")
        return self._calls[0]

    @property
    def input(self):
        """What the layer was called with; AttributeError unless it was called once."""
        return self._only_call("input")[0]

    @property
    def output(self):
        """What the layer returned; AttributeError unless it was called once."""
        return self._only_call("output")[1]

    @property
    def input_shape(self):
        """Static shape of `input` as a tuple."""
        return _mapped(lambda tensor: tuple(tensor.shape.as_list()), self.input)

    @property
    def output_shape(self):
        """Static shape of `output` as a tuple."""
        return _mapped(lambda tensor: tuple(tensor.shape.as_list()), self.output)

    # ---- for subclasses

    def build(self, input_shape):
        """Makes the weights for inputs of a TensorShape (or a structure of them)."""
        self.built = True

    def call(self, inputs, **kwargs):
        """The layer's output; subclasses define it."""
        return inputs

    def add_loss(self, losses, inputs=None):
        """Adds loss tensors, or functions that make them, to REGULARIZATION_LOSSES; None is left out."""
        made = [loss() if callable(loss) else loss for loss in flat(losses)]
        tensors = [loss if isinstance(loss, Tensor) else convert_to_tensor(loss, dtype=dtypes.float32)
                   for loss in made if loss is not None]
        self._losses.extend(tensors)
        add_new(tensors, GraphKeys.REGULARIZATION_LOSSES)

    def add_update(self, updates, inputs=None):
        """Adds operations (or tensors, or functions that make them), which calls put into UPDATE_OPS."""
        for update in updates if isinstance(updates, (list, tuple)) else [updates]:
            made = update() if callable(update) else update
            self._updates.append(made if isinstance(made, Operation) else made.op)

    def add_weight(self, name, shape, dtype=None, initializer=None, regularizer=None, trainable=None,
                   constraint=None, use_resource=None, synchronization=VariableSynchronization.AUTO,
                   aggregation=VariableAggregation.NONE, partitioner=None, **kwargs):
        """The variable `name` in the layer's scope, as of `tf.get_variable`.

        Args: regularizer: function of the variable whose result becomes a loss, where it is new.
        Raises ValueError if `synchronization` is ON_READ and `trainable`.
        """
        if set(kwargs) - {"experimental_autocast"}:
            raise TypeError("Unknown keyword argument:", next(iter(kwargs)))
        if synchronization == VariableSynchronization.ON_READ:
            if trainable:
                raise ValueError("Synchronization value can be set to VariableSynchronization.ON_READ only for "
                                 "non-trainable variables. You have specified trainable=True and "
                                 "synchronization=VariableSynchronization.ON_READ.")
            trainable = False
        trainable = (trainable is None or trainable) and self.trainable
        existing = {id(variable) for variable in global_variables()}
        self._set_scope(None)
        with vs.variable_scope(self._scope, reuse=self.built or self._reuse, auxiliary_name_scope=False) as scope:
            self._current_scope = scope
            with name_scope(scope.original_name_scope):
                variable = vs.get_variable(
                    name, shape, dtype=dtypes.as_dtype(dtype or self._dtype or dtypes.float32),
                    initializer=initializer, trainable=trainable, constraint=constraint, partitioner=partitioner,
                    use_resource=use_resource, synchronization=synchronization, aggregation=aggregation)
                new = not any(id(part) in existing for part in _parts(variable))
                if regularizer and new:
                    self._add_weight_losses(name, variable, regularizer)
        known = trainable_variables()
        is_trained = trainable and any(_contains(known, part) for part in _parts(variable))
        (self._trainable_weights if is_trained else self._non_trainable_weights).append(variable)
        return variable

    def _add_weight_losses(self, name, variable, regularizer):
        for part in _parts(variable):
            with name_scope(name + "/Regularizer"):
                loss = regularizer(part)
            self.add_loss(loss)

    def add_variable(self, *args, **kwargs):
        """Older name of `add_weight`."""
        return self.add_weight(*args, **kwargs)

    # ---- calling

    def _set_scope(self, scope):
        if self._scope is not None:
            return
        if self._reuse:
            opened = vs.variable_scope(self._base_name if scope is None else scope)
        else:
            opened = vs.variable_scope(scope, default_name=self._base_name)
        with opened as captured:
            self._scope = captured

    def __call__(self, inputs, *args, **kwargs):
        """The output for `inputs`; the first call makes the weights.

        Args: scope: variable scope to use instead of one named after the layer, on the first call.
        Raises ValueError for inputs that don't fit.
        """
        self._set_scope(kwargs.pop("scope", None))
        reuse = True if self.built else self._reuse
        with vs.variable_scope(self._scope, reuse=reuse, auxiliary_name_scope=False) as scope:
            self._current_scope = scope
            if "scope" in inspect.signature(self.call).parameters:
                kwargs["scope"] = scope
            inputs = _mapped(_as_tensor, inputs)
            assert_input_compatibility(self.input_spec, flat(inputs), self._name)
            with name_scope(scope.original_name_scope):
                self._maybe_build(inputs)
                outputs = self.call(inputs, *args, **kwargs)
                if outputs is None:
                    raise ValueError("A layer's `call` method should return a Tensor or a list of Tensors, not None "
                                     f"(layer: {self._name}).")
                self._add_activity_losses(outputs)
        self._calls.append((inputs, outputs))
        add_new(self.updates, GraphKeys.UPDATE_OPS)
        return outputs

    def apply(self, inputs, *args, **kwargs):
        """The same as calling the layer."""
        return self.__call__(inputs, *args, **kwargs)

    def _maybe_build(self, inputs):
        if self.built:
            return
        tensors = flat(inputs)
        if self._dtype is None and tensors and hasattr(tensors[0], "dtype"):
            self._dtype = dtypes.as_dtype(tensors[0].dtype).base_dtype
        self.build(_mapped(lambda value: getattr(value, "shape", None), inputs))
        self.built = True
        assert_input_compatibility(self.input_spec, tensors, self._name)

    def _add_activity_losses(self, outputs):
        if self._activity_regularizer is None:
            return
        from graphflow.framework import public as tf

        with name_scope("ActivityRegularizer"):
            for output in flat(outputs):
                loss = self._activity_regularizer(output)
                self.add_loss(loss / tf.cast(tf.shape(output)[0], loss.dtype))

    def compute_output_shape(self, input_shape):
        """Static shape of the output for inputs of a static shape; NotImplementedError if not known."""
        raise NotImplementedError(f"{type(self).__name__} does not tell its output's shape")


def input_channels(input_shape, axis):
    """Static size of dimension `axis`; ValueError if it is not known."""
    size = TensorShape(input_shape).as_list()[axis]
    if size is None:
        raise ValueError("The channel dimension of the inputs should be defined. Found `None`.")
    return size


__all__ = ["InputSpec", "Layer", "add_new", "flat", "input_channels"]


def unbuilt_copy(layer):
    """A deep copy of a layer that makes, or finds, its variables in the scope of its own first call.

    `copy.deepcopy` of a layer that was called before shares the weights of the original, as in TensorFlow.
    """
    result = copy.deepcopy(layer)
    found = [result] if isinstance(result, Layer) else []
    for part in found:
        part.built, part._scope, part._current_scope = False, None, None
        part.__dict__.pop("_first_scope", None)
        part._trainable_weights, part._non_trainable_weights = [], []
        part._updates, part._losses, part._calls = [], [], []
        inner = [leaf for value in part.__dict__.values() for leaf in flat(value) if isinstance(leaf, Layer)]
        found += [leaf for leaf in inner if all(leaf is not known for known in found)]
    return result
