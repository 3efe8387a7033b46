"""Scores of all items for some users: the product of their vectors, dense or sparse."""

from __future__ import annotations

import scipy.sparse as sp
import torch
from torch import Tensor

import model.kernels.sparse  # noqa: F401  # hears torch out on its CSR tensors
from model.types import Embeddings


def scores_of(embeddings: Embeddings, users: Tensor) -> Tensor:
    """Give `users[u] · items[i]` for these users and all items.

    Args:
        embeddings: users [U, d] dense with items [V, d] dense, or users CSR with items CSC.
        users: int64 [n], user rows.

    Returns:
        [n, V], dense; a row of it does not depend on the others.
    """
    if embeddings.users.layout != torch.sparse_csr:
        return embeddings.users[users] @ embeddings.items.T
    rows, items = _rows(embeddings.users, users), embeddings.items
    transposed = items.ccol_indices(), items.row_indices(), items.values()
    shape = items.shape[1], items.shape[0]
    if users.device.type != "cpu":
        return (_csr(*rows, (len(users), shape[0])) @ _csr(*transposed, shape)).to_dense()
    # torch multiplies sparse matrices on a CPU only where it was built with MKL, and takes twice as long.
    product = _scipy(*rows, (len(users), shape[0])) @ _scipy(*transposed, shape)
    return torch.from_numpy(product.toarray())


def _rows(matrix: Tensor, rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Give offsets, columns and values of some rows of a CSR matrix."""
    offsets = matrix.crow_indices()
    first, counts = offsets[rows], offsets[rows + 1] - offsets[rows]
    own = torch.cat([counts.new_zeros(1), counts.cumsum(0)])
    entries = torch.arange(int(own[-1]), device=rows.device)
    entries = entries + torch.repeat_interleave(first - own[:-1], counts)
    return own, matrix.col_indices()[entries], matrix.values()[entries]


def _csr(offsets: Tensor, columns: Tensor, values: Tensor, shape: tuple[int, int]) -> Tensor:
    return torch.sparse_csr_tensor(offsets, columns, values, shape, check_invariants=False)


def _scipy(offsets: Tensor, columns: Tensor, values: Tensor, shape: tuple[int, int]) -> sp.csr_array:
    return sp.csr_array((values.numpy(), columns.numpy(), offsets.numpy()), shape=shape)
