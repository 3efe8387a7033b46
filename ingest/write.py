"""The online writer: checked tables into the graph, over the driver alone (neo4j.md §2).

The data set's node says `ingesting` before its first node is written and `ready` only after all was
counted. An ingest that was cut off is therefore found by the next one of that name, which removes
what is there and writes it anew. Relationships are created, not merged: the data set is new.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from cypher import dataset as datasets
from cypher import identifiers
from cypher.dataset import Dataset, Lock
from cypher.rows import BATCH_ROWS
from cypher.store import Store
from ingest.graph_rows import GraphRows
from ingest.prepare import Prepared, prepare
from ingest.split import SplitRule
from ingest.tables import Tables
from spikegraph import logs
from spikegraph.errors import DatabaseError, UsageError

log = logs.get_logger(__name__)


@dataclass(frozen=True)
class IngestReport:
    """What an ingest did.

    Attributes:
        dataset: the record of the data set as it now stands.
        counts: rows by what they are.
        seconds: how long it took.
        unchanged: the same content was there already, so nothing was written.
    """

    dataset: Dataset
    counts: Mapping[str, int]
    seconds: float
    unchanged: bool


def ingest(
    store: Store,
    name: str,
    tables: Tables,
    *,
    split: SplitRule,
    replace: bool = False,
    batch_rows: int = BATCH_ROWS,
) -> IngestReport:
    """Write a data set into the graph.

    Args:
        store: a store whose schema is in place (`store.ensure_schema()`).
        name: the data set's name.
        tables: what a reader gave.
        split: how it is split; its seed decides what is drawn.
        replace: put this content in the place of other content of the same name.
        batch_rows: rows of one transaction.

    Raises:
        DataError: the tables or the name are refused; nothing was written.
        UsageError: the name holds other content, and `replace` was not given.
        DatasetLockedError: another process is writing to this data set.
        DatabaseError: the database failed, or does not hold what was written; the data set stays
            `ingesting`, and the same ingest given again finishes it.
    """
    started = time.monotonic()
    prepared = prepare(name, tables, split)
    found = stands_already(store, prepared, started)
    if found is not None:
        return found
    rows = prepared.rows()
    store.write("dataset/create", dataset=name)
    _warn_of_shared_label(store, name, prepared.label)
    with datasets.lock(store, name, "ingest") as held:
        unchanged = _make_room(store, held, name, prepared.sha256, replace=replace)
        if not unchanged:
            store.write("ingest/begin", dataset=name, properties=prepared.properties())
            _remove_parts(store, name)
            _Writer(store, held, name, prepared.label, batch_rows).write(rows)
            _finish(store, name, rows)
    return _report(store, name, rows, started, unchanged=unchanged)


def finish_import(store: Store, prepared: Prepared, rows: GraphRows, started: float) -> IngestReport:
    """Declare complete what the offline import has brought (`ingest.import_rows`), after it was counted.

    Args:
        store: a store whose schema is in place.
        prepared: the data set.
        rows: its rows, as they were imported.
        started: when the ingest began, by `time.monotonic`.

    Raises:
        DatabaseError: the graph does not hold what was to be imported; the data set stays `ingesting`.
    """
    with datasets.lock(store, prepared.name, "ingest"):
        store.write("ingest/begin", dataset=prepared.name, properties=prepared.properties())
        store.write_rows("ingest/relations", rows.relations, dataset=prepared.name)
        _finish(store, prepared.name, rows)
    return _report(store, prepared.name, rows, started, unchanged=False)


def stands_already(store: Store, prepared: Prepared, started: float) -> IngestReport | None:
    """Give the report of an ingest that has nothing to do, because the same content is there; else None."""
    found = datasets.find(store, prepared.name)
    if found is None or found.state != "ready" or found.sha256 != prepared.sha256:
        return None
    log.info("nothing to do: the data set is there with the same content", dataset=prepared.name)
    return IngestReport(found, found.counts, time.monotonic() - started, unchanged=True)


def _finish(store: Store, name: str, rows: GraphRows) -> None:
    _verify(store, name, rows)
    store.run_in_transactions("ingest/count_train_users", dataset=name)
    store.write("ingest/finish", dataset=name, counts=rows.counts())


def _report(store: Store, name: str, rows: GraphRows, started: float, *, unchanged: bool) -> IngestReport:
    return IngestReport(datasets.get(store, name), rows.counts(), time.monotonic() - started, unchanged=unchanged)


def remove(store: Store, name: str) -> None:
    """Remove a data set with all that belongs to it: nodes, relationships, runs, vector indexes.

    Cut off in the middle, it leaves a data set that says `ingesting` and can be removed again.

    Raises:
        NotFoundError: there is no data set of this name.
        DatasetLockedError: another process is writing to it.
    """
    datasets.get(store, name, require_ready=False)
    with datasets.lock(store, name, "remove"):
        store.write("ingest/begin", dataset=name, properties={})
        _remove_parts(store, name)
        store.write("dataset/remove", dataset=name)
    log.info("removed the data set", dataset=name)


def _make_room(store: Store, held: Lock, name: str, sha256: str, *, replace: bool) -> bool:
    """Decide, now that nobody else writes, whether to write at all: True where the content is there."""
    found = datasets.get(store, name, require_ready=False)
    if found.state == "ingesting":
        if found.sha256:
            log.warning("an ingest of this name was interrupted: removing what it left", dataset=name)
        return False
    if found.sha256 == sha256:
        held.unchanged()
        return True
    if not replace:
        held.unchanged()
        raise UsageError(
            f"the data set '{name}' is there with other content ({found.source})",
            where=store.where,
            hint=f"--replace puts the new content in its place; --name gives it another name than '{name}'",
        )
    return False


def _warn_of_shared_label(store: Store, name: str, label: str) -> None:
    others = [other.name for other in datasets.list_datasets(store) if other.label == label and other.name != name]
    if others:
        log.warning("another data set has the same label: tell them apart by `dataset`", label=label, others=others)


def _remove_parts(store: Store, name: str) -> None:
    """Remove all but the data set's own node; where nothing is there it costs nothing."""
    labels = [record["label"] for record in store.read("dataset/embedding_labels", dataset=name)]
    for index in store.read("dataset/vector_indexes", labels=labels):
        store.write("dataset/drop_index", name=index["name"])
    store.run_in_transactions("dataset/remove_embeddings", dataset=name)
    store.run_in_transactions("dataset/remove_users", dataset=name)
    store.run_in_transactions("dataset/remove_entities", dataset=name)
    store.write("dataset/remove_records", dataset=name)


@dataclass
class _Writer:
    """One pass over the rows: nodes first, then relationships, one statement after the other."""

    store: Store
    held: Lock
    name: str
    label: str
    batch_rows: int
    _rates: dict[str, str] = field(default_factory=dict)

    def write(self, rows: GraphRows) -> None:
        self._nodes(rows)
        self._interactions(rows.interactions)
        self._triples(rows.triples)
        self._friends(rows.friends)
        self.store.write_rows("ingest/relations", rows.relations, dataset=self.name)
        log.info("ingested", dataset=self.name, **self._rates)

    def _nodes(self, rows: GraphRows) -> None:
        with self._stage("nodes", len(rows.users) + len(rows.entities)) as advance:
            self._rows("ingest/users", rows.users, advance, label=self.label)
            for (is_item, kind), part in rows.entities.groupby(["is_item", "label"], sort=False):
                statement = "ingest/items" if is_item else "ingest/entities"
                nodes = part.drop(columns=["is_item", "label"])
                self._rows(statement, nodes, advance, label=self.label, type=identifiers.label(str(kind)))

    def _interactions(self, interactions: pd.DataFrame) -> None:
        train = interactions["split"] == "train"
        with self._stage("interactions", len(interactions)) as advance:
            self._rows("ingest/interacted", interactions[train].drop(columns="split"), advance, "user")
            self._rows("ingest/held_out", interactions[~train], advance, "user")

    def _triples(self, triples: pd.DataFrame) -> None:
        with self._stage("triples", len(triples)) as advance:
            for relation, part in triples.groupby("relation", sort=False):
                kind = identifiers.relationship_type(str(relation))
                self._rows("ingest/triples", part.drop(columns="relation"), advance, "head", type=kind)

    def _friends(self, friends: pd.DataFrame) -> None:
        if len(friends):
            with self._stage("friends", len(friends)) as advance:
                self._rows("ingest/friends", friends, advance, "user")

    def _rows(
        self, statement: str, rows: pd.DataFrame, advance: logs.Advance, group_by: str | None = None, **parameters: Any
    ) -> None:
        def committed(number: int) -> None:
            advance(number)
            self.held.check()

        self.store.write_rows(
            statement,
            rows,
            batch_rows=self.batch_rows,
            group_by=group_by,
            advance=committed,
            dataset=self.name,
            **parameters,
        )

    @contextmanager
    def _stage(self, what: str, total: int) -> Iterator[logs.Advance]:
        """Show a bar while the block runs, and note its rate."""
        started = time.monotonic()
        with logs.progress(f"writing {what}", total) as advance:
            yield advance
        self._rates[what] = f"{total} ({total / max(time.monotonic() - started, 1e-9):.0f}/s)"


def _verify(store: Store, name: str, rows: GraphRows) -> None:
    """See that the graph holds exactly what was to be written: a batch repeated after a lost answer would show."""
    nodes = store.read_one("dataset/count_nodes", dataset=name)
    parts = store.read_one("dataset/count_interactions", dataset=name)
    triples = {record["type"]: record["triples"] for record in store.read("dataset/count_triples", dataset=name)}
    counted = {**(nodes or {}), **(parts or {}), "triples": sum(triples.values()), **_friends(store, name)}
    if counted != rows.counts() or triples != rows.triples["relation"].value_counts().to_dict():
        raise DatabaseError(
            f"the graph does not hold what was written: {counted} instead of {rows.counts()}",
            where=name,
            hint="give the same ingest again: it removes what is there and writes it anew",
        )


def _friends(store: Store, name: str) -> dict[str, int]:
    counted = store.read_one("dataset/count_friends", dataset=name)
    return dict(counted) if counted and counted["friends"] else {}
