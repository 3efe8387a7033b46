"""A handmade graph of six films and four viewers whose answers can be worked out on paper.

ann  train Alpha, Beta            held out: Gamma, Zeta
bob  train Alpha, Gamma
cem  train Delta
dora train Beta, and no list in any run

Alpha, Gamma             DIRECTED_BY Kurosawa
Alpha … Epsilon          HAS_GENRE   Drama      (a hub: five of the six films)
Delta                    SEQUEL_OF   Beta
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from cypher.store import Store
from export.results import Ranked, Results
from export.snapshot import Manifest, Snapshot
from export.write_back import write_back

FILMS = ("Alpha", "Beta", "Gamma", "Delta", "Epsilon", "Zeta")
OTHERS = ("Kurosawa", "Drama")
VIEWERS = ("ann", "bob", "cem", "dora")

TRAIN = {"ann": ("Alpha", "Beta"), "bob": ("Alpha", "Gamma"), "cem": ("Delta",), "dora": ("Beta",)}
HELD_OUT = {"ann": ("Gamma", "Zeta")}
FACTS = [
    *((film, "DIRECTED_BY", "Kurosawa") for film in ("Alpha", "Gamma")),
    *((film, "HAS_GENRE", "Drama") for film in FILMS[:5]),
    ("Delta", "SEQUEL_OF", "Beta"),
]
RELATIONS = {
    "DIRECTED_BY": ("directed by", "{head} was directed by {tail}."),
    "HAS_GENRE": ("genre", "{head} is a {tail}"),
    "SEQUEL_OF": ("sequel of", "{head} is the sequel of {tail}"),
}

LISTS = {"ann": ("Gamma", "Delta", "Epsilon"), "bob": ("Beta", "Delta"), "cem": ("Alpha",)}
SIMILAR_FILMS = {"Gamma": {"Alpha": 0.8}, "Delta": {"Beta": 0.6}, "Epsilon": {"Zeta": 0.5}}
SIMILAR_VIEWERS = {"ann": {"bob": 0.9, "dora": 0.4}}

NODES = """
CREATE (d:Dataset {name: $dataset, label: 'Films', version: 1, state: 'ready', split_id: 'split-1', source: 'by hand',
                   users: 4, items: 6, entities: 8})
FOREACH (n IN range(0, 3) | CREATE (:User:Films {dataset: $dataset, idx: n, name: $viewers[n],
                                                 key: $dataset + '/user/' + $viewers[n]}))
FOREACH (n IN range(0, 5) | CREATE (:Entity:Item:Film:Films {dataset: $dataset, idx: n, name: $films[n],
                                                             key: $dataset + '/film/' + toLower($films[n])}))
FOREACH (n IN range(0, 1) | CREATE (:Entity:Thing:Films {dataset: $dataset, idx: n + 6, name: $others[n],
                                                         key: $dataset + '/thing/' + toLower($others[n])}))
FOREACH (n IN range(0, size($relations) - 1) | CREATE (d)-[:HAS_RELATION]->
  (:Relation {dataset: $dataset, idx: n, type: $relations[n][0], name: $relations[n][1], sentence: $relations[n][2]}))
"""

EDGES = """
UNWIND $edges AS edge
OPTIONAL MATCH (user:User {key: $dataset + '/user/' + edge[0]})
OPTIONAL MATCH (film:Item {key: $dataset + '/film/' + toLower(edge[0])})
WITH edge, coalesce(user, film) AS a
MATCH (b:Entity {dataset: $dataset, idx: edge[2]})
CREATE (a)-[r:$(edge[1])]->(b)
FOREACH (_ IN CASE WHEN edge[1] = 'HELD_OUT' THEN [0] ELSE [] END | SET r.split = 'test')
"""


def build(store: Store, dataset: str) -> Snapshot:
    """Write the graph under the name of a data set and give the snapshot that goes with it."""
    triples = [(viewer, "INTERACTED", film) for viewer, films in TRAIN.items() for film in films]
    triples += [(viewer, "HELD_OUT", film) for viewer, films in HELD_OUT.items() for film in films]
    idx = {name: position for position, name in enumerate([*FILMS, *OTHERS])}
    edges = [[start, kind, idx[end]] for start, kind, end in [*triples, *FACTS]]
    relations = [[kind, *words] for kind, words in RELATIONS.items()]
    with store.driver.session(database=store.database) as session:
        session.run(NODES, dataset=dataset, viewers=VIEWERS, films=FILMS, others=OTHERS, relations=relations).consume()
        session.run(EDGES, dataset=dataset, edges=edges).consume()
    store.run_in_transactions("ingest/count_train_users", dataset=dataset)
    return snapshot_of(dataset)


def write_films(store: Store, name: str) -> str:
    """Write the graph and a run without vectors, and beside it a twin with other lists that must not shine through."""
    twin = f"{name[:50]}-twin"
    lists, similar = {"ann": ("Zeta",)}, {"Gamma": {"Zeta": 0.99}}
    write_back(store, build(store, twin), results_of(f"{twin}/run", lists, similar, vectors=False))
    write_back(store, build(store, name), results_of(f"{name}/run", vectors=False))
    return name


def has(store: Store, dataset: str, viewer: str, *films: str) -> None:
    """Let a viewer, known or not, have films one after the other, after whatever was written before."""
    text = """MERGE (user:User {key: $dataset + '/user/' + $viewer})
    ON CREATE SET user.dataset = $dataset, user.name = $viewer, user.idx = 100
    WITH user UNWIND range(0, size($films) - 1) AS place
    MATCH (film:Item {key: $dataset + '/film/' + toLower($films[place])})
    CREATE (user)-[:INTERACTED {at: 1000 + place}]->(film)"""
    with store.driver.session(database=store.database) as session:
        session.run(text, dataset=dataset, viewer=viewer, films=films).consume()


def snapshot_of(dataset: str, split_id: str = "split-1") -> Snapshot:
    """Give the snapshot of the handmade graph: keys and names; a write-back needs no more."""
    nothing = np.zeros((2, 0), np.int64)
    manifest = Manifest(
        dataset=dataset,
        dataset_version=1,
        split_id=split_id,
        relations=tuple(RELATIONS),
        counts={"users": 4, "items": 6, "entities": 8},
        content_hash="hash-of-films",
    )
    keys = [f"{dataset}/film/{film.lower()}" for film in FILMS] + [f"{dataset}/thing/{name.lower()}" for name in OTHERS]
    return Snapshot(
        manifest=manifest,
        interactions={"train": nothing, "valid": nothing, "test": nothing},
        edge_index=nothing,
        edge_type=np.zeros(0, np.int64),
        users=pd.DataFrame({"key": [f"{dataset}/user/{viewer}" for viewer in VIEWERS], "name": list(VIEWERS)}),
        entities=pd.DataFrame({"key": keys, "name": [*FILMS, *OTHERS], "label": ["Film"] * 6 + ["Thing"] * 2}),
        num_items=6,
    )


def results_of(
    run_id: str,
    lists: Mapping[str, Sequence[str]] = LISTS,
    similar_films: Mapping[str, Mapping[str, float]] = SIMILAR_FILMS,
    *,
    vectors: bool = True,
) -> Results:
    """Give the results of a run with these lists; scores fall by a tenth from .9."""
    generator = np.random.default_rng(7)
    scored = {viewer: {film: 0.9 - n / 10 for n, film in enumerate(films)} for viewer, films in lists.items()}
    return Results(
        run_id=run_id,
        model="by-hand",
        config={"length": 3},
        metrics={"valid": {"recall@20": 0.25}},
        snapshot_hash="hash-of-films",
        protocol="honest",
        seed=3,
        recommendations=ranked(VIEWERS, FILMS, scored),
        similar_items=ranked(FILMS, FILMS, similar_films),
        similar_users=ranked(VIEWERS, VIEWERS, SIMILAR_VIEWERS),
        user_vectors=generator.normal(size=(4, 8)).astype(np.float32) if vectors else None,
        item_vectors=generator.normal(size=(6, 8)).astype(np.float32) if vectors else None,
    )


def ranked(starts: Sequence[str], ends: Sequence[str], lists: Mapping[str, Mapping[str, float]], k: int = 3) -> Ranked:
    """Give named lists by rows."""
    rows, scores = np.full((len(starts), k), -1, np.int64), np.zeros((len(starts), k), np.float32)
    for start, scored in lists.items():
        for place, (end, score) in enumerate(scored.items()):
            rows[starts.index(start), place], scores[starts.index(start), place] = ends.index(end), score
    return Ranked(rows, scores)


def count_of_run(store: Store, dataset: str, run_id: str) -> dict[str, int]:
    """Count what of a run stands in the graph, by other means than the statements under test."""
    text = """
    OPTIONAL MATCH (a:User|Entity {dataset: $dataset})-[r:RECOMMENDED|SIMILAR_TO {run: $run}]->()
    WITH count(r) AS edges
    OPTIONAL MATCH (e:Embedding {dataset: $dataset, run: $run})
    WITH edges, count(e) AS vectors
    OPTIONAL MATCH (run:Run {id: $run})
    RETURN edges, vectors, count(run) AS runs
    """
    with store.driver.session(database=store.database) as session:
        record = session.run(text, dataset=dataset, run=run_id).single(strict=True)
        return dict(record)
