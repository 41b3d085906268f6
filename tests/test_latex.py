"""pdflatex typesets what the LaTeX format writes, with the packages that its first line names, inside the page."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from convcost.cli import cli
from convcost.evaluation import evaluate
from convcost.evaluation_report import layer_report
from convcost.kinds import KINDS
from convcost.render import render
from convcost.render.latex import escape
from convcost.specs.read import loads

ROOT = Path(__file__).parents[1]
PDFLATEX = shutil.which("pdflatex")
needs_pdflatex = pytest.mark.skipif(not PDFLATEX, reason="pdflatex is not installed")

SPECIAL = "\\ { } $ & # % _ ^ ~ < > | \" [ ] * ` ' - -- --- ?` !` `` '' ^^M \\input{x} $$ \\\\"
LETTERS = "".join(
    chr(code) for first, last in ((0xA0, 0x17F), (0x370, 0x3FF), (0x1EA0, 0x1EF9)) for code in range(first, last + 1)
)
OTHERS = "Ж й 卷积 畳み込み 한글 ع ½ € “so” ‘so’ – — … → ≤ ≥ ≈ ± × · ² ⁹ − ° 🙂"


def document(*parts):
    """A whole document, with the packages that its parts say they need."""
    packages = {
        name for part in parts for found in re.findall(r"^% needs .*\{(.*)\}", part) for name in found.split(",")
    }
    heads = "".join(f"\\usepackage{{{name}}}" for name in sorted(packages))
    body = "\n\\clearpage\n".join(parts)
    return f"\\documentclass{{article}}{heads}\n\\begin{{document}}\n{body}\n\\end{{document}}\n"


def problems(text, folder):
    """What pdflatex finds wrong: errors, and what is too large for the page."""
    (folder / "document.tex").write_text(text, encoding="utf-8")
    command = [PDFLATEX, "-interaction=nonstopmode", "-halt-on-error", "document.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    log = (folder / "document.log").read_text(encoding="latin-1")
    found = re.findall(r"^(?:!|Overfull \\[hv]box|LaTeX Warning: Float too large).*", log, re.MULTILINE)
    return found if found or not done.returncode else [log]


@pytest.fixture
def latex(capsys, monkeypatch):
    """What a command prints as LaTeX."""
    monkeypatch.chdir(ROOT)

    def run(command):
        assert not cli.main([*command.split(), "-f", "latex"], standalone_mode=False)
        return capsys.readouterr().out

    return run


@needs_pdflatex
@pytest.mark.parametrize(
    "command",
    [
        "compare --c1 64 --c2 256 -k 3",
        "compare --c1 64 --c2 256 -k 3 --size 56 -g 8 --bias",
        "compare --c1 96 --c2 96 -k 3 --size 56 --kinds all",
        "compare --c1 96 --c2 96 -k 3x5 --kinds all --exact --notation letters",
        "compare --c1 96 --c2 256 -k 3x3x3 --columns all",
        "eval examples/alexnet.yaml",
        "eval examples/mobilenet_v1.yaml",
        "eval examples/vgg16.yaml --columns all",
        "eval examples/alexnet.yaml examples/mobilenet_v1.yaml examples/vgg16.yaml",
    ],
)
def test_tables_compile_and_fit_the_page(command, latex, tmp_path):
    assert problems(document(latex(command)), tmp_path) == []


@needs_pdflatex
@pytest.mark.parametrize(
    "flags",
    [
        "--c2 96 -k 3",
        "--c2 96 -k 3 --size 56",
        "--c2 192 -k 5 -s 2 --notation letters --bias",
        "--c2 96 -k 3x5 --size 30x40",
    ],
)
def test_derivations_of_all_kinds_compile_and_fit_the_page(flags, latex, tmp_path):
    kinds = [kind for kind in KINDS if kind != "global_depthwise" or "--size" in flags]
    parts = [latex(f"explain {kind} --c1 96 {flags}") for kind in kinds]
    assert problems(document(*parts), tmp_path) == []


@needs_pdflatex
def test_strange_names_compile(tmp_path):
    names = (SPECIAL, LETTERS[:200], OTHERS, "[opt] * x", "*star", "a&b\\\\")
    layers = "".join(f"  - {{conv: 4, k: 3, name: {quoted(name)}}}\n" for name in names)
    spec = f"name: {quoted(SPECIAL + OTHERS)}\nsource: {quoted(SPECIAL)}\ninput: 3x8x8\nlayers:\n{layers}"
    (network,) = loads(spec.encode(), "strange.yaml")
    text = render(layer_report(evaluate(network)), "latex")
    assert [found for found in problems(document(text), tmp_path) if "Overfull" not in found] == []


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


@needs_pdflatex
def test_every_letter_compiles(tmp_path):
    assert problems(document("\n\n".join(map(escape, LETTERS + OTHERS + SPECIAL))), tmp_path) == []


@needs_pdflatex
def test_what_does_not_compile_or_fit_is_found(tmp_path):
    assert "! Undefined control sequence." in problems(document(r"\nosuchcommand"), tmp_path)
    assert "Overfull" in problems(document(r"\noindent\mbox{" + "wide " * 100 + "}"), tmp_path)[0]


def test_without_pdflatex_the_skip_says_so(tmp_path):
    environment = {**os.environ, "PATH": str(tmp_path)}
    command = [sys.executable, "-m", "pytest", "-rs", "-p", "no:cacheprovider", "-k", "every_letter", __file__]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert re.search(r"SKIPPED \[1\] .*: pdflatex is not installed", done.stdout)
