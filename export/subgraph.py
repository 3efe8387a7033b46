"""Which triples and entities of a graph a selection keeps. Pure arrays; entities are rows, items first."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from export.snapshot import IntArray, Selection

Mask = npt.NDArray[np.bool_]


def choose(edge_index: IntArray, num_items: int, num_entities: int, selection: Selection) -> tuple[Mask, Mask]:
    """Apply hops and degree bounds.

    A triple stays while it is near enough and both its ends stay. An auxiliary entity stays while its
    degree (triples kept, either direction) is within the bounds; those with too many triples go first, then
    those with too few, again and again until each one that is left has enough. Items always stay.

    Args:
        edge_index: int64 [2, m]: rows of heads and tails.
        num_items: V; rows 0..V-1 are items.
        num_entities: E.
        selection: hops, min_degree and max_degree are read.

    Returns:
        The mask of the entities [E] and the mask of the triples [m] that stay.
    """
    triples = near(edge_index, num_items, num_entities, selection.hops)
    items = np.arange(num_entities) < num_items
    entities: Mask = np.full(num_entities, fill_value=True)
    if selection.hops is not None:
        entities = items | (_degrees(edge_index[:, triples], num_entities) > 0)
    if selection.max_degree is not None:
        entities &= items | (_degrees(edge_index[:, triples], num_entities) <= selection.max_degree)
    while True:
        triples &= entities[edge_index[0]] & entities[edge_index[1]]
        enough = items | (_degrees(edge_index[:, triples], num_entities) >= selection.min_degree)
        if enough[entities].all():
            return entities, triples
        entities &= enough


def near(edge_index: IntArray, num_items: int, num_entities: int, hops: int | None) -> Mask:
    """Give the mask [m] of the triples with an end at most `hops - 1` steps from an item."""
    if hops is None:
        return np.ones(edge_index.shape[1], dtype=np.bool_)
    reached = np.arange(num_entities) < num_items
    for _ in range(hops - 1):
        touching = reached[edge_index].any(axis=0)
        before = int(reached.sum())
        reached[edge_index[:, touching]] = True
        if int(reached.sum()) == before:
            break
    mask: Mask = np.asarray(reached[edge_index].any(axis=0), dtype=np.bool_)
    return mask


def _degrees(edge_index: IntArray, num_entities: int) -> IntArray:
    """Count the triples of each entity; one that leads back to itself counts once."""
    heads = np.bincount(edge_index[0], minlength=num_entities)
    tails = np.bincount(edge_index[1, edge_index[0] != edge_index[1]], minlength=num_entities)
    return heads + tails
