"""What a step of the release draws: edges a relation, rationale edges, pairs, matching samples, dropout masks."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from benchmarks.official.data import Data, Settings


class Draws:
    """Every random choice of a step, from two seeded generators, at the release's cost."""

    def __init__(self, settings: Settings, seed: int = 0) -> None:
        self.settings = settings
        self.torch = torch.Generator().manual_seed(seed)
        self.numpy = np.random.default_rng(seed)

    def edges(self, data: Data) -> Tensor:
        """Keep a share of every type but the last, rounded down: int64, positions in `data.edges`.

        The release numbers the types from 1 and loops from 0, which is how it misses the last.
        """
        if not self.settings.graph_dropout:
            return torch.arange(data.edges.shape[1])
        chosen = []
        for kind in range(data.num_types - 1):
            of_kind = torch.nonzero(data.edge_types == kind).squeeze(1).numpy()
            count = int(len(of_kind) * (1 - self.settings.graph_dropout))
            chosen.append(of_kind[self.numpy.choice(len(of_kind), count, replace=False)])
        return torch.from_numpy(np.concatenate(chosen))

    def not_rationale(self, scores: Tensor) -> Tensor:
        """Drop the edges of the highest noisy scores, and as many at random: bool [m]."""
        count = self.settings.rationale_edges
        uniform = torch.empty_like(scores).uniform_(generator=self.torch)
        highest = (scores - torch.log(-torch.log(uniform))).topk(count).indices
        others = torch.randperm(len(scores), generator=self.torch)[:count]
        kept = torch.ones(len(scores), dtype=torch.bool)
        kept[highest] = False
        kept[others] = False
        return kept

    def pairs(self, data: Data) -> tuple[Tensor, Tensor]:
        """Keep a share of the user-item pairs and scale their weights up: pairs [2, n'], weights [n']."""
        keep = 1 - self.settings.graph_dropout
        if keep == 1:
            return data.pairs, data.pair_weights
        mask = torch.rand(data.pairs.shape[1], generator=self.torch) < keep
        return data.pairs[:, mask], data.pair_weights[mask] / keep

    def samples(self, nodes: int) -> list[Tensor]:
        """Draw the anchors of the matching, int64 [k] each."""
        count = max(1, int(self.settings.match_ratio * nodes))
        return [torch.randperm(nodes, generator=self.torch)[:count] for _ in range(self.settings.match_repeats)]

    def dropout(self, values: Tensor, share: float) -> Tensor:
        """Set cells to zero and scale the others up, as torch does, from the step's own generator."""
        if not share:
            return values
        mask = torch.empty_like(values).bernoulli_(1 - share, generator=self.torch)
        return values * mask.div_(1 - share)
