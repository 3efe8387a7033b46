"""How much memory a training of SPiKE takes at once, part by part, in bytes; N nodes, m edges, d, D as everywhere.

The parts are counted from what the code keeps; `python -m benchmarks memory` holds their sum to what a process was
measured to take.
"""

from __future__ import annotations

from model.recommender import Size
from model.spike.config import SpikeConfig

FLOAT, INDEX = 4, 8
RUNTIME = 280 * 2**20
"""On a CPU: what the first steps bring in (compiled kernels, buffers of products) and blocks of scores; measured."""


def forecast(config: SpikeConfig, size: Size) -> int:
    """Sum what is held at the peak, in the middle of a step's backward pass or of a reading of validation."""
    held = sum(part(config, size) for part in (_pairs, _graph, _weights, _texts))
    step = _share(config, size) * (_profiles(config, size) + _propagation(config, size)) + _objective(config, size)
    on_device = held + max(int(step), _reading(config, size))
    return on_device if size.device == "cuda" else on_device + RUNTIME + _snapshot(config, size)


def _share(config: SpikeConfig, size: Size) -> float:
    """Give the share of the nodes that a step reaches: all, or at most those around the batch."""
    if config.neighbours is None or any(count < 0 for count in config.neighbours):
        return 1.0
    reached = ring = 3 * size.batch_size
    for count in config.neighbours:
        ring *= count * (2 if config.users_send_messages else 1)
        reached += ring
    return min(1.0, reached / _nodes(config, size))


def _reading(config: SpikeConfig, size: Size) -> int:
    """Inputs, sums and a layer of all nodes, without gradients; measured."""
    return 5 * FLOAT * _nodes(config, size) * config.dimensions


def _width(config: SpikeConfig, size: Size) -> int:
    """Give the width of the text vectors that the networks see, 0 without networks."""
    if config.profile_weight == 0 and config.matching_weight == 0:
        return 0
    return min(size.text_dimensions, config.profile_dimensions or size.text_dimensions)


def _nodes(config: SpikeConfig, size: Size) -> int:
    return size.users + (size.entities if config.attends else size.items)


def _snapshot(config: SpikeConfig, size: Size) -> int:
    """The arrays of the folder, mapped and read once, and the frames of names."""
    nodes = size.users + size.entities
    texts = FLOAT * nodes * size.text_dimensions if _width(config, size) else 0
    return texts + 2 * INDEX * size.interactions + 3 * INDEX * size.triples + 300 * nodes


def _pairs(config: SpikeConfig, size: Size) -> int:
    """Interactions, the sampler with an epoch's order, and the products over users and items."""
    products = 2 if config.users_send_messages else 1
    return size.interactions * (2 * INDEX + 10 * INDEX + products * (4 * INDEX + 3 * FLOAT))


def _graph(config: SpikeConfig, size: Size) -> int:
    """Messages, the edges in both orders, and half of them drawn anew for a step."""
    if not config.attends:
        return 0
    drawn = 1 - config.graph_dropout if config.graph_dropout else 0
    edges = 2 * size.triples * (5 * INDEX + drawn * (4 * INDEX) + 3 * INDEX)
    return int(edges) + 3 * INDEX * size.messages


def _weights(config: SpikeConfig, size: Size) -> int:
    """Each with its gradient and the two means of the optimiser."""
    width = _width(config, size)
    networks = 2 * (width**2 + width * config.dimensions)
    return 4 * FLOAT * (_nodes(config, size) * config.dimensions + networks)


def _texts(config: SpikeConfig, size: Size) -> int:
    """Reduced text vectors."""
    return _nodes(config, size) * FLOAT * _width(config, size)


def _profiles(config: SpikeConfig, size: Size) -> int:
    """The hidden layer with its mask, and what the passes give."""
    width, nodes = _width(config, size), _nodes(config, size)
    if not width:
        return 0
    passes = 1 if config.share_profile_dropout else 3
    return nodes * (FLOAT * width + width + passes * 2 * FLOAT * config.dimensions)


def _propagation(config: SpikeConfig, size: Size) -> int:
    """What each layer keeps for the backward pass: messages, masks, rows of length 1, sums; the edges' attention.

    On a GPU the messages themselves are made.
    """
    nodes = FLOAT * _nodes(config, size) * config.dimensions
    edges = 2 * size.triples * FLOAT * config.attention_heads if config.attends else 0
    if config.attends and size.device == "cuda":
        edges += 5 * FLOAT * size.messages * config.dimensions
    return config.layers * (5 * nodes + edges) + 4 * nodes


def _objective(config: SpikeConfig, size: Size) -> int:
    """The scores of all items, or vectors of the batch; matching with rows of both sides and their gradients."""
    columns = size.items if config.objective == "softmax" else 3 * config.dimensions
    matched = 0
    if _width(config, size) and config.matching_weight:
        rows = _nodes(config, size) if config.neighbours is None else 3 * size.batch_size
        if config.match_mode == "sampled":
            rows += int(config.match_repeats * config.match_ratio * rows)
        matched = 6 * FLOAT * rows * config.dimensions
    return 4 * FLOAT * size.batch_size * columns + matched
