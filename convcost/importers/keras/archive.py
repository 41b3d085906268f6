"""The JSON of a model, from a file of its own or out of a `.keras` archive, read within bounds.

Of an archive only config.json is read; its weights are never opened.
"""

import io
import json
import zipfile
import zlib
from typing import Any, BinaryIO

from convcost.errors import ConvcostError

MOST_BYTES = 16 * 2**20
# A directory of this size lists more than ten thousand files; an archive of Keras has three.
_MOST_AT_ONCE = 2**20
_CHUNK = 2**16
_CONFIG = "config.json"
_ENCRYPTED = 1
_SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06")


def model_of(path: str) -> Any:
    """What the JSON of a file says. Raises ConvcostError for what is no such file, or beyond the bounds."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - pathlib costs a tenth of the start
            start = file.read(4)
            file.seek(0)
            data = _unpacked(file) if start in _SIGNATURES else file.read(MOST_BYTES + 1)
    except ConvcostError:
        raise
    except OSError as error:
        raise ConvcostError((error.strerror or str(error)).lower()) from None
    except ValueError as error:
        raise ConvcostError(f"not a path: {error}") from None
    return parsed(data)


def parsed(data: "bytes | str") -> Any:
    """What a JSON text says."""
    if len(data) > MOST_BYTES:
        raise ConvcostError(f"the JSON is larger than {MOST_BYTES // 2**20} MiB")
    try:
        return json.loads(data)
    except json.JSONDecodeError as error:
        raise ConvcostError(f"not valid JSON: {error.msg} in line {error.lineno}, column {error.colno}") from None
    except UnicodeDecodeError:
        raise ConvcostError("neither JSON nor an archive of Keras") from None
    except ValueError:
        # Python reads no longer ones.
        raise ConvcostError("not valid JSON: a number of thousands of digits") from None
    except RecursionError:
        raise ConvcostError("the JSON is nested too deeply") from None


class _Careful(io.RawIOBase):
    """A file of which little is read at once, whatever its own directory claims."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return self.file.seek(offset, whence)

    def tell(self) -> int:
        return self.file.tell()

    def read(self, size: int = -1) -> bytes:
        if size > _MOST_AT_ONCE:
            raise zipfile.BadZipFile("its directory is too large")
        return self.file.read(_MOST_AT_ONCE if size < 0 else size)


def _unpacked(file: BinaryIO) -> bytes:
    """The config.json of an archive, as much of it as is allowed and one byte."""
    try:
        with zipfile.ZipFile(_Careful(file)) as archive:
            member = archive.getinfo(_CONFIG)
            if member.flag_bits & _ENCRYPTED:
                raise ConvcostError(f"{_CONFIG} is encrypted")
            # Other methods unpack a whole chunk however large it becomes.
            if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise ConvcostError(f"{_CONFIG} is packed by a method that Keras does not use")
            found = bytearray()
            with archive.open(member) as packed:
                while len(found) <= MOST_BYTES and (chunk := packed.read(_CHUNK)):
                    found += chunk
            return bytes(found)
    except KeyError:
        raise ConvcostError(f"an archive without {_CONFIG} is no model of Keras") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, OverflowError, RuntimeError, NotImplementedError) as error:
        raise ConvcostError(f"the archive cannot be read: {error}") from None
