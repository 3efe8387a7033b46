from __future__ import annotations

import pytest
import torch

from model.batches import NegativeSampler
from model.graph import KnowledgeGraph, Triples
from model.interactions import Interactions
from model.kernels.sampling import dropout, keep_mask, sample_per_group
from tests.support.snapshots import random_snapshot


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def interactions() -> Interactions:
    return Interactions.from_snapshot(random_snapshot(), ["train"])


def test_negatives_are_never_positives_and_change_every_epoch() -> None:
    pairs = interactions()
    sampler, generator = NegativeSampler(pairs), seeded()
    positives = set(pairs.keys.tolist())
    epochs = []
    for _ in range(5):
        batches = list(sampler.epoch(32, generator))
        users, items, negatives = (torch.cat(parts) for parts in zip(*batches, strict=True))
        assert sorted((users * pairs.num_items + items).tolist()) == sorted(positives)
        assert not positives & set((users * pairs.num_items + negatives).tolist())
        assert negatives.min() >= 0
        assert negatives.max() < pairs.num_items
        epochs.append(negatives.tolist())
    assert len({tuple(epoch) for epoch in epochs}) == 5
    assert [len(batch.users) for batch in batches[:-1]] == [32] * (len(batches) - 1)


def test_negatives_are_uniform_over_the_other_items() -> None:
    pairs = Interactions.from_pairs(torch.tensor([0, 0, 0, 1]), torch.tensor([0, 2, 5, 3]), 2, 7)
    drawn = NegativeSampler(pairs).draw(torch.zeros(40_000, dtype=torch.int64), seeded())
    counts = torch.bincount(drawn, minlength=7)
    assert counts[[0, 2, 5]].tolist() == [0, 0, 0]
    assert (counts[[1, 3, 4, 6]] - 10_000).abs().max() < 400


def test_a_user_with_every_item_but_one_and_one_with_every_item() -> None:
    users = torch.tensor([0] * 4 + [1] * 5)
    items = torch.tensor([0, 1, 3, 4, 0, 1, 2, 3, 4])
    sampler = NegativeSampler(Interactions.from_pairs(users, items, 2, 5))
    batches = list(sampler.epoch(100, seeded()))
    assert len(sampler) == 4
    assert batches[0].users.tolist() == [0] * 4
    assert batches[0].negatives.tolist() == [2] * 4


def test_a_seed_decides_an_epoch() -> None:
    one, two = (list(NegativeSampler(interactions()).epoch(64, seeded(5))) for _ in range(2))
    assert all(
        torch.equal(a, b) for left, right in zip(one, two, strict=True) for a, b in zip(left, right, strict=True)
    )


@pytest.mark.parametrize("rate", [0.5, 0.3])
def test_every_relation_keeps_its_share_exactly(rate: float) -> None:
    graph = KnowledgeGraph(Triples.from_snapshot(random_snapshot(num_relations=4)))
    kept = graph.sample(rate, seeded())
    types = graph.message_types[kept.columns]
    expected = [max(1, int(rate * size)) if size else 0 for size in graph.type_sizes]
    assert torch.bincount(types, minlength=8).tolist() == expected


def test_a_relation_can_be_left_out() -> None:
    graph = KnowledgeGraph(Triples.from_snapshot(random_snapshot(num_relations=2)))
    kept = graph.sample(0.5, seeded(), never=(3,))
    assert 3 not in graph.message_types[kept.columns].tolist()


def test_all_edges_are_equally_likely() -> None:
    generator = seeded()
    counts = sum(sample_per_group([6, 1, 10], [3, 1, 2], generator).long() for _ in range(4000))
    assert isinstance(counts, torch.Tensor)
    assert (counts[:6] - 2000).abs().max() < 150
    assert counts[6] == 4000
    assert (counts[7:] - 800).abs().max() < 120


def test_dropout_is_unbiased() -> None:
    values = torch.rand(50, 7, generator=seeded(1)) + 1
    generator = seeded()
    mean = torch.stack([dropout(values, 0.5, generator) for _ in range(4000)]).mean(0)
    torch.testing.assert_close(mean, values, atol=0.15, rtol=0)


def test_masks_have_their_probability_and_their_seed() -> None:
    kept, probability = keep_mask((1000, 333), 0.1, seeded())
    assert probability == pytest.approx(0.9, abs=1e-5)
    assert kept.float().mean().item() == pytest.approx(0.9, abs=2e-3)
    assert torch.equal(kept, keep_mask((1000, 333), 0.1, seeded())[0])
    assert not torch.equal(kept, keep_mask((1000, 333), 0.1, seeded(1))[0])


def test_no_generator_means_no_dropout() -> None:
    values = torch.ones(3)
    assert dropout(values, 0.5, None) is values


@pytest.mark.parametrize("held", [1, 100, 198])
def test_negatives_are_uniform_however_many_items_a_user_has(held: int) -> None:
    """Of 200 items: nearly every draw is kept, half of them, nearly none."""
    items = torch.randperm(200, generator=seeded(held))[:held]
    pairs = Interactions.from_pairs(torch.cat([items * 0, items * 0 + 1]), items.repeat(2), 2, 200)
    drawn = NegativeSampler(pairs).draw(torch.ones(60_000, dtype=torch.int64), seeded())
    counts = torch.bincount(drawn, minlength=200).double()
    others = torch.ones(200, dtype=torch.bool).index_fill(0, items, value=False)
    assert counts[~others].sum() == 0
    expected = 60_000 / (200 - held)
    chi_square = ((counts[others] - expected).square() / expected).sum()
    degrees = 199 - held
    assert chi_square < degrees + 5 * (2 * degrees) ** 0.5 + 10
