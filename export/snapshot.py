"""The snapshot: a subgraph as a folder of plain arrays, all that training needs.

A snapshot numbers users 0..U-1 and entities 0..E-1 **with the items first** (0..V-1), and keeps the
keys that lead back to the graph. Edges are stored in their canonical direction only;
`both_directions` adds the inverses.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError

from spikegraph.errors import DataError

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData

Split = Literal["train", "valid", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float32]

FORMAT = 1
"""Version of the folder's layout."""


class Selection(BaseModel):
    """Which subgraph was chosen: relations (all if None), hops from the items, degree bounds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    relations: tuple[str, ...] | None = None
    hops: int | None = None
    min_degree: int = 1
    max_degree: int | None = None
    profile_set: str | None = None
    similarity_runs: tuple[str, ...] = ()


class Manifest(BaseModel):
    """What a snapshot is and what it was made from; `content_hash` covers arrays, keys and names."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int = FORMAT
    dataset: str
    dataset_version: int
    split_id: str
    split_rule: str = ""
    selection: Selection = Selection()
    relations: tuple[str, ...]
    counts: dict[str, int]
    profile_run: str | None = None
    profile_exposed_to: tuple[str, ...] = ()
    text_embedding: str | None = None
    content_hash: str = ""
    made_with: str = ""


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A subgraph as arrays.

    Attributes:
        manifest: what it is and where it came from.
        interactions: per split an int64 array [2, n]: user rows, item rows, sorted by user then item.
        edge_index: int64 [2, m]: head rows, tail rows of the triples, canonical direction.
        edge_type: int64 [m]: position in `manifest.relations`.
        users: frame [U] with `key` and `name`, in row order.
        entities: frame [E] with `key`, `name` and `label`, items first.
        num_items: V, the number of rows of `entities` that are items.
        user_profile: float32 [U, D] text vectors of the profiles, or None.
        entity_profile: float32 [E, D] text vectors of the profiles, or None.
    """

    manifest: Manifest
    interactions: Mapping[Split, IntArray]
    edge_index: IntArray
    edge_type: IntArray
    users: pd.DataFrame
    entities: pd.DataFrame
    num_items: int
    user_profile: FloatArray | None = None
    entity_profile: FloatArray | None = None
    folder: Path | None = field(default=None, compare=False)

    @property
    def num_users(self) -> int:
        """U, the number of users."""
        return len(self.users)

    @property
    def num_entities(self) -> int:
        """E, the number of entities, items included."""
        return len(self.entities)

    @property
    def num_relations(self) -> int:
        """R, the number of canonical relations."""
        return len(self.manifest.relations)

    def both_directions(self) -> tuple[IntArray, IntArray]:
        """Give the triples with their inverses: edge_index [2, 2m] and edge_type [2m] in 0..2R-1.

        The inverse of relation r has the type r + R (spike.md §1.2, numbered from 0).
        """
        edge_index = np.concatenate([self.edge_index, self.edge_index[::-1]], axis=1)
        return edge_index, np.concatenate([self.edge_type, self.edge_type + self.num_relations])

    def to_hetero(self) -> HeteroData:
        """Give the snapshot as PyG `HeteroData` (see `export.hetero`)."""
        from export.hetero import to_hetero

        return to_hetero(self)

    def content_hash(self) -> str:
        """Hash arrays, keys and names: equal for equal content, whenever and wherever it was exported."""
        digest = hashlib.sha256()
        for name, array in self._arrays().items():
            digest.update(f"{name}{array.dtype}{array.shape}".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        for frame in (self.users, self.entities):
            for column in frame.columns:
                digest.update(json.dumps([column, frame[column].tolist()], ensure_ascii=False).encode())
        digest.update(json.dumps(self.manifest.relations).encode())
        return digest.hexdigest()

    def save(self, folder: Path) -> Snapshot:
        """Write the folder and give the snapshot as it now stands there, its hash in the manifest."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, array in self._arrays().items():
            np.save(folder / f"{name}.npy", array, allow_pickle=False)
        self.users.to_parquet(folder / "users.parquet", index=False)
        self.entities.to_parquet(folder / "entities.parquet", index=False)
        manifest = self.manifest.model_copy(update={"content_hash": self.content_hash()})
        (folder / "manifest.json").write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
        return load_snapshot(folder)

    def _arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        arrays: dict[str, npt.NDArray[np.generic]] = {f"interactions_{s}": self.interactions[s] for s in SPLITS}
        arrays |= {"edge_index": self.edge_index, "edge_type": self.edge_type}
        if self.user_profile is not None and self.entity_profile is not None:
            arrays |= {"user_profile": self.user_profile, "entity_profile": self.entity_profile}
        return arrays


def load_snapshot(folder: Path) -> Snapshot:
    """Open a snapshot folder; large arrays are mapped, not read.

    Raises:
        DataError: the folder is no snapshot, or one of another format.
    """
    try:
        manifest = Manifest.model_validate_json((folder / "manifest.json").read_text(encoding="utf-8"))
        interactions = {split: _array(folder, f"interactions_{split}") for split in SPLITS}
        profiles = (folder / "user_profile.npy").exists()
        return Snapshot(
            manifest=manifest,
            interactions=interactions,
            edge_index=_array(folder, "edge_index"),
            edge_type=_array(folder, "edge_type"),
            users=pd.read_parquet(folder / "users.parquet"),
            entities=pd.read_parquet(folder / "entities.parquet"),
            num_items=manifest.counts["items"],
            user_profile=_array(folder, "user_profile") if profiles else None,
            entity_profile=_array(folder, "entity_profile") if profiles else None,
            folder=folder,
        )
    except (OSError, ValueError, KeyError, ValidationError) as error:
        raise DataError(
            f"is not a snapshot that can be read: {error}", where=str(folder), hint="spikegraph export NAME --to DIR"
        ) from error


def _array(folder: Path, name: str) -> Any:
    return np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
