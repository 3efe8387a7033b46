"""How a data set looks: a colour, a size and a caption for every label, a caption and a width for every type.

The one place of the colours: Neo4j Browser takes them as a `.grass` file, pictures take them from here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

USER, ITEM = "#4C8EDA", "#F79767"
"""Blue for who is recommended to, orange for what can be recommended."""

KINDS = ("#8DCC93", "#C990C0", "#57C7E3", "#ECB5C9", "#D9C8AE", "#F16667", "#569480", "#FFC454", "#DA7194", "#A4DD00")
"""For the kinds of entity of a data set, in the order of their labels."""

FACT = "#A5ABB6"

DARK, LIGHT = "#2A2C34", "#FFFFFF"
"""Texts on light and on dark colours."""


@dataclass(frozen=True)
class NodeStyle:
    """How nodes of a label look: `caption` as Browser reads it, with properties in braces; `diameter` in pixels."""

    color: str
    diameter: int
    caption: str

    @property
    def text_color(self) -> str:
        """Dark on light, light on dark, by the colour's luminance."""
        red, green, blue = (int(self.color[place : place + 2], 16) for place in (1, 3, 5))
        return DARK if 0.299 * red + 0.587 * green + 0.114 * blue > 150 else LIGHT

    @property
    def border(self) -> str:
        """The same colour, darker by a fifth."""
        return "#" + "".join(f"{int(int(self.color[place : place + 2], 16) * 0.8):02X}" for place in (1, 3, 5))


@dataclass(frozen=True)
class EdgeStyle:
    """How relationships of a type look: `caption` as Browser reads it, `width` in pixels."""

    color: str
    width: int
    caption: str


@dataclass(frozen=True)
class Style:
    """How a data set looks.

    Attributes:
        kinds: the labels of its kinds of entity.
        nodes: by label; of several labels of a node the last one here decides.
        edges: by relationship type.
    """

    kinds: tuple[str, ...]
    nodes: Mapping[str, NodeStyle]
    edges: Mapping[str, EdgeStyle]

    def of_node(self, labels: Iterable[str]) -> NodeStyle:
        """Give the style of a node with these labels."""
        found = set(labels)
        return next((style for label, style in reversed(list(self.nodes.items())) if label in found), PLAIN)

    def of_edge(self, kind: str) -> EdgeStyle:
        """Give the style of a relationship of this type."""
        return self.edges.get(kind, EdgeStyle(FACT, 1, "<type>"))


PLAIN = NodeStyle(FACT, 50, "{name}")

RECORDS = {
    "Dataset": NodeStyle("#2A2C34", 80, "{name}"),
    "Run": NodeStyle("#604A0E", 65, "{id}"),
    "ProfileRun": NodeStyle("#848484", 50, "{id}"),
    "Relation": NodeStyle("#B0B6BF", 50, "{name}"),
    "Community": NodeStyle("#FFE081", 80, "{name}"),
    "Embedding": NodeStyle("#E5E7EB", 10, ""),
}

EDGES = {
    "INTERACTED": EdgeStyle("#4C8EDA", 1, "had"),
    "HELD_OUT": EdgeStyle("#C4C9D4", 1, "held out"),
    "RECOMMENDED": EdgeStyle("#E0552B", 3, "{rank}. {run}"),
    "SIMILAR_TO": EdgeStyle("#C08A1E", 2, "similar"),
    "IN_COMMUNITY": EdgeStyle("#D9B84A", 1, "in"),
}


def style_of(kinds: Sequence[str], relations: Mapping[str, str]) -> Style:
    """Give the style of a data set.

    Args:
        kinds: the labels of its kinds of entity that are no items, as `Person` and `Genre`.
        relations: by relationship type what it says in words, as `directed by`.
    """
    colored = {
        label: NodeStyle(KINDS[place % len(KINDS)], 50, "{name}") for place, label in enumerate(sorted(set(kinds)))
    }
    people = {"User": NodeStyle(USER, 65, "{name}"), "Item": NodeStyle(ITEM, 65, "{name}")}
    facts = {kind: EdgeStyle(FACT, 1, words) for kind, words in relations.items()}
    return Style(tuple(colored), {"Entity": PLAIN, **colored, **RECORDS, **people}, {**facts, **EDGES})


def grass(style: Style) -> str:
    """Write a style as Neo4j Browser reads it."""
    rules = [_rule("node", _node(PLAIN)), _rule("relationship", _edge(EdgeStyle(FACT, 1, "<type>")))]
    rules += [_rule(f"node.{label}", _node(node)) for label, node in style.nodes.items()]
    rules += [_rule(f"relationship.{kind}", _edge(edge)) for kind, edge in style.edges.items()]
    return "\n".join(rules)


def _node(style: NodeStyle) -> dict[str, str]:
    return {
        "color": style.color,
        "border-color": style.border,
        "border-width": "2px",
        "text-color-internal": style.text_color,
        "diameter": f"{style.diameter}px",
        "font-size": "10px",
        "caption": _quoted(style.caption),
    }


def _edge(style: EdgeStyle) -> dict[str, str]:
    return {
        "color": style.color,
        "shaft-width": f"{style.width}px",
        "font-size": "9px",
        "padding": "3px",
        "text-color-external": DARK,
        "text-color-internal": LIGHT,
        "caption": _quoted(style.caption),
    }


def _rule(selector: str, properties: Mapping[str, str]) -> str:
    lines = "".join(f"  {name}: {value};\n" for name, value in properties.items())
    return f"{selector} {{\n{lines}}}\n"


def _quoted(caption: str) -> str:
    """Quote a caption. Browser's reader of such files knows no escapes and splits at colons and semicolons."""
    return '"' + re.sub(r"[\"':;]", " ", caption) + '"'
