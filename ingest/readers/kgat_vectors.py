"""SPiKE's `{user,item,entity}_embeddings.npz`: text vectors by number, with the checks its code leaves out."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ingest.tables import Vectors
from spikegraph.errors import DataError
from spikegraph.logs import get_logger

log = get_logger(__name__)

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float32]


def read_vectors(folder: Path, users: IntArray, items: IntArray, others: IntArray) -> Vectors | None:
    """Read the three files; None where there is none of them.

    Args:
        folder: the folder.
        users: the numbers that are users, sorted.
        items: the numbers that are items, sorted.
        others: the numbers of the other entities, sorted: the entity file holds these alone (spike.md §1.2).

    Raises:
        DataError: a file of the three is missing or no plain `.npz`, a node has no vector, a vector no
            node, or a value is not finite.
    """
    kinds = {"user": users, "item": items, "entity": others}
    if not any((folder / _file(kind)).exists() for kind in kinds):
        return None
    parts = {kind: _read_part(folder, kind, numbers) for kind, numbers in kinds.items()}
    widths = {_file(kind): matrix.shape[1] for kind, matrix in parts.items()}
    if len(set(widths.values())) > 1:
        raise DataError(f"the vectors differ in width: {widths}", where=_file("user"))
    namespaces = {"user": "user", "item": "entity", "entity": "entity"}
    keys = tuple(f"{namespaces[kind]}/{number}" for kind, numbers in kinds.items() for number in numbers)
    return Vectors(keys, np.concatenate(list(parts.values())))


def _file(kind: str) -> str:
    return f"{kind}_embeddings.npz"


def _read_part(folder: Path, kind: str, numbers: IntArray) -> FloatArray:
    """Give the vectors of `numbers`, in their order: float32 [n, D]."""
    name = _file(kind)
    ids, matrix = _load(folder, name)
    if matrix.ndim != 2 or len(matrix) != len(ids):
        raise DataError(f"{len(ids)} ids do not fit embeddings of shape {matrix.shape}", where=name)
    if len(np.unique(ids)) < len(ids):
        raise DataError("an id is there twice", where=name)
    bad = np.flatnonzero(~np.isfinite(matrix).all(axis=1))
    if len(bad):
        raise DataError(f"the vector of id {ids[bad[0]]} is not finite", where=f"{name}, row {bad[0] + 1}")
    return _in_order(name, kind, ids, matrix, numbers)


def _in_order(name: str, kind: str, ids: IntArray, matrix: FloatArray, numbers: IntArray) -> FloatArray:
    """Bring the rows into the order of `numbers`; rows of numbers in a gap are passed over."""
    beyond = ids[(ids < 0) | (ids > (numbers[-1] if len(numbers) else -1))]
    missing = np.setdiff1d(numbers, ids)
    if len(beyond) or len(missing):
        wrong = f"id {beyond[0]} is no {kind}" if len(beyond) else f"{kind} {missing[0]} has no row"
        raise DataError(f"there are {len(ids)} rows for {len(numbers)} nodes: {wrong}", where=name)
    if len(ids) > len(numbers):
        log.info("passed over vectors without a node", file=name, rows=len(ids) - len(numbers))
    order = np.argsort(ids)
    return matrix[order[np.searchsorted(ids[order], numbers)]]


def _load(folder: Path, name: str) -> tuple[IntArray, FloatArray]:
    arrays = _read_arrays(folder, name)
    try:
        ids = _whole(arrays["ids"])
        with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is refused as such
            matrix = arrays["embeddings"].astype(np.float32, casting="same_kind")
    except (ValueError, TypeError, OverflowError) as error:
        raise DataError(f"ids must be whole numbers and embeddings floats: {error}", where=name) from error
    return ids, matrix


def _read_arrays(folder: Path, name: str) -> dict[str, npt.NDArray[np.generic]]:
    """Read the two arrays; an object array would have to be unpickled, which can run code, and is refused."""
    try:
        if not zipfile.is_zipfile(folder / name) and (folder / name).exists():
            raise zipfile.BadZipFile
        with np.load(folder / name, allow_pickle=False) as archive:
            return {key: archive[key] for key in ("ids", "embeddings")}
    except FileNotFoundError as error:
        raise DataError("the file is missing, but others of its kind are there", where=name) from error
    except KeyError as error:
        raise DataError("the arrays 'ids' and 'embeddings' must be there", where=name) from error
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, AttributeError, TypeError) as error:
        reason = "wants pickle, which can run code" if "pickle" in str(error) else "is not an .npz file"
        raise DataError(reason, where=name, hint="numpy.savez(file, ids=..., embeddings=...) with numbers") from error


def _whole(ids: npt.NDArray[np.generic]) -> IntArray:
    """Read ids that can be cast to int (numbers, or text as JSON keys are): int64 [n]."""
    if ids.ndim != 1:
        raise ValueError(f"ids of shape {ids.shape}")
    whole = ids.astype(np.int64)
    if ids.dtype.kind == "f" and (whole != ids).any():
        raise ValueError("a fraction is no id")
    return whole
