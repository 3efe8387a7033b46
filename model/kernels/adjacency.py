"""A graph whose edges have no direction, as the product that spreads over it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from model.kernels.sparse import Structure, multiply


class SymmetricAdjacency(nn.Module):
    """The product D^-½ A D^-½, A the symmetric adjacency of pairs of nodes that are linked in either direction."""

    normalised: Tensor

    def __init__(self, pairs: Tensor, num_nodes: int) -> None:
        """Make it of `pairs`, int64 [2, m]: a pair that is there twice, or turned round, counts once."""
        super().__init__()
        both = torch.cat([pairs, pairs.flip(0)], dim=1)
        keys = torch.unique(both[0] * num_nodes + both[1])
        self.structure = Structure(keys // num_nodes, keys % num_nodes, (num_nodes, num_nodes))
        scale = self.structure.offsets.diff().clamp(min=1).to(torch.get_default_dtype()).rsqrt()
        values = scale[self.structure.rows] * scale[self.structure.columns]
        self.register_buffer("normalised", values, persistent=False)

    def forward(self, nodes: Tensor) -> Tensor:
        """Give what each node [n, d] receives from those it is linked with: [n, d]."""
        return multiply(self.structure, self.normalised, nodes)
