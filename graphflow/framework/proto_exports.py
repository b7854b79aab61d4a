"""Public names of the protobuf messages: `tf.GraphDef`, `tf.train.Example`, `tf.summary.Event`...

The messages are made by `graphflow/protobuf` when first used. Holds no state.
"""

from graphflow.framework.api import export_value

_EXPORTS = {
    "": "AttrValue ConfigProto Event GPUOptions GraphDef GraphOptions HistogramProto LogMessage "
    "MetaGraphDef NameAttrList NodeDef OptimizerOptions RunMetadata RunOptions SessionLog Summary "
    "SummaryMetadata TensorInfo",
    "summary.": "Event SessionLog Summary SummaryDescription TaggedRunMetadata",
    "train.": "BytesList ClusterDef Example Feature FeatureList FeatureLists Features FloatList "
    "Int64List JobDef SaverDef SequenceExample ServerDef",
}

for _prefix, _names in _EXPORTS.items():
    for _name in _names.split():
        export_value(_prefix + _name, "graphflow.protobuf", _name)
