"""Putting a profile set onto the graph, and saying which one is there and what lies beside it."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from cypher import dataset as datasets
from cypher.store import Store
from llm_profiles.calls.ledger import ledger_names
from llm_profiles.contract import KINDS, Kind, LlmRecord, Profile, ProfileReport, ProfileRun
from llm_profiles.profile_store import list_sets, load_set
from llm_profiles.vector_store import list_embeddings
from spikegraph.errors import DatabaseError, DataError
from spikegraph.logs import Advance, get_logger, progress

log = get_logger(__name__)


class Coverage(BaseModel):
    """Nodes of one kind in the graph, and those with a profile of the active set."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    profiles: int
    nodes: int


class ProfileStatus(BaseModel):
    """The profiles of a data set.

    Attributes:
        active: properties of the active set's ProfileRun, or None.
        coverage: per kind, of the active set.
        sets: every set of the profile store.
        embeddings: names of the text vectors that are there.
        ledgers: sets that a language model writes, of which a ledger is there.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    active: dict[str, Any] | None
    coverage: dict[Kind, Coverage]
    sets: list[ProfileRun]
    embeddings: list[str]
    ledgers: list[str] = []


def activate(store: Store, home: Path, dataset: str, set_name: str) -> ProfileReport:
    """Put a profile set onto the nodes in place of the one that is there.

    While it runs, and after an interruption, no set is active; the same call again finishes it. A set
    that is active already is left alone.

    Args:
        store: where the graph is.
        home: folder of all profile sets.
        dataset: name of the data set.
        set_name: the profile set.

    Raises:
        NotFoundError: no such data set or profile set.
        DataError: the set was made for another split, or for nodes that are gone.
        DatasetLockedError: another process writes to the data set.
    """
    started = time.perf_counter()
    run, profiles = load_set(home, dataset, set_name)
    record = datasets.get(store, dataset)
    if run.split_id != record.split_id:
        hint = "write or import the profiles again"
        raise DataError("the profile set was made for another split of this data set", where=set_name, hint=hint)
    wanted = {kind: part.profiles for kind, part in run.kinds.items()}
    if active_run(store, dataset) == run.id and _carried(store, dataset, run.id) == wanted:
        return ProfileReport(run=run, seconds=time.perf_counter() - started, unchanged=True)
    with datasets.lock(store, dataset, "profiles"):
        store.write("profiles/retire", dataset=dataset)
        with progress("profiles onto the graph", len(profiles)) as advance:
            _write(store, run.id, "users", [p for p in profiles if p.kind == "user"], advance)
            _write(store, run.id, "entities", [p for p in profiles if p.kind != "user"], advance)
        for nodes in ("users", "entities"):
            store.run_in_transactions(f"profiles/clear_{nodes}", dataset=dataset, profile_run=run.id)
        carried = _carried(store, dataset, run.id)
        if carried != wanted:
            raise DataError(
                f"of the profiles {wanted} only {carried} have a node", where=set_name, hint="write it again"
            )
        store.write("profiles/record", dataset=dataset, profile_run=run.id, properties=_properties(run))
    log.info("profile set active", dataset=dataset, run=run.id, profiles=wanted)
    return ProfileReport(run=run, seconds=time.perf_counter() - started)


def status(store: Store, home: Path, dataset: str) -> ProfileStatus:
    """Say which set is active, what it covers, and which sets and text vectors the profile store holds.

    Raises:
        NotFoundError: no such data set.
    """
    datasets.get(store, dataset)
    found = store.read_one("profiles/active", dataset=dataset)
    run_id = found["run"]["id"] if found else None
    coverage = {
        kind: Coverage(profiles=record["profiles"], nodes=record["nodes"])
        for kind, record in _coverage(store, dataset, run_id).items()
    }
    return ProfileStatus(
        active=found["run"] if found else None,
        coverage=coverage,
        sets=list_sets(home, dataset),
        embeddings=list_embeddings(home, dataset),
        ledgers=ledger_names(home, dataset),
    )


def active_run(store: Store, dataset: str) -> str | None:
    """Give the id of the active profile run (`lastfm/template/0a1b2c3d4e5f`), or None."""
    found = store.read_one("profiles/active", dataset=dataset)
    return str(found["run"]["id"]) if found else None


def active_set(store: Store, dataset: str) -> str:
    """Give the name of the active profile set.

    Raises:
        DatabaseError: none is active.
    """
    found = store.read_one("profiles/active", dataset=dataset)
    if found is None:
        hint = f"spikegraph profile template {dataset}"
        raise DatabaseError("no profile set is active", where=dataset, hint=hint)
    return str(found["run"]["set"])


def _write(store: Store, run: str, nodes: str, profiles: Sequence[Profile], advance: Advance) -> None:
    rows = [
        {
            "key": profile.key,
            "profile": profile.text or None,
            "profile_is_llm": profile.is_llm,
            "profile_hash": profile.hash,
        }
        for profile in profiles
    ]
    store.write_rows(f"profiles/write_{nodes}", rows, advance=advance, profile_run=run)


def _coverage(store: Store, dataset: str, run: str | None) -> dict[Kind, dict[str, int]]:
    records = store.read("profiles/coverage", dataset=dataset, profile_run=run)
    none = {"profiles": 0, "nodes": 0}
    return {kind: next((r for r in records if r["kind"] == kind), none) for kind in KINDS}


def _carried(store: Store, dataset: str, run: str) -> dict[Kind, int]:
    return {kind: record["profiles"] for kind, record in _coverage(store, dataset, run).items()}


def _properties(run: ProfileRun) -> dict[str, Any]:
    """Give the run as properties of a node: flat, lists of texts per kind."""
    properties: dict[str, Any] = {
        "dataset": run.dataset,
        "set": run.set,
        "split_id": run.split_id,
        "exposed_to": list(run.exposed_to),
        "created_at": run.created_at,
    }
    for kind, part in run.kinds.items():
        properties[f"{kind}_writers"] = list(part.writers)
        properties[f"{kind}_models"] = list(part.models)
        properties[f"{kind}_profiles"] = part.profiles
    return properties | (_llm_properties(run.llm) if run.llm else {})


def _llm_properties(llm: LlmRecord) -> dict[str, Any]:
    """Give how a language model wrote the run; what Cypher does not ask for by itself stands there as JSON."""
    flat = llm.model_dump(include={"mode", "asked", "address", "plan", "cost", "currency", "prices"})
    prompts = [f"{kind}={prompt}" for kind, prompt in llm.prompts.items()]
    told = {"sampling": json.dumps(llm.sampling), "report": json.dumps(llm.report, ensure_ascii=False)}
    return flat | told | {"served": list(llm.served), "prompts": prompts} | llm.totals
