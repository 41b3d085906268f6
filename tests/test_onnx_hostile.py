"""ONNX files that are broken or mean harm: a clear error, within bounds of time and memory."""

import gzip
import resource
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from convcost import evaluate, importers
from convcost.problems import SpecError

onnx = pytest.importorskip("onnx", reason="onnx is not installed")

helper = onnx.helper
RESNET = Path(__file__).parent / "reference" / "onnx" / "resnet18.onnx.gz"
FLOAT = onnx.TensorProto.FLOAT


def opened(number, size):
    """How protobuf begins a field of so many bytes."""
    head = bytearray((number << 3 | 2,))
    while size >= 128:
        head.append(size & 127 | 128)
        size >>= 7
    return bytes((*head, size))


def message(number, content):
    return opened(number, len(content)) + content


def model(*nodes, weights=(), x=(1, 3, 8, 8), opset=17, functions=()):
    inputs = [helper.make_tensor_value_info("x", FLOAT, x)]
    outputs = [helper.make_tensor_value_info("y", FLOAT, None)]
    graph = helper.make_graph(list(nodes), "graph", inputs, outputs, list(weights))
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("own", 1)]
    return helper.make_model(graph, opset_imports=opsets, functions=list(functions)).SerializeToString()


def node(op, inputs, outputs, **attributes):
    return helper.make_node(op, inputs.split(), outputs.split(), **attributes)


def tensor(name, *dims, type_=FLOAT, place=None):
    """A tensor without numbers, or with them in another file."""
    made = onnx.TensorProto(name=name, data_type=type_, dims=dims)
    if place is not None:
        made.data_location = onnx.TensorProto.EXTERNAL
        made.external_data.add(key="location", value=place)
    return made


def numbers(name, *values):
    return helper.make_tensor(name, onnx.TensorProto.INT64, [len(values)], values)


def nested(depth):
    """Attributes with graphs with nodes with attributes …"""
    content = b""
    for _ in range(depth):
        content = message(1, message(5, message(6, content)))
    return message(7, content)


def doubling(depth):
    """Functions, each of which calls the next twice."""
    calls = [(f"f{at}", f"f{at + 1}") for at in range(depth)]
    twice = lambda inner: [node(inner, "a", "b", domain="own"), node(inner, "b", "c", domain="own")]  # noqa: E731
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
    made = [helper.make_function("own", name, ["a"], ["c"], twice(inner), opsets) for name, inner in calls]
    return [*made, helper.make_function("own", f"f{depth}", ["a"], ["c"], [node("Relu", "a", "c")], opsets)]


def ring():
    opsets = [helper.make_opsetid("own", 1)]
    body = [node("f", "a", "c", domain="own")]
    return [helper.make_function("own", "f", ["a"], ["c"], body, opsets)]


FILES = {
    "zeros": (lambda: bytes(2**20), "byte 0 begins no field"),
    "nothing": (lambda: b"", "the file is empty"),
    "text": (lambda: b"name: resnet\nlayers:\n" * 9, "no ONNX model"),
    "a claim of 2 GB": (lambda: b"\x3a\xff\xff\xff\xff\x07" + bytes(9), "2,147,483,647 bytes are claimed, 9 are left"),
    "a claim without end": (lambda: b"\x3a" + b"\xff" * 20, "is in no number"),
    "half a file": (lambda: gzip.decompress(RESNET.read_bytes())[:5000], "ends too soon"),
    "no graph": (lambda: b"\x08\x08", "there is no graph in it"),
    "depth": (lambda: nested(3000), "more than 32 deep"),
    "fields": (lambda: message(7, b"\x0a\x00" * 1_100_000), "more than 1,000,000 fields"),
    "small nodes": (lambda: message(7, message(1, b"\x2a\x00" * 500) * 12_000), "more than 8 MB besides the weights"),
    "cycle": (lambda: model(node("Relu", "b", "a"), node("Relu", "a", "b"), node("Relu", "b", "y")), "is cyclic"),
    "itself": (lambda: model(node("Relu", "y", "y")), "is cyclic"),
    "lost": (lambda: model(node("Relu", "z", "y")), "takes `z`, which nothing makes"),
    "no weights": (lambda: model(node("Conv", "x", "y")), r"`y` \(Conv\): it has no input 1"),
    "calls of itself": (lambda: model(node("f", "x", "y", domain="own"), functions=ring()), "calls itself"),
    "doubling": (lambda: model(node("f0", "x", "y", domain="own"), functions=doubling(40)), "more than 100,000 nodes"),
    "nodes": (lambda: model(*(node("Relu", "x", f"t{at}") for at in range(100_001))), "more than 100,000 nodes"),
    "outputs": (lambda: model(node("Split", "x", " ".join(f"o{at}" for at in range(11_000)))), "11,000 outputs"),
    "huge weights": (lambda: model(node("Conv", "x w", "y"), weights=[tensor("w", 2**62, 3, 3, 3)]), "at most"),
    "less than nothing": (lambda: model(node("Conv", "x w", "y"), weights=[tensor("w", -4, 3, 3, 3)]), "at least 1"),
    "axes": (lambda: model(node("Relu", "w", "y"), weights=[tensor("w", *[2**40] * 5000)]), "a tensor of 5,000 axes"),
    "huge fill": (
        lambda: model(node("ConstantOfShape", "s", "c"), node("Add", "x c", "y"), weights=[numbers("s", 2**40, 2**40)]),
        "do not fit",
    ),
    "huge axis": (
        lambda: model(node("Expand", "x s", "y"), weights=[numbers("s", 2**50, 3, 8, 8)]),
        "larger than|at most",
    ),
    "an old opset": (lambda: model(node("Relu", "x", "y"), opset=3), "opset 3, 6 or newer"),
    "no layers": (lambda: model(node("Identity", "x", "y")), "no layers"),
    "text for numbers": (
        lambda: model(node("Conv", "x w", "y", strides="abc"), weights=[tensor("w", 4, 3, 3, 3)]),
        r"\(Conv\)",
    ),
    "signs": (lambda: model(node("Relu", "\x1b[31mz", "y")), "` .31mz`, which nothing makes"),
}


@pytest.mark.parametrize("name", FILES)
def test_broken_and_hostile_files_get_a_clear_error(name, tmp_path):
    make, said = FILES[name]
    path = tmp_path / "model.onnx"
    path.write_bytes(make())
    with pytest.raises(SpecError, match=said) as raised:
        importers.read(str(path), "onnx")
    text = str(raised.value)
    assert len(text) < 500
    assert "\x1b" not in text


def test_what_is_no_file(tmp_path):
    for path, said in ((tmp_path, "directory"), (tmp_path / "none.onnx", "no such file"), ("/dev/zero", "not a file")):
        with pytest.raises(SpecError, match=said):
            importers.read(str(path), "onnx")


def test_a_tar_of_zeros(tmp_path):
    (tmp_path / "zeros").write_bytes(bytes(10**6))
    with tarfile.open(tmp_path / "model.onnx", "w") as archive:
        archive.add(tmp_path / "zeros")
    with pytest.raises(SpecError, match="no ONNX model"):
        importers.read(str(tmp_path / "model.onnx"), "onnx")


def heavy(path, size):
    """A model whose weights are so many bytes, of which the file system holds none."""
    whole = onnx.ModelProto.FromString(model(node("Conv", "x w", "y")))
    rest = whole.graph.SerializeToString()
    whole.ClearField("graph")
    # The weights, and in them their raw_data, are the last of the file.
    weights = tensor("w", size // 108, 3, 3, 3).SerializeToString() + opened(9, size)
    initializer = opened(5, len(weights) + size) + weights
    with path.open("wb") as file:
        file.write(whole.SerializeToString() + opened(7, len(rest) + len(initializer) + size) + rest + initializer)
        file.truncate(file.tell() + size)


def test_weights_are_passed_over(tmp_path):
    path = tmp_path / "heavy.onnx"
    size = 108 * 10_000_000
    heavy(path, size)
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_DATA, (2**29, 2**29))\n"
        "from convcost import evaluate, importers\n"
        f"print(evaluate(importers.read({str(path)!r}, 'onnx')[0]).total.params)"
    )
    assert resource.getrlimit(resource.RLIMIT_DATA)
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.stdout.strip() == str(size // 4), ran.stderr


def test_files_beside_the_model_are_not_opened(tmp_path):
    path = tmp_path / "model.onnx"
    weights = [tensor("w", 8, 3, 3, 3, place="../../../../etc/passwd")]
    path.write_bytes(model(node("Conv", "x w", "y"), weights=weights))
    found = evaluate(importers.read(str(path), "onnx")[0])
    assert (found.total.params, found.total.macs) == (216, 216 * 36)
    # A shape that lies there is not known, and what goes by it is listed.
    shape = tensor("s", 2, type_=onnx.TensorProto.INT64, place="/etc/passwd")
    path.write_bytes(model(node("Reshape", "x s", "z"), node("MatMul", "z v", "y"), weights=[shape, tensor("v", 9, 5)]))
    found = evaluate(importers.read(str(path), "onnx")[0])
    assert found.uncounted == {"MatMul": 1}


def test_nodes_in_another_order_are_sorted(tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(model(node("Relu", "c", "y"), node("Conv", "x w", "c"), weights=[tensor("w", 4, 3, 3, 3)]))
    (network,) = importers.read(str(path), "onnx")
    assert [found.kind for found in network.nodes] == ["conv", "relu"]
