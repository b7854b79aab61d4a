"""Control flow: grouping and ordering of operations.

`group`, `tuple_op` (`tf.tuple`) and `with_dependencies` are written in `framework/grouping.py`,
where gradients can reach them. Holds no state.
"""

from graphflow.framework.grouping import group, tuple_op, with_dependencies

__all__ = ["group", "tuple_op", "with_dependencies"]
