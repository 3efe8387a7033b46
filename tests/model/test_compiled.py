"""Compiled loops give what their twins in plain torch give, whatever the number of threads."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from model.graph import KnowledgeGraph, Triples
from model.kernels.cut import cut
from model.kernels.sparse import PARTS, Structure
from model.spike import fused
from model.spike.attention import attend_by_messages, attend_to_triples

ENTITIES, TYPES = 13, 4


def graph(seed: int, edges: int) -> KnowledgeGraph:
    generator = torch.Generator().manual_seed(seed)
    heads, tails = (torch.randint(ENTITIES - 2, (edges,), generator=generator).numpy() for _ in range(2))
    types = torch.randint(TYPES, (edges,), generator=generator).numpy()
    return KnowledgeGraph(Triples(heads, tails, types, torch.arange(ENTITIES).numpy(), TYPES))


def inputs(seed: int, size: int = 8) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(rows, size, generator=generator).requires_grad_() for rows in (ENTITIES, ENTITIES, TYPES)]


def results(summed: Tensor, tensors: list[Tensor]) -> list[Tensor]:
    direction = torch.randn(summed.shape, generator=torch.Generator().manual_seed(9))
    return [summed, *torch.autograd.grad((summed * direction).sum(), tensors)]


@given(st.integers(0, 1000), st.integers(1, 80), st.sampled_from([1, 2, 4]))
@settings(deadline=None, max_examples=20)
def test_attention_equals_plain_torch(seed: int, edges: int, heads: int) -> None:
    whole, tensors = graph(seed, edges), inputs(seed)
    kept = torch.rand(edges, generator=torch.Generator().manual_seed(seed)) < 0.6
    for structure in (whole.structure, whole.structure.subset(kept, int(kept.sum()))):
        if len(structure):
            found = results(fused.attend_to_triples(whole, structure, *tensors, heads), tensors)
            expected = results(attend_by_messages(whole, structure, *tensors, heads), tensors)
            for ours, theirs in zip(found, expected, strict=True):
                torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


def test_attention_does_not_depend_on_the_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, tensors = graph(3, 80), inputs(3)
    found = []
    for threads in (1, 3):
        monkeypatch.setattr(torch, "get_num_threads", lambda count=threads: count)
        found.append(results(fused.attend_to_triples(whole, whole.structure, *tensors, 2), tensors))
    for one, several in zip(*found, strict=True):
        assert torch.equal(one, several)


def test_float32_on_a_cpu_is_compiled_and_other_precisions_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, tensors = graph(3, 80), inputs(3)
    monkeypatch.setattr(fused, "attend_to_triples", lambda *rest: "compiled")
    assert attend_to_triples(whole, whole.structure, *tensors, 2) == "compiled"
    assert isinstance(attend_to_triples(whole, whole.structure, *(part.double() for part in tensors), 2), Tensor)


def test_large_logits_do_not_overflow() -> None:
    whole = graph(3, 80)
    summed = fused.attend_to_triples(whole, whole.structure, *(100 * part for part in inputs(3)), 2)
    assert torch.isfinite(summed).all()


def test_without_edges_everything_is_zero() -> None:
    whole, tensors = graph(0, 5), inputs(0)
    nothing = whole.structure.subset(torch.zeros(5, dtype=torch.bool), 0)
    assert attend_to_triples(whole, nothing, *tensors, 2).abs().sum() == 0


@given(st.integers(0, 1000), st.integers(0, 60), st.floats(0, 1))
@settings(deadline=None, max_examples=30)
def test_cutting_equals_masks_in_torch(seed: int, entries: int, share: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randint(9, (entries,), generator=generator).sort().values
    whole = Structure(rows, torch.randint(7, (entries,), generator=generator), (9, 7))
    kept = torch.rand(entries, generator=generator) < share
    count = int(kept.sum())
    found = cut(kept, count, {name: getattr(whole, name) for name in PARTS})
    for name, expected in whole._cut_by_masks(kept, count).items():
        assert torch.equal(found[name], expected), name
