"""ItemKNN: items scored by their similarity to those that a user has (Sarwar et al., WWW 2001)."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional
from typing_extensions import override

from export.snapshot import Snapshot
from model.config import ModelConfig
from model.fold_in import KnownRows, carried_over, places_of
from model.interactions import Interactions
from model.recommender import ClosedFormRecommender, Size
from model.retrieval import BLOCK_BYTES, nearest
from model.types import Embeddings, Ranking

FloatArray = npt.NDArray[np.float64]

TINY = 1e-12


class ItemKnnConfig(ModelConfig):
    """How alike two items are, and how many of the most alike count."""

    neighbours: int = Field(default=200, ge=1)
    """Of each item: k."""
    shrinkage: float = Field(default=10.0, ge=0)
    """Added to the product of the norms, so that items with few users are less alike."""
    weighting: Literal["none", "idf", "bm25"] = "idf"
    """Of a user in the similarities: 1, log(V / items of the user), or BM25 with the user as document.

    (With the item as document, BM25 is one factor an item, which a cosine undoes.)
    """
    bm25_saturation: float = Field(default=1.2, ge=0)
    """K₁ of BM25."""
    bm25_length: float = Field(default=0.75, ge=0, le=1)
    """B of BM25: how much users with many items are held down."""


class ItemKnn(ClosedFormRecommender):
    """The score of item j for user u is Σ over the k nearest i of j that u has of their similarity.

    similarity(i, j) = x_i · x_j / (|x_i| |x_j| + shrinkage), with x_i the weighted users of item i. An
    item is never its own neighbour; of equally similar ones the lower row is taken.
    """

    name: ClassVar[str] = "item-knn"
    config_type: ClassVar[type[ModelConfig]] = ItemKnnConfig
    has_vectors: ClassVar[bool] = False

    neighbours: Tensor
    """int64 [V, k], most alike first; -1 where an item has fewer."""
    similarities: Tensor
    """float32 [V, k]; 0 where there is no neighbour."""

    def __init__(self, config: ItemKnnConfig, interactions: Interactions) -> None:
        super().__init__()
        self.num_items = interactions.num_items
        self.config = config
        self.interactions = interactions
        shape = self.num_items, min(config.neighbours, self.num_items)
        self.register_buffer("neighbours", torch.full(shape, -1))
        self.register_buffer("similarities", torch.zeros(shape))

    @override
    def fit(self) -> None:
        """Find the neighbours, block by block of items."""
        users_of_items = self._weighted()
        norms = np.sqrt(users_of_items.multiply(users_of_items).sum(axis=1))
        items_of_users = sp.csr_array(users_of_items.T)

        def similarities(start: int, stop: int) -> Tensor:
            products = users_of_items[start:stop] @ items_of_users
            own = np.repeat(norms[start:stop], np.diff(products.indptr))
            # Users who have every item weigh nothing under idf, so that a norm may be zero.
            products.data /= np.maximum(own * norms[products.indices] + self.config.shrinkage, TINY)
            return torch.from_numpy(products.astype(np.float32).toarray())

        found = nearest(similarities, self.num_items, self.neighbours.shape[1], block_bytes=BLOCK_BYTES)
        neighbours, values = torch.from_numpy(found.rows), torch.from_numpy(found.scores)
        self.neighbours.copy_(neighbours)
        self.similarities.copy_(values.masked_fill(neighbours < 0, 0))

    @classmethod
    @override
    def build(
        cls, config: ModelConfig, snapshot: Snapshot, interactions: Interactions, generator: torch.Generator
    ) -> Self:
        """Make it; see the contract."""
        assert isinstance(config, ItemKnnConfig)
        return cls(config, interactions)

    @override
    def encode(self) -> Embeddings:
        """Give users [U, V] as CSR, their histories, and items [V, V] as CSC, each with its neighbours."""
        pairs = self.interactions.to(self.device)
        shape = pairs.num_users, pairs.num_items
        ones = torch.ones(len(pairs), device=self.device)
        users = torch.sparse_csr_tensor(pairs.offsets, pairs.items, ones, shape, check_invariants=False)
        items, place = (self.neighbours >= 0).nonzero().T
        neighbours, order = self.neighbours[items, place].sort(stable=True)
        counts = torch.bincount(neighbours, minlength=self.num_items)
        offsets = torch.cat([counts.new_zeros(1), counts.cumsum(0)])
        values = self.similarities[items, place][order]
        shape = self.num_items, self.num_items
        return Embeddings(users, torch.sparse_csc_tensor(offsets, items[order], values, shape, check_invariants=False))

    @override
    def similar_items(self, k: int, embeddings: Embeddings) -> Ranking:
        """Give each item its neighbours, k at most."""
        rows, values = self.neighbours[:, :k], self.similarities[:, :k]
        values = values.masked_fill(rows < 0, -torch.inf)
        padding = (0, k - rows.shape[1])
        rows = functional.pad(rows, padding, value=-1)
        values = functional.pad(values, padding, value=-torch.inf)
        return Ranking(rows.cpu().numpy(), values.cpu().numpy())

    @override
    def fold_in(self, snapshot: Snapshot, interactions: Interactions, known: KnownRows) -> Self:
        """Give it with other histories; a new item has no neighbours and is nobody's."""
        model = type(self)(self.config, interactions)
        rows = known.items(snapshot.num_items)
        ends = carried_over(self.neighbours, rows).masked_fill(rows[:, None] < 0, -1)
        model.neighbours = places_of(ends, rows, self.num_items)
        model.similarities = carried_over(self.similarities, rows).masked_fill(model.neighbours < 0, 0)
        return model.to(self.device)

    @classmethod
    @override
    def forecast_bytes(cls, config: ModelConfig, size: Size) -> int:
        """The matrix twice, the lists of neighbours, and blocks of similarities with their sorting."""
        assert isinstance(config, ItemKnnConfig)
        return 2 * 32 * size.interactions + 3 * 12 * size.items * config.neighbours + 16 * BLOCK_BYTES

    def _weighted(self) -> sp.csr_array:
        """Give the users of every item, weighted: float64 [V, U]."""
        pairs = self.interactions.to(torch.device("cpu"))
        users, items = pairs.users.numpy(), pairs.items.numpy()
        weights = self._weights(pairs.user_degrees.double(), pairs.num_items)[users]
        return sp.csr_array((weights, (items, users)), shape=(pairs.num_items, pairs.num_users))

    def _weights(self, degrees: Tensor, num_items: int) -> FloatArray:
        """Give the weight of each user with so many items: float64 [U]."""
        if self.config.weighting == "none":
            weights = torch.ones_like(degrees)
        elif self.config.weighting == "idf":
            weights = (num_items / degrees.clamp(min=1)).log()
        else:
            saturation, length = self.config.bm25_saturation, self.config.bm25_length
            relative = 1 - length + length * degrees / degrees.mean().clamp(min=1e-12)
            weights = (saturation + 1) / (saturation * relative + 1)
        return np.asarray(weights.numpy(), dtype=np.float64)
