"""``convcost convert``."""

import os

import click

from convcost.cli.output import say, write
from convcost.cli.sources import SOURCES, importer, network_options, networks, overrides
from convcost.errors import ConvcostError
from convcost.network import Network
from convcost.partial import sentence, uncounted

_YAML = (".yaml", ".yml")


@click.command("convert", short_help="Models of frameworks as YAML, and networks as PyTorch code.", epilog=SOURCES)
@click.argument("source", metavar="SOURCE")
@network_options
@click.option("--to", type=click.Choice(["yaml", "pytorch"]), help="What to write; from FILE's suffix with -o.")
@click.option("-o", "--output", type=click.Path(), metavar="FILE", help="FILE.yaml or FILE.py instead of stdout.")
def command(
    source: str,
    set_: tuple[str, ...],
    input_: str | None,
    to: str | None,
    output: str | None,
) -> None:
    """Write a network in the network language, to see and change what was understood, or as PyTorch code.

    \b
    convcost convert model.onnx -o model.yaml
    convcost convert package.module:callable --input 3x224x224 --kwargs width_mult=0.5
    convcost convert mobilenet_v2 --set alpha=0.5 -o mobilenet.py
    """  # noqa: D301 - click's \b keeps the lines
    found, errors = networks((source,), overrides(set_, input_))
    if errors:
        raise errors[0]
    form = to or _form(output)
    if form == "yaml" and importer(source) is not None:
        from convcost.specs.tidy import tidied

        found = list(map(tidied, found))
    write(_written(found, form), output)
    for network in found:
        for line in sentence(network.name, uncounted(network.nodes)):
            say(line)


def _form(output: str | None) -> str:
    """What a file's suffix asks for; YAML on stdout."""
    suffix = os.path.splitext(output or "")[1].lower()  # noqa: PTH122 - pathlib costs a tenth of the start
    if suffix == ".py":
        return "pytorch"
    if suffix in _YAML or output in (None, "-"):
        return "yaml"
    raise ConvcostError(f"-o {output}: neither YAML nor Python", hint="use .yaml or .py, or add --to")


def _written(found: list[Network], form: str) -> str:
    if form == "yaml":
        from convcost.specs.write import dumps

        return "---\n".join(map(dumps, found))
    from convcost.exporters.torch import source

    if len(found) != 1:
        raise ConvcostError(f"{len(found)} networks cannot be one module", hint="name one")
    return source(found[0])
