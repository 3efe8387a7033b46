"""Similarity of items by source, against plain loops; the graph and the models that use it."""

from __future__ import annotations

from dataclasses import replace
from math import log, sqrt
from typing import Any

import numpy as np
import pytest
import torch

from export.snapshot import Selection, Snapshot
from model.hybrid import Hybrid, HybridConfig
from model.interactions import Interactions
from model.kernels.adjacency import SymmetricAdjacency
from model.rivals.ease import Ease, EaseConfig
from model.side_information import SideInformation
from model.similarity_graph import similarity_graph
from model.spike.config import SpikeConfig
from model.spike.model import Spike
from spikegraph.errors import DataError, UsageError
from tests.support.snapshots import random_snapshot, with_similarity

GENERATOR_SEED = 0


def entities_of(snapshot: Snapshot, relations: set[int]) -> list[set[int]]:
    linked: list[set[int]] = [set() for _ in range(snapshot.num_items)]
    for head, tail, kind in zip(*snapshot.edge_index.tolist(), snapshot.edge_type.tolist(), strict=True):
        for item, other in ((head, tail), (tail, head)):
            if kind in relations and item < snapshot.num_items:
                linked[item].add(other)
    return linked


def cosine_by_loop(linked: list[set[int]], left: int, right: int) -> float:
    carriers = {entity: sum(entity in other for other in linked) for own in linked for entity in own}
    weights = {entity: 1 + log(len(linked) / count) for entity, count in carriers.items()}
    norms = [sqrt(sum(weights[entity] ** 2 for entity in linked[item])) for item in (left, right)]
    shared = sum(weights[entity] ** 2 for entity in linked[left] & linked[right])
    return shared / (norms[0] * norms[1]) if shared else 0.0


def test_items_are_compared_by_each_source_and_the_sources_added() -> None:
    snapshot = random_snapshot(num_items=12, num_entities=24)
    sources = {"profiles": 2.0, "RELATION_1": 3.0, "relations": 0.5}
    found = SideInformation(snapshot, sources).similarities(0, 12).numpy()
    assert snapshot.entity_profile is not None
    texts = snapshot.entity_profile[:12]
    own, others = entities_of(snapshot, {1}), entities_of(snapshot, {0, 2})
    for left in range(12):
        for right in range(12):
            text = float(texts[left] @ texts[right] / np.linalg.norm(texts[left]) / np.linalg.norm(texts[right]))
            expected = 2 * text + 3 * cosine_by_loop(own, left, right) + 0.5 * cosine_by_loop(others, left, right)
            assert found[left, right] == pytest.approx(expected, abs=1e-5)


def test_neighbours_are_the_best_others_and_share_something() -> None:
    snapshot = random_snapshot(num_items=12, num_entities=24)
    side = SideInformation(snapshot, {"relations": 1.0})
    all_pairs = side.similarities(0, 12).numpy()
    near = side.neighbours(5)
    for item in range(12):
        expected = sorted((-all_pairs[item, other], other) for other in range(12) if other != item)
        expected = [(score, other) for score, other in expected if score < 0][:5]
        assert near.rows[item, : len(expected)].tolist() == [other for _, other in expected]
        assert (near.rows[item, len(expected) :] == -1).all()


def test_an_unknown_source_is_named_and_missing_profiles_are_done_without() -> None:
    with pytest.raises(UsageError, match="no source 'HAS_MOOD'") as caught:
        SideInformation(random_snapshot(), {"HAS_MOOD": 1.0})
    assert "RELATION_0" in str(caught.value.hint)
    bare = random_snapshot(profile_dim=None)
    both, one = (
        SideInformation(bare, sources) for sources in ({"profiles": 1.0, "relations": 1.0}, {"relations": 1.0})
    )
    assert torch.equal(both.similarities(0, 40), one.similarities(0, 40))


def test_the_similarity_graph_is_symmetric_and_scaled_by_degrees() -> None:
    pairs = np.array([[0, 0, 1, 3, 2], [1, 2, 0, 0, 0]])
    dense = np.zeros((5, 5))
    for left, right in pairs.T:
        dense[left, right] = dense[right, left] = 1
    degrees = np.maximum(dense.sum(1), 1)
    expected = dense / np.sqrt(degrees[:, None] * degrees[None, :])
    values = torch.randn(5, 3, generator=torch.Generator().manual_seed(0), requires_grad=True)
    received = SymmetricAdjacency(torch.from_numpy(pairs), 5)(values)
    np.testing.assert_allclose(received.detach().numpy(), expected @ values.detach().numpy(), atol=1e-6)
    received.sum().backward()
    np.testing.assert_allclose(values.grad, expected.sum(0)[:, None].repeat(3, axis=1), atol=1e-6)


def test_a_snapshot_without_similarity_says_how_to_get_it() -> None:
    with pytest.raises(UsageError, match="no similarity of items") as caught:
        similarity_graph(random_snapshot())
    assert "spikegraph similarity random" in str(caught.value.hint)


def test_a_similarity_that_leads_to_no_item_is_refused() -> None:
    similar = with_similarity(random_snapshot(), neighbours=3)
    edges = similar.edge_index.copy()
    edges[1, -1] = similar.num_items
    with pytest.raises(DataError, match="no item"):
        similarity_graph(replace(similar, edge_index=edges))


def spike(snapshot: Snapshot, **options: Any) -> Spike:
    pairs = Interactions.from_snapshot(snapshot, ["train"])
    config = SpikeConfig(**{"dimensions": 8, "profile_dimensions": None, **options})
    return Spike(config, snapshot, pairs, torch.Generator().manual_seed(GENERATOR_SEED))


def test_similar_items_send_messages_and_leave_the_attention() -> None:
    bare = random_snapshot()
    similar = with_similarity(bare, neighbours=3)
    heard = spike(similar, similar_items="heard", users_send_messages=True)
    assert len(heard.encoder.knowledge) == len(spike(bare).encoder.knowledge)
    assert len(spike(similar).encoder.knowledge) > len(heard.encoder.knowledge)
    deaf = spike(replace(similar, edge_type=np.zeros_like(similar.edge_type)), similar_items="heard")
    assert len(deaf.encoder.similar.structure) == 0  # type: ignore[union-attr,arg-type]  # made above
    assert torch.isfinite(deaf.encode().items).all()


def test_without_a_share_the_knowledge_graph_is_not_heard() -> None:
    similar = with_similarity(random_snapshot(), neighbours=3)
    options = {"similar_items": "heard", "attention_share": 0.0, "users_send_messages": True}
    model = spike(similar, **options)
    rewired = replace(similar, edge_index=similar.edge_index.copy())
    known = rewired.edge_type < rewired.num_knowledge_relations
    rewired.edge_index[1, known] = np.roll(rewired.edge_index[1, known], 1)
    other = spike(rewired, **options)
    other.load_state_dict(model.state_dict(), strict=False)
    assert torch.equal(model.encode().items, other.encode().items)


def test_ease_with_side_information_solves_its_problem() -> None:
    """B minimises tr((I - B)ᵀ (XᵀX + S) (I - B)) + λ‖B‖² with a zero diagonal."""
    snapshot = random_snapshot()
    pairs = Interactions.from_snapshot(snapshot, ["train"])
    sources = {"profiles": 4.0, "relations": 2.0}
    model = Ease.build(EaseConfig(regularisation=3.0, side=sources), snapshot, pairs, torch.Generator())
    model.fit()
    history, columns = (part.double() for part in model.encode())
    gram = history.T @ history + SideInformation(snapshot, sources).similarities(0, 40).double()
    gradient = gram @ (columns.T - torch.eye(40)) + 3.0 * columns.T
    gradient.fill_diagonal_(0)
    assert gradient.abs().max() < 1e-4


def test_ease_says_which_items_speak_for_each_other() -> None:
    snapshot = random_snapshot()
    model = Ease(EaseConfig(regularisation=3.0), Interactions.from_snapshot(snapshot, ["train"]))
    model.fit()
    near = model.similar_items(4, model.encode())
    for item, (rows, scores) in enumerate(zip(near.rows, near.scores, strict=True)):
        listed = rows >= 0
        assert (scores[listed] > 0).all()
        np.testing.assert_allclose(scores[listed], model.weights[item, rows[listed]].numpy(), rtol=1e-6)


def hybrid(snapshot: Snapshot, share: float) -> Hybrid:
    config = HybridConfig(dimensions=8, profile_dimensions=None, ease_share=share, ease_regularisation=5.0)
    pairs = Interactions.from_snapshot(snapshot, ["train"])
    return Hybrid.build(config, snapshot, pairs, torch.Generator().manual_seed(GENERATOR_SEED))


def test_a_hybrid_adds_standardised_scores() -> None:
    snapshot = random_snapshot()
    alone, other = spike(snapshot).encode(), hybrid(snapshot, 1.0).encode()
    of_spike, of_ease = (part.users @ part.items.T for part in (alone, other))
    assert of_ease.std(dim=1).numpy() == pytest.approx(1.0, abs=1e-4)
    mixed = hybrid(snapshot, 0.3).encode()
    expected = 0.7 * of_spike / of_spike.std(dim=1, keepdim=True) + 0.3 * of_ease
    torch.testing.assert_close(mixed.users @ mixed.items.T, expected, atol=1e-4, rtol=1e-4)


def test_selection_names_the_similarity_runs() -> None:
    similar = with_similarity(random_snapshot(), neighbours=3)
    assert similar.manifest.selection == Selection(similarity_runs=("test",))
    assert similar.num_knowledge_relations == similar.num_relations - 1
