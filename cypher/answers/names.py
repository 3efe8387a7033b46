"""Users, items and entities by what a person calls them: key (`demo/movie/12`), its end (`movie/12`), or exact name."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from cypher import dataset as datasets
from cypher.store import Store
from spikegraph.errors import NotFoundError, UsageError

SUGGESTIONS = 5

_WHAT = {"users": "user", "items": "item", "entities": "entity"}


@dataclass(frozen=True)
class Named:
    """A node by its key and name; the name is the key where it has none."""

    key: str
    name: str


def find_user(store: Store, dataset: str, text: str) -> Named:
    """Give the one user that a text names.

    Raises:
        NotFoundError: there is none; the hint names near misses.
        UsageError: there are several; the hint names them.
    """
    return _find(store, dataset, text, "users")


def find_item(store: Store, dataset: str, text: str) -> Named:
    """Give the one item that a text names.

    Raises:
        NotFoundError: there is none; the hint names near misses.
        UsageError: there are several; the hint names them.
    """
    return _find(store, dataset, text, "items")


def find_entity(store: Store, dataset: str, text: str) -> Named:
    """Give the one entity, item or not, that a text names.

    Raises:
        NotFoundError: there is none; the hint names near misses.
        UsageError: there are several; the hint names them.
    """
    return _find(store, dataset, text, "entities")


def named(row: Mapping[str, Any]) -> Named:
    """Read a node of a record: its key, and its name or the key."""
    return Named(row["key"], row["name"] or row["key"])


def _find(store: Store, dataset: str, text: str, kind: Literal["users", "items", "entities"]) -> Named:
    found = [named(row) for row in store.read(f"recommend/find_{kind}", dataset=dataset, text=text)]
    if len(found) == 1:
        return found[0]
    what = _WHAT[kind]
    if found:
        listed = ", ".join(node.key for node in found)
        raise UsageError(
            f"several {kind} have the name '{text}'", where=dataset, hint=f"give one of the keys: {listed}"
        )
    datasets.get(store, dataset)
    near = _nearest(text, [named(row) for row in store.read(f"recommend/near_{kind}", dataset=dataset, text=text)])
    hint = (
        f"did you mean {' or '.join(_shown(node) for node in near)}?" if near else f"spikegraph datasets show {dataset}"
    )
    raise NotFoundError(f"there is no {what} '{text}'", where=f"data set '{dataset}'", hint=hint)


def _nearest(text: str, candidates: Sequence[Named]) -> list[Named]:
    """Give the candidates most like the text, by name or by the end of their key."""
    spellings = {
        spelling: node for node in reversed(candidates) for spelling in (node.key.partition("/")[2], node.name.lower())
    }
    words = difflib.get_close_matches(text.lower(), spellings, n=2 * SUGGESTIONS, cutoff=0.5)
    return list(dict.fromkeys(spellings[word] for word in words))[:SUGGESTIONS]


def _shown(node: Named) -> str:
    return node.key if node.name == node.key else f"'{node.name}' ({node.key})"
