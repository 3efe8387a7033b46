"""What a model that is trained by steps minimises, and the scores that belong to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol

import torch
from torch import Tensor
from torch.nn import functional

from model.batches import Batch, NegativeSampler, Sampler, UserBatch, UserSampler
from model.interactions import Interactions
from model.losses import bpr, squared_norms
from model.types import Embeddings

ObjectiveName = Literal["bpr", "softmax"]
"""`bpr`: a user's item before one drawn at random. `softmax`: a user's items before all others at once."""


class Objective(Protocol):
    """An objective over final embeddings."""

    def sampler(self, interactions: Interactions) -> Sampler[Any]:
        """Give the batches it wants."""

    def parts(self, users: Tensor, items: Tensor, batch: Any) -> dict[str, Tensor]:
        """Give the named parts of a batch's loss from the embeddings of all users [U, d] and all items [V, d]."""

    def embeddings(self, users: Tensor, items: Tensor) -> Embeddings:
        """Give the vectors whose products are the scores that were trained."""


@dataclass(frozen=True)
class Bpr:
    """Bayesian personalised ranking with one uniform negative a pair; scores are products (Rendle et al., UAI 2009)."""

    l2_weight: float = 0.0
    """Of half the squared norms of the batch's three embeddings, per interaction."""

    def sampler(self, interactions: Interactions) -> Sampler[Batch]:
        """Give pairs with a negative each."""
        return NegativeSampler(interactions)

    def parts(self, users: Tensor, items: Tensor, batch: Batch) -> dict[str, Tensor]:
        """Mean over the batch of -log σ(u·i⁺ - u·i⁻), and L2 where it has a weight."""
        rows = (users, batch.users), (items, batch.positives), (items, batch.negatives)
        vectors = [matrix.index_select(0, row) for matrix, row in rows]
        found = {"bpr": bpr(vectors[0], vectors[1], vectors[2])}
        if self.l2_weight:
            found["l2"] = self.l2_weight * squared_norms(*vectors)
        return found

    def embeddings(self, users: Tensor, items: Tensor) -> Embeddings:
        """Give the vectors as they are."""
        return Embeddings(users, items)


@dataclass(frozen=True)
class Softmax:
    """Cross-entropy of a softmax over all items of cosine / τ, a term for each item of a user.

    Every item of the catalogue is a negative of every user, so none is sampled; cosines keep popular items from
    winning by their length. (The sampled form is the SSM loss of Wu et al., TOIS 2024, arXiv 2201.02327.)
    """

    temperature: float
    """τ"""

    def sampler(self, interactions: Interactions) -> Sampler[UserBatch]:
        """Give users with all their items."""
        return UserSampler(interactions)

    def parts(self, users: Tensor, items: Tensor, batch: UserBatch) -> dict[str, Tensor]:
        """Give the cross-entropy alone."""
        return {"softmax": self.loss(users, items, batch)}

    def loss(self, users: Tensor, items: Tensor, batch: UserBatch) -> Tensor:
        """Mean over the batch's pairs of -log softmax(cos(u, ·) / τ)[i]."""
        chosen = functional.normalize(users.index_select(0, batch.users), dim=1)
        scores = chosen @ functional.normalize(items, dim=1).T / self.temperature
        of_pairs = scores[batch.positions, batch.items]
        return (torch.logsumexp(scores, dim=1).index_select(0, batch.positions) - of_pairs).mean()

    def embeddings(self, users: Tensor, items: Tensor) -> Embeddings:
        """Give the vectors with length 1, whose products are cosines."""
        return Embeddings(functional.normalize(users, dim=1), functional.normalize(items, dim=1))


def objective_of(name: ObjectiveName, temperature: float, l2_weight: float = 0.0) -> Objective:
    """Make the objective of this name; each takes the option that is its own."""
    return Softmax(temperature) if name == "softmax" else Bpr(l2_weight)
