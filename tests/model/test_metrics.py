from __future__ import annotations

import math

import numpy as np
import pytest
import pytrec_eval
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from model.interactions import Interactions
from model.metrics import per_user
from model.ranking import mean_metrics, rank_per_user
from model.types import Embeddings

CUTOFFS = (1, 3, 10)


def naive(ranked: list[int], held_out: set[int], cutoff: int) -> dict[str, float]:
    """The definitions, one user and one item at a time."""
    hits = [rank for rank, item in enumerate(ranked[:cutoff], start=1) if item in held_out]
    gain = sum(1 / math.log2(rank + 1) for rank in hits)
    ideal = sum(1 / math.log2(rank + 1) for rank in range(1, min(cutoff, len(held_out)) + 1))
    return {
        f"recall@{cutoff}": len(hits) / len(held_out),
        f"precision@{cutoff}": len(hits) / cutoff,
        f"hit@{cutoff}": float(bool(hits)),
        f"mrr@{cutoff}": 1 / hits[0] if hits else 0.0,
        f"ndcg@{cutoff}": gain / ideal,
    }


def problem(seed: int, users: int = 12, items: int = 30) -> tuple[Embeddings, Interactions, Interactions]:
    """Random vectors and random, disjoint seen and held-out pairs; some users have none of the latter."""
    generator = torch.Generator().manual_seed(seed)
    embeddings = Embeddings(torch.randn(users, 5, generator=generator), torch.randn(items, 5, generator=generator))
    kind = torch.randint(0, 6, (users, items), generator=generator)
    kind[0] = 2
    pairs = [(kind == value).nonzero().T for value in (0, 1)]
    seen, held_out = (Interactions.from_pairs(pair[0], pair[1], users, items) for pair in pairs)
    return embeddings, seen, held_out


def rankings(embeddings: Embeddings, seen: Interactions) -> list[list[int]]:
    scores = (embeddings.users @ embeddings.items.T).numpy().copy()
    scores[seen.users, seen.items] = -np.inf
    return [[int(i) for i in np.argsort(-row, kind="stable") if row[i] > -np.inf] for row in scores]


@pytest.mark.parametrize("seed", range(3))
def test_equals_the_naive_loop(seed: int) -> None:
    embeddings, seen, held_out = problem(seed)
    values = rank_per_user(embeddings, seen, held_out, CUTOFFS)
    ranked = rankings(embeddings, seen)
    truth = [set(held_out.items[held_out.users == user].tolist()) for user in range(12)]
    assert values["user"].tolist() == [user for user in range(12) if truth[user]]
    assert 0 not in values["user"].tolist()
    for line in values.to_dict("records"):
        user = int(line["user"])
        for cutoff in CUTOFFS:
            for name, value in naive(ranked[user], truth[user], cutoff).items():
                assert line[name] == pytest.approx(value, abs=1e-12), (user, name)


def test_equals_trec_eval() -> None:
    embeddings, seen, held_out = problem(7, users=40, items=120)
    values = rank_per_user(embeddings, seen, held_out, (10, 20)).set_index("user")
    truth: dict[str, dict[str, int]] = {}
    for user, item in zip(held_out.users.tolist(), held_out.items.tolist(), strict=True):
        truth.setdefault(str(user), {})[str(item)] = 1
    ranked = rankings(embeddings, seen)
    run = {user: {str(item): -float(rank) for rank, item in enumerate(ranked[int(user)])} for user in truth}
    found = pytrec_eval.RelevanceEvaluator(truth, {"recall", "ndcg_cut", "P"}).evaluate(run)
    for user, theirs in found.items():
        for cutoff in (10, 20):
            ours = values.loc[int(user)]
            assert ours[f"recall@{cutoff}"] == pytest.approx(theirs[f"recall_{cutoff}"], abs=1e-9)
            assert ours[f"ndcg@{cutoff}"] == pytest.approx(theirs[f"ndcg_cut_{cutoff}"], abs=1e-9)
            assert ours[f"precision@{cutoff}"] == pytest.approx(theirs[f"P_{cutoff}"], abs=1e-9)


@given(st.lists(st.lists(st.booleans(), min_size=12, max_size=12), min_size=1, max_size=8), st.integers(0, 5))
@settings(deadline=None)
def test_recall_grows_with_the_cutoff_and_ndcg_is_at_most_one(rows: list[list[bool]], missed: int) -> None:
    hits = torch.tensor(rows)
    relevant = hits.sum(1) + max(missed, 1)
    values = per_user(hits, relevant, (1, 5, 12))
    assert (values["recall@1"] <= values["recall@5"]).all()
    assert (values["recall@5"] <= values["recall@12"]).all()
    for cutoff in (1, 5, 12):
        assert (values[f"ndcg@{cutoff}"] <= 1 + 1e-12).all()


def test_ndcg_is_one_exactly_when_the_first_places_are_hits() -> None:
    hits = torch.tensor([[True, True, False], [True, False, True], [True, True, True]])
    values = per_user(hits, torch.tensor([2, 2, 9]), (3,))
    assert values["ndcg@3"].tolist() == [pytest.approx(1), pytest.approx(0.9197, abs=1e-4), pytest.approx(1)]


def test_fewer_items_than_the_cutoff() -> None:
    values = per_user(torch.tensor([[False, True]]), torch.tensor([1]), (40,))
    assert values["recall@40"].item() == 1
    assert values["precision@40"].item() == pytest.approx(1 / 40)


def test_means_are_over_users_and_leave_the_keys_out() -> None:
    embeddings, seen, held_out = problem(1)
    values = rank_per_user(embeddings, seen, held_out)
    means = mean_metrics(values)
    assert set(means) == {f"{name}@{k}" for name in ("recall", "ndcg", "precision", "hit", "mrr") for k in (10, 20, 40)}
    assert means["recall@20"] == pytest.approx(values["recall@20"].to_numpy().mean())
