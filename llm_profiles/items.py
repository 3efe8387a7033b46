"""Which words suit the items of a data set."""

from __future__ import annotations

from pathlib import Path

from llm_profiles.graph_tools import GraphTools
from llm_profiles.prompts.domains import Domain, domain_of


def domain_of_items(tools: GraphTools, folder: Path | None = None) -> Domain:
    """Guess the domain of a data set by the type labels of its items, each as often as it comes, else by its name.

    Args:
        tools: of the data set.
        folder: of the user's own prompts and domains.
    """
    by_type = tools.keys_by_type()
    labels = [label for (kind, label), keys in by_type.items() if kind == "item" for _ in keys]
    return domain_of(labels, tools.record.name, folder)
