"""A recommendation's neighbourhood as one HTML file: it opens offline, and for somebody without a database."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cypher.answers.names import Named, find_item, find_user
from cypher.answers.reasons import Reason, explain
from cypher.store import Store
from spikegraph.browser.contents import dataset_style
from spikegraph.browser.style import Style
from spikegraph.errors import MissingExtraError, NotFoundError
from spikegraph.files import replace_text

if TYPE_CHECKING:
    from neo4j.graph import Node, Relationship

REASONS = 5
"""How many reasons stand above the picture in words."""

SHOWN = ("key", "year", "rating", "score", "rank", "run", "count")
"""The properties that a picture carries: enough to look the node up, no texts and no vectors."""

HEAD = """<style>
  body {{ margin: 0; font-family: system-ui, sans-serif; color: #2A2C34 }}
  header {{ padding: 14px 20px 4px }}
  h1 {{ font-size: 20px; margin: 0 0 6px }}
  li {{ margin: 2px 0 }}
  .kind {{ border-radius: 8px; padding: 1px 8px; margin-right: 6px }}
</style>
<header><h1>{title}</h1>
<ol>{reasons}</ol>
<p>{legend}</p></header>
"""


@dataclass(frozen=True)
class Picture:
    """What was drawn.

    Attributes:
        file: the HTML file.
        user: whom it is about.
        item: what it is about.
        nodes: how many nodes it shows.
        relationships: how many relationships it shows.
        reasons: the reasons that stand above it in words.
    """

    file: Path
    user: Named
    item: Named
    nodes: int
    relationships: int
    reasons: tuple[Reason, ...]


def draw_why(store: Store, dataset: str, user: str, item: str, file: Path) -> Picture:
    """Draw what leads from a user to an item: similar items, shared entities, direct facts (train only).

    Raises:
        MissingExtraError: the extra `pictures` is not installed.
        NotFoundError: no such data set, user or item, or nothing leads from one to the other.
        UsageError: several users or items have this name.
    """
    _require_package()
    who, what = find_user(store, dataset, user), find_item(store, dataset, item)
    asked = {"dataset": dataset, "user": who.key, "item": what.key}
    paths = [row["path"] for row in store.read("explore/user/why", **asked)]
    if not paths:
        where = f"'{who.key}' and '{what.key}'"
        raise NotFoundError("nothing in the graph leads from the user to the item", where=where)
    nodes = {node.element_id: node for path in paths for node in path.nodes}
    edges = {edge.element_id: edge for path in paths for edge in path.relationships}
    reasons = tuple(explain(store, dataset, who.key, what.key, limit=REASONS))
    style, title = dataset_style(store, dataset), f"Why {what.name} for {who.name}"
    head = _head(title, reasons, style, nodes.values())
    file.parent.mkdir(parents=True, exist_ok=True)
    drawn = [_node(node, style, {who.key, what.key}) for node in nodes.values()]
    replace_text(file, _html(drawn, [_edge(edge, style) for edge in edges.values()], head, title))
    return Picture(file, who, what, len(nodes), len(edges), reasons)


def _require_package() -> None:
    try:
        import neo4j_viz  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("neo4j-viz", "pictures") from error


def _html(nodes: list[Any], edges: list[Any], head: str, title: str) -> str:
    from neo4j_viz import VisualizationGraph

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # IPython warns of its own display object, which is not displayed
        graph = VisualizationGraph(nodes, edges).render(theme="light", height="calc(100vh - 220px)", width="100%")
    page = str(graph.data).replace("<body>", f"<body>\n{head}", 1)
    return page.replace("</head>", f"<title>{escape(title)}</title>\n</head>", 1)


def _node(node: Node, style: Style, subjects: set[str]) -> Any:
    """Draw a node; those that the picture is about are half as large again."""
    from neo4j_viz import Node as Drawn

    look = style.of_node(node.labels)
    size = look.diameter / 2 * (1.5 if node["key"] in subjects else 1)
    caption = str(node.get("name") or node["key"])
    values = {"caption": caption, "color": look.color, "size": size, "properties": _properties(node)}
    return Drawn.model_validate({"id": node.element_id, **values})


def _edge(edge: Relationship, style: Style) -> Any:
    from neo4j_viz import Relationship as Drawn

    look = style.of_edge(edge.type)
    start, end = edge.nodes
    if start is None or end is None:
        raise NotFoundError("a relationship without its ends cannot be drawn", where=edge.element_id)
    return Drawn.model_validate(
        {
            "id": edge.element_id,
            "source": start.element_id,
            "target": end.element_id,
            "caption": _words(look.caption, edge),
            "color": look.color,
            "width": look.width,
            "properties": _properties(edge),
        }
    )


def _words(caption: str, edge: Relationship) -> str:
    """Fill a caption in as Browser does: properties in braces, `<type>` for the type."""
    words = caption.replace("<type>", edge.type)
    for name, value in edge.items():
        words = words.replace(f"{{{name}}}", str(value))
    return words


def _properties(entity: Node | Relationship) -> dict[str, Any]:
    return {name: entity[name] for name in SHOWN if entity.get(name) is not None}


def _head(title: str, reasons: Iterable[Reason], style: Style, nodes: Iterable[Node]) -> str:
    lines = "".join(f"<li>{escape(reason.text)} ({reason.contribution:.2f})</li>" for reason in reasons)
    labels = {label for node in nodes for label in node.labels}
    shown = [label for label in ("User", "Item", *style.kinds) if label in labels]
    legend = "".join(
        f'<span class="kind" style="background: {style.nodes[label].color}; color: {style.nodes[label].text_color}">'
        f"{escape(label)}</span>"
        for label in shown
    )
    return HEAD.format(title=escape(title), reasons=lines, legend=legend)
