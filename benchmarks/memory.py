"""The most memory that a training of SPiKE holds, measured in processes of their own, beside what was forecast."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.result import Row, at_most, within
from benchmarks.scale_sets import BATCH_SIZE, GB, in_a_process
from benchmarks.synthetic import Shape, synthetic

SHAPES = (
    Shape(6_000, 6_000, 14_000, 10, 50_000, 100_000, 384, valid_per_user=2),
    Shape(15_000, 12_000, 35_000, 20, 250_000, 500_000, 384, valid_per_user=2),
    Shape(30_000, 20_000, 70_000, 20, 500_000, 1_000_000, 384, valid_per_user=2),
)
STEPS = 3
"""All steps hold the same, and the first two hold all there will be."""
LARGEST_GB = 3.0
FORECAST = (0.75, 1.25)


def run() -> list[Row]:
    """Train a few steps and read validation, for three sizes; the last is the one that is bounded."""
    return [row for shape in SHAPES for row in _rows(shape, bounded=shape is SHAPES[-1])]


def _rows(shape: Shape, *, bounded: bool) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        options = {"batch_size": BATCH_SIZE, "steps": STEPS}
        measured = in_a_process(synthetic(shape), Path(folder) / "snapshot", options)
    what = f"SPiKE recommended, N = {shape.users + shape.entities:,}, D = {shape.text_dimensions}"
    what += f", {2 * shape.triples:,} directed edges, {shape.interactions:,} interactions, batch {BATCH_SIZE}"
    peak, taken = measured["peak"] / GB, (measured["peak"] - measured["before"]) / GB
    return [
        at_most(f"{what}; peak memory of the process, GB", peak, LARGEST_GB)
        if bounded
        else Row(f"{what}; peak memory of the process, GB", peak, None, None, None, holds=True),
        Row(f"{what}; without program and libraries, GB", taken, None, None, None, holds=True),
        within(
            f"{what}; forecast by measured, without program and libraries", measured["forecast"] / GB / taken, *FORECAST
        ),
    ]
