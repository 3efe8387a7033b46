"""The schema of the tables, and the one gate that every data set passes before it is split and written.

Readers refuse what they can with file and line; what is checked here holds whatever reader it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa

from cypher import identifiers
from ingest.keys import are_known
from ingest.tables import FRIEND_COLUMNS, TRIPLE_COLUMNS, Tables, Vectors
from spikegraph.errors import DataError

KEY = r"[a-z][a-z0-9_-]{0,31}/[^\s\x00-\x1f\x7f]([^\x00-\x1f\x7f]{0,498}[^\s\x00-\x1f\x7f])?"
"""`namespace/source id`: the id is 1-500 characters, without control characters and outer spaces."""

_REASONS = {
    "COLUMN_NOT_IN_DATAFRAME": "the column is missing",
    "COLUMN_NOT_IN_SCHEMA": "is a column that is not known",
    "SERIES_CONTAINS_NULLS": "the value is missing",
    "SERIES_CONTAINS_DUPLICATES": "the value occurs twice",
    "DUPLICATES": "the row occurs twice",
    "WRONG_DATATYPE": "the values are of the wrong type",
    "DATATYPE_COERCION": "the values are of the wrong type",
}


def _is_key(column: pd.Series[str]) -> pd.Series[bool]:
    return column.str.fullmatch(KEY)


def _key(*, unique: bool = False) -> pa.Column:
    return pa.Column(str, pa.Check(_is_key, error="is not a key 'namespace/id'"), unique=unique)


def _text(*, nullable: bool = False, required: bool = True) -> pa.Column:
    filled = pa.Check.str_contains(r"\S", error="is empty")
    return pa.Column(str, filled, nullable=nullable, required=required)


def _is_finite(column: pd.Series[float]) -> pd.Series[bool]:
    return pd.Series(np.isfinite(column.to_numpy(dtype=float)), index=column.index, dtype="bool")


def _has_places(column: pd.Series[str]) -> pd.Series[bool]:
    return column.str.contains("{head}", regex=False) & column.str.contains("{tail}", regex=False)


_SPLITS = pa.Check.isin(["train", "valid", "test"], error="is not train, valid or test")

SCHEMAS: dict[str, pa.DataFrameSchema] = {
    "users": pa.DataFrameSchema(
        {"key": _key(unique=True), "name": pa.Column(str, nullable=True, required=False)},
    ),
    "entities": pa.DataFrameSchema(
        {
            "key": _key(unique=True),
            "name": pa.Column(str, nullable=True),
            "label": pa.Column(str),
            "is_item": pa.Column(bool),
        }
    ),
    "triples": pa.DataFrameSchema(
        {"head": pa.Column(str), "relation": pa.Column(str), "tail": pa.Column(str)},
        strict=True,
        unique=list(TRIPLE_COLUMNS),
    ),
    "relations": pa.DataFrameSchema(
        {
            "type": pa.Column(str, unique=True),
            "name": _text(),
            "sentence": pa.Column(str, pa.Check(_has_places, error="lacks {head} or {tail}")),
        },
        strict=True,
    ),
    "interactions": pa.DataFrameSchema(
        {
            "user": pa.Column(str),
            "item": pa.Column(str),
            "split": pa.Column(str, _SPLITS, required=False),
            "rating": pa.Column(
                float, pa.Check(_is_finite, error="is not a finite number"), nullable=True, required=False, coerce=True
            ),
            "count": pa.Column(
                "Int64", pa.Check.gt(0, error="is not above zero"), nullable=True, required=False, coerce=True
            ),
            "at": pa.Column("Int64", nullable=True, required=False, coerce=True),
            "review": _text(nullable=True, required=False),
        },
        strict=True,
        unique=["user", "item"],
    ),
    "texts": pa.DataFrameSchema(
        {"key": pa.Column(str), "field": pa.Column(str), "text": _text()}, strict=True, unique=["key", "field"]
    ),
    "friends": pa.DataFrameSchema(
        {"user": pa.Column(str), "friend": pa.Column(str)}, strict=True, unique=list(FRIEND_COLUMNS)
    ),
    "profiles": pa.DataFrameSchema(
        {"key": _key(unique=True), "profile": _text(), "model": pa.Column(str, nullable=True)}, strict=True
    ),
}
"""One schema a table; users and entities may have further columns, which become properties."""


def check(tables: Tables) -> Tables:
    """Refuse tables that are not a data set; give them back as they are.

    Raises:
        DataError: a wrong column or value, a duplicate, an end of a triple or a pair that no table
            has, or nothing to learn from. `where` names the table and the row (from 1).
    """
    for name, schema in SCHEMAS.items():
        _check_schema(name, getattr(tables, name), schema)
    _check_names(tables)
    _check_attributes("users", tables.users)
    _check_attributes("entities", tables.entities)
    _check_ends(tables)
    if tables.vectors is not None:
        _check_vectors(tables.vectors, {*tables.users["key"], *tables.entities["key"]})
    return tables


def _check_schema(name: str, frame: pd.DataFrame, schema: pa.DataFrameSchema) -> None:
    frame = frame.reset_index(drop=True)  # a row is named by its number, whatever index the frame came with
    try:
        schema.validate(frame)
    except pa.errors.SchemaError as error:
        raise _refused(name, frame, error) from error
    except pa.errors.SchemaErrors as error:
        raise _refused(name, frame, error.schema_errors[0]) from error


def _refused(name: str, frame: pd.DataFrame, error: Any) -> DataError:
    """Turn pandera's report into what, where and why; of two equal rows the second is named."""
    reason = _REASONS.get(getattr(error.reason_code, "name", ""), getattr(error.check, "error", None)) or "is refused"
    cases = error.failure_cases
    if not isinstance(cases, pd.DataFrame) or "index" not in cases or cases["index"].isna().any():
        return DataError(f"'{_column(error)}': {reason}", where=name)
    case = cases.iloc[-1] if "twice" in reason else cases.iloc[0]
    row = frame.index.get_indexer(pd.Index([case["index"]]))[0] + 1
    value = str(case["failure_case"])[:100]
    return DataError(f"{_column(error)} {value!r}: {reason}", where=f"{name}, row {row}")


def _column(error: Any) -> str:
    names = (getattr(error, "column_name", None), getattr(error.schema, "name", None), error.failure_cases)
    return next((name for name in names if isinstance(name, str)), "row")


def _check_names(tables: Tables) -> None:
    """Labels, relation types and property names must be ones that the graph can take."""
    _each("label", [tables.label] if tables.label else [], identifiers.label)
    _each("entities", tables.entities["label"].unique(), identifiers.label)
    _each("relations", tables.relations["type"], identifiers.relationship_type)
    _each("texts", tables.texts["field"].unique(), identifiers.property_name)
    if tables.label in set(tables.entities["label"]):
        raise DataError(f"'{tables.label}' is the data set's label and a label of entities", where="entities")


def _each(table: str, names: Iterable[str], checked: Callable[[str], str]) -> None:
    for name in names:
        try:
            checked(name)
        except DataError as error:
            raise DataError(error.message, where=table, hint=error.hint) from error


def _check_attributes(table: str, frame: pd.DataFrame) -> None:
    attributes = [column for column in frame.columns if column not in SCHEMAS[table].columns]
    _each(table, attributes, identifiers.property_name)
    for attribute in attributes:
        values = frame[attribute]
        if pd.api.types.is_float_dtype(values) and np.isinf(values.to_numpy(dtype=float, na_value=np.nan)).any():
            raise DataError(f"the attribute '{attribute}' has an infinite value", where=table)


def _check_ends(tables: Tables) -> None:
    """Every end of a triple, pair, text and profile must be a node of the right kind."""
    users, entities = set(tables.users["key"]), set(tables.entities["key"])
    items, types = set(tables.entities.loc[tables.entities["is_item"], "key"]), set(tables.relations["type"])
    _check_known("users", tables.users["key"], entities, "is a user and an entity", wanted=False)
    for end in ("head", "tail"):
        _check_known("triples", tables.triples[end], entities, "is not an entity")
    _check_known("triples", tables.triples["relation"], types, "is not a relation")
    _check_known("interactions", tables.interactions["user"], users, "is not a user")
    _check_known("interactions", tables.interactions["item"], items, "is not an item")
    _check_known("texts", tables.texts["key"], items, "is not an item")
    _check_known("profiles", tables.profiles["key"], users | entities, "is neither a user nor an entity")
    _refuse_loops("triples", tables.triples["head"], tables.triples["tail"], "the triple leads from a node to itself")
    _check_friends(tables.friends, users)
    if tables.interactions.empty:
        raise DataError("there is not one interaction", where="interactions")


def _refuse_loops(table: str, starts: pd.Series[str], ends: pd.Series[str], reason: str) -> None:
    loops = np.flatnonzero((starts == ends).to_numpy())
    if len(loops):
        raise DataError(reason, where=f"{table}, row {loops[0] + 1}")


def _check_friends(friends: pd.DataFrame, users: set[str]) -> None:
    for column in FRIEND_COLUMNS:
        _check_known("friends", friends[column], users, "is not a user")
    _refuse_loops("friends", friends["user"], friends["friend"], "a user is a friend of itself")
    both = pd.MultiIndex.from_frame(friends).isin(pd.MultiIndex.from_frame(friends[["friend", "user"]]))
    if both.any():
        raise DataError("the pair is there in both directions", where=f"friends, row {int(np.argmax(both)) + 1}")


def _check_known(table: str, keys: pd.Series[str], known: set[str], reason: str, *, wanted: bool = True) -> None:
    bad = np.flatnonzero(are_known(keys, known) != wanted)
    if len(bad):
        raise DataError(f"{keys.name} {keys.iloc[bad[0]]!r} {reason}", where=f"{table}, row {bad[0] + 1}")


def _check_vectors(vectors: Vectors, known: set[str]) -> None:
    matrix, keys = vectors.matrix, pd.Series(vectors.keys, dtype="str", name="key")
    if matrix.ndim != 2 or matrix.dtype != np.float32 or len(matrix) != len(keys):
        raise DataError(f"{len(keys)} keys do not fit a matrix {matrix.dtype}{matrix.shape}", where="vectors")
    if keys.duplicated().any():
        raise DataError(f"{keys[keys.duplicated()].iloc[0]!r} has two vectors", where="vectors")
    _check_known("vectors", keys, known, "is neither a user nor an entity")
    finite = np.isfinite(matrix).all(axis=1)
    if not finite.all():
        row = int(np.argmin(finite))
        raise DataError(f"the vector of {vectors.keys[row]!r} is not finite", where=f"vectors, row {row + 1}")
