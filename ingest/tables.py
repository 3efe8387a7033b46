"""The tables that every reader yields and every writer takes: one schema, whatever the source.

Keys here are `namespace/source id` (`user/17`, `movie/12`, `dbpedia/Tim_Burton`); the data set's name
is put before them when they are written (`ml/movie/12`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

USER_COLUMNS = ("key", "name")
ENTITY_COLUMNS = ("key", "name", "label", "is_item")
TRIPLE_COLUMNS = ("head", "relation", "tail")
RELATION_COLUMNS = ("type", "name", "sentence")
TEXT_COLUMNS = ("key", "field", "text")
PROFILE_COLUMNS = ("key", "profile", "model")
FRIEND_COLUMNS = ("user", "friend")


def empty(*columns: str) -> pd.DataFrame:
    """Give a frame without rows."""
    return pd.DataFrame({column: pd.Series(dtype="str") for column in columns})


@dataclass(frozen=True, eq=False)
class Vectors:
    """Text vectors by key: `matrix` is float32 [n, D], row i belongs to `keys[i]`."""

    keys: tuple[str, ...]
    matrix: npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Tables:
    """A data set as frames.

    Attributes:
        users: `key`, `name` (may be missing), and any attributes; one row a user.
        entities: `key`, `name`, `label` (the type label: `Artist`), `is_item`, and any attributes.
        triples: `head`, `relation` (a type in upper snake case), `tail`; no duplicates.
        relations: `type`, `name` in words, `sentence` with `{head}` and `{tail}`; one row a relation.
        interactions: `user`, `item`, and any of `split` ('train', 'valid' or 'test'; absent for raw
            data), `rating`, `count`, `at` (seconds since 1970, UTC), `review`; one row a pair.
        texts: `key`, `field` (`description`, `plot` …), `text`: texts of items.
        vectors: text vectors that came with the source (SPiKE's `.npz`), kept for import, or None.
        profiles: `key`, `profile`, `model`: profiles that came with the source, kept for import.
        friends: `user`, `friend`: users who are friends; each pair once, whichever way round.
        label: the data set's label in the graph (`LastFm`); '' takes it from the data set's name.
        source: where it came from, in words that a person understands.
        positive_rule: the rule that made a rating a positive interaction, in words.
        exposed_to: which splits the profiles that came along may have seen.
        reader: the name of the reader that read it, set by `ingest.readers.read`.
    """

    users: pd.DataFrame
    entities: pd.DataFrame
    triples: pd.DataFrame
    relations: pd.DataFrame
    interactions: pd.DataFrame
    label: str
    source: str
    positive_rule: str = "every listed pair"
    texts: pd.DataFrame = field(default_factory=lambda: empty(*TEXT_COLUMNS))
    profiles: pd.DataFrame = field(default_factory=lambda: empty(*PROFILE_COLUMNS))
    friends: pd.DataFrame = field(default_factory=lambda: empty(*FRIEND_COLUMNS))
    exposed_to: tuple[str, ...] = ()
    vectors: Vectors | None = None
    reader: str = ""
