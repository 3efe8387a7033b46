"""Text vectors of profiles: reduced once, then mapped to the embedding space by an MLP."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from export.snapshot import FloatArray
from model.spike.passes import draw_masks, encode

BLOCK_ROWS = 65_536


class ProfileEncoder(nn.Module):
    """Linear(D, D) - ReLU - Dropout - Linear(D, d): `f_U` and `f_E` of spike.md §3.1.

    The weights have torch's default for Linear, drawn from a generator.
    """

    texts: Tensor
    """[n, D], constant: not in checkpoints, the snapshot has them."""

    def __init__(self, texts: Tensor, dimensions: int, drop: float, generator: torch.Generator) -> None:
        super().__init__()
        self.drop = drop
        width = texts.shape[1]
        self.hidden = _linear(width, width, generator)
        self.output = _linear(width, dimensions, generator)
        self.register_buffer("texts", texts, persistent=False)

    def forward(self, generator: torch.Generator | None = None) -> Tensor:
        """Encode all texts, [n, d]; with dropout where a generator is given."""
        return self.passes(1, generator)[0]

    def passes(self, count: int, generator: torch.Generator | None) -> list[Tensor]:
        """Encode all texts so many times, [n, d] each, with dropout masks of their own where a generator is given."""
        masks = None
        if generator is not None and self.drop:
            masks = draw_masks(len(self.texts), self.texts.shape[1], count, self.drop, generator)
        return encode(self.texts, self.hidden, self.output, count, masks)


def reduce(users: FloatArray, entities: FloatArray, dimensions: int | None) -> tuple[Tensor, Tensor]:
    """Project both on their common principal components, where that makes them smaller.

    Args:
        users: float32 [U, D].
        entities: float32 [E, D].
        dimensions: components to keep; None, or D and more, leaves the vectors as they are.

    Returns:
        float32 [U, dimensions] and [E, dimensions].
    """
    if dimensions is None or dimensions >= users.shape[1]:
        return torch.tensor(users), torch.tensor(entities)
    mean, components = _principal_components([users, entities], dimensions)
    reduced = [torch.from_numpy(_project(part, mean, components)) for part in (users, entities)]
    return reduced[0], reduced[1]


def _principal_components(parts: list[FloatArray], dimensions: int) -> tuple[FloatArray, FloatArray]:
    """Give the mean [D] and the leading components [D, dimensions], each with its largest entry positive."""
    rows = sum(len(part) for part in parts)
    mean = sum(part.sum(axis=0, dtype=np.float64) for part in parts) / rows
    scatter = np.zeros((len(mean), len(mean)))
    for part in parts:
        for start in range(0, len(part), BLOCK_ROWS):
            block = part[start : start + BLOCK_ROWS] - mean
            scatter += block.T @ block
    components = np.linalg.eigh(scatter)[1][:, ::-1][:, :dimensions]
    largest = components[np.abs(components).argmax(axis=0), np.arange(dimensions)]
    return mean.astype(np.float32), (components * np.sign(largest)).astype(np.float32)


def _project(part: FloatArray, mean: FloatArray, components: FloatArray) -> FloatArray:
    blocks = [(part[start : start + BLOCK_ROWS] - mean) @ components for start in range(0, len(part), BLOCK_ROWS)]
    return np.concatenate(blocks)


def _linear(inputs: int, outputs: int, generator: torch.Generator) -> nn.Linear:
    with torch.device("meta"):
        layer = nn.Linear(inputs, outputs)
    layer.to_empty(device="cpu")
    bound = inputs**-0.5
    nn.init.uniform_(layer.weight, -bound, bound, generator=generator)
    nn.init.uniform_(layer.bias, -bound, bound, generator=generator)
    return layer
