"""Agents that write and repair profiles: everything is booked, and what fails is given up with its reason."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from llm_profiles.agents.repair import ALWAYS, Repair
from llm_profiles.agents.words import with_tools
from llm_profiles.agents.writer import AgentWriter
from llm_profiles.calls.budget import Budget
from llm_profiles.calls.ledger import Ledger
from llm_profiles.calls.send import Sender
from llm_profiles.contract import Context, Profile
from llm_profiles.prompts.prompt import load_prompt
from llm_profiles.prompts.requests import load_prompts
from spikegraph.errors import LimitReachedError, ProviderError
from tests.llm_profiles.test_agent_run import READ, Node
from tests.support.chat_run import chat_of, chat_writer, film, films, request_maker, settings_of
from tests.support.chat_server import ChatServer
from tests.support.contexts import director, viewer
from tests.support.scripted_chat import Body, Script, scripted_chat, tools_of

PROFILE = (
    "{name} is a quiet film about people who look for what they lost, made with patience and a dry sense of humour. "
    "Viewers who like slow stories with a warm end will come back to it."
)


def good(body: Body) -> Any:
    """Read once, then hand in a profile that names the film."""
    asked = body["messages"][1]["content"]
    name = asked.split("Film: ")[1].splitlines()[0]
    read = any(message["role"] == "tool" for message in body["messages"])
    return [("Profile", {"profile": PROFILE.format(name=name)})] if read else [READ]


def agent_writer(url: str, ledger: Ledger, **changes: Any) -> AgentWriter:
    limits = {name: changes.pop(name) for name in ("max_tokens", "max_nodes") if name in changes}
    settings = settings_of(url)
    prompts = with_tools(load_prompts(), load_prompt("agent"))
    requests = request_maker(settings, ledger, prompts=prompts, mode="agent")
    budget = Budget(ledger, **limits)
    writer = AgentWriter(chat_of(settings), requests, ledger, budget, settings, lambda _: Node(), **changes)
    writer.sender.backoff = 0.01
    return writer


def write(url: str, path: Path, contexts: Iterable[Context], **changes: Any) -> tuple[list[Profile], Ledger]:
    ledger = Ledger(path)
    return list(agent_writer(url, ledger, **changes).write(contexts)), ledger


def test_an_agent_writes_and_every_call_is_booked(tmp_path: Path) -> None:
    with scripted_chat(good) as chat:
        profiles, ledger = write(chat.url, tmp_path / "l", films(3))
    assert sorted(profile.key for profile in profiles) == [f"d/film/{n}" for n in range(3)]
    assert {(profile.writer, profile.model) for profile in profiles} == {("llm-agent", "scripted-1")}
    totals = ledger.totals()
    assert (totals.calls, totals.nodes) == ({"done": 3}, 3)
    assert totals.outcomes == {"agent_step": len(chat.bodies)} == {"agent_step": 6}
    assert (totals.tokens_in, totals.tokens_out) == (600, 60)
    assert {entry.mode for entry in ledger.entries("done")} == {"agent"}


def test_what_is_written_is_not_asked_for_again(tmp_path: Path) -> None:
    with scripted_chat(good) as chat:
        write(chat.url, tmp_path / "l", films(2))
        asked = len(chat.bodies)
        profiles, _ = write(chat.url, tmp_path / "l", films(2))
    assert (len(profiles), len(chat.bodies)) == (2, asked)


def test_the_agents_words_stand_in_the_request_and_its_key(tmp_path: Path) -> None:
    with scripted_chat(good) as chat, Ledger(tmp_path / "l") as ledger:
        agent = agent_writer(chat.url, ledger)._requests.of(film(1))
        chain = request_maker(settings_of(chat.url), ledger).of(film(1))
    assert "tool `Profile`" in agent.system
    assert agent.system.startswith(chain.system[:200])
    assert agent.prompt.startswith("item/1+agent/1@")
    assert agent.key != chain.key


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (lambda body: [READ], "Model call limits exceeded"),
        (lambda body: [READ] * 20, "Tool call limit reached"),
        (lambda body: [("Profile", {"text": "x"})], "no answer was valid: "),
        (lambda body: [("Profile", {"profile": "Too short."})], "which is too few"),
        (lambda body: [("Profile", {"profile": "I'm sorry, but I can't help with that."})], "refusal: I'm sorry"),
        (lambda body: [("Profile", {"profile": "Error code: 500 - the server had an error " * 3})], "error"),
        (lambda body: "Model call failed after 3 attempts with ModelAPIError", "ended without an answer"),
        (lambda body: "", "ended without an answer"),
    ],
    ids=["reads for ever", "reads too much", "wrong form", "short", "refuses", "an error", "failure text", "nothing"],
)
def test_a_failure_is_a_dead_letter_with_its_reason_and_never_a_profile(
    tmp_path: Path, script: Script, reason: str
) -> None:
    with scripted_chat(script) as chat:
        profiles, ledger = write(chat.url, tmp_path / "l", [film(1)])
    assert profiles == []
    (dead,) = ledger.entries("dead")
    assert reason in dead.error
    assert (dead.mode, dead.text) == ("agent", "")
    assert ledger.current(["d/film/1"]) == {}
    totals = ledger.totals()
    assert totals.tokens_in == 100 * len(chat.bodies) > 0


def test_a_good_profile_in_words_counts_too(tmp_path: Path) -> None:
    with scripted_chat(lambda body: PROFILE.format(name="Bitter River 1")) as chat:
        (profile,), _ = write(chat.url, tmp_path / "l", [film(1)])
    assert profile.text == PROFILE.format(name="Bitter River 1")


def test_a_refused_key_stops_everything_and_a_fault_is_tried_again(tmp_path: Path) -> None:
    with ChatServer(script=["unauthorized"]) as server, pytest.raises(ProviderError):
        write(server.url, tmp_path / "a", [film(1)])
    with ChatServer(script=["server_error", "rate_limit", "disconnect"]) as server:
        profiles, ledger = write(server.url, tmp_path / "b", [film(1)])
    assert len(profiles) == 1
    assert ledger.totals().outcomes == {"agent_step": 7, "connection": 1, "rate_limit": 1, "server_error": 1}


def test_the_budget_stops_an_agent_between_its_calls(tmp_path: Path) -> None:
    with scripted_chat(lambda body: [READ]) as chat, Ledger(tmp_path / "l") as ledger:
        writer = agent_writer(chat.url, ledger, max_tokens=2500)
        with pytest.raises(LimitReachedError):
            list(writer.write([film(1)]))
        assert 0 < len(chat.bodies) < 8
        assert ledger.totals().tokens_in == 100 * len(chat.bodies)
        assert list(ledger.entries("dead")) == []


def test_the_chain_sends_no_tools_and_the_agent_does(tmp_path: Path) -> None:
    with ChatServer() as server, Ledger(tmp_path / "c") as ledger:
        chain = chat_writer(settings_of(server.url), ledger)
        assert len(list(chain.write([*films(5), director(), viewer()]))) == 7
        bodies = [asked.body for asked in server.asked]
    assert bodies
    assert not [body for body in bodies if {"tools", "tool_choice", "functions", "parallel_tool_calls"} & body.keys()]
    with ChatServer() as server:
        write(server.url, tmp_path / "a", [film(1)])
        assert all(tools_of(dict(asked.body)) for asked in server.asked)


def repairing(url: str, ledger: Ledger, **changes: Any) -> tuple[Any, Repair]:
    settings = settings_of(url)
    budget = Budget(ledger)
    sender = Sender(chat_of(settings), ledger, budget, settings, backoff=0.01)
    repair = Repair(sender, lambda _: Node(), load_prompt("repair"), **changes)
    return chat_writer(settings, ledger, repair=repair, sender=sender), repair


def broken_chain(body: Body) -> Any:
    """No JSON from the chain; good work from the agent."""
    return good(body) if body.get("tools") else "It is all in the attachment."


def test_what_the_chain_cannot_write_is_repaired_and_booked_as_such(tmp_path: Path) -> None:
    with scripted_chat(broken_chain) as chat, Ledger(tmp_path / "l") as ledger:
        writer, _ = repairing(chat.url, ledger)
        (profile,) = writer.write([film(1)])
        assert profile.text == PROFILE.format(name="Bitter River 1")
        assert [entry.mode for entry in ledger.entries("done")] == ["repair"]
        assert ledger.totals().outcomes["repair_step"] == 2
        assert ledger.totals().tokens_in == 100 * len(chat.bodies)
        told = next(body["messages"][1]["content"] for body in chat.bodies if body.get("tools"))
    assert "What went wrong before: " in told


def test_a_node_of_which_nothing_but_a_name_is_known_goes_to_the_agent_at_once(tmp_path: Path) -> None:
    with scripted_chat(good) as chat, Ledger(tmp_path / "l") as ledger:
        writer, _ = repairing(chat.url, ledger)
        assert len(list(writer.write([film(1, facts=(), texts=())]))) == 1
        assert all(body.get("tools") for body in chat.bodies)


def test_what_the_agent_cannot_repair_is_dead(tmp_path: Path) -> None:
    with scripted_chat(lambda body: [READ] if body.get("tools") else "no") as chat, Ledger(tmp_path / "l") as ledger:
        writer, _ = repairing(chat.url, ledger)
        assert list(writer.write([film(1)])) == []
        (dead,) = ledger.entries("dead")
        assert (dead.mode, dead.text) == ("repair", "")
        assert dead.error


def test_the_repair_agent_has_a_share_of_the_calls(tmp_path: Path) -> None:
    reads_for_ever = lambda body: [READ] if body.get("tools") else "no"  # noqa: E731
    with scripted_chat(reads_for_ever) as chat, Ledger(tmp_path / "l") as ledger:
        writer, _ = repairing(chat.url, ledger)
        assert list(writer.write(films(12))) == []
        outcomes = ledger.totals().outcomes
    assert outcomes["repair_step"] == ALWAYS == sum(bool(body.get("tools")) for body in chat.bodies)
    with scripted_chat(reads_for_ever) as chat, Ledger(tmp_path / "l") as ledger:
        writer, _ = repairing(chat.url, ledger)
        assert list(writer.write(films(6, start=50))) == []
        assert not [body for body in chat.bodies if body.get("tools")], "the share outlives a run"


def test_agents_write_under_faults_and_nothing_bad_is_kept(tmp_path: Path) -> None:
    with ChatServer(faults=0.2, seed=3, slow=0.05) as server:
        profiles, ledger = write(server.url, tmp_path / "l", films(12))
    totals = ledger.totals()
    assert totals.calls.get("done", 0) + totals.calls.get("dead", 0) == 12
    assert len(profiles) == totals.calls.get("done", 0) >= 6
    assert not [p for p in profiles if "sorry" in p.text or "Error" in p.text or len(p.text.split()) < 8]
    assert all(entry.error for entry in ledger.entries("dead"))
