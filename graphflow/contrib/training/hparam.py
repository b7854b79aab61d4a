"""`tf.contrib.training.HParams`: hyperparameters by name, with the types of their first values.

State: per object the values (its attributes) and their types.
"""

import json
import numbers
import re

from graphflow.framework.api import tf_export

_ASSIGNMENT = re.compile(
    r"\s*(?P<name>[a-zA-Z][\w\.]*)(\[\s*(?P<index>\d+)\s*\])?\s*=\s*((?P<val>[^,\[]*)|\[(?P<vals>[^\]]*)\])($|,\s*)")


def _parse_bool(text):
    if text in ("true", "True", "false", "False"):
        return text in ("true", "True")
    return bool(int(text))


@tf_export("contrib.training.parse_values")
def parse_values(values, type_map, ignore_unknown=False):
    """{name: value} that a text like "a=1,b=[1.0,2.0],c[3]=x" says; an assignment to an index gives {index: value}.

    Args: values: the text. type_map: {name: type of its value or values}. ignore_unknown: whether names without a
      type are left out, instead of being an error.
    Raises ValueError for text that is none, for values of another type, and for names assigned twice.
    """
    results, position = {}, 0
    while position < len(values):
        match = _ASSIGNMENT.match(values, position)
        if not match:
            raise ValueError(f"Malformed hyperparameter value: {values[position:]}")
        position = match.end()
        name = match["name"]
        if name in type_map:
            _assign(results, match, type_map[name], values)
        elif not ignore_unknown:
            raise ValueError(f"Unknown hyperparameter type for {name}")
    return results


def _assign(results, match, kind, values):
    """Puts the value of one assignment into `results`."""
    name, parse = match["name"], _parse_bool if kind is bool else kind
    texts = [match["val"]] if match["vals"] is None else [text for text in re.split("[ ,]", match["vals"]) if text]
    try:
        parsed = [parse(text) for text in texts]
    except ValueError:
        raise ValueError(f"Could not parse hparam '{name}' of type '{kind.__name__}' with value "
                         f"'{match['val'] if match['vals'] is None else match['vals']}' in {values}") from None
    if match["index"] is None:
        target, key, label = results, name, name
    elif match["vals"] is not None:
        raise ValueError("Assignment of a list to a list index.")
    else:
        target, key = results.setdefault(name, {}), int(match["index"])
        label = f"{name}[{key}]"
    if not isinstance(target, dict) or key in target:
        raise ValueError(f"Multiple assignments to variable '{label}' in {values}")
    target[key] = parsed if match["vals"] is not None else parsed[0]


def _cast(name, kind, value):
    """`value` as a `kind`; ValueError where that would lose what it says."""
    if type(value) is kind or issubclass(kind, type(None)):
        return value
    is_text = issubclass(kind, (str, bytes)) and not isinstance(value, (str, bytes))
    is_bool = issubclass(kind, bool) != isinstance(value, bool)
    if is_text or is_bool or any(issubclass(kind, number) and not isinstance(value, number)
                                 for number in (numbers.Integral, numbers.Number)):
        raise ValueError(f"Could not cast hparam '{name}' of type '{kind}' from value {value!r}")
    return kind(value)


@tf_export("contrib.training.HParams")
class HParams:
    """Hyperparameters, as attributes.

    Args: hparam_def: not supported. model_structure: anything, kept for the caller.
      **kwargs: names and values; lists and tuples are parameters with several values.
    Raises ValueError for names that are taken and for empty lists.

    Example:
      >>> import graphflow as tf
      >>> hparams = tf.contrib.training.HParams(learning_rate=0.1, layers=[64, 32], name="mnist")
      >>> hparams.parse("learning_rate=0.5,layers=[128]").layers
      [128]
      >>> hparams.learning_rate
      0.5
    """

    def __init__(self, hparam_def=None, model_structure=None, **kwargs):
        if hparam_def is not None:
            raise ValueError("HParams(hparam_def=...) is not supported: GraphFlow has no HParamDef messages; use "
                             "to_json and parse_json")
        self._hparam_types = {}
        self._model_structure = model_structure
        for name, value in kwargs.items():
            self.add_hparam(name, value)

    def add_hparam(self, name, value):
        """Adds a parameter; ValueError if the name is taken, or the value an empty list."""
        if getattr(self, name, None) is not None:
            raise ValueError(f"Hyperparameter name is reserved: {name}")
        is_list = isinstance(value, (list, tuple))
        if is_list and not value:
            raise ValueError(f"Multi-valued hyperparameters cannot be empty: {name}")
        self._hparam_types[name] = type(value[0] if is_list else value), is_list
        setattr(self, name, value)

    def set_hparam(self, name, value):
        """Changes a parameter; KeyError for an unknown one, ValueError for a value of another type."""
        kind, is_list = self._hparam_types[name]
        if isinstance(value, list):
            if not is_list:
                raise ValueError(f"Must not pass a list for single-valued parameter: {name}")
            setattr(self, name, [_cast(name, kind, item) for item in value])
        else:
            if is_list:
                raise ValueError(f"Must pass a list for multi-valued parameter: {name}.")
            setattr(self, name, _cast(name, kind, value))

    def del_hparam(self, name):
        """Removes a parameter, if there is one of that name."""
        if self._hparam_types.pop(name, None) is not None:
            delattr(self, name)

    def parse(self, values):
        """Changes the parameters that a text like "a=1,b=[2,3]" names (see `parse_values`); returns self."""
        return self.override_from_dict(parse_values(values, {n: kind for n, (kind, _) in self._hparam_types.items()}))

    def override_from_dict(self, values_dict):
        """Changes the parameters in a dict; returns self."""
        for name, value in values_dict.items():
            self.set_hparam(name, value)
        return self

    def set_from_map(self, values_map):
        """`override_from_dict`, under its older name."""
        return self.override_from_dict(values_map)

    def set_model_structure(self, model_structure):
        """Keeps something for the caller."""
        self._model_structure = model_structure

    def get_model_structure(self):
        """What was kept for the caller."""
        return self._model_structure

    def to_json(self, indent=None, separators=None, sort_keys=False):
        """The parameters as JSON."""
        return json.dumps(self.values(), indent=indent, separators=separators, sort_keys=sort_keys)

    def parse_json(self, values_json):
        """Changes the parameters in a JSON object; returns self."""
        return self.override_from_dict(json.loads(values_json))

    def values(self):
        """{name: value} of all parameters."""
        return {name: getattr(self, name) for name in self._hparam_types}

    def get(self, key, default=None):
        """A parameter's value, or `default`; ValueError if that is of another type than the parameter."""
        if key not in self._hparam_types:
            return default
        if default is not None:
            kind, is_list = self._hparam_types[key]
            described = f"list<{kind}>" if is_list else str(kind)
            message = f"Hparam '{key}' of type '{described}' is incompatible with default={default}"
            if is_list != isinstance(default, list):
                raise ValueError(message)
            try:
                for value in default if is_list else [default]:
                    _cast(key, kind, value)
            except ValueError as error:
                raise ValueError(f"{message}. {error}") from None
        return getattr(self, key)

    def __contains__(self, key):
        return key in self._hparam_types

    def __str__(self):
        return ",".join(f"{name}={value}" for name, value in self.values().items())

    def __repr__(self):
        return f"{type(self).__name__}({sorted(self.values().items())})"
