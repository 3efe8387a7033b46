"""Making a profile set with a writer: contexts batch by batch, kinds bottom-up, then the set on disk."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from cypher import dataset as datasets
from cypher.store import Store
from llm_profiles.contract import KINDS, Kind, LlmRecord, Profile, ProfileReport, ProfileWriter, Split
from llm_profiles.neighbourhood import Neighbourhood
from llm_profiles.profile_store import save_set
from llm_profiles.stages import contexts_of
from llm_profiles.writers.template import TemplateWriter
from spikegraph.logs import get_logger, progress

log = get_logger(__name__)


def write_template(
    store: Store,
    dataset: str,
    home: Path,
    *,
    set_name: str = "template",
    kinds: Sequence[Kind] = KINDS,
    nodes: int = 500,
) -> ProfileReport:
    """Write a profile set from train neighbourhoods, without a language model (see `write_profiles`)."""
    log.info("profiles are written by the template, without a language model", dataset=dataset, set=set_name)
    return write_profiles(store, dataset, home, TemplateWriter(), set_name=set_name, kinds=kinds, nodes=nodes)


def write_profiles(
    store: Store,
    dataset: str,
    home: Path,
    writer: ProfileWriter,
    *,
    set_name: str,
    kinds: Sequence[Kind] = KINDS,
    nodes: int = 500,
) -> ProfileReport:
    """Write a profile set; it lies in the profile store and is not active yet.

    Args:
        store: where the graph is.
        dataset: name of the data set.
        home: folder of all profile sets.
        writer: gives a profile for each context; it sees train only.
        set_name: name of the new set; one that is there is replaced.
        kinds: which nodes get a profile.
        nodes: nodes of a batch.

    Raises:
        NotFoundError: there is no such data set.
        DatabaseError: the data set is half written, or changed meanwhile.
    """
    started = time.perf_counter()
    neighbourhood = Neighbourhood(store, dataset, nodes=nodes)
    keys = neighbourhood.keys()
    profiles = written(neighbourhood, writer, {kind: keys[kind] for kind in KINDS if kind in kinds})
    return saved(store, home, neighbourhood, set_name, profiles, keys, ("train",), started)


def written(neighbourhood: Neighbourhood, writer: ProfileWriter, keys: Mapping[Kind, Sequence[str]]) -> list[Profile]:
    """Give the profiles of nodes, kind by kind in the order of `KINDS`, as they are ready."""
    found: dict[str, Profile] = {}

    def texts(nodes: Collection[str]) -> dict[str, str]:
        return {node: found[node].text for node in nodes if node in found}

    with progress("writing profiles", sum(map(len, keys.values()))) as advance:
        for kind in (kind for kind in KINDS if kind in keys):
            contexts = contexts_of(neighbourhood, kind, keys[kind], texts if writer.reads_profiles else None)
            for profile in writer.write(contexts):
                found[profile.key] = profile
                advance(1)
    return list(found.values())


def saved(
    store: Store,
    home: Path,
    neighbourhood: Neighbourhood,
    set_name: str,
    profiles: Sequence[Profile],
    keys: Mapping[Kind, Sequence[str]],
    exposed_to: Sequence[Split],
    started: float,
    llm: LlmRecord | None = None,
) -> ProfileReport:
    """Save the set, unless the data set changed since its neighbourhoods were first read."""
    record = neighbourhood.record
    datasets.require_unmoved(store, record, hint="write the profiles again")
    nodes = {kind: len(keys[kind]) for kind in KINDS}
    run = save_set(
        home, record.name, set_name, profiles, split_id=record.split_id, exposed_to=exposed_to, nodes=nodes, llm=llm
    )
    writers = {kind: part.writers for kind, part in run.kinds.items() if part.profiles}
    log.info("profile set written", run=run.id, profiles=len(profiles), writers=writers)
    return ProfileReport(run=run, seconds=time.perf_counter() - started)
