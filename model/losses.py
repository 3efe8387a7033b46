"""Objectives shared by the trained models."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional


def bpr(users: Tensor, positives: Tensor, negatives: Tensor) -> Tensor:
    """Mean of -log σ(u·i⁺ - u·i⁻) over a batch of vectors [B, d] each (Rendle et al., UAI 2009)."""
    return functional.softplus((users * (negatives - positives)).sum(1)).mean()


def squared_norms(*vectors: Tensor) -> Tensor:
    """Half of the squared norms of all rows, divided by the batch: Σ ||·||² / (2 B), each [B, d] (SSLRec)."""
    return sum((part.square().sum() for part in vectors), vectors[0].new_zeros(())) / (2 * len(vectors[0]))
