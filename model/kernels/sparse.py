"""Products of sparse matrices with dense ones whose structure is known once and values change.

The structure of a transpose is kept beside the structure itself, so that neither a forward nor a
backward pass sorts anything or makes a tensor of entries × d.
"""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

with warnings.catch_warnings():
    # torch says once per process that its CSR tensors are in beta; here it says so unheard.
    warnings.simplefilter("ignore")
    torch.zeros(1, 1).to_sparse_csr()

PARTS = ("rows", "columns", "offsets", "by_column", "column_offsets", "column_rows")


class Structure(nn.Module):
    """Where the entries of a sparse [rows, columns] matrix are, by row and by column.

    Args:
        rows: int64 [m], sorted.
        columns: int64 [m].
        shape: rows and columns of the matrix.
    """

    rows: Tensor
    columns: Tensor
    offsets: Tensor
    """int64 [rows + 1]: the entries of a row."""
    by_column: Tensor
    """int64 [m]: the entries in the order of the transpose."""
    column_offsets: Tensor
    column_rows: Tensor
    """int64 [m]: the row of each entry, in the order of the transpose."""

    def __init__(self, rows: Tensor, columns: Tensor, shape: tuple[int, int]) -> None:
        super().__init__()
        self.shape = shape
        by_column = torch.argsort(columns, stable=True)
        tensors = {
            "rows": rows,
            "columns": columns,
            "offsets": offsets_of(rows, shape[0]),
            "by_column": by_column,
            "column_offsets": offsets_of(columns[by_column], shape[1]),
            "column_rows": rows[by_column],
        }
        for name, tensor in tensors.items():
            self.register_buffer(name, tensor, persistent=False)

    def __len__(self) -> int:
        return len(self.rows)

    def subset(self, kept: Tensor, count: int) -> Structure:
        """Give the structure of some of the entries, without sorting.

        Args:
            kept: bool [m].
            count: how many are kept (known to the caller, so that a GPU need not be asked).
        """
        part = Structure.__new__(Structure)
        nn.Module.__init__(part)
        part.shape = self.shape
        for name, tensor in self._cut(kept, count).items():
            setattr(part, name, tensor)
        return part

    def _cut(self, kept: Tensor, count: int) -> dict[str, Tensor]:
        if kept.device.type == "cpu":
            from model.kernels.cut import cut

            return cut(kept, count, {name: getattr(self, name) for name in PARTS})
        return self._cut_by_masks(kept, count)

    def _cut_by_masks(self, kept: Tensor, count: int) -> dict[str, Tensor]:
        entries = torch.nonzero_static(kept, size=count).squeeze(1)
        transposed = self.by_column[torch.nonzero_static(kept[self.by_column], size=count).squeeze(1)]
        before = torch.cat([kept.new_zeros(1, dtype=torch.int64), kept.cumsum(0)])
        before_by_column = torch.cat([kept.new_zeros(1, dtype=torch.int64), kept[self.by_column].cumsum(0)])
        return {
            "rows": self.rows[entries],
            "columns": self.columns[entries],
            "offsets": before[self.offsets],
            "by_column": before[transposed],
            "column_offsets": before_by_column[self.column_offsets],
            "column_rows": self.rows[transposed],
        }

    def product(self, values: Tensor, dense: Tensor) -> Tensor:
        """Multiply the matrix with these entries [m] by `dense` [columns, d]: [rows, d]. No gradients."""
        return _csr(self.offsets, self.columns, values, self.shape) @ dense

    def transposed_product(self, values: Tensor, dense: Tensor) -> Tensor:
        """Multiply the transpose by `dense` [rows, d]: [columns, d]. No gradients."""
        return _csr(self.column_offsets, self.column_rows, values[self.by_column], self.shape[::-1]) @ dense

    def sampled_product(self, left: Tensor, right: Tensor) -> Tensor:
        """Give left [rows, d] · right [columns, d] at the entries only: [m]. No gradients."""
        empty = _csr(self.offsets, self.columns, left.new_zeros(len(self)), self.shape)
        product: Tensor = torch.sparse.sampled_addmm(empty, left, right.T, beta=0).values()
        return product

    def row_sums(self, values: Tensor) -> Tensor:
        """Sum entries [m] by row: [rows]."""
        return torch.segment_reduce(values, "sum", offsets=self.offsets, axis=0, initial=0)

    def row_softmax(self, values: Tensor) -> Tensor:
        """Softmax of the entries [m] of each row."""
        highest = torch.segment_reduce(values, "max", offsets=self.offsets, axis=0, initial=-torch.inf)
        exponentials = (values - highest[self.rows]).exp_()
        return exponentials.div_(self.row_sums(exponentials)[self.rows])


def multiply(structure: Structure, values: Tensor, dense: Tensor) -> Tensor:
    """Multiply the matrix with constant entries [m] by `dense` [columns, d], which gets gradients: [rows, d]."""
    product: Tensor = _Multiply.apply(structure, values, dense)
    return product


class _Multiply(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, structure: Structure, values: Tensor, dense: Tensor) -> Tensor:
        ctx.structure = structure
        ctx.save_for_backward(values)
        return structure.product(values, dense)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[None, None, Tensor]:
        (values,) = ctx.saved_tensors
        return None, None, ctx.structure.transposed_product(values, gradient.contiguous())


def offsets_of(sorted_rows: Tensor, num_rows: int) -> Tensor:
    """Give where each row's entries begin and end: int64 [num_rows + 1]."""
    counts = torch.bincount(sorted_rows, minlength=num_rows)
    return torch.cat([counts.new_zeros(1), counts.cumsum(0)])


def _csr(offsets: Tensor, columns: Tensor, values: Tensor, shape: tuple[int, ...]) -> Tensor:
    return torch.sparse_csr_tensor(offsets, columns, values, shape, check_invariants=False)
