"""Templates: functions that make their variables on the first call and share them later.

State: a Template holds its variable scope and whether it has been called.
"""

import functools
import traceback

from graphflow.framework.api import tf_export
from graphflow.framework.graph import GraphKeys, get_collection, get_collection_ref
from graphflow.ops import variable_scope


@tf_export("make_template")
def make_template(name_, func_, create_scope_now_=False, unique_name_=None, custom_getter_=None, **kwargs):
    """`func_` as a function whose `tf.get_variable` calls share variables between calls.

    Args:
      name_: scope of the variables, made unique. create_scope_now_: open the scope here rather than
        at the first call. unique_name_: exact name of the scope. custom_getter_: see
        `tf.get_variable`. kwargs: arguments bound to `func_`.
    Raises ValueError if `name_` is None, and in calls after the first that make trainable variables.

    Example:
      >>> import graphflow as tf
      >>> scale = tf.make_template("scale", lambda x: x * tf.get_variable("s", []))
      >>> first, second = scale(1.0), scale(2.0)
      >>> len(scale.trainable_variables)
      1
    """
    function = functools.partial(func_, **kwargs) if kwargs else func_
    return Template(name_, function, create_scope_now_, unique_name_, custom_getter_)


class Template:
    """A function with variables of its own; see `make_template`."""

    def __init__(self, name, func, create_scope_now=False, unique_name=None, custom_getter=None):
        if name is None:
            raise ValueError("name cannot be None.")
        self._name = name
        self._func = func
        self._unique_name = unique_name
        self._custom_getter = custom_getter
        self._made_at = traceback.format_stack()[:-2]
        self._variable_scope = None
        self._variables_created = False
        if create_scope_now:
            scope_name = unique_name or variable_scope.unique_scope_name(name)
            with variable_scope.pure_variable_scope(scope_name, custom_getter=custom_getter) as scope:
                self._variable_scope = scope

    def __call__(self, *args, **kwargs):
        if self._variable_scope is not None:
            with variable_scope.variable_scope(self._variable_scope, reuse=self._variables_created):
                return self._call(args, kwargs)
        with variable_scope.variable_scope(self._unique_name, self._name, custom_getter=self._custom_getter) as scope:
            self._variable_scope = scope
            return self._call(args, kwargs)

    def _call(self, args, kwargs):
        try:
            before = len(get_collection_ref(GraphKeys.TRAINABLE_VARIABLES))
            result = self._func(*args, **kwargs)
            trainable = get_collection_ref(GraphKeys.TRAINABLE_VARIABLES)
            if self._variables_created and len(trainable) != before:
                raise ValueError("Trainable variable created when calling a template after the first time, perhaps you "
                                 f"used tf.Variable when you meant tf.get_variable: {trainable[before:]}")
        except Exception as error:
            where = "".join(self._made_at[-1:])
            first, rest = (str(error.args[0]), error.args[1:]) if error.args else ("", ())
            error.args = (f"{first}\n\noriginally defined at:\n{where}", *rest)
            raise
        self._variables_created = True
        return result

    @property
    def name(self):
        """Name given to the template."""
        return self._name

    @property
    def func(self):
        """The function."""
        return self._func

    @property
    def variable_scope(self):
        """The VariableScope of its variables, or None before it is opened."""
        return self._variable_scope

    @property
    def var_scope(self):
        """The same, under its older name."""
        return self._variable_scope

    @property
    def variable_scope_name(self):
        """Name of the variable scope with a trailing slash, or None before it is opened."""
        if self._variable_scope is None:
            return None
        name = self._variable_scope.name
        return name if not name or name[-1] == "/" else name + "/"

    def _collected(self, key):
        return get_collection(key, self.variable_scope_name) if self._variables_created else []

    @property
    def variables(self):
        """Global and local variables."""
        return self.global_variables + self.local_variables

    @property
    def trainable_variables(self):
        """Trainable variables."""
        return self._collected(GraphKeys.TRAINABLE_VARIABLES)

    @property
    def non_trainable_variables(self):
        """Global variables that are not trainable."""
        trainable = set(self.trainable_variables)
        return [v for v in self.global_variables if v not in trainable]

    @property
    def global_variables(self):
        """Global variables."""
        return self._collected(GraphKeys.GLOBAL_VARIABLES)

    @property
    def local_variables(self):
        """Local variables."""
        return self._collected(GraphKeys.LOCAL_VARIABLES)

    weights = variables
    trainable_weights = trainable_variables
    non_trainable_weights = non_trainable_variables
