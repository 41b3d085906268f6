"""The walls of DESIGN: who may import whom, and what a start must not load."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import convcost

PACKAGE = Path(convcost.__file__).parent

# Every room, and the rooms that it may import (besides the leaves and itself).
LEAVES = {"errors", "problems", "units", "names", "characters", ""}
ENGINE = {"formulas", "layers", "composition", "blocks", "kinds"}
WALKS = {"network", "costs", "receptive", "liveness"}
MAY_IMPORT: dict[str, set[str]] = {
    "": set(),
    "errors": set(),
    "characters": set(),
    "names": set(),
    "units": {"errors"},
    "problems": {"errors"},
    "formulas": set(),
    "symbols": set(),
    "layers": {"formulas"},
    "composition": {"layers"},
    "blocks": {"layers", "composition"},
    "kinds": {"layers", "composition", "blocks"},
    "network": {"layers", "composition"},
    "assembly": {"layers", "composition", "network"},
    "costs": {"layers", "network"},
    "reach": {"layers"},
    "receptive": {"reach", "layers", "network"},
    "liveness": {"network", "costs"},
    "report": {"derivation", "render", "symbols"},
    "derivation": {"symbols"},
    "closed_forms": {"symbols", *ENGINE},
    "rows": {"closed_forms", "symbols", *ENGINE, *WALKS},
    # A notebook asks a comparison how it looks.
    "comparison": {"comparison_report", "report", "rows", "closed_forms", "symbols", *ENGINE, *WALKS},
    "comparison_report": {"comparison", "rows", "closed_forms", "report", *ENGINE, *WALKS},
    "steps": {"rows", "closed_forms", "derivation", "symbols", *ENGINE},
    "explanation": {
        "steps",
        "comparison",
        "comparison_report",
        "rows",
        "closed_forms",
        "derivation",
        "report",
        "symbols",
        *ENGINE,
    },
    # A notebook asks an evaluation and a report how they look.
    "evaluation": {"evaluation_report", "report", "layers", *WALKS},
    "folding": {"evaluation", "layers", *WALKS},
    "partial": {"network"},
    "evaluation_rows": {"evaluation", "folding", "partial", "report", "layers", *WALKS},
    "evaluation_json": {
        *("evaluation", "evaluation_report", "evaluation_rows", "folding", "partial", "report"),
        *WALKS,
    },
    "evaluation_report": {
        *("evaluation", "evaluation_counting", "evaluation_json", "evaluation_rows", "folding", "partial", "report"),
    },
    "batch_report": {"evaluation", "evaluation_json", "evaluation_report", "evaluation_rows", "partial", "report"},
    "evaluation_counting": {"conventions", "evaluation", "ledger", "partial", "report", *WALKS},
    "rules": {"expressions", "layers"},
    "pieces": {"rules", "assembly", "layers", *WALKS},
    "refit": {"layers"},
    "rewrite": {"pieces", "refit", "rules", "assembly", *ENGINE, *WALKS},
    "alignment": {"network"},
    "difference": {"alignment", "evaluation", "layers", *WALKS},
    "difference_report": {"difference", "evaluation", "partial", "report", *WALKS},
    "budget": {"evaluation", "partial", *WALKS},
    "snapshot": {"budget", "evaluation", "partial"},
    "check_words": {"budget"},
    "check_report": {"budget", "check_words", "evaluation", "partial", "report"},
    "annotations": {"budget", "check_report", "check_words", "evaluation", "partial"},
    "ledger": {"layers"},
    "counted_budget": {"budget", "conventions", "evaluation"},
    "counting_columns": {
        *("comparison", "conventions", "difference", "difference_report", "evaluation", "evaluation_counting"),
        *("network", "partial", "report", "rows"),
    },
    "conventions": {"evaluation", "formulas", "layers", "ledger", "network"},
    "conventions_report": {"conventions", "report"},
    "reconciliation": {"conventions", "evaluation", "ledger"},
    "reconciliation_variants": {"evaluation", "layers", "network"},
    "reconciliation_quote": {"conventions", "evaluation", "reconciliation_variants"},
    "reconciliation_report": {
        *("reconciliation", "reconciliation_quote", "reconciliation_variants"),
        *("evaluation", "evaluation_report", "partial", "report"),
    },
    "expressions": set(),
    "zoo": set(),
    "zoo_report": {"evaluation", "report"},
    "importers": {"formulas", "assembly", "composition", "network", "layers", "specs"},
    "exporters": {"network", "layers"},
    "specs": {"assembly", "expressions", "network", "zoo", *ENGINE},
    "lanes": set(),
    "grid": {"lanes"},
    "ordering": {"expressions"},
    "selection": {"lanes", "expressions", "ordering"},
    "sweep": {
        *("comparison", "conventions", "rows", "symbols", "grid", "lanes", "selection", "sweep_counting"),
        *ENGINE,
        *WALKS,
    },
    "sweep_counting": {"conventions", "evaluation", "ledger", *WALKS},
    "sweep_network": {
        *("conventions", "evaluation", "expressions", "lanes", "partial", "selection", "sweep_report"),
        *WALKS,
    },
    "sweep_report": {"conventions", "evaluation_counting", "report", "layers", "partial", "selection"},
    "render": {"report", "derivation"},
    "cli": {
        "exporters",
        "importers",
        "difference",
        "difference_report",
        "evaluation_report",
        "rewrite",
        "rules",
        "comparison",
        "comparison_report",
        "rows",
        "explanation",
        "evaluation",
        "batch_report",
        "partial",
        "budget",
        "snapshot",
        "check_report",
        "annotations",
        "conventions",
        "conventions_report",
        "counted_budget",
        "counting_columns",
        "reconciliation_quote",
        "reconciliation_report",
        "report",
        "render",
        "specs",
        "expressions",
        "grid",
        "lanes",
        "ordering",
        "selection",
        "sweep",
        "sweep_network",
        "sweep_report",
        "zoo",
        "zoo_report",
        *ENGINE,
        *WALKS,
    },
    "__main__": {"cli"},
}
THIRD_PARTY = {
    "numpy": {"lanes/arrays.py", "importers/onnx"},
    "rich": {"render/table.py"},
    "yaml": {"specs/document.py"},
    "click": {"cli"},
    "onnx": {"importers/onnx"},
    "google": {"importers/onnx"},
    "torch": {"importers/torch"},
}


def imports(source: str) -> set[str]:
    """Every module that a source imports, wherever the import stands."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {
                f"{node.module}.{alias.name}" for alias in node.names if node.module == "convcost"
            }
    return found


def room(path: Path) -> str:
    part = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    return "" if part == "__init__" else part


def rooms_imported(source: str) -> set[str]:
    parts = [name.split(".") for name in imports(source) if name.split(".")[0] == "convcost"]
    return {names[1] if len(names) > 1 and names[1] != "__version__" else "" for names in parts}


def breaches(name: str, source: str) -> set[str]:
    """Rooms that a room's source imports against the walls."""
    return rooms_imported(source) - MAY_IMPORT[name] - LEAVES - {name}


SOURCES = sorted(PACKAGE.rglob("*.py"))
IDS = [str(path.relative_to(PACKAGE)) for path in SOURCES]


@pytest.mark.parametrize("path", SOURCES, ids=IDS)
def test_imports_point_down_only(path):
    name = room(path)
    if name:
        assert not breaches(name, path.read_text(encoding="utf-8"))


def test_the_wall_test_can_fail():
    assert breaches("layers", "from convcost.network import Network") == {"network"}
    assert breaches("formulas", "def f():\n    import convcost.symbols.axis") == {"symbols"}
    assert not breaches("kinds", "from convcost.layers import Conv")


@pytest.mark.parametrize("path", SOURCES, ids=IDS)
def test_libraries_stay_in_their_rooms(path):
    relative = str(path.relative_to(PACKAGE))
    for name in imports(path.read_text(encoding="utf-8")):
        top = name.split(".")[0]
        if top in THIRD_PARTY:
            assert any(relative == home or relative.startswith(home + "/") for home in THIRD_PARTY[top])
        else:
            assert top == "convcost" or top in sys.stdlib_module_names


def test_formulas_hold_no_class_and_no_branch():
    tree = ast.parse((PACKAGE / "formulas.py").read_text(encoding="utf-8"))
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef | ast.If | ast.IfExp | ast.Raise)]
    assert imports((PACKAGE / "formulas.py").read_text(encoding="utf-8")) == {"math", "typing"}


def test_renderers_and_formulas_know_no_layer():
    for path in (PACKAGE / "render").glob("*.py"):
        assert rooms_imported(path.read_text(encoding="utf-8")) <= {
            "",
            "render",
            "report",
            "derivation",
            "units",
            "characters",
        }


def loaded(*arguments: str, code: str | None = None) -> set[str]:
    """The modules loaded at the end of a run of convcost in a process of its own."""
    script = (
        code
        or f"""
import sys
sys.argv = ["convcost", *{list(arguments)!r}]
from convcost.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
"""
    )
    script += "\nimport sys\nsys.stderr.write('\\n'.join(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(ran.stderr.splitlines())


HEAVY = {"numpy", "torch", "onnx", "importlib.metadata", "pathlib"}
FLAGS = ("compare", "--c1", "3", "--c2", "256", "-k", "3")


def test_flags_to_markdown_load_neither_yaml_nor_rich():
    assert not loaded(*FLAGS, "-f", "markdown") & (HEAVY | {"yaml", "rich"})


def test_help_loads_no_command():
    modules = loaded("--help")
    assert not modules & (HEAVY | {"yaml", "rich", "convcost.kinds", "convcost.cli.compare"})


def test_eval_to_markdown_loads_no_rich(tmp_path):
    spec = tmp_path / "net.yaml"
    spec.write_text("input: 3x8x8\nlayers:\n  - {conv: 4, k: 3}\n")
    assert not loaded("eval", str(spec), "-f", "markdown") & (HEAVY | {"rich", "convcost.layers.pool"})


def test_the_table_loads_rich_and_so_this_test_can_fail():
    assert "rich" in loaded(*FLAGS, "-f", "table")


def test_import_convcost_loads_the_standard_library_only():
    before = loaded(code="pass")
    after = loaded(code="import convcost\nfrom convcost import Conv, separable, cost\nseparable(3, 256, 3)")
    assert not {name.split(".")[0] for name in after - before} - set(sys.stdlib_module_names) - {"convcost"}


def test_a_kind_of_chain_is_loaded_only_when_it_is_built():
    assert "convcost.blocks" not in loaded(*FLAGS, "-f", "markdown")
    assert "convcost.blocks" in loaded(*FLAGS, "-f", "markdown", "--kinds", "ghost")


@pytest.fixture
def without_importers(tmp_path):
    """A run of convcost from a copy of the package that has no importers."""
    copy = tmp_path / "convcost"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("importers", "__pycache__"))
    (tmp_path / "net.yaml").write_text("input: 3x8x8\nlayers:\n  - {conv: 4, k: 3}\n")
    (tmp_path / "net.onnx").write_bytes(b"")

    def run(*command):
        at = {**os.environ, "PYTHONPATH": str(tmp_path), "COLUMNS": "200"}
        done = subprocess.run(
            [sys.executable, *command], cwd=tmp_path, env=at, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout + done.stderr

    return run


@pytest.mark.parametrize(
    "command",
    [
        *("compare --c1 3 --c2 256 -k 3", "explain separable --c1 3 --c2 8 -k 3", "eval net.yaml", "eval resnet18"),
        *("check net.yaml --max-params 1000", "diff net.yaml alexnet", "whatif net.yaml --swap conv=separable"),
        *("sweep --c1 8 --c2 8,16 -k 3", "sweep net.yaml --input 3x16x16", "convert net.yaml --to pytorch"),
        *("zoo", "conventions", "schema", "reconcile net.yaml"),
    ],
)
def test_deleting_the_importers_leaves_a_working_tool(without_importers, command):
    status, printed = without_importers("-m", "convcost", *command.split())
    assert status == 0, printed


def test_without_importers_a_model_is_a_file_that_is_no_spec(without_importers):
    status, printed = without_importers("-m", "convcost", "eval", "net.onnx")
    assert status == 2
    assert "fault of convcost" not in printed
    star = "from convcost import *\nprint(loads('{input: 3x8x8, layers: [relu]}'))\nimport convcost.importers"
    status, printed = without_importers("-c", star)
    assert "Network(" in printed
    assert "No module named 'convcost.importers'" in printed
