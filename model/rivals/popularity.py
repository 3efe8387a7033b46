"""Popularity: every user gets the items that most users have."""

from __future__ import annotations

from typing import ClassVar, Self

import torch
from torch import Tensor
from typing_extensions import override

from export.snapshot import Snapshot
from model.config import ModelConfig
from model.interactions import Interactions
from model.recommender import ClosedFormRecommender, Size
from model.types import Embeddings


class PopularityConfig(ModelConfig):
    """Popularity has nothing to set."""


class Popularity(ClosedFormRecommender):
    """The score of an item is the number of its users."""

    name: ClassVar[str] = "popularity"
    config_type: ClassVar[type[ModelConfig]] = PopularityConfig
    has_vectors: ClassVar[bool] = False

    counts: Tensor

    def __init__(self, interactions: Interactions) -> None:
        super().__init__()
        self.num_users, self.num_items = interactions.num_users, interactions.num_items
        self.interactions = interactions
        self.register_buffer("counts", torch.zeros(self.num_items))

    @override
    def fit(self) -> None:
        """Count."""
        self.counts.copy_(self.interactions.item_degrees)

    @classmethod
    @override
    def build(
        cls, config: ModelConfig, snapshot: Snapshot, interactions: Interactions, generator: torch.Generator
    ) -> Self:
        """Make it; see the contract."""
        return cls(interactions)

    @override
    def encode(self) -> Embeddings:
        """Give users [U, 1] of ones and items [V, 1] of counts."""
        return Embeddings(self.counts.new_ones(self.num_users, 1), self.counts[:, None])

    @classmethod
    @override
    def forecast_bytes(cls, config: ModelConfig, size: Size) -> int:
        """The pairs and two vectors."""
        return 24 * size.interactions + 8 * (size.users + size.items)
