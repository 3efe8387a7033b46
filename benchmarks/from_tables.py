"""A snapshot straight from a reader's tables, where no graph is needed: for measurements of training."""

from __future__ import annotations

import numpy as np
import pandas as pd

from export.snapshot import SPLITS, FloatArray, IntArray, Manifest, Snapshot
from ingest.split import apply_split, default_rule
from ingest.tables import Tables
from llm_profiles.embeddings.lsa import embed

FACTS = 30
"""Facts of a node that its text tells; the others of a hub are left out."""


def snapshot_of(tables: Tables, name: str, dimensions: int) -> Snapshot:
    """Give all triples and the split of the source, or a seeded one, with `lsa` vectors of all nodes.

    A node's text is its profile where the source has one. Else an entity's lists its triples, each as the relation
    and the other end, and a user's the names of his train items.
    """
    rule = default_rule(tables.interactions)
    users, entities = tables.users, tables.entities
    rows_of_users, rows_of_entities = (pd.Index(frame["key"]) for frame in (users, entities))
    split = apply_split(tables.interactions, rule, rule.generator())
    pairs = {part: _pairs(split[split["split"] == part], rows_of_users, rows_of_entities) for part in SPLITS}
    types = pd.Index(tables.relations["type"])
    edges = np.stack([rows_of_entities.get_indexer(pd.Index(tables.triples[end])) for end in ("head", "tail")])
    kinds = types.get_indexer(pd.Index(tables.triples["relation"]))
    texts = _facts(edges, kinds, entities["name"], types) + _names(pairs["train"], entities["name"], len(users))
    written = tables.profiles.set_index("key")["profile"].reindex(pd.concat([entities["key"], users["key"]]))
    vectors = embed(written.fillna(pd.Series(texts, index=written.index)).tolist(), dimensions)
    counts = {"users": len(users), "items": int(entities["is_item"].sum()), "entities": len(entities)}
    counts |= {"triples": len(kinds)} | {part: pairs[part].shape[1] for part in SPLITS}
    manifest = Manifest(dataset=name, dataset_version=1, split_id="-", relations=tuple(types), counts=counts)
    return Snapshot(
        manifest=manifest,
        interactions=pairs,
        edge_index=edges.astype(np.int64),
        edge_type=kinds.astype(np.int64),
        users=users[["key", "name"]],
        entities=entities[["key", "name", "label"]],
        num_items=counts["items"],
        user_profile=_of(vectors[len(entities) :]),
        entity_profile=_of(vectors[: len(entities)]),
    )


def _pairs(part: pd.DataFrame, users: pd.Index, items: pd.Index) -> IntArray:
    found = [index.get_indexer(pd.Index(part[end])) for end, index in (("user", users), ("item", items))]
    order = np.lexsort(found[::-1])
    return np.stack([rows[order] for rows in found]).astype(np.int64)


def _facts(edges: IntArray, kinds: IntArray, names: pd.Series, types: pd.Index) -> list[str]:
    """Tell the first facts of every entity, in both directions."""
    words, told = names.to_numpy(), types.to_numpy()
    near, far = np.concatenate([edges, edges[::-1]], axis=1)
    facts = pd.Series(told[np.concatenate([kinds, kinds])] + " " + words[far])
    return _joined(near, facts, len(names))


def _names(pairs: IntArray, names: pd.Series, users: int) -> list[str]:
    return _joined(pairs[0], pd.Series(names.to_numpy()[pairs[1]]), users)


def _joined(rows: IntArray, words: pd.Series, count: int) -> list[str]:
    kept = words.groupby(rows).cumcount() < FACTS
    texts = words[kept].groupby(rows[kept.to_numpy()]).agg(" ".join)
    return texts.reindex(range(count), fill_value="").tolist()


def _of(vectors: FloatArray) -> FloatArray:
    return np.ascontiguousarray(vectors)
