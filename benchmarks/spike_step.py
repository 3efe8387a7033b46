"""A training step of SPiKE beside the released one: same graph, same batch, same weights to begin with."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from typing import Any

import torch

from benchmarks.official.data import Data
from benchmarks.official.model import OfficialSpike
from benchmarks.official.training import optimiser_of, step
from benchmarks.result import Row, less_is_better
from benchmarks.synthetic import Shape, synthetic
from benchmarks.timing import best_seconds, one_thread
from export.snapshot import Snapshot
from model.batches import Batch, NegativeSampler
from model.graph import KnowledgeGraph, Triples
from model.interactions import Interactions
from model.presets import PRESETS
from model.spike.attention import attend_by_messages, attend_to_triples
from model.spike.config import SpikeConfig
from model.spike.model import Spike

HOP = Shape(1_859, 2_813, 7_715, 10, 72_919, 51_908, None)
"""As Last.FM."""
SHAPE = Shape(10_000, 8_000, 20_000, 20, 99_997, 129_879, 1_536)
GOES = 3
CASES: Mapping[str, tuple[str, dict[str, Any], float]] = {
    "preset code, D = 1536": ("code", {}, 2.0),
    "preset recommended, D = 1536": ("recommended", {"profile_dimensions": None, "min_entity_degree": 0}, 2.3),
    "preset recommended, D = 1536 reduced to 256": (
        "recommended",
        {"profile_dimensions": 256, "min_entity_degree": 0},
        8.0,
    ),
}
"""What is timed: its preset, options on top, and how many times faster it has to be."""


def run() -> list[Row]:
    """Time a whole step (draws, forward, backward, optimiser), and the attention of a hop."""
    snapshot = synthetic(SHAPE)
    interactions = Interactions.from_snapshot(snapshot, ["train"])
    batch = next(NegativeSampler(interactions).epoch(1024, torch.Generator().manual_seed(0)))
    with one_thread():
        rival = best_seconds(official_step(snapshot, interactions, batch), GOES)
        rows = []
        for name, (preset, options, bound) in CASES.items():
            gc.collect()
            ours = best_seconds(our_step(snapshot, interactions, batch, preset, options), GOES)
            what = f"training step, {name}, {SHAPE.users + SHAPE.entities:,} nodes, batch 1024, processor seconds"
            rows.append(less_is_better(what, ours, rival, bound))
        return [*rows, attention_of_a_hop()]


def attention_of_a_hop() -> Row:
    """Time the compiled loops beside their twin in plain torch, forward and backward."""
    snapshot = synthetic(HOP)
    graph = KnowledgeGraph(Triples.from_snapshot(snapshot))
    generator = torch.Generator().manual_seed(0)
    sizes = len(graph.tail_offsets) - 1, len(graph.tail_offsets) - 1, 2 * HOP.relations
    tensors = [torch.randn(size, 64, generator=generator).requires_grad_() for size in sizes]

    def once(attend: Callable[..., torch.Tensor]) -> Callable[[], object]:
        return lambda: torch.autograd.grad(attend(graph, graph.structure, *tensors, 2).sum(), tensors)

    ours, torchs = (best_seconds(once(attend), 10) for attend in (attend_to_triples, attend_by_messages))
    what = f"attention of a hop over {len(graph):,} triples, d = 64, beside plain torch, processor seconds"
    return less_is_better(what, ours, torchs, 1.2)


def official_step(snapshot: Snapshot, interactions: Interactions, batch: Batch) -> Callable[[], object]:
    """Give a step of the released training."""
    model = OfficialSpike(Data.from_snapshot(snapshot, interactions))
    optimiser = optimiser_of(model)
    return lambda: step(model, optimiser, list(batch))


def our_step(
    snapshot: Snapshot, interactions: Interactions, batch: Batch, preset: str, options: Mapping[str, Any]
) -> Callable[[], object]:
    """Give a step of ours, as the training loop does it."""
    config = SpikeConfig(**{**PRESETS["spike"][preset].model, **options})
    generator = torch.Generator().manual_seed(0)
    model = Spike(config, snapshot, interactions, generator)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-4, fused=True)

    def one() -> float:
        optimiser.zero_grad(set_to_none=True)
        total = torch.stack(list(model.loss(batch, generator).values())).sum()
        total.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        optimiser.step()
        return total.item()

    return one
