"""Every registered model passes the generic case."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch.nn import functional

from model.config import TrainConfig
from model.hybrid import Hybrid
from model.interactions import Interactions
from model.presets import PRESETS
from model.registry import MODELS, build, configure
from model.rivals.ease import Ease, EaseConfig
from model.rivals.popularity import Popularity
from model.spike.model import Spike
from spikegraph.errors import UsageError
from tests.support.model_case import ModelCase
from tests.support.snapshots import random_snapshot

QUICK = {"epochs": 3, "evaluate_every": 1}
LEARNING = {"epochs": 12, "evaluate_every": 4, "learning_rate": 0.02}


class TestSpike(ModelCase):
    model = "spike"
    options = {"dimensions": 16, "profile_dimensions": 6}  # noqa: RUF012  # a constant of the case
    training = QUICK
    learning = LEARNING


class TestLightGcn(ModelCase):
    model = "lightgcn"
    options = {"dimensions": 16, "layers": 2}  # noqa: RUF012  # a constant of the case
    training = QUICK
    learning = LEARNING


class TestHybrid(ModelCase):
    model = "hybrid"
    options = {"dimensions": 16, "profile_dimensions": 6, "similar_items": "ignored"}  # noqa: RUF012  # a constant of the case
    training = QUICK
    learning = LEARNING


class TestEase(ModelCase):
    model = "ease"
    options = {"regularisation": 5.0}  # noqa: RUF012  # a constant of the case


class TestItemKnn(ModelCase):
    model = "item-knn"
    options = {"neighbours": 30, "shrinkage": 1.0}  # noqa: RUF012  # a constant of the case


class TestIals(ModelCase):
    model = "ials"
    options = {"dimensions": 8, "iterations": 4, "regularisation": 0.05}  # noqa: RUF012  # a constant of the case


class TestPopularity(ModelCase):
    model = "popularity"
    better_than = 0.2


def test_no_model_lacks_its_case() -> None:
    assert {case.model for case in ModelCase.__subclasses__()} == set(MODELS) == set(PRESETS)


def test_unknown_names_say_what_exists() -> None:
    with pytest.raises(UsageError, match="no model 'svd'") as caught:
        configure("svd", None, {}, {})
    assert "lightgcn" in str(caught.value)
    with pytest.raises(UsageError, match="no preset 'best'"):
        configure("ease", "best", {}, {})


def test_a_value_that_is_not_allowed_is_named() -> None:
    with pytest.raises(UsageError, match="'layers'"):
        configure("spike", None, {"layers": -1}, {})
    with pytest.raises(UsageError, match="attention_heads must divide"):
        configure("spike", None, {"dimensions": 9}, {})


def test_a_hybrid_gives_the_graph_the_points_of_its_spike() -> None:
    snapshot = random_snapshot()
    pairs = Interactions.from_snapshot(snapshot, ["train"])
    options = {**TestHybrid.options, "objective": "bpr"}
    model = build("hybrid", configure("hybrid", None, options, {})[1], snapshot, pairs, 0, torch.device("cpu"))
    assert isinstance(model, Hybrid)
    found = model.vectors(model.encode())
    for ours, spike in zip(found, Spike.encode(model), strict=True):
        torch.testing.assert_close(functional.normalize(ours, dim=1), functional.normalize(spike, dim=1))


def test_popularity_counts() -> None:
    pairs = Interactions.from_snapshot(random_snapshot(), ["train"])
    model = Popularity(pairs)
    model.fit()
    users, items = model.encode()
    assert torch.equal((users @ items.T)[0], pairs.item_degrees.float())


def test_ease_solves_its_problem() -> None:
    """B minimises ‖X - XB‖² + λ‖B‖² with a zero diagonal: off the diagonal the gradient vanishes."""
    pairs = Interactions.from_snapshot(random_snapshot(), ["train"])
    model = Ease(EaseConfig(regularisation=3.0), pairs)
    model.fit()
    history, columns = model.encode()
    weights = columns.T.double()
    matrix = history.double()
    gradient = matrix.T @ (matrix @ weights - matrix) + 3.0 * weights
    gradient.fill_diagonal_(0)
    assert gradient.abs().max() < 1e-4
    assert weights.diagonal().abs().max() == 0


def test_ease_in_single_precision_is_close() -> None:
    pairs = Interactions.from_snapshot(random_snapshot(), ["train"])
    models = [Ease(EaseConfig(precision=precision), pairs) for precision in ("float32", "float64")]
    for model in models:
        model.fit()
    torch.testing.assert_close(models[0].weights, models[1].weights, atol=1e-5, rtol=1e-3)


def test_the_guide_names_every_option() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "model.md").read_text(encoding="utf-8")
    options = {name for kind in MODELS.values() for name in kind.config_type.model_fields} | set(
        TrainConfig.model_fields
    )
    assert [name for name in sorted(options) if f"`{name}`" not in guide] == []
