"""`slim.model_analyzer`: how large a model is; and names of contrib's functions that slim repeats. No state."""

import graphflow as tf
from graphflow.framework.api import export_value, tf_export

for _name in ("xavier_initializer", "xavier_initializer_conv2d"):
    export_value(f"contrib.slim.{_name}", "graphflow.ops.init_ops", "xavier_initializer")
export_value("contrib.slim.variance_scaling_initializer", "graphflow.ops.init_ops", "contrib_variance_scaling")


@tf_export("contrib.slim.model_analyzer.tensor_description")
def tensor_description(var):
    """Text "(dtype 2x3)" for a tensor or variable."""
    return f"({var.dtype.name} {'x'.join(str(size) for size in var.get_shape())})"


@tf_export("contrib.slim.model_analyzer.analyze_ops")
def analyze_ops(graph, print_info=False):
    """Number of elements of all operations' outputs; prints each if asked to."""
    lines, total = ["---------", "Operations: name -> (type shapes) [size]", "---------"], 0
    for op in graph.get_operations():
        size = sum(output.get_shape().num_elements() or 0 for output in op.outputs)
        shapes = [tensor_description(output) for output in op.outputs if output.get_shape()]
        lines.append(f"{op.name} \t-> {', '.join(shapes)} [{size}]")
        total += size
    if print_info:
        print("\n".join(lines))
    return total


@tf_export("contrib.slim.model_analyzer.analyze_vars")
def analyze_vars(variables, print_info=False):
    """(number of elements, bytes) of variables; prints each and the sums if asked to."""
    lines, total_size, total_bytes = ["---------", "Variables: name (type shape) [size]", "---------"], 0, 0
    for var in variables:
        size = var.get_shape().num_elements() or 0
        number_of_bytes = size * tf.as_dtype(var.dtype).size
        lines.append(f"{var.name} {tensor_description(var)} [{size}, bytes: {number_of_bytes}]")
        total_size += size
        total_bytes += number_of_bytes
    lines += [f"Total size of variables: {total_size}", f"Total bytes of variables: {total_bytes}"]
    if print_info:
        print("\n".join(lines))
    return total_size, total_bytes
