"""A subset of a sparse structure in two compiled loops, on a CPU (`Structure.subset` is the same in torch)."""

from __future__ import annotations

import torch
from torch import Tensor

from model.kernels.compiled import Array, compiled, indices_of


def cut(kept: Tensor, count: int, parts: dict[str, Tensor]) -> dict[str, Tensor]:
    """Keep `count` entries, those where `kept` (bool [m]) is set, of the tensors of a `Structure`, by name."""
    sizes = {name: len(part) if name.endswith("offsets") else count + 1 for name, part in parts.items()}
    made = {name: torch.empty(size, dtype=torch.int64) for name, size in sizes.items()}
    place = torch.empty(len(kept) + 1, dtype=torch.int64)
    flags = kept.numpy().view("uint8")
    for loop, names in (
        (_cut_rows, ("offsets", "rows", "columns")),
        (_cut_columns, ("column_offsets", "by_column", "column_rows")),
    ):
        arrays = [indices_of(tensors[name]) for tensors in (parts, made) for name in names]
        loop(flags, indices_of(place), *arrays)
    return {name: tensor if name.endswith("offsets") else tensor[:count] for name, tensor in made.items()}


@compiled
def _cut_rows(
    kept: Array,
    place: Array,
    offsets: Array,
    rows: Array,
    columns: Array,
    new_offsets: Array,
    new_rows: Array,
    new_columns: Array,
) -> None:
    count = 0
    for entry in range(len(kept)):
        # Written in any case, and again by the next one where it is not kept: no branch to guess.
        place[entry], new_rows[count], new_columns[count] = count, rows[entry], columns[entry]
        count += kept[entry]
    place[len(kept)] = count
    for row in range(len(offsets)):
        new_offsets[row] = place[offsets[row]]


@compiled
def _cut_columns(
    kept: Array,
    place: Array,
    offsets: Array,
    by_column: Array,
    column_rows: Array,
    new_offsets: Array,
    new_by_column: Array,
    new_column_rows: Array,
) -> None:
    count = 0
    for column in range(len(offsets) - 1):
        new_offsets[column] = count
        for entry in range(offsets[column], offsets[column + 1]):
            new_by_column[count], new_column_rows[count] = place[by_column[entry]], column_rows[entry]
            count += kept[by_column[entry]]
    new_offsets[len(offsets) - 1] = count
