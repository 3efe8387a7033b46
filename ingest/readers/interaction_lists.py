"""The `user item item ...` files of KGAT, KGIN, SSLRec, SPiKE and CoLaKG, read without a loop over pairs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ingest.text_files import Integers, integers, read_bytes
from spikegraph.errors import DataError
from spikegraph.logs import get_logger

log = get_logger(__name__)

IntArray = npt.NDArray[np.int64]

FARTHEST = 100
"""Ids count from 0 without large gaps: the largest may be this many times the number of different ids."""


@dataclass(frozen=True, eq=False)
class InteractionList:
    """The different pairs of one file.

    Attributes:
        numbers: all numbers of the file, for the places of errors.
        everyone: int64, the users with a line, sorted; those without items too.
        users: int64 [n], by pair.
        items: int64 [n], by pair.
        positions: int64 [n], where the item of each pair first stands among `numbers`.
    """

    numbers: Integers
    everyone: IntArray
    users: IntArray
    items: IntArray
    positions: IntArray

    def refuse(self, bad: npt.NDArray[np.bool_], reason: str) -> None:
        """Raise a DataError about the first bad pair in the file, if there is one."""
        if bad.any():
            pair = int(np.flatnonzero(bad)[np.argmin(self.positions[bad])])
            raise DataError(
                f"user {self.users[pair]}, item {self.items[pair]}: {reason}",
                where=self.numbers.where(int(self.positions[pair])),
            )


def read_interaction_list(folder: Path, name: str) -> InteractionList:
    """Read a file of lines `user item item ...`; an item that a line repeats counts once.

    Raises:
        DataError: the file is missing or no text, or a number is not an id.
    """
    numbers = integers(read_bytes(folder, name), name)
    opens = numbers.first_of_line()
    _refuse_far_ids(numbers, opens)
    users = numbers.ids[opens][np.cumsum(opens) - 1][~opens]
    positions = np.flatnonzero(~opens)
    pairs = pair_codes(users, numbers.ids[~opens])
    _, first = np.unique(pairs, return_index=True)
    first.sort()
    if len(first) < len(pairs):
        log.info("collapsed repeated items", file=name, repeated=len(pairs) - len(first))
    if not len(first):
        raise DataError("not one line has an item", where=name)
    items = numbers.ids[~opens][first]
    return InteractionList(numbers, np.unique(numbers.ids[opens]), users[first], items, positions[first])


def refuse_overlap(train: InteractionList, test: InteractionList) -> None:
    """Refuse a pair that is in train and in test: it would leak."""
    both = np.isin(pair_codes(test.users, test.items), pair_codes(train.users, train.items))
    test.refuse(both, f"the pair is in {train.numbers.name} too")


def pair_codes(users: IntArray, items: IntArray) -> IntArray:
    """Give one number a pair; ids stay below 2**31, so no two pairs share one."""
    return (users << 31) | items


def _refuse_far_ids(numbers: Integers, opens: npt.NDArray[np.bool_]) -> None:
    """Refuse an id far beyond all others: a damaged number would silently make a crowd of items."""
    for kind, chosen in (("user", opens), ("item", ~opens)):
        values = numbers.ids[chosen]
        if not len(values):
            continue
        limit = FARTHEST * len(np.unique(values)) + 10_000
        if values.max() > limit:
            position = int(np.flatnonzero(chosen)[np.argmax(values > limit)])
            raise DataError(
                f"the {kind} id {numbers.ids[position]} is absurdly large for {len(np.unique(values))} {kind}s",
                where=numbers.where(position),
                hint="ids count from 0, without large gaps",
            )
