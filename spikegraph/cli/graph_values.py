"""Nodes, relationships and paths that a statement gives, as plain values for JSON and in words for a table."""

from __future__ import annotations

from typing import Any

from neo4j.graph import Node, Path, Relationship


def plain(value: Any) -> Any:
    """Give a value as JSON holds it: a node by key, name and labels, a path as its nodes and relationships in order."""
    if isinstance(value, Node):
        return {"key": _key(value), "name": value.get("name"), "labels": sorted(value.labels)}
    if isinstance(value, Relationship):
        ends = {
            end: None if node is None else _key(node) for end, node in zip(("start", "end"), value.nodes, strict=True)
        }
        return {"type": value.type, **ends, "properties": dict(value.items())}
    if isinstance(value, Path):
        return {"nodes": plain(list(value.nodes)), "relationships": plain(list(value.relationships))}
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    return value


def in_words(value: Any) -> Any:
    """Give a value for the cell of a table: a path is read from its start to its end."""
    if isinstance(value, Node):
        return str(value.get("name") or _key(value))
    if isinstance(value, Relationship):
        return value.type
    if isinstance(value, Path):
        steps = zip(value.nodes, value.relationships, value.nodes[1:], strict=False)
        return in_words(value.start_node) + "".join(_step(*step) for step in steps)
    if isinstance(value, list):
        return ", ".join(str(in_words(each)) for each in value)
    return value


def _step(here: Node, relationship: Relationship, there: Node) -> str:
    forward = relationship.start_node == here
    arrow = f"-{relationship.type}→" if forward else f"←{relationship.type}-"
    return f" {arrow} {in_words(there)}"


def _key(node: Node) -> str | None:
    """Give what a node is known by: data sets and runs have no key."""
    return next((str(node[name]) for name in ("key", "id", "name") if node.get(name) is not None), None)
