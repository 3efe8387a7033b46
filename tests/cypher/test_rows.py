"""Rows on their way to the database: values, bounds of a batch, groups."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from cypher.rows import batches, grouped, plain_column, plain_rows

BYTES = 1000


def test_values_become_plain_python() -> None:
    frame = pd.DataFrame(
        {
            "text": pd.Series(["a", None], dtype="str"),
            "object": pd.Series([np.int64(3), pd.NA], dtype=object),
            "float": [1.5, np.nan],
            "nullable": pd.Series([1, None], dtype="Int64"),
            "flag": [True, False],
            "when": pd.to_datetime(["2020-01-02", None]),
            "list": pd.Series([np.array([1, 2]), None], dtype=object),
        }
    )
    first, second = plain_rows(frame)
    assert first == {
        "text": "a",
        "object": 3,
        "float": 1.5,
        "nullable": 1,
        "flag": True,
        "when": datetime.datetime(2020, 1, 2),
        "list": [1, 2],
    }
    assert second == dict.fromkeys(frame.columns, None) | {"flag": False}
    assert {type(value) for value in first.values()} == {str, int, float, bool, datetime.datetime, list}


def test_numpy_numbers_are_unpacked() -> None:
    for dtype in ("int8", "int64", "uint16", "float32", "float64", "bool", "Int64", "Float64", "boolean"):
        assert {type(value).__module__ for value in plain_column(pd.Series([1, 0], dtype=dtype))} == {"builtins"}


@given(texts=st.lists(st.text(max_size=400), max_size=60), batch_rows=st.integers(1, 20), as_frame=st.booleans())
def test_batches_keep_all_rows_in_order_within_both_bounds(texts: list[str], batch_rows: int, as_frame: bool) -> None:
    rows = [{"text": text, "number": number} for number, text in enumerate(texts)]
    given_rows = pd.DataFrame(rows, columns=["text", "number"]) if as_frame else rows
    found = list(batches(given_rows, batch_rows, BYTES))
    assert [row for batch in found for row in batch] == rows
    for batch in found:
        assert 1 <= len(batch) <= batch_rows
        assert len(batch) == 1 or sum(len(row["text"]) + 9 for row in batch) <= BYTES


def test_large_lists_count_by_their_length() -> None:
    rows = [{"vector": [0.5] * 200} for _ in range(4)]
    assert [len(batch) for batch in batches(rows, 10, 4000)] == [2, 2]


@given(users=st.lists(st.integers(0, 3), max_size=30).map(sorted))
def test_groups_hold_neighbours_and_leave_the_rows_as_they_were(users: list[int]) -> None:
    rows = [{"user": user, "item": item} for item, user in enumerate(users)]
    before = [dict(row) for row in rows]
    groups = grouped(rows, "user")
    assert [group["user"] for group in groups] == sorted(set(users))
    assert [row for group in groups for row in group["rows"]] == before == rows
