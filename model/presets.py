"""The presets of every model: options that belong together, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

DEFAULT_PRESET = "recommended"


@dataclass(frozen=True)
class Preset:
    """Options that belong together; what a preset does not say stays at its default."""

    about: str
    model: Mapping[str, Any] = field(default_factory=dict)
    train: Mapping[str, Any] = field(default_factory=dict)


SIMILARITY: Mapping[str, Any] = {
    "objective": "softmax",
    "dimensions": 128,
    "users_send_messages": True,
    "similar_items": "heard",
    "attention_share": 0.0,
    "profile_weight": 0.0,
    "matching_weight": 0.0,
}
"""SPiKE that hears the items that are alike, and learns from all items at once."""

BY_USERS: Mapping[str, Any] = {"batch_size": 512, "evaluate_every": 5, "fixed_epochs": 40}

PRESETS: Mapping[str, Mapping[str, Preset]] = {
    "spike": {
        "recommended": Preset(
            "the published model with exact removal, matching over all nodes and L2 in the loss, tuned for small data",
        ),
        "code": Preset(
            "what the released code computes, with its options; the epoch is chosen on validation all the same",
            model={
                "profile_dimensions": None,
                "min_entity_degree": 0,
                "l2_in_loss": False,
                "l2_weight": 1e-5,
                "sample_all_relations": False,
                "share_profile_dropout": False,
                "drop_rationale_edges": True,
                "match_on": "final",
                "match_mode": "sampled",
                "users_send_messages": False,
            },
            train={
                "learning_rate": 1e-4,
                "batch_size": 1024,
                "epochs": 500,
                "fixed_epochs": 500,
                "evaluate_every": 10,
                "patience": 50,
            },
        ),
        "figure": Preset(
            "as `recommended`, with what the paper's figure draws: users send messages, matching on the inputs",
            model={"users_send_messages": True, "match_on": "input"},
        ),
        "similarity": Preset(
            "a softmax over all items, items that hear their users and the items they are alike instead of the triples",
            model=SIMILARITY,
            train=BY_USERS,
        ),
        "kgrec": Preset(
            "as `recommended`, without profiles and matching: the encoder of KGRec, under BPR",
            model={"profile_weight": 0.0, "matching_weight": 0.0},
        ),
    },
    "hybrid": {
        "recommended": Preset(
            "SPiKE with a softmax over all items, users and similar items that send messages, and a share of EASE",
            model={**SIMILARITY, "ease_regularisation": 150.0, "ease_side": {"profiles": 20.0, "relations": 20.0}},
            train=BY_USERS,
        )
    },
    "lightgcn": {"recommended": Preset("three layers of size 64, BPR")},
    "ease": {"recommended": Preset("λ = 200, untuned")},
    "item-knn": {"recommended": Preset("200 neighbours, idf, shrinkage 10; chosen on validation")},
    "ials": {"recommended": Preset("size 64, 16 iterations; α and λ chosen on validation")},
    "popularity": {"recommended": Preset("nothing to set")},
}
