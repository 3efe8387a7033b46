"""The invariants of spike.md §7.2 that set the presets apart: each holds where it should, and fails elsewhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from export.snapshot import Snapshot
from model import losses
from model.presets import PRESETS
from model.spike.model import Spike
from tests.model.test_spike_invariants import EXACT, batch_of, same_weights, scores, snapshot, spike

AS_PUBLISHED = ("recommended", "code", "figure")


def of_preset(name: str, data: Snapshot | None = None, **options: Any) -> Spike:
    model = {**PRESETS["spike"][name].model, "dimensions": 8, "min_entity_degree": 0, "profile_dimensions": None}
    return spike(data, **{**model, **options})


def noise(rows: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.random.default_rng(9).normal(size=(rows, 8)).astype(np.float32)


def gradients(model: Spike, generator: torch.Generator, names: list[str], part: str | None = None) -> list[Tensor]:
    parts = model.loss(batch_of(model, snapshot()), generator)
    total = parts[part] if part else torch.stack(list(parts.values())).sum()
    weights = [dict(model.named_parameters())[name] for name in names]
    found = torch.autograd.grad(total, weights, allow_unused=True)
    return [torch.zeros_like(w) if g is None else g for w, g in zip(weights, found, strict=True)]


@pytest.mark.parametrize("name", AS_PUBLISHED)
def test_1_without_injection_the_texts_do_not_matter(name: str) -> None:
    texts = snapshot(user_profile=noise(14), entity_profile=noise(30))
    off = of_preset(name, profile_weight=0.0)
    assert torch.equal(scores(off), scores(same_weights(off, of_preset(name, texts, profile_weight=0.0))))


@pytest.mark.parametrize(("name", "inert"), [("recommended", True), ("code", True), ("figure", False)])
def test_2_user_texts_reach_the_scores_in_the_figure_only(name: str, inert: bool) -> None:
    model = of_preset(name)
    other = same_weights(model, of_preset(name, snapshot(user_profile=noise(14))))
    assert torch.equal(scores(model), scores(other)) == inert
    changed = same_weights(model, of_preset(name, snapshot(entity_profile=noise(30))))
    assert (scores(model) - scores(changed)).abs().max() > 1e-3


@pytest.mark.parametrize("name", AS_PUBLISHED)
def test_3_and_21_outputs_and_scores_are_bounded(name: str) -> None:
    model = of_preset(name)
    embedding = model.encoder.embedding.detach()
    assert (torch.cat(model.nodes()) - embedding).norm(dim=1).max() <= 2 + 1e-9
    users, items = 2 + embedding[:14].norm(dim=1), 2 + embedding[14 : 14 + 18].norm(dim=1)
    assert (scores(model).abs() <= users[:, None] * items[None] + 1e-9).all()


@pytest.mark.parametrize("name", AS_PUBLISHED)
def test_6_who_receives_nothing_keeps_the_embedding(name: str) -> None:
    data = snapshot(edge_index=np.array([[0], [18]]), edge_type=np.array([0]))
    pairs = data.interactions["train"]
    kept = (pairs[0] != 5) & (pairs[1] != 3)
    model = of_preset(name, replace(data, interactions={**data.interactions, "train": pairs[:, kept]}))
    users, entities = model.nodes()
    assert torch.equal(users[5], model.encoder.embedding[5])
    assert torch.equal(entities[3], model.encoder.embedding[14 + 3])


@pytest.mark.parametrize(("name", "alone"), [("recommended", True), ("code", True), ("figure", False)])
def test_8_users_reach_entities_in_the_figure_only(name: str, alone: bool) -> None:
    model = of_preset(name)
    (gradient,) = torch.autograd.grad(model.nodes()[1].square().sum(), model.encoder.embedding)
    assert (gradient[:14].abs().sum() == 0) == alone


@pytest.mark.parametrize("name", AS_PUBLISHED)
def test_9_and_10_the_order_of_triples_and_the_sign_of_the_projection_are_irrelevant(name: str) -> None:
    data, model = snapshot(), of_preset(name)
    order = np.random.default_rng(4).permutation(len(data.edge_type))
    shuffled = replace(data, edge_index=data.edge_index[:, order], edge_type=data.edge_type[order])
    other = same_weights(model, of_preset(name, shuffled))
    torch.testing.assert_close(scores(other), scores(model), **EXACT)
    other.encoder.projection.data.neg_()
    torch.testing.assert_close(scores(other), scores(model), **EXACT)


@pytest.mark.parametrize(("name", "silent"), [("recommended", True), ("code", True), ("figure", False)])
def test_14_bpr_reaches_the_user_texts_in_the_figure_only(name: str, silent: bool) -> None:
    model = of_preset(name)
    batch = batch_of(model, snapshot())
    users, entities = model.nodes()
    loss = losses.bpr(users[batch.users], entities[batch.positives], entities[batch.negatives])
    networks = model.user_profiles, model.entity_profiles
    weights = [network.hidden.weight for network in networks if network is not None]
    of_users, of_entities = torch.autograd.grad(loss, weights, allow_unused=True)
    assert (of_users is None or of_users.abs().sum() == 0) == silent
    assert of_entities.abs().sum() > 0


@pytest.mark.parametrize(("name", "exact"), [("recommended", True), ("code", False), ("figure", True)])
def test_15_removal_leaves_noise_in_the_code_only(name: str, exact: bool) -> None:
    model = of_preset(name, layers=0)
    passes = model._training_passes(torch.Generator().manual_seed(0))
    final = torch.cat(model._final(passes[0], passes[1], torch.Generator().manual_seed(1)))
    rest = (final - model.encoder.embedding).detach().abs().max()
    assert (rest == 0) == exact
    assert exact or rest > 1e-3


@pytest.mark.parametrize(("name", "trained"), [("recommended", True), ("code", False), ("figure", True)])
def test_16_the_last_relation_is_never_trained_in_the_code(name: str, trained: bool) -> None:
    model, generator = of_preset(name, rationale_edges=2), torch.Generator().manual_seed(0)
    for _ in range(5):
        (gradient,) = gradients(model, generator, ["encoder.relation"])
        assert (gradient[-1].abs().sum() > 0) == trained
        assert gradient[0].abs().sum() > 0


@pytest.mark.parametrize(("name", "counts"), [("recommended", True), ("code", False), ("figure", True)])
def test_16_the_weight_of_l2_means_nothing_in_the_code(name: str, counts: bool) -> None:
    found = [
        gradients(of_preset(name, l2_weight=weight), torch.Generator().manual_seed(0), ["encoder.embedding"])[0]
        for weight in (1e-5, 1e3)
    ]
    assert torch.equal(*found) != counts


@pytest.mark.parametrize("name", AS_PUBLISHED)
def test_18_half_of_every_relation_is_sampled(name: str) -> None:
    encoder = of_preset(name, drop_rationale_edges=False).encoder
    sizes = torch.tensor(encoder.knowledge.type_sizes)
    generator, never = torch.Generator().manual_seed(0), len(sizes) - 1
    for _ in range(3):
        sampled = encoder._sampled_knowledge(generator)
        kept = torch.bincount(encoder.knowledge.message_types[sampled.columns], minlength=len(sizes))
        expected = sizes // 2
        if name == "code":
            expected[never] = 0
        assert torch.equal(kept, expected)


@pytest.mark.parametrize(("name", "through_graph"), [("recommended", True), ("code", True), ("figure", False)])
def test_matching_is_on_the_inputs_in_the_figure_only(name: str, through_graph: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    (gradient,) = gradients(
        of_preset(name, match_ratio=0.5, rationale_edges=2), generator, ["encoder.projection"], "matching"
    )
    assert (gradient.abs().sum() > 0) == through_graph


def test_rationale_edges_are_left_out_in_training_only() -> None:
    encoder = of_preset("code", rationale_edges=6, graph_dropout=0.0).encoder
    whole = len(encoder.knowledge)
    assert len(encoder._sampled_knowledge(None)) == whole
    assert whole - 12 <= len(encoder._sampled_knowledge(torch.Generator().manual_seed(0))) <= whole - 6


def test_fewer_edges_than_rationale_edges_are_all_left_out() -> None:
    model = of_preset("code")
    assert len(model.encoder._sampled_knowledge(torch.Generator().manual_seed(0))) == 0
    assert all(torch.isfinite(part) for part in gradients(model, torch.Generator(), ["encoder.embedding"])[0].flatten())
