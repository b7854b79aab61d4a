"""The protobuf messages: wire and text equality with TensorBoard's copies of TensorFlow's."""

import importlib
import importlib.machinery
import importlib.util
import pathlib
import random
import subprocess
import sys

import pytest

from graphflow import protobuf

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Where TensorBoard's protos of TensorFlow 2.21 have gone on without these fields of 1.15.
GONE = {
    "TrackableObjectGraph.TrackableObject.SerializedTensor.optional_restore",
}
MODULES = (
    "attr_value cluster config cost_graph debug event function graph meta_graph node_def op_def "
    "resource_handle rewriter_config rpc_options saved_object_graph saver step_stats struct "
    "summary tensor tensor_description tensor_shape trackable_object_graph types variable "
    "verifier_config versions histogram allocation_description"
).split()
# Messages that TensorBoard does not ship.
ALONE = set(
    "SavedModel BundleHeaderProto BundleEntryProto TensorSliceProto CheckpointState NamedDevice "
    "Example SequenceExample Feature Features FeatureList FeatureLists BytesList FloatList "
    "Int64List QueueRunnerDef ValuesDef ControlFlowContextDef CondContextDef WhileContextDef "
    "ServerDef InterconnectLink LocalLinks DeviceLocality DeviceAttributes DeviceProperties "
    "NamedTensorProto SummaryDescription SpriteMetadata EmbeddingInfo ProjectorConfig "
    "SavedBareConcreteFunction ReaderBaseState".split()
)


def message_names():
    for name in dir(protobuf):
        value = getattr(protobuf, name)
        if hasattr(value, "DESCRIPTOR") and hasattr(value, "FromString"):
            yield name


def theirs(name):
    pytest.importorskip("tensorboard")
    try:
        importlib.import_module("tensorboard.compat.proto.types_pb2")
    except Exception as error:  # its generated code wants a recent protobuf runtime
        pytest.skip(f"this TensorBoard does not work with this protobuf: {error}")
    for module in MODULES:
        try:
            loaded = importlib.import_module(f"tensorboard.compat.proto.{module}_pb2")
        except ModuleNotFoundError:
            continue
        if hasattr(loaded, name):
            return getattr(loaded, name)
    return None


def is_repeated(field):
    if hasattr(type(field), "is_repeated"):
        return field.is_repeated
    return field.label == field.LABEL_REPEATED


def is_map(field):
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def scalar(field, rng):
    if field.enum_type is not None:
        return rng.choice(field.enum_type.values).number
    kind = field.cpp_type
    if kind in (field.CPPTYPE_FLOAT, field.CPPTYPE_DOUBLE):
        return rng.choice([0.5, -2.0, 1e3])
    if kind == field.CPPTYPE_BOOL:
        return True
    if kind == field.CPPTYPE_STRING:
        text = rng.choice(["a", "weights/read:0", "ü"])
        return text.encode() if field.type == field.TYPE_BYTES else text
    if kind in (field.CPPTYPE_INT32, field.CPPTYPE_INT64):
        return rng.choice([1, -1, 300])
    return rng.choice([1, 2**32 - 1])


def fill(message, rng, depth=4):
    """Sets every field of the message (of a oneof, the last of a random order)."""
    fields = list(message.DESCRIPTOR.fields)
    rng.shuffle(fields)
    for field in fields:
        if is_map(field):
            entry = field.message_type.fields_by_name
            key = scalar(entry["key"], rng)
            target = getattr(message, field.name)
            if entry["value"].message_type is None:
                target[key] = scalar(entry["value"], rng)
            elif depth:
                fill(target[key], rng, depth - 1)
        elif field.message_type is not None:
            if field.message_type.full_name.startswith("google."):
                continue
            if not depth or (field.message_type is message.DESCRIPTOR and depth < 3):
                continue
            if is_repeated(field):
                for _ in range(rng.choice([1, 2])):
                    fill(getattr(message, field.name).add(), rng, depth - 2 if depth > 1 else 0)
            else:
                getattr(message, field.name).SetInParent()
                fill(getattr(message, field.name), rng, depth - 2 if depth > 1 else 0)
        elif is_repeated(field):
            getattr(message, field.name).extend(scalar(field, rng) for _ in range(3))
        else:
            setattr(message, field.name, scalar(field, rng))
    return message


def compare_descriptors(ours, other, path, seen):
    """Every field of ours is there with the same name, number, type and label."""
    if ours.full_name in seen:
        return
    seen.add(ours.full_name)
    for field in ours.fields:
        name = f"{path}.{field.name}"
        match = other.fields_by_number.get(field.number)
        if match is None:
            assert field.full_name.removeprefix("graphflow.proto.") in GONE, name
            continue
        assert match.name.removeprefix("DEPRECATED_") == field.name
        assert (match.type, is_repeated(match)) == (field.type, is_repeated(field)), name
        assert (match.containing_oneof is None) == (field.containing_oneof is None), name
        if field.enum_type is not None:
            numbers = {v.name: v.number for v in match.enum_type.values}
            assert {v.name: v.number for v in field.enum_type.values}.items() <= numbers.items()
        if field.message_type is not None:
            compare_descriptors(field.message_type, match.message_type, name, seen)


@pytest.mark.parametrize("name", sorted(message_names()))
def test_same_as_tensorboards(name):
    other = theirs(name)
    if other is None:
        assert name in ALONE
        return
    ours = getattr(protobuf, name)
    compare_descriptors(ours.DESCRIPTOR, other.DESCRIPTOR, name, set())
    for seed in range(3):
        message = fill(ours(), random.Random(seed))
        wire = message.SerializeToString(deterministic=True)
        there = other.FromString(wire)
        assert ours.FromString(there.SerializeToString(deterministic=True)) == message
        filled = fill(other(), random.Random(seed))
        back = ours.FromString(filled.SerializeToString()).SerializeToString()
        assert other.FromString(back) == filled


def test_text_form():
    from google.protobuf import text_format

    other = theirs("GraphDef")
    graph = fill(protobuf.GraphDef(), random.Random(5))
    assert text_format.Parse(str(graph), protobuf.GraphDef()) == graph
    assert str(other.FromString(graph.SerializeToString())) == str(graph)


def test_enums_and_nested_classes():
    assert protobuf.DT_FLOAT == 1 and protobuf.DataType.Name(7) == "DT_STRING"
    assert protobuf.DataType.Value("DT_INT64_REF") == 109
    assert protobuf.RunOptions(trace_level=protobuf.RunOptions.FULL_TRACE).trace_level == 3
    assert protobuf.SaverDef.V2 == 2
    value = protobuf.Summary.Value(tag="loss", simple_value=0.5)
    assert protobuf.Summary(value=[value]).value[0].tag == "loss"
    assert isinstance(protobuf.AttrValue.ListValue(i=[1, 2]), protobuf.AttrValue.ListValue)


def test_any_packs_our_messages():
    meta = protobuf.MetaGraphDef()
    node = protobuf.NodeDef(name="x")
    meta.collection_def["c"].any_list.value.add().Pack(node)
    unpacked = protobuf.NodeDef()
    assert meta.collection_def["c"].any_list.value[0].Unpack(unpacked) and unpacked == node


def test_unknown_names():
    with pytest.raises(AttributeError, match="GraphDeff"):
        _ = protobuf.GraphDeff
    assert "GraphDef" in dir(protobuf) and "DT_FLOAT" in dir(protobuf)


def test_lives_beside_the_other_copies():
    pytest.importorskip("tensorboardX.proto.event_pb2", exc_type=ImportError)
    assert theirs("Event").DESCRIPTOR.full_name != protobuf.Event.DESCRIPTOR.full_name


def test_importing_loads_nothing_heavy():
    code = (
        "import sys, graphflow.protobuf as p; assert 'google.protobuf' not in sys.modules;"
        "p.GraphDef(); print('fine')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout == "fine\n", done.stderr


def test_compiled_messages_are_up_to_date():
    pytest.importorskip("grpc_tools")
    from google.protobuf import descriptor_pb2

    tool = str(ROOT / "tools" / "compile_protos")
    loader = importlib.machinery.SourceFileLoader("compile_protos", tool)
    spec = importlib.util.spec_from_loader("compile_protos", loader)
    module = importlib.util.module_from_spec(spec)
    keep, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = keep

    def own_files(data):
        files = descriptor_pb2.FileDescriptorSet.FromString(data).file
        return {file.name: file for file in files if file.name.startswith("graphflow")}

    assert own_files(module.compile_sources()) == own_files(module.OUTPUT.read_bytes())


def test_threads_get_the_same_classes():
    program = (
        "import threading\n"
        "from graphflow import protobuf\n"
        "start, found = threading.Barrier(8), []\n"
        "def look():\n"
        "    start.wait()\n"
        "    node = protobuf.NodeDef()\n"
        "    node.attr['shapes'].list.shape.extend([protobuf.TensorShapeProto()])\n"
        "    found.append(protobuf.TensorShapeProto)\n"
        "threads = [threading.Thread(target=look) for _ in range(8)]\n"
        "[thread.start() for thread in threads]\n"
        "[thread.join() for thread in threads]\n"
        "assert len(found) == 8 and len(set(found)) == 1, found\n")
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
