"""Splits: which interactions are trained on, validated on and tested on.

Nothing here depends on the order of the rows: pairs are numbered by their keys before anything is
drawn, so the same pairs, rule and generator give the same split whichever file they came from.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from spikegraph.errors import DataError, UsageError

Kind = Literal["given", "time", "random", "none"]
KINDS: tuple[Kind, ...] = get_args(Kind)

SMALLEST_HISTORY = 5
"""A user with this many interactions gives at least one to each part that is held out."""

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class SplitRule:
    """How a data set is split.

    Attributes:
        kind: `given` keeps the split of the source (validation is drawn from its train part where it
            has none), `time` holds out each user's latest interactions, `random` any of them, `none`
            trains on everything (production).
        seed: seed of the generator that draws.
        valid: fraction of each user's interactions for validation (of the train part for `given`).
        test: fraction of each user's interactions for test; `given` does not use it.
    """

    kind: Kind = "given"
    seed: int = 0
    valid: float = 0.1
    test: float = 0.1

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise UsageError(f"there is no split '{self.kind}'", hint=f"one of: {', '.join(KINDS)}")
        if min(self.valid, self.test) < 0 or self.valid + self.test >= 1:
            raise UsageError("the fractions of validation and test must be 0 or more and leave a part to train on")

    def generator(self) -> np.random.Generator:
        """Give the generator of the seed."""
        return np.random.default_rng(self.seed)

    def describe(self) -> str:
        """Say the rule in words, as the graph and every report keep it."""
        drawn = f"{self.valid:.0%} of each user's train items (seed {self.seed}) for validation"
        words = {
            "given": f"split of the source; {drawn} where the source has none",
            "time": f"each user's latest: {self.valid:.0%} validation, {self.test:.0%} test (ties by seed {self.seed})",
            "random": f"of each user, drawn: {self.valid:.0%} validation, {self.test:.0%} test (seed {self.seed})",
            "none": "everything is train (production)",
        }
        return words[self.kind]


def default_rule(interactions: pd.DataFrame, seed: int = 0) -> SplitRule:
    """Choose the rule that fits the source: its own split, else by time where every pair has one, else drawn."""
    if "split" in interactions:
        return SplitRule("given", seed=seed)
    timed = "at" in interactions and bool(interactions["at"].notna().all())
    return SplitRule("time" if timed else "random", seed=seed)


def apply_split(interactions: pd.DataFrame, rule: SplitRule, generator: np.random.Generator) -> pd.DataFrame:
    """Give the interactions with a `split` column of 'train', 'valid' and 'test', rows in their order.

    Of a user with n interactions round(fraction * n) are held out, at least one where n is five or
    more (DESIGN.md, Truth), and one always stays in train.

    Args:
        interactions: `user`, `item`, and `split` for `given`, `at` for `time`; one row a pair.
        rule: the rule.
        generator: what draws; used once for each pair that may be held out.

    Raises:
        DataError: the rule needs a column that is absent or has gaps.
    """
    if rule.kind == "none":
        return interactions.assign(split=_named(np.zeros(len(interactions), dtype=np.int64)))
    if rule.kind == "given":
        return _with_validation(interactions, rule, generator)
    if rule.kind == "time" and ("at" not in interactions or interactions["at"].isna().any()):
        raise DataError(
            "a split by time needs the time of every interaction", where="interactions", hint="use the split 'random'"
        )
    at = interactions["at"].to_numpy(dtype=np.float64) if rule.kind == "time" else None
    return interactions.assign(split=_named(_held_out(interactions, rule.valid, rule.test, at, generator)))


def split_id(interactions: pd.DataFrame) -> str:
    """Name a split by its content: 16 hex digits, equal for equal pairs and parts, whatever the order of the rows.

    Args:
        interactions: `user`, `item` and `split`.
    """
    users, items = (interactions[column].factorize(sort=True) for column in ("user", "item"))
    parts = interactions["split"].map({"train": 0, "valid": 1, "test": 2}).to_numpy(dtype=np.int64)
    order = np.lexsort((parts, items[0], users[0]))
    digest = hashlib.sha256()
    for codes, keys in (users, items):
        digest.update(json.dumps(keys.tolist(), ensure_ascii=False).encode())
        digest.update(codes[order].astype("<i8").tobytes())
    digest.update(parts[order].astype("<i8").tobytes())
    return digest.hexdigest()[:16]


def _with_validation(interactions: pd.DataFrame, rule: SplitRule, generator: np.random.Generator) -> pd.DataFrame:
    if "split" not in interactions:
        raise DataError(
            "the source has no split of its own", where="interactions", hint="use the split 'time' or 'random'"
        )
    if (interactions["split"] == "valid").any():
        return interactions
    in_train = (interactions["split"] == "train").to_numpy()
    drawn = _held_out(interactions[in_train], rule.valid, 0.0, None, generator)
    split = interactions["split"].to_numpy(dtype=object)
    split[in_train] = _named(drawn)
    return interactions.assign(split=pd.array(split, dtype="str"))


def _named(parts: IntArray) -> npt.NDArray[np.object_]:
    names: npt.NDArray[np.object_] = np.array(["train", "valid", "test"], dtype=object)[parts]
    return names


def _held_out(
    interactions: pd.DataFrame,
    valid: float,
    test: float,
    at: npt.NDArray[np.float64] | None,
    generator: np.random.Generator,
) -> IntArray:
    """Give 0 (train), 1 (valid) or 2 (test) for each row: the last of each user by time, else by draw, is held out."""
    users, items = (interactions[column].factorize(sort=True)[0] for column in ("user", "item"))
    draw = np.empty(len(interactions))
    draw[np.lexsort((items, users))] = generator.random(len(interactions))
    order = np.lexsort((draw, users) if at is None else (draw, at, users))
    size = np.bincount(users)
    first = np.concatenate([[0], np.cumsum(size)[:-1]]) if len(size) else size
    from_the_end = np.empty(len(interactions), dtype=np.int64)
    from_the_end[order] = (first + size)[users[order]] - 1 - np.arange(len(interactions))
    tested = _number(size, test, size - 1)
    validated = _number(size, valid, size - 1 - tested)
    parts = np.where(from_the_end < (tested + validated)[users], 1, 0)
    return np.where(from_the_end < tested[users], 2, parts)


def _number(size: IntArray, fraction: float, at_most: IntArray) -> IntArray:
    if fraction == 0:
        return np.zeros_like(size)
    wanted = np.maximum(np.rint(fraction * size).astype(np.int64), size >= SMALLEST_HISTORY)
    number: IntArray = np.clip(wanted, 0, np.maximum(at_most, 0))
    return number
