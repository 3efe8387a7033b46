"""What an agent may do: read the train neighbourhood of the node it writes about, and nothing else.

Which node, which data set and which splits are closed over, never arguments: whatever a model asks for, it sees
nothing beyond what the reads of `NodeTools` give, and there is no tool that writes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol

from langchain_core.tools import BaseTool, StructuredTool
from pydantic import BaseModel, Field, create_model

from llm_profiles.plans.plan import Direction, Order


class NodeReads(Protocol):
    """The bounded reads of one node, as text (see `NodeTools`)."""

    def describe(self) -> str:
        """Its name, type and own texts."""
        ...

    def relations(self) -> str:
        """Its relations, with directions and how many neighbours each has."""
        ...

    def neighbours(self, relation: str, direction: Direction, limit: int = 8, order: Order = "popular") -> str:
        """Its neighbours by one relation and direction."""
        ...

    def two_hop(self, relation: str, then: str, limit: int = 8) -> str:
        """What its neighbours lead to."""
        ...

    def reviews(self, limit: int = 3, max_chars: int = 300) -> str:
        """Train reviews."""
        ...

    def neighbour_profiles(self, relation: str, limit: int = 4) -> str:
        """Profiles of neighbours that are written already."""
        ...


class _Nothing(BaseModel):
    pass


class _Neighbours(BaseModel):
    relation: str = Field(description="a relation, spelt as `relations` gives it")
    direction: Direction = Field(default="out", description="'out' where this node is the head, 'in' where the tail")
    limit: int = Field(default=8, ge=1, le=30)
    order: Order = "popular"


class _TwoHop(BaseModel):
    relation: str = Field(description="a relation from this node to its neighbours")
    then: str = Field(description="a relation from the neighbours onwards")
    limit: int = Field(default=8, ge=1, le=30)


class _Reviews(BaseModel):
    limit: int = Field(default=3, ge=1, le=10)
    max_chars: int = Field(default=300, ge=50, le=1000)


class _Profiles(BaseModel):
    relation: str = Field(description="a relation from this node to its neighbours")
    limit: int = Field(default=4, ge=1, le=10)


ToolName = Literal["describe", "relations", "neighbours", "two_hop", "reviews", "neighbour_profiles"]

_TOOLS: dict[ToolName, tuple[str, type[BaseModel]]] = {
    "describe": ("The node's name, its type and its own texts.", _Nothing),
    "relations": ("The node's relations: type, direction and number of neighbours.", _Nothing),
    "neighbours": ("The node's neighbours by one relation, in one direction.", _Neighbours),
    "two_hop": ("What the node's neighbours by one relation lead to by another.", _TwoHop),
    "reviews": ("What people who took it wrote about it.", _Reviews),
    "neighbour_profiles": ("The profiles of neighbours, where they are written already.", _Profiles),
}

Shown = Callable[[str], str]
"""How a read goes to the model: between marks, as data."""


def node_tools(node: NodeReads, shown: Shown) -> list[BaseTool]:
    """Give the reads of one node as tools."""
    return [_tool(name, arguments, lambda _: node, shown) for name, (_, arguments) in _TOOLS.items()]


def sample_tools(nodes: Sequence[NodeReads], shown: Shown) -> list[BaseTool]:
    """Give the same reads for a sample of nodes: the first argument is the number of the node in it, from 1."""
    which = (int, Field(ge=1, le=len(nodes), description="number of the node in the sample"))
    names = [name for name in _TOOLS if name != "neighbour_profiles"]  # none is written when plans are made
    return [
        _tool(name, create_model(f"Sampled{name}", __base__=_TOOLS[name][1], node=which), _numbered(nodes), shown)
        for name in names
    ]


def _numbered(nodes: Sequence[NodeReads]) -> Callable[[dict[str, Any]], NodeReads]:
    return lambda arguments: nodes[arguments.pop("node") - 1]


def _tool(
    name: ToolName, arguments: type[BaseModel], node_of: Callable[[dict[str, Any]], NodeReads], shown: Shown
) -> BaseTool:
    def read(**given: Any) -> str:
        node = node_of(given)
        return shown(getattr(node, name)(**given))

    return StructuredTool.from_function(read, name=name, description=_TOOLS[name][0], args_schema=arguments)
