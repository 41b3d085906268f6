"""How long it takes to count a PyTorch model, as a ratio to importing torch alone.

Each pair runs in turn, A B A B …; the median of the ratios is printed. ``python bench/torch_import.py [RUNS]`` needs
the extra `torch`. The models, of the sizes of ResNet-50 and ViT-B/16, are written below, and named as people name
theirs.
"""

import compileall
import statistics
import subprocess
import sys
import time
from pathlib import Path

import convcost

MODELS = """
import torch
from torch import nn


class Bottleneck(nn.Module):
    def __init__(self, c1, width, stride):
        super().__init__()
        c2 = 4 * width
        self.conv1, self.bn1 = nn.Conv2d(c1, width, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = nn.Conv2d(width, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = nn.Conv2d(width, c2, 1, bias=False), nn.BatchNorm2d(c2)
        self.relu = nn.ReLU(inplace=True)
        down = nn.Sequential(nn.Conv2d(c1, c2, 1, stride, bias=False), nn.BatchNorm2d(c2))
        self.down = down if c1 != c2 else nn.Identity()

    def forward(self, x):
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.bn3(self.conv3(self.relu(self.bn2(self.conv2(y)))))
        return self.relu(y + self.down(x))


def resnet50():
    layers = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(True), nn.MaxPool2d(3, 2, 1)]
    c1 = 64
    for stage, depth in enumerate((3, 4, 6, 3)):
        for block in range(depth):
            layers.append(Bottleneck(c1, 64 << stage, 2 if stage and not block else 1))
            c1 = 256 << stage
    model = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2048, 1000))
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    return model


class Vit(nn.Module):
    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(3, 768, 16, 16)
        self.cls, self.positions = nn.Parameter(torch.zeros(1, 1, 768)), nn.Parameter(torch.zeros(1, 197, 768))
        layer = nn.TransformerEncoderLayer(768, 12, 3072, activation="gelu", batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, 12, nn.LayerNorm(768), enable_nested_tensor=False)
        self.head = nn.Linear(768, 1000)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat((self.cls.expand(x.shape[0], -1, -1), x), 1) + self.positions
        return self.head(self.encoder(x)[:, 0])


def vit_b_16():
    return Vit()
"""

COUNT = """
from convcost import evaluate, importers
(network,) = importers.read("bench_models:{name}", "torch", importers.Options(input=(3, 224, 224)))
found = evaluate(network)
print(len(network.nodes), found.total.params, found.total.macs)
"""


def seconds(script: str, folder: Path) -> tuple[float, str]:
    """The wall time of a process that runs a script, and what it printed."""
    start = time.perf_counter()
    ran = subprocess.run([sys.executable, "-c", script], check=True, cwd=folder, capture_output=True, text=True)
    return time.perf_counter() - start, ran.stdout


def main() -> None:
    """Print the table."""
    import tempfile

    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    compileall.compile_dir(Path(convcost.__file__).parent, quiet=1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "bench_models.py").write_text(MODELS, encoding="utf-8")
        print(f"{'model':12}{'nodes':>7}{'params':>12}{'MACs':>16}{'ms':>8}{'torch ms':>10}{'ratio':>8}")
        for model in ("resnet50", "vit_b_16"):
            pairs = []
            said = ""
            for _ in range(runs + 1):
                ours, said = seconds(COUNT.format(name=model), folder)
                pairs.append((ours, seconds("import torch", folder)[0]))
            both = [statistics.median(times) * 1000 for times in zip(*pairs[1:], strict=True)]
            ratio = statistics.median(ours / floor for ours, floor in pairs[1:])
            nodes, params, macs = map(int, said.split())
            print(f"{model:12}{nodes:7}{params:12}{macs:16}{both[0]:8.0f}{both[1]:10.0f}{ratio:8.2f}")


if __name__ == "__main__":
    main()
