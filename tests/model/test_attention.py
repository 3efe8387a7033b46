"""The sparse attention equals the plain one, edge by edge, in value and gradient."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from model.kernels.sparse import Structure, multiply
from model.spike.attention import attend, attention_weights

NODES, MESSAGES, SIZE = 9, 7, 6


def structure(seed: int, edges: int = 25) -> Structure:
    generator = torch.Generator().manual_seed(seed)
    cells = torch.randperm(NODES * MESSAGES, generator=generator)[:edges].sort().values
    return Structure(cells // MESSAGES, cells % MESSAGES, (NODES, MESSAGES))


def inputs(seed: int) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    shapes = (NODES, SIZE), (MESSAGES, SIZE), (MESSAGES, SIZE)
    made = [torch.randn(*shape, generator=generator, dtype=torch.float64).requires_grad_() for shape in shapes]
    return made[0], made[1], made[2]


def plain(edges: Structure, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """Gather, soften per receiving node, add up."""
    rows = [torch.zeros(SIZE, dtype=torch.float64) for _ in range(NODES)]
    for node in range(NODES):
        columns = edges.columns[edges.rows == node]
        if len(columns):
            rows[node] = (keys[columns] @ queries[node] / SIZE**0.5).softmax(0) @ values[columns]
    return torch.stack(rows)


@given(st.integers(0, 1000), st.integers(1, 60))
@settings(deadline=None, max_examples=25)
def test_equals_the_plain_way(seed: int, edges: int) -> None:
    graph, tensors = structure(seed, edges), inputs(seed)
    fast, slow = attend(graph, *tensors), plain(graph, *tensors)
    torch.testing.assert_close(fast, slow)
    direction = torch.randn(NODES, SIZE, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    for ours, theirs in zip(
        torch.autograd.grad((fast * direction).sum(), tensors),
        torch.autograd.grad((slow * direction).sum(), tensors),
        strict=True,
    ):
        torch.testing.assert_close(ours, theirs)


def test_gradients_numerically() -> None:
    graph = structure(4)
    assert torch.autograd.gradcheck(lambda q, k, v: attend(graph, q, k, v), inputs(4))


def test_weights_sum_to_one_per_node() -> None:
    graph = structure(2, edges=30)
    queries, keys, _ = inputs(2)
    weights = attention_weights(graph, queries, keys).detach()
    sums = torch.zeros(NODES, dtype=torch.float64).index_add(0, graph.rows, weights)
    has_edges = graph.offsets.diff() > 0
    torch.testing.assert_close(sums[has_edges], torch.ones(int(has_edges.sum()), dtype=torch.float64))


def test_a_constant_on_all_logits_of_a_node_changes_nothing() -> None:
    graph = structure(3)
    logits = torch.randn(len(graph), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    shift = torch.arange(NODES, dtype=torch.float64)[graph.rows] * 100
    torch.testing.assert_close(graph.row_softmax(logits), graph.row_softmax(logits + shift))


def test_large_logits_do_not_overflow() -> None:
    graph = structure(3)
    weights = graph.row_softmax(torch.full((len(graph),), 1e4))
    assert torch.isfinite(weights).all()


def test_without_edges_everything_is_zero() -> None:
    empty = torch.zeros(0, dtype=torch.int64)
    queries, keys, values = inputs(0)
    assert attend(Structure(empty, empty, (NODES, MESSAGES)), queries, keys, values).abs().sum() == 0


def test_subsets_are_what_building_anew_gives() -> None:
    whole = structure(5, edges=40)
    kept = torch.rand(40, generator=torch.Generator().manual_seed(0)) < 0.4
    part, fresh = whole.subset(kept, int(kept.sum())), Structure(whole.rows[kept], whole.columns[kept], whole.shape)
    for name, tensor in fresh.named_buffers():
        assert torch.equal(tensor, getattr(part, name)), name


def test_products_with_constant_entries() -> None:
    graph = structure(6)
    values = torch.rand(len(graph), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    dense = torch.zeros(NODES, MESSAGES, dtype=torch.float64)
    dense[graph.rows, graph.columns] = values
    _, right, _ = inputs(6)
    torch.testing.assert_close(multiply(graph, values, right), dense @ right)
    assert torch.autograd.gradcheck(lambda x: multiply(graph, values, x), (right,))
