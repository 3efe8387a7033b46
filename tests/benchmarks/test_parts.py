"""The rivals of the benchmarks compute what ours computes, and the snapshots they run on are whole."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from benchmarks.evaluation import usual_way
from benchmarks.from_tables import snapshot_of
from benchmarks.matching import gradients, pairwise_matching, relative_difference
from benchmarks.negatives import loop_with_lists, loop_with_sets
from benchmarks.official.training import items_of_users
from benchmarks.synthetic import Shape, synthetic
from benchmarks.time_to_score import Reached, Watch
from export.snapshot import check
from ingest.tables import PROFILE_COLUMNS, Tables, empty
from model.interactions import Interactions
from model.ranking import mean_metrics, rank_per_user
from model.spike.matching import sampled_matching
from model.types import Embeddings

SHAPE = Shape(40, 60, 90, 3, 100, 400, None, valid_per_user=3)


def test_all_pairs_of_a_sample_give_the_same_loss_and_gradients() -> None:
    generator = torch.Generator().manual_seed(0)
    ends = [torch.randn(50, 4, generator=generator, dtype=torch.float64) for _ in range(2)]

    def of(loss: Any) -> tuple[torch.Tensor, ...]:
        return gradients(lambda z, q: loss(z, q, 0.3, 3, torch.Generator().manual_seed(1)), *ends)

    assert relative_difference(of(sampled_matching), of(pairwise_matching)) < 1e-12


def test_evaluation_with_loops_gives_the_same_metrics() -> None:
    seen, held_out = (Interactions.from_snapshot(synthetic(SHAPE), [split]) for split in ("train", "valid"))
    generator = torch.Generator().manual_seed(0)
    embeddings = Embeddings(*(torch.randn(count, 5, generator=generator) for count in (SHAPE.users, SHAPE.items)))
    of_users = [items_of_users(torch.stack([part.users, part.items])) for part in (seen, held_out)]
    users = held_out.user_degrees.nonzero().squeeze(1)
    ours = mean_metrics(rank_per_user(embeddings, seen, held_out))
    for name, value in usual_way(embeddings, users, of_users[0], of_users[1]).items():
        assert ours[name] == pytest.approx(value, abs=1e-12)


@pytest.mark.parametrize("loop", [loop_with_lists, loop_with_sets])
def test_loops_draw_items_that_a_user_has_not(loop: Any) -> None:
    drawn = loop([0, 1, 1], [{0, 1, 2}, {3}], 5)
    assert drawn[0] in {3, 4}
    assert all(item != 3 for item in drawn[1:])


def test_a_watch_ends_a_training_that_is_as_good_as_wanted() -> None:
    watch = Watch(0.3)
    watch(1, {"recall@20": 0.2})
    watch(2, {"recall@20": 0.1})
    assert (watch.best, watch.epoch) == (0.2, 1)
    with pytest.raises(Reached):
        watch(3, {"recall@20": 0.3})


def tables(profiles: pd.DataFrame) -> Tables:
    users = [f"user/{number}" for number in range(6)]
    keys = [f"entity/{number}" for number in range(8)]
    pairs = [(user, keys[(place + step) % 5]) for place, user in enumerate(users) for step in range(4)]
    return Tables(
        users=pd.DataFrame({"key": users, "name": users}),
        entities=pd.DataFrame({"key": keys, "name": keys, "label": "Thing", "is_item": [True] * 5 + [False] * 3}),
        triples=pd.DataFrame(
            [(keys[i], "KNOWS", keys[5 + i % 3]) for i in range(5)], columns=["head", "relation", "tail"]
        ),
        relations=pd.DataFrame({"type": ["KNOWS"], "name": ["knows"], "sentence": ["{head} knows {tail}"]}),
        interactions=pd.DataFrame(pairs, columns=["user", "item"]),
        profiles=profiles,
        label="Test",
        source="a test",
    )


def test_a_snapshot_of_tables_is_whole_and_every_node_has_a_vector() -> None:
    snapshot = snapshot_of(tables(empty(*PROFILE_COLUMNS)), "test", 4)
    check(snapshot, "test")
    assert snapshot.num_items == 5
    assert sum(part.shape[1] for part in snapshot.interactions.values()) == 24
    assert snapshot.edge_index.tolist() == [[0, 1, 2, 3, 4], [5, 6, 7, 5, 6]]
    assert snapshot.user_profile is not None
    assert (np.abs(snapshot.user_profile).sum(axis=1) > 0).all()


def test_profiles_take_the_place_of_facts() -> None:
    written = pd.DataFrame([("entity/1", "rock from the north", "m"), ("entity/3", "rock from the north", "m")])
    vectors = snapshot_of(tables(written.set_axis(PROFILE_COLUMNS, axis=1)), "test", 4).entity_profile
    assert vectors is not None
    np.testing.assert_allclose(vectors[1], vectors[3], atol=1e-6)
    assert np.abs(vectors[1] - vectors[0]).max() > 0.1
