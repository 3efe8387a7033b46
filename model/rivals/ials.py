"""Implicit ALS (Hu et al., ICDM 2008) with the objective of "iALS revisited" (Rendle et al., RecSys 2022).

L(W, H) = Σ over pairs (1 - w_u · h_i)² + α Σ over all users and items (w_u · h_i)²
          + λ Σ_u (|I_u| + α V)^ν |w_u|² + λ Σ_i (|U_i| + α U)^ν |h_i|²
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Self

import torch
from pydantic import Field
from torch import Tensor
from typing_extensions import override

from export.snapshot import Snapshot
from model.config import ModelConfig
from model.fold_in import KnownRows, carried_over
from model.interactions import Interactions
from model.recommender import ClosedFormRecommender, Size
from model.types import Embeddings

BLOCK_BYTES = 64 * 2**20
"""How much the systems of one block of rows, or their gathered vectors, may take."""


class IalsConfig(ModelConfig):
    """Size, weights and iterations."""

    dimensions: int = Field(default=64, ge=1)
    iterations: int = Field(default=16, ge=1)
    """Times that all users and then all items are solved for."""
    unobserved_weight: float = Field(default=0.05, ge=0)
    """α, the weight of a pair that was not observed; an observed one has 1 + α."""
    regularisation: float = Field(default=0.02, gt=0)
    """λ."""
    frequency_exponent: float = Field(default=1.0, ge=0)
    """ν: 0 regularises all alike, 1 by how much weight a user or item has in the loss."""
    initial_deviation: float = Field(default=0.1, gt=0)
    """Of the first vectors, times 1 / √d."""


class Ials(ClosedFormRecommender):
    """Users and items are solved for in turn, each row exactly, by Cholesky."""

    name: ClassVar[str] = "ials"
    config_type: ClassVar[type[ModelConfig]] = IalsConfig
    has_vectors: ClassVar[bool] = True

    users: Tensor
    """float32 [U, d]"""
    items: Tensor
    """float32 [V, d]"""

    def __init__(self, config: IalsConfig, interactions: Interactions, generator: torch.Generator) -> None:
        super().__init__()
        self.config = config
        self.interactions = interactions
        deviation = config.initial_deviation / config.dimensions**0.5
        for name, rows in (("users", interactions.num_users), ("items", interactions.num_items)):
            self.register_buffer(name, torch.randn(rows, config.dimensions, generator=generator) * deviation)

    @override
    def fit(self) -> None:
        """Solve for users and items in turn."""
        pairs = self.interactions.to(self.device)
        of_items = Interactions.from_pairs(pairs.items, pairs.users, pairs.num_items, pairs.num_users)
        for _ in range(self.config.iterations):
            self.users = self._solve(pairs, self.items)
            self.items = self._solve(of_items, self.users)

    @classmethod
    @override
    def build(
        cls, config: ModelConfig, snapshot: Snapshot, interactions: Interactions, generator: torch.Generator
    ) -> Self:
        """Make it; see the contract."""
        assert isinstance(config, IalsConfig)
        return cls(config, interactions, generator)

    @override
    def encode(self) -> Embeddings:
        """Give users [U, d] and items [V, d]."""
        return Embeddings(self.users, self.items)

    @override
    def fold_in(self, snapshot: Snapshot, interactions: Interactions, known: KnownRows) -> Self:
        """Solve for all users with the items as they are, then for the new items; one without users is zero."""
        model = type(self)(self.config, interactions, torch.Generator())
        rows = known.items(snapshot.num_items)
        pairs = interactions.to(self.device)
        model.items = carried_over(self.items, rows)
        model.users = model._solve(pairs, model.items)
        of_items = Interactions.from_pairs(pairs.items, pairs.users, pairs.num_items, pairs.num_users)
        new = (rows < 0)[:, None].to(self.device)
        model.items = torch.where(new, model._solve(of_items, model.users), model.items)
        return model.to(self.device)

    @classmethod
    @override
    def forecast_bytes(cls, config: ModelConfig, size: Size) -> int:
        """The pairs in both directions, the vectors, and the blocks of systems with their factors."""
        assert isinstance(config, IalsConfig)
        vectors = 2 * 4 * (size.users + size.items) * config.dimensions
        return vectors + 100 * size.interactions + 5 * max(BLOCK_BYTES, 4 * size.users, 4 * config.dimensions**2)

    def _solve(self, pairs: Interactions, others: Tensor) -> Tensor:
        """Give the vectors that minimise the objective with the others' fixed.

        Args:
            pairs: whose "users" are the rows to solve for, and "items" the rows of `others`.
            others: [m, d].
        """
        shared = self.config.unobserved_weight * (others.T @ others)
        weights = pairs.user_degrees + self.config.unobserved_weight * pairs.num_items
        penalties = self.config.regularisation * weights.to(others.dtype) ** self.config.frequency_exponent
        solved = others.new_zeros(pairs.num_users, others.shape[1])
        for rows in _blocks(pairs.user_degrees, others.shape[1]):
            own = _gathered(pairs, rows, others)
            systems = torch.baddbmm(shared, own.mT, own)
            systems.diagonal(dim1=1, dim2=2).add_(penalties[rows, None])
            wanted = own.sum(1)[:, :, None]
            solved[rows] = torch.cholesky_solve(wanted, torch.linalg.cholesky(systems)).squeeze(2)
        return solved


def _blocks(degrees: Tensor, dimensions: int) -> Iterator[Tensor]:
    """Give the rows that have pairs, those with about as many together, in blocks of bounded memory."""
    order = degrees.argsort(stable=True)
    order = order[degrees[order] > 0]
    sizes = 4 * dimensions * degrees[order].clamp(min=dimensions)
    start = 0
    while start < len(order):
        # Rows are padded to the longest of their block, which is its last.
        taken = (torch.arange(1, len(order) - start + 1, device=sizes.device) * sizes[start:] <= BLOCK_BYTES).sum()
        stop = start + max(1, int(taken))
        yield order[start:stop]
        start = stop


def _gathered(pairs: Interactions, rows: Tensor, others: Tensor) -> Tensor:
    """Give the vectors that each row is paired with, padded by zeros: [n, longest, d]."""
    position, partners = pairs.of_users(rows)
    degrees = pairs.user_degrees[rows]
    within = torch.arange(len(position), device=rows.device) - (degrees.cumsum(0) - degrees)[position]
    gathered = others.new_zeros(len(rows), int(degrees.max()), others.shape[1])
    gathered[position, within] = others[partners]
    return gathered
