"""What every recommender must do; each model's tests are a short subclass of `ModelCase`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch

from export.snapshot import Snapshot
from model.evaluate import evaluate
from model.interactions import Interactions
from model.presets import DEFAULT_PRESET, PRESETS
from model.recommender import Recommender, Size
from model.registry import MODELS, build, configure
from model.runs.checkpoint import load_weights, save_weights
from model.runs.results import run_results
from model.runs.run_folder import RunRecord
from model.train import train
from spikegraph.errors import UsageError
from tests.support.snapshots import random_snapshot

CPU = torch.device("cpu")


class ModelCase:
    """A generic test of one model.

    Attributes:
        model: its name.
        options: model options that make it small.
        training: train options that make it quick.
        learning: train options that let it learn.
        better_than: the least validation recall@10 after training on the grouped snapshot (chance is about .3).
    """

    model: ClassVar[str]
    options: ClassVar[dict[str, Any]] = {}
    training: ClassVar[dict[str, Any]] = {}
    learning: ClassVar[dict[str, Any]] = {}
    better_than: ClassVar[float] = 0.55

    def made(self, snapshot: Snapshot, seed: int = 0) -> Recommender:
        _, options, _ = configure(self.model, None, self.options, self.training)
        return build(self.model, options, snapshot, Interactions.from_snapshot(snapshot, ["train"]), seed, CPU)

    def trained(self, snapshot: Snapshot, folder: Path, **more: Any) -> RunRecord:
        options = {"model_config": self.options, "train_config": self.training, **more}
        return train(snapshot, folder, model=self.model, **options)

    def test_has_presets_that_are_valid(self) -> None:
        assert DEFAULT_PRESET in PRESETS[self.model]
        for preset in PRESETS[self.model]:
            assert configure(self.model, preset, {}, {})[0] == preset

    def test_refuses_an_option_it_does_not_know(self) -> None:
        with pytest.raises(UsageError, match="'nonsense' is not an option"):
            configure(self.model, None, {"nonsense": 1}, {})

    def test_embeddings_have_their_shape_and_are_finite(self) -> None:
        snapshot = random_snapshot()
        users, items = self.made(snapshot).encode()
        assert users.shape == (snapshot.num_users, items.shape[1])
        assert len(items) == snapshot.num_items
        assert torch.isfinite(users.to_dense()).all()
        assert torch.isfinite(items.to_dense()).all()
        assert not users.requires_grad

    def test_weights_survive_a_file(self, tmp_path: Path) -> None:
        snapshot = random_snapshot()
        self.trained(snapshot, tmp_path / "run")
        one, two = self.made(snapshot), self.made(snapshot, seed=1)
        load_weights(tmp_path / "run" / "best.safetensors", one)
        save_weights(tmp_path / "again", one)
        load_weights(tmp_path / "again", two)
        for left, right in zip(one.encode(), two.encode(), strict=True):
            assert torch.equal(left.to_dense(), right.to_dense())

    def test_learns(self, tmp_path: Path) -> None:
        record = self.trained(random_snapshot(num_users=120, per_user=10), tmp_path, train_config=self.learning)
        assert record.metrics["valid"]["recall@10"] > self.better_than

    def test_a_seed_decides_everything(self, tmp_path: Path) -> None:
        snapshot = random_snapshot()
        for number in range(2):
            self.trained(snapshot, tmp_path / str(number), seed=3)
        one, two = (run_results(tmp_path / str(number), snapshot) for number in range(2))
        np.testing.assert_array_equal(one.recommendations.rows, two.recommendations.rows)
        np.testing.assert_array_equal(one.recommendations.scores, two.recommendations.scores)

    def test_final_reading(self, tmp_path: Path) -> None:
        snapshot = random_snapshot()
        self.trained(snapshot, tmp_path)
        record = evaluate(tmp_path, snapshot, final=True)
        assert record.refits == {"final": ("train", "valid")}
        assert len(record.test_readings) == 1
        assert 0 <= record.metrics["test"]["recall@20"] <= 1

    def test_users_without_items_and_items_without_users(self, tmp_path: Path) -> None:
        snapshot = random_snapshot()
        train_pairs = snapshot.interactions["train"]
        kept = (train_pairs[0] != 2) & (train_pairs[1] != 7)
        sparse = replace(snapshot, interactions={**snapshot.interactions, "train": train_pairs[:, kept]})
        assert np.isfinite(self.trained(sparse, tmp_path).metrics["valid"]["recall@20"])
        lists = run_results(tmp_path, sparse, top_n=40).recommendations
        assert len(set(lists.rows[2].tolist())) == snapshot.num_items

    @pytest.mark.parametrize("change", [{"profile_dim": None}, {"num_relations": 0}, {"num_relations": 1}])
    def test_poor_snapshots(self, change: dict[str, Any], tmp_path: Path) -> None:
        record = self.trained(random_snapshot(**change), tmp_path)
        assert np.isfinite(record.metrics["valid"]["ndcg@20"])

    def test_forecasts_memory_that_grows(self) -> None:
        _, options, _ = configure(self.model, None, self.options, self.training)
        size = Size.of(random_snapshot(), 1000, 64)
        small = MODELS[self.model].forecast_bytes(options, size)
        large = MODELS[self.model].forecast_bytes(options, replace(size, items=10**6, interactions=10**7))
        assert 0 < small < large

    def test_results(self, tmp_path: Path) -> None:
        snapshot = random_snapshot()
        self.trained(snapshot, tmp_path)
        results = run_results(tmp_path, snapshot, top_n=5, similar=4)
        assert results.weights == "best"
        assert results.recommendations.rows.shape == (snapshot.num_users, 5)
        pairs = set(zip(*snapshot.interactions["train"].tolist(), strict=True))
        for user, row in enumerate(results.recommendations.rows.tolist()):
            assert not any((user, item) in pairs for item in row)
        has_vectors = MODELS[self.model].has_vectors
        assert (results.item_vectors is not None) == has_vectors
        if results.similar_items is not None:
            assert results.similar_items.rows.shape == (snapshot.num_items, 4)
