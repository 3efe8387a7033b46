from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from llm_profiles.calls.answer import Answer
from llm_profiles.calls.ledger import Attempt, Ledger
from llm_profiles.chat.prices import Price
from llm_profiles.contract import Context, Profile
from llm_profiles.writers.chat import ChatWriter
from llm_profiles.writers.template import TemplateWriter
from spikegraph.errors import LimitReachedError, ProviderError
from tests.support.chat_run import chat_of, chat_writer, film, films, opened, request_maker, settings_of
from tests.support.chat_server import FAULTS, ChatServer


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


def written(writer: ChatWriter, contexts: Iterator[Context]) -> dict[str, Profile]:
    return {profile.key: profile for profile in writer.write(contexts)}


def test_every_node_gets_one_profile_and_the_ledger_has_the_same(path: Path) -> None:
    with ChatServer() as server, opened(path, server.url) as (writer, ledger):
        found = written(writer, films(30))
        entries = list(ledger.entries("done"))
    assert {key: profile.text for key, profile in found.items()} == {entry.node: entry.text for entry in entries}
    assert len(found) == server.record.requests == 30
    assert server.record.peak <= 4
    first = found["d/film/0"]
    assert (first.writer, first.model, first.is_llm) == ("llm-chain", "test-served", True)
    assert any(name in first.text for name in ("Amber", "River", "Director"))


def test_the_server_is_asked_for_json_and_given_only_its_own_key(path: Path) -> None:
    with ChatServer() as server, opened(path, server.url) as (writer, ledger):
        written(writer, films(1))
        asked = server.asked[0]
        tokens = ledger.totals()
    assert asked.body["response_format"]["json_schema"]["strict"] is True
    assert [message["role"] for message in asked.body["messages"]] == ["system", "user"]
    assert asked.authorization == "Bearer test"
    assert "tools" not in asked.body
    assert (tokens.tokens_in > 0, tokens.tokens_out > 0) == (True, True)


def test_what_the_ledger_has_is_not_asked_for_again(path: Path) -> None:
    with ChatServer(fault=lambda body, _: "refusal" if "number 3." in str(body) else None) as server:
        with opened(path, server.url) as (writer, _):
            first = written(writer, films(10))
        with opened(path, server.url) as (writer, _):
            again = written(writer, films(10))
    assert (first, server.record.requests) == (again, 10)
    assert "d/film/3" not in first
    assert writer.counts == {"kept": 9, "dead": 1}


@pytest.mark.parametrize(
    ("script", "outcomes"),
    [
        (
            ["rate_limit", "server_error", "unavailable", "disconnect", "truncated"],
            {"rate_limit": 1, "connection": 2, "server_error": 2},
        ),
        (["empty"], {"empty": 1}),
        (["length"], {"length": 1}),
        (["wrong_schema"], {"schema": 1}),
        (["wrong_schema", "empty"], {"schema": 1, "empty": 1}),
    ],
)
def test_what_can_be_mended_is_mended_and_every_attempt_is_booked(
    path: Path, script: list[str], outcomes: dict[str, int]
) -> None:
    with ChatServer(script=script, retry_after=0.01) as server, opened(path, server.url) as (writer, ledger):
        found = written(writer, films(1))
        booked = ledger.totals().outcomes
    assert len(found) == 1
    assert booked == {"ok": 1} | outcomes


def test_an_answer_that_was_cut_off_gets_more_room_and_its_tokens_are_booked(path: Path) -> None:
    with ChatServer(script=["length"]) as server, opened(path, server.url) as (writer, ledger):
        written(writer, films(1))
        attempts = ledger.attempts(next(ledger.entries("done")).key)
    room = [asked.body["max_completion_tokens"] for asked in server.asked]
    assert room == [400, 800]
    assert [(a.outcome, a.tokens_in > 0, a.tokens_out > 0) for a in attempts] == [
        ("length", True, True),
        ("ok", True, True),
    ]


def test_a_model_is_told_what_was_wrong_after_its_own_answer(path: Path) -> None:
    with ChatServer(script=["wrong_schema"]) as server, opened(path, server.url) as (writer, _):
        written(writer, films(1))
    messages = server.asked[1].body["messages"]
    assert [message["role"] for message in messages] == ["system", "user", "assistant", "user"]
    assert json.loads(messages[2]["content"]) == {"summary": 3}
    assert 'a text called "profile"' in messages[3]["content"]


@pytest.mark.parametrize(
    ("fault", "requests", "error"),
    [
        ("refusal", 1, "refusal: I'm sorry"),
        ("content_filter", 1, "content_filter: "),
        ("empty", 2, "empty: "),
        ("length", 2, "length: "),
        ("wrong_schema", 2, "schema: "),
        ("context_length", 1, "context_length: "),
        ("server_error", 3, "server_error: "),
    ],
)
def test_what_cannot_be_mended_is_dead_and_says_why(path: Path, fault: str, requests: int, error: str) -> None:
    def spoil(body: object, _: int) -> str | None:
        return fault if "number 1." in str(body) else None

    with ChatServer(fault=spoil) as server, opened(path, server.url, attempts=3) as (writer, ledger):
        found = written(writer, films(6))
        dead = list(ledger.entries("dead"))
    assert sorted(found) == [f"d/film/{n}" for n in (0, 2, 3, 4, 5)]
    assert [entry.node for entry in dead] == ["d/film/1"]
    assert dead[0].error.startswith(error)
    assert server.record.requests == 5 + requests


def test_under_all_faults_nothing_is_stored_that_is_no_profile(path: Path) -> None:
    with (
        ChatServer(faults=0.5, slow=0.01, retry_after=0.01) as server,
        opened(path, server.url, concurrency=8) as (writer, ledger),
    ):
        found = written(writer, films(150))
        dead = [entry.node for entry in ledger.entries("dead")]
        outcomes = ledger.totals().outcomes
    assert set(server.record.outcomes) >= set(FAULTS)
    assert found.keys() | set(dead) == {film(n).key for n in range(150)}
    assert not found.keys() & set(dead)
    assert sum(outcomes.values()) == server.record.requests
    for profile in found.values():
        assert len(profile.text.split()) > 20
        assert not any(words in profile.text for words in ("sorry", "Error code", "attachment", "Rate limit", "{"))


def test_after_a_429_no_worker_sends_until_the_server_said(path: Path) -> None:
    with (
        ChatServer(script=[None] * 12 + ["rate_limit"], delay=0.05, retry_after=3.0) as server,
        opened(path, server.url, concurrency=8) as (writer, _),
    ):
        assert len(written(writer, films(60))) == 60
    limited = next(asked.ended for asked in server.asked if asked.outcome == "rate_limit")
    # What was on its way before the 429 had arrived may still come.
    early = [asked.started - limited for asked in server.asked if 0.2 < asked.started - limited < 2.99]
    later = [asked for asked in server.asked if asked.started - limited >= 2.99]
    assert early == []
    assert len(later) > 20


@pytest.mark.parametrize("limit", [{"max_tokens": 9000}, {"max_cost": 0.01}])
def test_limits_are_not_passed_and_outlive_a_run(path: Path, limit: dict[str, float]) -> None:
    with ChatServer(faults=0.2, slow=0.01, retry_after=0.01) as server:
        settings = settings_of(server.url)
        chat = replace(chat_of(settings), prices=Price(1.0, 2.0, 1.0, 1.0, "2026-01-01"))
        for _ in range(2):
            with Ledger(path) as ledger:
                writer = chat_writer(settings, ledger, chat=chat, **limit)
                with pytest.raises(LimitReachedError):
                    written(writer, films(100))
                totals = ledger.totals()
    assert totals.tokens_in + totals.tokens_out <= limit.get("max_tokens", 1e9)
    assert totals.cost <= limit.get("max_cost", 1e9)
    assert 5 < totals.nodes < 50


def test_at_most_so_many_nodes_are_asked_for(path: Path) -> None:
    with ChatServer() as server:
        with opened(path, server.url, max_nodes=7) as (writer, _), pytest.raises(LimitReachedError, match="7 nodes"):
            written(writer, films(20))
        with opened(path, server.url, max_nodes=7) as (writer, _):
            kept = written(writer, (film(0), film(1)))
            with pytest.raises(LimitReachedError):
                written(writer, films(20))
    assert (server.record.requests, len(kept)) == (7, 2)


def test_a_key_that_is_refused_stops_the_run_and_nothing_is_given_up(path: Path) -> None:
    with ChatServer(fault=lambda *_: "unauthorized") as server, opened(path, server.url) as (writer, ledger):
        with pytest.raises(ProviderError, match="unauthorized"):
            written(writer, films(100))
        assert (ledger.totals().calls, server.record.requests <= 4) == ({}, True)


def test_a_server_that_answers_nobody_stops_the_run_and_nothing_is_given_up(path: Path) -> None:
    with ChatServer(fault=lambda *_: "unavailable") as server:
        for nodes in (3, 100):
            with opened(path, server.url, attempts=2) as (writer, ledger):
                with pytest.raises(ProviderError, match="had no answer"):
                    written(writer, films(nodes))
                assert ledger.totals().calls == {}
    with ChatServer() as server, opened(path, server.url) as (writer, _):
        assert len(written(writer, films(100))) == 100


def test_a_node_without_an_answer_gets_the_fallbacks_profile_labelled_as_such(path: Path) -> None:
    def spoil(body: object, _: int) -> str | None:
        return "refusal" if "number 1." in str(body) else None

    nameless = film(2, facts=(), texts=())
    with ChatServer(fault=spoil) as server:
        for _ in range(2):
            with opened(path, server.url, fallback=TemplateWriter()) as (writer, _ledger):
                found = written(writer, iter([film(0), film(1), nameless]))
                assert {key[-1]: (p.writer, p.model) for key, p in found.items()} == {
                    "0": ("llm-chain", "test-served"),
                    "1": ("template", None),
                    "2": ("template", None),
                }
    assert server.record.requests == 2


def test_stale_nodes_are_written_again_only_when_asked_and_keep_their_profile_when_that_fails(path: Path) -> None:
    changed = (film(0), film(1, texts=("Another story.",)), film(2, texts=("Fail here.",)))

    def spoil(body: object, _: int) -> str | None:
        return "refusal" if "Fail here" in str(body) else None

    with ChatServer(fault=spoil) as server:
        with opened(path, server.url) as (writer, _):
            before = written(writer, films(3))
        with opened(path, server.url) as (writer, _):
            assert written(writer, iter(changed)) == before
        with opened(path, server.url, refresh="stale") as (writer, ledger):
            after = written(writer, iter(changed))
            current = {node: entry.text for node, entry in ledger.current([c.key for c in changed]).items()}
        assert {key[-1] for key in after if after[key] != before[key]} == {"1"}
        assert server.record.requests == 5
        with opened(path, server.url, refresh="stale") as (writer, _):
            assert {key: p.text for key, p in written(writer, iter(changed)).items()} == current
    assert server.record.requests == 5


def test_failed_nodes_are_asked_for_again_only_when_asked(path: Path) -> None:
    with ChatServer(script=["refusal"]) as server:
        for refresh, requests in (("missing", 3), ("missing", 3), ("stale", 3), ("failed", 4), ("failed", 4)):
            with opened(path, server.url, refresh=refresh, concurrency=1) as (writer, _):
                found = written(writer, films(3))
            assert (len(found), server.record.requests) == (requests - 1, requests)


def test_everything_is_written_anew_once_a_generation(path: Path) -> None:
    with ChatServer() as server:
        for generation, requests in ((0, 3), (1, 6), (1, 6)):
            settings = settings_of(server.url)
            with Ledger(path) as ledger:
                maker = request_maker(settings, ledger, generation=generation)
                written(chat_writer(settings, ledger, requests=maker, refresh="all"), films(3))
            assert server.record.requests == requests


def test_nodes_in_a_batch_file_are_left_out(path: Path) -> None:
    with ChatServer() as server, opened(path, server.url) as (writer, ledger):
        ledger.submitted([request_maker(settings_of(server.url), ledger).of(film(0))], "batch-1")
        assert (len(written(writer, films(3))), writer.counts["submitted"]) == (2, 1)


def test_nodes_that_ask_just_the_same_share_one_answer(path: Path) -> None:
    twins = [replace(film(0), key=f"d/film/twin-{n}") for n in range(40)]
    with ChatServer(delay=0.02) as server, opened(path, server.url) as (writer, ledger):
        found = written(writer, iter(twins * 3))
        assert len(ledger.current([twin.key for twin in twins])) == 40
    assert (len(found), len({p.text for p in found.values()}), server.record.requests) == (40, 1, 1)


def test_the_repair_agent_is_given_what_failed_twice_and_what_is_thin(path: Path) -> None:
    given: list[tuple[str, str]] = []
    text = "A film that an agent has read about with tools, and which will please those who like such films."

    def repair(context: Context, _: object, error: str) -> Answer | None:
        given.append((context.key[-1], error))
        return Answer(text, model="agent-model", attempt=Attempt("ok", 7, 3)) if context.key[-1] != "3" else None

    def spoil(body: object, _: int) -> str | None:
        return "wrong_schema" if "number 1." in str(body) else "refusal" if "number 2." in str(body) else None

    thin = [film(n, facts=(), texts=()) for n in (3, 4)]
    with ChatServer(fault=spoil) as server, opened(path, server.url, repair=repair, concurrency=1) as (writer, ledger):
        found = written(writer, iter([film(0), film(1), film(2), *thin]))
        modes = {entry.node[-1]: entry.mode for entry in ledger.entries("done")}
    assert [key for key, _ in given] == ["1", "3", "4"]
    assert "profile" in given[0][1]
    assert {key[-1] for key in found} == {"0", "1", "4"}
    assert modes == {"0": "chain", "1": "repair", "4": "repair"}


def test_profiles_come_while_others_are_still_asked_for(path: Path) -> None:
    with ChatServer(delay=0.02) as server, opened(path, server.url) as (writer, ledger):
        with closing(writer.write(films(200))) as profiles:  # type: ignore[type-var]
            next(iter(profiles))
        assert server.record.requests <= 12
        done = ledger.totals().nodes
    assert done == server.record.requests  # what was in flight when the iterator was closed is booked


def test_answers_as_text_need_no_json(path: Path) -> None:
    with ChatServer() as server, opened(path, server.url, answers="text") as (writer, _):
        found = written(writer, films(3))
    assert len(found) == 3
    assert not any(profile.text.startswith("{") for profile in found.values())
    assert all("response_format" not in asked.body for asked in server.asked)


def test_retries_wait_longer_and_longer(path: Path) -> None:
    with (
        ChatServer(script=["server_error"] * 5) as server,
        opened(path, server.url, concurrency=1) as (writer, _),
    ):
        writer.sender.backoff = 0.05
        assert len(written(writer, films(1))) == 1
    waits = [after.started - before.ended for before, after in pairwise(server.asked)]
    assert len(waits) == 5
    assert all(wait < 0.05 * 2**number + 0.2 for number, wait in enumerate(waits))
