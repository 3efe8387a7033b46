from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from llm_profiles.calls.ledger import Attempt, Ledger, ledger_path
from llm_profiles.calls.request import Request
from llm_profiles.contract import Kind
from spikegraph.errors import DataError

WRITES_AND_WAITS = """
import sys, time
from pathlib import Path
from llm_profiles.calls.ledger import Attempt, Ledger
from llm_profiles.calls.request import Request

ledger = Ledger(Path(sys.argv[1]))
for n in range(10_000):
    request = Request("item", f"d/film/{n}", "s", "u", "item/1", f"{n:064x}")
    ledger.book(request, Attempt("rate_limit"))
    ledger.done(request, f"text {n}", Attempt("ok", tokens_in=10, tokens_out=5))
    print(n, flush=True)
"""


def request(n: int, node: str | None = None, kind: Kind = "item", **parts: str) -> Request:
    return Request(kind, node or f"d/film/{n}", "system", "user", "item/1@0a", f"{n:064x}", parts, {"d/film/9": "hash"})


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(ledger_path(tmp_path, "films", "llm"))


def test_what_was_answered_is_found_by_its_key_and_is_the_nodes_current_profile(ledger: Ledger) -> None:
    ledger.book(request(1), Attempt("rate_limit"))
    ledger.done(request(1, facts="aa"), "A film.", Attempt("ok", 100, 20, 5, 0.01, 1.5), model="m-1", repaired=True)
    entry = ledger.calls([request(1).key, request(2).key])[request(1).key]
    assert (entry.status, entry.text, entry.model, entry.repaired, entry.parts) == (
        "done",
        "A film.",
        "m-1",
        True,
        {"facts": "aa"},
    )
    assert ledger.current(["d/film/1", "d/film/2"]) == {"d/film/1": entry}
    assert [attempt.outcome for attempt in ledger.attempts(entry.key)] == ["rate_limit", "ok"]


def test_a_request_that_was_given_up_leaves_the_profile_that_a_node_had(ledger: Ledger) -> None:
    ledger.done(request(1), "A film.")
    ledger.dead(request(2, "d/film/1"), "refused", Attempt("refusal", 100, 5))
    assert ledger.current(["d/film/1"])["d/film/1"].text == "A film."
    assert [entry.error for entry in ledger.entries("dead")] == ["refused"]
    assert [entry.status for entry in ledger.of_node("d/film/1")] == ["done", "dead"]


def test_two_nodes_with_the_same_request_share_its_answer(ledger: Ledger) -> None:
    ledger.done(request(1, "d/user/1", "user"), "Likes films.")
    ledger.keep("d/user/2", "user", request(1).key)
    found = ledger.current(["d/user/1", "d/user/2"])
    assert {key: (entry.node, entry.text) for key, entry in found.items()} == {
        "d/user/1": ("d/user/1", "Likes films."),
        "d/user/2": ("d/user/2", "Likes films."),
    }
    assert ledger.totals().nodes == 2


def test_totals_are_the_bill(ledger: Ledger) -> None:
    ledger.book(request(1), Attempt("server_error"))
    ledger.done(request(1), "A film.", Attempt("ok", 100, 20, 10, 0.25))
    ledger.dead(request(2), "empty", Attempt("empty", 50, 0))
    ledger.done(request(3, "d/user/3", "user"), "A viewer.", Attempt("ok", 7, 3, 0, 0.5))
    items, everything = ledger.totals("item"), ledger.totals()
    assert (items.calls, items.outcomes) == ({"dead": 1, "done": 1}, {"empty": 1, "ok": 1, "server_error": 1})
    assert (items.tokens_in, items.tokens_out, items.tokens_cached, items.cost) == (150, 20, 10, 0.25)
    assert (items.unpriced, items.nodes) == (1, 1)
    assert (everything.cost, everything.nodes, everything.calls) == (0.75, 2, {"dead": 1, "done": 2})


def test_a_ledger_opened_again_is_the_same(ledger: Ledger) -> None:
    ledger.set_about(dataset="films", model="openai:m")
    ledger.done(request(1), "A film.")
    about = ledger.about()
    ledger.close()
    with Ledger(ledger.path) as again:
        assert again.about() == about
        assert again.about()["salt"]
        assert again.current(["d/film/1"])["d/film/1"].text == "A film."


def test_all_of_a_status_come_once_over_many_pages(ledger: Ledger) -> None:
    ledger.submitted((request(n) for n in range(2_345)), "batch-1")
    keys = [entry.key for entry in ledger.entries("submitted")]
    assert (len(keys), len(set(keys))) == (2_345, 2_345)
    assert list(ledger.entries("submitted", "user")) == []


def test_calls_of_a_batch_file_are_found_by_their_short_names(ledger: Ledger) -> None:
    keys = ["a" * 64, "b" * 64]
    ledger.submitted([Request("item", f"d/film/{key[0]}", "s", "u", "item/1", key) for key in keys], "batch-1")
    found = ledger.by_custom_id(["b" * 48, "c" * 48])
    assert {custom_id: (entry.node, entry.batch) for custom_id, entry in found.items()} == {
        "b" * 48: ("d/film/b", "batch-1")
    }
    assert ledger.by_custom_id([]) == {}


def test_many_threads_book_into_one_ledger(ledger: Ledger) -> None:
    def write(start: int) -> None:
        for n in range(start, start + 50):
            ledger.book(request(n), Attempt("timeout"))
            ledger.done(request(n), f"text {n}", Attempt("ok", 10, 1))

    threads = [threading.Thread(target=write, args=(start * 50,)) for start in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    totals = ledger.totals()
    assert (totals.calls, totals.outcomes, totals.tokens_in) == ({"done": 800}, {"ok": 800, "timeout": 800}, 8_000)


def test_what_was_booked_survives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    process = subprocess.Popen([sys.executable, "-c", WRITES_AND_WAITS, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    told = [int(process.stdout.readline()) for _ in range(120)]
    process.send_signal(signal.SIGKILL)
    told += [int(line) for line in process.stdout.read().split("\n")[:-1]]
    process.wait()
    with Ledger(path) as ledger:
        kept = ledger.calls([f"{n:064x}" for n in told])
        assert {entry.text for entry in kept.values()} == {f"text {n}" for n in told}
        assert ledger.totals().outcomes["ok"] == ledger.totals().calls["done"] == ledger.totals().nodes


def test_a_file_that_is_no_ledger_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.sqlite"
    path.write_text("these are notes, not a ledger\n" * 100)
    with pytest.raises(DataError, match="is no ledger"):
        Ledger(path)
    assert path.read_text().startswith("these are notes")


def test_merge_takes_over_calls_attempts_and_profiles_once(tmp_path: Path, ledger: Ledger) -> None:
    ledger.done(request(1), "A film.", Attempt("ok", 100, 20))
    with Ledger(tmp_path / "shard.sqlite") as shard:
        shard.done(request(1), "A film.", Attempt("ok", 100, 20))
        shard.book(request(2), Attempt("timeout"))
        shard.done(request(2), "Another.", Attempt("ok", 10, 2))
    assert [ledger.merge(shard.path), ledger.merge(shard.path)] == [1, 0]
    totals = ledger.totals()
    assert (totals.calls, totals.outcomes, totals.tokens_in) == ({"done": 2}, {"ok": 3, "timeout": 1}, 210)
    assert ledger.current(["d/film/2"])["d/film/2"].text == "Another."


def test_merge_takes_the_answer_to_what_was_given_up_here(tmp_path: Path, ledger: Ledger) -> None:
    ledger.dead(request(1), "empty", Attempt("empty", 10, 0))
    ledger.done(request(2), "Kept.")
    with Ledger(tmp_path / "shard.sqlite") as shard:
        shard.done(request(1), "A film.", Attempt("ok", 10, 2))
        shard.dead(request(2), "empty", Attempt("empty", 10, 0))
    ledger.merge(shard.path)
    assert ledger.totals().calls == {"done": 2}
    assert {entry.text for entry in ledger.current(["d/film/1", "d/film/2"]).values()} == {"A film.", "Kept."}
    assert ledger.totals().tokens_in == 30


def test_merge_takes_the_newer_profile_of_a_node(tmp_path: Path, ledger: Ledger) -> None:
    ledger.done(request(1, "d/film/1"), "Old.")
    with Ledger(tmp_path / "shard.sqlite") as shard:
        shard.done(request(2, "d/film/1"), "New.")
    ledger.done(request(3, "d/film/3"), "Newer still.")
    with Ledger(shard.path) as again:
        again.merge(ledger.path)
        assert again.current(["d/film/1"])["d/film/1"].text == "New."
    ledger.merge(shard.path)
    assert ledger.current(["d/film/1"])["d/film/1"].text == "New."


def test_an_answer_is_never_replaced_by_none(ledger: Ledger) -> None:
    ledger.done(request(1, "d/user/1", "user"), "Likes films.")
    ledger.dead(request(1, "d/user/2", "user"), "timeout")
    ledger.submitted([request(1, "d/user/2", "user")], "batch-1")
    assert ledger.current(["d/user/1"])["d/user/1"].text == "Likes films."
