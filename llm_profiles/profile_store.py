"""Profile sets on disk: `HOME/DATASET/sets/SET/{profiles.parquet, run.json}`, as many beside each other as wanted.

The graph shows one of them at a time. A set is replaced whole or not at all, so a control never touches the texts
that were paid for.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa

from cypher.identifiers import dataset_name
from llm_profiles.contract import KINDS, Kind, KindRecord, LlmRecord, Profile, ProfileRun, Split
from llm_profiles.set_names import is_set_name, set_name
from spikegraph.errors import DataError, NotFoundError
from spikegraph.files import replaced_folder

_COLUMNS = ("key", "kind", "text", "writer", "model", "hash")


def save_set(
    home: Path,
    dataset: str,
    name: str,
    profiles: Sequence[Profile],
    *,
    split_id: str,
    exposed_to: Sequence[Split],
    nodes: Mapping[Kind, int],
    llm: LlmRecord | None = None,
) -> ProfileRun:
    """Write a profile set and give its provenance; one that is there under this name is replaced.

    Args:
        home: folder of all profile sets.
        dataset: name of the data set.
        name: name of the set (`template`, `imported`).
        profiles: one a node.
        split_id: the split of the data set they were made for.
        exposed_to: the splits that the texts may have seen.
        nodes: nodes of each kind in the data set.
        llm: how a language model wrote them, where one did.

    Raises:
        DataError: the set's name is none.
    """
    ordered = sorted(profiles, key=lambda profile: (KINDS.index(profile.kind), profile.key))
    content = "\n".join(f"{p.key} {p.hash} {p.writer} {p.model}" for p in ordered)
    digest = hashlib.sha256(f"{split_id} {sorted(exposed_to)}\n{content}".encode()).hexdigest()
    run = ProfileRun(
        id=f"{dataset}/{name}/{digest[:12]}",
        dataset=dataset,
        set=name,
        split_id=split_id,
        exposed_to=tuple(exposed_to),
        kinds=_kind_records(ordered, nodes),
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        llm=llm,
    )
    frame = pd.DataFrame([[getattr(p, column) for column in _COLUMNS] for p in ordered], columns=list(_COLUMNS))
    with replaced_folder(_folder(home, dataset, name)) as part:
        frame.to_parquet(part / "profiles.parquet", index=False)
        (part / "run.json").write_text(run.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return run


def load_set(home: Path, dataset: str, name: str) -> tuple[ProfileRun, list[Profile]]:
    """Give a set's provenance and profiles, ordered by kind and key.

    Raises:
        NotFoundError: there is no such set.
        DataError: its files cannot be read.
    """
    folder = _existing(home, dataset, name)
    run = load_run(home, dataset, name)
    try:
        frame = pd.read_parquet(folder / "profiles.parquet", columns=list(_COLUMNS))
    except (OSError, ValueError, pa.ArrowException) as error:
        raise DataError(f"cannot be read: {error}", where=str(folder), hint="write the profile set again") from error
    models = frame["model"].astype(object).where(frame["model"].notna(), None)
    columns = [frame[column].tolist() for column in ("key", "kind", "text", "writer")]
    rows = zip(*columns, models.tolist(), frame["hash"].tolist(), strict=True)
    return run, [Profile(*row) for row in rows]


def load_run(home: Path, dataset: str, name: str) -> ProfileRun:
    """Give a set's provenance.

    Raises:
        NotFoundError: there is no such set.
        DataError: it cannot be read.
    """
    folder = _existing(home, dataset, name)
    try:
        return ProfileRun.model_validate_json((folder / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"cannot be read: {error}", where=str(folder), hint="write the profile set again") from error


def list_sets(home: Path, dataset: str) -> list[ProfileRun]:
    """Give the provenance of every set of a data set, by name."""
    folder = home / dataset_name(dataset) / "sets"
    names = sorted(path.parent.name for path in folder.glob("*/run.json") if is_set_name(path.parent.name))
    return [load_run(home, dataset, name) for name in names]


def _folder(home: Path, dataset: str, name: str) -> Path:
    return home / dataset_name(dataset) / "sets" / set_name(name)


def _existing(home: Path, dataset: str, name: str) -> Path:
    folder = _folder(home, dataset, name)
    if not (folder / "run.json").exists():
        names = ", ".join(run.set for run in list_sets(home, dataset)) or "none"
        raise NotFoundError(f"there is no profile set '{name}'", where=dataset, hint=f"there are: {names}")
    return folder


def _kind_records(profiles: Sequence[Profile], nodes: Mapping[Kind, int]) -> dict[Kind, KindRecord]:
    by_kind: dict[Kind, list[Profile]] = defaultdict(list)
    for profile in profiles:
        by_kind[profile.kind].append(profile)
    return {
        kind: KindRecord(
            writers=tuple(sorted({profile.writer for profile in by_kind[kind]})),
            models=tuple(sorted({profile.model for profile in by_kind[kind] if profile.model})),
            profiles=len(by_kind[kind]),
            nodes=nodes[kind],
        )
        for kind in KINDS
    }
