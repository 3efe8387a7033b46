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
from typing import TYPE_CHECKING, Any, Literal, NoReturn, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from spikegraph.errors import DataError
from spikegraph.files import replaced_folder

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData

Split = Literal["train", "valid", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float32]

FORMAT = 1
"""Version of the folder's layout."""

USER_COLUMNS = ("key", "name")
ENTITY_COLUMNS = ("key", "name", "label")
EXPORT_HINT = "spikegraph export NAME --to DIR"


class Selection(BaseModel):
    """Which subgraph was chosen.

    Attributes:
        relations: types of the triples to keep; None keeps all, an empty tuple keeps none.
        hops: 1 keeps triples that touch an item, 2 also those that touch an entity of these, and so on;
            None keeps every triple.
        min_degree: an auxiliary entity with fewer chosen triples is left out (items always stay); 0 keeps
            entities without any triple.
        max_degree: an auxiliary entity with more chosen triples is left out.
        profile_set: name of a profile set of the profile store; None means the one active on the graph.
        similarity_runs: runs whose `SIMILAR_TO` edges among items become relations of their own.
        friends: whether the users' `FRIEND_OF` comes along.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    relations: tuple[str, ...] | None = None
    hops: int | None = Field(default=None, ge=1)
    min_degree: int = Field(default=1, ge=0)
    max_degree: int | None = Field(default=None, ge=1)
    profile_set: str | None = None
    similarity_runs: tuple[str, ...] = ()
    friends: bool = False


class Manifest(BaseModel):
    """What a snapshot is and what it was made from; `content_hash` covers arrays, keys and names.

    `counts` holds `users items entities triples train valid test`, and `without_profile`, the number of
    nodes whose text vector is zero because they have no profile (absent where there are no text vectors), and
    `friends`, where they came along.
    """

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
        friends: int64 [2, f] rows of users who are friends, each pair once in either direction, or None.
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
    friends: IntArray | None = None
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

    @property
    def num_knowledge_relations(self) -> int:
        """The number of relations of the knowledge graph; those of similarity runs come after them."""
        return self.num_relations - len(self.manifest.selection.similarity_runs)

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
            digest.update(f"{name} {array.dtype.str} {array.shape};".encode())
            digest.update(np.ascontiguousarray(array).data)
        for columns, frame in ((USER_COLUMNS, self.users), (ENTITY_COLUMNS, self.entities)):
            for column in columns:
                digest.update(json.dumps([column, frame[column].tolist()], ensure_ascii=False).encode())
        digest.update(json.dumps([list(self.manifest.relations), self.num_items]).encode())
        return digest.hexdigest()

    def save(self, folder: Path) -> Snapshot:
        """Write the folder whole or not at all, and give the snapshot as it now stands there, its hash in the manifest.

        Raises:
            DataError: the folder holds something that is no snapshot, or the arrays do not fit together.
        """
        manifest = self.manifest.model_copy(update={"content_hash": self.content_hash()})
        check(self, str(folder))
        _require_replaceable(folder)
        with replaced_folder(folder) as part:
            for name, array in self._arrays().items():
                np.save(part / f"{name}.npy", array, allow_pickle=False)
            self.users.to_parquet(part / "users.parquet", index=False)
            self.entities.to_parquet(part / "entities.parquet", index=False)
            (part / "manifest.json").write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
        return load_snapshot(folder, verify=False)

    def _arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        arrays: dict[str, npt.NDArray[np.generic]] = {f"interactions_{s}": self.interactions[s] for s in SPLITS}
        arrays |= {"edge_index": self.edge_index, "edge_type": self.edge_type}
        if self.user_profile is not None and self.entity_profile is not None:
            arrays |= {"user_profile": self.user_profile, "entity_profile": self.entity_profile}
        if self.friends is not None:
            arrays["friends"] = self.friends
        return arrays


def load_snapshot(folder: Path, *, verify: bool = True) -> Snapshot:
    """Open a snapshot folder; large arrays are mapped, not read.

    Args:
        folder: where `Snapshot.save` wrote.
        verify: read everything once and compare it with the hash in the manifest.

    Raises:
        DataError: the folder is no snapshot, one of another format, or not what was written.
    """
    snapshot = _open(folder)
    check(snapshot, str(folder))
    if verify and snapshot.content_hash() != snapshot.manifest.content_hash:
        raise DataError("is not what was exported: its content hash differs", where=str(folder), hint=EXPORT_HINT)
    return snapshot


def check(snapshot: Snapshot, where: str) -> None:
    """Refuse a snapshot whose arrays do not fit together.

    Raises:
        DataError: a shape, a type, a row number or a count is wrong; the message names the array.
    """
    users, items, entities = snapshot.num_users, snapshot.num_items, snapshot.num_entities
    triples = len(snapshot.edge_type)
    _check_rows("edge_index", snapshot.edge_index, (2, triples), (entities, entities), where)
    _check_rows("edge_type", snapshot.edge_type, (triples,), (snapshot.num_relations,), where)
    for split in SPLITS:
        pairs = snapshot.interactions[split]
        _check_rows(f"interactions_{split}", pairs, (2, pairs.shape[-1]), (users, items), where)
    for name, matrix, rows in (("user", snapshot.user_profile, users), ("entity", snapshot.entity_profile, entities)):
        if matrix is not None and (matrix.ndim != 2 or len(matrix) != rows or matrix.dtype != np.float32):
            _refuse(f"{name}_profile is {matrix.dtype} {matrix.shape}, not float32 with {rows} rows", where)
    if (snapshot.user_profile is None) != (snapshot.entity_profile is None):
        _refuse("has text vectors of users or of entities, but not of both", where)
    found = {"users": users, "items": items, "entities": entities, "triples": triples}
    found |= {split: snapshot.interactions[split].shape[1] for split in SPLITS}
    if snapshot.friends is not None:
        _check_rows("friends", snapshot.friends, (2, snapshot.friends.shape[-1]), (users, users), where)
        found["friends"] = snapshot.friends.shape[1]
    for name, count in found.items():
        if snapshot.manifest.counts.get(name) != count:
            _refuse(f"has {count} {name}, the manifest says {snapshot.manifest.counts.get(name)}", where)


def _check_rows(name: str, array: IntArray, shape: tuple[int, ...], bounds: tuple[int, ...], where: str) -> None:
    if array.shape != shape or array.dtype != np.int64:
        _refuse(f"{name} is {array.dtype} {array.shape}, not int64 {shape}", where)
    for rows, bound in zip(array.reshape(len(bounds), -1), bounds, strict=True):
        if rows.size and (rows.min() < 0 or rows.max() >= bound):
            _refuse(f"{name} has a row number outside 0..{bound - 1}", where)


def _refuse(reason: str, where: str) -> NoReturn:
    raise DataError(f"is not a whole snapshot: {reason}", where=where, hint=EXPORT_HINT)


def _open(folder: Path) -> Snapshot:
    try:
        manifest = Manifest.model_validate_json((folder / "manifest.json").read_text(encoding="utf-8"))
        if manifest.format != FORMAT:
            _refuse(f"its format is {manifest.format}, this program reads {FORMAT}", str(folder))
        profiles = (folder / "user_profile.npy").exists() or (folder / "entity_profile.npy").exists()
        return Snapshot(
            manifest=manifest,
            interactions={split: _array(folder, f"interactions_{split}") for split in SPLITS},
            edge_index=_array(folder, "edge_index"),
            edge_type=_array(folder, "edge_type"),
            users=pd.read_parquet(folder / "users.parquet", columns=list(USER_COLUMNS)),
            entities=pd.read_parquet(folder / "entities.parquet", columns=list(ENTITY_COLUMNS)),
            num_items=manifest.counts["items"],
            user_profile=_array(folder, "user_profile") if profiles else None,
            entity_profile=_array(folder, "entity_profile") if profiles else None,
            friends=_array(folder, "friends") if manifest.selection.friends else None,
            folder=folder,
        )
    except (OSError, EOFError, ValueError, KeyError, pa.ArrowException) as error:
        raise DataError(f"is not a snapshot that can be read: {error}", where=str(folder), hint=EXPORT_HINT) from error


def _array(folder: Path, name: str) -> Any:
    return np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)


def _require_replaceable(folder: Path) -> None:
    """A folder that is there already is replaced only where it is empty or a snapshot."""
    if folder.exists() and not folder.is_dir():
        raise DataError("is a file, not a folder", where=str(folder))
    if folder.exists() and any(folder.iterdir()) and not (folder / "manifest.json").exists():
        raise DataError("holds something that is no snapshot", where=str(folder), hint="choose another folder")
