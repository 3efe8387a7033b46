"""A hybrid: SPiKE beside EASE, the scores of both brought to one scale for each user and added.

The two err differently: SPiKE generalises over neighbours of neighbours, EASE remembers which pairs of items go
together. EASE is computed once, SPiKE trained; the epoch is chosen by the hybrid's own lists.
"""

from __future__ import annotations

from typing import ClassVar, Self

import torch
from pydantic import Field
from torch import Tensor
from typing_extensions import override

from export.snapshot import Snapshot
from model.config import ModelConfig
from model.interactions import Interactions
from model.recommender import Size
from model.rivals.ease import Ease, EaseConfig
from model.spike.config import SpikeConfig
from model.spike.model import Spike
from model.types import Embeddings

BLOCK_USERS = 1024


class HybridConfig(SpikeConfig):
    """SPiKE's options, EASE's, and the share of EASE."""

    ease_share: float = Field(default=0.2, ge=0, le=1)
    """Weight of EASE's standardised scores; those of SPiKE have the rest."""
    ease_regularisation: float = Field(default=200.0, gt=0)
    """λ of EASE."""
    ease_side: dict[str, float] = Field(default_factory=dict)
    """Weights of EASE's sources of side information: `profiles`, `relations`, or a relation by its name."""


class Hybrid(Spike):
    """(1 - share) · z(SPiKE) + share · z(EASE), where z divides a user's scores by their deviation over all items.

    The mean need not be taken off: it moves all scores of a user alike.
    """

    name: ClassVar[str] = "hybrid"
    config_type: ClassVar[type[ModelConfig]] = HybridConfig
    has_vectors: ClassVar[bool] = True

    histories: Tensor
    """[U, V], users' items times share / deviation: constant, not in checkpoints."""
    item_weights: Tensor
    """[V, V], the columns of EASE's B."""

    @classmethod
    @override
    def build(
        cls, config: ModelConfig, snapshot: Snapshot, interactions: Interactions, generator: torch.Generator
    ) -> Self:
        """Make it, EASE computed; see the contract."""
        assert isinstance(config, HybridConfig)
        model = cls(config, snapshot, interactions, generator)
        options = EaseConfig(regularisation=config.ease_regularisation, side=config.ease_side)
        ease = Ease.build(options, snapshot, interactions, generator)
        ease.fit()
        histories, columns = ease.encode()
        scale = config.ease_share / _deviations(histories, columns)
        model.register_buffer("histories", histories * scale[:, None], persistent=False)
        model.register_buffer("item_weights", columns.contiguous(), persistent=False)
        return model

    @override
    def encode(self) -> Embeddings:
        """Give users [U, d + V] and items [V, d + V], whose products are the hybrid's scores."""
        assert isinstance(self.config, HybridConfig)
        users, items = super().encode()
        scaled = users * ((1 - self.config.ease_share) / _deviations(users, items))[:, None]
        return Embeddings(torch.cat([scaled, self.histories], dim=1), torch.cat([items, self.item_weights], dim=1))

    @override
    def vectors(self, embeddings: Embeddings) -> Embeddings:
        """Give SPiKE's vectors, users' times a factor: EASE has no points of a small space."""
        users, items = (part[:, : self.config.dimensions] for part in embeddings)
        return Embeddings(users, items)

    @classmethod
    @override
    def forecast_bytes(cls, config: ModelConfig, size: Size) -> int:
        """Of both, which are not made at the same time but kept."""
        ease = Ease.forecast_bytes(EaseConfig(), size)
        kept = 4 * 2 * (size.users * size.items + size.items**2)
        return max(ease, super().forecast_bytes(config, size) + kept)


def _deviations(users: Tensor, items: Tensor) -> Tensor:
    """Give the standard deviation of each user's scores over all items, [U]; 1 where all are equal."""
    found = torch.cat([(block @ items.T).std(dim=1) for block in torch.split(users, BLOCK_USERS)])
    return torch.where(found > 0, found, 1.0)
