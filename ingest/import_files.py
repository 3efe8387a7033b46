"""Frames as the files that Neo4j's offline import reads: CSV whose headers say each column's type.

What is missing is left out, as the online writer leaves it out; an empty text stays an empty text.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from cypher import identifiers
from spikegraph.errors import DataError

ROWS_AT_ONCE = 500_000
"""Rows that are turned into text at a time."""

LARGEST_VALUE = 4 * 2**20
"""Bytes of one value that the importer reads without being told of larger ones."""


@dataclass(frozen=True, eq=False)
class Nodes:
    """Nodes that have the same labels.

    Attributes:
        labels: all their labels.
        space: the name of the space that their `id`s are unique in (`User`); relationships name it.
        frame: `id` (whole numbers, which are not kept) and a column for each property.
    """

    labels: tuple[str, ...]
    space: str
    frame: pd.DataFrame


@dataclass(frozen=True, eq=False)
class Relationships:
    """Relationships of one type.

    Attributes:
        type: their type.
        start_space: the space of the `id`s in `start`.
        end_space: the space of the `id`s in `end`.
        frame: `start`, `end` and a column for each property.
    """

    type: str
    start_space: str
    end_space: str
    frame: pd.DataFrame


@dataclass
class ImportFiles:
    """A folder of files for the importer, and what it has to say about them.

    Attributes:
        folder: where the files are.
        nodes: how many nodes they hold.
        relationships: how many relationships they hold.
        arguments: of the importer, with file names relative to `folder`.
    """

    folder: Path
    nodes: int = 0
    relationships: int = 0
    arguments: list[str] = field(default_factory=list)
    _multiline: list[str] = field(default_factory=list)
    _largest: int = 0

    def add(self, part: Nodes | Relationships) -> None:
        """Write a part into files of its own; an empty one writes none.

        Raises:
            DataError: a label, type or property has no name for the graph, or a column holds values that a file of
                one type cannot (lists, or texts among numbers).
        """
        if part.frame.empty:
            return
        if isinstance(part, Nodes):
            labels = ":".join(identifiers.plain(label) for label in part.labels)
            self._write(f"--nodes={labels}=", part.frame, {"id": f":ID({part.space})"}, "nodes")
            self.nodes += len(part.frame)
        else:
            ends = {"start": f":START_ID({part.start_space})", "end": f":END_ID({part.end_space})"}
            kind = identifiers.plain(part.type)
            self._write(f"--relationships={kind}=", part.frame, ends, "relationships")
            self.relationships += len(part.frame)

    def reading(self) -> list[str]:
        """Give all arguments of the importer that concern these files."""
        larger = [f"--read-buffer-size={self._largest + 1}"] if self._largest >= LARGEST_VALUE else []
        lines = [f"--multiline-fields={','.join(self._multiline)}", "--multiline-fields-format=v2"]
        return ["--id-type=integer", *(lines if self._multiline else []), *larger, *self.arguments]

    def _write(self, argument: str, frame: pd.DataFrame, ends: dict[str, str], what: str) -> None:
        name = f"{what}-{len(self.arguments)}.csv"
        columns = {str(column): _arrow(frame[column], str(column)) for column in frame.columns}
        kept = {column: values for column, values in columns.items() if column in ends or _kind(values)}
        header = [ends.get(column) or f"{identifiers.plain(column)}:{_kind(kept[column])}" for column in kept]
        table = pa.table(kept)
        with (self.folder / name).open("wb") as file:
            file.write((",".join(header) + "\n").encode())
            for start in range(0, len(table), ROWS_AT_ONCE):
                csv.write_csv(table.slice(start, ROWS_AT_ONCE), file, csv.WriteOptions(include_header=False))
        self.arguments.append(argument + name)
        texts = [values for values in kept.values() if _kind(values) == "string"]
        if any(_has_line_ends(values) for values in texts):
            self._multiline.append(name)
        self._largest = max([self._largest, *(pc.max(pc.binary_length(values)).as_py() or 0 for values in texts)])


def write_import_files(folder: Path, parts: Iterable[Nodes | Relationships]) -> ImportFiles:
    """Write parts of a graph into the files of an offline import.

    Args:
        folder: an empty folder.
        parts: nodes and relationships, one after the other, in any order; a generator keeps memory small.

    Raises:
        DataError: see `ImportFiles.add`.
    """
    files = ImportFiles(folder)
    for part in parts:
        files.add(part)
    return files


def _arrow(column: pd.Series[Any], name: str) -> pa.Array:
    """Give a column as an Arrow array of one of the types that `_kind` knows, or of nulls only."""
    try:
        values = pa.array(column, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise _refused(name) from error
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if not (_kind(values) or pa.types.is_null(values.type)):
        raise _refused(name)
    return values.cast(pa.float64()) if pa.types.is_floating(values.type) else values


def _refused(name: str) -> DataError:
    return DataError(
        "the offline import takes texts, numbers and truth values, of one kind in a column",
        where=f"column '{name}'",
        hint="leave out --offline: the online ingest takes every value",
    )


def _kind(values: pa.Array) -> str | None:
    """Give the importer's word for an Arrow type; None where it has none, or all values are missing."""
    kinds = {
        "string": pa.types.is_string(values.type) or pa.types.is_large_string(values.type),
        "boolean": pa.types.is_boolean(values.type),
        "long": pa.types.is_integer(values.type),
        "double": pa.types.is_floating(values.type),
    }
    return next((word for word, holds in kinds.items() if holds), None)


def _has_line_ends(values: pa.Array) -> bool:
    return bool(pc.any(pc.match_substring_regex(values, r"[\r\n]")).as_py())
