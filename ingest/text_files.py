"""Text files, read with checks: whatever is wrong is refused with file, line and reason.

Byte-order marks and CRLF are taken as they come; empty files, broken UTF-8, UTF-16 and binary files
are refused before anything is made of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from spikegraph.errors import DataError

IntArray = npt.NDArray[np.int64]

LARGEST_ID = 2**31 - 1
"""Ids above are refused: no data set numbers its nodes so high, but a damaged file does."""

_BOM = b"\xef\xbb\xbf"
_WIDE_BOMS = (b"\xff\xfe", b"\xfe\xff")
_DIGITS_OF_LARGEST_ID = len(str(LARGEST_ID))


def at_line(name: str, line: int) -> str:
    """Give `file:line`, the `where` of an error (lines from 1)."""
    return f"{name}:{line}"


def read_bytes(folder: Path, name: str) -> bytes:
    """Read a file that should be text: not missing, not empty, not UTF-16, not binary; a byte-order mark goes.

    Raises:
        DataError: it is one of these.
    """
    try:
        data = (folder / name).read_bytes()
    except FileNotFoundError as error:
        raise DataError("the file is missing", where=name, hint="docs/data-sets.md lists the files") from error
    except OSError as error:
        raise DataError(f"the file cannot be read: {error.strerror}", where=name) from error
    return check_text(data, name)


def check_text(data: bytes, name: str) -> bytes:
    """Refuse bytes that are no UTF-8-like text; give them without their byte-order mark."""
    if data.startswith(_WIDE_BOMS):
        raise DataError("the file is UTF-16 or UTF-32", where=name, hint="save it as UTF-8")
    zero = data.find(b"\0")
    if zero >= 0:
        wide = data[:1000].count(b"\0") > len(data[:1000]) // 4
        reason = "the file is UTF-16 or UTF-32" if wide else "the file is binary, not text"
        raise DataError(reason, where=at_line(name, _line(data, zero)), hint="save it as UTF-8 text")
    data = data.removeprefix(_BOM)
    if not data.strip():
        raise DataError("the file is empty", where=name)
    return data


def read_text(folder: Path, name: str, encoding: str = "utf-8") -> str:
    """Read a text file, its lines ending in a plain newline."""
    return decode(read_bytes(folder, name), name, encoding)


def decode(data: bytes, name: str, encoding: str = "utf-8") -> str:
    """Decode bytes; a byte that the encoding does not have is refused with its line."""
    try:
        return data.decode(encoding).replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        byte = data[error.start]
        raise DataError(
            f"the byte 0x{byte:02x} is not {encoding.upper()}",
            where=at_line(name, _line(data, error.start)),
            hint="save the file as UTF-8",
        ) from error


def read_lines(folder: Path, name: str, encoding: str = "utf-8") -> list[str]:
    """Give the lines of a text file, so that line n is at n - 1; an empty last line is none."""
    return read_text(folder, name, encoding).removesuffix("\n").split("\n")


def split_lines(lines: list[str], name: str, separator: str | None, fields: int, *, first: int = 1) -> list[list[str]]:
    """Split every line into exactly `fields` fields.

    Args:
        lines: the lines.
        name: the file, for errors.
        separator: what is between the fields, or None for any white space.
        fields: how many there must be.
        first: the number of the first line.

    Raises:
        DataError: a line has another number of fields.
    """
    rows = [line.split(separator) for line in lines]
    for number, row in enumerate(rows, start=first):
        if len(row) != fields:
            raise DataError(f"the line has {len(row)} fields, not {fields}", where=at_line(name, number))
    return rows


@dataclass(frozen=True, eq=False)
class Integers:
    """The whole numbers of a text file: `ids` int64 [n], and the line (from 1) that each stands on, int64 [n]."""

    name: str
    ids: IntArray
    lines: IntArray

    def where(self, position: int) -> str:
        """Give `file:line` of a number."""
        return at_line(self.name, int(self.lines[position]))

    def first_of_line(self) -> npt.NDArray[np.bool_]:
        """Tell which numbers open a line: bool [n]."""
        opens = np.ones(len(self.lines), dtype=bool)
        opens[1:] = self.lines[1:] != self.lines[:-1]
        return opens


def integers(data: bytes, name: str) -> Integers:
    """Read numbers separated by blanks and newlines, without a Python loop over them.

    Nothing is allocated by the size of a number: only by how many there are.

    Raises:
        DataError: something is not a whole number, is negative, or is above `LARGEST_ID`.
    """
    text = np.frombuffer(data, dtype=np.uint8)
    blank = (text == 32) | ((text >= 9) & (text <= 13))
    edges = np.flatnonzero(np.diff(blank, prepend=True, append=True))
    starts, ends = edges[::2], edges[1::2]
    newlines = np.flatnonzero(text == 10)
    lines = np.searchsorted(newlines, starts).astype(np.int64) + 1
    digits = (text >= 48) & (text <= 57)
    bad = np.flatnonzero(~(blank | digits))
    if len(bad):
        _refuse_token(data, name, starts, ends, lines, int(np.searchsorted(starts, bad[0], side="right")) - 1)
    values = _parse(text, starts, ends)
    too_large = np.flatnonzero((values > LARGEST_ID) | (values < 0))
    if len(too_large):
        _refuse_token(data, name, starts, ends, lines, int(too_large[0]))
    return Integers(name, values, lines)


def _parse(text: npt.NDArray[np.uint8], starts: IntArray, ends: IntArray) -> IntArray:
    """Read digits position by position; a number with too many digits becomes -1."""
    length = ends - starts
    values = np.zeros(len(starts), dtype=np.int64)
    for position in range(min(int(length.max(initial=0)), _DIGITS_OF_LARGEST_ID)):
        has = length > position
        values[has] = values[has] * 10 + (text[starts[has] + position] - 48)
    values[length > _DIGITS_OF_LARGEST_ID] = -1
    return values


def _refuse_token(data: bytes, name: str, starts: IntArray, ends: IntArray, lines: IntArray, position: int) -> None:
    token = decode(data, name) and data[starts[position] : ends[position]].decode("utf-8", errors="replace")
    if token.isascii() and token.isdigit():
        reason = f"the id {token[:40]} is absurdly large (above {LARGEST_ID})"
    elif token.startswith("-") and token[1:].isdigit():
        reason = f"the id {token[:40]} is negative"
    else:
        reason = f"{token[:40]!r} is not a whole number"
    raise DataError(reason, where=at_line(name, int(lines[position])))


def _line(data: bytes, offset: int) -> int:
    return data.count(b"\n", 0, offset) + 1
