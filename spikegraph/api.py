"""The same road as the command line, for scripts: `from spikegraph import api`.

Functions take the `Settings` first (but for `evaluate`, which needs none); those that speak with the graph
open and close their own connection. Torch is imported only by `train`, `evaluate` and `write_back`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from spikegraph.errors import DataError, UsageError
from spikegraph.settings import Settings

if TYPE_CHECKING:
    from cypher.answers import Reason, Recommendation, Similar
    from cypher.dataset import Dataset
    from cypher.store import Store
    from export.read_graph import ProfileSet
    from export.runs import Run
    from export.snapshot import Selection, Snapshot, Split
    from export.write_back import WriteBackReport
    from ingest.write import IngestReport
    from llm_profiles.activate import ProfileStatus
    from llm_profiles.contract import ProfileReport
    from model.run_folder import RunRecord

SplitChoice = Literal["auto", "given", "time", "random", "none"]
"""How a data set is split; `auto` keeps a given split, else goes by time, else draws."""


def connect(settings: Settings) -> Store:
    """Open the graph that the settings name, or the local server of `server.home`.

    Raises:
        DatabaseError: it cannot be reached, is too old, or refuses the password.
    """
    from cypher.store import Store, Timeouts
    from spikegraph.server import connection

    neo4j = settings.neo4j
    timeouts = Timeouts(neo4j.query_seconds, neo4j.batch_seconds, neo4j.long_seconds)
    if neo4j.uri is None:
        return Store.connect(*connection(settings.server), neo4j.database, timeouts)
    return Store.connect(neo4j.uri, neo4j.username, _password(settings), neo4j.database, timeouts)


def _password(settings: Settings) -> str:
    neo4j = settings.neo4j
    if neo4j.password is not None:
        return neo4j.password.get_secret_value()
    if neo4j.password_file is not None:
        try:
            return neo4j.password_file.expanduser().read_text(encoding="utf-8").strip()
        except OSError as error:
            raise UsageError(f"cannot be read: {error.strerror}", where=str(neo4j.password_file)) from error
    raise UsageError("a server is named but no password", where="neo4j.uri", hint="set NEO4J_PASSWORD_FILE=FILE")


def ingest(
    settings: Settings,
    source: str,
    path: Path | None = None,
    *,
    name: str,
    split: SplitChoice = "auto",
    replace: bool = False,
    options: Mapping[str, str] | None = None,
) -> IngestReport:
    """Read a data set, check it, split it and write it into the graph.

    Args:
        settings: `ingest.seed` draws the split, `ingest.batch_rows` bounds a transaction.
        source: a reader's name (see `ingest.readers.READERS`).
        path: the folder to read; the demo data has its own.
        name: the data set's name in the graph.
        split: the rule of the split.
        replace: swap a data set of this name that has other content.
        options: of the reader, as in {'knowledge': 'none'} (see docs/data-sets.md).

    Raises:
        DataError: the data is refused, with file, line and reason; nothing was written.
    """
    from ingest.readers import read
    from ingest.split import SplitRule, default_rule
    from ingest.write import ingest as write

    tables, seed = read(source, path, options), settings.ingest.seed
    rule = default_rule(tables.interactions, seed) if split == "auto" else SplitRule(kind=split, seed=seed)
    with connect(settings) as store:
        store.ensure_schema()
        return write(store, name, tables, split=rule, replace=replace, batch_rows=settings.ingest.batch_rows)


def list_datasets(settings: Settings) -> list[Dataset]:
    """Give the records of all data sets of the graph."""
    from cypher import dataset

    with connect(settings) as store:
        store.ensure_schema()
        return dataset.list_datasets(store)


def show_dataset(settings: Settings, name: str) -> Dataset:
    """Give the record of one data set.

    Raises:
        NotFoundError: the graph holds none of this name.
    """
    from cypher import dataset

    with connect(settings) as store:
        return dataset.get(store, name, require_ready=False)


def remove_dataset(settings: Settings, name: str) -> None:
    """Remove a data set with its profiles in the graph and its runs; profile sets on disk stay."""
    from ingest.write import remove

    with connect(settings) as store:
        remove(store, name)


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
        return _activated(settings, store, write_template(store, name, settings.profiles_home), embedding)


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
            return _activated(settings, store, report, embedding)
        tables = read(source or dataset.get(store, name).reader, path, options)
        if tables.vectors is not None:
            keys, matrix = tables.vectors.keys, tables.vectors.matrix
            return _activated(settings, store, import_vectors(store, name, home, keys, matrix), "source")
        if tables.profiles.empty:
            raise DataError("no profiles came with this data set", where=str(path))
        seen = cast("Sequence[Split]", tables.exposed_to) or exposed_to
        report = import_profiles(store, name, home, tables.profiles, exposed_to=seen, mix=mix)
        return _activated(settings, store, report, embedding)


def _activated(settings: Settings, store: Store, written: ProfileReport, embedding: str) -> Profiled:
    from llm_profiles.activate import activate
    from llm_profiles.embed import embed

    run = written.run
    made = None if embedding == "none" else embed(settings.profiles_home, run.dataset, run.set, embedding)
    active = activate(store, settings.profiles_home, run.dataset, run.set)
    counts: dict[str, int] = {kind: part.profiles for kind, part in active.run.kinds.items()}
    seconds = written.seconds + active.seconds + (made.seconds if made else 0.0)
    return Profiled(run.id, counts, run.exposed_to, made.name if made else None, seconds)


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


def export(
    settings: Settings, name: str, folder: Path, selection: Selection | None = None, *, embedding: str = "lsa"
) -> Snapshot:
    """Write a data set, or a chosen subgraph of it, as a snapshot.

    Args:
        settings: where the graph and the text vectors are.
        name: the data set.
        folder: where the snapshot goes.
        selection: the subgraph; everything by default.
        embedding: which text vectors of the profiles go along; 'none' for a snapshot without.
    """
    from export.read_graph import export_snapshot
    from export.snapshot import Selection
    from llm_profiles.activate import active_set
    from llm_profiles.embed import embed
    from llm_profiles.vector_store import vectors

    home, chosen = settings.profiles_home, selection or Selection()
    with connect(settings) as store:
        if embedding == "none":
            return export_snapshot(store, name, folder, chosen)
        made = embed(home, name, chosen.profile_set or active_set(store, name), embedding)
        return export_snapshot(
            store,
            name,
            folder,
            chosen,
            vectors=vectors(home, name, made.name),
            text_embedding=made.name,
            profile_set=_profile_set(settings, name, chosen.profile_set) if chosen.profile_set else None,
        )


def _profile_set(settings: Settings, name: str, set_name: str) -> ProfileSet:
    """Give a profile set that lies on disk, active or not, as export wants it."""
    from export.read_graph import ProfileSet
    from llm_profiles.profile_store import load_set

    run, profiles = load_set(settings.profiles_home, name, set_name)
    return ProfileSet(run.id, run.exposed_to, {profile.key: profile.hash for profile in profiles})


def train(
    settings: Settings,
    snapshot: Path,
    folder: Path,
    *,
    model: str = "spike",
    preset: str | None = None,
    seed: int = 0,
    device: str = "auto",
    resume: bool = False,
) -> RunRecord:
    """Train a model on a snapshot into a run folder.

    Args:
        settings: `model.*` and `train.*` go on top of the preset.
        snapshot: the snapshot's folder.
        folder: the run folder; new or empty, or this very run when `resume`.
        model: its name.
        preset: its preset; the model's recommended one by default.
        seed: of everything that is drawn.
        device: 'auto', 'cpu' or 'cuda'.
        resume: go on exactly with a run that was interrupted.
    """
    from export.snapshot import load_snapshot
    from model.train import train as train_model

    return train_model(
        load_snapshot(snapshot),
        folder,
        model=model,
        preset=preset,
        model_config=settings.model,
        train_config=settings.train,
        seed=seed,
        device=device,
        resume=resume,
    )


def evaluate(folder: Path, *, final: bool = False, device: str = "auto") -> RunRecord:
    """Measure a run on validation; with `final` refit it, read test, and note the reading in the run."""
    from model.evaluate import evaluate as evaluate_run

    return evaluate_run(folder, final=final, device=device)


def write_back(settings: Settings, folder: Path, *, top: int = 20, keep: int = 2) -> WriteBackReport:
    """Write a run's lists, similarities and vectors into the graph and switch to them.

    Args:
        settings: where the graph is.
        folder: the run folder; its weights that saw most are used.
        top: items of a list, and of the similar ones.
        keep: runs that stay in the graph, the new one among them.
    """
    from export.results import Ranked, Results
    from export.snapshot import load_snapshot
    from export.write_back import write_back as write
    from model.results import run_results

    found = run_results(folder, top_n=top, similar=top)
    record = found.record
    results = Results(
        run_id="unnamed",
        model=record.identity.model,
        config=record.identity.model_dump(mode="json") | {"weights": found.weights},
        metrics=record.metrics,
        snapshot_hash=record.identity.snapshot,
        protocol=record.identity.protocol,
        seed=record.identity.seed,
        recommendations=Ranked(*found.recommendations),
        similar_items=Ranked(*found.similar_items) if found.similar_items else None,
        similar_users=Ranked(*found.similar_users) if found.similar_users else None,
        user_vectors=found.user_vectors,
        item_vectors=found.item_vectors,
    )
    named = replace(results, run_id=f"{record.dataset}-{results.model}-{results.content_hash()[:10]}")
    with connect(settings) as store:
        return write(store, load_snapshot(Path(record.snapshot_folder or "")), named, keep=keep)


def list_runs(settings: Settings, name: str) -> list[Run]:
    """Give the runs of a data set in the graph, the active one first."""
    from export import runs

    with connect(settings) as store:
        return runs.list_runs(store, name)


def active_run(settings: Settings, name: str) -> str | None:
    """Give the id of the run that answers for a data set, or None."""
    from cypher import dataset

    with connect(settings) as store:
        return dataset.get(store, name).active_run


def activate_run(settings: Settings, name: str, run: str) -> Run:
    """Let another run answer, in one transaction."""
    from export import runs

    with connect(settings) as store:
        return runs.activate(store, name, run)


def rollback_run(settings: Settings, name: str) -> Run:
    """Go back to the run that was active before."""
    from export import runs

    with connect(settings) as store:
        return runs.rollback(store, name)


def prune_runs(settings: Settings, name: str, *, keep: int = 2) -> list[str]:
    """Remove older runs and what an interrupted write-back left; give their ids."""
    from export import runs

    with connect(settings) as store:
        return runs.prune(store, name, keep)


def recommend(settings: Settings, name: str, user: str, *, k: int = 10, reasons: int = 3) -> list[Recommendation]:
    """Give a user's list from the active run, each item with up to `reasons` reasons."""
    from cypher import answers

    with connect(settings) as store:
        return answers.recommend(store, name, user, k, reasons=reasons)


def similar(settings: Settings, name: str, item: str, *, k: int = 10) -> list[Similar]:
    """Give the items that the active run holds most similar to an item."""
    from cypher import answers

    with connect(settings) as store:
        return answers.similar_items(store, name, item, k)


def explain(settings: Settings, name: str, user: str, item: str, *, limit: int = 10) -> list[Reason]:
    """Give the reasons why an item suits a user, as paths of the graph, the strongest first."""
    from cypher import answers

    with connect(settings) as store:
        return answers.explain(store, name, user, item, limit=limit)
