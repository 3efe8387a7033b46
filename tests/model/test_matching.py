"""Invariants 11 and 12 of spike.md §7.2: the Gram form of the matching loss."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from model.spike.matching import BLOCK_ROWS, matching, sampled_matching


def pair(seed: int, nodes: int = 30, size: int = 6, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return (
        torch.randn(nodes, size, generator=generator, dtype=dtype),
        torch.randn(nodes, size, generator=generator, dtype=dtype),
    )


def naive(embeddings: Tensor, profiles: Tensor) -> Tensor:
    z, q = functional.normalize(embeddings, dim=1), functional.normalize(profiles, dim=1)
    return (z @ z.T - q @ q.T).square().mean()


@given(st.integers(0, 10_000), st.integers(1, 40), st.integers(1, 9))
@settings(deadline=None)
def test_equals_the_naive_form(seed: int, nodes: int, size: int) -> None:
    z, q = pair(seed, nodes, size)
    torch.testing.assert_close(matching(z, q), naive(z, q), atol=1e-12, rtol=1e-9)


def test_single_precision_over_several_blocks_with_gradients() -> None:
    z, q = (part.requires_grad_() for part in pair(0, 3 * BLOCK_ROWS + 7, 16, torch.float32))
    fast, slow = matching(z, q), naive(z.double(), q.double())
    assert fast.item() == pytest.approx(slow.item(), abs=1e-6)
    for ours, theirs in zip(torch.autograd.grad(fast, (z, q)), torch.autograd.grad(slow, (z, q)), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-7, rtol=1e-3)


@given(st.integers(0, 10_000))
@settings(deadline=None)
def test_what_leaves_it_unchanged(seed: int) -> None:
    z, q = pair(seed)
    generator = torch.Generator().manual_seed(seed + 1)
    rotation, _ = torch.linalg.qr(torch.randn(6, 6, generator=generator, dtype=torch.float64))
    scale = torch.rand(30, 1, generator=generator, dtype=torch.float64) + 0.1
    order = torch.randperm(30, generator=generator)
    loss = matching(z, q)
    for other in (matching(z @ rotation, q), matching(z, q * scale), matching(z[order], q[order]), matching(q, z)):
        torch.testing.assert_close(other, loss, atol=1e-12, rtol=1e-9)
    assert 0 <= loss <= 4
    assert matching(z, z @ rotation).abs() < 1e-12


def test_the_mean_of_samples_tends_to_the_whole() -> None:
    z, q = pair(3)
    sampled = sampled_matching(z, q, 0.2, 1500, torch.Generator().manual_seed(0))
    nodes, count = 30, 6
    expected = nodes * (count - 1) / (count * (nodes - 1)) * matching(z, q)
    assert sampled.item() == pytest.approx(expected.item(), rel=0.03)


def test_one_node_alone_gives_nothing() -> None:
    z, q = pair(3)
    assert sampled_matching(z, q, 1e-9, 3, torch.Generator().manual_seed(0)).abs() < 1e-12


@given(st.integers(0, 10_000), st.integers(1, 12), st.integers(1, 4))
@settings(deadline=None, max_examples=30)
def test_gradients_are_those_of_the_naive_form(seed: int, nodes: int, size: int) -> None:
    ends = tuple(part.requires_grad_() for part in pair(seed, nodes, size))
    ours, theirs = (torch.autograd.grad(3 * loss(*ends), ends) for loss in (matching, naive))
    for left, right in zip(ours, theirs, strict=True):
        torch.testing.assert_close(left, right, atol=1e-12, rtol=1e-7)


def test_samples_are_drawn_whole_and_give_the_gradients_of_the_naive_form() -> None:
    ends = tuple(part.requires_grad_() for part in pair(5, 40, 3))

    def sampled(embeddings: Tensor, profiles: Tensor) -> Tensor:
        generator = torch.Generator().manual_seed(2)
        draws = [torch.randperm(40, generator=generator)[:10] for _ in range(4)]
        return torch.stack([naive(embeddings[rows], profiles[rows]) for rows in draws]).mean()

    loss = sampled_matching(*ends, 0.25, 4, torch.Generator().manual_seed(2))
    expected = sampled(*ends)
    torch.testing.assert_close(loss, expected, atol=1e-12, rtol=1e-9)
    pairs = zip(torch.autograd.grad(loss, ends), torch.autograd.grad(expected, ends), strict=True)
    for left, right in pairs:
        torch.testing.assert_close(left, right, atol=1e-12, rtol=1e-7)


def test_one_side_alone_may_want_gradients_and_the_other_stays_as_it_is() -> None:
    z, q = pair(1)
    before = z.clone(), q.clone()
    z.requires_grad_()
    torch.autograd.grad(matching(z, q), z)
    assert torch.equal(z, before[0])
    assert torch.equal(q, before[1])
