"""Text vectors of a profile set as SPiKE's code reads them: `{user,item,entity}_embeddings.npz` (spike.md §1.2)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict

from llm_profiles.contract import KINDS, Kind
from llm_profiles.profile_store import load_set
from llm_profiles.vector_store import VectorLookup, vectors
from spikegraph.errors import DataError
from spikegraph.files import replaced_folder

_NUMBERED: dict[Kind, re.Pattern[str]] = {
    "item": re.compile(r"[^/]+/entity/(\d+)"),
    "entity": re.compile(r"[^/]+/entity/(\d+)"),
    "user": re.compile(r"[^/]+/user/(\d+)"),
}
"""Keys of data sets that came as numbers."""


class VectorFiles(BaseModel):
    """What was written: the folder, vectors by kind, and their width D."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: Path
    vectors: dict[Kind, int]
    dimensions: int


def write_npz(
    home: Path, dataset: str, set_name: str, embedding: str, keys: Mapping[Kind, Sequence[str]], folder: Path
) -> VectorFiles:
    """Write the three files, and beside each the keys of its rows (`user_keys.txt` …), one a line.

    Each file has `ids` int64 [n] and `embeddings` float32 [n, D]. Items count from 0, auxiliary entities go on behind
    them, users count from 0: where the data set came as numbers these are its own, else they are places in `keys`.

    Args:
        home: folder of all profile sets.
        dataset: name of the data set.
        set_name: the profile set.
        embedding: name of its vectors.
        keys: of all nodes by kind, in the order of their numbers.
        folder: what is there is replaced.

    Raises:
        NotFoundError: there is no such set, or there are no such vectors.
        DataError: a node has no profile, or a profile no vector.
    """
    _, profiles = load_set(home, dataset, set_name)
    hash_of = {profile.key: profile.hash for profile in profiles}
    lookup = vectors(home, dataset, embedding)
    numbers = _numbers(keys)
    with replaced_folder(folder) as part:
        widths = [_write(part, kind, keys[kind], numbers[kind], hash_of, lookup) for kind in KINDS]
    return VectorFiles(folder=folder, vectors={kind: len(keys[kind]) for kind in KINDS}, dimensions=max(widths))


def _numbers(keys: Mapping[Kind, Sequence[str]]) -> dict[Kind, list[int]]:
    own = {kind: [_NUMBERED[kind].fullmatch(key) for key in keys[kind]] for kind in KINDS}
    if all(match for matches in own.values() for match in matches):
        return {kind: [int(match[1]) for match in matches if match] for kind, matches in own.items()}
    first: dict[Kind, int] = {"item": 0, "entity": len(keys["item"]), "user": 0}
    return {kind: list(range(first[kind], first[kind] + len(keys[kind]))) for kind in KINDS}


def _write(
    folder: Path,
    kind: Kind,
    keys: Sequence[str],
    numbers: Sequence[int],
    hash_of: Mapping[str, str],
    lookup: VectorLookup,
) -> int:
    """Write the files of one kind and give the width of its vectors."""
    bare = next((key for key in keys if key not in hash_of), None)
    if bare is not None:
        raise DataError("has no profile in this set", where=bare, hint="SPiKE's code reads a vector for every node")
    matrix = lookup([hash_of[key] for key in keys])
    np.savez(folder / f"{kind}_embeddings.npz", ids=np.array(numbers, dtype=np.int64), embeddings=matrix)
    (folder / f"{kind}_keys.txt").write_text("".join(f"{key}\n" for key in keys), encoding="utf-8")
    return int(matrix.shape[1])
