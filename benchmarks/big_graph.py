"""A synthetic data set of the size of a shop's: users, items, facts, interactions with hubs, lists and similarities.

Popularity follows the curve of Last.FM (`lastfm-llm`, train and test): the r-th most popular item is chosen with
weight (r + 41) ** -1.064, fitted on the logarithms weighted by popularity. Users' activity is that of MovieLens 1M:
log-normal with the standard deviation .99. Items fall into clusters that also share makers, actors and tags, and half
of what a user chooses comes from the few clusters he likes, so that lists have reasons, as real ones have.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float32]

POPULARITY_SHIFT, POPULARITY_FALL = 41.0, 1.064
ACTIVITY_DEVIATION = 0.99
LEAST_HISTORY = 10
LIKED_CLUSTERS = 4
FROM_LIKED = 0.5
"""Share of a user's choices that come from the clusters he likes; the others are anybody's."""

HISTORY_FOR_LIST = 12
"""Items of a history whose neighbours make a user's list."""

USERS_AT_ONCE = 20_000


@dataclass(frozen=True)
class Kind:
    """One kind of entity that items have.

    Attributes:
        label: its label.
        relation: the relation from items to it.
        words: the relation in words.
        share: of all entities that are not items.
        of_an_item: how many of them an item has.
        by_cluster: the share of them that is the cluster's own.
    """

    label: str
    relation: str
    words: str
    share: float
    of_an_item: int
    by_cluster: float


KINDS = (
    Kind("Genre", "HAS_GENRE", "genre", 0.001, 2, 0.8),
    Kind("Decade", "FROM_DECADE", "decade", 0.0005, 1, 0.0),
    Kind("Country", "MADE_IN", "country", 0.004, 1, 0.5),
    Kind("Studio", "MADE_BY", "studio", 0.0195, 1, 0.5),
    Kind("Tag", "HAS_TAG", "tag", 0.075, 2, 0.8),
    Kind("Director", "DIRECTED_BY", "director", 0.15, 1, 0.9),
    Kind("Writer", "WRITTEN_BY", "writer", 0.15, 1, 0.9),
    Kind("Actor", "HAS_ACTOR", "actor", 0.6, 3, 0.9),
)
"""About the facts of a film in MovieLens 1M, and as many for each item (11)."""


@dataclass(frozen=True)
class Size:
    """How large the graph is; `entities` are those that are no items, `listed` the length of every list."""

    users: int = 100_000
    items: int = 50_000
    entities: int = 20_000
    interactions: int = 5_000_000
    clusters: int = 100
    listed: int = 20


@dataclass(frozen=True, eq=False)
class BigGraph:
    """The graph by rows.

    Attributes:
        size: how large it is.
        users: int64 [interactions], sorted.
        items: int64 [interactions].
        times: int64 [interactions], seconds since 1970.
        facts: for each kind int64 [2, facts]: items, and entities by their place among all that are no items.
        kinds: int64 [entities] the kind of each entity, as a place in `KINDS`.
        similar: int64 [items, listed] the items most similar to each.
        similar_scores: float32 [items, listed], falling.
        lists: int64 [users, listed] what is recommended; -1 where there is not so much.
        list_scores: float32 [users, listed], falling.
    """

    size: Size
    users: IntArray
    items: IntArray
    times: IntArray
    facts: tuple[IntArray, ...]
    kinds: IntArray
    similar: IntArray
    similar_scores: FloatArray
    lists: IntArray
    list_scores: FloatArray


def big_graph(size: Size, generator: np.random.Generator) -> BigGraph:
    """Draw a graph; the same generator gives the same."""
    popularity = popularity_weights(size.items)[generator.permutation(size.items)]
    cluster = generator.permutation(np.arange(size.items) % size.clusters)
    users, items = _interactions(size, popularity, cluster, generator)
    kinds = _kinds(size.entities)
    similar, similar_scores = _similar(size, popularity, cluster, generator)
    lists, list_scores = _lists(size, users, items, similar, generator)
    return BigGraph(
        size=size,
        users=users,
        items=items,
        times=generator.integers(1_500_000_000, 1_700_000_000, len(users)),
        facts=tuple(_facts(kind, np.flatnonzero(kinds == n), cluster, generator) for n, kind in enumerate(KINDS)),
        kinds=kinds,
        similar=similar,
        similar_scores=similar_scores,
        lists=lists,
        list_scores=list_scores,
    )


def popularity_weights(items: int) -> npt.NDArray[np.float64]:
    """Give the weight of each rank, the most popular first; they sum to one."""
    weights = (np.arange(items) + POPULARITY_SHIFT) ** -POPULARITY_FALL
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def _interactions(
    size: Size, popularity: npt.NDArray[np.float64], cluster: IntArray, generator: np.random.Generator
) -> tuple[IntArray, IntArray]:
    """Draw pairs, each once, sorted by user and item: int64 [interactions] twice."""
    activity = np.exp(generator.normal(0, ACTIVITY_DEVIATION, size.users))
    extra = LEAST_HISTORY * size.users
    most = min(2000, size.items // 4)
    wanted = LEAST_HISTORY + np.minimum(activity / activity.mean() * (size.interactions - extra) / size.users, most)
    drawn = np.repeat(np.arange(size.users), np.ceil(1.5 * wanted).astype(np.int64))
    anybody = generator.choice(size.items, len(drawn), p=popularity)
    liked = generator.choice(size.clusters, (size.users, LIKED_CLUSTERS), p=_mass(popularity, cluster, size.clusters))
    own = liked[drawn, generator.integers(0, LIKED_CLUSTERS, len(drawn))]
    chosen = np.where(
        generator.random(len(drawn)) < FROM_LIKED, _of_clusters(own, popularity, cluster, generator), anybody
    )
    codes = np.unique(drawn * size.items + chosen)
    kept = np.sort(generator.permutation(len(codes))[: size.interactions])
    return codes[kept] // size.items, codes[kept] % size.items


def _mass(popularity: npt.NDArray[np.float64], cluster: IntArray, clusters: int) -> npt.NDArray[np.float64]:
    mass = np.bincount(cluster, popularity, clusters)
    return np.asarray(mass / mass.sum(), dtype=np.float64)


def _of_clusters(
    wanted: IntArray, popularity: npt.NDArray[np.float64], cluster: IntArray, generator: np.random.Generator
) -> IntArray:
    """Draw an item of each wanted cluster by popularity, through one running sum over items ordered by cluster."""
    order = np.argsort(cluster, kind="stable")
    running = np.concatenate([[0.0], np.cumsum(popularity[order])])
    starts = np.searchsorted(cluster[order], np.arange(cluster.max() + 2))
    low, high = running[starts[wanted]], running[starts[wanted + 1]]
    places = np.searchsorted(running, low + generator.random(len(wanted)) * (high - low), side="right") - 1
    chosen: IntArray = order[np.clip(places, starts[wanted], starts[wanted + 1] - 1)]
    return chosen


def _kinds(entities: int) -> IntArray:
    counts = [max(1, round(kind.share * entities)) for kind in KINDS[:-1]]
    return np.repeat(np.arange(len(KINDS)), [*counts, entities - sum(counts)])


def _facts(kind: Kind, places: IntArray, cluster: IntArray, generator: np.random.Generator) -> IntArray:
    """Draw what of a kind each item has: the share that is the cluster's comes from a few next to each other."""
    items = np.repeat(np.arange(len(cluster)), kind.of_an_item)
    few = max(1, len(places) // (cluster.max() + 1))
    own = (cluster[items] * few + generator.integers(0, few, len(items))) % len(places)
    anything = generator.integers(0, len(places), len(items))
    drawn = np.where(generator.random(len(items)) < kind.by_cluster, own, anything)
    return np.unique(np.stack([items, places[drawn]]), axis=1)


def _similar(
    size: Size, popularity: npt.NDArray[np.float64], cluster: IntArray, generator: np.random.Generator
) -> tuple[IntArray, FloatArray]:
    """Draw each item's neighbours within its cluster, the popular ones rather, and mostly both ways."""
    similar = np.zeros((size.items, size.listed), np.int64)
    scores = np.zeros((size.items, size.listed), np.float32)
    for number in range(size.clusters):
        members = np.flatnonzero(cluster == number)
        noise = generator.random((len(members), len(members)), dtype=np.float32)
        affinity = noise + noise.T + 0.1 * np.log(popularity[members]).astype(np.float32)
        np.fill_diagonal(affinity, -np.inf)
        best = np.argsort(-affinity, axis=1)[:, : size.listed]
        similar[members] = members[best]
        scores[members] = _falling(len(members), size.listed, generator)
    return similar, scores


def _lists(
    size: Size, users: IntArray, items: IntArray, similar: IntArray, generator: np.random.Generator
) -> tuple[IntArray, FloatArray]:
    """Give each user what is similar to most of a few items of his history and not in it."""
    lists = np.full((size.users, size.listed), -1, np.int64)
    starts = np.searchsorted(users, np.arange(size.users + 1))
    for first in range(0, size.users, USERS_AT_ONCE):
        some = np.arange(first, min(first + USERS_AT_ONCE, size.users))
        places = starts[some][:, None] + (
            generator.random((len(some), HISTORY_FOR_LIST)) * np.diff(starts)[some][:, None]
        ).astype(np.int64)
        near = similar[items[places]].reshape(len(some), -1)
        codes, support = np.unique(some[:, None] * size.items + near, return_counts=True)
        had = users[starts[first] : starts[some[-1] + 1]] * size.items + items[starts[first] : starts[some[-1] + 1]]
        new = ~np.isin(codes, had, assume_unique=True)
        _fill(lists, codes[new] // size.items, codes[new] % size.items, support[new] + generator.random(new.sum()))
    return lists, _falling(size.users, size.listed, generator)


def _fill(lists: IntArray, users: IntArray, items: IntArray, worth: npt.NDArray[np.float64]) -> None:
    """Write each user's items of the most worth into his list."""
    order = np.lexsort((-worth, users))
    users, items = users[order], items[order]
    rank = np.arange(len(users)) - np.searchsorted(users, users)
    kept = rank < lists.shape[1]
    lists[users[kept], rank[kept]] = items[kept]


def _falling(rows: int, columns: int, generator: np.random.Generator) -> FloatArray:
    return -np.sort(-generator.random((rows, columns), dtype=np.float32), axis=1)


def listed_pairs(rows: IntArray, scores: FloatArray) -> Iterator[npt.NDArray[np.generic]]:
    """Give start, end, rank (from 1) and score of every listed pair, one array each."""
    start, place = np.nonzero(rows >= 0)
    yield from (start, rows[start, place], place + 1, scores[start, place])
