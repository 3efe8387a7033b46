"""Attention over triples in two loops, forward and backward: no tensor of edges × d, every sum where it belongs.

The contract and the maths are those of `model.spike.attention`; here in float32 on a CPU.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from model.graph import KnowledgeGraph
from model.kernels.compiled import PARTS, Array, compiled, in_parts, indices_of, rows_of
from model.kernels.sparse import Structure


def attend_to_triples(
    graph: KnowledgeGraph, structure: Structure, queries: Tensor, values: Tensor, relations: Tensor, heads: int
) -> Tensor:
    """See `model.spike.attention.attend_to_triples`."""
    summed: Tensor = _Fused.apply(graph, structure, queries, values, relations, heads)
    return summed


class _Fused(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        graph: KnowledgeGraph,
        structure: Structure,
        queries: Tensor,
        values: Tensor,
        relations: Tensor,
        heads: int,
    ) -> Tensor:
        rows = [rows_of(part, heads) for part in (queries, values, relations)]
        summed, weights = torch.zeros_like(queries), np.empty((heads, len(structure)), np.float32)
        in_parts(_sum_up, structure.offsets, *_edges(graph, structure), *rows, rows_of(summed, heads), weights)
        ctx.graph, ctx.structure, ctx.heads, ctx.weights = graph, structure, heads, weights
        ctx.save_for_backward(queries, values, relations)
        return summed

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        heads, structure, tensors = ctx.heads, ctx.structure, ctx.saved_tensors
        rows, of_sum = [rows_of(part, heads) for part in tensors], rows_of(gradient, heads)
        of_queries, of_values = torch.zeros_like(tensors[0]), torch.zeros_like(tensors[1])
        made = rows_of(of_queries, heads), rows_of(of_values, heads)
        of_logits, of_relations = np.empty_like(ctx.weights), np.zeros((PARTS, *rows[2].shape), np.float32)
        edges, by_tail = _edges(ctx.graph, structure), _edges_by_tail(ctx.graph, structure)
        in_parts(_back_to_heads, structure.offsets, *edges, *rows, ctx.weights, of_sum, made[0], of_logits)
        known = ctx.weights, of_logits, of_sum
        in_parts(_back_to_tails, ctx.graph.tail_offsets, *by_tail, *rows, *known, *made, of_relations)
        total = torch.from_numpy(of_relations.sum(0).reshape(tensors[2].shape))
        return None, None, of_queries, of_values, total, None


def _edges(graph: KnowledgeGraph, structure: Structure) -> list[Array]:
    parts = structure.offsets, structure.columns, graph.message_tails, graph.message_types
    return [indices_of(part) for part in parts]


def _edges_by_tail(graph: KnowledgeGraph, structure: Structure) -> list[Array]:
    by_column = structure.column_offsets, structure.column_rows, structure.by_column
    return [indices_of(part) for part in (graph.tail_offsets, graph.message_types, *by_column)]


@compiled
def _sum_up(
    part: int,  # noqa: ARG001  # the loops of `in_parts` all take it
    first: int,
    last: int,
    offsets: Array,
    columns: Array,
    tails: Array,
    types: Array,
    queries: Array,
    values: Array,
    relations: Array,
    summed: Array,
    weights: Array,
) -> None:
    heads, width = queries.shape[1], queries.shape[2]
    scale = np.float32(1 / np.sqrt(width))
    for node in range(first, last):
        begin, end = offsets[node], offsets[node + 1]
        for a in range(heads):
            highest = np.float32(-np.inf)
            for edge in range(begin, end):
                tail, kind, logit = tails[columns[edge]], types[columns[edge]], np.float32(0)
                for j in range(width):
                    logit += queries[node, a, j] * (queries[tail, a, j] * relations[kind, a, j])
                weights[a, edge] = logit * scale
                highest = max(highest, logit * scale)
            total = np.float32(0)
            for edge in range(begin, end):
                weights[a, edge] = np.exp(weights[a, edge] - highest)
                total += weights[a, edge]
            for edge in range(begin, end):
                tail, kind, weight = tails[columns[edge]], types[columns[edge]], weights[a, edge] / total
                weights[a, edge] = weight
                for j in range(width):
                    summed[node, a, j] += weight * (values[tail, a, j] * relations[kind, a, j])


@compiled
def _back_to_heads(
    part: int,  # noqa: ARG001
    first: int,
    last: int,
    offsets: Array,
    columns: Array,
    tails: Array,
    types: Array,
    queries: Array,
    values: Array,
    relations: Array,
    weights: Array,
    gradient: Array,
    of_queries: Array,
    of_logits: Array,
) -> None:
    heads, width = queries.shape[1], queries.shape[2]
    scale = np.float32(1 / np.sqrt(width))
    for node in range(first, last):
        begin, end = offsets[node], offsets[node + 1]
        for a in range(heads):
            mean = np.float32(0)
            for edge in range(begin, end):
                tail, kind, of_weight = tails[columns[edge]], types[columns[edge]], np.float32(0)
                for j in range(width):
                    of_weight += gradient[node, a, j] * (values[tail, a, j] * relations[kind, a, j])
                of_logits[a, edge] = of_weight
                mean += of_weight * weights[a, edge]
            for edge in range(begin, end):
                tail, kind = tails[columns[edge]], types[columns[edge]]
                of_logit = weights[a, edge] * (of_logits[a, edge] - mean) * scale
                of_logits[a, edge] = of_logit
                for j in range(width):
                    of_queries[node, a, j] += of_logit * (queries[tail, a, j] * relations[kind, a, j])


@compiled
def _back_to_tails(
    part: int,
    first: int,
    last: int,
    tail_offsets: Array,
    types: Array,
    column_offsets: Array,
    column_rows: Array,
    by_column: Array,
    queries: Array,
    values: Array,
    relations: Array,
    weights: Array,
    of_logits: Array,
    gradient: Array,
    of_queries: Array,
    of_values: Array,
    of_relations: Array,
) -> None:
    heads, width = queries.shape[1], queries.shape[2]
    of_key, of_value = np.empty(width, np.float32), np.empty(width, np.float32)
    for tail in range(first, last):
        for message in range(tail_offsets[tail], tail_offsets[tail + 1]):
            begin, end, kind = column_offsets[message], column_offsets[message + 1], types[message]
            for a in range(heads if end > begin else 0):
                of_key[:] = 0
                of_value[:] = 0
                for place in range(begin, end):
                    edge, node = by_column[place], column_rows[place]
                    of_logit, weight = of_logits[a, edge], weights[a, edge]
                    for j in range(width):
                        of_key[j] += of_logit * queries[node, a, j]
                    for j in range(width):
                        of_value[j] += weight * gradient[node, a, j]
                for j in range(width):
                    of_relations[part, kind, a, j] += of_key[j] * queries[tail, a, j] + of_value[j] * values[tail, a, j]
                for j in range(width):
                    of_queries[tail, a, j] += of_key[j] * relations[kind, a, j]
                for j in range(width):
                    of_values[tail, a, j] += of_value[j] * relations[kind, a, j]
