"""PyTorch modules as networks, against `sum(p.numel())` and `torch.utils.flop_counter`, module by module."""

import re
import subprocess
import sys
from math import prod

import pytest

import convcost
from convcost import importers
from convcost.errors import ConvcostError
from convcost.evaluation import evaluate
from convcost.layers.base import Layer
from convcost.layers.given import Uncounted
from convcost.network import INPUT
from convcost.problems import SpecError

torch = pytest.importorskip("torch", reason="the extra `torch` is not installed")
nn, F = torch.nn, torch.nn.functional
pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same'", "ignore:.*deprecated")

IMAGE = (8, 12, 10)


class Of(nn.Module):
    """A module that runs a function of its parts and its inputs."""

    def __init__(self, function, **parts):
        super().__init__()
        self.function = function
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, *inputs):
        return self.function(self, *inputs)


def learnt(*shape):
    return nn.Parameter(torch.empty(shape))


def conv(c1, c2, k=3, **fields):
    return nn.Conv2d(c1, c2, k, **{"padding": k // 2, **fields})


class Residual(nn.Module):
    def __init__(self, c, c2, stride=1):
        super().__init__()
        self.conv1, self.bn1 = conv(c, c2, stride=stride, bias=False), nn.BatchNorm2d(c2)
        self.conv2, self.bn2 = conv(c2, c2, bias=False), nn.BatchNorm2d(c2)
        self.relu = nn.ReLU(inplace=True)
        self.down = nn.Sequential(conv(c, c2, 1, stride=stride), nn.BatchNorm2d(c2)) if stride > 1 else None

    def forward(self, x):
        found = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        found += x if self.down is None else self.down(x)
        return self.relu(found)


class Attention(nn.Module):
    """As image transformers have it: one linear layer for queries, keys and values."""

    def __init__(self, dim=24, heads=3, *, fused=True, bias=False):
        super().__init__()
        self.heads, self.fused = heads, fused
        self.qkv, self.proj = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.table = nn.Parameter(torch.zeros(25, heads)) if bias else None
        self.register_buffer("index", torch.randint(25, (9, 9)))

    def forward(self, x):
        b, n, c = x.shape
        q, k, v = self.qkv(x).reshape(b, n, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        mask = None
        if self.table is not None:
            mask = self.table[self.index.view(-1)].view(9, 9, -1).permute(2, 0, 1).unsqueeze(0)
        if self.fused:
            x = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        else:
            scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-2, -1)
            x = (scores if mask is None else scores + mask).softmax(-1) @ v
        return self.proj(x.transpose(1, 2).reshape(b, n, c))


class Windows(nn.Module):
    """Attention within shifted windows of 3x3: the windows stand where the batch was."""

    def __init__(self, dim=24):
        super().__init__()
        self.norm, self.attention = nn.LayerNorm(dim), Attention(dim, bias=True)
        self.mlp = nn.Sequential(nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim))

    def forward(self, x):
        b, c, h, w = x.shape
        x = torch.roll(self.norm(x.permute(0, 2, 3, 1)), (-1, -1), (1, 2))
        cut = x.view(b, h // 3, 3, w // 3, 3, c).permute(0, 1, 3, 2, 4, 5).reshape(-1, 9, c)
        cut = self.attention(cut)
        cut = cut.view(b, h // 3, w // 3, 3, 3, c).permute(0, 1, 3, 2, 4, 5).reshape(b, h, w, c)
        return (x + self.mlp(cut)).permute(0, 3, 1, 2)


class Vit(nn.Module):
    def __init__(self, dim=24):
        super().__init__()
        self.patch = nn.Conv2d(3, dim, 4, stride=4)
        self.cls, self.positions = learnt(1, 1, dim), learnt(1, 10, dim)
        self.norm1, self.attention, self.gamma = nn.LayerNorm(dim), Attention(dim, fused=False), learnt(dim)
        self.norm2, self.head = nn.LayerNorm(dim, bias=False), nn.Linear(dim, 5)

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat((self.cls.expand(x.shape[0], -1, -1), x), 1) + self.positions
        x = x + self.gamma * self.attention(self.norm1(x))
        return self.head(self.norm2(x)[:, 0])


class Dense(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Sequential(nn.BatchNorm2d(8 + 4 * n), nn.ReLU(), conv(8 + 4 * n, 4, bias=False)) for n in range(3)
        )

    def forward(self, x):
        found = [x]
        for layer in self.layers:
            found.append(layer(torch.cat(found, 1)))
        return torch.cat(found, 1)


class Gate(nn.Module):
    def __init__(self, c=8):
        super().__init__()
        self.fc1, self.fc2 = conv(c, 2, 1), conv(2, c, 1)

    def forward(self, x):
        return x * torch.sigmoid(self.fc2(F.relu(self.fc1(x.mean((2, 3), keepdim=True)))))


class Shuffle(nn.Module):
    def __init__(self):
        super().__init__()
        self.branch = nn.Sequential(conv(4, 4, 1), conv(4, 4, groups=4), conv(4, 4, 1))

    def forward(self, x):
        left, right = x.chunk(2, dim=1)
        x = torch.cat((left, self.branch(right)), 1)
        b, c, h, w = x.shape
        return x.view(b, 2, c // 2, h, w).transpose(1, 2).contiguous().view(b, c, h, w)


class Unet(nn.Module):
    def __init__(self):
        super().__init__()
        self.down1, self.down2, self.up = conv(8, 8), conv(8, 16), nn.ConvTranspose2d(16, 8, 2, stride=2)
        self.last = conv(16, 2)

    def forward(self, x):
        high = F.relu(self.down1(x))
        low = F.relu(self.down2(F.max_pool2d(high, 2)))
        up = self.up(low)
        up = F.pad(up, (0, high.shape[3] - up.shape[3], 0, high.shape[2] - up.shape[2]))
        return {"out": self.last(torch.cat((up, high), 1)), "low": low}


def buffered(module, x):
    """Writes pieces into a buffer."""
    made = torch.zeros(1, 8, 12, 10)
    made[:, :4] = module.a(x)
    made[:, 4:] = module.b(x)
    return made * 2


def standardized(module, x):
    weight = module.conv.weight
    mean, std = weight.mean((1, 2, 3), keepdim=True), weight.std((1, 2, 3), keepdim=True)
    return F.conv2d(x, (weight - mean) / (std + 1e-5), module.conv.bias, padding=1)


def dynamic(module, x):
    weight = module.make(x.mean((2, 3))).view(8, 8, 3, 3)
    return F.conv2d(x, weight, padding=1)


def expert(module, x):
    return torch.bmm(x.view(4, 5, 6), module.weights)


MODULES = {
    "plain": (lambda: conv(8, 16), [IMAGE]),
    "plain without bias": (lambda: conv(8, 16, 5, stride=2, bias=False), [IMAGE]),
    "rectangular": (lambda: nn.Conv2d(8, 16, (3, 5), (2, 1), (0, 2)), [IMAGE]),
    "grouped": (lambda: conv(8, 16, groups=4), [IMAGE]),
    "depthwise": (lambda: conv(8, 16, groups=8), [IMAGE]),
    "dilated": (lambda: conv(8, 16, dilation=2, padding=2), [IMAGE]),
    "1-D": (lambda: nn.Conv1d(8, 16, 3, stride=2, padding=1), [(8, 20)]),
    "3-D": (lambda: nn.Conv3d(8, 4, 3, padding=1, groups=2), [(8, 5, 6, 7)]),
    "same": (lambda: nn.Conv2d(8, 16, 4, padding="same"), [IMAGE]),
    "same, dilated": (lambda: nn.Conv1d(8, 16, 4, dilation=3, padding="same"), [(8, 20)]),
    "valid": (lambda: nn.Conv2d(8, 16, 3, padding="valid"), [IMAGE]),
    "reflected": (lambda: nn.Conv2d(8, 16, 3, padding=1, padding_mode="reflect"), [IMAGE]),
    "circular": (lambda: nn.Conv2d(8, 16, 3, padding=1, padding_mode="circular"), [IMAGE]),
    "transposed 1-D": (lambda: nn.ConvTranspose1d(8, 4, 4, 2, 1), [(8, 20)]),
    "transposed 2-D": (lambda: nn.ConvTranspose2d(8, 4, 3, 2, 1, output_padding=1, groups=2), [IMAGE]),
    "transposed 3-D": (lambda: nn.ConvTranspose3d(8, 4, 2, (1, 2, 2), dilation=(2, 1, 1)), [(8, 3, 4, 5)]),
    "one channel": (lambda: nn.Sequential(conv(1, 4), nn.ReLU(), conv(4, 1)), [(1, 12, 10)]),
    "norms": (
        lambda: nn.Sequential(
            nn.BatchNorm2d(8),
            nn.InstanceNorm2d(8, affine=True),
            nn.GroupNorm(2, 8),
            nn.BatchNorm2d(8, affine=False),
            nn.InstanceNorm2d(8),
            nn.LayerNorm((12, 10)),
            nn.LocalResponseNorm(3),
            nn.RMSNorm(10),
        ),
        [IMAGE],
    ),
    "activations": (
        lambda: nn.Sequential(
            nn.ReLU(),
            nn.ReLU6(inplace=True),
            nn.LeakyReLU(),
            nn.ELU(),
            nn.SELU(),
            nn.GELU(),
            nn.SiLU(inplace=True),
            nn.Mish(),
            nn.Sigmoid(),
            nn.Tanh(),
            nn.Softplus(),
            nn.Hardswish(),
            nn.Hardsigmoid(),
            nn.PReLU(8),
            nn.PReLU(),
            nn.Hardtanh(-2, 2),
            nn.Softmax(1),
            nn.LogSoftmax(-1),
            nn.Dropout(),
            nn.Identity(),
            nn.GLU(1),
            nn.Softsign(),
            nn.LogSigmoid(),
            nn.Threshold(0, 1),
        ),
        [IMAGE],
    ),
    "pools": (
        lambda: nn.Sequential(
            nn.MaxPool2d(3, 1, 1),
            nn.AvgPool2d(2, 1),
            nn.MaxPool2d(2, ceil_mode=True),
            nn.AdaptiveAvgPool2d((4, 3)),
            nn.AdaptiveMaxPool2d(2),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(8, 3),
        ),
        [IMAGE],
    ),
    "pools 1-D": (
        lambda: nn.Sequential(nn.MaxPool1d(2), nn.AvgPool1d(3, 1), nn.AdaptiveAvgPool1d(3), nn.AdaptiveMaxPool1d(1)),
        [(8, 20)],
    ),
    "pools 3-D": (
        lambda: nn.Sequential(nn.MaxPool3d(2), nn.AvgPool3d(2, 1), nn.AdaptiveAvgPool3d(1)),
        [(8, 8, 9, 10)],
    ),
    "resizing": (
        lambda: nn.Sequential(
            nn.Upsample(scale_factor=2),
            nn.Upsample(size=(9, 9), mode="bilinear"),
            nn.Upsample(scale_factor=1.5),
            nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True),
            nn.PixelShuffle(2),
            nn.PixelUnshuffle(2),
            nn.ZeroPad2d((1, 2, 0, 1)),
            nn.ZeroPad2d(-1),
            nn.ReflectionPad2d(1),
            nn.ChannelShuffle(4),
            conv(8, 4),
        ),
        [IMAGE],
    ),
    "functions": (
        lambda: Of(
            lambda m, x: F.linear(F.adaptive_avg_pool2d(F.relu(F.conv2d(x, m.w, m.b, padding=1)), 1).flatten(1), m.v),
            w=learnt(4, 8, 3, 3),
            b=learnt(4),
            v=learnt(5, 4),
        ),
        [IMAGE],
    ),
    "shared module": (lambda: Of(lambda m, x: m.c(m.relu(m.c(m.relu(x)))), c=conv(8, 8), relu=nn.ReLU()), [IMAGE]),
    "shared weight": (
        lambda: Of(lambda m, x: F.conv2d(m.c(x), m.c.weight, m.bias, padding=1), c=conv(8, 8), bias=learnt(8)),
        [IMAGE],
    ),
    "residual": (lambda: nn.Sequential(Residual(8, 8), Residual(8, 16, 2)), [IMAGE]),
    "dense": (Dense, [IMAGE]),
    "squeeze-excite": (lambda: nn.Sequential(conv(8, 8), Gate()), [IMAGE]),
    "channel shuffle": (Shuffle, [IMAGE]),
    "u-net": (Unet, [(8, 13, 11)]),
    "mixed kernels": (
        lambda: Of(
            lambda m, x: torch.cat([c(p) for c, p in zip(m.c, x.split([2, 6], 1), strict=True)], 1),
            c=nn.ModuleList([conv(2, 4, 3, groups=2), conv(6, 6, 5, groups=6)]),
        ),
        [IMAGE],
    ),
    "layer scale": (lambda: Of(lambda m, x: x + m.gamma * m.c(x), c=conv(8, 8), gamma=learnt(8, 1, 1)), [IMAGE]),
    "channels last": (
        lambda: Of(
            lambda m, x: x + (m.gamma * m.b(F.gelu(m.a(m.norm(m.dw(x).permute(0, 2, 3, 1)))))).permute(0, 3, 1, 2),
            dw=conv(8, 8, 7, groups=8),
            norm=nn.LayerNorm(8),
            a=nn.Linear(8, 32),
            b=nn.Linear(32, 8),
            gamma=learnt(8),
        ),
        [IMAGE],
    ),
    "linear on a map": (lambda: nn.Linear(10, 7), [IMAGE]),
    "linear on a vector": (lambda: nn.Sequential(nn.Linear(10, 1), nn.Linear(1, 6), nn.Linear(6, 1)), [(10,)]),
    "attention": (Attention, [(9, 24)]),
    "attention, by products": (lambda: Attention(fused=False), [(9, 24)]),
    "attention, biased": (lambda: Attention(bias=True), [(9, 24)]),
    "attention of one head": (lambda: Attention(24, 1), [(9, 24)]),
    "attention of one token": (lambda: Attention(24, 3, fused=False), [(1, 24)]),
    "windows": (Windows, [(24, 6, 9)]),
    "vision transformer": (Vit, [(3, 12, 12)]),
    "multi-head": (
        lambda: Of(lambda m, x: m.a(x, x, x)[0], a=nn.MultiheadAttention(24, 3, batch_first=True)),
        [(9, 24)],
    ),
    "multi-head, unlike keys": (
        lambda: Of(
            lambda m, x, y: m.a(x, y, y, need_weights=False)[0],
            a=nn.MultiheadAttention(24, 3, batch_first=True, kdim=12, vdim=12, add_bias_kv=True),
        ),
        [(9, 24), (7, 12)],
    ),
    "transformer layers": (
        lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(24, 4, 32, batch_first=True), 2),
        [(9, 24)],
    ),
    "decoder": (lambda: nn.TransformerDecoderLayer(24, 3, 32, batch_first=True), [(9, 24), (7, 24)]),
    "grouped queries": (
        lambda: Of(lambda m, q, k: F.scaled_dot_product_attention(q, k, k, is_causal=True, enable_gqa=True)),
        [(6, 9, 4), (2, 7, 4)],
    ),
    "einsum": (
        lambda: Of(lambda m, x: torch.einsum("bhqd,bhkd->bhqk", x, m.a(x)), a=nn.Linear(10, 10)),
        [(3, 9, 10)],
    ),
    "einsum with a weight": (lambda: Of(lambda m, x: torch.einsum("bchw,co->bohw", x, m.w), w=learnt(8, 5)), [IMAGE]),
    "einsums of other forms": (
        lambda: Of(
            lambda m, x: (
                torch.einsum("bchw,bchw->bchw", x, x)
                + torch.einsum("...w,wv->...v", x, m.w)
                + torch.einsum("bchw,bcij,cw->bchw", x, x, m.v)
            ),
            w=learnt(10, 10),
            v=learnt(8, 10),
        ),
        [IMAGE],
    ),
    "products": (
        lambda: Of(
            lambda m, x: (
                x @ x.transpose(-1, -2),
                torch.bmm(x[0], x[0].mT),
                torch.baddbmm(x[0], x[0], m.w),
                torch.addmm(x[0, 0], x[0, 0], m.w[0]),
            ),
            w=learnt(8, 10, 10),
        ),
        [(8, 12, 10)],
    ),
    "experts": (lambda: Of(expert, weights=learnt(4, 6, 7)), [(20, 6)]),
    "LSTM": (lambda: nn.LSTM(10, 6, 2, batch_first=True, bidirectional=True), [(4, 10)]),
    "GRU": (lambda: nn.GRU(10, 6, batch_first=True), [(4, 10)]),
    "LSTM cell": (lambda: nn.LSTMCell(10, 6), [(10,)]),
    "embedding": (lambda: nn.Sequential(nn.Embedding(50, 12), nn.Linear(12, 50)), [(7,)]),
    "tied embedding": (
        lambda: Of(lambda m, x: F.linear(m.e(x), m.e.weight, m.b), e=nn.Embedding(50, 12), b=learnt(50)),
        [(7,)],
    ),
    "two inputs": (
        lambda: Of(lambda m, x, y: m.a(x) * m.b(y).sigmoid(), a=conv(8, 4), b=conv(2, 4)),
        [IMAGE, (2, 12, 10)],
    ),
    "unused": (lambda: Of(lambda m, x: m.a(x), a=conv(8, 8), b=conv(8, 8), c=learnt(3)), [IMAGE]),
    "weight norm": (lambda: nn.utils.parametrizations.weight_norm(conv(8, 8)), [IMAGE]),
    "spectral norm": (lambda: nn.utils.parametrizations.spectral_norm(conv(8, 8)), [IMAGE]),
    "standardized weights": (lambda: Of(standardized, conv=conv(8, 8)), [IMAGE]),
    "weights that arrive": (lambda: Of(dynamic, make=nn.Linear(8, 8 * 8 * 9)), [IMAGE]),
    "weights in part": (lambda: Of(lambda m, x: F.conv2d(x, m.c.weight[:4, :, 1:2, 1:2]), c=conv(8, 8)), [IMAGE]),
    "weights from low rank": (
        lambda: Of(
            lambda m, x: F.linear(x, m.l.weight + m.a @ m.b), l=nn.Linear(10, 10), a=learnt(10, 2), b=learnt(2, 10)
        ),
        [IMAGE],
    ),
    "fixed filter": (lambda: Of(lambda m, x: F.conv2d(x, torch.ones(8, 1, 3, 3), groups=8)), [IMAGE]),
    "bias from coordinates": (
        lambda: Of(
            lambda m, x: (
                x
                + m.mlp(torch.stack(torch.meshgrid(torch.arange(12.0), torch.arange(10.0), indexing="ij"), -1)).permute(
                    2, 0, 1
                )
            ),
            mlp=nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 8)),
        ),
        [IMAGE],
    ),
    "frames": (
        lambda: Of(
            lambda m, x: m.c(x.transpose(1, 2).flatten(0, 1)).unflatten(0, (1, 5)).mean(1),
            c=nn.Sequential(conv(3, 8, stride=2), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), conv(8, 4)),
        ),
        [(3, 5, 12, 10)],
    ),
    "written in place": (lambda: Of(buffered, a=conv(8, 4), b=conv(8, 4)), [IMAGE]),
    "unfolded": (lambda: Of(lambda m, x: m.l(F.unfold(x, 3).transpose(1, 2)), l=nn.Linear(72, 4)), [IMAGE]),
    "nothing": (nn.Identity, [IMAGE]),
}


class Products(torch.utils._python_dispatch.TorchDispatchMode):
    """MACs and elements of every operation that `torch.utils.flop_counter` counts, in order."""

    def __init__(self):
        super().__init__()
        from torch.utils import flop_counter

        self.formulas, self.found = flop_counter.flop_registry, []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func._overloadpacket not in self.formulas:
            with self:
                made = func.decompose(*args, **kwargs or {})
            if made is not NotImplemented:
                return made
        made = func(*args, **kwargs or {})
        if func._overloadpacket in self.formulas:
            flops = self.formulas[func._overloadpacket](*args, **kwargs or {}, out_val=made)
            self.found.append((flops // 2, made.numel()))
        return made


def reference(module, shapes):
    """MACs by the flop counter, its operations one by one, outputs, and the outputs of modules by name."""
    from torch.utils.flop_counter import FlopCounterMode

    module = module.to("meta").eval()
    embeds = any(isinstance(part, nn.Embedding) for part in module.modules())
    inputs = [torch.empty((1, *shape), device="meta", dtype=torch.long if embeds else None) for shape in shapes]
    seen = {}
    hooks = [
        part.register_forward_hook(lambda _m, _i, out, name=name: seen.setdefault(name, out))
        for name, part in module.named_modules()
        if name and isinstance(part, nn.Linear | nn.modules.conv._ConvNd)
    ]
    with torch.device("meta"), torch.no_grad():
        with FlopCounterMode(display=False) as counter:
            out = module(*inputs)
        with Products() as products:
            module(*inputs)
    for hook in hooks:
        hook.remove()
    return counter.get_total_flops(), products.found, out, {name: tuple(out.shape) for name, out in seen.items()}


def flat(value):
    if isinstance(value, torch.Tensor):
        return [value]
    return [found for item in (value.values() if isinstance(value, dict) else value) for found in flat(item)]


def batchless(size):
    size = tuple(size)
    return size[1:] if len(size) > 1 and size[0] == 1 else size or (1,)


@pytest.mark.parametrize("name", MODULES)
def test_counts_are_those_of_the_flop_counter(name):
    make, shapes = MODULES[name]
    module = make()
    network = convcost.from_torch(module, *shapes)
    found = evaluate(network)
    flops, products, outputs, seen = reference(module, shapes)
    assert found.total.params == sum(p.numel() for p in module.parameters())
    assert 2 * found.total.macs == flops
    assert not found.uncounted
    # Each product for itself; a recurrent layer is one, with those of all its steps.
    ours = [(found.costs[n.name].macs, prod(found.shapes[n.name])) for n in network.nodes if found.costs[n.name].macs]
    assert ours == products or isinstance(module, nn.RNNBase | nn.RNNCellBase)
    for path, size in seen.items():
        node = next(node for node in network.nodes if node.name == path)
        assert found.shapes[node.name] == batchless(size), path
    made = list(dict.fromkeys(found.network.outputs))
    assert {found.shapes[name] for name in made} == {batchless(tensor.shape) for tensor in flat(outputs)}


def nodes_of(module, *inputs):
    network = convcost.from_torch(module, *inputs)
    return network, {node.name: node for node in network.nodes}


@pytest.mark.parametrize("name", MODULES)
def test_graphs_are_alive_and_every_counter_can_read_them(name):
    from convcost.ledger import ledger

    make, inputs = MODULES[name]
    network = convcost.from_torch(make(), *inputs)
    found = evaluate(network)
    known = {INPUT}
    for node in network.nodes:
        assert node.inputs
        assert known >= set(node.inputs)
        known.add(node.name)
        assert isinstance(node.layer, Layer)
        ledger(node.layer, *found.inputs(node), written=node.written)
    taken = {source for node in network.nodes for source in node.inputs} | set(network.outputs)
    assert all(
        node.name in taken or found.costs[node.name].params + found.costs[node.name].macs for node in network.nodes
    )
    assert found.peak_activations
    assert set(found.views) == known


@pytest.mark.parametrize("name", MODULES)
def test_forecasts_are_what_torch_makes(name, monkeypatch):
    from convcost.importers.torch import tracer

    seen = []

    def checked(operation):
        made = forecast(operation)
        if made is not None and not operation.overwritten:
            every = operation.func(*operation.args, **operation.kwargs)
            for one, real in zip(flat([made]), flat([every]), strict=True):
                assert (one.shape, one.dtype) == (real.shape, real.dtype), operation.name
                axes = [axis for axis, size in enumerate(one.shape) if size > 1]
                alike = all(one.stride(axis) == real.stride(axis) for axis in axes)
                seen.append((operation.name, alike, tuple(one.shape), one.stride(), real.stride()))
        return made

    forecast = tracer.forecast
    monkeypatch.setattr(tracer, "forecast", checked)
    make, inputs = MODULES[name]
    convcost.from_torch(make(), *inputs)
    assert not [found for found in seen if not found[1]]


def test_names_are_the_modules_own():
    _, nodes = nodes_of(nn.Sequential(Residual(8, 8), Residual(8, 16, 2)), IMAGE)
    assert list(nodes)[:8] == ["0.conv1", "0.bn1", "0.relu", "0.conv2", "0.bn2", "0.add1", "0.relu_2", "1.conv1"]
    assert nodes["1.down.0"].inputs == ("0.relu_2",)
    assert nodes["1.add1"].inputs == ("1.bn2", "1.down.1")


def test_a_shared_module_counts_its_weights_once():
    network, nodes = nodes_of(*(MODULES["shared module"][0](), IMAGE))
    costs = evaluate(network).costs
    assert [(name, costs[name].params) for name in nodes] == [("relu", 0), ("c", 584), ("relu_2", 0), ("c_2", 0)]
    assert costs["c"].macs == costs["c_2"].macs


def test_kinds_are_the_words_of_the_language():
    module = nn.Sequential(
        conv(8, 8),
        conv(8, 8, groups=8),
        conv(8, 8, groups=2),
        nn.BatchNorm2d(8),
        nn.ReLU6(),
        nn.MaxPool2d(2),
        nn.ConvTranspose2d(8, 8, 2, 2),
        nn.Hardswish(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, 3),
    )
    network, nodes = nodes_of(module, IMAGE)
    assert [node.kind for node in nodes.values()] == [
        *("conv", "depthwise", "grouped", "batch_norm", "relu6", "max_pool", "conv_transpose", "hardswish"),
        *("global_avg_pool", "flatten", "linear"),
    ]
    assert evaluate(convcost.loads(convcost.dumps(network))[0]).total == evaluate(network).total


@pytest.mark.parametrize("name", ["residual", "dense", "squeeze-excite", "u-net", "layer scale", "pools"])
def test_plain_networks_can_be_written(name):
    make, inputs = MODULES[name]
    network = convcost.from_torch(make(), *inputs)
    (read,) = convcost.loads(convcost.dumps(network))
    assert evaluate(read).total == evaluate(network).total


def test_same_and_functions_are_told():
    _, nodes = nodes_of(nn.Conv2d(8, 16, 4, padding="same"), IMAGE)
    assert [node.written for node in nodes.values()] == ["same"]
    _, nodes = nodes_of(Of(lambda m, x: F.relu(m.c(x)) + 1, c=conv(8, 8)), IMAGE)
    assert [(node.kind, node.written) for node in nodes.values()] == [("conv", ""), ("relu", "function"), ("add", "")]


def test_unused_parameters_are_listed():
    network, nodes = nodes_of(*(MODULES["unused"][0](), IMAGE))
    costs = evaluate(network).costs
    assert {name: costs[name].params for name, node in nodes.items() if node.kind == "unused"} == {"b": 584, "c": 3}
    assert network.outputs == ("a",)


class Unknown(nn.Module):
    def __init__(self):
        super().__init__()
        self.c, self.b = conv(8, 8), nn.Bilinear(4, 4, 5)

    def forward(self, x):
        x = torch.fft.irfft2(torch.fft.rfft2(self.c(x)), s=x.shape[-2:])
        return self.b(torch.cdist(x, x)[..., :4], x[..., :4].narrow(2, 0, 12))


def test_operations_that_are_not_known_are_listed():
    module = Unknown()
    network = convcost.from_torch(module, IMAGE)
    found = evaluate(network)
    assert found.uncounted == {"fft_r2c": 1, "fft_c2r": 1, "cdist_forward": 1, "trilinear": 1}
    assert found.total.params == sum(p.numel() for p in module.parameters())
    assert any(isinstance(node.layer, Uncounted) for node in network.nodes)


def test_operations_of_libraries_are_listed():
    library = torch.library.Library("convcost_test", "DEF")
    library.define("strange(Tensor x) -> Tensor")
    library.impl("strange", torch.empty_like, "Meta")
    network = convcost.from_torch(Of(lambda m, x: torch.ops.convcost_test.strange(m.c(x)), c=conv(8, 8)), IMAGE)
    assert evaluate(network).uncounted == {"convcost_test.strange": 1}


def test_the_module_stays_as_it_is():
    module = nn.Sequential(conv(8, 8), nn.BatchNorm2d(8), nn.Dropout()).train()
    before = {name: (id(p), p.device, p.requires_grad) for name, p in module.named_parameters()}
    values = {name: value.clone() for name, value in module.state_dict().items()}
    convcost.from_torch(module, torch.rand(1, *IMAGE))
    assert {name: (id(p), p.device, p.requires_grad) for name, p in module.named_parameters()} == before
    assert all(torch.equal(value, values[name]) for name, value in module.state_dict().items())
    assert all(part.training for part in module.modules())
    assert module(torch.rand(2, *IMAGE)).requires_grad


def test_a_batch_is_cut_to_one():
    module = nn.Sequential(conv(8, 8), nn.Flatten(), nn.Linear(960, 3))
    one, many = (evaluate(convcost.from_torch(module, torch.rand(n, *IMAGE))) for n in (1, 5))
    assert many.total == one.total
    assert many.network.input == IMAGE
    assert evaluate(convcost.from_torch(module, IMAGE)).total == one.total
    with pytest.raises(ConvcostError, match="the first axis of the inputs is no batch: 9 cost"):
        convcost.from_torch(nn.MultiheadAttention(24, 3), *[torch.rand(9, 1, 24)] * 3)


def test_further_inputs_are_nodes_of_their_own():
    class Two(nn.Module):
        def forward(self, image, *, hint=None):
            return image if hint is None else image + hint

    _, nodes = nodes_of(MODULES["two inputs"][0](), IMAGE, torch.rand(1, 2, 12, 10))
    assert next(iter(nodes.values())).kind == "input"
    with pytest.raises(ConvcostError, match="give a tensor"):
        convcost.from_torch(Two())


SOURCE = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, width=1.0, depth=2, fail=None):
        super().__init__()
        c = int(8 * width)
        self.rates = [rate.item() for rate in torch.linspace(0, 0.1, depth)]
        self.stem = nn.Conv2d(3, c, 3, padding=1)
        nn.init.trunc_normal_(self.stem.weight, std=0.02)
        nn.init.kaiming_normal_(self.stem.weight)
        self.scale = nn.Parameter(torch.ones(c, 1, 1) * 1e-6)
        self.fail = fail

    def forward(self, x, mask=None):
        if self.fail == "value":
            return x if x.sum() > 0 else -x
        if self.fail == "type":
            raise TypeError("no such\\nthing")
        if self.fail == "endless":
            for _ in range(200_000):
                x = x + 1
        x = self.stem(x) * self.rates[-1] * self.scale
        return x if mask is None else x * mask

def make(**kwargs):
    return Net(**kwargs)

def broken():
    raise KeyError("weights")

def number():
    return 3

def restless():
    table = torch.empty(4, 4)
    table.normal_()
    return make(width=1.0 + (table.sum().item() > 1e9))

class Holder:
    net = make

instance = nn.Conv2d(3, 4, 1)
text = "text"
"""


@pytest.fixture
def source(tmp_path, monkeypatch):
    (tmp_path / "torch_models_for_tests.py").write_text(SOURCE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield "torch_models_for_tests"
    sys.modules.pop("torch_models_for_tests", None)


def read(source, *, shape=(3, 12, 10), **options):
    (network,) = importers.read(source, "torch", importers.Options(input=shape, **options))
    return network


def test_a_callable_is_called_with_its_arguments(source):
    network = read(f"{source}:make", kwargs={"width": 2.0, "depth": 3})
    said = (network.name, network.source, network.input)
    assert said == ("make(width=2.0, depth=3)", f"{source}:make", (3, 12, 10))
    assert evaluate(network).total[:4] == (3 * 16 * 9 + 16, 16, 0, 3 * 16 * 9 * 120)
    assert [node.kind for node in network.nodes] == ["conv", "mul", "scale"]


@pytest.mark.parametrize("callable_", ["Net", "Holder.net", "instance", "restless"])
def test_classes_modules_and_what_needs_real_values_can_be_named(source, callable_):
    assert evaluate(read(f"{source}:{callable_}")).total.macs


def test_inputs_have_names(source):
    shapes = {"x": (3, 12, 10), "mask": (1, 12, 10)}
    network = read(f"{source}:make", shape=None, inputs=shapes)
    assert network.input == (3, 12, 10)
    assert (network.nodes[0].name, network.nodes[0].kind) == ("mask", "input")


@pytest.mark.parametrize(
    ("callable_", "options", "message"),
    [
        ("broken", {}, r":broken\(\)` failed: KeyError: 'weights'"),
        ("number", {}, "made a int, and no torch.nn.Module"),
        ("text", {}, "is no callable"),
        ("makes", {}, r"has no `makes` .did you mean `make`\?"),
        ("make", {"kwargs": {"widht": 1}}, r"failed: TypeError: .*widht"),
        ("make", {"kwargs": {"fail": "type"}}, r"cannot run: TypeError: no such$"),
        ("make", {"kwargs": {"fail": "value"}}, "cannot run: .*it asks for values of tensors"),
        ("make", {"kwargs": {"fail": "endless"}}, "more than 2,000 operations"),
        ("make", {"shape": (4, 12, 10)}, "`stem` cannot run: RuntimeError: a convolution of 3 channels got"),
        ("make", {"shape": None}, "does not say its input .give its shape, such as --input 3x224x224"),
    ],
)
def test_faults_of_the_persons_code_are_one_clear_error(source, callable_, options, message, monkeypatch):
    monkeypatch.setattr("convcost.importers.torch.recorder.MOST_LAYERS", 2_000)
    with pytest.raises(SpecError) as error:
        read(f"{source}:{callable_}", **options)
    (problem,) = error.value.problems
    said = problem.message + (f" ({problem.hint})" if problem.hint else "")
    assert re.search(message, said), said
    assert "\n" not in problem.message


def test_a_module_that_is_not_there_says_so():
    with pytest.raises(SpecError, match="cannot be imported: ModuleNotFoundError") as error:
        read("no_such_package.models:net")
    assert error.value.problems[0].hint == "is `no_such_package` installed?"


def test_a_module_that_catches_everything_hides_no_failure(source, monkeypatch):
    monkeypatch.setattr("convcost.importers.torch.recorder.MOST_LAYERS", 2_000)

    def careless(module, x):
        for _ in range(2_100):
            try:
                x = x + 1
            except Exception:  # noqa: BLE001 - what is tested
                break
        return x

    with pytest.raises(ConvcostError, match="more than 2,000 operations"):
        convcost.from_torch(Of(careless), IMAGE)


def test_an_import_loads_little_besides_torch(source):
    script = f"""
import sys, torch
before = set(sys.modules)
from convcost import importers
importers.read("{source}:make", "torch", importers.Options(input=(3, 12, 10)))
names = {{name.split(".")[0] for name in set(sys.modules) - before}}
assert not names & {{"sympy", "mpmath", "networkx"}}, names
assert "torch._dynamo" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", script], check=True)


def test_a_missing_extra_says_what_to_install(source, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    for reading in (lambda: read(f"{source}:make"), lambda: convcost.from_torch(None, IMAGE)):
        with pytest.raises(ConvcostError, match=r"`torch` is not installed .pip install 'convcost\[torch\]'"):
            reading()


def test_compiled_modules_are_the_modules_that_they_were_made_from():
    network, _ = nodes_of(torch.compile(nn.Sequential(conv(8, 8), nn.ReLU())), IMAGE)
    assert [node.name for node in network.nodes] == ["0", "1"]


def test_what_cannot_be_traced_says_why():
    with pytest.raises(ConvcostError, match=r"the parameter `0.weight` has no shape yet .run the module once before"):
        convcost.from_torch(nn.Sequential(nn.LazyConv2d(4, 3)), IMAGE)
    with pytest.raises(ConvcostError, match="a scripted module cannot be traced"):
        convcost.from_torch(torch.jit.script(conv(8, 8)), IMAGE)
    with pytest.raises(ConvcostError, match="no tensor is among the inputs"):
        convcost.from_torch(conv(8, 8), None)
    with pytest.raises(ConvcostError, match=r"no torch\.nn\.Module"):
        convcost.from_torch(F.relu, IMAGE)


def test_products_with_a_vector_count_though_the_flop_counter_leaves_them_out():
    module = Of(lambda m, x: (torch.softmax(x @ m.q, -1).unsqueeze(1) @ x).squeeze(1), q=learnt(24))
    assert evaluate(convcost.from_torch(module, (9, 24))).total[:4] == (24, 0, 0, 2 * 9 * 24)
    assert reference(module, [(9, 24)])[0] == 2 * 9 * 24


class WithParts(nn.BatchNorm2d):
    """A norm of one's own, which has another module in it."""

    def __init__(self, channels):
        super().__init__(channels)
        self.act = nn.ReLU()

    def forward(self, x):
        return self.act(super().forward(x))


@pytest.mark.parametrize(
    ("part", "kind", "written"),
    [
        (lambda: nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True), "upsample", ""),
        (nn.SELU, "scaled_elu", ""),
        (lambda: nn.LeakyReLU(0.1, inplace=True), "leaky_relu", "inplace"),
        (lambda: nn.LeakyReLU(0.1), "leaky_relu", ""),
        (lambda: nn.Conv2d(8, 8, 3, padding="valid"), "conv", "same"),
        (lambda: WithParts(8), "batch_norm", "subclass/parent"),
    ],
)
def test_what_some_counters_tell_apart(part, kind, written):
    network = convcost.from_torch(nn.Sequential(nn.Conv2d(3, 8, 1), part()), (3, 8, 8))
    node = network.nodes[1]
    assert (node.kind, node.written) == (kind, written)
    if kind == "upsample":
        assert node.layer.align_corners
        assert node.layer.scale == 2
