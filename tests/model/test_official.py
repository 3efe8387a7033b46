"""The preset `code` computes what the released training step computes: values, gradients, and what it draws."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from benchmarks.official.data import Data, Settings
from benchmarks.official.model import NAMES, OfficialSpike
from export.snapshot import Snapshot
from model.batches import Batch, NegativeSampler
from model.interactions import Interactions
from model.presets import PRESETS
from model.spike.config import SpikeConfig
from model.spike.matching import matching
from model.spike.model import Spike
from model.spike.rationale import rationale_scores
from tests.model.test_spike_golden import FINAL_ENTITIES, FINAL_USERS, close, golden
from tests.model.test_spike_golden import example as golden_example
from tests.support.snapshots import random_snapshot

DRAWS = 600
QUIET = {"graph_dropout": 0.0, "message_dropout": 0.0, "profile_dropout": 0.0, "drop_rationale_edges": False}


@pytest.fixture(autouse=True)
def double_precision() -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def snapshot() -> Snapshot:
    return random_snapshot(num_users=14, num_items=18, num_entities=30)


def ours(data: Snapshot, **options: Any) -> Spike:
    config = SpikeConfig(**{**PRESETS["spike"]["code"].model, "dimensions": 8, **options})
    pairs = Interactions.from_snapshot(data, ["train"])
    return Spike(config, data, pairs, torch.Generator().manual_seed(0)).double()


def theirs(model: Spike, data: Snapshot, **settings: Any) -> OfficialSpike:
    pairs = Interactions.from_snapshot(data, ["train"])
    chosen = replace(Settings.without_noise(), dimensions=model.config.dimensions, **settings)
    rendering = OfficialSpike(Data.from_snapshot(data, pairs), chosen)
    rendering.data.user_texts.data = rendering.data.user_texts.double()
    rendering.data.entity_texts.data = rendering.data.entity_texts.double()
    return rendering.take(model.state_dict())


def batch_of(data: Snapshot) -> Batch:
    sampler = NegativeSampler(Interactions.from_snapshot(data, ["train"]))
    return next(sampler.epoch(64, torch.Generator().manual_seed(1)))


def same_gradients(model: Spike, loss: Tensor, rendering: OfficialSpike, other: Tensor) -> None:
    parameters = dict(model.named_parameters())
    found = torch.autograd.grad(loss, [parameters[NAMES[name]] for name, _ in rendering.named_parameters()])
    expected = torch.autograd.grad(other, list(rendering.parameters()))
    assert len(found) == len(parameters)
    for gradient, reference, name in zip(found, expected, NAMES, strict=True):
        assert reference.abs().max() > 0, name
        torch.testing.assert_close(gradient, reference, atol=1e-9, rtol=1e-6, msg=name)


def test_the_code_preset_has_the_released_switches_and_sizes() -> None:
    config, settings = SpikeConfig(**PRESETS["spike"]["code"].model), Settings()
    assert (config.dimensions, config.layers, config.attention_heads) == (64, 2, 2)
    assert (config.profile_weight, config.matching_weight) == (settings.profile_weight, settings.matching_weight)
    assert (config.match_ratio, config.match_repeats) == (settings.match_ratio, settings.match_repeats)
    assert config.rationale_edges == settings.rationale_edges
    drops = config.graph_dropout, config.message_dropout, config.profile_dropout
    assert drops == (settings.graph_dropout, settings.message_dropout, settings.profile_dropout)
    training = PRESETS["spike"]["code"].train
    assert (training["learning_rate"], training["batch_size"]) == (settings.learning_rate, settings.batch_size)


def test_evaluation_is_equal() -> None:
    data = snapshot()
    model = ours(data)
    for found, expected in zip(model.encode(), theirs(model, data).generate(), strict=True):
        torch.testing.assert_close(found, expected)


def test_losses_and_gradients_are_equal_with_equal_samples() -> None:
    data, batch = snapshot(), batch_of(snapshot())
    model = ours(data, **QUIET)
    rendering = theirs(model, data)
    found = model.loss(batch, torch.Generator().manual_seed(3))
    rendering.draws.torch.manual_seed(3)
    expected = rendering.loss(*batch)
    assert set(found) == set(expected) == {"bpr", "matching"}
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value)
    same_gradients(model, found["bpr"] + found["matching"], rendering, expected["bpr"] + expected["matching"])


def test_losses_and_gradients_are_equal_in_single_precision() -> None:
    torch.set_default_dtype(torch.float32)
    data, batch = snapshot(), batch_of(snapshot())
    model = ours(data, **QUIET).float()
    pairs = Interactions.from_snapshot(data, ["train"])
    settings = replace(Settings.without_noise(), dimensions=8)
    rendering = OfficialSpike(Data.from_snapshot(data, pairs), settings).take(model.state_dict())
    rendering.draws.torch.manual_seed(3)
    found, expected = model.loss(batch, torch.Generator().manual_seed(3)), rendering.loss(*batch)
    for name, value in expected.items():
        assert found[name].item() == pytest.approx(value.item(), abs=1e-5)
        parameters = dict(model.named_parameters())
        gradients = torch.autograd.grad(found[name], list(parameters.values()), retain_graph=True, allow_unused=True)
        references = torch.autograd.grad(value, list(rendering.parameters()), retain_graph=True, allow_unused=True)
        by_name = dict(zip(parameters, gradients, strict=True))
        for (theirs_name, weights), reference in zip(rendering.named_parameters(), references, strict=True):
            nothing = torch.zeros_like(weights)
            gradient = by_name[NAMES[theirs_name]]
            torch.testing.assert_close(
                nothing if gradient is None else gradient,
                nothing if reference is None else reference,
                atol=1e-5,
                rtol=1e-5,
            )


def test_equal_on_a_sampled_graph_without_some_nodes_edges() -> None:
    data, batch = snapshot(), batch_of(snapshot())
    model = ours(data, **QUIET)
    rendering = theirs(model, data)
    kept = torch.rand(rendering.data.edges.shape[1], generator=torch.Generator().manual_seed(2)) < 0.4
    knowledge = model.encoder.knowledge
    key = (data.num_entities * rendering.data.edges[0] + rendering.data.edges[1]) * rendering.data.num_types
    structure = knowledge.structure
    tails, types = knowledge.message_tails[structure.columns], knowledge.message_types[structure.columns]
    mine = (data.num_entities * structure.rows + tails) * rendering.data.num_types + types
    part = structure.subset(torch.isin(mine, (key + rendering.data.edge_types)[kept]), int(kept.sum()))
    model.encoder._sampled_knowledge = lambda generator: part  # type: ignore[method-assign]
    rendering.draws.edges = lambda data: torch.nonzero(kept).squeeze(1)  # type: ignore[method-assign]
    rendering.draws.torch.manual_seed(3)
    found, expected = model.loss(batch, torch.Generator().manual_seed(3)), rendering.loss(*batch)
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value)
    same_gradients(model, found["bpr"] + found["matching"], rendering, expected["bpr"] + expected["matching"])


def test_the_golden_example_through_both() -> None:
    data = golden_example()
    model = golden()
    rendering = theirs(model, data)
    rendering.data.user_texts.data = model.user_profiles.texts  # type: ignore[union-attr]  # it has profiles
    rendering.data.entity_texts.data = model.entity_profiles.texts  # type: ignore[union-attr]
    with torch.no_grad():
        users, entities = rendering(rendering.full_graph(), training=False)
        texts = torch.cat(rendering.profiles(training=False))
    close(users, FINAL_USERS)
    close(entities, FINAL_ENTITIES)
    nodes, rows = torch.cat([users, entities]), torch.tensor([0, 3, 5, 8])
    assert rendering.matching(nodes, texts, [torch.arange(9)]).item() == pytest.approx(0.985615, abs=1e-6)
    assert rendering.matching(nodes, texts, [rows]).item() == pytest.approx(0.795120, abs=1e-6)
    torch.testing.assert_close(rendering.matching(nodes, texts, [rows]), matching(nodes[rows], texts[rows]))


def test_both_sample_the_same_number_of_edges_of_every_relation() -> None:
    data = snapshot()
    model = ours(data)
    rendering = theirs(model, data, graph_dropout=0.5)
    sizes = torch.bincount(rendering.data.edge_types, minlength=6)
    expected = sizes // 2
    expected[-1] = 0
    theirs_kept = rendering.data.edge_types[rendering.draws.edges(rendering.data)]
    assert torch.equal(torch.bincount(theirs_kept, minlength=6), expected)
    encoder = model.encoder
    object.__setattr__(encoder, "config", encoder.config.model_copy(update={"drop_rationale_edges": False}))
    sampled = encoder._sampled_knowledge(torch.Generator().manual_seed(0))
    kept = encoder.knowledge.message_types[sampled.columns]
    assert torch.equal(torch.bincount(kept, minlength=6), expected)


def test_a_type_with_one_triple_is_never_sampled_as_in_the_release() -> None:
    data = replace(snapshot(), edge_index=np.array([[0, 1, 2], [18, 18, 19]]), edge_type=np.array([0, 1, 1]))
    for everything, expected in ((False, [0, 1, 0, 0, 1, 0]), (True, [1, 1, 0, 1, 1, 0])):
        model = ours(data, sample_all_relations=everything, drop_rationale_edges=False)
        sampled = model.encoder._sampled_knowledge(torch.Generator().manual_seed(0))
        kinds = model.encoder.knowledge.message_types[sampled.columns]
        assert torch.bincount(kinds, minlength=6).tolist() == expected


def test_rationale_scores_are_equal() -> None:
    data = snapshot()
    model = ours(data)
    rendering = theirs(model, data)
    encoder, knowledge = model.encoder, model.encoder.knowledge
    queries = (encoder.embedding[14:] @ encoder.projection).detach()
    keys = queries[knowledge.message_tails] * encoder.relation[knowledge.message_types].detach()
    found = rationale_scores(knowledge.structure, queries, keys, 2)
    structure = knowledge.structure
    edges = torch.stack([structure.rows, knowledge.message_tails[structure.columns]])
    expected = rendering.rationale_scores(edges, knowledge.message_types[structure.columns])
    torch.testing.assert_close(found, expected)


def test_rationale_edges_are_left_out_as_often() -> None:
    data = snapshot()
    model = ours(data, graph_dropout=0.0, rationale_edges=5)
    rendering = theirs(model, data, rationale_edges=5)
    structure, knowledge = model.encoder.knowledge.structure, model.encoder.knowledge
    tails, types = knowledge.message_tails[structure.columns], knowledge.message_types[structure.columns]
    edges = torch.stack([structure.rows, tails])
    scores = rendering.rationale_scores(edges, types)
    theirs_kept = torch.stack([rendering.draws.not_rationale(scores) for _ in range(2000)]).double().mean(0)
    generator = torch.Generator().manual_seed(0)
    ours_kept = torch.zeros(len(structure))
    key = structure.rows * structure.shape[1] + structure.columns
    for _ in range(2000):
        part = model.encoder._sampled_knowledge(generator)
        ours_kept += torch.isin(key, part.rows * structure.shape[1] + part.columns)
    assert theirs_kept.min() < 0.85
    torch.testing.assert_close(ours_kept / 2000, theirs_kept, atol=0.04, rtol=0)


def test_removal_leaves_the_same_noise() -> None:
    """Spike.md §3.6 d: ρ (P of one mask - P of another) is left over, here on nodes that receive nothing."""
    data = snapshot()
    model = ours(data, layers=0)
    rendering = theirs(model, data, layers=0, profile_dropout=0.1)
    generator = torch.Generator().manual_seed(0)
    draws: list[list[Tensor]] = [[], []]
    with torch.no_grad():
        for _ in range(DRAWS):
            passes = model._training_passes(generator)
            draws[0].append(torch.cat(model._final(passes[0], passes[1], generator)))
            draws[1].append(torch.cat(rendering(rendering.full_graph(), training=True)))
    mine, reference = (torch.stack(part) - model.encoder.embedding.detach() for part in draws)
    assert (mine.mean(0).abs() <= 5 * mine.std(0) / DRAWS**0.5).all()
    assert reference.std() > 1e-3
    assert mine.std().item() == pytest.approx(reference.std().item(), rel=0.05)
    torch.testing.assert_close(mine.std(0), reference.std(0), rtol=0.25, atol=1e-4)


def test_the_three_passes_are_independent_and_equally_wide() -> None:
    model = ours(snapshot())
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        passes = torch.stack(
            [torch.stack([torch.cat(list(p)) for p in model._training_passes(generator)]) for _ in range(DRAWS)]  # type: ignore[arg-type]
        )
    noise = (passes - passes.mean(0)).flatten(2)
    products = (noise[:, :, None] * noise[:, None]).mean((0, 3))
    assert products[0, 1].abs() < 0.04 * products[0, 0]
    torch.testing.assert_close(products.diagonal(), products[0, 0].expand(3), rtol=0.1, atol=0)
