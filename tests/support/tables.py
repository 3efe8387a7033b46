"""A data set that fits on a page: six users, six films, three people and two genres."""

from __future__ import annotations

import pandas as pd

from ingest.tables import Tables

CANARY = "zebrafish-quicksilver"
"""A word that stands in held-out reviews only: it must reach no profile."""

FILMS = ("Alpha Station", "Beta Harbour", "Gamma Garden", "Delta Bridge", "Epsilon Night", "Zeta Morning")


def tiny_tables() -> Tables:
    """Give the data set with a given split; reviews of held-out pairs carry `CANARY`."""
    return Tables(
        users=pd.DataFrame({"key": [f"user/{n}" for n in range(6)], "name": [f"Viewer {n}" for n in range(6)]}),
        entities=_entities(),
        triples=_triples(),
        relations=_relations(),
        interactions=_interactions(),
        texts=pd.DataFrame(
            {
                "key": ["film/0", "film/1"],
                "field": ["plot", "plot"],
                "text": ["A crew of four keeps the last station alive.", "Two rivals must share one harbour."],
            }
        ),
        label="Tiny",
        source="six simulated viewers",
    )


def _entities() -> pd.DataFrame:
    rows = [(f"film/{n}", name, "Film", True) for n, name in enumerate(FILMS)]
    rows += [(f"person/{n}", name, "Person", False) for n, name in enumerate(("Ada Ames", "Bo Berg", "Cy Cole"))]
    rows += [(f"genre/{n}", name, "Genre", False) for n, name in enumerate(("Drama", "Comedy"))]
    return pd.DataFrame(rows, columns=["key", "name", "label", "is_item"])


def _triples() -> pd.DataFrame:
    rows = [(f"film/{n}", "DIRECTED_BY", f"person/{n % 2}") for n in range(6)]
    rows += [(f"film/{n}", "HAS_GENRE", f"genre/{n % 2}") for n in range(6)]
    rows += [("person/2", "INFLUENCED_BY", "person/0")]
    return pd.DataFrame(rows, columns=["head", "relation", "tail"])


def _relations() -> pd.DataFrame:
    rows = [
        ("DIRECTED_BY", "directed by", "{head} was directed by {tail}."),
        ("HAS_GENRE", "genre", "{head} belongs to the genre {tail}."),
        ("INFLUENCED_BY", "influenced by", "{head} was influenced by {tail}."),
    ]
    return pd.DataFrame(rows, columns=["type", "name", "sentence"])


def _interactions() -> pd.DataFrame:
    """Give user n the films n, n+1 and n+2 for training, n+3 for validation and n+4 for test."""
    rows = []
    for user in range(6):
        for step, split in enumerate(["train", "train", "train", "valid", "test"]):
            review = f"Viewer {user} liked this." if split == "train" else f"{CANARY} of viewer {user}."
            rows.append((f"user/{user}", f"film/{(user + step) % 6}", split, 1_000_000 + 10 * user + step, review))
    return pd.DataFrame(rows, columns=["user", "item", "split", "at", "review"])
