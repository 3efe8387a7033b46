"""Text vectors on disk, by profile hash: `HOME/DATASET/vectors/EMBEDDING/{hashes.npy, vectors.npy}`.

A changed text has another hash, so a vector can be missing but never stale.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cypher.identifiers import dataset_name
from spikegraph.errors import DataError, NotFoundError
from spikegraph.files import replaced_folder

FloatArray = npt.NDArray[np.float32]
VectorLookup = Callable[[Sequence[str]], FloatArray]
"""Gives the text vectors float32 [n, D] of n profile hashes; [0, D] for none."""

SOURCE = "source"
"""The embedding that stands for vectors that came with a data set."""


def add_vectors(home: Path, dataset: str, embedding: str, hashes: Sequence[str], matrix: FloatArray) -> int:
    """Keep vectors beside those that are there, and give how many are kept now.

    Where the width differs from what is there, the new vectors replace the old ones.

    Args:
        home: folder of all profile sets.
        dataset: name of the data set.
        embedding: what made the vectors.
        hashes: profile hashes.
        matrix: float32 [n, D], one row a hash.
    """
    rows = dict(zip(hashes, matrix, strict=True))
    folder = _folder(home, dataset, embedding)
    if (folder / "hashes.npy").exists():
        old_hashes, old_matrix = _load(folder)
        if old_matrix.shape[1] == matrix.shape[1]:
            rows = dict(zip(old_hashes, old_matrix, strict=True)) | rows
    names = sorted(rows)
    with replaced_folder(folder) as part:
        np.save(part / "hashes.npy", np.array(names, dtype="S64"), allow_pickle=False)
        stacked = np.stack([rows[name] for name in names]) if names else matrix[:0]
        np.save(part / "vectors.npy", stacked.astype(np.float32), allow_pickle=False)
    return len(names)


def missing(home: Path, dataset: str, embedding: str, hashes: Sequence[str]) -> list[str]:
    """Give the hashes, distinct and sorted, that have no vector of this embedding yet."""
    folder = _folder(home, dataset, embedding)
    known = set(_load(folder)[0]) if (folder / "hashes.npy").exists() else set()
    return sorted(set(hashes) - known)


def list_embeddings(home: Path, dataset: str) -> list[str]:
    """Give the names of the embeddings that a data set has vectors of."""
    return sorted(file.parent.name for file in (home / dataset_name(dataset) / "vectors").glob("*/hashes.npy"))


def vectors(home: Path, dataset: str, embedding: str) -> VectorLookup:
    """Give the lookup of an embedding's vectors.

    The lookup raises DataError where a hash has no vector: its text was never embedded.

    Raises:
        NotFoundError: the data set has no vectors of this embedding.
        DataError: the files cannot be read.
    """
    folder = _folder(home, dataset, embedding)
    if not (folder / "hashes.npy").exists():
        names = ", ".join(list_embeddings(home, dataset)) or "none"
        raise NotFoundError(f"there are no text vectors '{embedding}'", where=dataset, hint=f"there are: {names}")
    hashes, matrix = _load(folder)
    row_of = {name: row for row, name in enumerate(hashes)}

    def lookup(wanted: Sequence[str]) -> FloatArray:
        absent = next((name for name in wanted if name not in row_of), None)
        if absent is not None:
            raise DataError(
                f"the profile {absent[:12]} has no text vector of '{embedding}'",
                where=dataset,
                hint="embed the profile set again",
            )
        return np.asarray(matrix[[row_of[name] for name in wanted]], dtype=np.float32)

    return lookup


def vector_hash(vector: FloatArray) -> str:
    """Name a vector whose text is not known: the SHA-256 of its bytes."""
    return hashlib.sha256(np.ascontiguousarray(vector, dtype="<f4").tobytes()).hexdigest()


def _folder(home: Path, dataset: str, embedding: str) -> Path:
    return home / dataset_name(dataset) / "vectors" / embedding


def _load(folder: Path) -> tuple[list[str], FloatArray]:
    try:
        hashes = np.load(folder / "hashes.npy", allow_pickle=False)
        matrix = np.load(folder / "vectors.npy", mmap_mode="r", allow_pickle=False)
    except (OSError, EOFError, ValueError) as error:
        raise DataError(f"cannot be read: {error}", where=str(folder), hint="delete it and embed again") from error
    if len(hashes) != len(matrix):
        raise DataError(f"has {len(hashes)} hashes and {len(matrix)} vectors", where=str(folder))
    return [name.decode("ascii") for name in hashes.tolist()], matrix
