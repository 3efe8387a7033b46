"""Training on the surroundings of a batch: exact with all neighbours, bounded and uniform with some."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from export.snapshot import Snapshot
from model.batches import Batch
from model.interactions import Interactions
from model.kernels.sparse import Structure
from model.recommender import Size
from model.registry import build, configure
from model.spike.model import Spike
from model.spike.neighbours import distinct, heard, surroundings
from model.train import train
from spikegraph.errors import UsageError
from tests.support.snapshots import random_snapshot

CPU = torch.device("cpu")
PLAIN: dict[str, Any] = {
    "dimensions": 8,
    "profile_dimensions": 6,
    "graph_dropout": 0,
    "message_dropout": 0,
    "profile_dropout": 0,
    "matching_weight": 0,
}


def made(snapshot: Snapshot, **options: Any) -> Spike:
    _, config, _ = configure("spike", None, {**PLAIN, **options}, {})
    model = build("spike", config, snapshot, Interactions.from_snapshot(snapshot, ["train"]), 0, CPU)
    assert isinstance(model, Spike)
    return model


def batch_of(model: Spike, snapshot: Snapshot, size: int = 12) -> Batch:
    sampler = model.sampler(Interactions.from_snapshot(snapshot, ["train"]))
    return next(iter(sampler.epoch(size, generator())))


def generator(seed: int = 5) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def gradients(model: Spike, batch: Batch) -> tuple[dict[str, float], dict[str, Tensor | None]]:
    parts = model.loss(batch, generator())
    torch.stack(list(parts.values())).sum().backward()
    return {name: part.item() for name, part in parts.items()}, {n: p.grad for n, p in model.named_parameters()}


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize(
    "change",
    [{}, {"users_send_messages": True}, {"users_send_messages": True, "attention_share": 0}, {"min_entity_degree": 0}],
)
@pytest.mark.parametrize("profiles", [8, None])
def test_all_neighbours_give_the_whole_graphs_loss_and_gradients(
    layers: int, change: dict[str, Any], profiles: int | None
) -> None:
    snapshot = random_snapshot(num_users=60, num_items=50, num_entities=120, profile_dim=profiles)
    whole = made(snapshot, layers=layers, **change)
    part = made(snapshot, layers=layers, neighbours=[-1] * layers, **change)
    batch = batch_of(whole, snapshot)
    (losses, wanted), (own_losses, own) = gradients(whole, batch), gradients(part, batch)
    assert own_losses == pytest.approx(losses, abs=1e-6)
    for name, gradient in wanted.items():
        if gradient is None or own[name] is None:
            assert own[name] is None or not own[name].any(), name
            assert gradient is None or not gradient.any(), name
            continue
        torch.testing.assert_close(own[name], gradient, atol=1e-5, rtol=1e-4)


def test_matching_is_that_of_the_batchs_own_users_and_items() -> None:
    snapshot = random_snapshot()
    model = made(snapshot, neighbours=[-1, -1], matching_weight=3)
    batch = batch_of(model, snapshot)
    users, entities = model.nodes()
    rows = batch.users.unique(), torch.cat([batch.positives, batch.negatives]).unique()
    assert model.user_profiles is not None
    assert model.entity_profiles is not None
    final = torch.nn.functional.normalize(torch.cat([users[rows[0]], entities[rows[1]]]), dim=1)
    texts = torch.cat([model.user_profiles()[rows[0]], model.entity_profiles()[rows[1]]])
    texts = torch.nn.functional.normalize(texts, dim=1)
    wanted = 3 * (final @ final.T - texts @ texts.T).square().mean()
    torch.testing.assert_close(model.loss(batch, generator())["matching"], wanted, atol=1e-5, rtol=1e-4)


def test_the_subgraph_grows_with_the_batch_not_with_the_graph() -> None:
    sizes = []
    for users in (200, 400):
        snapshot = random_snapshot(num_users=users, num_items=users, num_entities=2 * users, per_user=20)
        model = made(snapshot, neighbours=[3, 2], users_send_messages=True)
        batch = batch_of(model, snapshot, size=4)
        ends = torch.cat([batch.positives, batch.negatives])
        part = surroundings(model.encoder, batch.users, ends, (3, 2), generator())
        sizes.append(len(part.users) + len(part.entities))
        assert max(torch.bincount(part.pairs[0])) <= 3
        assert max(torch.bincount(part.heads)) <= 3
    assert max(sizes) <= 12 + 12 * 2 * 3 + 12 * 2 * 3 * 2 * 2


@pytest.mark.parametrize("count", [1, 2, 5])
def test_heard_are_distinct_neighbours_and_all_where_there_are_no_more(count: int) -> None:
    rows = torch.tensor([0] * 7 + [1] * 2 + [3] * 5)
    columns = torch.tensor([1, 3, 4, 6, 7, 8, 9, 2, 5, 0, 1, 2, 3, 4])
    structure = Structure(rows, columns, (4, 10))
    own, found = heard(structure, torch.tensor([3, 0, 1, 2]), count, generator())
    pairs = set(zip(own.tolist(), found.tolist(), strict=True))
    assert len(pairs) == len(own)
    assert pairs <= set(zip(rows.tolist(), columns.tolist(), strict=True))
    assert torch.bincount(own, minlength=4).tolist() == [min(count, degree) for degree in (7, 2, 0, 5)]


def test_draws_are_uniform_and_different() -> None:
    drawn = distinct(torch.full((30_000,), 6), 3, generator())
    assert all(len(set(row)) == 3 for row in drawn[:500].tolist())
    shares = torch.bincount(drawn.flatten(), minlength=6) / drawn.numel()
    torch.testing.assert_close(shares, torch.full((6,), 1 / 6), atol=0.006, rtol=0)
    assert torch.equal(drawn, distinct(torch.full((30_000,), 6), 3, generator()))


@pytest.mark.parametrize(
    "options",
    [
        {"neighbours": [3]},
        {"neighbours": [3, 0]},
        {"neighbours": [3, 2], "objective": "softmax"},
        {"neighbours": [3, 2], "match_on": "input"},
        {"neighbours": [3, 2], "share_profile_dropout": False},
    ],
)
def test_what_does_not_go_together_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="neighbours"):
        configure("spike", None, options, {})


def test_the_forecast_follows_the_batch() -> None:
    size = Size.of(random_snapshot(), 1000, 64)
    large = replace(size, users=10**6, items=10**5, entities=10**6, triples=10**7, messages=10**7, interactions=10**7)

    def needed(**options: Any) -> int:
        return Spike.forecast_bytes(configure("spike", None, options, {})[1], large)

    assert needed(neighbours=[5, 3]) < needed(neighbours=[1000, 1000]) <= needed()


def test_learns(tmp_path: Path) -> None:
    options = {"dimensions": 16, "profile_dimensions": 6, "neighbours": [8, 4], "matching_weight": 0.1}
    training = {"epochs": 20, "evaluate_every": 5}
    snapshot = random_snapshot(num_users=120, per_user=10)
    record = train(snapshot, tmp_path, model_config=options, train_config=training, device="cpu")
    assert record.metrics["valid"]["recall@10"] > 0.55
