"""The snapshots of the measurement of new items are whole, and know nothing of what is hidden."""

from __future__ import annotations

import numpy as np
import torch

from benchmarks.cold_items import Hidden
from benchmarks.cold_snapshots import with_similar_items, without_items
from export.snapshot import SPLITS, check
from tests.support.snapshots import random_snapshot

HIDDEN = np.array([2, 9, 30])


def test_without_items_nothing_leads_to_them() -> None:
    snapshot = random_snapshot()
    small = without_items(snapshot, HIDDEN)
    check(small, "small")
    assert small.num_items == snapshot.num_items - len(HIDDEN)
    assert not set(small.entities["key"]) & set(snapshot.entities["key"].iloc[HIDDEN])
    for split in SPLITS:
        users, items = snapshot.interactions[split]
        kept = ~np.isin(items, HIDDEN)
        keys = snapshot.entities["key"].to_numpy()[items[kept]]
        assert small.entities["key"].to_numpy()[small.interactions[split][1]].tolist() == keys.tolist()
        assert small.interactions[split][0].tolist() == users[kept].tolist()


def test_similar_items_are_edges_of_a_run_of_their_own() -> None:
    similar = with_similar_items(without_items(random_snapshot(), HIDDEN))
    check(similar, "similar")
    edges = similar.edge_index[:, similar.edge_type == similar.num_knowledge_relations]
    assert edges.shape[1]
    assert edges.max() < similar.num_items


def test_only_the_hidden_are_candidates() -> None:
    snapshot = random_snapshot()
    hidden = Hidden.of(snapshot, HIDDEN)
    held = hidden.interactions(SPLITS)
    scores = np.zeros((snapshot.num_users, len(HIDDEN)), dtype=np.float32)
    recall = hidden.recall(hidden.of_scores(torch.from_numpy(scores)), SPLITS)
    assert len(recall) == int((held.user_degrees > 0).sum())
    assert (recall == 1).all()
