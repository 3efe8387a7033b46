"""What is left in the released code of KGRec's masked autoencoder: rationale edges are left out of a step."""

from __future__ import annotations

import torch
from torch import Tensor

from model.kernels.sparse import Structure


def without_rationale(
    structure: Structure, queries: Tensor, keys: Tensor, heads: int, count: int, generator: torch.Generator
) -> Structure:
    """Leave out the edges of the highest noisy scores, and as many at random, which may be among them.

    An edge's score is its attention weight before any message and without profiles, times the number of
    edges of the receiving node, plus Gumbel noise (spike.md §3.4, 2). The mean of the heads' logits is one
    product of whole vectors.

    Args:
        structure: the sampled edges of the step.
        queries: [nodes, d], all heads side by side; no gradients.
        keys: [messages, d]; no gradients.
        heads: H.
        count: how many edges of each kind; of fewer edges, all are left out.
        generator: draws the noise and the random edges.
    """
    scores = rationale_scores(structure, queries, keys, heads)
    uniform = torch.rand(len(scores), generator=generator, device=scores.device, dtype=scores.dtype)
    count = min(count, len(scores))
    highest = scores.sub_(uniform.log_().neg_().log_()).topk(count, sorted=False).indices
    others = torch.randperm(len(scores), generator=generator, device=scores.device)[:count]
    kept = torch.ones(len(scores), dtype=torch.bool, device=scores.device)
    kept[highest] = False
    kept[others] = False
    return structure.subset(kept, int(kept.sum()))


def rationale_scores(structure: Structure, queries: Tensor, keys: Tensor, heads: int) -> Tensor:
    """Give the scores before the noise: [edges], in the structure's order."""
    width = queries.shape[1] // heads
    logits = structure.sampled_product(queries, keys) / (heads * width**0.5)
    degrees = structure.offsets.diff()[structure.rows]
    return structure.row_softmax(logits).mul_(degrees)
