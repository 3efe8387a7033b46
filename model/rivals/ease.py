"""EASE: a linear item-item model in closed form (Steck, WWW 2019, arXiv 1905.03375), with side information or not."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

import torch
from pydantic import Field
from torch import Tensor
from typing_extensions import override

from export.snapshot import Snapshot
from model.config import ModelConfig
from model.fold_in import KnownRows, carried_over
from model.interactions import Interactions
from model.recommender import ClosedFormRecommender, Size
from model.retrieval import nearest
from model.side_information import SideInformation
from model.types import Embeddings, Ranking


class EaseConfig(ModelConfig):
    """EASE's regularisation and the precision of its inverse."""

    regularisation: float = Field(default=200.0, gt=0)
    """λ, added to the diagonal of XᵀX."""
    precision: Literal["float32", "float64"] = "float64"
    """Of the inverse; float32 halves memory and time."""
    side: dict[str, float] = Field(default_factory=dict)
    """Weights of sources of side information (`profiles`, `relations`, or a relation by its name): the cosines of the
    items by each are added to XᵀX, as if so many more users had both."""


class Ease(ClosedFormRecommender):
    """Scores X B with B = I - P / diag(P), P = (XᵀX + S + λ I)⁻¹, whose diagonal is zero; S is the side information."""

    name: ClassVar[str] = "ease"
    config_type: ClassVar[type[ModelConfig]] = EaseConfig
    has_vectors: ClassVar[bool] = False

    weights: Tensor

    def __init__(self, config: EaseConfig, interactions: Interactions, side: SideInformation | None = None) -> None:
        super().__init__()
        self.side = side
        self.num_users, self.num_items = interactions.num_users, interactions.num_items
        self.config = config
        self.interactions = interactions
        self.register_buffer("weights", torch.zeros(self.num_items, self.num_items))

    @override
    def fit(self) -> None:
        """Invert the regularised Gram matrix of the items."""
        matrix = self._history(getattr(torch, self.config.precision))
        gram = matrix.T @ matrix
        del matrix
        if self.side is not None:
            self.side.add_to(gram)
        gram.diagonal().add_(self.config.regularisation)
        inverse = torch.cholesky_inverse(torch.linalg.cholesky(gram))
        weights = inverse / -inverse.diagonal()
        weights.fill_diagonal_(0)
        self.weights.copy_(weights)

    @classmethod
    @override
    def build(
        cls, config: ModelConfig, snapshot: Snapshot, interactions: Interactions, generator: torch.Generator
    ) -> Self:
        """Make it; see the contract."""
        assert isinstance(config, EaseConfig)
        return cls(config, interactions, SideInformation(snapshot, config.side) if config.side else None)

    @override
    def encode(self) -> Embeddings:
        """Give users [U, V], their histories, and items [V, V], the columns of B."""
        return Embeddings(self._history(self.weights.dtype), self.weights.T)

    @override
    def similar_items(self, k: int, embeddings: Embeddings) -> Ranking:
        """Give each item the k others it speaks for most: the largest positive entries of its row of B."""
        return nearest(lambda start, stop: self.weights[start:stop], self.num_items, k)

    @override
    def fold_in(self, snapshot: Snapshot, interactions: Interactions, known: KnownRows) -> Self:
        """Give it with other histories; an item that was not computed with speaks for none and is never listed."""
        model = type(self)(self.config, interactions)
        rows = known.items(snapshot.num_items)
        model.weights = carried_over(carried_over(self.weights, rows).T, rows).T
        return model.to(self.device)

    @classmethod
    @override
    def forecast_bytes(cls, config: ModelConfig, size: Size) -> int:
        """The history matrix, and the Gram matrix with its factor and inverse."""
        assert isinstance(config, EaseConfig)
        width = 8 if config.precision == "float64" else 4
        return width * (size.users * size.items + 3 * size.items**2) + 4 * size.items**2

    def _history(self, dtype: torch.dtype) -> Tensor:
        pairs = self.interactions.to(self.device)
        history = torch.zeros(self.num_users, self.num_items, dtype=dtype, device=self.device)
        history[pairs.users, pairs.items] = 1
        return history
