"""The released model: its forward pass, its objective, its encoding for evaluation (spike.md §3.2 to 3.5)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.official.data import Data, Settings
from benchmarks.official.draws import Draws

NAMES = {
    "nodes": "encoder.embedding",
    "relations": "encoder.relation",
    "projection": "encoder.projection",
    "user_mlp.0.weight": "user_profiles.hidden.weight",
    "user_mlp.0.bias": "user_profiles.hidden.bias",
    "user_mlp.2.weight": "user_profiles.output.weight",
    "user_mlp.2.bias": "user_profiles.output.bias",
    "entity_mlp.0.weight": "entity_profiles.hidden.weight",
    "entity_mlp.0.bias": "entity_profiles.hidden.bias",
    "entity_mlp.2.weight": "entity_profiles.output.weight",
    "entity_mlp.2.bias": "entity_profiles.output.bias",
}
"""Parameters of the rendering, and what they are called in the product's model."""


class Graph(NamedTuple):
    """What a pass goes over: edges [2, m] with types [m], pairs [2, n] with weights [n]."""

    edges: Tensor
    types: Tensor
    pairs: Tensor
    weights: Tensor


class OfficialSpike(nn.Module):
    """The parameters and the computation of the release."""

    def __init__(self, data: Data, settings: Settings | None = None, seed: int = 0) -> None:
        super().__init__()
        self.data, self.settings = data, settings or Settings()
        self.draws = Draws(self.settings, seed)
        size, width = self.settings.dimensions, data.user_texts.shape[1]
        self.nodes = _xavier(data.num_users + data.num_entities, size, self.draws.torch)
        self.relations = _xavier(data.num_types, size, self.draws.torch)
        self.projection = _xavier(size, size, self.draws.torch)
        self.user_mlp, self.entity_mlp = (
            nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, size)) for _ in range(2)
        )

    def take(self, weights: Mapping[str, Tensor]) -> OfficialSpike:
        """Copy the parameters of the product's model, by its names."""
        with torch.no_grad():
            for name, parameter in self.named_parameters():
                parameter.copy_(weights[NAMES[name]])
        return self

    def loss(
        self, users: Tensor, positives: Tensor, negatives: Tensor, samples: Sequence[Tensor] | None = None
    ) -> dict[str, Tensor]:
        """Give the objective of a step, BPR and matching; the release computes an L2 term and leaves it out.

        Args:
            users: int64 [B].
            positives: int64 [B].
            negatives: int64 [B].
            samples: anchors of the matching; drawn where None.
        """
        out_users, out_entities = self.forward(self.sampled_graph(), training=True)
        margins = (out_users[users] * out_entities[positives]).sum(1) - (
            out_users[users] * out_entities[negatives]
        ).sum(1)
        texts = torch.cat(self.profiles(training=True))
        matched = self.matching(torch.cat([out_users, out_entities]), texts, samples)
        return {"bpr": -functional.logsigmoid(margins).mean(), "matching": self.settings.matching_weight * matched}

    def generate(self) -> tuple[Tensor, Tensor]:
        """Give the final embeddings for evaluation: users [U, d], items [V, d]."""
        with torch.no_grad():
            users, entities = self.forward(self.full_graph(), training=False)
        return users, entities[: self.data.num_items]

    def full_graph(self) -> Graph:
        """Everything."""
        return Graph(self.data.edges, self.data.edge_types, self.data.pairs, self.data.pair_weights)

    def sampled_graph(self) -> Graph:
        """What a training step goes over (spike.md §3.4, 1 to 3)."""
        chosen = self.draws.edges(self.data)
        edges, types = self.data.edges[:, chosen], self.data.edge_types[chosen]
        if self.settings.rationale_edges:
            kept = self.draws.not_rationale(self.rationale_scores(edges, types))
            edges, types = edges[:, kept], types[kept]
        return Graph(edges, types, *self.draws.pairs(self.data))

    def rationale_scores(self, edges: Tensor, types: Tensor) -> Tensor:
        """Score edges by their attention before any message, times the degree of the receiver: [m]."""
        with torch.no_grad():
            logits = self._logits(self.nodes[self.data.num_users :], edges, types).mean(1)
            degrees = torch.zeros(self.data.num_entities).index_add(0, edges[0], torch.ones(len(types)))
            return _softmax(logits[:, None], edges[0], self.data.num_entities).squeeze(1) * degrees[edges[0]]

    def profiles(self, *, training: bool) -> tuple[Tensor, Tensor]:
        """Evaluate both profile networks, in training with dropout masks of their own: [U, d], [E, d]."""
        share = self.settings.profile_dropout if training else 0.0
        encoded = []
        for network, texts in ((self.user_mlp, self.data.user_texts), (self.entity_mlp, self.data.entity_texts)):
            hidden = self.draws.dropout(network[1](network[0](texts)), share)
            encoded.append(network[2](hidden))
        return encoded[0], encoded[1]

    def forward(self, graph: Graph, *, training: bool) -> tuple[Tensor, Tensor]:
        """Inject, propagate, remove: final users [U, d] and entities [E, d]."""
        share, split = self.settings.profile_weight, self.data.num_users
        injected = self.profiles(training=training)
        users, entities = self.nodes[:split] + share * injected[0], self.nodes[split:] + share * injected[1]
        out_users, out_entities = users, entities
        for _ in range(self.settings.layers):
            users, entities = self._hop(entities, graph, training=training)
            out_users, out_entities = out_users + users, out_entities + entities
        removed = self.profiles(training=training)
        return out_users - share * removed[0], out_entities - share * removed[1]

    def _hop(self, entities: Tensor, graph: Graph, *, training: bool) -> tuple[Tensor, Tensor]:
        attention = _softmax(self._logits(entities, graph.edges, graph.types), graph.edges[0], len(entities))
        heads, size = self.settings.heads, self.settings.dimensions
        values = (entities[graph.edges[1]] * self.relations[graph.types]).view(-1, heads, size // heads)
        messages = (values * attention[:, :, None]).view(-1, size)
        to_entities = torch.zeros_like(entities).index_add(0, graph.edges[0], messages)
        of_items = entities[graph.pairs[1]] * graph.weights[:, None]
        to_users = entities.new_zeros(self.data.num_users, size).index_add(0, graph.pairs[0], of_items)
        share = self.settings.message_dropout if training else 0.0
        to_users, to_entities = (self.draws.dropout(part, share) for part in (to_users, to_entities))
        return functional.normalize(to_users, dim=1), functional.normalize(to_entities, dim=1)

    def _logits(self, entities: Tensor, edges: Tensor, types: Tensor) -> Tensor:
        """Give the attention logits, [m, H]: both ends are projected for every edge."""
        heads, width = self.settings.heads, self.settings.dimensions // self.settings.heads
        queries = (entities[edges[0]] @ self.projection).view(-1, heads, width)
        keys = ((entities[edges[1]] @ self.projection) * self.relations[types]).view(-1, heads, width)
        return (queries * keys).sum(-1) / math.sqrt(width)

    def matching(self, nodes: Tensor, texts: Tensor, samples: Sequence[Tensor] | None) -> Tensor:
        """Compare the cosines of both for every two anchors, as k × k matrices, averaged over the samples."""
        z, q = functional.normalize(nodes, dim=1), functional.normalize(texts, dim=1)
        anchors = torch.stack(list(samples or self.draws.samples(len(nodes))))
        left, right = z[anchors], q[anchors]
        return (left @ left.transpose(1, 2) - right @ right.transpose(1, 2)).square().mean()


def _softmax(logits: Tensor, groups: Tensor, count: int) -> Tensor:
    """Softmax of the rows [m, H] of each group, by scattering."""
    index = groups[:, None].expand_as(logits)
    highest = logits.new_full((count, logits.shape[1]), -torch.inf).scatter_reduce(0, index, logits.detach(), "amax")
    exponentials = (logits - highest[groups]).exp()
    sums = logits.new_zeros(count, logits.shape[1]).index_add(0, groups, exponentials)
    return exponentials / (sums[groups] + 1e-16)


def _xavier(rows: int, columns: int, generator: torch.Generator) -> nn.Parameter:
    return nn.Parameter(nn.init.xavier_uniform_(torch.empty(rows, columns), generator=generator))
