"""An agent's run ends: with a valid answer, or at a limit with the reason. Over HTTP, against scripted answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langchain_openai import ChatOpenAI
from pydantic import BaseModel, Field

from llm_profiles.agents.run import AgentLimits, AgentResult, RunStoppedError, run_agent
from llm_profiles.agents.tools import node_tools, sample_tools
from tests.support.scripted_chat import Body, Script, ScriptedChat, scripted_chat, told, tools_of

READ = ("neighbours", {"relation": "DIRECTED_BY"})
ANSWER = ("Profile", {"profile": "A film of few words."})


class Profile(BaseModel):
    """The finished profile."""

    profile: str = Field(min_length=5)


@dataclass
class Node:
    """Reads that say what they were asked."""

    name: str = "Alpha"
    asked: list[Any] = field(default_factory=list)

    def _said(self, *asked: Any) -> str:
        self.asked.append(asked)
        return f"{self.name} {asked}"

    def describe(self) -> str:
        return self._said("describe")

    def relations(self) -> str:
        return self._said("relations")

    def neighbours(self, relation: str, direction: str, limit: int = 8, order: str = "popular") -> str:
        return self._said(relation, direction, limit, order)

    def two_hop(self, relation: str, then: str, limit: int = 8) -> str:
        return self._said(relation, then, limit)

    def reviews(self, limit: int = 3, max_chars: int = 300) -> str:
        return self._said("reviews", limit, max_chars)

    def neighbour_profiles(self, relation: str, limit: int = 4) -> str:
        return self._said("profiles", relation, limit)


class Booked:
    """Makes model calls and keeps what each of them cost."""

    def __init__(self) -> None:
        self.tokens: list[int] = []
        self.sent: list[str] = []

    def __call__(self, call: Callable[[], AIMessage], sent: str) -> AIMessage:
        message = call()
        self.sent.append(sent)
        self.tokens.append(message.usage_metadata["total_tokens"] if message.usage_metadata else 0)
        return message


def run(
    script: Script, node: Node | None = None, limits: AgentLimits | None = None, booked: Booked | None = None
) -> tuple[AgentResult[Profile], ScriptedChat]:
    with scripted_chat(script) as chat:
        model = ChatOpenAI(model="scripted", base_url=chat.url, api_key="none", max_retries=0)  # type: ignore[arg-type]
        tools = node_tools(node or Node(), lambda text: f"<data>{text}</data>")
        return run_agent(model, tools, ("system", "user"), Profile, booked or Booked(), limits), chat


def in_turn(*answers: Any) -> Script:
    left = list(answers)
    return lambda body: left.pop(0) if len(left) > 1 else left[0]


def test_a_model_reads_and_answers() -> None:
    node, booked = Node(), Booked()
    result, chat = run(in_turn([READ, ("reviews", {"limit": 2})], [ANSWER]), node, booked=booked)
    assert result.answer == Profile(profile="A film of few words.")
    assert result.error == ""
    assert sorted(map(str, node.asked)) == ["('DIRECTED_BY', 'out', 8, 'popular')", "('reviews', 2, 300)"]
    assert [text.startswith("<data>Alpha") and text.endswith("</data>") for text in told(chat.bodies[1])] == [True] * 2
    assert booked.tokens == [110, 110]
    assert all("system" in sent and "user" in sent and "neighbours" in sent for sent in booked.sent)
    assert told(chat.bodies[1])[0] in booked.sent[1]


def test_a_model_that_reads_for_ever_is_stopped_and_all_calls_are_booked() -> None:
    node, booked = Node(), Booked()
    result, chat = run(lambda body: [READ], node, booked=booked)
    assert result.answer is None
    assert "Model call limits exceeded: run limit (8/8)" in result.error
    assert len(chat.bodies) == len(booked.tokens) == 8


def test_the_last_model_call_offers_nothing_but_the_answer() -> None:
    def obedient(body: Body) -> Any:
        return [READ] if "neighbours" in tools_of(body) else [ANSWER]

    result, chat = run(obedient)
    assert result.answer is not None
    assert [tools_of(body) == ["Profile"] for body in chat.bodies] == [False] * 7 + [True]
    result, chat = run(obedient, limits=AgentLimits(model_calls=20, tool_calls=6))
    assert result.answer is not None
    assert len(chat.bodies) == 5


def test_many_reads_at_once_are_stopped_before_any_of_them() -> None:
    node = Node()
    result, chat = run(lambda body: [READ] * 13, node)
    assert "Tool call limit reached" in result.error
    assert (len(chat.bodies), node.asked) == (1, [])


def test_an_answer_that_never_validates_is_sent_back_twice() -> None:
    result, chat = run(lambda body: [("Profile", {"profile": "no"})])
    assert result.answer is None
    assert "no answer was valid" in result.error
    assert len(chat.bodies) == 3
    assert "profile: String should have at least 5 characters" in told(chat.bodies[1])[0]


@pytest.mark.parametrize(
    "wrong", [[("Profile", {})], [("Profile", {"text": "A film of few words."})], [ANSWER, ANSWER]], ids=str
)
def test_an_answer_of_the_wrong_form_is_mended(wrong: Any) -> None:
    result, chat = run(in_turn(wrong, [ANSWER]))
    assert result.answer == Profile(profile="A film of few words.")
    assert len(chat.bodies) == 2


def test_a_text_instead_of_an_answer_is_no_answer() -> None:
    result, _ = run(lambda body: "Model call failed after 3 attempts")
    assert result.answer is None
    assert result.error == "the model ended without an answer"
    assert result.last is not None
    assert result.last.text == "Model call failed after 3 attempts"


@pytest.mark.parametrize(
    "call",
    [("neighbours", {"relation": "A", "direction": "up"}), ("neighbours", {}), ("write", {"x": 1}),
     ("reviews", {"limit": 10_000}), ("neighbours", {"relation": "A", "limit": 10_000})],
    ids=str,
)  # fmt: skip
def test_wrong_calls_reach_no_read_and_are_told(call: Any) -> None:
    node = Node()
    result, chat = run(in_turn([call], [ANSWER]), node)
    assert result.answer is not None
    assert node.asked == []
    assert len(told(chat.bodies[1])) == 1


@pytest.mark.parametrize("smuggled", ["key", "node", "splits", "split", "dataset", "tools"])
def test_no_argument_names_another_node_data_set_or_split(smuggled: str) -> None:
    node = Node()
    run(in_turn([("neighbours", {"relation": "A", smuggled: "other"})], [ANSWER]), node)
    assert node.asked in ([], [("A", "out", 8, "popular")])


def test_what_send_raises_ends_the_run() -> None:
    def refuses(call: Callable[[], AIMessage], sent: str) -> AIMessage:
        raise RunStoppedError("the budget is spent")

    def breaks(call: Callable[[], AIMessage], sent: str) -> AIMessage:
        raise KeyError("ours")

    model = ChatOpenAI(model="m", base_url="http://127.0.0.1:9/v1", api_key="none")  # type: ignore[arg-type]
    tools = node_tools(Node(), str)
    assert run_agent(model, tools, ("s", "u"), Profile, refuses).error == "the budget is spent"
    with pytest.raises(KeyError):
        run_agent(model, tools, ("s", "u"), Profile, breaks)


def test_a_sample_is_read_by_number_and_only_within_it() -> None:
    nodes = [Node("Alpha"), Node("Beta")]
    tools = {tool.name: tool for tool in sample_tools(nodes, str)}
    assert "neighbour_profiles" not in tools
    assert tools["neighbours"].invoke({"node": 2, "relation": "A"}).startswith("Beta")
    for number in (0, 3, -1):
        with pytest.raises(ValueError, match="node"):
            tools["describe"].invoke({"node": number})
    assert nodes[0].asked == []
