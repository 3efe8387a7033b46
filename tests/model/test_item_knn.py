"""ItemKNN: equal to a loop over the definitions, whatever the blocks, and never dense over users or items."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from model.interactions import Interactions
from model.retrieval import top_items
from model.rivals import item_knn
from model.rivals.item_knn import ItemKnn, ItemKnnConfig
from model.scoring import scores_of
from model.types import Embeddings
from tests.support.snapshots import random_snapshot


def fitted(pairs: Interactions, **options: Any) -> ItemKnn:
    model = ItemKnn(ItemKnnConfig(**options), pairs)
    model.fit()
    return model


def naive_weights(history: np.ndarray, options: dict[str, Any]) -> list[float]:
    degrees = history.sum(1)
    kind = options["weighting"]
    if kind == "none":
        return [1.0] * len(history)
    if kind == "idf":
        return [math.log(history.shape[1] / max(degree, 1)) for degree in degrees]
    saturation, length = 1.2, 0.75
    mean = degrees.mean()
    return [(saturation + 1) / (saturation * (1 - length + length * degree / mean) + 1) for degree in degrees]


def naive_scores(history: np.ndarray, k: int, **options: Any) -> np.ndarray:
    """Loops over pairs of items, then over users."""
    num_users, num_items = history.shape
    weights = naive_weights(history, options)
    shrinkage = options.get("shrinkage", 10.0)
    norms = [math.sqrt(sum(weights[u] ** 2 for u in range(num_users) if history[u, i])) for i in range(num_items)]
    scores = np.zeros((num_users, num_items))
    for j in range(num_items):
        alike = []
        for i in range(num_items):
            product = sum(weights[u] ** 2 for u in range(num_users) if history[u, i] and history[u, j])
            if i != j and product > 0:
                alike.append((-product / (norms[i] * norms[j] + shrinkage), i))
        for similarity, i in sorted(alike)[:k]:
            scores[:, j] -= similarity * history[:, i]
    return scores


def history_of(pairs: Interactions) -> np.ndarray:
    history = np.zeros((pairs.num_users, pairs.num_items))
    history[pairs.users, pairs.items] = 1
    return history


@pytest.mark.parametrize("weighting", ["none", "idf", "bm25"])
@pytest.mark.parametrize("shrinkage", [0.0, 3.0])
@pytest.mark.parametrize("k", [1, 5, 100])
def test_equals_a_loop(weighting: str, shrinkage: float, k: int) -> None:
    pairs = Interactions.from_snapshot(random_snapshot(), ["train"])
    model = fitted(pairs, neighbours=k, shrinkage=shrinkage, weighting=weighting)
    expected = naive_scores(history_of(pairs), k, weighting=weighting, shrinkage=shrinkage)
    scores = scores_of(model.encode(), torch.arange(pairs.num_users))
    if weighting == "none":
        np.testing.assert_allclose(scores, expected, atol=1e-6)
    else:  # rounding may order two equally similar neighbours otherwise
        assert np.isclose(scores, expected, atol=1e-6).mean() > 0.98


def test_blocks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = Interactions.from_snapshot(random_snapshot(), ["train"])
    whole = fitted(pairs, neighbours=7)
    monkeypatch.setattr(item_knn, "BLOCK_BYTES", 1)
    parts = fitted(pairs, neighbours=7)
    assert torch.equal(whole.neighbours, parts.neighbours)
    assert torch.equal(whole.similarities, parts.similarities)


def test_an_item_is_not_its_own_neighbour_and_none_shares_nothing_with_it() -> None:
    pairs = Interactions.from_pairs(torch.tensor([0, 0, 1]), torch.tensor([0, 1, 2]), 2, 4)
    model = fitted(pairs, neighbours=3, shrinkage=0, weighting="none")
    assert model.neighbours.tolist() == [[1, -1, -1], [0, -1, -1], [-1, -1, -1], [-1, -1, -1]]
    assert model.similarities[:2, 0].tolist() == [1, 1]


def test_users_who_have_everything_say_nothing_under_idf() -> None:
    pairs = Interactions.from_pairs(torch.tensor([0, 0, 1, 1]), torch.tensor([0, 1, 0, 1]), 2, 2)
    model = fitted(pairs, neighbours=2, shrinkage=0, weighting="idf")
    assert model.neighbours.tolist() == [[-1, -1], [-1, -1]]


def test_similar_items_are_the_neighbours() -> None:
    model = fitted(Interactions.from_snapshot(random_snapshot(), ["train"]), neighbours=3)
    for k in (2, 5):
        ranking = model.similar_items(k, model.encode())
        assert ranking.rows.shape == ranking.scores.shape == (40, k)
        np.testing.assert_array_equal(ranking.rows[:, :2], model.neighbours[:, :2].numpy())
    assert (ranking.rows[:, 3:] == -1).all()
    assert np.isneginf(ranking.scores[:, 3:]).all()


def test_many_items_need_no_matrix_of_all_pairs() -> None:
    """100 000 items: a dense matrix of them would take 40 GB."""
    generator = torch.Generator().manual_seed(0)
    users, items = torch.randint(200, (2000,), generator=generator), torch.randint(10**5, (2000,), generator=generator)
    pairs = Interactions.from_pairs(users, items, 200, 10**5)
    embeddings = ItemKnn(ItemKnnConfig(neighbours=5), pairs).encode()
    assert embeddings.users.layout == torch.sparse_csr
    assert top_items(embeddings, pairs, 3, users=torch.arange(4)).rows.shape == (4, 3)


@given(seed=st.integers(0, 2**31), density=st.floats(0, 1))
@settings(max_examples=15, deadline=None)
def test_sparse_scores_are_the_dense_ones(seed: int, density: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    users, items = torch.rand(7, 5, generator=generator), torch.rand(9, 5, generator=generator)
    users[torch.rand(7, 5, generator=generator) > density] = 0
    items[torch.rand(9, 5, generator=generator) > density] = 0
    rows = torch.randint(7, (4,), generator=generator)
    sparse = Embeddings(users.to_sparse_csr(), items.to_sparse_csc())
    torch.testing.assert_close(scores_of(sparse, rows), scores_of(Embeddings(users, items), rows))
