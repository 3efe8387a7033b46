"""Calls of a chat model: throughput, CPU, memory, and what is lost when a run is killed again and again.

The model is the test server in a process of its own. What calls it runs in another, so that its CPU and memory are its
own too.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import numpy as np
import pandas as pd

from benchmarks.result import Row, at_least, at_most
from cypher.store import Store
from ingest.split import SplitRule
from ingest.tables import Tables
from ingest.write import ingest, remove
from llm_profiles.calls.ledger import Ledger, ledger_path
from llm_profiles.contract import Kind
from llm_profiles.neighbourhood import Neighbourhood
from spikegraph.api import connect
from spikegraph.server import connection
from spikegraph.settings import Settings

NAME = "benchmark-calls"
USERS, ITEMS, OTHERS = 150, 350, 100
WORKERS, KILLS = 24, 25
CONCURRENT, ANSWER_SECONDS, CALLS = 50, 1.0, 3000
FEW, MANY = 2_000, 20_000
TRANSPORT = ("rate_limit", "server_error", "connection", "timeout", "broken_answer")
"""Outcomes of attempts without an answer; every other one is paid for."""
UNPAID = ("rate_limit", "server_error", "unavailable", "disconnect", "truncated")
"""The same, as the server calls them."""


def run(settings: Settings) -> list[Row]:
    """Measure all of it.

    Args:
        settings: name the server; the data set `benchmark-calls` in it is removed.
    """
    with connect(settings) as store:
        store.ensure_schema()
        return [*_throughput(), *_memory(), *_killed(store, settings)]


def _throughput() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder, _server("--delay", str(ANSWER_SECONDS)) as url:
        took = _finished(_begin(url, folder, "--nodes", CALLS, "--workers", CONCURRENT))
        peak = _stats(url)["peak"]
    share = CALLS / CONCURRENT * ANSWER_SECONDS / took["seconds"]
    return [
        at_least(f"{CALLS} calls of {ANSWER_SECONDS:g} s, {CONCURRENT} at once, share of the ideal rate", share, 0.95),
        at_most("the most calls at once", peak, CONCURRENT),
        at_most("CPU of a call, milliseconds", took["cpu_seconds"] / CALLS * 1000, 10.0),
    ]


def _memory() -> list[Row]:
    peaks = []
    for nodes in (FEW, MANY):
        with tempfile.TemporaryDirectory() as folder, _server() as url:
            peaks.append(_finished(_begin(url, folder, "--nodes", nodes, "--workers", WORKERS))["peak_mib"])
    return [at_most(f"memory of {MANY} nodes above that of {FEW}, MiB", max(peaks[1] - peaks[0], 0.1), 100.0)]


def _killed(store: Store, settings: Settings) -> list[Row]:
    """Kill one run at random points, each time where it went on, and let it end."""
    ingest(store, NAME, _tables(), split=SplitRule("given", valid=0.0))
    faults = ("--delay", "0.1", "--slow", "0.1", "--faults", "0.2", "--retry-after", "0.05")
    try:
        with tempfile.TemporaryDirectory() as folder, _server(*faults) as url:
            lost = _kill_often(url, folder, settings)
            _finished(_begin_graph(url, folder, settings))
            requests, answered = (_stats(url)[what] for what in ("requests", "answered"))
            _finished(_begin_graph(url, folder, settings))
            further = _stats(url)["requests"] - requests
            missing, differing = _compared(store, Path(folder))
    finally:
        remove(store, NAME)
    twice = sum(count - 1 for count in answered.values())
    return [
        at_most(f"answers lost by a kill, most of {KILLS} (in flight: {WORKERS})", max(*lost, 0.1), WORKERS),
        at_most(f"nodes paid twice after {KILLS} kills", max(twice, 0.1), max(sum(lost), 0.1)),
        at_least("nodes that have neither a profile nor a reason, negative", -missing, 0),
        at_least("requests of a further run, negative", -further, 0),
        at_least("nodes whose profile in the graph is not the ledger's, negative", -differing, 0),
    ]


def _kill_often(url: str, folder: str, settings: Settings) -> list[int]:
    """Give, per kill, the answers that the server gave and the ledger does not have."""
    points = np.sort(np.random.default_rng(0).choice(np.arange(10, 700), KILLS, replace=False))
    lost, before = list[int](), 0
    for point in points:
        process = _begin_graph(url, folder, settings)
        while _stats(url)["requests"] < point and process.poll() is None:
            time.sleep(0.01)
        process.kill()
        process.wait()
        time.sleep(0.5)  # the server ends what it had begun
        given = sum(count for outcome, count in _stats(url)["outcomes"].items() if outcome not in UNPAID)
        missing = given - _booked(folder)
        lost.append(missing - before)
        before = missing
    return lost


def _booked(folder: str) -> int:
    path = ledger_path(Path(folder), NAME, "llm")
    if not path.exists():
        return 0
    with Ledger(path) as ledger:
        outcomes = ledger.totals().outcomes
    return sum(count for outcome, count in outcomes.items() if outcome not in TRANSPORT)


def _compared(store: Store, home: Path) -> tuple[int, int]:
    """Count nodes that have neither a profile nor a dead letter, and those whose graph and ledger differ."""
    keys: dict[Kind, list[str]] = Neighbourhood(store, NAME).keys()
    nodes = [key for of_kind in keys.values() for key in of_kind]
    with Ledger(ledger_path(home, NAME, "llm")) as ledger:
        texts = {node: entry.text for node, entry in ledger.current(nodes).items()}
        dead = {entry.node for entry in ledger.entries("dead")}
    shown = _shown(store)
    missing = sum(node not in texts and node not in dead for node in nodes)
    return missing, sum(texts.get(node) != shown.get(node) for node in nodes)


def _shown(store: Store) -> dict[str, str]:
    text = "MATCH (n) WHERE n.dataset = $dataset AND n.profile IS NOT NULL RETURN n.key AS key, n.profile AS profile"
    with store.driver.session(database=store.database) as session:
        return {record["key"]: record["profile"] for record in session.run(text, dataset=NAME)}


@contextmanager
def _server(*words: str) -> Iterator[str]:
    command = [sys.executable, "-m", "tests.support.chat_server", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def _begin(url: str, folder: str, *words: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.support.chat_run", url, folder, *map(str, words)]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )


def _begin_graph(url: str, folder: str, settings: Settings) -> subprocess.Popen[str]:
    uri, password = _access(settings)
    process = _begin(url, folder, "--dataset", NAME, "--uri", uri, "--workers", WORKERS)
    assert process.stdin
    process.stdin.write(f"{password}\n")
    process.stdin.flush()
    return process


def _access(settings: Settings) -> tuple[str, str]:
    given = settings.neo4j
    if given.uri and given.password:
        return given.uri, given.password.get_secret_value()
    uri, _, password = connection(settings.server)
    return uri, password


def _finished(process: subprocess.Popen[str]) -> dict[str, Any]:
    said, _ = process.communicate()
    assert process.returncode == 0
    took: dict[str, Any] = json.loads(said.splitlines()[-1])
    return took


def _stats(url: str) -> dict[str, Any]:
    with urlopen(url.removesuffix("/v1") + "/stats", timeout=30) as answer:
        stats: dict[str, Any] = json.load(answer)
        return stats


def _tables() -> Tables:
    """Make 600 nodes: users, films, and the people and genres around them."""
    drawn = np.random.default_rng(0)
    pairs = np.unique(np.stack([np.repeat(np.arange(USERS), 12), drawn.integers(0, ITEMS, USERS * 12)]), axis=1)
    facts = np.unique(np.stack([np.repeat(np.arange(ITEMS), 2), drawn.integers(0, OTHERS, ITEMS * 2)]), axis=1)
    films, people = [f"film/{n}" for n in range(ITEMS)], [f"person/{n}" for n in range(OTHERS)]
    return Tables(
        users=pd.DataFrame({"key": [f"user/{n}" for n in range(USERS)], "name": [f"User {n}" for n in range(USERS)]}),
        entities=pd.DataFrame(
            {
                "key": films + people,
                "name": [f"Film Of{n}" for n in range(ITEMS)] + [f"Person Of{n}" for n in range(OTHERS)],
                "label": ["Film"] * ITEMS + ["Person"] * OTHERS,
                "is_item": [True] * ITEMS + [False] * OTHERS,
            }
        ),
        triples=pd.DataFrame(
            {"head": [films[n] for n in facts[0]], "relation": "ACTED_IN", "tail": [people[n] for n in facts[1]]}
        ),
        relations=pd.DataFrame({"type": ["ACTED_IN"], "name": ["with"], "sentence": ["{tail} acts in {head}"]}),
        interactions=pd.DataFrame(
            {
                "user": [f"user/{n}" for n in pairs[0]],
                "item": [films[n] for n in pairs[1]],
                "split": "train",
                "rating": drawn.integers(1, 6, len(pairs[0])).astype(float),
                "at": drawn.integers(10**9, 2 * 10**9, len(pairs[0])),
            }
        ),
        label="Benchmark",
        source="a synthetic data set of the benchmarks",
    )
