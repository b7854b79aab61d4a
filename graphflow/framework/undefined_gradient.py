"""Ops whose gradient TensorFlow does not define: asking for it is an error, not silence. Holds no state."""

from graphflow.framework.op_def import RegisterGradient


def undefined_gradient(*op_types):
    """States that differentiating through `op_types` raises LookupError."""
    def refuse(op, *grads):
        raise LookupError(f"No gradient defined for operation {op.name!r} (op type: {op.type})")

    for op_type in op_types:
        RegisterGradient(op_type)(refuse)
