"""Rows on their way to the database: plain Python values, in batches bounded by rows and by bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np
import pandas as pd

Row = dict[str, Any]
Rows = Sequence[Row] | pd.DataFrame

BATCH_ROWS = 20_000
"""Rows of one transaction: batches of 100 000 were 30 % slower (specs: measured)."""

BATCH_BYTES = 8_000_000
"""About the bytes of one transaction's parameters."""


def batches(rows: Rows, batch_rows: int = BATCH_ROWS, batch_bytes: int = BATCH_BYTES) -> Iterator[list[Row]]:
    """Give the rows as lists of plain dictionaries, a few at a time.

    Args:
        rows: a frame, whose missing values become None, or dictionaries of plain values.
        batch_rows: the most rows of a batch.
        batch_bytes: about the most bytes of a batch; a single row that is larger goes alone.
    """
    for start in range(0, len(rows), batch_rows):
        if isinstance(rows, pd.DataFrame):
            part = rows.iloc[start : start + batch_rows]
            small = _frame_bytes(part) <= batch_bytes
            yield from [plain_rows(part)] if small else _bounded(plain_rows(part), batch_bytes)
        else:
            yield from _bounded(list(rows[start : start + batch_rows]), batch_bytes)


def plain_rows(frame: pd.DataFrame) -> list[Row]:
    """Give a frame's rows as dictionaries that the driver takes: None for what is missing."""
    names = [str(name) for name in frame.columns]
    columns = [plain_column(frame.iloc[:, position]) for position in range(len(names))]
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def grouped(batch: list[Row], column: str) -> list[Row]:
    """Gather neighbouring rows with the same value: `[{column: value, "rows": [row, …]}]`."""
    return [{column: value, "rows": list(rows)} for value, rows in groupby(batch, key=itemgetter(column))]


def plain_column(column: pd.Series[Any]) -> list[Any]:
    """Give a column as Python values: None for NaN, NaT and NA; numpy scalars and arrays unpacked."""
    missing = column.isna()
    if not missing.any() and (pd.api.types.is_numeric_dtype(column.dtype) or isinstance(column.dtype, pd.StringDtype)):
        return column.to_numpy().tolist()
    return [None if gone else _plain(value) for value, gone in zip(column.tolist(), missing.tolist(), strict=True)]


def _plain(value: Any) -> Any:
    if isinstance(value, pd.Timestamp | pd.Timedelta):
        return value.to_pydatetime() if isinstance(value, pd.Timestamp) else value.to_pytimedelta()
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return value


def _frame_bytes(frame: pd.DataFrame) -> int:
    """About the bytes of a frame's values; columns of numbers are not walked."""
    columns = (frame.iloc[:, position] for position in range(frame.shape[1]))
    return sum(9 * len(c) if pd.api.types.is_numeric_dtype(c.dtype) else sum(map(_size, c.tolist())) for c in columns)


def _bounded(batch: list[Row], batch_bytes: int) -> Iterator[list[Row]]:
    """Halve a batch until its parts are small enough."""
    if len(batch) > 1 and _bytes(row.values() for row in batch) > batch_bytes:
        middle = len(batch) // 2
        yield from _bounded(batch[:middle], batch_bytes)
        yield from _bounded(batch[middle:], batch_bytes)
    elif batch:
        yield batch


def _bytes(groups: Iterable[Iterable[Any]]) -> int:
    """About the bytes of the values: nine a number, the characters of a string, lists by their length."""
    return sum(_size(value) for group in groups for value in group)


def _size(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, list | tuple):
        return sum(map(_size, value)) if value and isinstance(value[0], str | list | dict) else 9 * len(value)
    if isinstance(value, dict):
        return _bytes((value.keys(), value.values()))
    return 9
