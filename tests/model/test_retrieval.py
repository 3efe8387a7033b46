from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from model.interactions import Interactions
from model.retrieval import LONG, best, hits_of, similar_rows, top_items
from model.types import Embeddings
from tests.support.largest_tensor import LargestTensor


def some(users: int = 17, items: int = 23, levels: int = 3) -> tuple[Embeddings, Interactions]:
    """Whole-numbered vectors, so that there are many ties."""
    generator = torch.Generator().manual_seed(3)
    embeddings = Embeddings(
        torch.randint(-levels, levels, (users, 3), generator=generator).float(),
        torch.randint(-levels, levels, (items, 3), generator=generator).float(),
    )
    pairs = (torch.rand(users, items, generator=generator) < 0.3).nonzero().T
    return embeddings, Interactions.from_pairs(pairs[0], pairs[1], users, items)


def test_equals_sorting_everything_with_ties_by_row() -> None:
    embeddings, seen = some()
    found = top_items(embeddings, seen, 6)
    scores = (embeddings.users @ embeddings.items.T).numpy()
    for user in range(17):
        own = set(seen.items[seen.users == user].tolist())
        expected = sorted((i for i in range(23) if i not in own), key=lambda i: (-scores[user, i], i))[:6]
        assert found.rows[user].tolist() == expected
        assert found.scores[user].tolist() == [scores[user, i] for i in expected]


@pytest.mark.parametrize("block_bytes", [1, 23 * 4 * 5, 10**9])
def test_blocks_do_not_matter(block_bytes: int) -> None:
    embeddings, seen = some()
    whole, parts = top_items(embeddings, seen, 6), top_items(embeddings, seen, 6, block_bytes=block_bytes)
    np.testing.assert_array_equal(whole.rows, parts.rows)
    near = [similar_rows(embeddings.items, 4, block_bytes=size).scores for size in (block_bytes, 10**9)]
    np.testing.assert_allclose(near[0], near[1], atol=1e-6)


def test_chosen_users_in_any_order() -> None:
    embeddings, seen = some()
    found = top_items(embeddings, seen, 4, users=torch.tensor([9, 2]))
    np.testing.assert_array_equal(found.rows, top_items(embeddings, seen, 4).rows[[9, 2]])


def test_short_lists_are_padded() -> None:
    embeddings, _ = some(users=2, items=3)
    seen = Interactions.from_pairs(torch.tensor([0, 0, 1, 1, 1]), torch.tensor([0, 2, 0, 1, 2]), 2, 3)
    found = top_items(embeddings, seen, 5)
    assert found.rows.tolist() == [[1, -1, -1, -1, -1], [-1] * 5]
    assert found.scores[0, 1] == -np.inf
    assert found.scores.dtype == np.float32


def test_no_users() -> None:
    embeddings, seen = some()
    assert top_items(embeddings, seen, 5, users=torch.zeros(0, dtype=torch.int64)).rows.shape == (0, 5)


def test_similar_rows_are_cosines_without_the_row_itself() -> None:
    vectors = torch.tensor([[1.0, 0.0], [2.0, 0.0], [1.0, 1.0], [0.0, 0.0]])
    found = similar_rows(vectors, 2)
    assert found.rows[0].tolist() == [1, 2]
    assert found.scores[0].tolist() == pytest.approx([1, 0.5**0.5])
    assert found.scores[3].tolist() == [0, 0]
    assert all(row not in found.rows[row] for row in range(4))


@given(st.lists(st.lists(st.integers(0, 3), min_size=9, max_size=9), min_size=1, max_size=5), st.integers(1, 12))
@settings(deadline=None)
def test_best_is_a_stable_sort(cells: list[list[int]], k: int) -> None:
    columns, scores = best(torch.tensor(cells, dtype=torch.float32), k)
    for row, line in enumerate(cells):
        expected = sorted(range(9), key=lambda column: (-line[column], column))[:k]
        assert columns[row].tolist() == expected + [-1] * (k - len(expected))
        assert scores[row][: len(expected)].tolist() == [line[column] for column in expected]


@pytest.mark.parametrize("levels", [1, 50])
def test_no_tensor_is_larger_than_a_block(levels: int) -> None:
    """With one level every score is tied, the case that looks at whole rows again."""
    embeddings, whole = some(users=300, items=400, levels=levels)
    parts = (whole.users[::50], whole.items[::50]), (whole.users[1::70], whole.items[1::70])
    seen, relevant = (Interactions.from_pairs(users, items, 300, 400) for users, items in parts)
    block_bytes = 16_384
    with LargestTensor() as made:
        top_items(embeddings, seen, 5, block_bytes=block_bytes)
        hits_of(embeddings, seen, relevant, 5, block_bytes=block_bytes)
        similar_rows(embeddings.items, 5, block_bytes=block_bytes)
    assert block_bytes / 2 < made.largest <= block_bytes
    assert block_bytes < 300 * 400 * 4 / 20
    with LargestTensor() as made:
        hits_of(embeddings, seen, relevant, 5)
    assert made.largest > block_bytes


@given(st.lists(st.lists(st.sampled_from([0.0, 1.0, 2.0, -np.inf]), min_size=7, max_size=7), min_size=1, max_size=4))
@settings(deadline=None)
def test_what_is_left_out_never_wins_a_tie(cells: list[list[float]]) -> None:
    columns, scores = best(torch.tensor(cells, dtype=torch.float32), 4)
    for row, line in enumerate(cells):
        expected = sorted((c for c in range(7) if line[c] > -np.inf), key=lambda column: (-line[column], column))[:4]
        assert columns[row].tolist() == expected + [-1] * (4 - len(expected))
        assert scores[row][: len(expected)].tolist() == [line[column] for column in expected]


@pytest.mark.parametrize("width", [LONG * 4 - 1, LONG * 4, LONG * 4 + 5, 3000])
@pytest.mark.parametrize("levels", [3, 10**9])
def test_long_rows_are_a_stable_sort_too(width: int, levels: int) -> None:
    scores = torch.randint(0, levels, (6, width), generator=torch.Generator().manual_seed(width)).float()
    scores[2] = -torch.inf
    scores[3, 5:] = -torch.inf
    scores[4, : width - 2] = -torch.inf
    columns, values = best(scores, 3)
    expected = scores.sort(dim=1, descending=True, stable=True)
    assert torch.equal(values, expected.values[:, :3])
    assert torch.equal(columns, expected.indices[:, :3].masked_fill(values == -torch.inf, -1))
