"""What the tools of an agent read: the graph around its node, and profiles of the kinds that are written before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from llm_profiles.agents.node import Reads
from llm_profiles.calls.ledger import Ledger
from llm_profiles.contract import KINDS, Kind
from llm_profiles.graph_tools import GraphTools
from llm_profiles.node_tools import NodeTools


def reads_of(tools: GraphTools, ledger: Ledger) -> Reads:
    """Give the reads of nodes in the graph, with the profiles of the kinds that are written before theirs."""
    return lambda context: NodeTools(tools, context.kind, context.key, _Profiles(ledger, context.kind))


class _Profiles(Mapping[str, str]):
    """The profiles that nodes of a kind may read, looked up when they are asked for."""

    def __init__(self, ledger: Ledger, kind: Kind) -> None:
        self._ledger = ledger
        self._before = KINDS[: KINDS.index(kind)]

    def __getitem__(self, node: str) -> str:
        entry = self._ledger.current([node]).get(node)
        if entry is None or entry.kind not in self._before:
            raise KeyError(node)
        return entry.text

    def __iter__(self) -> Iterator[str]:
        return iter(())  # they are asked for one by one, by the nodes that are near

    def __len__(self) -> int:
        return 0
