"""Making a profile set of what was written elsewhere: texts, or text vectors without texts."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd

from cypher.store import Store
from llm_profiles.contract import KINDS, Kind, Profile, ProfileReport, Split
from llm_profiles.neighbourhood import Neighbourhood
from llm_profiles.vector_store import SOURCE, FloatArray, add_vectors, vector_hash
from llm_profiles.write import saved, written
from llm_profiles.writers.imported import checked, full_key, read_profiles
from llm_profiles.writers.template import TemplateWriter
from spikegraph.errors import DataError, UsageError
from spikegraph.logs import get_logger

log = get_logger(__name__)


def import_profiles(
    store: Store,
    dataset: str,
    home: Path,
    profiles: pd.DataFrame | Path,
    *,
    set_name: str = "imported",
    exposed_to: Sequence[Split] = ("train", "valid"),
    model: str | None = None,
    mix: bool = False,
) -> ProfileReport:
    """Make a profile set of texts written elsewhere; it lies in the profile store and is not active yet.

    Kinds of nodes that the texts do not touch take the template's profiles. Within a kind that they do
    touch, nodes without a text have none, unless `mix`: one kind has one writer.

    Args:
        store: where the graph is.
        dataset: name of the data set.
        home: folder of all profile sets.
        profiles: a JSONL of `{key, profile, model?}` or a frame with these columns; keys with or without
            the data set's name before them.
        set_name: name of the new set; one that is there is replaced.
        exposed_to: the splits that the texts may have seen.
        model: the language model of texts that name none; None where it is not known to be one.
        mix: let the template fill the gaps within a kind too.

    Raises:
        DataError: an unknown or repeated key, an empty profile …; with the line; nothing was written.
        UsageError: `exposed_to` names something else than splits.
        DatabaseError: the data set is half written, or changed meanwhile.
    """
    started = time.perf_counter()
    _require_splits(exposed_to)
    if isinstance(profiles, Path):
        frame, where = read_profiles(profiles), str(profiles)
    else:
        frame, where = profiles.set_axis(range(1, len(profiles) + 1), axis="index"), "profiles"
    neighbourhood = Neighbourhood(store, dataset)
    keys = neighbourhood.keys()
    found = checked(frame, dataset, keys, model, where)
    log.info("imported profiles may have seen these splits", dataset=dataset, exposed_to=list(exposed_to))
    gaps = _gaps(keys, {profile.key for profile in found}, mix)
    found += written(neighbourhood, TemplateWriter(), gaps)
    return saved(store, home, neighbourhood, set_name, found, keys, exposed_to, started)


def import_vectors(
    store: Store,
    dataset: str,
    home: Path,
    keys: Sequence[str],
    matrix: FloatArray,
    *,
    set_name: str = SOURCE,
    exposed_to: Sequence[Split] = ("train", "valid"),
    model: str | None = None,
) -> ProfileReport:
    """Make a profile set of text vectors whose texts are not known (embedding `source`); it is not active yet.

    Args:
        store: where the graph is.
        dataset: name of the data set.
        home: folder of all profile sets.
        keys: of the nodes, with or without the data set's name before them.
        matrix: float32 [n, D], row i belongs to `keys[i]`.
        set_name: name of the new set; one that is there is replaced.
        exposed_to: the splits that the unknown texts may have seen.
        model: the language model that wrote the unknown texts, where it is known.

    Raises:
        DataError: an unknown or repeated key, another number of rows, or a value that is not finite.
        UsageError: `exposed_to` names something else than splits.
        DatabaseError: the data set is half written, or changed meanwhile.
    """
    started = time.perf_counter()
    _require_splits(exposed_to)
    if matrix.ndim != 2 or len(matrix) != len(keys) or not len(keys):
        raise DataError(f"{len(keys)} keys do not fit vectors of the shape {matrix.shape}", where="vectors")
    if not np.isfinite(matrix).all():
        row = int(np.flatnonzero(~np.isfinite(matrix).all(axis=1))[0])
        raise DataError(f"the vector of '{keys[row]}' has a value that is not finite", where=f"vectors:{row + 1}")
    neighbourhood = Neighbourhood(store, dataset)
    known = neighbourhood.keys()
    kind_of = {key: kind for kind in KINDS for key in known[kind]}
    full = [full_key(key, dataset, kind_of, f"vectors:{row}") for row, key in enumerate(keys, start=1)]
    if len(set(full)) != len(full):
        raise DataError("a key stands there twice", where="vectors")
    vectors = np.ascontiguousarray(matrix, dtype=np.float32)
    hashes = [vector_hash(vector) for vector in vectors]
    add_vectors(home, dataset, SOURCE, hashes, vectors)
    found = [Profile(key, kind_of[key], "", SOURCE, model, name) for key, name in zip(full, hashes, strict=True)]
    return saved(store, home, neighbourhood, set_name, found, known, exposed_to, started)


def _require_splits(exposed_to: Sequence[str]) -> None:
    if not exposed_to or not set(exposed_to) <= set(get_args(Split)):
        raise UsageError(f"{list(exposed_to)} are not splits", where="exposed_to", hint="train, valid, test")


def _gaps(keys: Mapping[Kind, Sequence[str]], covered: Collection[str], mix: bool) -> dict[Kind, list[str]]:
    """Give the keys that the template writes for, and say what is left without a profile."""
    gaps: dict[Kind, list[str]] = {}
    for kind in KINDS:
        missing = [key for key in keys[kind] if key not in covered]
        if mix or len(missing) == len(keys[kind]):
            gaps[kind] = missing
        elif missing:
            log.warning("nodes are left without a profile", kind=kind, nodes=len(missing), of=len(keys[kind]))
    return gaps
