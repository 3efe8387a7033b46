"""Agents on a real graph: whatever a model asks for, it reads its own node's train neighbourhood and writes nothing."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from cypher.store import Store
from ingest.split import SplitRule
from ingest.write import ingest, remove
from llm_profiles.agents.planner import planner_settings, propose_plan
from llm_profiles.agents.proposal_file import ProposedPlan, write_proposal
from llm_profiles.agents.reads import reads_of
from llm_profiles.agents.tools import node_tools
from llm_profiles.calls.budget import Budget
from llm_profiles.calls.ledger import Ledger
from llm_profiles.calls.send import Sender
from llm_profiles.contract import Context, Kind
from llm_profiles.graph_tools import GraphTools
from llm_profiles.plans.default import default_plan
from llm_profiles.plans.files import load_plan
from llm_profiles.prompts.domains import load_domain
from llm_profiles.prompts.prompt import load_prompt
from tests.support.chat_run import chat_of, settings_of
from tests.support.scripted_chat import Body, ScriptedChat, scripted_chat, told, tools_of
from tests.support.tables import CANARY, FILMS, tiny_tables

HOSTILE = (
    "DIRECTED_BY", "HAS_GENRE", "INFLUENCED_BY", "INTERACTED", "HELD_OUT", "RECOMMENDED", "SIMILAR_TO", "*", "",
    "DIRECTED_BY|HELD_OUT", "X]->() DETACH DELETE n //", "`HELD_OUT`", "DIRECTED_BY {split: 'test'}",
)  # fmt: skip

TWICE = [("DIRECTED_BY", "INFLUENCED_BY"), ("DIRECTED_BY", "HELD_OUT"), ("HELD_OUT", "DIRECTED_BY"), ("", "*")]


@pytest.fixture
def tiny(store: Store, dataset_name: str) -> Iterator[str]:
    ingest(store, dataset_name, tiny_tables(), split=SplitRule("given"))
    yield dataset_name
    remove(store, dataset_name)


@pytest.fixture
def other(store: Store, dataset_name: str) -> Iterator[str]:
    tables = tiny_tables()
    tables.entities["name"] = "Secret " + tables.entities["name"]
    ingest(store, f"{dataset_name}-other", tables, split=SplitRule("given"))
    yield f"{dataset_name}-other"
    remove(store, f"{dataset_name}-other")


def everything(store: Store, dataset: str, ledger: Ledger, kind: Kind, key: str) -> list[str]:
    """Call every tool of a node with everything that a model might try."""
    reads = reads_of(GraphTools(store, dataset), ledger)(Context(kind, key, "a name"))
    tools = {tool.name: tool for tool in node_tools(reads, str)}
    calls: list[tuple[str, dict[str, Any]]] = [("describe", {}), ("relations", {}), ("reviews", {"limit": 10})]
    for relation, direction in zip(HOSTILE, cycle(("out", "in")), strict=False):
        calls.append(("neighbours", {"relation": relation, "direction": direction, "limit": 30}))
    calls += [("two_hop", {"relation": first, "then": then}) for first, then in TWICE]
    calls += [("neighbour_profiles", {"relation": relation}) for relation in HOSTILE[:5]]
    return [str(tools[name].invoke(arguments)) for name, arguments in calls]


def content(store: Store, dataset: str) -> Any:
    """Give the size of a data set and all its properties, to see whether anything was written."""
    query = (
        "MATCH (n) WHERE n.dataset = $d OR (n:Dataset AND n.name = $d) OPTIONAL MATCH (n)-[r]->() "
        "WITH n, count(r) AS out RETURN labels(n) AS labels, properties(n) AS properties, out ORDER BY n.key, n.name"
    )
    return [record.data() for record in store.driver.execute_query(query, d=dataset).records]


def test_no_tool_reads_held_out_edges_or_another_data_set_and_none_writes(
    store: Store, tiny: str, other: str, tmp_path: Path
) -> None:
    before = content(store, tiny), content(store, other)
    with Ledger(tmp_path / "l") as ledger:
        user = everything(store, tiny, ledger, "user", f"{tiny}/user/0")
        said = user + everything(store, tiny, ledger, "item", f"{tiny}/film/3")
        said += everything(store, tiny, ledger, "entity", f"{tiny}/person/0")
    assert (content(store, tiny), content(store, other)) == before
    assert any(FILMS[0] in text for text in user)
    assert any("Ada Ames" in text for text in said)
    assert not [text for text in said if CANARY in text or "Secret" in text]
    assert not [text for text in user if FILMS[3] in text or FILMS[4] in text], "held-out items of the user"


def test_profiles_are_read_of_kinds_that_are_written_before(store: Store, tiny: str, tmp_path: Path) -> None:
    from llm_profiles.calls.request import Request

    with Ledger(tmp_path / "l") as ledger:
        for kind, node in (("item", "film/0"), ("entity", "person/0")):
            key = f"{tiny}/{node}"
            ledger.done(Request(kind, key, "s", "u", "p", f"key of {node}"), f"The profile of {node}.")  # type: ignore[arg-type]
        said = {kind: everything(store, tiny, ledger, kind, f"{tiny}/{node}") for kind, node in
                (("item", "film/2"), ("entity", "person/0"), ("user", "user/0"))}  # type: ignore[misc]  # fmt: skip
    assert any("The profile of film/0." in text for text in said["entity"])  # type: ignore[index]
    assert any("The profile of film/0." in text for text in said["user"])  # type: ignore[index]
    assert not any("The profile of" in text for text in said["item"])  # type: ignore[index]


PLANS = {
    "Film": {"relations": [{"relation": "DIRECTED_BY", "direction": "out", "limit": 2, "reason": "who made it"}],
             "texts": ["plot"], "reason": "films are known by their makers"},
    "Person": {"relations": [{"relation": "DIRECTED_BY", "direction": "in", "limit": 5, "reason": "what they made"}],
               "reason": "people are known by their films"},
    "user": {"items": 11, "reason": "short histories"},
}  # fmt: skip


def planner(body: Body) -> Any:
    """Look at two nodes, then propose; for genres, insist on what is not there."""
    asked = body["messages"][1]["content"]
    label = asked.split("Type: ")[1].split(",")[0]
    if not told(body):
        return [("relations", {"node": 1}), ("describe", {"node": 2})]
    if label == "Genre":
        return [("Plan", {"relations": [{"relation": "BORN_IN", "direction": "in", "reason": "r"}], "reason": "r"})]
    assert "Plan" in tools_of(body)
    return [("Plan", PLANS[label])]


def proposed(
    store: Store, dataset: str, folder: Path, script: Any = planner
) -> tuple[ProposedPlan, Ledger, ScriptedChat]:
    ledger = Ledger(folder / "ledger")
    with scripted_chat(script) as chat:
        settings = planner_settings(settings_of(chat.url))
        sender = Sender(chat_of(settings), ledger, Budget(ledger), settings, backoff=0.01)
        plan = propose_plan(
            GraphTools(store, dataset), sender, load_domain("films"), load_prompt("planner"), rng=random.Random(5)
        )
    return plan, ledger, chat


def test_a_proposed_plan_fits_the_data_set_and_can_be_edited(store: Store, tiny: str, tmp_path: Path) -> None:
    found, ledger, chat = proposed(store, tiny, tmp_path)
    tools = GraphTools(store, tiny)
    start = default_plan(tools)
    assert [(r.relation, r.limit) for r in found.plan.items["Film"].relations] == [("DIRECTED_BY", 2)]
    assert [(r.relation, r.direction) for r in found.plan.entities["Person"].relations] == [("DIRECTED_BY", "in")]
    assert found.plan.users.items == 11
    assert found.plan.entities["Genre"] == start.entities["Genre"], "no valid proposal: the default stays"
    assert "no relation BORN_IN in; there are: HAS_GENRE in" in found.reasons["entities/Genre"]
    write_proposal(found, tmp_path / "plan.yaml")
    assert load_plan(tmp_path / "plan.yaml", tools) == found.plan
    text = (tmp_path / "plan.yaml").read_text(encoding="utf-8")
    assert "# films are known by their makers" in text
    assert "# who made it" in text
    assert ledger.totals().tokens_in == 100 * len(chat.bodies)
    assert not [body for body in chat.bodies if CANARY in str(body)]
    assert not [body for body in chat.bodies if "Viewer" in str(body["messages"][1]) or f"{tiny}/user" in str(body)]


def test_a_planner_that_never_ends_leaves_the_default(store: Store, tiny: str, tmp_path: Path) -> None:
    found, ledger, chat = proposed(store, tiny, tmp_path, lambda body: [("relations", {"node": 1})])
    assert found.plan == default_plan(GraphTools(store, tiny))
    assert len(chat.bodies) == 8 * 4
    assert ledger.totals().outcomes == {"agent_step": 32}
    assert "run limit (8/8)" in found.reasons["users"]
