"""A data set's rows as nodes and relationships for the offline import: what the online writer would have made."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from cypher import identifiers
from ingest.graph_rows import GraphRows
from ingest.import_files import Nodes, Relationships

USERS, ENTITIES, DATASETS = "User", "Entity", "Dataset"
"""The spaces of ids: `idx` within users and within entities."""


def import_parts(rows: GraphRows, name: str, label: str) -> Iterator[Nodes | Relationships]:
    """Give all nodes and relationships of a data set but its vocabulary, which `finish_import` writes.

    The data set's node says `ingesting` until then.

    Args:
        rows: the rows.
        name: the data set's name.
        label: the data set's label.
    """
    record = pd.DataFrame({"id": [0], "name": [name], "state": ["ingesting"], "version": [0]})
    yield Nodes(("Dataset",), DATASETS, record)
    yield Nodes(("User", label), USERS, _nodes(rows.users, name))
    for (is_item, kind), part in rows.entities.groupby(["is_item", "label"], sort=False):
        labels = ("Entity", *(["Item"] if is_item else []), identifiers.label(str(kind)), label)
        yield Nodes(labels, ENTITIES, _nodes(part.drop(columns=["is_item", "label"]), name))
    yield from _relationships(rows)


def _nodes(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    return frame.assign(id=frame["idx"], dataset=name)


def _relationships(rows: GraphRows) -> Iterator[Relationships]:
    interactions = rows.interactions.rename(columns={"user": "start", "item": "end"})
    train = interactions["split"] == "train"
    yield Relationships("INTERACTED", USERS, ENTITIES, interactions[train].drop(columns="split"))
    yield Relationships("HELD_OUT", USERS, ENTITIES, interactions[~train])
    for relation, part in rows.triples.groupby("relation", sort=False):
        ends = part.drop(columns="relation").rename(columns={"head": "start", "tail": "end"})
        yield Relationships(identifiers.relationship_type(str(relation)), ENTITIES, ENTITIES, ends)
    yield Relationships("FRIEND_OF", USERS, USERS, rows.friends.rename(columns={"user": "start", "friend": "end"}))
    friends = rows.friends.rename(columns={"user": "start", "friend": "end"})
    yield Relationships("FRIEND_OF", USERS, USERS, friends)
