"""iALS: every row is the minimum of its part of the objective, and a loop finds the same one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from model.interactions import Interactions
from model.rivals import ials
from model.rivals.ials import Ials, IalsConfig
from tests.support.snapshots import random_snapshot

OPTIONS: dict[str, Any] = {"dimensions": 6, "unobserved_weight": 0.2, "regularisation": 0.05}


def train_pairs() -> Interactions:
    return Interactions.from_snapshot(random_snapshot(), ["train"])


def made(pairs: Interactions, **options: Any) -> Ials:
    generator = torch.Generator().manual_seed(0)
    return Ials(IalsConfig(**{**OPTIONS, **options}), pairs, generator)


def objective(users: Tensor, items: Tensor, pairs: Interactions, config: IalsConfig) -> Tensor:
    """The loss over every pair, as it is written."""
    scores = users @ items.T
    observed = (1 - scores[pairs.users, pairs.items]).square().sum()
    everything = config.unobserved_weight * scores.square().sum()
    of_users = pairs.user_degrees + config.unobserved_weight * pairs.num_items
    of_items = pairs.item_degrees + config.unobserved_weight * pairs.num_users
    norms = sum(
        (weights.double() ** config.frequency_exponent * vectors.square().sum(1)).sum()
        for weights, vectors in ((of_users, users), (of_items, items))
    )
    return observed + everything + config.regularisation * norms


def naive_solve(pairs: Interactions, others: np.ndarray, config: IalsConfig) -> np.ndarray:
    solved = np.zeros((pairs.num_users, others.shape[1]))
    for row in range(pairs.num_users):
        own = others[pairs.items[pairs.users == row].numpy()]
        weight = len(own) + config.unobserved_weight * len(others)
        system = own.T @ own + config.unobserved_weight * others.T @ others
        system += config.regularisation * weight**config.frequency_exponent * np.eye(others.shape[1])
        solved[row] = np.linalg.solve(system, own.sum(0))
    return solved


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0])
def test_equals_a_loop(exponent: float) -> None:
    pairs = train_pairs()
    model = made(pairs, iterations=3, frequency_exponent=exponent)
    items = model.items.double().numpy()
    model.fit()
    turned = Interactions.from_pairs(pairs.items, pairs.users, pairs.num_items, pairs.num_users)
    for _ in range(3):
        users = naive_solve(pairs, items, model.config)
        items = naive_solve(turned, users, model.config)
    np.testing.assert_allclose(model.users, users, atol=1e-4)
    np.testing.assert_allclose(model.items, items, atol=1e-4)


def test_at_the_end_nothing_pulls_on_the_items() -> None:
    pairs = train_pairs()
    model = made(pairs, iterations=2)
    model.fit()
    users, items = model.users.double(), model.items.double().requires_grad_()
    objective(users, items, pairs, model.config).backward()
    assert items.grad is not None
    assert items.grad.abs().max() < 1e-4


def test_the_objective_falls_with_every_iteration() -> None:
    pairs = train_pairs()
    values = []
    for iterations in (1, 2, 4, 8):
        model = made(pairs, iterations=iterations)
        model.fit()
        values.append(float(objective(model.users.double(), model.items.double(), pairs, model.config)))
    assert values == sorted(values, reverse=True)
    assert values[0] > values[-1] + 1e-3


def test_blocks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = train_pairs()
    whole, parts = made(pairs, iterations=2), made(pairs, iterations=2)
    whole.fit()
    monkeypatch.setattr(ials, "BLOCK_BYTES", 1)
    parts.fit()
    torch.testing.assert_close(whole.items, parts.items, atol=1e-4, rtol=1e-3)


def test_rows_without_pairs_are_zero() -> None:
    pairs = Interactions.from_pairs(torch.tensor([0, 0, 2]), torch.tensor([0, 1, 1]), 3, 4)
    model = made(pairs)
    model.fit()
    assert model.users[1].abs().sum() == 0
    assert model.items[2:].abs().sum() == 0
    assert model.users[0].abs().sum() > 0


@pytest.mark.parametrize("regularisation", [0.05, 1.0])
def test_equals_the_library_implicit(regularisation: float) -> None:
    """Hu et al. want c (1 - s)² of a pair, which is (c - 1) (t - s)² + s² with t = c / (c - 1), up to a constant.

    With c = 1 + 1/α that is our objective, divided by α, of scores t times as large; so is λ.
    """
    library = pytest.importorskip("implicit.als", reason="pip install implicit")
    import scipy.sparse as sp

    alpha, target = 0.2, 1.2
    pairs = train_pairs()
    model = made(pairs, iterations=5, frequency_exponent=0.0, regularisation=regularisation)
    other = library.AlternatingLeastSquares(
        factors=6,
        regularization=regularisation * target / alpha,
        alpha=1.0,
        iterations=5,
        use_native=False,
        use_cg=False,
        use_gpu=False,
        num_threads=1,
        dtype=np.float64,
        random_state=0,
    )
    history = sp.csr_matrix(
        (np.full(len(pairs), 1 + 1 / alpha), (pairs.users.numpy(), pairs.items.numpy())),
        shape=(pairs.num_users, pairs.num_items),
    )
    other.user_factors = model.users.double().numpy().copy()
    other.item_factors = model.items.double().numpy() * target**0.5
    other.fit(history, show_progress=False)
    model.fit()
    ours, theirs = target * model.users @ model.items.T, other.user_factors @ other.item_factors.T
    np.testing.assert_allclose(ours, theirs, atol=1e-4)
