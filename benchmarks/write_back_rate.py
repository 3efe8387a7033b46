"""How fast `write_back` writes the lists of 100 000 users and the similarities of 50 000 items, and what readers feel.

The run is written beside the active one of the synthetic graph, as a user's is. All the while another process asks for
lists at a modest rate; it did so before, too, and the two are compared.
"""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.pool import AsyncResult
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.big_graph import BigGraph
from benchmarks.big_graph_loading import NAME, RUN, item_keys, user_keys
from benchmarks.big_server import big_server, drawn
from benchmarks.latency import Seconds, milliseconds
from benchmarks.questions import Questions
from benchmarks.result import Row, at_least, at_most, shown
from cypher.store import Store
from export import runs
from export.results import Ranked, Results
from export.snapshot import Manifest, Snapshot
from export.write_back import write_back
from spikegraph import server
from spikegraph.settings import Settings

READS_A_SECOND = 50.0
SECONDS_BEFORE = 30.0
WARM_UP, WARM_UP_LISTS = 500, 10_000


def run() -> list[Row]:
    """Load the graph, read for a while, then write a run back while the reading goes on."""
    graph = drawn()
    with big_server(lambda: graph) as settings:
        return measured(settings, graph)


def measured(settings: Settings, graph: BigGraph) -> list[Row]:
    """Measure on a server that holds the graph; what was written is removed again, which is timed too."""
    bytes_before = size_on_disk(settings)
    connection = server.connection(settings.server)
    with Store.connect(*connection) as store:
        warmed_up = _warm_up(store, graph)
        with reading(connection) as before:
            time.sleep(SECONDS_BEFORE)
        with reading(connection) as during:
            report = write_back(store, snapshot_of(graph), results_of(graph), keep=3)
    grown = size_on_disk(settings) - bytes_before
    with Store.connect(*server.connection(settings.server)) as store:
        removed = _removed(store, report.run_id)
    written = sum(report.counts.values())
    before_p99, during_p99 = milliseconds(before.taken, 99), milliseconds(during.taken, 99)
    seconds = report.seconds
    return [
        at_least(f"write-back of {written} relationships, a second, all included", written / seconds["total"], 20_000),
        shown("of it the writing of lists and similarities, relationships a second", written / seconds["lists"]),
        shown("store growth in MB", grown / 1e6 * written / (written + warmed_up)),
        shown("store growth in bytes a relationship", grown / (written + warmed_up)),
        shown("readers of recommend/by_user before, p99 in ms", before_p99),
        shown("readers of recommend/by_user during the write-back, p99 in ms", during_p99),
        at_most("readers' p99 during the write-back, in p99s before", during_p99 / before_p99, 3.0),
        shown("removal of a run, relationships a second", written / removed),
    ]


@dataclass
class Reading:
    """What a reader measured: float64 [questions] seconds; there once the reading has ended."""

    taken: Seconds


@contextmanager
def reading(connection: tuple[str, str, str]) -> Iterator[Reading]:
    """Let another process ask for lists while the block runs; it is warm when the block begins."""
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager, context.Pool(1) as pool:
        ready, ended = manager.Event(), manager.Event()
        answer: AsyncResult[Seconds] = pool.apply_async(_read, (connection, ready, ended))
        if not ready.wait(180):
            answer.get(1)
        found = Reading(np.empty(0))
        try:
            yield found
        finally:
            ended.set()
        found.taken = answer.get(60)


def _read(connection: tuple[str, str, str], ready: Any, ended: Any) -> Seconds:
    """Ask for lists that fall due by chance until it is ended: the seconds from due to answered."""
    with Store.connect(*connection) as store:
        questions = Questions.of(store, seed=3)
        for _ in range(WARM_UP):
            questions.listed()()
        over = threading.Event()
        threading.Thread(target=_pass_on, args=(ended, over), daemon=True).start()
        ready.set()
        taken, due = [], time.perf_counter()
        while not over.is_set():
            due += questions.generator.exponential(1 / READS_A_SECOND)
            time.sleep(max(0.0, due - time.perf_counter()))
            questions.listed()()
            taken.append(time.perf_counter() - due)
        return np.array(taken)


def _pass_on(ended: Any, over: threading.Event) -> None:
    """Wait for another process's word in a thread, for to ask for it costs a round trip each time."""
    ended.wait()
    over.set()


def size_on_disk(settings: Settings) -> int:
    """Give the bytes of the database's files, for which the server is stopped and started: then all is written down."""
    server.stop(settings.server)
    database = settings.server.home / "data" / "databases" / "neo4j"
    size = sum(file.stat().st_size for file in database.rglob("*") if file.is_file())
    server.start(settings.server)
    return size


def _warm_up(store: Store, graph: BigGraph) -> int:
    """Write a small run, as a server that is up for longer has done, and give its relationships; it stays meanwhile."""
    few = np.arange(graph.size.users)[:, None] < WARM_UP_LISTS
    lists = Ranked(np.where(few, graph.lists, -1), graph.list_scores)
    results = replace(results_of(graph), recommendations=lists, similar_items=None).named(NAME)
    report = write_back(store, snapshot_of(graph), results)
    runs.activate(store, NAME, RUN)
    return report.counts["recommended"]


def _removed(store: Store, run_id: str) -> float:
    runs.activate(store, NAME, RUN)
    started = time.perf_counter()
    runs.remove(store, NAME, run_id)
    return time.perf_counter() - started


def results_of(graph: BigGraph) -> Results:
    """Give a run that lists the same items the other way round."""
    nothing = Results(
        run_id="",
        model="hybrid",
        config={},
        metrics={},
        snapshot_hash="synthetic",
        protocol="honest",
        seed=0,
        recommendations=Ranked(graph.lists[:, ::-1], graph.list_scores),
        similar_items=Ranked(graph.similar[:, ::-1], graph.similar_scores),
    )
    return nothing.named(NAME)


def snapshot_of(graph: BigGraph) -> Snapshot:
    """Give the snapshot that leads from rows to keys; a write-back needs no more of it."""
    users, items, nothing = user_keys(graph), item_keys(graph), np.zeros((2, 0), np.int64)
    manifest = Manifest(
        dataset=NAME,
        dataset_version=1,
        split_id=NAME,
        relations=(),
        counts={"users": len(users), "items": len(items), "entities": len(items)},
        content_hash="synthetic",
    )
    return Snapshot(
        manifest=manifest,
        interactions={"train": nothing, "valid": nothing, "test": nothing},
        edge_index=nothing,
        edge_type=np.zeros(0, np.int64),
        users=pd.DataFrame({"key": users, "name": users}),
        entities=pd.DataFrame({"key": items, "name": items, "label": "Film"}),
        num_items=len(items),
    )
