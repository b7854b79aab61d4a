"""How values get into the bodies of conditionals, loops and mapped functions.

`Captured` stands in a body for the tensor outside that is its input; `LoopVariable` for a value that
whoever runs the body gives; `TapeRead` for a value that another body recorded. They are made by
`framework/func_graph.py` and never run: a plan gets their values with its feeds. Holds no state.
"""

from graphflow.framework.op_def import NotDifferentiable, RegisterGradient, register_op

register_op("Captured", inputs="input: T", outputs="output: T", attrs="T: type", shape=lambda c: [c.shape(0)])
RegisterGradient("Captured")(lambda op, grad: grad)

register_op("RefCaptured", inputs="ref: Ref(T)", outputs="output_ref: Ref(T)", attrs="T: type",
            shape=lambda c: [c.shape(0)], writes=())
RegisterGradient("RefCaptured")(lambda op, grad: grad)

register_op("LoopVariable", outputs="output: T", attrs="T: type", shape=lambda c: [None])
NotDifferentiable("LoopVariable")

register_op("TapeRead", outputs="output: T", attrs="T: type", shape=lambda c: [None])
NotDifferentiable("TapeRead")
