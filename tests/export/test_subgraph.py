from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from export.snapshot import Selection
from export.subgraph import choose


@st.composite
def graphs(draw: st.DrawFn) -> tuple[int, int, np.ndarray]:
    num_items = draw(st.integers(1, 6))
    num_entities = num_items + draw(st.integers(0, 8))
    ends = st.integers(0, num_entities - 1)
    triples = draw(st.lists(st.tuples(ends, ends).filter(lambda pair: pair[0] != pair[1]), max_size=30))
    return num_items, num_entities, np.array(triples, dtype=np.int64).reshape(-1, 2).T


def naive(num_items: int, num_entities: int, edges: list[list[int]], chosen: Selection) -> tuple[set[int], set[int]]:
    """The rules word for word, with sets."""
    distance = dict.fromkeys(range(num_items), 0)
    for step in range(1, num_entities + 1):
        for head, tail in edges:
            for near, far in ((head, tail), (tail, head)):
                if distance.get(near, step) < step:
                    distance.setdefault(far, step)
    kept = {
        number
        for number, ends in enumerate(edges)
        if chosen.hops is None or min(distance.get(end, 99) for end in ends) <= chosen.hops - 1
    }
    entities = set(range(num_entities))
    if chosen.hops is not None:
        entities = set(range(num_items)) | {end for number in kept for end in edges[number]}

    def degree(entity: int) -> int:
        return sum(entity in edges[number] for number in kept)

    many = {e for e in entities if e >= num_items and chosen.max_degree is not None and degree(e) > chosen.max_degree}
    entities -= many
    while True:
        kept = {number for number in kept if set(edges[number]) <= entities}
        few = {e for e in entities if e >= num_items and degree(e) < chosen.min_degree}
        if not few:
            return entities, kept
        entities -= few


@settings(max_examples=200, deadline=None)
@given(
    graph=graphs(),
    hops=st.none() | st.integers(1, 4),
    min_degree=st.integers(0, 3),
    max_degree=st.none() | st.integers(1, 4),
)
def test_the_choice_equals_the_rules_word_for_word(
    graph: tuple[int, int, np.ndarray], hops: int | None, min_degree: int, max_degree: int | None
) -> None:
    num_items, num_entities, edges = graph
    chosen = Selection(hops=hops, min_degree=min_degree, max_degree=max_degree)
    entities, triples = choose(edges, num_items, num_entities, chosen)
    expected_entities, expected_triples = naive(num_items, num_entities, edges.T.tolist(), chosen)
    assert set(np.flatnonzero(entities).tolist()) == expected_entities
    assert set(np.flatnonzero(triples).tolist()) == expected_triples
