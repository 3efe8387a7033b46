"""SPiKE's graph encoder: attention on the knowledge graph, means on the user-item graph (spike.md §3.2)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from model.graph import KnowledgeGraph, Triples
from model.interactions import Interactions
from model.kernels.adjacency import SymmetricAdjacency
from model.kernels.sampling import dropout
from model.kernels.sparse import Structure, multiply
from model.kernels.unit_rows import unit_rows
from model.spike.attention import attend_to_triples
from model.spike.config import SpikeConfig
from model.spike.rationale import without_rationale


class SpikeEncoder(nn.Module):
    """The weights and graphs of the encoder.

    Parameters: `embedding` [U + E, d] (users first), `relation` [2R, d], `projection` [d, d], which query
    and key and all layers share; each Xavier uniform as a whole matrix.
    """

    def __init__(
        self,
        config: SpikeConfig,
        triples: Triples,
        interactions: Interactions,
        similar: SymmetricAdjacency | None,
        friends: SymmetricAdjacency | None,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.config = config
        self.num_users, self.num_items = interactions.num_users, interactions.num_items
        nodes = self.num_users + len(triples.entities)
        self.embedding = _xavier(nodes, config.dimensions, generator)
        self.relation = _xavier(triples.num_types, config.dimensions, generator)
        self.projection = _xavier(config.dimensions, config.dimensions, generator)
        self.knowledge = KnowledgeGraph(triples)
        self.items_of_users = MeanOf(interactions.users, interactions.items, (self.num_users, self.num_items))
        self.similar, self.friends = similar, friends
        self.users_of_items: MeanOf | None = None
        if config.users_send_messages:
            order = torch.argsort(interactions.items, stable=True)
            pairs = interactions.items[order], interactions.users[order]
            self.users_of_items = MeanOf(*pairs, (self.num_items, self.num_users))

    def layers(self, users: Tensor, entities: Tensor, generator: torch.Generator | None) -> tuple[Tensor, Tensor]:
        """Propagate the inputs and sum the layers, the inputs not counted.

        Args:
            users: u_0 [U, d].
            entities: x_0 [E, d], items first.
            generator: draws the sampled graph and the dropouts of a training step; None for the full graph.

        Returns:
            Σ u_l [U, d] and Σ x_l [E, d], over l = 1..L.
        """
        knowledge = self._sampled_knowledge(generator) if self.config.attends else None
        drop = self.config.graph_dropout
        from_items = self.items_of_users.weights(drop, generator)
        from_users = self.users_of_items.weights(drop, generator) if self.users_of_items else None
        sums = torch.zeros_like(users), torch.zeros_like(entities)
        for _ in range(self.config.layers):
            to_users = self._to_users(self.items_of_users(from_items, entities[: self.num_items]), users)
            to_entities = torch.zeros_like(entities) if knowledge is None else self._attention(knowledge, entities)
            others = self._to_items(entities, users, from_users)
            if others:
                to_entities = self._with(to_entities, others)
            users, entities = self._finished(to_users, generator), self._finished(to_entities, generator)
            sums = sums[0] + users, sums[1] + entities
        return sums

    def _attention(self, structure: Structure, entities: Tensor) -> Tensor:
        queries = entities @ self.projection
        heads = self.config.attention_heads
        return attend_to_triples(self.knowledge, structure, queries, entities, self.relation, heads)

    def _to_users(self, from_items: Tensor, users: Tensor) -> Tensor:
        """Add what friends send to what the items send, each of length 1: [U, d]. Without friends it is as it was."""
        if self.friends is None:
            return from_items
        return unit_rows(from_items) + self.config.friends_share * unit_rows(self.friends(users))

    def _to_items(self, entities: Tensor, users: Tensor, from_users: Tensor | None) -> list[Tensor]:
        """Give what items receive beside the attention, each [V, d] with rows of length 1 times its weight."""
        messages = []
        if self.users_of_items is not None and from_users is not None:
            messages.append(unit_rows(self.users_of_items(from_users, users)))
        if self.similar is not None:
            from_similar = unit_rows(self.similar(entities[: self.num_items]))
            messages.append(self.config.similarity_share * from_similar)
        return messages

    def _with(self, attention: Tensor, others: list[Tensor]) -> Tensor:
        """Add the others to the attention of the items, of length 1 too; auxiliary entities have no other."""
        own = unit_rows(attention[: self.num_items]) * self.config.attention_share
        return torch.cat([sum(others, own), attention[self.num_items :]])

    def _finished(self, messages: Tensor, generator: torch.Generator | None) -> Tensor:
        return unit_rows(dropout(messages, self.config.message_dropout, generator))

    def _sampled_knowledge(self, generator: torch.Generator | None) -> Structure:
        if generator is None or len(self.knowledge) == 0:
            return self.knowledge.structure
        sampled = self.knowledge.structure
        if self.config.graph_dropout:
            everything = self.config.sample_all_relations
            never = () if everything else (len(self.relation) - 1,)
            sampled = self.knowledge.sample(
                1 - self.config.graph_dropout, generator, at_least=int(everything), never=never
            )
        return self._without_rationale(sampled, generator) if self.config.drop_rationale_edges else sampled

    def _without_rationale(self, sampled: Structure, generator: torch.Generator) -> Structure:
        with torch.no_grad():
            queries = self.embedding[self.num_users :] @ self.projection
            relations = self.relation.index_select(0, self.knowledge.message_types)
            keys = queries.index_select(0, self.knowledge.message_tails) * relations
            heads, count = self.config.attention_heads, self.config.rationale_edges
            return without_rationale(sampled, queries, keys, heads, count, generator)


class MeanOf(nn.Module):
    """The row-normalised product D⁻¹ A of a bipartite graph whose pairs are sorted by row."""

    full: Tensor

    def __init__(self, rows: Tensor, columns: Tensor, shape: tuple[int, int]) -> None:
        super().__init__()
        self.structure = Structure(rows, columns, shape)
        degrees = self.structure.offsets.diff().clamp(min=1)
        self.register_buffer("full", 1 / degrees[rows].to(torch.get_default_dtype()), persistent=False)

    def weights(self, drop: float, generator: torch.Generator | None) -> Tensor:
        """Give the weight of each pair, some set to zero and the others scaled up in training."""
        return dropout(self.full, drop, generator)

    def forward(self, weights: Tensor, values: Tensor) -> Tensor:
        """Sum the values of each row's pairs by these weights."""
        return multiply(self.structure, weights, values)


def _xavier(rows: int, columns: int, generator: torch.Generator) -> nn.Parameter:
    return nn.Parameter(nn.init.xavier_uniform_(torch.empty(rows, columns), generator=generator))
