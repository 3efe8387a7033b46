"""Friends as side information: what users receive from each other, and what stands beside it as a control."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from export.snapshot import Snapshot, check, load_snapshot
from model.controls import controlled
from model.interactions import Interactions
from model.spike.config import SpikeConfig
from model.spike.model import Spike
from model.train import train
from spikegraph.errors import DataError, UsageError
from tests.support.snapshots import random_snapshot, with_friends

PAIRS = [(0, 1), (2, 0), (3, 4)]
SMALL: dict[str, Any] = {"dimensions": 8, "layers": 1, "profile_weight": 0.0, "matching_weight": 0.0}


def spike(snapshot: Snapshot, **options: Any) -> Spike:
    interactions = Interactions.from_snapshot(snapshot, ["train"])
    return Spike(SpikeConfig(**SMALL, **options), snapshot, interactions, torch.Generator().manual_seed(0))


def unit(rows: torch.Tensor) -> torch.Tensor:
    return rows / rows.norm(dim=1, keepdim=True).clamp(min=1e-12)


def test_a_user_receives_the_friends_embeddings_beside_those_of_the_items() -> None:
    snapshot = with_friends(random_snapshot(), PAIRS)
    model = spike(snapshot, friends_share=0.3)
    users = model.encoder.embedding[: model.num_users].detach()
    items = model.encoder.embedding[model.num_users :][: model.num_items].detach()
    degrees = np.zeros(model.num_users)
    for pair in PAIRS:
        degrees[list(pair)] += 1
    friends = torch.zeros_like(users)
    for one, other in PAIRS:
        weight = float(1 / np.sqrt(degrees[one] * degrees[other]))
        friends[one] += weight * users[other]
        friends[other] += weight * users[one]
    pairs = snapshot.interactions["train"]
    means = torch.stack([items[pairs[1][pairs[0] == user]].mean(dim=0) for user in range(model.num_users)])
    expected = users + unit(unit(means) + 0.3 * unit(friends))
    torch.testing.assert_close(model.encode().users, expected)


def test_without_a_share_friends_change_nothing() -> None:
    alone, among_friends = random_snapshot(), with_friends(random_snapshot(), PAIRS)
    for ours, others in zip(spike(alone).encode(), spike(among_friends).encode(), strict=True):
        assert torch.equal(ours, others)


def test_a_snapshot_without_friends_is_refused() -> None:
    with pytest.raises(UsageError, match="holds no friends") as refusal:
        spike(random_snapshot(), friends_share=0.3)
    assert "--friends" in str(refusal.value.hint)


def test_a_snapshot_keeps_its_friends(tmp_path: Path) -> None:
    saved = with_friends(random_snapshot(), PAIRS).save(tmp_path / "s")
    assert load_snapshot(tmp_path / "s").friends is not None
    assert np.array_equal(np.asarray(saved.friends).T, PAIRS)
    assert saved.content_hash() != random_snapshot().content_hash()
    wrong = with_friends(random_snapshot(), [(0, 10_000)])
    with pytest.raises(DataError, match="friends has a row number outside"):
        check(wrong, "here")


def test_shuffled_friends_are_as_many_with_the_same_degrees_and_none_are_none() -> None:
    snapshot = with_friends(random_snapshot(), PAIRS)
    generator = torch.Generator().manual_seed(1)
    shuffled, nobody = (controlled(snapshot, f"{what}-friends", generator) for what in ("shuffled", "no"))
    check(shuffled, "shuffled")
    check(nobody, "none")
    assert nobody.friends is not None
    assert nobody.friends.shape == (2, 0)
    assert shuffled.friends is not None
    assert not np.array_equal(shuffled.friends, np.asarray(snapshot.friends))

    def degrees(friends: Any) -> list[int]:
        return sorted(np.bincount(np.asarray(friends).ravel(), minlength=snapshot.num_users).tolist())

    assert degrees(shuffled.friends) == degrees(snapshot.friends)


@pytest.mark.parametrize("control", ["none", "no-friends"])
def test_it_trains_with_friends_and_with_their_control(tmp_path: Path, control: str) -> None:
    snapshot = with_friends(random_snapshot(), PAIRS)
    options = {**SMALL, "friends_share": 0.3, "objective": "softmax", "users_send_messages": True}
    record = train(
        snapshot,
        tmp_path / "run",
        model="spike",
        control=control,
        model_config=options,
        train_config={"epochs": 1, "evaluate_every": 1},
        device="cpu",
    )
    assert record.metrics["valid"]["recall@20"] > 0


def test_hetero_data_holds_the_friends() -> None:
    data = with_friends(random_snapshot(), PAIRS).to_hetero()
    assert data["user", "friend_of", "user"].edge_index.T.tolist() == [list(pair) for pair in PAIRS]
