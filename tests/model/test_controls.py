"""Controls: what they take away or move, and that everything else of a run stays."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from export.snapshot import Snapshot, check
from model.controls import CONTROLS, NO_CONTROL, controlled
from model.evaluate import evaluate
from model.runs.results import run_results
from model.runs.run_folder import RunFolder, RunIdentity, RunRecord
from model.runs.saved import load_recommender, open_run
from model.train import train
from spikegraph.errors import UsageError
from tests.support.snapshots import random_snapshot

SMALL: dict[str, Any] = {"dimensions": 8, "profile_dimensions": 6}
QUICK: dict[str, Any] = {"epochs": 2, "evaluate_every": 1}


def change(snapshot: Snapshot, control: str, seed: int = 0) -> Snapshot:
    return controlled(snapshot, control, torch.Generator().manual_seed(seed))


def with_similarity(snapshot: Snapshot) -> Snapshot:
    """The last relation is that of a similarity run."""
    selection = snapshot.manifest.selection.model_copy(update={"similarity_runs": ("one",)})
    return replace(snapshot, manifest=snapshot.manifest.model_copy(update={"selection": selection}))


def run(folder: Path, control: str, **more: Any) -> RunRecord:
    options = {"model": "spike", "model_config": SMALL, "train_config": QUICK, "device": "cpu", **more}
    return train(random_snapshot(), folder, control=control, **options)


def rows(matrix: np.ndarray | None) -> list[list[float]]:
    assert matrix is not None
    return sorted(matrix.tolist())


@pytest.mark.parametrize("control", [NO_CONTROL, *CONTROLS])
def test_what_comes_out_is_a_whole_snapshot_with_the_same_rows(control: str) -> None:
    snapshot = with_similarity(random_snapshot())
    changed = change(snapshot, control)
    check(changed, control)
    assert changed.users is snapshot.users
    assert changed.entities is snapshot.entities
    assert changed.interactions is snapshot.interactions


@pytest.mark.parametrize("control", CONTROLS)
def test_the_snapshot_that_goes_in_stays_as_it_is(control: str) -> None:
    snapshot = with_similarity(random_snapshot())
    before = snapshot.content_hash()
    change(snapshot, control)
    assert snapshot.content_hash() == before


def test_without_profiles_there_are_no_vectors() -> None:
    changed = change(random_snapshot(), "no-profiles")
    assert changed.user_profile is None
    assert changed.entity_profile is None
    assert len(changed.edge_type)


@given(seed=st.integers(0, 2**31))
@settings(max_examples=20, deadline=None)
def test_shuffled_profiles_are_a_permutation_within_each_kind(seed: int) -> None:
    snapshot = random_snapshot()
    changed = change(snapshot, "shuffled-profiles", seed)
    items = snapshot.num_items
    assert snapshot.entity_profile is not None
    assert changed.entity_profile is not None
    assert rows(changed.user_profile) == rows(snapshot.user_profile)
    for part in (slice(items), slice(items, None)):
        assert rows(changed.entity_profile[part]) == rows(snapshot.entity_profile[part])
        assert not np.array_equal(changed.entity_profile[part], snapshot.entity_profile[part])
    assert changed.entity_profile.dtype == np.float32


def test_without_text_vectors_there_is_nothing_to_shuffle() -> None:
    assert change(random_snapshot(profile_dim=None), "shuffled-profiles").user_profile is None


def test_without_a_graph_there_are_no_triples() -> None:
    changed = change(with_similarity(random_snapshot()), "no-graph")
    assert changed.edge_index.shape == (2, 0)
    assert changed.edge_type.shape == (0,)


def test_without_similarity_the_knowledge_stays() -> None:
    snapshot = with_similarity(random_snapshot())
    changed = change(snapshot, "no-similarity")
    knowledge = snapshot.edge_type < 2
    np.testing.assert_array_equal(changed.edge_index, snapshot.edge_index[:, knowledge])


def degrees(snapshot: Snapshot, end: int) -> np.ndarray:
    """Triples of each node and relation at one end: [R, E]."""
    counts = np.zeros((snapshot.num_relations, snapshot.num_entities), dtype=int)
    np.add.at(counts, (snapshot.edge_type, snapshot.edge_index[end]), 1)
    return counts


@given(seed=st.integers(0, 2**31))
@settings(max_examples=20, deadline=None)
def test_a_shuffled_graph_keeps_the_degrees_of_both_ends(seed: int) -> None:
    snapshot = random_snapshot(num_users=3, num_items=100, num_entities=150)
    changed = change(snapshot, "shuffled-graph", seed)
    for end in (0, 1):
        np.testing.assert_array_equal(degrees(changed, end), degrees(snapshot, end))
    np.testing.assert_array_equal(changed.edge_index[0], snapshot.edge_index[0])
    for relation in range(snapshot.num_relations):
        of = snapshot.edge_type == relation
        assert (changed.edge_index[1, of] == snapshot.edge_index[1, of]).mean() < 0.5


def test_shuffled_similarity_leaves_the_knowledge() -> None:
    snapshot = with_similarity(random_snapshot())
    changed = change(snapshot, "shuffled-similarity")
    knowledge = snapshot.edge_type < 2
    np.testing.assert_array_equal(changed.edge_index[:, knowledge], snapshot.edge_index[:, knowledge])
    assert not np.array_equal(changed.edge_index[1, ~knowledge], snapshot.edge_index[1, ~knowledge])
    for end in (0, 1):
        np.testing.assert_array_equal(degrees(changed, end), degrees(snapshot, end))


@pytest.mark.parametrize("control", ["shuffled-profiles", "shuffled-graph"])
def test_a_seed_decides_the_permutation(control: str) -> None:
    one, two, other = (change(random_snapshot(), control, seed) for seed in (3, 3, 4))
    assert one.content_hash() == two.content_hash() != other.content_hash()


def test_an_unknown_control_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no control 'nonsense'") as caught:
        run(tmp_path / "run", "nonsense")
    assert "shuffled-graph" in str(caught.value.hint)
    assert not (tmp_path / "run").exists()


def test_a_run_keeps_its_control_and_its_snapshot(tmp_path: Path) -> None:
    snapshot = random_snapshot()
    record = run(tmp_path, "shuffled-graph")
    assert record.identity.control == record.summary()["control"] == "shuffled-graph"
    assert record.identity.snapshot == snapshot.content_hash()
    for control in (NO_CONTROL, "no-graph"):
        with pytest.raises(UsageError, match="control is 'shuffled-graph'"):
            run(tmp_path, control, resume=True)
    assert run(tmp_path, "shuffled-graph", resume=True) == record


def test_a_run_without_the_field_had_no_control() -> None:
    written = {"snapshot": "0", "model": "ease", "preset": "recommended", "seed": 0}
    assert RunIdentity.model_validate({**written, "model_options": {}, "train_options": {}}).control == NO_CONTROL


def test_saved_weights_meet_the_control_they_were_trained_with(tmp_path: Path) -> None:
    """Scores from the file are those of training: the same permutation is drawn, in every refit too."""
    snapshot = random_snapshot()
    record = run(tmp_path, "shuffled-graph")
    assert evaluate(tmp_path, snapshot).metrics["valid"] == record.metrics["valid"]
    final = evaluate(tmp_path, snapshot, final=True)
    assert final.refits == {"final": ("train", "valid")}
    folder, record, snapshot = open_run(tmp_path, snapshot)
    controlled_scores = load_recommender(folder, record, snapshot, "best").encode()
    plain = record.model_copy(update={"identity": record.identity.model_copy(update={"control": NO_CONTROL})})
    assert not torch.equal(load_recommender(folder, plain, snapshot, "best").encode().items, controlled_scores.items)
    assert run_results(tmp_path, snapshot).recommendations.rows.shape == (30, 20)


@pytest.mark.parametrize("control", CONTROLS)
def test_every_control_can_be_trained_and_read(control: str, tmp_path: Path) -> None:
    record = run(tmp_path, control)
    assert np.isfinite(record.metrics["valid"]["recall@20"])
    assert RunFolder(tmp_path).read() == record
