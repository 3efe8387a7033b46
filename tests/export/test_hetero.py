from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from export.snapshot import load_snapshot
from tests.support.snapshots import random_snapshot


def test_hetero_holds_what_the_arrays_hold() -> None:
    snapshot = random_snapshot()
    data = snapshot.to_hetero()
    data.validate()
    assert data["user"].num_nodes == 30
    np.testing.assert_array_equal(data["entity"].x.numpy(), snapshot.entity_profile)
    assert int(data["entity"].item_mask.sum()) == snapshot.num_items
    assert bool(data["entity"].item_mask[: snapshot.num_items].all())
    found = set()
    for number, relation in enumerate(snapshot.manifest.relations):
        edges = data["entity", relation, "entity"].edge_index
        found |= {(number, int(head), int(tail)) for head, tail in edges.T}
        reverse = data["entity", f"rev_{relation}", "entity"].edge_index
        assert torch.equal(reverse, edges[[1, 0]])
    expected = zip(snapshot.edge_type, *snapshot.edge_index, strict=True)
    assert found == {(int(number), int(head), int(tail)) for number, head, tail in expected}


def test_held_out_pairs_are_labels_and_no_edges() -> None:
    snapshot = random_snapshot()
    data = snapshot.to_hetero()
    train = data["user", "interacts", "entity"]
    np.testing.assert_array_equal(train.edge_index.numpy(), snapshot.interactions["train"])
    np.testing.assert_array_equal(train.test_label_index.numpy(), snapshot.interactions["test"])
    edges = {tuple(pair) for pair in train.edge_index.T.tolist()}
    held_out = {tuple(pair) for split in ("valid", "test") for pair in snapshot.interactions[split].T.tolist()}
    assert not edges & held_out
    assert sum(len(edges.T) for edges in data.edge_index_dict.values()) == 2 * (180 + 80)


def test_without_text_vectors_there_is_no_x() -> None:
    data = random_snapshot(profile_dim=None).to_hetero()
    assert "x" not in data["user"]
    assert data["entity"].num_nodes == 70


def test_a_loaded_snapshot_gives_tensors_that_may_be_changed(tmp_path: Path) -> None:
    random_snapshot().save(tmp_path / "snapshot")
    data = load_snapshot(tmp_path / "snapshot").to_hetero()
    data["user"].x += 1
    data["user", "interacts", "entity"].edge_index[0, 0] = 0
    assert load_snapshot(tmp_path / "snapshot").num_users == 30


def test_shapes_suit_message_passing() -> None:
    data = random_snapshot().to_hetero()
    incoming = torch.zeros(data["user"].num_nodes, 8)
    items, users = data["entity", "rev_interacts", "user"].edge_index
    incoming.index_add_(0, users, data["entity"].x[items])
    assert bool((incoming.abs().sum(1) > 0).all())
