"""Top-k lists over all items, computed in blocks of bounded memory.

Ties are broken by row, lower first, so that a list depends on the scores alone (`torch.topk` promises
no order among equal scores).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from model.interactions import Interactions, contains
from model.scoring import scores_of
from model.types import Embeddings, Ranking

BLOCK_BYTES = 16 * 2**20
"""How much one block of scores may take: small enough to stay in a processor's cache between product and choice."""

FOLD = 8
"""Columns that are looked at together first, where rows are long."""
LONG = 100
"""A row is long from so many columns for each that is chosen."""


def top_items(
    embeddings: Embeddings, seen: Interactions, k: int, *, users: Tensor | None = None, block_bytes: int = BLOCK_BYTES
) -> Ranking:
    """Give each user the k best items that are not in `seen`.

    Args:
        embeddings: users [U, d], items [V, d].
        seen: the pairs never to recommend, usually the train part.
        k: length of the lists.
        users: int64 [n], user rows to answer for; all if None.
        block_bytes: bound of one block of scores.

    Returns:
        rows [n, k] of items and their scores, in the order of `users`.
    """
    device = embeddings.items.device
    users = torch.arange(len(embeddings.users), device=device) if users is None else users.to(device)
    blocks = [rows_and_scores for _, *rows_and_scores in _user_blocks(embeddings, seen, k, users, block_bytes)]
    return _collect(blocks, k)


def hits_of(
    embeddings: Embeddings, seen: Interactions, relevant: Interactions, k: int, *, block_bytes: int = BLOCK_BYTES
) -> tuple[Tensor, Tensor]:
    """Rank all items for the users who have relevant ones and mark the hits.

    Returns:
        user rows int64 [n] and hits bool [n, k].
    """
    device = embeddings.items.device
    relevant = relevant.to(device)
    users = relevant.user_degrees.nonzero().squeeze(1)
    keys = relevant.keys
    hits = []
    for block, rows, _ in _user_blocks(embeddings, seen, k, users, block_bytes):
        found = contains(keys, block[:, None] * relevant.num_items + rows)
        hits.append(found & (rows >= 0))
    return users, torch.cat(hits) if hits else torch.zeros((0, k), dtype=torch.bool, device=device)


def similar_rows(vectors: Tensor, k: int, *, block_bytes: int = BLOCK_BYTES) -> Ranking:
    """Give each row its k nearest others by cosine.

    Args:
        vectors: [n, d]; a zero row is similar to nothing (score 0 with every other).
        k: length of the lists.
        block_bytes: bound of one block of scores.

    Returns:
        rows [n, k] and cosines.
    """
    unit = functional.normalize(vectors, dim=1)
    return nearest(lambda start, stop: unit[start:stop] @ unit.T, len(unit), k, least=-1.5, block_bytes=block_bytes)


def nearest(
    scores_of: Callable[[int, int], Tensor], rows: int, k: int, *, least: float = 0.0, block_bytes: int = BLOCK_BYTES
) -> Ranking:
    """Give each row its k best others, never itself.

    Args:
        scores_of: gives the scores of the rows start..stop-1 with all rows, [stop - start, rows].
        rows: how many there are.
        k: length of the lists.
        least: only scores above it count.
        block_bytes: bound of one block of scores.

    Returns:
        rows [n, k], -1 where there are fewer, and their scores.
    """
    blocks = []
    for start, stop in row_blocks(rows, rows * 4, block_bytes):
        scores = scores_of(start, stop)
        scores = scores.masked_fill(scores <= least, -torch.inf)
        own = torch.arange(start, stop, device=scores.device)
        scores[own - start, own] = -torch.inf
        blocks.append(list(best(scores, k)))
    return _collect(blocks, k)


def best(scores: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Give the k largest of each row, ties by column, lower first; -inf never appears.

    Args:
        scores: [n, m].
        k: how many.

    Returns:
        columns int64 [n, k] (-1 where there are fewer) and their scores.
    """
    width = min(k, scores.shape[1])
    values, columns = _largest(scores, min(width + 1, scores.shape[1]))
    if 0 < width < values.shape[1]:
        tied = ((values[:, width - 1] == values[:, width]) & (values[:, width] > -torch.inf)).nonzero().squeeze(1)
        values, columns = values[:, :width], columns[:, :width]
        if len(tied):
            values[tied], columns[tied] = _lowest_of_tied(scores[tied], values[tied, -1:], width)
    columns, by_column = columns.sort(dim=1)
    values, by_value = values.gather(1, by_column).sort(dim=1, descending=True, stable=True)
    columns = columns.gather(1, by_value).masked_fill(values == -torch.inf, -1)
    padding = (0, k - width)
    return functional.pad(columns, padding, value=-1), functional.pad(values, padding, value=-torch.inf)


def _largest(scores: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Give the `count` largest of each row, ties in any order.

    The largest of each `FOLD` columns are cheap to find, and the `count` best folds hold the `count` best columns.
    """
    rows, columns = scores.shape
    if columns < LONG * count:
        plain = scores.topk(count, dim=1)
        return plain.values, plain.indices
    folds = columns // FOLD
    best_folds = scores[:, : folds * FOLD].view(rows, FOLD, folds).amax(1).topk(count, dim=1).indices
    members = best_folds.unsqueeze(2) + folds * torch.arange(FOLD, device=scores.device)
    rest = torch.arange(folds * FOLD, columns, device=scores.device).expand(rows, -1)
    candidates = torch.cat([members.flatten(1), rest], dim=1)
    values, places = scores.gather(1, candidates).topk(count, dim=1)
    return values, candidates.gather(1, places)


def _lowest_of_tied(scores: Tensor, last: Tensor, width: int) -> tuple[Tensor, Tensor]:
    """Give the `width` largest of each row where more are equal to the last of them: of those the first columns."""
    above, equal = scores > last, scores == last
    wanted = width - above.sum(1, keepdim=True)
    chosen = above | (equal & (equal.cumsum(1, dtype=torch.int32) <= wanted))
    values, columns = scores.masked_fill(~chosen, -torch.inf).topk(width, dim=1)
    return values, columns


def _user_blocks(
    embeddings: Embeddings, seen: Interactions, k: int, users: Tensor, block_bytes: int
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    items = embeddings.items
    seen = seen.to(items.device)
    for start, stop in row_blocks(len(users), len(items) * items.element_size(), block_bytes):
        block = users[start:stop]
        scores = scores_of(embeddings, block)
        position, item = seen.of_users(block)
        scores[position, item] = -torch.inf
        yield block, *best(scores, k)


def row_blocks(rows: int, row_bytes: int, block_bytes: int = BLOCK_BYTES) -> Iterator[tuple[int, int]]:
    """Cut rows into blocks of bounded memory: where each starts and stops."""
    step = max(1, block_bytes // max(row_bytes, 1))
    for start in range(0, rows, step):
        yield start, min(start + step, rows)


def _collect(blocks: list[list[Tensor]], k: int) -> Ranking:
    if not blocks:
        return Ranking(np.empty((0, k), np.int64), np.empty((0, k), np.float32))
    rows, scores = (torch.cat(parts).cpu().numpy() for parts in zip(*blocks, strict=True))
    return Ranking(rows, scores.astype(np.float32, copy=False))
