"""Tables as the rows that the graph takes: keys with the data set's name, `idx` in place of keys, attributes."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cypher import identifiers
from ingest.tables import FRIEND_COLUMNS, Tables
from spikegraph.errors import DataError

_NO_ATTRIBUTE = {"key", "name", "label", "is_item"}
_VALUES = ("rating", "count", "at", "review")
"""What an interaction may carry, beside its user, item and split."""


@dataclass(frozen=True, eq=False)
class GraphRows:
    """A data set, ready to be written.

    Attributes:
        users: `key`, `idx`, `name` and attributes; `idx` is 0..U-1 in the order of the table.
        entities: the same, with `label` and `is_item`; `idx` is 0..E-1, **items first**. Texts of items
            are attributes here.
        interactions: `user` and `item` as `idx`, `split`, and what they carry; sorted by user and item.
        triples: `head` and `tail` as `idx`, `relation`; sorted by relation, head and tail.
        relations: `type`, `name`, `sentence`, `idx`.
        friends: `user` and `friend` as `idx`; sorted.
    """

    users: pd.DataFrame
    entities: pd.DataFrame
    interactions: pd.DataFrame
    triples: pd.DataFrame
    relations: pd.DataFrame
    friends: pd.DataFrame

    def counts(self) -> dict[str, int]:
        """Count what will stand in the graph, by the names of `cypher.dataset.COUNTS`; friends where there are any."""
        parts = self.interactions["split"].value_counts()
        return {
            "users": len(self.users),
            "items": int(self.entities["is_item"].sum()),
            "entities": len(self.entities),
            "triples": len(self.triples),
            **{part: int(parts.get(part, 0)) for part in ("train", "valid", "test")},
            **({"friends": len(self.friends)} if len(self.friends) else {}),
        }


def graph_rows(tables: Tables, interactions: pd.DataFrame, name: str) -> GraphRows:
    """Number the nodes of checked tables and put the numbers in the place of the keys.

    Args:
        tables: tables that `ingest.validate.check` let through.
        interactions: their interactions with a `split` column.
        name: the data set's name, put before every key.

    Raises:
        DataError: a text and an attribute of items have the same name.
    """
    users = _numbered(tables.users)
    entities = _numbered(tables.entities.sort_values("is_item", ascending=False, kind="stable"))
    user_idx, entity_idx = (pd.Series(frame["idx"].to_numpy(), index=frame["key"]) for frame in (users, entities))
    return GraphRows(
        users=_node_rows(users, name),
        entities=_node_rows(_with_texts(entities, tables.texts), name),
        interactions=_interaction_rows(interactions, user_idx, entity_idx),
        triples=_triple_rows(tables.triples, entity_idx),
        relations=tables.relations.assign(idx=np.arange(len(tables.relations))),
        friends=_friend_rows(tables.friends, user_idx),
    )


def content_hash(tables: Tables, interactions: pd.DataFrame, split_rule: str) -> str:
    """Hash all that an ingest writes: tables with their split, label, source and rules (SHA-256)."""
    digest = hashlib.sha256()
    words = [tables.label, tables.source, tables.positive_rule, split_rule]
    digest.update(json.dumps(words, ensure_ascii=False).encode())
    frames = [tables.users, tables.entities, tables.triples, tables.relations, interactions, tables.texts]
    for frame in [*frames, tables.friends] if len(tables.friends) else frames:
        for column in frame.columns:
            values = [str(column), len(frame), frame[column].tolist()]
            digest.update(json.dumps(values, ensure_ascii=False, default=str).encode())
    return digest.hexdigest()


def _numbered(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(idx=np.arange(len(frame)))


def _node_rows(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Put the data set's name before the keys; whole numbers with gaps stay whole numbers."""
    attributes = [column for column in frame.columns if column not in _NO_ATTRIBUTE | {"idx"}]
    for attribute in attributes:
        identifiers.property_name(attribute)
    whole = {a: frame[a].astype("Int64") for a in attributes if _whole_with_gaps(frame[a])}
    return frame.assign(key=f"{name}/" + frame["key"].astype("str"), **whole)


def _whole_with_gaps(column: pd.Series[float]) -> bool:
    if not pd.api.types.is_float_dtype(column) or not column.isna().any():
        return False
    present = column.dropna()
    return bool((present == present.round()).all() and (present.abs() < 2**53).all())


def _with_texts(entities: pd.DataFrame, texts: pd.DataFrame) -> pd.DataFrame:
    """Give each text to its item as an attribute named by its field."""
    if texts.empty:
        return entities
    columns = texts.pivot_table(index="key", columns="field", values="text", aggfunc="first")
    both = sorted(set(columns.columns) & set(entities.columns))
    if both:
        raise DataError(f"'{both[0]}' is an attribute of the entities already", where="texts", hint="rename the field")
    return entities.join(columns, on="key")


def _interaction_rows(interactions: pd.DataFrame, users: pd.Series[int], entities: pd.Series[int]) -> pd.DataFrame:
    rows = pd.DataFrame(
        {"user": _idx(interactions["user"], users), "item": _idx(interactions["item"], entities)},
    )
    rows["split"] = interactions["split"].to_numpy()
    for column in (column for column in _VALUES if column in interactions):
        values = interactions[column].reset_index(drop=True)
        rows[column] = values.astype("Int64") if column in ("count", "at") else values
    return rows.sort_values(["user", "item"], kind="stable", ignore_index=True)


def _triple_rows(triples: pd.DataFrame, entities: pd.Series[int]) -> pd.DataFrame:
    rows = pd.DataFrame({"head": _idx(triples["head"], entities), "tail": _idx(triples["tail"], entities)})
    rows["relation"] = triples["relation"].to_numpy()
    return rows.sort_values(["relation", "head", "tail"], kind="stable", ignore_index=True)


def _friend_rows(friends: pd.DataFrame, users: pd.Series[int]) -> pd.DataFrame:
    rows = pd.DataFrame({column: _idx(friends[column], users) for column in FRIEND_COLUMNS})
    return rows.sort_values(list(FRIEND_COLUMNS), ignore_index=True)


def _idx(keys: pd.Series[str], numbers: pd.Series[int]) -> npt.NDArray[np.int64]:
    """Look up the number of each key; the tables were checked, so each is there."""
    return np.asarray(numbers.to_numpy()[numbers.index.get_indexer(pd.Index(keys))], dtype=np.int64)
