"""What of a statement goes over the wire: its text without comments, and where a person waits, one record for all rows.

Driver and server take about 30 µs for every record they pass on, whatever is in it: ten rows of a list cost more than
finding them. So the last `RETURN a, b ORDER BY …` becomes `WITH a, b ORDER BY … RETURN collect([a, b])`, which keeps
the order, and the rows are put together again here. Where a text does not end in that form it is sent as it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cypher.statements import NOT_CODE

_LAST_RETURN = re.compile(r"^RETURN\b(?!.*^RETURN\b)", re.MULTILINE | re.DOTALL)
"""Files indent what is inside of braces, so the `RETURN` of the whole statement begins its line."""

_NOT_ONE_RECORD = re.compile(r"\A\s*SHOW\b|^UNION\b", re.MULTILINE)
"""No `WITH` may follow the one, and the other has two ends."""

_MARK = re.compile(
    rf"{NOT_CODE.pattern}|(?P<open>[(\[{{])|(?P<close>[)\]}}])|(?P<comma>,)|(?P<end>\b(?:ORDER|SKIP|LIMIT)\b)"
)
_NAME = re.compile(r"(?:.*\sAS\s+)?\s*(?P<name>[A-Za-z_]\w*)\s*", re.DOTALL)


@dataclass(frozen=True)
class Wire:
    """How a statement is sent.

    Attributes:
        text: the Cypher.
        columns: the names of the columns where one record holds all rows; None where each row is a record.
    """

    text: str
    columns: tuple[str, ...] | None = None

    def rows(self, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Give the rows of what the server answered."""
        if self.columns is None:
            return records
        return [dict(zip(self.columns, row, strict=True)) for row in records[0]["rows"]]


@lru_cache(maxsize=512)
def wire(text: str, *, one_record: bool) -> Wire:
    """Give what is sent for a text of the library.

    Args:
        text: as `Statement.text`.
        one_record: whether all rows are to come in one record, where that is possible.
    """
    code = NOT_CODE.sub(lambda found: found[0] if found[0][0] in "'\"" else "", text)
    last = _LAST_RETURN.search(code) if one_record and not _NOT_ONE_RECORD.search(code) else None
    columns = _columns(code[last.end() :]) if last else None
    if last is None or columns is None:
        return Wire(_shortened(code))
    rows = f"{code[: last.start()]}WITH{code[last.end() :]}\nRETURN collect([{', '.join(columns)}]) AS rows"
    return Wire(_shortened(rows), columns)


def _columns(projection: str) -> tuple[str, ...] | None:
    """Give the names of what is returned, or None where one has none."""
    projection = projection.removeprefix(" DISTINCT")
    names = [_NAME.fullmatch(part) for part in _parts(projection)]
    return tuple(name["name"] for name in names if name) if all(names) else None


def _parts(projection: str) -> list[str]:
    """Split what is returned at the commas outside of brackets, up to `ORDER BY`, `SKIP` or `LIMIT`."""
    depth, start, parts = 0, 0, []
    for mark in _MARK.finditer(projection):
        depth += bool(mark["open"]) - bool(mark["close"])
        if depth == 0 and (mark["comma"] or mark["end"]):
            parts.append(projection[start : mark.start()])
            start = mark.end()
        if depth == 0 and mark["end"]:
            return parts
    return [*parts, projection[start:]]


def _shortened(code: str) -> str:
    """Drop indentation and empty lines: the driver takes time for every character."""
    return re.sub(r"\s*\n\s*", "\n", code)
