"""Profiles onto the nodes, and their text vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from spikegraph.api.connection import connect
from spikegraph.errors import DataError, UsageError
from spikegraph.settings import Settings

if TYPE_CHECKING:
    from cypher.store import Store
    from export.snapshot import Split
    from llm_profiles.activate import ProfileStatus
    from llm_profiles.contract import ProfileReport
    from llm_profiles.npz import VectorFiles


@dataclass(frozen=True)
class Profiled:
    """What writing profiles did: the set that is active now, and its text vectors.

    Attributes:
        run: id of the profile run.
        profiles: number of profiles per kind of node.
        exposed_to: the splits that the texts may have seen.
        embedding: name of the text vectors, or None.
        seconds: how long it took.
    """

    run: str
    profiles: Mapping[str, int]
    exposed_to: tuple[str, ...]
    embedding: str | None
    seconds: float


def profile_template(settings: Settings, name: str, *, embedding: str = "lsa") -> Profiled:
    """Write profiles from train neighbourhoods, without a language model, and make their text vectors."""
    from llm_profiles.write import write_template

    with connect(settings) as store:
        return activated(settings, store, write_template(store, name, settings.profiles_home), embedding)


def profile_import(
    settings: Settings,
    name: str,
    path: Path,
    *,
    source: str | None = None,
    model: str | None = None,
    exposed_to: Sequence[Split] = ("train", "valid"),
    embedding: str = "lsa",
    mix: bool = False,
    options: Mapping[str, str] | None = None,
) -> Profiled:
    """Bring in profiles that were written elsewhere; kinds that they do not touch are written from the template.

    Args:
        settings: where the graph and the profile sets are.
        name: the data set.
        path: a JSONL of `{key, profile, model?}`, or a folder that the reader `source` reads.
        source: the reader that knows the folder's texts; by default the one that read the data set.
        model: the language model of texts that name none.
        exposed_to: the splits that texts of a file may have seen; a folder's reader says it itself.
        embedding: text vectors to make; those that came with a folder are taken as they are.
        mix: let the template fill gaps within a kind too.
        options: of the reader.
    """
    from cypher import dataset
    from ingest.readers import read
    from llm_profiles.imports import import_profiles, import_vectors

    home = settings.profiles_home
    with connect(settings) as store:
        if not path.is_dir():
            report = import_profiles(store, name, home, path, model=model, exposed_to=exposed_to, mix=mix)
            return activated(settings, store, report, embedding)
        tables = read(source or dataset.get(store, name).reader, path, options)
        if tables.vectors is not None:
            keys, matrix = tables.vectors.keys, tables.vectors.matrix
            return activated(settings, store, import_vectors(store, name, home, keys, matrix), "source")
        if tables.profiles.empty:
            raise DataError("no profiles came with this data set", where=str(path))
        seen = cast("Sequence[Split]", tables.exposed_to) or exposed_to
        report = import_profiles(store, name, home, tables.profiles, exposed_to=seen, mix=mix)
        return activated(settings, store, report, embedding)


def activated(settings: Settings, store: Store, written: ProfileReport, embedding: str) -> Profiled:
    """Embed a set that was written and put it onto the graph."""
    from llm_profiles.activate import activate
    from llm_profiles.embed import embed

    run = written.run
    home, llm = settings.profiles_home, settings.llm
    made = None if embedding == "none" else embed(home, run.dataset, run.set, embedding, settings=llm)
    active = activate(store, settings.profiles_home, run.dataset, run.set)
    counts: dict[str, int] = {kind: part.profiles for kind, part in active.run.kinds.items()}
    seconds = written.seconds + active.seconds + (made.seconds if made else 0.0)
    return Profiled(run.id, counts, run.exposed_to, made.name if made else None, seconds)


def profile_activate(settings: Settings, name: str, set_name: str, *, embedding: str = "lsa") -> Profiled:
    """Put a profile set that lies on disk onto the graph, and make its text vectors."""
    from llm_profiles.contract import ProfileReport
    from llm_profiles.profile_store import load_run

    written = ProfileReport(run=load_run(settings.profiles_home, name, set_name), seconds=0.0)
    with connect(settings) as store:
        return activated(settings, store, written, embedding)


def profile_vectors(
    settings: Settings, name: str, folder: Path, *, set_name: str | None = None, embedding: str = "lsa"
) -> VectorFiles:
    """Write the text vectors of a profile set as SPiKE's code reads them (`item_embeddings.npz` …).

    Args:
        settings: where the graph and the profile sets are.
        name: the data set.
        folder: a new or empty folder.
        set_name: the profile set; the active one by default.
        embedding: text vectors; made where they are not there.
    """
    from llm_profiles.activate import active_set
    from llm_profiles.embed import embed
    from llm_profiles.graph_tools import GraphTools
    from llm_profiles.npz import write_npz

    home = settings.profiles_home
    if folder.exists() and any(folder.iterdir()):
        raise UsageError("is not empty", where=str(folder), hint="--to a new folder")
    with connect(settings) as store:
        chosen = set_name or active_set(store, name)
        made = embed(home, name, chosen, embedding, settings=settings.llm)
        return write_npz(home, name, chosen, made.name, GraphTools(store, name).keys(), folder)


def active_profiles(settings: Settings, name: str) -> str | None:
    """Give the id of the profile run that is active on a data set, or None."""
    from llm_profiles.activate import active_run

    with connect(settings) as store:
        return active_run(store, name)


def profile_status(settings: Settings, name: str) -> ProfileStatus:
    """Say which profiles are active, what they cover, and what lies beside them on disk."""
    from llm_profiles.activate import status

    with connect(settings) as store:
        return status(store, settings.profiles_home, name)
