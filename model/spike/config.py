"""SPiKE's options. The defaults are the preset `recommended`; letters are those of the paper."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from model.config import ModelConfig
from model.objectives import ObjectiveName


class SpikeConfig(ModelConfig):
    """Sizes, weights, dropouts, and the switches where paper, figure and released code differ."""

    dimensions: int = Field(default=64, ge=1)
    """d, size of the embeddings."""
    layers: int = Field(default=2, ge=0)
    """L, hops."""
    attention_heads: int = Field(default=2, ge=1)
    """H; they split d."""
    profile_dimensions: int | None = Field(default=128, ge=1)
    """Text vectors are reduced to so many by PCA (users and entities together) before their MLPs; None keeps D."""
    min_entity_degree: int = Field(default=2, ge=0)
    """Auxiliary entities with fewer triples are left out: with one they connect nothing. 0 keeps all."""

    objective: ObjectiveName = "bpr"
    """`bpr` as published, or `softmax` over all items."""
    temperature: float = Field(default=0.15, gt=0)
    """τ of the softmax."""

    profile_weight: float = Field(default=0.25, ge=0)
    """ρ (`text_rho`), the share of the profile that is injected, then removed."""
    matching_weight: float = Field(default=5.0, ge=0)
    """β (`align_coef`), of the pairwise profile preference matching."""
    l2_weight: float = Field(default=1e-2, ge=0)
    """Of half the squared norms of the batch's three final embeddings, per interaction; a part of `bpr` only."""

    graph_dropout: float = Field(default=0.5, ge=0, lt=1)
    """Share of the triples of each relation, and of the user-item pairs, left out of a step."""
    message_dropout: float = Field(default=0.1, ge=0, lt=1)
    profile_dropout: float = Field(default=0.1, ge=0, lt=1)
    """Inside the profile MLPs."""

    l2_in_loss: bool = True
    """False: computed nowhere, as in the released code, which only logs it."""
    sample_all_relations: bool = True
    """False: no triple of the last inverse relation, and none of a type with a single one, is ever sampled in
    training, as in the released code."""
    share_profile_dropout: bool = True
    """True: one pass of the profile MLPs a step, so that removal is exact. False: a fresh dropout mask each
    for injection, removal and matching, as in the released code."""
    drop_rationale_edges: bool = False
    """True: a step leaves out the `rationale_edges` that attention holds highest, and as many at random, as in the
    released code, where they are left over from KGRec's masked autoencoder."""
    rationale_edges: int = Field(default=256, ge=0)
    """`mae_msize`."""
    match_on: Literal["final", "input"] = "final"
    """Embeddings that are matched with the profiles: the aggregated ones (released code) or the input (figure)."""
    match_mode: Literal["gram", "sampled"] = "gram"
    """`gram`: all nodes, by d × d Gram matrices. `sampled`: `match_repeats` times a share `match_ratio`."""
    match_ratio: float = Field(default=0.1, gt=0, le=1)
    """γ (`anchor_ratio`)."""
    match_repeats: int = Field(default=8, ge=1)
    """S (`num_repeat`)."""
    users_send_messages: bool = False
    """True: items also receive the mean of their users (figure); False: they do not (released code)."""
    attention_share: float = Field(default=1.0, ge=0)
    """Weight of the normalised attention beside the other messages to an item, each of length 1. With 0 beside others
    the knowledge graph is not heard, and no auxiliary entity has an embedding."""
    similar_items: Literal["attended", "heard", "ignored"] = "attended"
    """What the edges of the snapshot's similarity runs are. `attended`: relations like any other. `heard`: items
    receive a message of length 1 from the items they are alike. `ignored`: nothing."""
    similarity_share: float = Field(default=1.0, ge=0)
    """Weight of the message from similar items, where they are heard."""
    friends_share: float = Field(default=0.0, ge=0)
    """Weight of the message that users receive from their friends, beside that of their items, each of length 1. More
    than 0 wants a snapshot with friends."""

    neighbours: tuple[int, ...] | None = None
    """Train on the surroundings of each batch: how many neighbours of each kind a node hears, one number a layer, -1
    for all. `null`: a step propagates the whole graph."""

    @property
    def l2(self) -> float:
        """The weight of L2 in the loss; 0 where it is left out."""
        return self.l2_weight if self.l2_in_loss else 0.0

    @property
    def attends(self) -> bool:
        """Whether anybody hears the knowledge graph: without a share of it items hear their other messages only."""
        return self.attention_share > 0 or not (self.users_send_messages or self.similar_items == "heard")

    @model_validator(mode="after")
    def _heads_split_dimensions(self) -> SpikeConfig:
        if self.dimensions % self.attention_heads:
            raise ValueError(f"attention_heads must divide dimensions ({self.dimensions})")
        return self

    @model_validator(mode="after")
    def _neighbours_fit(self) -> SpikeConfig:
        if self.neighbours is None:
            return self
        if len(self.neighbours) != self.layers or any(count < 1 and count != -1 for count in self.neighbours):
            raise ValueError(f"neighbours wants {self.layers} numbers (layers), each 1 or more, or -1 for all")
        if self.objective != "bpr" or self.similar_items == "heard" or self.drop_rationale_edges or self.friends_share:
            raise ValueError(
                "neighbours goes with objective 'bpr', without heard similar_items, friends or rationale edges"
            )
        if not self.share_profile_dropout or self.match_on == "input" or self.match_mode == "sampled":
            raise ValueError("neighbours goes with share_profile_dropout, match_on 'final' and match_mode 'gram'")
        return self
