"""Attention over the edges of the knowledge graph, grouped by the receiving end (spike.md §3.2, 4).

The plain way gathers query, key and value for every edge: several tensors of edges × d, forward and
backward. Here logits are a sampled product and the sum over edges a sparse one, so that no tensor is
larger than nodes × d or edges; gradients are written out. Exact, and about five times faster on a CPU.
There, in float32, compiled loops do the same in half of that again (`model.spike.fused`).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from model.graph import KnowledgeGraph
from model.kernels.sparse import Structure


def attend_to_triples(
    graph: KnowledgeGraph, structure: Structure, queries: Tensor, values: Tensor, relations: Tensor, heads: int
) -> Tensor:
    """Sum what the tails of each entity's triples send, weighted by attention.

    Key and value of a triple are the tail's query and value times the relation, elementwise.

    Args:
        graph: whose messages the columns of `structure` are.
        structure: the edges to go over.
        queries: [E, d], all heads side by side.
        values: [E, d].
        relations: [2R, d].
        heads: H; they split d.

    Returns:
        [E, d]; zero for an entity without edges.
    """
    if len(structure) and queries.device.type == "cpu" and queries.dtype == torch.float32:
        from model.spike import fused

        return fused.attend_to_triples(graph, structure, queries, values, relations, heads)
    return attend_by_messages(graph, structure, queries, values, relations, heads)


def attend_by_messages(
    graph: KnowledgeGraph, structure: Structure, queries: Tensor, values: Tensor, relations: Tensor, heads: int
) -> Tensor:
    """Do the same head by head with keys and values of all messages, [P, d / H] each: plain torch."""
    tails, types = graph.message_tails, graph.message_types
    parts = (matrix.chunk(heads, dim=1) for matrix in (queries, values, relations))
    summed = []
    for query, value, relation in zip(*parts, strict=True):
        of_message = relation.index_select(0, types)
        keys, sent = (matrix.index_select(0, tails) * of_message for matrix in (query, value))
        summed.append(attend(structure, query.contiguous(), keys, sent))
    return torch.cat(summed, dim=1)


def attend(structure: Structure, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """Sum the values of each node's edges, weighted by softmax(query · key / sqrt(width)): one attention head.

    Args:
        structure: which message (column) reaches which node (row).
        queries: [nodes, width].
        keys: [messages, width].
        values: [messages, width].

    Returns:
        [nodes, width]; zero for a node without edges.
    """
    if len(structure) == 0:
        return torch.zeros_like(queries)
    summed: Tensor = _Attention.apply(structure, queries, keys, values)
    return summed


def attention_weights(structure: Structure, queries: Tensor, keys: Tensor) -> Tensor:
    """Give the weight of each edge, [edges], in the structure's order; no gradients."""
    return structure.row_softmax(structure.sampled_product(queries, keys) / queries.shape[1] ** 0.5)


class _Attention(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, structure: Structure, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        weights = attention_weights(structure, queries, keys)
        ctx.structure = structure
        ctx.save_for_backward(queries, keys, values, weights)
        return structure.product(weights, values)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[None, Tensor, Tensor, Tensor]:
        queries, keys, values, weights = ctx.saved_tensors
        structure, gradient = ctx.structure, gradient.contiguous()
        of_weights = structure.sampled_product(gradient, values)
        mean = structure.row_sums(weights * of_weights)[structure.rows]
        of_logits = (of_weights - mean).mul_(weights).div_(queries.shape[1] ** 0.5)
        of_queries = structure.product(of_logits, keys)
        of_keys = structure.transposed_product(of_logits, queries)
        return None, of_queries, of_keys, structure.transposed_product(weights, gradient)
