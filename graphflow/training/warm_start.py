"""`tf.train.warm_start`: variables of a new model that begin with an older model's values.

Holds no state; initialisers of variables are replaced.
"""

import collections

from graphflow.framework.api import tf_export
from graphflow.framework.graph import GraphKeys, get_collection
from graphflow.ops.variables import Variable
from graphflow.platform import tf_logging as logging
from graphflow.training.checkpoint_reader import init_from_checkpoint
from graphflow.training.saveable import op_list_to_dict


@tf_export("train.VocabInfo", "estimator.VocabInfo")
class VocabInfo(collections.namedtuple("VocabInfo", [
        "new_vocab", "new_vocab_size", "num_oov_buckets", "old_vocab", "old_vocab_size", "backup_initializer",
        "axis"])):
    """Which words the rows (`axis` 0) or columns (1) of a variable are for, now and before.

    Args: new_vocab, old_vocab: files with a word per line. new_vocab_size, old_vocab_size: how many lines, -1 for all
      of the old one. num_oov_buckets: rows after the words. backup_initializer: for words that are new.
    Raises ValueError for another axis.
    """

    __slots__ = ()

    def __new__(cls, new_vocab, new_vocab_size, num_oov_buckets, old_vocab, old_vocab_size=-1, backup_initializer=None,
                axis=0):
        if axis not in (0, 1):
            raise ValueError("The only supported values for the axis argument are 0 and 1.  "
                             f"Provided axis: {axis}")
        return super().__new__(cls, new_vocab, new_vocab_size, num_oov_buckets, old_vocab, old_vocab_size,
                               backup_initializer, axis)


@tf_export("train.warm_start")
def warm_start(ckpt_to_initialize_from, vars_to_warm_start=".*", var_name_to_vocab_info=None,
               var_name_to_prev_var_name=None):
    """Makes variables begin with the values in a checkpoint.

    Args:
      ckpt_to_initialize_from: prefix, or folder with a state file.
      vars_to_warm_start: regular expression for names of trainable variables (None: all of them), list of such
        expressions for all variables, or list of variables.
      var_name_to_vocab_info: not supported: {name: VocabInfo} of variables whose words have changed.
      var_name_to_prev_var_name: {name: name in the checkpoint} where they differ.
    Raises ValueError for what is none of these, and for names that no variable has.
    """
    if var_name_to_vocab_info:
        raise ValueError("warm_start(var_name_to_vocab_info=...) is not supported: rows cannot be moved to the places "
                         f"of another vocabulary ({', '.join(sorted(var_name_to_vocab_info))})")
    variables = _grouped(vars_to_warm_start)
    renamed = var_name_to_prev_var_name or {}
    unused = set(renamed) - set(variables)
    if unused:
        raise ValueError("You provided the following variables in var_name_to_prev_var_name that were not used: "
                         f"{sorted(unused)}.  Perhaps you misspelled them?  Here is the list of viable variable names: "
                         f"{sorted(variables)}")
    logging.info("Warm-starting from: %s", ckpt_to_initialize_from)
    init_from_checkpoint(ckpt_to_initialize_from, {
        renamed.get(name, name): parts[0] if len(parts) == 1 else parts for name, parts in variables.items()})
    logging.info("Warm-started %d variables.", len(variables))


def _grouped(wanted):
    """{name in a checkpoint: its variable, or its slices}."""
    if wanted is None or isinstance(wanted, str):
        found = get_collection(GraphKeys.TRAINABLE_VARIABLES, scope=wanted)
    elif isinstance(wanted, list) and all(isinstance(item, str) for item in wanted):
        found = [v for item in wanted for v in get_collection(GraphKeys.GLOBAL_VARIABLES, scope=item)]
    elif isinstance(wanted, list) and all(isinstance(item, Variable) for item in wanted):
        found = wanted
    elif isinstance(wanted, list):
        raise ValueError("If `vars_to_warm_start` is a list, it must be all `Variable` or all `str`.  Given types are "
                         f"{[type(item) for item in wanted]}")
    else:
        raise ValueError(f"`vars_to_warm_start must be a `list` or `str`.  Given type is {type(wanted)}")
    groups = {}
    for variable in dict.fromkeys(found):
        (name,) = op_list_to_dict([variable])
        groups.setdefault(name, []).append(variable)
    return groups
