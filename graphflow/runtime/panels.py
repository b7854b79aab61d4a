"""Products by the same matrix share the panels of it.

Our own kernel for products (`kernels/cpu/source/panel_product.py`) copies the right matrix to where its tiles find
it in the cache, panel by panel. Where a recurrent net multiplies by the same weights at every step, one copy serves
all: it is made before the first of these products, or in the first iteration of a loop that does not change the
matrix. The same bits. Measured on two processors of Zen 5, µs a product: 128x156x512: 57.7, 47.1; 128x512x128 by a
transposed matrix: 53.8, 38.3; 32x512x1024: 135, 71.7. Holds no state.
"""

from graphflow.compiler import hoist
from graphflow.compiler.plan import Value
from graphflow.framework.op_def import OpDef

# What copies: an op of specialised plans, in no graph, that has no other kernel.
PANELS = OpDef("Panels", "matrix: T", "panels: T", "T: {float, double}", lambda c: [None], False, False, None,
               "graphflow.ops.matmul")


def share_panels(spec, shaped, first, rest, wait):
    """`first` and `rest` (lists of BoundNode), which of a loop run in the first iteration only and in each, with
    such products reading panels that others make."""
    products = {}
    for step in (*first, *rest):
        panels = None if step.native is None else step.native.panels
        if panels is not None:
            products.setdefault((spec.root(step.inputs[panels.input]), panels.key), []).append(step)
    if not products:
        return first, rest
    varying = set(shaped.varying or ())
    varying.update(value for step in rest for value in step.native_outputs)
    before, instead, early = {}, {}, []
    for (matrix, _), steps in products.items():
        stays = shaped.varying is not None and hoist.stays(shaped, matrix, varying)
        if len(steps) == 1 and (not stays or steps[0] in first):
            continue
        shared = _shared(spec, matrix, steps, wait)
        if shared is None:
            continue
        packing, *others = shared
        instead.update(zip(steps, others, strict=True))
        if stays and steps[0] not in first:
            early.append(packing)
        else:
            before.setdefault(steps[0], []).append(packing)

    def replaced(steps):
        return [new for step in steps for new in (*before.get(step, ()), instead.get(step, step))]

    return [*replaced(first), *early], replaced(rest)


def _shared(spec, matrix, steps, wait):
    """[the step that makes panels, those that read them instead of `matrix`], or None until they are compiled."""
    layout = steps[0].native.panels
    natives = [layout.pack(), *(step.native.panels.product() for step in steps)]
    missing = [native.function for native in natives if not native.function.ready()]
    if missing and not wait:
        spec.pending.extend(missing)
        return None
    node = steps[0].node.rewritten([matrix], PANELS, {"T": matrix.dtype})
    panels = Value(matrix.dtype, layout.shape, f"{matrix.name}/panels", node)
    node.outputs, spec.shape[panels] = [panels], layout.shape
    result = [steps[0].fused([node], [matrix], [panels], natives[0])]
    for step, native in zip(steps, natives[1:], strict=True):
        inputs = list(step.inputs)
        inputs[step.native.panels.input] = panels
        native.in_place = step.native.in_place
        result.append(step.fused(step.nodes, inputs, step.outputs, native))
    return result
