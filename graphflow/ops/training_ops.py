"""The update rules of optimizers as ops: each changes a variable and its slots, given a gradient.

One table gives every rule's slots and coefficients; from it come its forms, which share a kernel:
`Apply*` on reference variables, `SparseApply*` on the rows that `indices` names, and both again
as `Resource*` on variable handles. None is differentiable. Holds no state; users reach these ops
through the classes of `graphflow/training/`.
"""

from graphflow.framework import shapes
from graphflow.framework.op_def import NotDifferentiable, register_op

# Rule -> (slots, other inputs in order, flags, the forms it has).
# In a sparse form `indices` follows the gradient.
_DENSE = ("Apply", "ResourceApply")
_SPARSE = ("SparseApply", "ResourceSparseApply")
_ALL = _DENSE + _SPARSE
_UPDATE_SLOTS = "; update_slots: bool = true"
_NESTEROV = "; use_nesterov: bool = false"
_ADAM = "lr beta1 beta2 epsilon grad"
_ADA_DA_SLOTS = "gradient_accumulator gradient_squared_accumulator"
_RULES = {
    "GradientDescent": ("", "alpha delta", "", _DENSE),
    "ProximalGradientDescent": ("", "alpha l1 l2 delta", "", _ALL),
    "Adadelta": ("accum accum_update", "lr rho epsilon grad", "", _ALL),
    "Adagrad": ("accum", "lr grad", _UPDATE_SLOTS, _ALL),
    "AdagradV2": ("accum", "lr epsilon grad", _UPDATE_SLOTS, _ALL),
    "ProximalAdagrad": ("accum", "lr l1 l2 grad", "", _ALL),
    "AdagradDA": (_ADA_DA_SLOTS, "grad lr l1 l2 global_step", "", _ALL),
    "Ftrl": ("accum linear", "grad lr l1 l2 lr_power", "", _ALL),
    "FtrlV2": ("accum linear", "grad lr l1 l2 l2_shrinkage lr_power", "", _ALL),
    "Momentum": ("accum", "lr grad momentum", _NESTEROV, _ALL),
    "KerasMomentum": ("accum", "lr grad momentum", _NESTEROV,
                      ("ResourceApply", "ResourceSparseApply")),
    "Adam": ("m v", "beta1_power beta2_power " + _ADAM, _NESTEROV, _DENSE),
    "AdamWithAmsgrad": ("m v vhat", "beta1_power beta2_power " + _ADAM, "", ("ResourceApply",)),
    "AdaMax": ("m v", "beta1_power " + _ADAM, "", _DENSE),
    "RMSProp": ("ms mom", "lr rho momentum epsilon grad", "", _ALL),
    "CenteredRMSProp": ("mg ms mom", "lr rho momentum epsilon grad", "", _ALL),
    "AddSign": ("m", "lr alpha sign_decay beta grad", "", _DENSE),
    "PowerSign": ("m", "lr logbase sign_decay beta grad", "", _DENSE),
}


def _check_gradient(c, position, sparse, shape):
    """`shape` refined by the gradient's, which for a sparse form holds one row per index."""
    gradient = c.shape(position)
    if not sparse:
        return shapes.merge_shapes(shape, gradient)
    indices = shapes.with_rank(c.shape(position + 1), 1)
    if gradient is None:
        return shape
    if not gradient:
        raise ValueError("Shape must be at least rank 1 but is rank 0")
    shapes.merge_dim(indices[0], gradient[0])
    return shapes.merge_shapes(shape, (None, *gradient[1:]))


def _shape_rule(names, states, sparse, resource):
    gradient = next(i for i, name in enumerate(names) if name in ("grad", "delta"))
    apart = {gradient, gradient + 1} if sparse else {gradient}

    def rule(c):
        shape = None
        for i in range(states):
            shape = shapes.merge_shapes(shape, c.handle(i)[1] if resource else c.shape(i))
        for i in range(states, len(names)):
            if i not in apart:
                shapes.with_rank(c.shape(i), 0)
        shape = _check_gradient(c, gradient, sparse, shape)
        return [] if resource else [shape]

    return rule


def _register(rule, slots, others, flags, form):
    resource, sparse = "Resource" in form, "Sparse" in form
    states, names = ["var", *slots.split()], others.split()
    if sparse:
        names = ["grad" if name == "delta" else name for name in names]
        names.insert(names.index("grad") + 1, "indices")
    kinds = {"indices": "Tindices", "global_step": "int64"}
    inputs = [f"{name}: {'resource' if resource else 'Ref(T)'}" for name in states]
    inputs += [f"{name}: {kinds.get(name, 'T')}" for name in names]
    register_op(
        form + rule, inputs=", ".join(inputs), outputs="" if resource else "out: Ref(T)",
        attrs="T: numbertype" + ("; Tindices: {int32, int64}" if sparse else "")
        + "; use_locking: bool = false" + flags,
        shape=_shape_rule([*states, *names], len(states), sparse, resource),
        stateful=resource, writes=tuple(range(len(states))),
    )
    NotDifferentiable(form + rule)


for _rule, (_slots, _others, _flags, _forms) in _RULES.items():
    for _form in _forms:
        _register(_rule, _slots, _others, _flags, _form)
