"""CSV, TSV and Parquet files as columns of text, each row knowing where it stands in its file."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ingest.text_files import at_line, read_text
from spikegraph.errors import DataError

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Rows:
    """A file's rows: columns of text (an empty cell is ''), and the place of each row.

    Attributes:
        name: the file, relative to its folder.
        frame: one string column a column of the file.
        lines: int64 [n]: the line each row begins on (CSV), or its number (Parquet), from 1.
        places: what stands between file and number in an error.
    """

    name: str
    frame: pd.DataFrame
    lines: IntArray
    places: str = ":"

    def __len__(self) -> int:
        return len(self.frame)

    def where(self, row: int) -> str:
        """Give the place of a row: `ratings.csv:17`, `ratings.parquet, row 17`."""
        return f"{self.name}{self.places}{int(self.lines[row])}"

    def take(self, chosen: npt.NDArray[np.bool_] | IntArray) -> Rows:
        """Give some of the rows."""
        return Rows(self.name, self.frame.loc[chosen].reset_index(drop=True), self.lines[chosen], self.places)

    def refuse(self, bad: npt.NDArray[np.bool_], column: str, reason: str) -> None:
        """Raise a DataError about the first bad row, if there is one."""
        if bad.any():
            row = int(np.argmax(bad))
            raise DataError(f"{column} {self.frame[column].iloc[row][:80]!r} {reason}", where=self.where(row))

    def text(self, column: str, *, required: bool = False) -> pd.Series[str]:
        """Give a column, outer spaces removed.

        Raises:
            DataError: the file has no such column, or a cell is empty although `required`.
        """
        if column not in self.frame:
            there = ", ".join(self.frame.columns)
            raise DataError(f"there is no column '{column}'; there are: {there}", where=self._header())
        values = self.frame[column].str.strip()
        if required:
            self.refuse((values == "").to_numpy(), column, "is empty, but must not be")
        return values

    def identifiers(self, column: str) -> pd.Series[str]:
        """Give a column of ids: none empty, none with a control character, none longer than 500 characters."""
        values = self.text(column, required=True)
        self.refuse(values.str.contains(r"[\x00-\x1f\x7f]", regex=True).to_numpy(), column, "has a control character")
        self.refuse((values.str.len() > 500).to_numpy(), column, "is longer than 500 characters")
        return values

    def numbers(self, column: str, *, required: bool = True) -> pd.Series[float]:
        """Give a column of finite numbers (NaN for an empty cell where it is not `required`)."""
        values = self.text(column, required=required)
        numbers = pd.to_numeric(values.where(values != "", None), errors="coerce").astype("float64")
        self.refuse(((values != "") & ~np.isfinite(numbers)).to_numpy(), column, "is not a finite number")
        return numbers

    def whole_numbers(self, column: str, *, at_least: int | None = None) -> pd.Series[int]:
        """Give a column of whole numbers, Int64 (missing for an empty cell)."""
        numbers = self.numbers(column, required=False)
        self.refuse((numbers.notna() & (numbers != np.rint(numbers))).to_numpy(), column, "is not a whole number")
        self.refuse((numbers.abs() > 2**53).to_numpy(), column, "is absurdly large")
        if at_least is not None:
            self.refuse((numbers < at_least).to_numpy(), column, f"is below {at_least}")
        return numbers.astype("Int64")

    def values(self, column: str) -> pd.Series[Any]:
        """Give an attribute in the type its cells have in common: whole numbers, numbers, or text.

        Numbers that are not written plainly (`02139`, `1e5`) stay text; empty cells are missing.
        """
        values = self.text(column)
        filled = values[values != ""]
        values = values.where(values != "", None)
        if len(filled) and filled.str.fullmatch(r"0|-?[1-9][0-9]{0,17}").all():
            return values.astype("Int64")
        if len(filled) and filled.str.fullmatch(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,17})?").all():
            return values.astype("float64")
        return values

    def _header(self) -> str:
        return self.name if self.places != ":" else at_line(self.name, 1)


def read_rows(folder: Path, name: str, *, delimiter: str | None = None, encoding: str = "utf-8") -> Rows:
    """Read a table file.

    Args:
        folder: the folder that `name` is relative to.
        name: the file; `.parquet` is read as Parquet, anything else as CSV with a header line.
        delimiter: what is between the cells; a tab for `.tsv` and a comma otherwise.
        encoding: of a CSV file.

    Raises:
        DataError: the file is missing, empty or no such file, or a row has too many or too few cells.
    """
    if name.endswith(".parquet"):
        return _read_parquet(folder, name)
    text = read_text(folder, name, encoding)
    return parse_csv(text, name, delimiter or ("\t" if name.endswith(".tsv") else ","))


def parse_csv(text: str, name: str, delimiter: str = ",") -> Rows:
    """Read CSV text (quotes as RFC 4180; blank lines are passed over) whose first line names the columns."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[list[str]] = []
    lines: list[int] = []
    line = 1
    try:
        header = [column.strip() for column in next(reader)]
        for line, row in _numbered(reader):
            if len(row) != len(header):
                raise DataError(f"the row has {len(row)} cells, not {len(header)}", where=at_line(name, line))
            rows.append(row)
            lines.append(line)
    except csv.Error as error:
        raise DataError(f"is not CSV: {error}", where=at_line(name, max(line, reader.line_num))) from error
    _check_header(header, at_line(name, 1))
    if not rows:
        raise DataError("there is a header, but not one row", where=name)
    columns = zip(*rows, strict=True)
    frame = pd.DataFrame({name: pd.array(cells, dtype="str") for name, cells in zip(header, columns, strict=True)})
    return Rows(name, frame, np.array(lines, dtype=np.int64))


def _numbered(reader: Any) -> Any:
    """Give each row with the line that it begins on; a quoted cell may hold newlines."""
    begins = reader.line_num + 1
    for row in reader:
        if row:
            yield begins, row
        begins = reader.line_num + 1


def _check_header(header: Sequence[str], where: str) -> None:
    for column in header:
        if not column:
            raise DataError("a column has no name", where=where)
        if list(header).count(column) > 1:
            raise DataError(f"the column '{column}' is there twice", where=where)


def _read_parquet(folder: Path, name: str) -> Rows:
    try:
        table = pq.read_table(folder / name)
    except FileNotFoundError as error:
        raise DataError("the file is missing", where=name, hint="docs/data-sets.md lists the files") from error
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"is not Parquet: {error}", where=name) from error
    _check_header(table.column_names, name)
    if not table.num_rows:
        raise DataError("the file is empty", where=name)
    frame = pd.DataFrame({column: _as_text(table[column], name, column) for column in table.column_names})
    return Rows(name, frame, np.arange(1, table.num_rows + 1, dtype=np.int64), places=", row ")


def _as_text(values: pa.ChunkedArray, name: str, column: str) -> pd.Series[str]:
    """Write values as a CSV file would have them: whole numbers without a point, times in seconds since 1970."""
    kind = values.type
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        values = values.cast(pa.timestamp("s", tz=getattr(kind, "tz", None)), safe=False).cast(pa.int64())
    elif pa.types.is_nested(kind) or pa.types.is_binary(kind):
        raise DataError(f"the column '{column}' is of type {kind}, not text or numbers", where=name)
    elif pa.types.is_floating(kind):
        numbers = values.to_pandas()
        whole = bool((numbers.dropna() == np.rint(numbers.dropna())).all())
        values = (
            pa.chunked_array([pa.Array.from_pandas(numbers.astype("Int64"))])
            if whole and np.isfinite(numbers.dropna()).all()
            else values
        )
    return pd.Series(values.cast(pa.string()).to_pandas(), dtype="str").fillna("")
