"""Passes that share their first layer equal passes that are computed apart, in value and gradient."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from model.spike import passes
from model.spike.passes import Masks, draw_masks
from model.spike.profiles import ProfileEncoder

ROWS, WIDTH, SIZE = 13, 6, 4


def encoder(drop: float = 0.3) -> ProfileEncoder:
    generator = torch.Generator().manual_seed(0)
    texts = torch.randn(ROWS, WIDTH, generator=generator)
    return ProfileEncoder(texts, SIZE, drop, generator).double()


def plain(network: ProfileEncoder, mask: Tensor) -> Tensor:
    encoded: Tensor = network.output(functional.relu(network.hidden(network.texts)) * mask)
    return encoded


def masks_of(drawn: Masks, count: int, precision: torch.dtype) -> list[Tensor]:
    return [(drawn.bits >> number & 1).to(precision) / drawn.keep for number in range(count)]


@pytest.mark.parametrize("precision", [torch.float32, torch.float64])
@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("block_cells", [5 * WIDTH, 2**20])
def test_equal_passes_computed_apart(
    count: int, block_cells: int, precision: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passes, "BLOCK_CELLS", block_cells)
    network = encoder().to(precision)
    drawn = draw_masks(ROWS, WIDTH, count, 0.3, torch.Generator().manual_seed(5))
    ours = network.passes(count, torch.Generator().manual_seed(5))
    theirs = [plain(network, mask) for mask in masks_of(drawn, count, precision)]
    weights = [
        torch.randn(ROWS, SIZE, dtype=precision, generator=torch.Generator().manual_seed(7 + i)) for i in range(count)
    ]
    gradients = []
    for encoded in (ours, theirs):
        total = torch.stack([(part * weight).sum() for part, weight in zip(encoded, weights, strict=True)]).sum()
        gradients.append(torch.autograd.grad(total, list(network.parameters())))
    for one, other in zip([*ours, *gradients[0]], [*theirs, *gradients[1]], strict=True):
        torch.testing.assert_close(one, other)


def test_without_a_generator_nothing_is_dropped() -> None:
    network = encoder()
    torch.testing.assert_close(network(), plain(network, torch.ones(ROWS, WIDTH, dtype=torch.float64)))


def test_masks_are_independent_and_keep_the_right_share() -> None:
    drawn = draw_masks(400, 300, 3, 0.1, torch.Generator().manual_seed(1))
    cells = torch.stack([(drawn.bits >> number & 1).flatten().double() for number in range(3)])
    assert drawn.keep == pytest.approx(0.9, abs=1e-5)
    torch.testing.assert_close(cells.mean(1), torch.full((3,), drawn.keep, dtype=torch.float64), atol=0.004, rtol=0)
    assert (torch.corrcoef(cells) - torch.eye(3, dtype=torch.float64)).abs().max() < 0.015


def test_a_pass_has_no_bias() -> None:
    network, generator = encoder(), torch.Generator().manual_seed(2)
    with torch.no_grad():
        mean = torch.stack([network(generator) for _ in range(4000)]).mean(0)
        torch.testing.assert_close(mean, network(), atol=0.03, rtol=0)
