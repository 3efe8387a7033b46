"""The `kgat` reader: folders of KGAT, KGIN, SSLRec and SPiKE, whose nodes are numbers.

`train.txt` and `test.txt` hold lines `user item item ...`, `kg_final.txt` lines `head relation tail`;
the entities 0..n-1 are the items (spike.md §1.2). List files give names where they are present.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from ingest.readers.interaction_lists import InteractionList, read_interaction_list, refuse_overlap
from ingest.readers.kgat_files import Listed, Triples, read_list, read_relations, read_triples
from ingest.readers.kgat_vectors import read_vectors
from ingest.tables import Tables
from spikegraph.errors import DataError

IntArray = npt.NDArray[np.int64]

OPTIONS = {
    "interactions": "read this file (test.txt) alone, as raw data without a split; for folders without train.txt",
    "knowledge": "'none' reads a folder without kg_final.txt",
}

SOURCE = "a folder in the layout of KGAT (numbered users, items and entities)"


@dataclass(frozen=True, eq=False)
class _Nodes:
    """The numbers that are nodes, sorted."""

    users: IntArray
    items: IntArray
    others: IntArray


def read(folder: Path, options: Mapping[str, str] | None = None) -> Tables:
    """Read the folder.

    Args:
        folder: the folder.
        options: see `OPTIONS`.

    Raises:
        DataError: a file is missing or refused; `where` is file and line.
    """
    options = options or {}
    parts = _read_parts(folder, options.get("interactions"))
    triples = read_triples(folder, required=options.get("knowledge") != "none")
    lists = {kind: read_list(folder, f"{kind}_list.txt") for kind in ("user", "item", "entity")}
    _refuse_unlisted(parts, triples, lists)
    nodes = _nodes(parts, triples, lists)
    relations = read_relations(folder, triples)
    return Tables(
        users=_frame(nodes.users, "user", "User", lists["user"]),
        entities=_entities(nodes, lists),
        triples=pd.DataFrame(
            {
                "head": keys(triples.heads, "entity"),
                "relation": relations["type"].loc[pd.Index(triples.relations)].to_numpy(),
                "tail": keys(triples.tails, "entity"),
            },
            dtype="str",
        ),
        relations=relations.reset_index(drop=True),
        interactions=_interactions(parts),
        vectors=read_vectors(folder, nodes.users, nodes.items, nodes.others),
        label="",
        source=SOURCE,
    )


def keys(numbers: IntArray, namespace: str) -> pd.Series[str]:
    """Give the keys of numbers (`user/17`); each different number is written once."""
    different, place = np.unique(numbers, return_inverse=True)
    made = pd.Series(f"{namespace}/" + pd.Series(different).astype("str"), dtype="str")
    return made.take(place).reset_index(drop=True)


def _read_parts(folder: Path, alone: str | None) -> dict[str, InteractionList]:
    """Read train and test; or one file alone, whose part is then '' (raw data)."""
    if alone is not None:
        return {"": read_interaction_list(folder, alone)}
    if not (folder / "train.txt").exists() and (folder / "test.txt").exists():
        raise DataError(
            "the file is missing, there is only test.txt",
            where="train.txt",
            hint="--option interactions=test.txt reads test.txt as raw data, to be split anew",
        )
    parts = {part: read_interaction_list(folder, f"{part}.txt") for part in ("train", "test")}
    refuse_overlap(parts["train"], parts["test"])
    return parts


def _refuse_unlisted(
    parts: Mapping[str, InteractionList], triples: Triples, lists: Mapping[str, Listed | None]
) -> None:
    """Where there is a list of users, items or entities, a number that it lacks is unknown."""
    users, items, entities = lists["user"], lists["item"], lists["entity"]
    for part in parts.values():
        if users is not None:
            part.refuse(~np.isin(part.users, users.numbers), "the user is not in user_list.txt")
        if items is not None:
            part.refuse(~np.isin(part.items, items.numbers), "the item is not in item_list.txt")
    if entities is not None:
        triples.refuse_unknown(entities.numbers, "entity_list.txt")


def _nodes(parts: Mapping[str, InteractionList], triples: Triples, lists: Mapping[str, Listed | None]) -> _Nodes:
    """Find the nodes: users with a line, items, and the other ends of triples; whoever is listed counts too.

    Items are the listed ones; without a list those of the interactions, and every entity of the
    graph whose number is below the largest of them (an item that never occurs).
    """
    users = np.unique(np.concatenate([part.everyone for part in parts.values()] + _listed(lists["user"])))
    seen = np.unique(np.concatenate([part.items for part in parts.values()] + _listed(lists["item"])))
    ends = np.unique(np.concatenate([triples.heads, triples.tails]))
    items = np.union1d(seen, ends[ends <= seen[-1]]) if lists["item"] is None else seen
    return _Nodes(users, items, np.setdiff1d(ends, items))


def _listed(found: Listed | None) -> list[IntArray]:
    return [] if found is None else [found.numbers]


def _entities(nodes: _Nodes, lists: Mapping[str, Listed | None]) -> pd.DataFrame:
    """Give the entities, items first. Nothing says what they are, so all are `Thing`."""
    items = _frame(nodes.items, "entity", "Item", lists["item"]).assign(label="Thing", is_item=True)
    others = _frame(nodes.others, "entity", "Entity", lists["entity"]).assign(label="Thing", is_item=False)
    return pd.concat([items, others], ignore_index=True)


def _frame(numbers: IntArray, namespace: str, word: str, listed: Listed | None) -> pd.DataFrame:
    """Give key and name (the id of the list; a word and the number without one), and the Freebase id."""
    plain = f"{word} " + pd.Series(numbers).astype("str")
    frame = pd.DataFrame({"key": keys(numbers, namespace), "name": plain}, dtype="str")
    if listed is None:
        return frame
    place = pd.Index(listed.numbers).get_indexer(pd.Index(numbers))
    for column, values in (("name", listed.names), ("freebase_id", listed.freebase)):
        if values is not None:
            given = values.take(np.maximum(place, 0)).reset_index(drop=True).where((place >= 0), None)
            frame[column] = given.fillna(plain) if column == "name" else given
    return frame


def _interactions(parts: Mapping[str, InteractionList]) -> pd.DataFrame:
    frames = []
    for split, part in parts.items():
        frame = pd.DataFrame({"user": keys(part.users, "user"), "item": keys(part.items, "entity")})
        frames.append(frame.assign(split=split) if split else frame)
    return pd.concat(frames, ignore_index=True)
