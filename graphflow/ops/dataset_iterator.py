"""Iterators: what a session keeps of a dataset, and asks for its next element.

An iterator is a resource of the session. `IteratorGetNext` waits for the element, and the steps behind it see
its shapes only then. Holds no state.
"""

from graphflow.framework import shapes
from graphflow.framework.op_def import NotDifferentiable, register_op
from graphflow.ops.dataset_source import ELEMENT


def _element_shapes(c):
    return list(c.attr("output_shapes"))


register_op("Iterator", outputs="handle: resource", attrs="shared_name: string; container: string; " + ELEMENT,
            shape=shapes.scalar, stateful=True)
register_op("IteratorV2", outputs="handle: resource", attrs="shared_name: string; container: string; " + ELEMENT,
            shape=shapes.scalar, stateful=True)
register_op("OneShotIterator", outputs="handle: resource",
            attrs="dataset_factory: func; " + ELEMENT + "; container: string = ''; shared_name: string = ''",
            shape=shapes.scalar, stateful=True)
register_op("MakeIterator", inputs="dataset: variant, iterator: resource", shape=shapes.no_outputs, stateful=True,
            blocking=True)
register_op("IteratorGetNext", inputs="iterator: resource", outputs="components: output_types", attrs=ELEMENT,
            shape=_element_shapes, stateful=True, allocates=True, blocking=True)
register_op("IteratorGetNextSync", inputs="iterator: resource", outputs="components: output_types", attrs=ELEMENT,
            shape=_element_shapes, stateful=True, allocates=True, blocking=True)
register_op("IteratorGetNextAsOptional", inputs="iterator: resource", outputs="optional: variant", attrs=ELEMENT,
            shape=shapes.scalar, stateful=True, blocking=True)
register_op("IteratorToStringHandle", inputs="resource_handle: resource", outputs="string_handle: string",
            shape=shapes.scalar, stateful=True)
register_op("IteratorFromStringHandle", inputs="string_handle: string", outputs="resource_handle: resource",
            attrs="output_types: list(type) >= 0 = []; output_shapes: list(shape) >= 0 = []", shape=shapes.scalar,
            stateful=True)
register_op("IteratorFromStringHandleV2", inputs="string_handle: string", outputs="resource_handle: resource",
            attrs="output_types: list(type) >= 0 = []; output_shapes: list(shape) >= 0 = []", shape=shapes.scalar,
            stateful=True)
register_op("DatasetToSingleElement", inputs="dataset: variant", outputs="components: output_types", attrs=ELEMENT,
            shape=_element_shapes, stateful=True, allocates=True, blocking=True)
for _name in ("Iterator", "IteratorV2", "OneShotIterator", "MakeIterator", "IteratorGetNext", "IteratorGetNextSync",
              "IteratorGetNextAsOptional", "IteratorToStringHandle", "IteratorFromStringHandle",
              "IteratorFromStringHandleV2", "DatasetToSingleElement"):
    NotDifferentiable(_name)
