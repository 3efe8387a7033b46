"""A step of SPiKE on the whole graph and on the surroundings of a batch, as the graph and the batch grow."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from benchmarks.result import Row, less_is_better
from benchmarks.synthetic import Shape, synthetic
from benchmarks.timing import best_seconds, one_thread
from export.snapshot import Snapshot
from model.batches import Batch
from model.interactions import Interactions
from model.registry import build, configure
from model.spike.model import Spike
from model.spike.neighbours import surroundings

CPU = torch.device("cpu")
NEIGHBOURS = (10, 5)
PAIRS = 256


def run() -> list[Row]:
    """Time steps at 100 k nodes and at 400 k."""
    small, large = (synthetic(_shape(times)) for times in (1, 4))
    with one_thread():
        whole = {pairs: _seconds(_made(small), small, pairs) for pairs in (64, 4096)}
        sampled, grown = (_seconds(_made(part, neighbours=NEIGHBOURS), part, PAIRS) for part in (small, large))
    reached = _reached(_made(large, neighbours=NEIGHBOURS), large)
    size = "100 k nodes, 1 M directed edges, 1 M interactions, CPU seconds of one thread"
    steps = f"on surroundings {list(NEIGHBOURS)} of {PAIRS} pairs"
    share, growth = whole[4096] / whole[64], grown / sampled
    return [
        Row(f"a step of 4096 pairs beside 64, whole graph, {size}", whole[4096], whole[64], share, None, holds=True),
        less_is_better(f"a step {steps}, beside one on the whole graph, {size}", sampled, whole[4096], 1),
        Row(f"the same with a graph four times as large, {steps}", grown, sampled, growth, None, holds=True),
        Row(f"share of that graph's nodes that are reached, {steps}", reached, None, None, None, holds=reached < 0.5),
    ]


def _shape(times: int) -> Shape:
    return Shape(
        users=40_000 * times,
        items=20_000 * times,
        entities=60_000 * times,
        relations=10,
        triples=500_000 * times,
        interactions=1_000_000 * times,
        text_dimensions=128,
    )


def _made(snapshot: Snapshot, **options: Any) -> Spike:
    _, config, _ = configure("spike", None, options, {})
    model = build("spike", config, snapshot, Interactions.from_snapshot(snapshot, ["train"]), 0, CPU)
    assert isinstance(model, Spike)
    return model


def _batch(model: Spike, snapshot: Snapshot, pairs: int) -> Batch:
    sampler = model.sampler(Interactions.from_snapshot(snapshot, ["train"]))
    batch = next(iter(sampler.epoch(pairs, torch.Generator().manual_seed(0))))
    assert isinstance(batch, Batch)
    return batch


def _seconds(model: Spike, snapshot: Snapshot, pairs: int) -> float:
    """Time the loss and its gradients; a first step, which brings buffers in, is not counted."""
    batch, generator = _batch(model, snapshot, pairs), torch.Generator().manual_seed(1)

    def step() -> None:
        model.zero_grad()
        total: Tensor = torch.stack(list(model.loss(batch, generator).values())).sum()
        total.backward()  # type: ignore[no-untyped-call]

    step()
    return best_seconds(step)


def _reached(model: Spike, snapshot: Snapshot) -> float:
    batch = _batch(model, snapshot, PAIRS)
    ends = torch.cat([batch.positives, batch.negatives])
    part = surroundings(model.encoder, batch.users, ends, NEIGHBOURS, torch.Generator().manual_seed(1))
    return (len(part.users) + len(part.entities)) / len(model.encoder.embedding)
