"""The invariants of spike.md §7.2 that hold for the recommended switches (numbers as there)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from export.snapshot import Snapshot
from model import losses
from model.batches import Batch, NegativeSampler
from model.interactions import Interactions
from model.spike.config import SpikeConfig
from model.spike.model import Spike
from tests.support.snapshots import random_snapshot

EXACT = {"atol": 1e-9, "rtol": 1e-9}


def snapshot(**changes: Any) -> Snapshot:
    return replace(random_snapshot(num_users=14, num_items=18, num_entities=30), **changes)


def spike(data: Snapshot | None = None, **options: Any) -> Spike:
    data = data or snapshot()
    config = SpikeConfig(**{"dimensions": 8, "min_entity_degree": 0, "profile_dimensions": None, **options})
    interactions = Interactions.from_snapshot(data, ["train"])
    model = Spike(config, data, interactions, torch.Generator().manual_seed(0)).double()
    for mean in (model.encoder.items_of_users, model.encoder.users_of_items):
        if mean is not None:
            mean.full.copy_(1 / mean.structure.offsets.diff()[mean.structure.rows].double())
    return model


def scores(model: Spike) -> Tensor:
    users, items = model.encode()
    return users @ items.T


def same_weights(source: Spike, target: Spike) -> Spike:
    target.load_state_dict(source.state_dict())
    return target


def batch_of(model: Spike, data: Snapshot) -> Batch:
    sampler = NegativeSampler(Interactions.from_snapshot(data, ["train"]))
    return next(sampler.epoch(64, torch.Generator().manual_seed(1)))


def test_1_without_injection_the_profiles_do_not_matter() -> None:
    other = snapshot(entity_profile=np.random.default_rng(9).normal(size=(30, 8)).astype(np.float32))
    off = spike(profile_weight=0.0)
    assert torch.equal(scores(off), scores(same_weights(off, spike(other, profile_weight=0.0))))
    silent = spike()
    assert silent.entity_profiles is not None
    silent.entity_profiles.output.weight.data.zero_()
    silent.entity_profiles.output.bias.data.zero_()
    torch.testing.assert_close(scores(silent), scores(same_weights(silent, spike(profile_weight=0.0))), **EXACT)


def test_2_user_profiles_are_inert_and_entity_profiles_are_not() -> None:
    model, noise = spike(), np.random.default_rng(9)
    users = snapshot(user_profile=noise.normal(size=(14, 8)).astype(np.float32))
    entities = snapshot(entity_profile=noise.normal(size=(30, 8)).astype(np.float32))
    assert torch.equal(scores(model), scores(same_weights(model, spike(users))))
    assert (scores(model) - scores(same_weights(model, spike(entities)))).abs().max() > 1e-3


def test_2_user_profiles_matter_where_users_send_messages() -> None:
    model = spike(users_send_messages=True)
    users = snapshot(user_profile=np.random.default_rng(9).normal(size=(14, 8)).astype(np.float32))
    changed = same_weights(model, spike(users, users_send_messages=True))
    assert (scores(model) - scores(changed)).abs().max() > 1e-3


@pytest.mark.parametrize("layers", [0, 1, 2, 3])
def test_3_outputs_stay_within_the_layers_of_their_embedding(layers: int) -> None:
    model = spike(layers=layers)
    distance = (torch.cat(model.nodes()) - model.encoder.embedding).norm(dim=1)
    assert distance.max() <= layers + 1e-9
    assert layers == 0 or distance.max() > 0.5


def test_5_a_node_with_one_edge_takes_its_tail_times_the_relation() -> None:
    triples = np.array([[0, 1], [18, 18]])
    data = snapshot(edge_index=triples, edge_type=np.array([1, 1]))
    model = spike(data, layers=1)
    assert model.entity_profiles is not None
    inputs = model.encoder.embedding[14:] + 0.25 * model.entity_profiles()
    expected = functional.normalize(inputs[18] * model.encoder.relation[1], dim=0)
    _, entities = model.nodes()
    torch.testing.assert_close(entities[0] - model.encoder.embedding[14], expected, **EXACT)


def test_6_isolated_nodes_keep_their_embedding() -> None:
    data = snapshot(edge_index=np.array([[0], [18]]), edge_type=np.array([0]))
    data.interactions["train"] = data.interactions["train"][:, data.interactions["train"][0] != 5]  # type: ignore[index]  # a Mapping by contract, a dict here
    model = spike(data)
    users, entities = model.nodes()
    assert torch.equal(users[5], model.encoder.embedding[5])
    assert torch.equal(entities[3], model.encoder.embedding[14 + 3])


def test_7_a_user_is_the_normalised_mean_of_the_items() -> None:
    model = spike(layers=1)
    assert model.entity_profiles is not None
    inputs = model.encoder.embedding[14:] + 0.25 * model.entity_profiles()
    pairs = Interactions.from_snapshot(snapshot(), ["train"])
    users, _ = model.nodes()
    for user in range(14):
        mean = inputs[pairs.items[pairs.users == user]].mean(0)
        expected = model.encoder.embedding[user] + functional.normalize(mean, dim=0)
        torch.testing.assert_close(users[user], expected, **EXACT)


def test_8_user_embeddings_reach_their_own_row_only() -> None:
    model = spike()
    users, entities = model.nodes()
    (gradient,) = torch.autograd.grad(entities.square().sum(), model.encoder.embedding, retain_graph=True)
    assert gradient[:14].abs().sum() == 0
    (gradient,) = torch.autograd.grad(users[3].sum(), model.encoder.embedding)
    expected = torch.zeros(14, 8, dtype=torch.float64)
    expected[3] = 1
    torch.testing.assert_close(gradient[:14], expected, **EXACT)


def test_9_relabelling_permutes_and_edge_order_is_irrelevant() -> None:
    data, model = snapshot(), spike()
    generator = np.random.default_rng(4)
    auxiliary = 18 + generator.permutation(12)
    order = np.concatenate([np.arange(18), auxiliary])
    place = np.argsort(order)
    edges = generator.permutation(len(data.edge_type))
    assert data.entity_profile is not None
    other = spike(
        snapshot(
            edge_index=place[data.edge_index][:, edges],
            edge_type=data.edge_type[edges],
            entity_profile=data.entity_profile[order],
        )
    )
    same_weights(model, other)
    other.encoder.embedding.data[14:] = model.encoder.embedding.data[14:][torch.from_numpy(order)]
    torch.testing.assert_close(scores(other), scores(model), **EXACT)
    torch.testing.assert_close(other.nodes()[1], model.nodes()[1][torch.from_numpy(order)], **EXACT)


def test_10_the_sign_of_the_projection_is_irrelevant() -> None:
    model = spike()
    before = scores(model)
    model.encoder.projection.data.neg_()
    torch.testing.assert_close(scores(model), before, **EXACT)
    rotation, _ = torch.linalg.qr(torch.randn(4, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64))
    model.encoder.projection.data @= torch.block_diag(rotation, rotation)
    assert (scores(model) - before).abs().max() > 1e-6


def test_13_equal_scores_give_ln_2_and_opposite_gradients() -> None:
    users, items = torch.rand(3, 4), torch.rand(3, 4)
    assert losses.bpr(users, items, items).item() == pytest.approx(0.693147, abs=1e-6)
    positive, negative = (torch.rand(3, 4, requires_grad=True) for _ in range(2))
    margin = (users * (positive - negative)).sum(1)
    gradients = torch.autograd.grad(losses.bpr(users, positive, negative), (positive, negative))
    expected = torch.sigmoid(-margin)[:, None] / 3 * users
    torch.testing.assert_close(gradients[0], -expected)
    torch.testing.assert_close(gradients[1], expected)


def test_14_bpr_reaches_the_entity_profiles_only() -> None:
    model, data = spike(), snapshot()
    assert model.user_profiles is not None
    assert model.entity_profiles is not None
    batch = batch_of(model, data)
    users, entities = model.nodes()
    loss = losses.bpr(users[batch.users], entities[batch.positives], entities[batch.negatives])
    weights = model.user_profiles.hidden.weight, model.entity_profiles.hidden.weight
    of_users, of_entities = torch.autograd.grad(loss, weights, allow_unused=True)
    assert of_users is None
    assert of_entities.abs().sum() > 0


def test_15_removal_is_exact_with_one_pass_and_noisy_with_several() -> None:
    def rest(model: Spike, generator: torch.Generator) -> Tensor:
        passes = model._training_passes(generator)
        state = generator.get_state()
        with_removal = torch.cat(model._final(passes[0], passes[1], generator))
        generator.set_state(state)
        exact = torch.cat(model._final(passes[0], passes[0], generator))
        return (with_removal - exact).detach()

    generator = torch.Generator().manual_seed(0)
    assert rest(spike(), generator).abs().max() == 0
    separate = spike(share_profile_dropout=False, layers=0)
    draws = torch.stack([rest(separate, generator) for _ in range(400)])
    assert draws.abs().max() > 1e-3
    standard_error = draws.std() / 400**0.5
    assert draws.mean(0).abs().max() < 6 * standard_error


@pytest.mark.parametrize("sampled", [True, False])
def test_16_the_last_relation_is_trained_where_all_are_sampled(sampled: bool) -> None:
    model, data = spike(sample_all_relations=sampled, l2_weight=0.0), snapshot()
    parts = model.loss(batch_of(model, data), torch.Generator().manual_seed(0))
    (gradient,) = torch.autograd.grad(torch.stack(list(parts.values())).sum(), model.encoder.relation)
    assert (gradient[-1].abs().sum() > 0) == sampled
    assert gradient[:-1].abs().sum(1).min() > 0


@pytest.mark.parametrize("in_loss", [True, False])
def test_16_the_l2_weight_counts_where_it_is_in_the_loss(in_loss: bool) -> None:
    data = snapshot()
    values = []
    for weight in (1e-5, 1e3):
        model = spike(l2_weight=weight, l2_in_loss=in_loss)
        parts = model.loss(batch_of(model, data), torch.Generator().manual_seed(0))
        values.append(torch.stack(list(parts.values())).sum().item())
    assert (values[0] == values[1]) == (not in_loss)


def test_17_user_item_dropout_is_unbiased() -> None:
    mean_of, generator = spike().encoder.items_of_users, torch.Generator().manual_seed(0)
    draws = torch.stack([mean_of.weights(0.5, generator) for _ in range(4000)])
    torch.testing.assert_close(draws.mean(0), mean_of.full, atol=0.02, rtol=0)
    assert set(draws[0].div(mean_of.full).tolist()) == {0.0, 2.0}


def test_21_scores_are_bounded() -> None:
    model = spike()
    embedding = model.encoder.embedding.detach()
    users, items = 2 + embedding[:14].norm(dim=1), 2 + embedding[14 : 14 + 18].norm(dim=1)
    assert (scores(model).abs() <= users[:, None] * items[None] + 1e-9).all()


@pytest.mark.parametrize("switch", [{"match_on": "input"}, {"match_mode": "sampled", "match_ratio": 0.3}])
def test_matching_switches_change_the_matching_only(switch: dict[str, Any]) -> None:
    data = snapshot()
    parts = [
        model.loss(batch_of(model, data), torch.Generator().manual_seed(0)) for model in (spike(), spike(**switch))
    ]
    assert parts[0]["bpr"] == parts[1]["bpr"]
    assert parts[0]["matching"] != parts[1]["matching"]


def test_match_on_input_sends_no_gradient_through_the_graph() -> None:
    model, data = spike(match_on="input"), snapshot()
    parts = model.loss(batch_of(model, data), torch.Generator().manual_seed(0))
    (gradient,) = torch.autograd.grad(parts["matching"], model.encoder.projection, allow_unused=True)
    assert gradient is None


def test_users_that_send_messages_reach_the_items() -> None:
    model = spike(users_send_messages=True)
    _, entities = model.nodes()
    (gradient,) = torch.autograd.grad(entities[:18].square().sum(), model.encoder.embedding)
    assert gradient[:14].abs().sum() > 0
