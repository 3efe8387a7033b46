"""Folding in: what was trained stays, what is new is heard, and models that cannot say so."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from export.snapshot import SPLITS, Snapshot
from model.fold_in import KnownRows, as_linked, as_users_alike
from model.interactions import Interactions
from model.recommender import ClosedFormRecommender, Recommender
from model.registry import build, configure
from model.retrieval import top_items
from model.spike.model import Spike
from spikegraph.errors import UsageError
from tests.support.snapshots import random_snapshot, with_similarity

CPU = torch.device("cpu")
SPIKE = {"dimensions": 16, "profile_dimensions": 8}
OPTIONS: dict[str, tuple[str, str | None, dict[str, Any]]] = {
    "spike": ("spike", None, SPIKE),
    "similarity": ("spike", "similarity", {"dimensions": 16}),
    "hybrid": ("hybrid", None, {"dimensions": 16}),
    "lightgcn": ("lightgcn", None, {"dimensions": 8}),
    "ease": ("ease", None, {"regularisation": 5.0}),
    "item-knn": ("item-knn", None, {"neighbours": 10, "shrinkage": 1.0}),
    "ials": ("ials", None, {"dimensions": 8, "iterations": 4}),
}
NEW_ITEMS, NEW_USERS = (3, 17), (5,)


def made(name: str, snapshot: Snapshot) -> Recommender:
    model, preset, options = OPTIONS[name]
    _, config, _ = configure(model, preset, options, {})
    built = build(model, config, snapshot, train_of(snapshot), 0, CPU)
    if isinstance(built, ClosedFormRecommender):
        built.fit()
    return built


def train_of(snapshot: Snapshot) -> Interactions:
    return Interactions.from_snapshot(snapshot, ["train"])


def whole() -> Snapshot:
    return with_similarity(random_snapshot(num_users=40, per_user=10), 5)


def older(snapshot: Snapshot) -> Snapshot:
    """Give the snapshot as it was before some of its items and users came, rows renumbered."""
    items, users = np.ones(snapshot.num_entities, bool), np.ones(snapshot.num_users, bool)
    items[list(NEW_ITEMS)], users[list(NEW_USERS)] = False, False
    item_rows, user_rows = np.cumsum(items) - 1, np.cumsum(users) - 1
    pairs = {split: part[:, users[part[0]] & items[part[1]]] for split, part in snapshot.interactions.items()}
    edges = items[snapshot.edge_index].all(axis=0)
    assert snapshot.user_profile is not None
    assert snapshot.entity_profile is not None
    return replace(
        snapshot,
        interactions={split: np.stack([user_rows[part[0]], item_rows[part[1]]]) for split, part in pairs.items()},
        edge_index=item_rows[snapshot.edge_index[:, edges]],
        edge_type=snapshot.edge_type[edges],
        users=snapshot.users[users].reset_index(drop=True),
        entities=snapshot.entities[items].reset_index(drop=True),
        num_items=snapshot.num_items - len(NEW_ITEMS),
        user_profile=snapshot.user_profile[users],
        entity_profile=snapshot.entity_profile[items],
    )


@pytest.mark.parametrize("name", [name for name in OPTIONS if name != "ials"])
def test_over_its_own_graph_it_encodes_the_same(name: str) -> None:
    snapshot = whole()
    model = made(name, snapshot)
    folded = model.fold_in(snapshot, train_of(snapshot), KnownRows.between(snapshot, snapshot))
    for ours, own in zip(folded.encode(), model.encode(), strict=True):
        assert torch.equal(ours.to_dense(), own.to_dense())


@pytest.mark.parametrize("name", OPTIONS)
def test_rows_are_matched_by_key_however_they_are_numbered(name: str) -> None:
    snapshot = whole()
    train, valid, test = (snapshot.interactions[split] for split in SPLITS)
    order = np.random.default_rng(3).permutation(snapshot.num_users)
    moved = replace(
        snapshot,
        users=snapshot.users.iloc[order].reset_index(drop=True),
        user_profile=None if snapshot.user_profile is None else snapshot.user_profile[order],
        interactions={
            split: np.stack([np.argsort(order)[part[0]], part[1]])
            for split, part in zip(SPLITS, (train, valid, test), strict=True)
        },
    )
    model = made(name, snapshot)
    here = model.fold_in(snapshot, train_of(snapshot), KnownRows.between(snapshot, snapshot)).encode()
    there = model.fold_in(moved, train_of(moved), KnownRows.between(snapshot, moved)).encode()
    scores = [one.users.to_dense() @ one.items.to_dense().T for one in (here, there)]
    torch.testing.assert_close(scores[1], scores[0][torch.from_numpy(order)], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", ["spike", "similarity", "hybrid", "lightgcn", "ease", "item-knn", "ials"])
def test_a_new_user_gets_a_list_of_his_own_kind(name: str) -> None:
    snapshot = whole()
    before = older(snapshot)
    model, known = made(name, before), KnownRows.between(before, snapshot)
    encoded = model.fold_in(snapshot, train_of(snapshot), known).encode()
    users = torch.tensor(NEW_USERS)
    assert encoded.users.to_dense()[users].abs().sum() > 0
    found = top_items(encoded, train_of(snapshot), 5, users=users)
    assert (found.rows >= 0).all()
    seen = snapshot.interactions["train"]
    assert not set(found.rows[0].tolist()) & set(seen[1][seen[0] == NEW_USERS[0]].tolist())


@pytest.mark.parametrize("name", ["spike", "similarity", "hybrid"])
def test_a_new_item_that_nobody_has_is_near_those_it_is_linked_with(name: str) -> None:
    snapshot = whole()
    pairs = snapshot.interactions["train"]
    unseen = replace(snapshot, interactions={**snapshot.interactions, "train": pairs[:, ~np.isin(pairs[1], NEW_ITEMS)]})
    before = older(snapshot)
    model, known = made(name, before), KnownRows.between(before, unseen)
    encoded = model.fold_in(unseen, train_of(unseen), known)
    assert isinstance(encoded, Spike)
    vectors = encoded.nodes()[1][: unseen.num_items]
    unit = torch.nn.functional.normalize(vectors, dim=1)
    edges = unseen.edge_index[:, unseen.edge_type >= unseen.num_knowledge_relations]
    for item in NEW_ITEMS:
        linked = torch.from_numpy(edges[1][edges[0] == item])
        others = torch.ones(unseen.num_items, dtype=torch.bool)
        others[linked], others[item] = False, False
        cosines = unit @ unit[item]
        assert cosines[linked].mean() > cosines[others].mean()


def test_without_an_interaction_it_is_not_heard() -> None:
    """EASE by hand: the scores fall by the row of B that belongs to the item."""
    snapshot = whole()
    model, pairs = made("ease", snapshot), train_of(snapshot)
    users, items = model.encode()
    kept = torch.ones(len(pairs), dtype=torch.bool)
    kept[0] = False
    fewer = Interactions.from_pairs(pairs.users[kept], pairs.items[kept], pairs.num_users, pairs.num_items)
    without = model.fold_in(snapshot, fewer, KnownRows.between(snapshot, snapshot)).encode()
    user, item = int(pairs.users[0]), int(pairs.items[0])
    expected = users[user] @ items.T - items[:, item]
    torch.testing.assert_close(without.users[user] @ without.items.T, expected)


def test_new_rows_begin_as_those_they_are_linked_with() -> None:
    weights, known = torch.tensor([[1.0], [3.0], [9.0], [9.0]]), torch.tensor([True, True, False, False])
    begun = as_linked(weights, known, torch.tensor([[2, 0, 2], [0, 1, 1]]))
    assert begun.squeeze(1).tolist() == [1.0, 3.0, 2.0, 0.0]


def test_new_users_begin_as_the_users_with_most_in_common(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("model.fold_in.ALIKE_USERS", 1)
    users, items = torch.tensor([0, 0, 1, 1, 2, 2]), torch.tensor([0, 1, 1, 2, 0, 1])
    interactions = Interactions.from_pairs(users, items, 4, 3)
    known = KnownRows(torch.tensor([0, 1, -1, -1]), torch.arange(3), torch.arange(0), random_snapshot())
    begun = as_users_alike(torch.tensor([[1.0], [3.0], [0.0], [0.0]]), known, interactions)
    assert begun.squeeze(1).tolist() == [1.0, 3.0, 1.0, 0.0]


def test_items_that_item_knn_and_ease_were_not_computed_with_are_nobodys_neighbours() -> None:
    snapshot = whole()
    before = older(snapshot)
    known, pairs = KnownRows.between(before, snapshot), train_of(snapshot)
    kept = [row for row in range(snapshot.num_items) if row not in NEW_ITEMS]
    for name in ("item-knn", "ease"):
        model = made(name, before)
        weights = model.fold_in(snapshot, pairs, known).encode().items.to_dense()
        assert not weights[list(NEW_ITEMS)].any()
        assert not weights[:, list(NEW_ITEMS)].any()
        assert torch.equal(weights[kept][:, kept], model.encode().items.to_dense())
        near = model.fold_in(snapshot, pairs, known).similar_items(5, model.encode())
        assert near is not None
        assert not set(near.rows[kept].ravel().tolist()) & set(NEW_ITEMS)


def test_what_cannot_be_folded_in_says_so() -> None:
    snapshot = whole()
    known, pairs = KnownRows.between(snapshot, snapshot), train_of(snapshot)
    popular = build("popularity", configure("popularity", None, {}, {})[1], snapshot, pairs, 0, CPU)
    with pytest.raises(UsageError, match="'popularity' takes nobody in"):
        popular.fold_in(snapshot, pairs, known)
    manifest = snapshot.manifest.model_copy(update={"text_embedding": "lsa-of-a-newer-corpus"})
    newer = replace(snapshot, manifest=manifest)
    with pytest.raises(UsageError, match="text vectors here are of another space"):
        made("spike", snapshot).fold_in(newer, pairs, known)
    renamed = ("RELATION_9", *snapshot.manifest.relations[1:])
    newer = replace(snapshot, manifest=snapshot.manifest.model_copy(update={"relations": renamed}))
    with pytest.raises(UsageError, match="not trained on the relation RELATION_9"):
        made("spike", snapshot).fold_in(newer, pairs, KnownRows.between(snapshot, newer))
