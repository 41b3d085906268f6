"""Rows as they come: CSV, TSV, JSON lines, and JSON whose rows stand one on a line. Nothing is held in memory."""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from io import StringIO
from itertools import chain, islice
from json import JSONEncoder
from typing import Any

from convcost import __version__
from convcost.render.json import SCHEMA_VERSION

Row = tuple[Any, ...]
# Rows that are written at once.
_MANY = 4096


def delimited(keys: tuple[str, ...], rows: Iterable[Row], caption: str, format_: str) -> Iterator[str]:
    """CSV or TSV of numbers and words under the keys; the caption stands in a last column, in the first row alone."""
    out = StringIO()
    writer = csv.writer(out, delimiter="\t" if format_ == "tsv" else ",", lineterminator="\n")
    writer.writerow([*keys, "caption"])
    captions = chain([caption], iter(str, None))
    texts = ((*row, said) for row, said in zip(rows, captions, strict=False))
    while batch := list(islice(texts, _MANY)):
        writer.writerows(batch)
        yield out.getvalue()
        out.seek(0)
        out.truncate()
    yield out.getvalue()


def json_lines(keys: tuple[str, ...], rows: Iterable[Row], *, ascii_: bool) -> Iterator[str]:
    """A JSON object on each line."""
    encode = JSONEncoder(ensure_ascii=ascii_).encode
    lines = (encode(dict(zip(keys, row, strict=True))) + "\n" for row in rows)
    while batch := list(islice(lines, _MANY)):
        yield "".join(batch)


def json(
    head: Mapping[str, Any],
    keys: tuple[str, ...],
    rows: Iterable[Row],
    foot: Callable[[], Mapping[str, Any]],
    *,
    ascii_: bool,
) -> Iterator[str]:
    """One JSON document: the head, a row on each line, and what is known behind the last."""
    encode = JSONEncoder(ensure_ascii=ascii_).encode
    entries = {"schema_version": SCHEMA_VERSION, "convcost_version": __version__, **head}
    yield "{\n" + "".join(f"  {encode(key)}: {encode(value)},\n" for key, value in entries.items()) + '  "rows": ['
    before = "\n"
    for row in rows:
        yield f"{before}    {encode(dict(zip(keys, row, strict=True)))}"
        before = ",\n"
    last = [f"  {encode(key)}: {encode(value)}" for key, value in foot().items()]
    yield ("]" if before == "\n" else "\n  ]") + ",\n" + ",\n".join(last) + "\n}\n"
