"""Training on the surroundings of a batch: a step then costs what the batch does, not what the graph does.

Around the users and items of a batch, as many hops as there are layers, each node hears some of its neighbours
(GraphSAGE, Hamilton et al., NeurIPS 2017). The encoder then runs on that subgraph as it does on the whole graph.
With all neighbours the batch's embeddings are those of the whole graph.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from model.batches import Batch
from model.graph import KnowledgeGraph, Triples
from model.kernels.sparse import Structure
from model.objectives import Bpr
from model.spike.encoder import MeanOf, SpikeEncoder
from model.spike.matching import matching
from model.spike.passes import draw_masks, encode
from model.spike.profiles import ProfileEncoder
from model.types import Losses

ALL = -1
"""Instead of a number of neighbours."""


class Surroundings(NamedTuple):
    """A subgraph, in the rows of the whole graph."""

    users: Tensor
    """int64, sorted, distinct."""
    entities: Tensor
    """int64, sorted, distinct: items first."""
    pairs: tuple[Tensor, Tensor]
    """Users who hear, items whom they hear."""
    senders: tuple[Tensor, Tensor]
    """Items who hear, users whom they hear; none where users send no messages."""
    heads: Tensor
    messages: Tensor
    """The triples: entities who hear, and what they hear, a row of `KnowledgeGraph.message_tails`."""


def surroundings(
    encoder: SpikeEncoder, users: Tensor, entities: Tensor, counts: Sequence[int], generator: torch.Generator | None
) -> Surroundings:
    """Go out from some nodes, hop by hop.

    Args:
        encoder: has the graphs.
        users: int64 [n], rows; repeated ones count once.
        entities: int64 [m], rows.
        counts: per hop how many neighbours of each kind a node hears that was reached by then; `ALL` for all.
        generator: draws them; may be None where all are heard.
    """
    known_users, known_entities = torch.unique(users), torch.unique(entities)
    new_users, new_entities = known_users, known_entities
    none = users.new_zeros(0)
    pairs, senders, triples = ([(none, none)] for _ in range(3))
    for count in counts:
        pairs.append(heard(encoder.items_of_users.structure, new_users, count, generator))
        triples.append(heard(encoder.knowledge.structure, new_entities, count, generator))
        if encoder.users_of_items is not None:
            items = new_entities[new_entities < encoder.num_items]
            senders.append(heard(encoder.users_of_items.structure, items, count, generator))
        tails = encoder.knowledge.message_tails.index_select(0, triples[-1][1])
        known_users, new_users = _joined(known_users, senders[-1][1] if len(senders) > 1 else none)
        known_entities, new_entities = _joined(known_entities, torch.cat([pairs[-1][1], tails]))
    return Surroundings(known_users, known_entities, _together(pairs), _together(senders), *_together(triples))


def heard(structure: Structure, rows: Tensor, count: int, generator: torch.Generator | None) -> tuple[Tensor, Tensor]:
    """Draw `count` distinct entries of each of these rows, uniformly; all of a row that has no more.

    Args:
        structure: a matrix.
        rows: int64 [n], distinct.
        count: `ALL` for all entries.
        generator: of the structure's device.

    Returns:
        int64 [m] rows and int64 [m] columns.
    """
    first = structure.offsets.index_select(0, rows)
    degrees = structure.offsets.index_select(0, rows + 1) - first
    few = torch.ones_like(rows, dtype=torch.bool) if count == ALL else degrees <= count
    of_few = degrees[few]
    position = few.nonzero().squeeze(1).repeat_interleave(of_few)
    within = torch.arange(len(position), device=rows.device) - (of_few.cumsum(0) - of_few).repeat_interleave(of_few)
    many = (~few).nonzero().squeeze(1)
    if len(many):
        assert generator is not None
        position = torch.cat([position, many.repeat_interleave(count)])
        within = torch.cat([within, distinct(degrees[many], count, generator).flatten()])
    return rows[position], structure.columns.index_select(0, first[position] + within)


def distinct(sizes: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Draw `count` different numbers below each size, uniformly, by Floyd's algorithm for all sizes at once.

    Args:
        sizes: int64 [n], none smaller than `count`.
        count: how many.
        generator: of their device.

    Returns:
        int64 [n, count].
    """
    chosen = torch.full((len(sizes), count), -1, dtype=torch.int64, device=sizes.device)
    for step in range(count):
        last = sizes - count + step
        uniform = torch.rand(len(sizes), generator=generator, device=sizes.device, dtype=torch.float64)
        drawn = (uniform * (last + 1)).long()
        taken = (chosen[:, :step] == drawn[:, None]).any(dim=1)
        chosen[:, step] = torch.where(taken, last, drawn)
    return chosen


def on_surroundings(encoder: SpikeEncoder, part: Surroundings) -> SpikeEncoder:
    """Give the encoder with its weights, but a subgraph for a graph; it has no embeddings of its own."""
    inside = SpikeEncoder.__new__(SpikeEncoder)
    nn.Module.__init__(inside)
    inside.config = encoder.config.model_copy(update={"graph_dropout": 0.0, "drop_rationale_edges": False})
    inside.num_users = len(part.users)
    inside.num_items = int((part.entities < encoder.num_items).sum())
    inside.relation, inside.projection = encoder.relation, encoder.projection
    inside.knowledge = KnowledgeGraph(_triples(encoder, part)).to(part.users.device)
    inside.similar = inside.friends = None
    shape = inside.num_users, inside.num_items
    inside.items_of_users = _mean(part.pairs, (part.users, part.entities), shape)
    inside.users_of_items = None
    if encoder.users_of_items is not None:
        inside.users_of_items = _mean(part.senders, (part.entities, part.users), shape[::-1])
    return inside


def loss(
    encoder: SpikeEncoder,
    profiles: tuple[ProfileEncoder, ProfileEncoder] | None,
    batch: Batch,
    generator: torch.Generator | None,
) -> Losses:
    """Give SPiKE's BPR, L2 and matching from the surroundings of a batch.

    Nodes further out lack some of their neighbours, so only the batch's own users and items are matched.

    Args:
        encoder: the whole one.
        profiles: the networks of users and entities, where profiles are used.
        batch: rows of the whole graph.
        generator: draws neighbours and dropouts; None where all are heard and nothing is dropped.
    """
    config = encoder.config
    items = torch.cat([batch.positives, batch.negatives])
    part = surroundings(encoder, batch.users, items, config.neighbours or (), generator)
    own = (
        encoder.embedding.index_select(0, part.users),
        encoder.embedding.index_select(0, part.entities + encoder.num_users),
    )
    texts = _profiles(profiles, part, generator)
    inputs = [base if p is None else base + config.profile_weight * p for base, p in zip(own, texts, strict=True)]
    summed = on_surroundings(encoder, part).layers(inputs[0], inputs[1], generator)
    users, entities = own[0] + summed[0], own[1] + summed[1]
    rows = [torch.searchsorted(part.users, batch.users)]
    rows += [torch.searchsorted(part.entities, ends) for ends in (batch.positives, batch.negatives)]
    parts = Bpr(config.l2).parts(users, entities, Batch(*rows))
    if config.matching_weight and texts[0] is not None and texts[1] is not None:
        centre = torch.unique(rows[0]), torch.unique(torch.cat(rows[1:]))
        final, wanted = (torch.cat([a[centre[0]], b[centre[1]]]) for a, b in ((users, entities), (texts[0], texts[1])))
        parts["matching"] = config.matching_weight * matching(final, wanted)
    return parts


def _profiles(
    networks: tuple[ProfileEncoder, ProfileEncoder] | None, part: Surroundings, generator: torch.Generator | None
) -> tuple[Tensor | None, Tensor | None]:
    if networks is None:
        return None, None
    return _encoded(networks[0], part.users, generator), _encoded(networks[1], part.entities, generator)


def _encoded(network: ProfileEncoder, rows: Tensor, generator: torch.Generator | None) -> Tensor:
    texts = network.texts.index_select(0, rows)
    masks = None
    if generator is not None and network.drop:
        masks = draw_masks(len(texts), texts.shape[1], 1, network.drop, generator)
    return encode(texts, network.hidden, network.output, 1, masks)[0]


def _triples(encoder: SpikeEncoder, part: Surroundings) -> Triples:
    known = encoder.knowledge
    tails, types = (buffer.index_select(0, part.messages) for buffer in (known.message_tails, known.message_types))
    heads, tails = (torch.searchsorted(part.entities, rows) for rows in (part.heads, tails))
    arrays = [tensor.cpu().numpy() for tensor in (heads, tails, types, part.entities)]
    return Triples(arrays[0], arrays[1], arrays[2], arrays[3], len(encoder.relation))


def _mean(pairs: tuple[Tensor, Tensor], ends: tuple[Tensor, Tensor], shape: tuple[int, int]) -> MeanOf:
    rows, columns = (torch.searchsorted(end, part) for end, part in zip(ends, pairs, strict=True))
    order = torch.argsort(rows * max(shape[1], 1) + columns)
    return MeanOf(rows[order], columns[order], shape).to(rows.device)


def _joined(known: Tensor, found: Tensor) -> tuple[Tensor, Tensor]:
    """Give the known rows with the found ones, and those of the found that were not known; sorted and distinct."""
    found = torch.unique(found)
    new = found[~torch.isin(found, known)]
    return torch.cat([known, new]).sort().values, new


def _together(parts: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    rows, columns = zip(*parts, strict=True)
    return torch.cat(rows), torch.cat(columns)
