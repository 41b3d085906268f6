"""PyTorch modules whose code asks for values, keeps things, fails, or uses what is seldom used."""

import sys

import pytest

import convcost
from convcost import importers
from convcost.errors import ConvcostError
from convcost.evaluation import evaluate
from convcost.problems import SpecError

torch = pytest.importorskip("torch", reason="the extra `torch` is not installed")
nn, F = torch.nn, torch.nn.functional
pytestmark = pytest.mark.filterwarnings(
    *("ignore:.*deprecated", "ignore:.*Please use the new API", "ignore:.*reduce_range"),
    "ignore:LSTM with projections",
)

IMAGE = (8, 12, 10)
# A 3×3 convolution of 8 to 8 channels on 12×10.
CONV = 8 * 8 * 9 * 120


class Of(nn.Module):
    """A module that runs a function of a convolution, or other parts, and its inputs."""

    def __init__(self, function, **parts):
        super().__init__()
        self.function = function
        for name, part in (parts or {"c": conv(8, 8)}).items():
            setattr(self, name, part)

    def forward(self, *inputs):
        return self.function(self, *inputs)


def conv(c1, c2):
    return nn.Conv2d(c1, c2, 3, padding=1)


def learnt(*shape):
    return nn.Parameter(torch.empty(shape))


def counted(module, *inputs):
    found = evaluate(convcost.from_torch(module, *inputs or (IMAGE,)))
    assert found.total.params == sum(p.numel() for p in module.parameters())
    return found


def kinds(module, *inputs):
    return [node.kind for node in convcost.from_torch(module, *inputs or (IMAGE,)).nodes]


def asks(value):
    """A module that runs its convolution as often as a constant says."""

    def run(module, x):
        for _ in range(int(value(x))):
            x = module.c(x)
        return x

    return Of(run)


@pytest.mark.parametrize(
    "value",
    [
        lambda x: torch.ones(3, device=x.device).sum(),
        lambda x: torch.full((2, 2), 3, device=x.device).max().item(),
        lambda x: torch.arange(4, device=x.device)[-1],
        lambda x: torch.ones_like(x[0, 0, 0, :3]).sum(),
        lambda x: torch.zeros_like(x).eq(0).any() * 3,
        lambda x: x.new_ones(3).sum(),
        lambda x: x.new_full((1,), 3),
        lambda x: x.new_tensor([1.0, 3.0])[1],
        lambda x: torch.tensor([3], device=x.device),
        lambda x: torch.as_tensor([1, 2], device=x.device).sum(),
        lambda x: torch.tensor(3).to(x.device),
        lambda x: torch.arange(1, 4).expand_as(x[0, 0, :, :3])[5, 2],
        lambda x: torch.ones(x.shape[-2:], device=x.device).bool().all() + 2,
        lambda x: torch.tensor([3.0]).type_as(x),
    ],
)
def test_a_module_gets_the_values_of_its_own_constants(value):
    assert counted(asks(value)).total.macs == 3 * CONV


def test_large_constants_have_no_values_and_take_no_memory():
    with pytest.raises(ConvcostError, match="the operation `item` is not possible"):
        counted(asks(lambda x: torch.ones(2**40, device=x.device).sum()))


@pytest.mark.parametrize(
    ("module", "inputs", "macs"),
    [
        (
            Of(
                lambda m, x: m.l(x, (torch.zeros(1, 1, 6, device=x.device), x.new_zeros(1, 1, 6))),
                l=nn.LSTM(10, 6, batch_first=True),
            ),
            [(4, 10)],
            4 * (4 * 6 * 10 + 4 * 6 * 6),
        ),
        (
            Of(lambda m, x: F.grid_sample(m.c(x), torch.zeros(1, 4, 4, 2, device=x.device), align_corners=False)),
            [],
            CONV,
        ),
        (Of(lambda m, x: torch.quantile(m.c(x), 0.5)), [], CONV),
        (Of(lambda m, x: torch.cat((m.c(x), torch.zeros(1, 2, 12, 10, device=x.device)), 1)), [], CONV),
        (Of(lambda m, x: torch.tensor_split(m.c(x), torch.tensor([2, 3]), 1)), [], CONV),
    ],
)
def test_constants_stand_beside_activations_in_operations_of_many(module, inputs, macs):
    found = counted(module, *inputs)
    assert found.total.macs == macs
    assert not found.uncounted


@pytest.mark.parametrize(
    ("function", "listed", "shape"),
    [
        (lambda m, x: m.c(x).nonzero(), "nonzero", (960, 4)),
        (lambda m, x: torch.where(m.c(x) > 0)[2], "nonzero", None),
        (lambda m, x: m.c(x)[x > 0], "nonzero", (960,)),
        (lambda m, x: m.c(x).flatten(2)[:, :, (x > 0).flatten()[:120]], "nonzero", (8, 120)),
        (lambda m, x: torch.masked_select(m.c(x), x[:, :1] > 0), "masked_select", (960,)),
        (lambda m, x: torch.unique(m.c(x)), "unique", (960,)),
        (lambda m, x: torch.unique(m.c(x), dim=1), "unique_dim", (8, 12, 10)),
    ],
)
def test_what_keeps_as_much_as_values_say_keeps_all_and_is_listed(function, listed, shape):
    found = counted(Of(function))
    assert found.uncounted == {f"{listed} (all kept)": 1}
    assert found.total.macs == CONV
    assert shape is None or [found.shapes[name] for name in found.network.outputs] == [shape]


def test_behind_what_keeps_all_the_most_is_counted():
    def choose(module, x):
        scores = module.score(x).flatten()
        chosen = torch.where(scores > 0)[0]
        labels = torch.arange(120, device=x.device)[chosen]
        boxes = x.flatten(2)[0].T[chosen]
        return [module.head(boxes[labels == label]) for label in labels.unique()[:3]]

    found = counted(Of(choose, score=nn.Conv2d(8, 1, 1), head=nn.Linear(8, 4)))
    assert found.total.macs == 8 * 120 + 3 * 8 * 4
    assert set(found.uncounted) == {"nonzero (all kept)"}


def test_masks_that_only_choose_where_to_write_keep_what_they_are():
    def run(module, x):
        y = module.c(x)
        y[y < 0] = 0
        y[x > 0] = y.mean()
        return module.c(y)

    found = counted(Of(run))
    assert found.total.macs == 2 * CONV
    assert not found.uncounted


OPERATIONS = {
    "nms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "roi_align": "(Tensor input, Tensor rois, float spatial_scale, SymInt pooled_height, SymInt pooled_width,"
    " int sampling_ratio, bool aligned) -> Tensor",
    "deform_conv2d": "(Tensor input, Tensor weight, Tensor offset, Tensor mask, Tensor bias, SymInt stride_h,"
    " SymInt stride_w, SymInt pad_h, SymInt pad_w, SymInt dilation_h, SymInt dilation_w, SymInt groups,"
    " SymInt offset_groups, bool use_mask) -> Tensor",
}


@pytest.fixture
def vision():
    """The operations of torchvision, by name and shapes; those of torchvision itself where it is loaded."""
    if "torchvision" in sys.modules:
        yield torch.ops.torchvision
        return
    library = torch.library.Library("torchvision", "FRAGMENT")
    for name, schema in OPERATIONS.items():
        library.define(name + schema)
    library.impl("roi_align", lambda x, rois, _s, h, w, _r, _a: x.new_empty(len(rois), x.shape[1], h, w), "Meta")
    library.impl("deform_conv2d", lambda x, w, *_: x.new_empty(1, len(w), *x.shape[2:]), "Meta")
    yield torch.ops.torchvision
    library._destroy()


@pytest.mark.parametrize("bias", [True, False])
def test_deformable_convolutions_are_the_products_of_plain_ones(vision, bias):
    def run(module, x):
        made = module.b if bias else torch.zeros(16)
        masked = module.offset(x)
        return vision.deform_conv2d(x, module.w, masked[:, :18], masked[:, 18:], made, *(1,) * 7, 1, True)  # noqa: FBT003

    parts = {"w": learnt(16, 8, 3, 3), "offset": conv(8, 27)} | ({"b": learnt(16)} if bias else {})
    found = counted(Of(run, **parts))
    assert found.total.macs == (27 + 16) * 8 * 9 * 120
    assert not found.uncounted
    assert [node.kind for node in found.network.nodes][-1] == "deform_conv2d"


def test_regions_are_interpolated_and_boxes_all_kept(vision):
    def run(module, x):
        scores = module.c(x)
        kept = vision.nms(scores.flatten()[:40].view(10, 4), scores.flatten()[:10], 0.5)
        rois = scores.flatten()[:50].view(10, 5)[kept]
        return module.l(vision.roi_align(scores, rois, 1.0, 2, 2, 0, False).flatten(1))  # noqa: FBT003

    found = counted(Of(run, c=conv(8, 8), l=nn.Linear(32, 3)))
    assert found.total.macs == CONV + 10 * 32 * 3
    assert found.uncounted == {"torchvision.nms (all kept)": 1}
    assert {"nms1", "roi_align1"} <= {node.name for node in found.network.nodes}


SMALL = (1, 9, 16)


@pytest.mark.parametrize(
    ("module", "inputs", "macs"),
    [
        (
            Of(
                lambda m, x: F.affine_grid(m.l(x.mean((2, 3))).view(1, 2, 3), (1, 8, 4, 5), align_corners=False),
                l=nn.Linear(8, 6),
            ),
            [],
            168,
        ),
        (
            Of(
                lambda m, x: torch._grouped_mm(x[0, 0], m.w, offs=torch.tensor([4, 9], dtype=torch.int32)),
                w=learnt(2, 16, 6),
            ),
            [SMALL],
            9 * 16 * 6,
        ),
        (
            Of(lambda m, x: torch._int_mm(x[0, 0].to(torch.int8), m.w), w=torch.empty(16, 8).to(torch.int8)),
            [(1, 24, 16)],
            24 * 16 * 8,
        ),
        (nn.Sequential(nn.EmbeddingBag(50, 12), nn.Linear(12, 5)), [torch.zeros(1, 7, dtype=torch.long)], 60),
        (
            Of(
                lambda m, x: m.l(nn.utils.rnn.pack_padded_sequence(x, torch.tensor([3]), batch_first=True))[1],
                l=nn.GRU(10, 6, batch_first=True),
            ),
            [(4, 10)],
            3 * 18 * 16,
        ),
        (Of(lambda m, x: F.cross_entropy(m.c(x), torch.zeros(1, 12, 10, dtype=torch.long))), [], CONV),
        (Of(lambda m, x: torch.clamp(m.c(x), min=x.amin(), max=x.amax())), [], CONV),
        (Of(lambda m, x: torch.clamp(m.c(x), torch.tensor(0), torch.tensor(6))), [], CONV),
        (Of(lambda m, x: m.c(x).narrow(2, -3, 2)), [], CONV),
        (Of(lambda m, x: m.c(x).to("cpu", torch.float64) + 1), [], CONV),
        (Of(lambda m, x: torch.fake_quantize_per_tensor_affine(m.c(x), 0.1, 0, -8, 7)), [], CONV),
        (nn.Sequential(nn.RReLU(), nn.Softmax2d()), [], 0),
    ],
)
def test_what_is_seldom_used_is_counted(module, inputs, macs):
    found = counted(module, *inputs)
    assert found.total.macs == macs
    assert not found.uncounted


@pytest.mark.parametrize(
    ("module", "tokens", "matrices"),
    [
        (nn.LSTM(10, 6, 2, batch_first=True, bidirectional=True), 4, 2 * 24 * (10 + 6 + 12 + 6)),
        (nn.LSTM(10, 6, batch_first=True, proj_size=3), 4, 24 * (10 + 3) + 3 * 6),
        (nn.GRU(10, 6, batch_first=True, bias=False), 4, 18 * 16),
        (nn.RNN(10, 6, batch_first=True, nonlinearity="relu"), 4, 6 * 16),
    ],
)
def test_a_recurrent_layer_is_one_layer_with_its_name(module, tokens, matrices):
    found = counted(nn.Sequential(module), (4, 10))
    first, *rest = found.network.nodes
    assert (first.name, found.costs["0"].macs) == ("0", tokens * matrices)
    assert {node.kind for node in rest} == {"state"}
    out, *states = module(torch.rand(1, 4, 10))
    shapes = [tuple(out.shape[1:]), *(tuple(state.shape) for state in flat(states))]
    assert {found.shapes[name] for name in found.network.outputs} == {s[1:] if s[0] == 1 else s for s in shapes}


def flat(states):
    return [found for item in states for found in (item if isinstance(item, tuple) else (item,))]


def test_recurrent_cells_are_one_layer_for_each_step():
    def run(module, x):
        state = x.new_zeros(1, 6)
        for step in range(3):
            state = module.cell(x[:, step], state)
        return state

    found = counted(Of(run, cell=nn.GRUCell(10, 6)), (4, 10))
    assert found.total.macs == 3 * 18 * 16
    assert [node.kind for node in found.network.nodes if node.kind != "select"] == ["gru_cell"] * 3
    assert counted(nn.LSTMCell(10, 6), (10,)).total.macs == 24 * 16


def test_an_operation_of_several_results_is_listed_once():
    found = counted(Of(lambda m, x: torch.linalg.svd(m.c(x))))
    assert found.uncounted == {"linalg_svd": 1}
    assert len(found.network.outputs) == 3


def test_a_product_with_a_vector_adds_nothing():
    assert kinds(Of(lambda m, x: x @ m.q, q=learnt(24)), (9, 24)) == ["parameter", "einsum"]


class Restless(nn.Module):
    """Changes itself while it runs."""

    def __init__(self, *, fails=False):
        super().__init__()
        self.c, self.norm = conv(8, 8), nn.BatchNorm2d(8)
        self.table, self.seen, self.memo, self.fails = None, [], {}, fails
        self.register_buffer("steps", torch.zeros(()))

    def forward(self, x):
        y = self.norm(self.c(x))
        self.table = torch.arange(10.0, device=x.device) if self.table is None else self.table
        self.seen.append(y)
        self.memo["y"] = y
        self.steps += 1
        self.register_buffer("last", y)
        self.more = nn.ReLU()
        if self.fails:
            raise ValueError("no")
        return y + self.table


@pytest.mark.parametrize("fails", [False, True])
def test_a_run_leaves_nothing_in_the_module(fails):
    module = Restless(fails=fails).train()
    attributes, state = set(vars(module)), {name: value.clone() for name, value in module.state_dict().items()}
    if fails:
        with pytest.raises(ConvcostError):
            convcost.from_torch(module, IMAGE)
    else:
        assert counted(module).total.macs == CONV
    assert set(vars(module)) == attributes
    assert (module.table, module.seen, module.memo) == (None, [], {})
    assert all(torch.equal(value, state[name]) for name, value in module.state_dict().items())
    assert set(module.state_dict()) == set(state)
    assert len(list(module.children())) == 2
    assert module.norm.training


def test_a_buffer_that_is_a_parameter_too_counts_as_one():
    module = nn.Sequential(nn.Module(), conv(8, 8))
    module[0].forward = lambda x: x
    module[0].register_buffer("again", module[1].weight, persistent=False)
    assert counted(module).total.macs == CONV


def lines_of(module, *inputs):
    with pytest.raises(ConvcostError) as error:
        convcost.from_torch(module, *inputs or (IMAGE,))
    return str(error.value)


VALUES = "(it asks for values of tensors, and a trace has shapes only)"


def test_errors_say_where_and_which_operation():
    def ask(module, x):
        return x if module.c(x).sum() > 0 else -x

    line = ask.__code__.co_firstlineno + 1
    said = lines_of(nn.Sequential(conv(8, 8), Of(ask)))
    assert said == f"test_torch_runs.py:{line}: `1` cannot run: the operation `item` is not possible {VALUES}"
    assert lines_of(Of(lambda m, x: m.c(x).numpy())).endswith(VALUES)
    assert lines_of(Of(lambda m, x: m.c(x).tolist())).endswith(VALUES)
    shapes = "(PyTorch does not say of it which shapes it makes)"
    assert lines_of(Of(lambda m, x: torch.geqrf(m.c(x)))).endswith(f"the operation `geqrf` is not possible {shapes}")
    inside = nn.Sequential(conv(8, 8), nn.Sequential(Of(lambda m, x: x + "a")))
    assert "`1.0` cannot run: TypeError" in lines_of(inside)
    hooked = nn.Sequential(conv(8, 8), nn.ReLU())
    hooked[0].register_forward_hook(lambda module, inputs, made: made.mean().item() and None)
    assert "the operation `item` is not possible" in lines_of(hooked)
    taken = Of(lambda m, x: torch.autograd.grad(m.c(x).sum(), x))
    assert lines_of(taken).endswith("(a trace computes no gradients)")


def test_quantized_modules_say_what_to_give_instead():
    if "fbgemm" not in torch.backends.quantized.supported_engines:
        pytest.skip("torch is built without quantized operations")
    module = nn.Sequential(nn.Flatten(), nn.Linear(960, 5)).eval()
    said = lines_of(torch.ao.quantization.quantize_dynamic(module, {nn.Linear}))
    assert said.endswith("`quantized.linear_dynamic` is not possible (give the module before it is quantized)")


def test_the_input_has_elements_and_an_empty_state_is_none():
    assert lines_of(conv(8, 8), torch.rand(0, *IMAGE)) == "the input `input` of 0x8x12x10 has no elements"
    joined = Of(lambda m, x, before: m.l(torch.cat((before, x), 1)), l=nn.Linear(10, 4))
    found = counted(joined, (7, 10), torch.rand(1, 0, 10))
    assert found.total.macs == 7 * 10 * 4
    assert [node.kind for node in found.network.nodes] == ["linear"]


def test_a_class_that_calls_no_init_is_an_error():
    class Bare(nn.Module):
        def __init__(self):
            self.size = 3

    for module in (Bare(), nn.Sequential(Bare())):
        assert "(does its class call `super().__init__()`?)" in lines_of(module)


def test_a_sequence_in_front_is_no_batch():
    for module, shape in ((nn.LSTM(10, 6), (4, 1, 10)), (nn.GRU(10, 6), (4, 2, 10))):
        assert "is no batch: a recurrent layer takes its steps along it" in lines_of(module, torch.rand(shape))
    assert "no batch: 8 can run, and one cannot: `0` cannot run" in lines_of(
        nn.Sequential(conv(8, 8)), torch.rand(IMAGE)
    )


def test_products_without_a_batch_are_no_reason_against_one():
    module = Of(lambda m, x: F.linear(x, m.a @ m.b), a=learnt(10, 2), b=learnt(2, 10))
    assert counted(module, torch.rand(5, *IMAGE)).total == counted(module).total


def test_wrappers_are_taken_off():
    network = convcost.from_torch(nn.DataParallel(nn.Sequential(conv(8, 8), nn.ReLU())), IMAGE)
    assert (network.name, [node.name for node in network.nodes]) == ("Sequential", ["0", "1"])


def test_compiled_parts_run_as_they_are_written_and_have_their_names():
    module = nn.Sequential(torch.compile(nn.Sequential(conv(8, 8), nn.ReLU())), conv(8, 4))
    network = convcost.from_torch(module, IMAGE)
    assert [node.name for node in network.nodes] == ["0.0", "0.1", "1"]


@pytest.mark.parametrize("kind", ["float16", "bfloat16", "float64"])
def test_inputs_have_the_type_of_the_parameters(kind):
    module = nn.Sequential(conv(8, 8), nn.BatchNorm2d(8), nn.ReLU()).to(getattr(torch, kind))
    assert counted(module).total.macs == CONV


SOURCE = """
import sys, torch
from torch import nn
print("imported")

class Net(nn.Module):
    def __init__(self, weights="default"):
        super().__init__()
        print("made")
        if weights == "default":
            raise OSError("no network")
        self.c = nn.Conv2d(3, 4, 1)
        self.c.load_state_dict({"weight": torch.ones(4, 3, 1, 1), "bias": torch.ones(4)})

    def forward(self, x):
        print("run")
        return self.c(x)
"""


def test_what_the_code_prints_is_not_in_the_report(tmp_path, monkeypatch, capsys):
    (tmp_path / "torch_prints_for_tests.py").write_text(SOURCE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    options = importers.Options(input=(3, 5, 5))
    with pytest.raises(SpecError, match=r"OSError: no network .weights are not needed, such as --kwargs weights=None."):
        importers.read("torch_prints_for_tests:Net", "torch", options)
    (network,) = importers.read("torch_prints_for_tests:Net", "torch", options._replace(kwargs={"weights": "None"}))
    assert network.name == "Net(weights=None)"
    printed = capsys.readouterr()
    assert (printed.out, printed.err.split()) == ("", ["imported", "made", "made", "run"])
    sys.modules.pop("torch_prints_for_tests")
