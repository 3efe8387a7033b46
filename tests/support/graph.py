"""The graph of a data set as plain Python, to compare one with another."""

from __future__ import annotations

import json
from typing import Any, LiteralString

from cypher.store import Store

_NODES: LiteralString = "MATCH (n) WHERE n.dataset = $name RETURN labels(n) AS labels, properties(n) AS properties"
_RELATIONSHIPS: LiteralString = """MATCH (a)-[r]->(b) WHERE b.dataset = $name
RETURN coalesce(a.key, a.name) AS start, type(r) AS type, properties(r) AS properties,
    coalesce(b.key, b.type, b.id) AS end"""


def run(store: Store, text: LiteralString, **parameters: Any) -> list[dict[str, Any]]:
    """Run Cypher of a test."""
    answer = store.driver.execute_query(text, parameters, database_=store.database)
    return [record.data() for record in answer.records]


def dump(store: Store, name: str) -> dict[str, list[str]]:
    """Give all nodes and relationships of a data set as sorted lines, without the data set's name."""
    nodes = [[sorted(row["labels"]), row["properties"]] for row in run(store, _NODES, name=name)]
    edges = [list(row.values()) for row in run(store, _RELATIONSHIPS, name=name)]
    return {"nodes": _lines(nodes, name), "relationships": _lines(edges, name)}


def _lines(values: list[list[Any]], name: str) -> list[str]:
    return sorted(json.dumps(value, sort_keys=True, default=str).replace(name, "NAME") for value in values)
