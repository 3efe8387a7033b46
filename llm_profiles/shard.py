"""Shards: a data set written on several machines, a ledger each, merged after each kind of node.

Entities and users read the profiles of items, so all shards of one kind are merged, and everybody goes on from the
merged ledger, before the next kind is written.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from llm_profiles.calls.ledger import Ledger
from llm_profiles.terms import Terms, keep, terms_of
from spikegraph.errors import DataError, UsageError

_SHARD = re.compile(r"([0-9]{1,4})/([0-9]{1,4})")
_COMMON = ("dataset", "set", "model", "mode", "split_id", "splits")
"""Terms on which the ledgers of one set must agree."""


def parse_shard(text: str) -> tuple[int, int]:
    """Read `2/8`: the second of eight shards.

    Raises:
        UsageError: it is none.
    """
    found = _SHARD.fullmatch(text.strip())
    part, parts = (int(found[1]), int(found[2])) if found else (0, 0)
    if not 1 <= part <= parts:
        raise UsageError(f"'{text}' is no shard", hint="--shard 2/8 is the second of eight, counted from 1")
    return part, parts


def in_shard(key: str, part: int, parts: int) -> bool:
    """Say whether a node belongs to a shard: by the hash of its key, the same on every machine.

    Args:
        key: of the node.
        part: which shard, from 1.
        parts: how many there are.
    """
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8]) % parts == part - 1


def merge(ledger: Ledger, others: Sequence[Path]) -> int:
    """Take over the calls of shards, and give how many were new. Merging one again changes nothing.

    Raises:
        DataError: a file is no ledger, or of another set, model or split; nothing was merged then.
    """
    terms = terms_of(ledger)
    found = [_terms(path) for path in others]
    for path, theirs in zip(others, found, strict=True):
        _require_alike(terms or found[0], theirs, path)
    if terms is None and found:
        keep(ledger, found[0])
    return sum(ledger.merge(path) for path in others)


def _terms(path: Path) -> Terms:
    if not path.is_file():
        raise DataError("is not there", where=str(path), hint="name the ledger files of the shards")
    with Ledger(path) as other:
        terms = terms_of(other)
    if terms is None:
        raise DataError("is a ledger in which nothing was begun", where=str(path))
    return terms


def _require_alike(ours: Terms, theirs: Terms, path: Path) -> None:
    for what in _COMMON:
        here, there = getattr(ours, what), getattr(theirs, what)
        if here != there:
            hint = "only ledgers of one profile set, model and split can be merged"
            raise DataError(f"was written with {what} {there}, the others with {here}", where=str(path), hint=hint)
