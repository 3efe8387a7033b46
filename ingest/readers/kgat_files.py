"""The files of a KGAT folder: triples of numbers, and lists that give the numbers their names."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from cypher.identifiers import RESERVED_TYPES
from ingest import names
from ingest.text_files import LARGEST_ID, Integers, at_line, check_text, integers, read_bytes, read_lines
from spikegraph.errors import DataError
from spikegraph.logs import get_logger

log = get_logger(__name__)

IntArray = npt.NDArray[np.int64]

TRIPLES = "kg_final.txt"
LARGEST_UNZIPPED = 2 * 1024**3


@dataclass(frozen=True, eq=False)
class Triples:
    """The different triples, without those from a node to itself: int64 [m] each, and their lines."""

    name: str
    heads: IntArray
    relations: IntArray
    tails: IntArray
    lines: IntArray

    def refuse_unknown(self, known: IntArray, where_listed: str) -> None:
        """Refuse the first triple with an end that a list does not have."""
        unknown = ~(np.isin(self.heads, known) & np.isin(self.tails, known))
        if unknown.any():
            row = int(np.flatnonzero(unknown)[np.argmin(self.lines[unknown])])
            end = self.tails[row] if np.isin(self.heads[row], known) else self.heads[row]
            raise DataError(
                f"the entity {end} is not in {where_listed}", where=at_line(self.name, int(self.lines[row]))
            )


@dataclass(frozen=True, eq=False)
class Listed:
    """A list file: the numbers, their names (missing where the file gives none), and Freebase ids."""

    numbers: IntArray
    names: pd.Series[str]
    freebase: pd.Series[str] | None


def read_triples(folder: Path, *, required: bool = True) -> Triples:
    """Read `kg_final.txt`, or the one in `kg_final.txt.zip`; repeated triples and self loops are dropped.

    Raises:
        DataError: the file is missing (and required), a line has not three numbers.
    """
    if not required and not any((folder / name).exists() for name in (TRIPLES, f"{TRIPLES}.zip")):
        none = np.empty(0, dtype=np.int64)
        return Triples(TRIPLES, none, none, none, none)
    numbers = integers(_triple_bytes(folder), TRIPLES)
    per_line = np.bincount(numbers.lines)
    wrong = np.flatnonzero((per_line != 3) & (per_line != 0))
    if len(wrong):
        raise DataError(f"the triple has {per_line[wrong[0]]} fields, not 3", where=at_line(TRIPLES, int(wrong[0])))
    return _different(numbers)


def _different(numbers: Integers) -> Triples:
    rows = numbers.ids.reshape(-1, 3)
    order = np.lexsort((rows[:, 2], rows[:, 1], rows[:, 0]))
    repeats = np.zeros(len(rows), dtype=bool)
    repeats[order[1:]] = (rows[order[1:]] == rows[order[:-1]]).all(axis=1)
    loops = rows[:, 0] == rows[:, 2]
    if repeats.any() or loops.any():
        log.info("dropped triples", self_loops=int(loops.sum()), repeated=int((repeats & ~loops).sum()))
    kept = ~(repeats | loops)
    heads, relations, tails = rows[kept].T
    return Triples(TRIPLES, heads, relations, tails, numbers.lines[::3][kept])


def _triple_bytes(folder: Path) -> bytes:
    zipped = folder / f"{TRIPLES}.zip"
    if (folder / TRIPLES).exists() or not zipped.exists():
        return read_bytes(folder, TRIPLES)
    try:
        with zipfile.ZipFile(zipped) as archive:
            if archive.getinfo(TRIPLES).file_size > LARGEST_UNZIPPED:
                raise DataError("the file is absurdly large when unzipped", where=zipped.name)
            return check_text(archive.read(TRIPLES), TRIPLES)
    except (zipfile.BadZipFile, KeyError, OSError) as error:
        raise DataError(f"is not a zip file with {TRIPLES} in it: {error}", where=zipped.name) from error


def read_list(folder: Path, name: str) -> Listed | None:
    """Read `org_id remap_id [freebase_id]` with or without that header; None where there is no such file.

    With two columns the number is the last field, and the id before it may hold blanks.

    Raises:
        DataError: a line has another number of fields, or a number is no id or is there twice.
    """
    if not (folder / name).exists():
        return None
    lines = read_lines(folder, name)
    first = 2 if lines[0].split()[1:2] == ["remap_id"] else 1
    columns = len(lines[0].split())
    if columns not in (2, 3) or len(lines) < first:
        raise DataError("is not a list of lines 'id number' or 'id number freebase-id'", where=at_line(name, 1))
    rows = [_fields(line, columns, name, row) for row, line in enumerate(lines[first - 1 :], start=first)]
    numbers = np.array([_number(row[1], name, place) for place, row in enumerate(rows, start=first)])
    repeated = pd.Series(numbers).duplicated().to_numpy()
    if repeated.any():
        row = int(np.argmax(repeated))
        raise DataError(f"the number {numbers[row]} is there twice", where=at_line(name, row + first))
    given = pd.Series([row[0].strip() for row in rows], dtype="str")
    freebase = pd.Series([row[2] for row in rows], dtype="str") if columns == 3 else None
    order = np.argsort(numbers, kind="stable")
    return Listed(
        numbers[order].astype(np.int64),
        given.where(given != "", None).take(order).reset_index(drop=True),
        None if freebase is None else freebase.take(order).reset_index(drop=True),
    )


def _fields(line: str, columns: int, name: str, number: int) -> list[str]:
    fields = line.rsplit(maxsplit=1) if columns == 2 else line.split()
    if columns == 2 and len(fields) == 1 and line[:1].isspace():
        fields = ["", *fields]  # an empty id: Freebase has a literal that is blank
    if len(fields) != columns:
        raise DataError(f"the line has {len(fields)} fields, not {columns}", where=at_line(name, number))
    return fields


def _number(text: str, name: str, line: int) -> int:
    if not (text.isascii() and text.isdigit()):
        raise DataError(f"{text[:40]!r} is not a number from 0", where=at_line(name, line))
    if len(text) > len(str(LARGEST_ID)) or int(text) > LARGEST_ID:
        raise DataError(f"the id {text[:40]} is absurdly large (above {LARGEST_ID})", where=at_line(name, line))
    return int(text)


def read_relations(folder: Path, triples: Triples) -> pd.DataFrame:
    """Give the relations that occur, indexed by number, named by `relation_list.txt` where it is present.

    Raises:
        DataError: a triple has a relation that the list lacks.
    """
    numbers, first = np.unique(triples.relations, return_index=True)
    listed = read_list(folder, "relation_list.txt")
    if listed is None:
        rows = [(f"RELATION_{number}", None, None) for number in numbers]
        return names.relations_frame(rows).set_axis(numbers)
    unknown = ~np.isin(numbers, listed.numbers)
    if unknown.any():
        line = int(triples.lines[first[unknown].min()])
        raise DataError("the relation is not in relation_list.txt", where=at_line(TRIPLES, line))
    given = listed.names.set_axis(listed.numbers).loc[pd.Index(numbers)].fillna("relation").tolist()
    types = _distinct_types([_local_name(name) for name in given], numbers)
    return names.relations_frame((kind, None, None) for kind in types).set_axis(numbers)


def _local_name(uri: str) -> str:
    """Give the part of a URI that names the relation: behind `#`, or behind the last `/`."""
    return uri.rstrip("/#").rsplit("#", 1)[-1].rsplit("/", 1)[-1]


def _distinct_types(given: list[str], numbers: IntArray) -> list[str]:
    """Make one relationship type a relation; where two would be equal, or one of ours, its number follows."""
    made = [names.relation_type(name) for name in given]
    return [
        f"{kind[:52]}_{number}" if made.count(kind) > 1 or kind in RESERVED_TYPES else kind
        for kind, number in zip(made, numbers, strict=True)
    ]
