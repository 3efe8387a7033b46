"""The online writer: checked tables into the graph, over the driver alone (neo4j.md §2).

The data set's node says `ingesting` before its first node is written and `ready` only after all was
counted. An ingest that was cut off is therefore found by the next one of that name, which removes
what is there and writes it anew. Relationships are created, not merged: the data set is new.
"""

from __future__ import annotations

import dataclasses
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
from ingest.graph_rows import GraphRows, content_hash, graph_rows
from ingest.split import SplitRule, apply_split, split_id
from ingest.tables import Tables
from ingest.validate import check
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
    identifiers.dataset_name(name)
    check(tables)
    if not tables.label:
        tables = dataclasses.replace(tables, label=identifiers.label_of(name))
    interactions = apply_split(tables.interactions, split, split.generator())
    sha256 = content_hash(tables, interactions, split.describe())
    found = datasets.find(store, name)
    if found is not None and found.state == "ready" and found.sha256 == sha256:
        log.info("nothing to do: the data set is there with the same content", dataset=name)
        return IngestReport(found, found.counts, time.monotonic() - started, unchanged=True)
    rows = graph_rows(tables, interactions, name)
    store.write("dataset/create", dataset=name)
    _warn_of_shared_label(store, name, tables.label)
    with datasets.lock(store, name, "ingest") as held:
        unchanged = _make_room(store, held, name, sha256, replace=replace)
        if not unchanged:
            store.write("ingest/begin", dataset=name, properties=_properties(tables, interactions, split, sha256))
            _remove_parts(store, name)
            _Writer(store, held, name, tables.label, batch_rows).write(rows)
            _verify(store, name, rows)
            store.write("ingest/finish", dataset=name, counts=rows.counts())
    seconds = time.monotonic() - started
    return IngestReport(datasets.get(store, name), rows.counts(), seconds, unchanged=unchanged)


def _properties(tables: Tables, interactions: pd.DataFrame, split: SplitRule, sha256: str) -> dict[str, str]:
    """Give what the data set's node says of where it came from and how it was split."""
    return {
        "label": tables.label,
        "source": tables.source,
        "reader": tables.reader,
        "sha256": sha256,
        "split_id": split_id(interactions),
        "split_rule": split.describe(),
        "positive_rule": tables.positive_rule,
    }


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
    counted = {**(nodes or {}), **(parts or {}), "triples": sum(triples.values())}
    if counted != rows.counts() or triples != rows.triples["relation"].value_counts().to_dict():
        raise DatabaseError(
            f"the graph does not hold what was written: {counted} instead of {rows.counts()}",
            where=name,
            hint="give the same ingest again: it removes what is there and writes it anew",
        )
