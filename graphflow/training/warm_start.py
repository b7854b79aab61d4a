"""`tf.train.warm_start`: variables of a new model that begin with an older model's values.

Holds no state; initialisers of variables are replaced.
"""

import collections

from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph import GraphKeys, get_collection
from graphflow.ops.partitioners import PartitionInfo
from graphflow.ops.variables import Variable
from graphflow.platform import tf_logging as logging
from graphflow.training.checkpoint_reader import checkpoint_prefix, init_from_checkpoint, set_initial_value
from graphflow.training.remapped import load_and_remap_matrix_initializer
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
      vars_to_warm_start: regular expression for names of trainable variables, list of such expressions for all
        variables, list of variables, or None: only the trainable variables in `var_name_to_vocab_info`.
      var_name_to_vocab_info: {name: VocabInfo} of matrices whose words have changed: their rows or columns go where
        their words are now.
      var_name_to_prev_var_name: {name: name in the checkpoint} where they differ.
    Raises ValueError for what is none of these, and for names that no variable has.
    """
    variables = _grouped(vars_to_warm_start)
    renamed, words = var_name_to_prev_var_name or {}, var_name_to_vocab_info or {}
    for argument, names in (("var_name_to_prev_var_name", renamed), ("var_name_to_vocab_info", words)):
        unused = set(names) - set(variables)
        if unused:
            raise ValueError(f"You provided the following variables in {argument} that were not used: "
                             f"{sorted(unused)}.  Perhaps you misspelled them?  Here is the list of viable variable "
                             f"names: {sorted(variables)}")
    logging.info("Warm-starting from: %s", ckpt_to_initialize_from)
    plain = [name for name in variables if name not in words and vars_to_warm_start]
    init_from_checkpoint(ckpt_to_initialize_from, {
        renamed.get(name, name): parts[0] if len(parts) == 1 else parts
        for name, parts in ((name, variables[name]) for name in plain)})
    path = checkpoint_prefix(ckpt_to_initialize_from)
    for name, info in words.items():
        _start_with_words(variables[name], path, renamed.get(name, name), info)
    logging.info("Warm-started %d variables.", len(plain) + len(words))


def _start_with_words(parts, path, saved_name, info):
    """Has the slices of a matrix begin with the saved rows (or columns) of their words."""
    if info.axis == 0:
        sizes = info.new_vocab_size, parts[0].shape.as_list()[1]
        files = {"old_row_vocab_size": info.old_vocab_size, "old_row_vocab_file": info.old_vocab,
                 "new_row_vocab_file": info.new_vocab, "num_row_oov_buckets": info.num_oov_buckets}
    else:
        sizes = sum(part.shape.as_list()[0] for part in parts), info.new_vocab_size
        files = {"old_col_vocab_file": info.old_vocab, "new_col_vocab_file": info.new_vocab,
                 "num_col_oov_buckets": info.num_oov_buckets}
    initialize = load_and_remap_matrix_initializer(
        path, saved_name, *sizes, initializer=info.backup_initializer, **files)
    for part in parts:
        piece = part._save_slice_info
        where = None if piece is None else PartitionInfo(piece.full_shape, piece.var_offset)
        value = convert_to_tensor(initialize(part.shape.as_list(), partition_info=where))
        set_initial_value(part, value)


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
