"""The contract of every model: built from a snapshot, it encodes users and items as vectors.

The score of a pair is the dot product of its two vectors, so that evaluation, write-back and search
know no model by name.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Generic, Self, TypeVar, cast

import numpy as np
import torch
from torch import nn

from export.snapshot import Snapshot
from model.batches import Divisible, NegativeSampler, Sampler
from model.config import ModelConfig
from model.fold_in import KnownRows
from model.interactions import Interactions
from model.retrieval import similar_rows
from model.types import Embeddings, Losses, Ranking
from spikegraph.errors import UsageError

BatchType = TypeVar("BatchType", bound=Divisible)


@dataclass(frozen=True)
class Size:
    """What the memory of a training depends on."""

    users: int
    items: int
    entities: int
    triples: int
    messages: int
    """Distinct (tail, relation) pairs, both directions counted."""
    text_dimensions: int
    interactions: int
    batch_size: int
    device: str = "cpu"
    """Where the training is to run: 'cpu' or 'cuda'."""

    @classmethod
    def of(cls, snapshot: Snapshot, interactions: int, batch_size: int) -> Size:
        """Measure a snapshot, with so many training interactions in batches of so many."""
        text = 0 if snapshot.user_profile is None else snapshot.user_profile.shape[1]
        ends = snapshot.edge_index * max(snapshot.num_relations, 1) + snapshot.edge_type
        return cls(
            users=snapshot.num_users,
            items=snapshot.num_items,
            entities=snapshot.num_entities,
            triples=len(snapshot.edge_type),
            messages=sum(len(np.unique(end)) for end in ends),
            text_dimensions=text,
            interactions=interactions,
            batch_size=batch_size,
        )


class Recommender(nn.Module, ABC):
    """A model of one snapshot."""

    name: ClassVar[str]
    """The name it is asked for by."""
    config_type: ClassVar[type[ModelConfig]]
    has_vectors: ClassVar[bool]
    """Whether it has points of a small space, worth a vector index and cosines (`vectors`)."""

    @classmethod
    @abstractmethod
    def build(
        cls, config: ModelConfig, snapshot: Snapshot, interactions: Interactions, generator: torch.Generator
    ) -> Self:
        """Make the model with its initial weights.

        Args:
            config: an instance of `config_type`.
            snapshot: the graph and the profiles.
            interactions: the pairs it may learn from; never taken from the snapshot, which holds test too.
            generator: draws the initial weights, on the CPU.
        """

    @abstractmethod
    def encode(self) -> Embeddings:
        """Give the embeddings: users [U, d], items [V, d], without dropout, on the full graph."""

    def vectors(self, embeddings: Embeddings) -> Embeddings | None:
        """Give users and items as points of a small space, whose products need not be the scores; None without."""
        return embeddings if self.has_vectors else None

    def similar_items(self, k: int, embeddings: Embeddings) -> Ranking | None:
        """Give each item the k others that are most alike, by the cosine of its vector; None without vectors.

        Args:
            k: how many.
            embeddings: what `encode` gives, made before.
        """
        vectors = self.vectors(embeddings)
        return similar_rows(vectors.items, k) if vectors else None

    def fold_in(self, snapshot: Snapshot, interactions: Interactions, known: KnownRows) -> Self:  # noqa: ARG002
        """Give this model over another graph: the trained weights of the rows it knows, nothing trained.

        Args:
            snapshot: the other graph.
            interactions: the pairs that are heard, rows of that graph.
            known: where its rows stood in the graph that this model was trained on.

        Raises:
            UsageError: the model cannot, or not over this graph.
        """
        raise UsageError(
            f"'{self.name}' takes nobody in without training", where="fold-in", hint="train it on the newer snapshot"
        )

    @classmethod
    @abstractmethod
    def forecast_bytes(cls, config: ModelConfig, size: Size) -> int:
        """Estimate the peak memory of training, in bytes."""

    @property
    def device(self) -> torch.device:
        """Where the tensors are."""
        return next(iter([*self.parameters(), *self.buffers()])).device


class ClosedFormRecommender(Recommender):
    """A model that is computed, not trained."""

    @abstractmethod
    def fit(self) -> None:
        """Compute the weights from the interactions it was built with."""


class TrainedRecommender(Recommender, Generic[BatchType]):
    """A model that is trained by gradient steps over batches of interactions, of a kind that it chooses."""

    def sampler(self, interactions: Interactions) -> Sampler[BatchType]:
        """Give what an epoch goes through: pairs with a negative each, unless a model wants something else."""
        return cast("Sampler[BatchType]", NegativeSampler(interactions))

    @abstractmethod
    def loss(self, batch: BatchType, generator: torch.Generator) -> Losses:
        """Give the parts of the objective for one batch.

        Args:
            batch: what its sampler gives, on the model's device.
            generator: of the model's device; every random choice of the step is drawn from it.
        """
