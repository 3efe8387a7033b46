"""Names: what sources call a relation becomes a type, words and a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote

import pandas as pd

from ingest.tables import RELATION_COLUMNS


def relation_type(name: str) -> str:
    """Give the relationship type of a name: `directedBy`, `directed by`, `film.directed_by` → upper snake case."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    made = re.sub(r"[^A-Za-z0-9]+", "_", parted).strip("_").upper()
    return made[:64] if made[:1].isalpha() else f"RELATION_{made}"[:64].rstrip("_")


def words(relation: str) -> str:
    """Give a relationship type in words: `DIRECTED_BY` → `directed by`."""
    return relation.replace("_", " ").lower()


def sentence(relation_words: str) -> str:
    """Give the plain sentence of a relation that has none of its own."""
    return f"{{head}}: {relation_words}: {{tail}}."


def relations_frame(rows: Iterable[tuple[str, str | None, str | None]]) -> pd.DataFrame:
    """Give the relations table of (type, name, sentence); what is None is made from the type."""
    made = [(kind, name or words(kind), said or sentence(name or words(kind))) for kind, name, said in rows]
    return pd.DataFrame(made, columns=list(RELATION_COLUMNS), dtype="str")


def readable(local_name: str) -> str:
    """Give the readable name in the last part of a URI: unquoted, `_` as a space."""
    return unquote(local_name).replace("_", " ").strip()
