"""The slow and plain way to read a data set: one record a row, sets and dictionaries. The oracle of the export."""

from __future__ import annotations

from dataclasses import dataclass

from neo4j import Driver

Triple = tuple[str, str, str]


@dataclass(frozen=True)
class NaiveGraph:
    """A data set by keys."""

    users: dict[str, str]
    items: set[str]
    entities: dict[str, tuple[str, str]]
    triples: set[Triple]
    interactions: dict[str, set[tuple[str, str]]]


def read_naively(driver: Driver, dataset: str, label: str, types: set[str]) -> NaiveGraph:
    """Read row by row, with statements of its own."""
    users = driver.execute_query("MATCH (u:User {dataset: $d}) RETURN u.key AS key, u.name AS name", d=dataset).records
    nodes = driver.execute_query("MATCH (e:Entity {dataset: $d}) RETURN e AS node", d=dataset).records
    triples = driver.execute_query(
        "MATCH (h:Entity {dataset: $d})-[r]->(t:Entity {dataset: $d}) RETURN h.key AS h, type(r) AS type, t.key AS t",
        d=dataset,
    ).records
    pairs = driver.execute_query(
        "MATCH (u:User {dataset: $d})-[r]->(i:Item) WHERE type(r) IN ['INTERACTED', 'HELD_OUT'] "
        "RETURN u.key AS user, coalesce(r.split, 'train') AS split, i.key AS item",
        d=dataset,
    ).records
    interactions: dict[str, set[tuple[str, str]]] = {"train": set(), "valid": set(), "test": set()}
    for record in pairs:
        interactions[record["split"]].add((record["user"], record["item"]))
    kinds = {record["node"]["key"]: record["node"].labels - {"Entity", "Item", label} for record in nodes}
    return NaiveGraph(
        users={record["key"]: record["name"] or "" for record in users},
        items={record["node"]["key"] for record in nodes if "Item" in record["node"].labels},
        entities={r["node"]["key"]: (r["node"].get("name", ""), min(kinds[r["node"]["key"]])) for r in nodes},
        triples={(r["h"], r["type"], r["t"]) for r in triples if r["type"] in types},
        interactions=interactions,
    )
