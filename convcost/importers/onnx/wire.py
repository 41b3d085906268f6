"""The wire format of a model: what of a file is worth parsing, with the numbers of its weights passed over.

An ONNX file is a protobuf message, and most of it are weights. What is kept here is the rest: a file of 2 GB is
read as fast as one without weights, and what a header claims is compared with what is there before anything is
parsed. Source: onnx.proto, https://protobuf.dev/programming-guides/encoding.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol, overload

# Bytes that are parsed, and fields that are looked at: beyond any model, and within a gigabyte and seconds.
MOST_KEPT = 2**23
MOST_FIELDS = 1_000_000
MOST_DEPTH = 32
# Numbers of a constant up to so many bytes are kept, for shapes are computed of them; longer ones are weights.
_SMALL = 2**10
# A node that is longer is looked into: constants, traces and graphs may be in it.
_LONG_NODE = 2**10
# A note of a node that is longer is a trace.
_LONG_NOTE = 2**11

_VARINT, _EIGHT, _LENGTH, _FOUR = 0, 1, 2, 5
_FIXED = {_EIGHT: 8, _FOUR: 4}
_MORE, _LOW, _LONGEST = 0x80, 0x7F, 10


class WireError(ValueError):
    """What is no message, or one beyond the bounds."""


class Bytes(Protocol):
    """A file as a row of bytes."""

    def __len__(self) -> int: ...
    @overload
    def __getitem__(self, key: int, /) -> int: ...
    @overload
    def __getitem__(self, key: slice, /) -> bytes: ...


class _Field(NamedTuple):
    """A field: its number, where it begins with its tag, where its content begins and ends."""

    number: int
    at: int
    begin: int
    end: int


class Scan:
    """What is kept of a file."""

    def __init__(self, data: Bytes) -> None:
        self.data = data
        self.seen = self.kept = 0

    def model(self) -> bytes:
        """The model without weights.

        Raises WireError where the file is no message, ends too soon, or is beyond the bounds.
        """
        return self._kept(0, len(self.data), _MODEL, 0)

    def _kept(self, begin: int, end: int, rules: "dict[int, _Rule]", depth: int) -> bytes:
        """A message with each field as its rule says; those without one stay as they are."""
        if depth > MOST_DEPTH:
            raise WireError(f"messages in messages more than {MOST_DEPTH} deep")
        chunks: list[bytes] = []
        for field in self._fields(begin, end):
            rule = rules.get(field.number, _keep)
            content = rule(self, field, depth)
            if content is not None:
                chunks.append(content)
        return b"".join(chunks)

    def _fields(self, begin: int, end: int) -> Iterator[_Field]:
        at = begin
        while at < end:
            self.seen += 1
            if self.seen > MOST_FIELDS:
                raise WireError(f"more than {MOST_FIELDS:,} fields")
            tag, content = self._number(at, end)
            number, kind = tag >> 3, tag & 7
            if not number or kind not in (_VARINT, _EIGHT, _LENGTH, _FOUR):
                raise WireError(f"byte {at:,} begins no field")
            if kind == _VARINT:
                after = self._number(content, end)[1]
            elif kind == _LENGTH:
                size, content = self._number(content, end)
                after = content + size
            else:
                after = content + _FIXED[kind]
            if after > end:
                raise WireError(f"ends too soon: {after - content:,} bytes are claimed, {end - content:,} are left")
            yield _Field(number, at, content, after)
            at = after

    def _number(self, at: int, end: int) -> tuple[int, int]:
        """The number that begins at a byte, and where it ends."""
        if at < end and self.data[at] < _MORE:
            return self.data[at], at + 1
        value = shift = 0
        for byte in self.data[at : min(at + _LONGEST, end)]:
            at += 1
            value |= (byte & _LOW) << shift
            shift += 7
            if byte < _MORE:
                return value, at
        raise WireError("ends too soon" if at >= end else f"byte {at:,} is in no number")

    def raw(self, field: _Field) -> bytes:
        """A field as it stands."""
        self.kept += field.end - field.at
        if self.kept > MOST_KEPT:
            raise WireError(f"more than {MOST_KEPT >> 20} MB besides the weights")
        return self.data[field.at : field.end]

    def packed(self, field: _Field, rules: "dict[int, _Rule]", depth: int) -> bytes:
        """A field that is a message, with the fields in it as their rules say."""
        content = self._kept(field.begin, field.end, rules, depth + 1)
        return _number_of(field.number << 3 | _LENGTH) + _number_of(len(content)) + content


_Rule = Callable[[Scan, _Field, int], "bytes | None"]


def _number_of(value: int) -> bytes:
    r"""A number as bytes.

    >>> _number_of(300)
    b'\xac\x02'
    """
    found = bytearray()
    while value >= _MORE:
        found.append(value & _LOW | _MORE)
        value >>= 7
    found.append(value)
    return bytes(found)


def _keep(scan: Scan, field: _Field, depth: int) -> bytes:
    del depth
    return scan.raw(field)


def _drop(scan: Scan, field: _Field, depth: int) -> None:
    del scan, field, depth


def _numbers(scan: Scan, field: _Field, depth: int) -> bytes | None:
    del depth
    return scan.raw(field) if field.end - field.begin <= _SMALL else None


def _note(scan: Scan, field: _Field, depth: int) -> bytes | None:
    del depth
    return scan.raw(field) if field.end - field.begin <= _LONG_NOTE else None


def _message(rules: dict[int, _Rule]) -> _Rule:
    return lambda scan, field, depth: scan.packed(field, rules, depth)


def _node(scan: Scan, field: _Field, depth: int) -> bytes:
    long = field.end - field.begin > _LONG_NODE
    return scan.packed(field, _NODE, depth) if long else scan.raw(field)


# The fields of onnx.proto by their numbers. Of a tensor its numbers (4 to 11), its text, where they lie outside.
_TENSOR: dict[int, _Rule] = {
    **dict.fromkeys((4, 5, 6, 7, 9, 10, 11), _numbers),
    **dict.fromkeys((12, 13, 16), _drop),
}
_SPARSE: dict[int, _Rule] = {1: _message(_TENSOR), 2: _message(_TENSOR)}
_ATTRIBUTE: dict[int, _Rule] = {}
_NODE: dict[int, _Rule] = {5: _message(_ATTRIBUTE), 6: _drop, 9: _note}
_GRAPH: dict[int, _Rule] = {
    1: _node,
    5: _message(_TENSOR),
    **dict.fromkeys((10, 14), _drop),
    15: _message(_SPARSE),
}
_ATTRIBUTE |= {
    **dict.fromkeys((5, 10), _message(_TENSOR)),
    **dict.fromkeys((6, 11), _message(_GRAPH)),
    **dict.fromkeys((22, 23), _message(_SPARSE)),
    **dict.fromkeys((7, 8, 9), _numbers),
    13: _drop,
}
_FUNCTION: dict[int, _Rule] = {7: _node, 8: _drop}
_MODEL: dict[int, _Rule] = {7: _message(_GRAPH), 6: _drop, 20: _drop, 25: _message(_FUNCTION)}
