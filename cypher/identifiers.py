"""Names that become labels, relationship types and keys: checked here, and nowhere else.

Statements take them as parameters (`$($label)`), so a name is never put into Cypher as text, with
the one exception of schema commands, which take no parameters: `plain` guards that door.
"""

from __future__ import annotations

import re

from spikegraph.errors import DataError

RESERVED_LABELS = frozenset(
    {"User", "Item", "Entity", "Dataset", "Relation", "Run", "ProfileRun", "Embedding", "Community", "Migration"}
)
"""Labels with a meaning of their own in the graph."""

RESERVED_TYPES = frozenset(
    {
        "INTERACTED",
        "HELD_OUT",
        "RECOMMENDED",
        "SIMILAR_TO",
        "HAS_RELATION",
        "HAS_RUN",
        "HAS_PROFILE_RUN",
        "ACTIVE_RUN",
        "HAS_EMBEDDING",
        "HAS_COMMUNITY",
        "IN_COMMUNITY",
        "MAKES_DENSE",
        "LLM_LIKES",
        "LLM_DISLIKES",
        "ASSOCIATED_WITH",
        "DENOISED",
    }
)
"""Relationship types with a meaning of their own in the graph."""

RESERVED_PROPERTIES = frozenset(
    {
        *("key", "dataset", "idx", "name", "profile", "profile_run", "profile_is_llm", "profile_hash"),
        *("pagerank", "pagerank_run"),
    }
)
"""Node properties that are ours; attributes of a data set cannot take their names."""

_LABEL = re.compile(r"[A-Z][A-Za-z0-9]{0,63}")
_TYPE = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_DATASET = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_PROPERTY = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,127}")


def label(name: str) -> str:
    """Give `name` back if it can be the label of a data set or of a type of entity (`Artist`).

    Raises:
        DataError: it is no label, or one that has a meaning of its own.
    """
    if name in RESERVED_LABELS:
        raise DataError(f"the label '{name}' has a meaning of its own in the graph", hint="choose another label")
    return _checked(name, _LABEL, "a label", "a capital letter, then up to 63 letters and digits: 'Artist'")


def label_of(dataset: str) -> str:
    """Make the label of a data set from its name: `last-fm` becomes `LastFm`, `1m` becomes `Data1m`.

    Raises:
        DataError: the label that comes out has a meaning of its own.
    """
    joined = "".join(word[:1].upper() + word[1:] for word in dataset.split("-"))[:60]
    return label(joined if joined[:1].isalpha() else f"Data{joined}")


def relationship_type(name: str) -> str:
    """Give `name` back if it can be the type of a relation of the knowledge graph (`DIRECTED_BY`).

    Raises:
        DataError: it is no relationship type, or one that has a meaning of its own.
    """
    if name in RESERVED_TYPES:
        raise DataError(f"the type '{name}' has a meaning of its own in the graph", hint="choose another type")
    return _checked(name, _TYPE, "a relationship type", "upper snake case, at most 64 characters: 'DIRECTED_BY'")


def dataset_name(name: str) -> str:
    """Give `name` back if it can be the name of a data set (`lastfm`).

    Raises:
        DataError: it is no such name.
    """
    return _checked(name, _DATASET, "a data set name", "lower-case letters, digits and '-', at most 63: 'last-fm'")


def property_name(name: str) -> str:
    """Give `name` back if it can be an attribute of a node (`year`).

    Raises:
        DataError: it is no property name, or one of ours.
    """
    if name in RESERVED_PROPERTIES:
        raise DataError(f"the property '{name}' has a meaning of its own in the graph", hint="rename the column")
    return _checked(name, _PROPERTY, "a property name", "a letter, then letters, digits and '_', at most 64: 'year'")


def plain(name: str) -> str:
    """Give `name` back if it is safe as text in a schema command: letters, digits and `_` only.

    Raises:
        DataError: it is not.
    """
    return _checked(name, _PLAIN, "an identifier", "a letter, then letters, digits and '_', at most 128")


def _checked(name: str, pattern: re.Pattern[str], what: str, rule: str) -> str:
    if not isinstance(name, str) or not pattern.fullmatch(name):
        raise DataError(f"{str(name)[:80]!r} is not {what}", hint=f"{what} is {rule}")
    return name
