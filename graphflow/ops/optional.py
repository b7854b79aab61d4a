"""Optionals: variants that hold an element, or nothing (`tf.data.experimental.Optional`). Holds no state."""

from graphflow.framework import shapes
from graphflow.framework.op_def import NotDifferentiable, register_op

register_op("OptionalFromValue", inputs="components: Toutput_types", outputs="optional: variant",
            attrs="Toutput_types: list(type) >= 1", shape=shapes.scalar)
register_op("OptionalNone", outputs="optional: variant", shape=shapes.scalar)
register_op("OptionalHasValue", inputs="optional: variant", outputs="has_value: bool", shape=shapes.scalar)
register_op("OptionalGetValue", inputs="optional: variant", outputs="components: output_types",
            attrs="output_types: list(type) >= 1; output_shapes: list(shape) >= 1",
            shape=lambda c: list(c.attr("output_shapes")), allocates=True)
for _name in ("OptionalFromValue", "OptionalNone", "OptionalHasValue", "OptionalGetValue"):
    NotDifferentiable(_name)
