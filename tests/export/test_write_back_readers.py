"""Readers meet whole lists while other lists are written to the same nodes, however many relationships those have."""

from __future__ import annotations

import threading

import numpy as np
import pandas as pd
import pytest

from cypher.store import Store
from export.results import Ranked, Results
from export.snapshot import Manifest, Snapshot
from export.write_back import write_back

VIEWERS, FILMS, LENGTH, STEP = 1200, 60, 20, 40

CROWD = """
CREATE (:Dataset {name: $dataset, label: 'Crowd', version: 1, state: 'ready', split_id: 'split-1', items: $films})
WITH 0 AS done UNWIND range(0, $films - 1) AS n
CREATE (:Entity:Item {dataset: $dataset, idx: n, key: $dataset + '/film/' + n})
WITH count(*) AS done UNWIND range(0, $viewers - 1) AS n
CREATE (user:User {dataset: $dataset, idx: n, key: $dataset + '/user/' + n})
WITH user UNWIND range(0, 19) AS film
MATCH (item:Entity {dataset: $dataset, idx: film}) CREATE (user)-[:INTERACTED]->(item)
"""


def crowd(store: Store, dataset: str) -> Snapshot:
    """Write viewers with twenty items each: a list brings them to 40 relationships, the next one past the fiftieth."""
    with store.driver.session(database=store.database) as session:
        session.run(CROWD, dataset=dataset, viewers=VIEWERS, films=FILMS).consume()
    nothing = np.zeros((2, 0), np.int64)
    users = [f"{dataset}/user/{n}" for n in range(VIEWERS)]
    films = [f"{dataset}/film/{n}" for n in range(FILMS)]
    return Snapshot(
        manifest=Manifest(
            dataset=dataset,
            dataset_version=1,
            split_id="split-1",
            relations=(),
            counts={"items": FILMS},
            content_hash="crowd",
        ),
        interactions={"train": nothing, "valid": nothing, "test": nothing},
        edge_index=nothing,
        edge_type=np.zeros(0, np.int64),
        users=pd.DataFrame({"key": users, "name": users}),
        entities=pd.DataFrame({"key": films, "name": films, "label": ["Film"] * FILMS}),
        num_items=FILMS,
    )


def lists_from(first: int) -> Ranked:
    """Give every viewer the films from `first` on."""
    rows = np.tile(np.arange(first, first + LENGTH), (VIEWERS, 1))
    return Ranked(rows, np.tile(np.linspace(1, 0.1, LENGTH, dtype=np.float32), (VIEWERS, 1)))


@pytest.mark.slow
def test_lists_are_whole_while_their_nodes_pass_the_fiftieth_relationship(store: Store, dataset_name: str) -> None:
    snapshot, run = crowd(store, dataset_name), f"{dataset_name}/old"
    write_back(store, snapshot, Results(run, "by-hand", {}, {}, "crowd", "honest", 0, lists_from(20)))
    expected = [f"{dataset_name}/film/{n}" for n in range(20, 20 + LENGTH)]
    written_now, done, partial, reads = [0], threading.Event(), [], [0]

    def read(seed: int) -> None:
        generator = np.random.default_rng(seed)
        while not done.is_set():
            user = f"{dataset_name}/user/{written_now[0] + generator.integers(STEP)}"
            rows = store.read("recommend/by_user", dataset=dataset_name, user=user, k=LENGTH)
            reads[0] += 1
            if [row["item"] for row in rows] != expected:
                partial.append((user, len(rows)))

    readers = [threading.Thread(target=read, args=(seed,)) for seed in range(3)]
    for reader in readers:
        reader.start()
    ends = [f"{dataset_name}/film/{n}" for n in range(40, 40 + LENGTH)]
    for first in range(0, VIEWERS, STEP):
        written_now[0] = first
        rows = [
            {"start": f"{dataset_name}/user/{n}", "ends": list(range(LENGTH)), "scores": [0.5] * LENGTH}
            for n in range(first, first + STEP)
        ]
        store.write("write_back/recommended", run=f"{dataset_name}/new", ends=ends, rows=rows)
        done.wait(0.02)
    done.set()
    for reader in readers:
        reader.join()

    assert not partial
    assert reads[0] > 100
