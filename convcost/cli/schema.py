"""``convcost schema``."""

import json

import click

from convcost.cli.output import write
from convcost.specs.schema import schema


@click.command("schema", short_help="The JSON Schema of the network language, for editors.")
@click.option("-o", "--output", type=click.Path(), metavar="FILE", help="Write to FILE instead of stdout.")
def command(output: str | None) -> None:
    """Print the JSON Schema of the network language, for completion and checks in an editor.

    \b
    convcost schema -o convcost.schema.json

    Then begin a spec with:  # yaml-language-server: $schema=convcost.schema.json
    """  # noqa: D301 - click's \b keeps the lines
    write(json.dumps(schema(), indent=1, ensure_ascii=False) + "\n", output)
