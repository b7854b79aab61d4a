"""Operations that a SavedModel runs when it is loaded. Holds no state."""

from graphflow.framework import public
from graphflow.framework.api import tf_export
from graphflow.framework.graph_scopes import control_dependencies
from graphflow.framework.grouping import group


@tf_export("saved_model.main_op.main_op")
def main_op():
    """An operation that initialises variables, local variables and tables."""
    return group(public.global_variables_initializer(), public.local_variables_initializer(),
                 public.tables_initializer())


@tf_export("saved_model.main_op_with_restore", "saved_model.main_op.main_op_with_restore")
def main_op_with_restore(restore_op_name):
    """`main_op`, and then the operation given (one that restores)."""
    with control_dependencies([main_op()]):
        return group(restore_op_name)
