"""The golden example of the specification (spike.md §7.1), every printed number, in float64."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor

from export.snapshot import Manifest, Snapshot
from model import losses
from model.interactions import Interactions
from model.metrics import per_user
from model.retrieval import hits_of, top_items
from model.spike.attention import attention_weights
from model.spike.config import SpikeConfig
from model.spike.matching import matching
from model.spike.model import Spike
from model.types import Embeddings

TOLERANCE = 1e-6


def grid(shape: tuple[int, int], function: Callable[[Tensor], Tensor], start: float, factor: float = 1.0) -> Tensor:
    cells = torch.arange(shape[0] * shape[1], dtype=torch.float64).view(shape)
    return factor * function(start + cells)


def example() -> Snapshot:
    pairs = np.array([[0, 0, 1, 1, 2], [0, 1, 1, 2, 3]])
    triples = np.array([[0, 0, 4], [1, 0, 4], [1, 1, 5], [2, 1, 5], [3, 0, 5]])
    counts = {"users": 3, "items": 4, "entities": 6}
    return Snapshot(
        manifest=Manifest(dataset="golden", dataset_version=1, split_id="-", relations=("R0", "R1"), counts=counts),
        interactions={"train": pairs, "valid": np.zeros((2, 0), int), "test": np.zeros((2, 0), int)},
        edge_index=triples[:, [0, 2]].T.copy(),
        edge_type=triples[:, 1].copy(),
        users=pd.DataFrame({"key": list("abc"), "name": list("abc")}),
        entities=pd.DataFrame({"key": list("uvwxyz"), "name": list("uvwxyz"), "label": ["X"] * 6}),
        num_items=4,
        user_profile=grid((3, 3), torch.cos, 0.3).float().numpy(),
        entity_profile=grid((6, 3), torch.sin, 0.2).float().numpy(),
    )


def golden(*, rho: float = 0.25, layers: int = 2) -> Spike:
    snapshot = example()
    config = SpikeConfig(
        dimensions=4, layers=layers, attention_heads=2, profile_dimensions=None, profile_weight=rho, min_entity_degree=1
    )
    model = Spike(config, snapshot, Interactions.from_snapshot(snapshot, ["train"]), torch.Generator()).double()
    values = {
        "encoder.embedding": grid((9, 4), torch.sin, 1.0),
        "encoder.relation": grid((4, 4), torch.cos, 0.5),
        "encoder.projection": grid((4, 4), torch.sin, 0.7),
        "user_profiles.texts": grid((3, 3), torch.cos, 0.3),
        "user_profiles.hidden.weight": grid((3, 3), torch.sin, 1.1, 0.5),
        "user_profiles.hidden.bias": torch.tensor([0.05, 0.10, 0.15]),
        "user_profiles.output.weight": grid((4, 3), torch.cos, 0.9, 0.4),
        "user_profiles.output.bias": torch.tensor([0, 0.02, 0.04, 0.06]),
        "entity_profiles.texts": grid((6, 3), torch.sin, 0.2),
        "entity_profiles.hidden.weight": grid((3, 3), torch.cos, 1.3, 0.5),
        "entity_profiles.hidden.bias": torch.tensor([0.03, 0.06, 0.09]),
        "entity_profiles.output.weight": grid((4, 3), torch.sin, 0.6, 0.4),
        "entity_profiles.output.bias": torch.tensor([0, -0.01, -0.02, -0.03]),
    }
    tensors = dict(model.named_parameters()) | dict(model.named_buffers())
    for name, value in values.items():
        tensors[name].data.copy_(value.double())
    # 1/deg is a float32 buffer before .double(): put the exact weights in.
    tensors["encoder.items_of_users.full"].copy_(torch.tensor([0.5, 0.5, 0.5, 0.5, 1.0], dtype=torch.float64))
    return model


def close(found: Tensor, expected: str) -> None:
    rows = [[float(cell) for cell in line.split()] for line in expected.strip().splitlines()]
    torch.testing.assert_close(found.detach(), torch.tensor(rows, dtype=torch.float64), atol=TOLERANCE, rtol=0)


FINAL_USERS = """
-0.225880  1.027952  1.107252 -1.016234
-1.473988 -0.773123 -0.193485  0.168364
 1.045302  0.019161  0.024979  0.325269
"""
FINAL_ENTITIES = """
-0.179603  0.806162  1.825218 -1.462029
-1.572848 -1.322858  0.536406 -0.237815
 0.456362 -0.462409 -1.701553 -1.419874
 0.802813  0.516795  1.899052  0.432802
 0.190934 -1.773846 -1.152529  0.322284
 0.430046 -0.268317 -0.573940 -0.101634
"""


def test_profiles() -> None:
    model = golden()
    assert model.user_profiles is not None
    assert model.entity_profiles is not None
    expected = """
    -0.059047  0.045885  0.047796  0.018680
    -0.082640  0.067677  0.028241  0.035606
    -0.094710  0.072744  0.030277  0.026507
    """
    close(model.user_profiles(), expected)
    entities = model.entity_profiles()
    close(entities[:1], "0.272974 -0.281368  0.244330 -0.282002")
    close(entities[5:], "0.336116 -0.347453  0.312036 -0.349973")


def test_logits_and_weights_of_the_first_hop() -> None:
    encoder = golden().encoder
    model = golden()
    assert model.entity_profiles is not None
    entities = encoder.embedding[3:] + 0.25 * model.entity_profiles()
    queries = entities @ encoder.projection
    knowledge = encoder.knowledge
    keys = queries[knowledge.message_tails] * encoder.relation[knowledge.message_types]
    structure = knowledge.structure
    logits = torch.stack([structure.sampled_product(queries[:, a : a + 2], keys[:, a : a + 2]) for a in (0, 2)], 1)
    # sorted by head, then tail, as the printed edges are
    expected_logits = """
    -0.074613  0.041860
     0.179770 -0.162861
     0.002120 -0.024936
     0.241961 -0.013250
    -0.221606  0.088578
    -0.049868  0.046520
    -0.008413 -0.005459
    -0.019113  0.008732
    """
    expected_weights = """
    1        1
    0.544296 0.465573
    0.455704 0.534427
    0.613860 0.474565
    0.386140 0.525435
    0.325356 0.343375
    0.339127 0.325983
    0.335518 0.330642
    """
    shown = torch.tensor([0, 1, 2, 5, 6, 7, 8, 9])
    assert structure.rows[shown].tolist() == [0, 1, 1, 4, 4, 5, 5, 5]
    close(logits[shown] / 2**0.5, expected_logits)
    weights = [attention_weights(structure, queries[:, a : a + 2], keys[:, a : a + 2]) for a in (0, 2)]
    close(torch.stack(weights, 1)[shown], expected_weights)


def test_first_layer() -> None:
    one = golden(layers=1)
    users, entities = one.nodes()
    close((entities - one.encoder.embedding[3:])[:1], "-0.701865 -0.103574  0.364250 -0.603307")
    close((users - one.encoder.embedding[:3])[2:], "-0.038435  0.541096  0.826897  0.148253")
    close(users[:1], "0.489593  0.989021  0.971418 -0.332031")


def test_final_embeddings_and_scores() -> None:
    model = golden()
    users, entities = model.nodes()
    close(users, FINAL_USERS)
    close(entities, FINAL_ENTITIES)
    expected = """
     4.376004 -0.168948 -1.019541  2.012802
    -0.957836  3.197264 -0.225003 -1.877452
    -0.602253 -1.733404 -0.036167  1.037296
    """
    embeddings = model.encode()
    close(embeddings.users @ embeddings.items.T, expected)


def test_scores_without_profiles() -> None:
    expected = """
     4.043623 -0.428673 -1.088904  1.450882
    -1.775824  2.826844 -0.407194 -1.868497
    -0.434746 -1.616845 -0.097694  1.134605
    """
    embeddings = golden(rho=0).encode()
    close(embeddings.users @ embeddings.items.T, expected)


def test_without_the_removal_step() -> None:
    model = golden()
    assert model.user_profiles is not None
    users, _ = model.nodes()
    close((users + 0.25 * model.user_profiles())[:1], "-0.240641  1.039423  1.119201 -1.011564")


def test_bpr_and_l2() -> None:
    users, entities = golden().nodes()
    vectors = users[[0, 1]], entities[[0, 2]], entities[[2, 3]]
    margins = (vectors[0] * (vectors[1] - vectors[2])).sum(1)
    close(margins[None], "5.395545 1.652449")
    assert losses.bpr(*vectors).item() == pytest.approx(0.089903, abs=TOLERANCE)
    assert 1e-5 * losses.squared_norms(*vectors).item() == pytest.approx(6.931456e-05, abs=1e-11)


def test_matching() -> None:
    model = golden()
    assert model.user_profiles is not None
    assert model.entity_profiles is not None
    nodes, texts = torch.cat(model.nodes()), torch.cat([model.user_profiles(), model.entity_profiles()])
    assert matching(nodes, texts).item() == pytest.approx(0.985615, abs=TOLERANCE)
    assert 5 * matching(nodes, texts).item() == pytest.approx(4.928073, abs=TOLERANCE)
    rows = [0, 3, 5, 8]
    assert matching(nodes[rows], texts[rows]).item() == pytest.approx(0.795120, abs=TOLERANCE)


def test_rankings_and_metrics() -> None:
    embeddings: Embeddings = golden().encode()
    train = Interactions.from_snapshot(example(), ["train"])
    test = Interactions.from_pairs(torch.tensor([0, 1, 1, 2]), torch.tensor([2, 0, 3, 1]), 3, 4)
    assert top_items(embeddings, train, 3).rows.tolist() == [[3, 2, -1], [0, 3, -1], [2, 0, 1]]
    users, hits = hits_of(embeddings, train, test, 3)
    values = per_user(hits, test.user_degrees[users], (1, 2, 3))
    expected = {"recall@1": 0.166667, "ndcg@1": 0.333333, "recall@2": 0.666667, "ndcg@2": 0.543643, "recall@3": 1.0}
    expected["ndcg@3"] = 0.710310
    for name, value in expected.items():
        assert values[name].mean().item() == pytest.approx(value, abs=TOLERANCE), name
