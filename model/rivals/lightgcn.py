"""LightGCN: embeddings propagated over the user-item graph (He et al., SIGIR 2020, arXiv 2002.02126)."""

from __future__ import annotations

from typing import ClassVar, Self

import torch
from pydantic import Field
from torch import Tensor, nn
from typing_extensions import override

from export.snapshot import Snapshot
from model import losses
from model.batches import Batch
from model.config import ModelConfig
from model.fold_in import KnownRows, as_users_alike, carried_over
from model.interactions import Interactions
from model.kernels.adjacency import SymmetricAdjacency
from model.recommender import Size, TrainedRecommender
from model.types import Embeddings, Losses


class LightGcnConfig(ModelConfig):
    """LightGCN's sizes and its one regulariser."""

    dimensions: int = Field(default=64, ge=1)
    layers: int = Field(default=3, ge=0)
    l2_weight: float = Field(default=1e-4, ge=0)
    """Of half the squared norms of the batch's three initial embeddings, per interaction."""


class LightGcn(TrainedRecommender[Batch]):
    """Mean of E, AE, …, A^L E with A = D^-½ (user-item adjacency) D^-½; BPR."""

    name: ClassVar[str] = "lightgcn"
    config_type: ClassVar[type[ModelConfig]] = LightGcnConfig
    has_vectors: ClassVar[bool] = True

    def __init__(self, config: LightGcnConfig, interactions: Interactions, generator: torch.Generator) -> None:
        super().__init__()
        self.num_users, self.num_items = interactions.num_users, interactions.num_items
        self.config = config
        nodes = self.num_users + self.num_items
        initial = torch.empty(nodes, config.dimensions)
        self.embedding = nn.Parameter(nn.init.normal_(initial, std=0.1, generator=generator))
        pairs = torch.stack([interactions.users, interactions.items + self.num_users])
        self.adjacency = SymmetricAdjacency(pairs, nodes)

    @classmethod
    @override
    def build(
        cls, config: ModelConfig, snapshot: Snapshot, interactions: Interactions, generator: torch.Generator
    ) -> Self:
        """Make it; see the contract."""
        assert isinstance(config, LightGcnConfig)
        return cls(config, interactions, generator)

    @override
    def encode(self) -> Embeddings:
        """Give the mean of the layers."""
        with torch.no_grad():
            users, items = self._propagate()
        return Embeddings(users, items)

    @override
    def loss(self, batch: Batch, generator: torch.Generator) -> Losses:
        """BPR on the propagated embeddings, L2 on the initial ones."""
        users, items = self._propagate()
        final = users[batch.users], items[batch.positives], items[batch.negatives]
        initial = self.embedding[: self.num_users], self.embedding[self.num_users :]
        own = initial[0][batch.users], initial[1][batch.positives], initial[1][batch.negatives]
        return {"bpr": losses.bpr(*final), "l2": self.config.l2_weight * losses.squared_norms(*own)}

    @override
    def fold_in(self, snapshot: Snapshot, interactions: Interactions, known: KnownRows) -> Self:
        """Give it over another graph; a new item is what its users send it, nothing while it has none."""
        model = type(self)(self.config, interactions, torch.Generator())
        own = self.embedding.detach().cpu()
        users = as_users_alike(carried_over(own[: self.num_users], known.users), known, interactions)
        items = carried_over(own[self.num_users :], known.items(snapshot.num_items))
        model.load_state_dict({"embedding": torch.cat([users, items])})
        return model.to(self.device)

    @classmethod
    @override
    def forecast_bytes(cls, config: ModelConfig, size: Size) -> int:
        """Weights with their optimiser, the graph, and the layers of a step."""
        assert isinstance(config, LightGcnConfig)
        layers = 4 * (size.users + size.items) * config.dimensions * (4 + 2 * config.layers)
        return layers + 2 * 60 * size.interactions + 4 * 12 * size.batch_size * config.dimensions

    def _propagate(self) -> tuple[Tensor, Tensor]:
        layer: Tensor = self.embedding
        total = layer
        for _ in range(self.config.layers):
            layer = self.adjacency(layer)
            total = total + layer
        mean = total / (self.config.layers + 1)
        return mean[: self.num_users], mean[self.num_users :]
