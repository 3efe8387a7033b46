"""Plans as files to be read and edited: what the graph's schema suggests, or what the planner agent proposes."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING

from llm_profiles.graph_tools import GraphTools
from llm_profiles.items import domain_of_items
from llm_profiles.plans.default import default_plan
from llm_profiles.plans.files import save_plan
from spikegraph.errors import UsageError
from spikegraph.settings import LlmSettings

if TYPE_CHECKING:
    from cypher.store import Store

PLANS = "plans"
"""The ledger of the planner's calls, beside those of the profile sets."""


def write_default(store: Store, dataset: str, path: Path) -> None:
    """Write the plan that the graph's schema suggests.

    Raises:
        UsageError: the file is there already.
    """
    _require_new(path)
    save_plan(default_plan(GraphTools(store, dataset)), path)


def write_proposed(
    store: Store, dataset: str, path: Path, llm: str, home: Path, settings: LlmSettings, *, sample: int = 20
) -> None:
    """Let the planner agent look at sampled nodes, and write what it proposes with its reasons as comments.

    Args:
        store: where the graph is.
        dataset: name of the data set.
        path: the plan's file.
        llm: the model (`openai:gpt-4o-mini`); it takes tools.
        home: folder of all profile sets; the calls are booked in the ledger `plans` there.
        settings: how the model is asked.
        sample: nodes of each type that are looked at.

    Raises:
        UsageError: the file is there already, or there is no such model.
        ProviderError: the model cannot be asked.
    """
    from llm_profiles.agents.planner import planner_settings, propose_plan
    from llm_profiles.agents.proposal_file import write_proposal
    from llm_profiles.calls.budget import Budget
    from llm_profiles.calls.ledger import Ledger, ledger_path
    from llm_profiles.calls.send import Sender
    from llm_profiles.chat.model import open_chat
    from llm_profiles.prompts.prompt import load_prompt

    _require_new(path)
    roomy = planner_settings(settings)
    tools = GraphTools(store, dataset)
    with Ledger(ledger_path(home, dataset, PLANS)) as ledger:
        sender = Sender(open_chat(llm, roomy), ledger, Budget(ledger), roomy)
        prompt = load_prompt("planner", settings.prompts)
        domain = domain_of_items(tools, settings.prompts)
        proposed = propose_plan(tools, sender, domain, prompt, rng=random.Random(0), sample=sample)  # noqa: S311
    write_proposal(proposed, path)


def _require_new(path: Path) -> None:
    if path.exists():
        raise UsageError("is there already", where=str(path), hint="--to another file, or delete it: it may be edited")
