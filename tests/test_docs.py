"""The documentation says what the program does: commands are run, networks read, tables made from the language.

``pytest --overwrite`` writes what the program says into the documents; read the diff.
"""

import re
import runpy
import shlex
from pathlib import Path

import pytest

from convcost.cli import main
from convcost.kinds import KINDS
from convcost.names import BY_NAME, FIELDS
from convcost.specs.language import LINE_KEYS, WORDS
from convcost.specs.read import loads

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
CONSOLE = re.compile(r"```console\n\$ (?P<command>.*)\n(?P<output>(?:.*\n)*?)```")
IDS = [path.name for path in DOCUMENTS]


def run(command: str, capsys: pytest.CaptureFixture[str]) -> str:
    name, *arguments = shlex.split(command)
    assert name == "convcost"
    words = [found for word in arguments for found in (sorted(map(str, Path().glob(word))) if "*" in word else [word])]
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("path", DOCUMENTS, ids=IDS)
def test_commands_print_what_the_document_shows(path, capsys, monkeypatch, request):
    monkeypatch.chdir(ROOT)
    text = path.read_text(encoding="utf-8")
    shown = CONSOLE.sub(lambda m: f"```console\n$ {m['command']}\n{run(m['command'], capsys)}```", text)
    if request.config.getoption("--overwrite"):
        path.write_text(shown, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == shown


def test_the_readme_shows_at_least_three_uses():
    assert len(CONSOLE.findall((ROOT / "README.md").read_text(encoding="utf-8"))) >= 3


@pytest.mark.parametrize("path", DOCUMENTS, ids=IDS)
def test_networks_in_the_documents_can_be_read(path):
    for block in re.findall(r"```yaml\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL):
        assert loads(block.encode())


@pytest.mark.parametrize("path", DOCUMENTS, ids=IDS)
def test_python_in_the_documents_runs(path, monkeypatch):
    monkeypatch.setattr("convcost.kinds.KINDS", dict(KINDS))
    for block in re.findall(r"```python\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL):
        exec(compile(block, path.name, "exec"), {})  # noqa: S102 - our own documents


def code(name: str) -> str:
    field = BY_NAME.get(name)
    return f"`{name}` (`{field.letter}`)" if field and field.letter != name else f"`{name}`"


def kinds_table() -> str:
    lines = ["| kind | its value | further fields |", "| :--- | :--- | :--- |"]
    for kind, word in WORDS.items():
        further = [code(name) for name in word.keys if name != word.main and name not in LINE_KEYS]
        value = "" if word.main is None else code(word.main) + (", may be left out" if word.optional else "")
        lines.append(f"| `{kind}` | {value} | {' '.join(further)} |")
    return "\n".join(lines)


def fields_table() -> str:
    lines = ["| field | letter | in closed forms | what |", "| :--- | :--- | :--- | :--- |"]
    lines += [f"| `{f.name}` | `{f.letter}` | {f.paper} | {f.help} |" for f in FIELDS if f.name != "bias"]
    return "\n".join(lines)


@pytest.mark.parametrize(("marker", "table"), [("kinds", kinds_table), ("fields", fields_table)])
def test_tables_of_the_language_are_the_readers(marker, table, request):
    path = ROOT / "docs" / "language.md"
    made = f"<!-- {marker} -->\n{table()}\n<!-- end -->"
    pattern = re.compile(rf"<!-- {marker} -->\n.*?<!-- end -->", re.DOTALL)
    if request.config.getoption("--overwrite"):
        path.write_text(pattern.sub(lambda _: made, path.read_text(encoding="utf-8")), encoding="utf-8")
    found = pattern.search(path.read_text(encoding="utf-8"))
    assert found is not None
    assert found[0] == made


def test_links_between_documents_lead_somewhere():
    for path in DOCUMENTS:
        for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text(encoding="utf-8")):
            assert (path.parent / target).exists(), f"{path.name} links to {target}"


def test_the_picture_shows_the_table_of_today(request):
    drawing = runpy.run_path(str(ROOT / "docs" / "picture.py"))
    path = ROOT / "docs" / "compare.svg"
    if request.config.getoption("--overwrite"):
        path.write_text(drawing["picture"](), encoding="utf-8")
    words = drawing["words"](path.read_text(encoding="utf-8"))
    assert words == drawing["words"](drawing["picture"]())
    assert {"separable", "795", "1/N", "0.1150"} <= set(words)
