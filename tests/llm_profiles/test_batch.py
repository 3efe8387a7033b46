from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.request import Request as Post
from urllib.request import urlopen

import pytest

from llm_profiles.batch.export import ExportReport, export
from llm_profiles.batch.imports import BatchReport, importing
from llm_profiles.calls.check import Check
from llm_profiles.calls.ledger import Attempt, Ledger
from llm_profiles.calls.request import Request, Sampling
from llm_profiles.chat.prices import Price
from llm_profiles.terms import Refresh
from spikegraph.errors import DataError, UsageError
from tests.support.chat_server import ChatServer

HEADERS = {"Content-Type": "application/json", "Authorization": "Bearer test"}
PRICE = Price(input=1.0, output=2.0, cached=0.5, batch=0.5, read="2026-11-05")
WORDS = (
    *("calm", "slow", "bright", "old", "quiet", "strange", "tender", "loud"),
    *("rainy", "distant", "golden", "bitter", "patient", "restless", "wide", "hidden"),
)


def request(n: int, node: str | None = None) -> Request:
    return Request("item", node or f"d/film/{n}", "You describe films.", f"Film {n}.", "item/1@0a", f"{n:04x}" * 16)


def profile(n: int) -> str:
    drawn = random.Random(n).sample(WORDS, 10)
    return f"Film {n} is a work of {', '.join(drawn[:9])} and {drawn[9]} pictures."


def answer(n: int, content: str | None = None, **body: Any) -> dict[str, Any]:
    text = json.dumps({"profile": profile(n)}) if content is None else content
    usage = {"prompt_tokens": 1000, "completion_tokens": 100, "prompt_tokens_details": {"cached_tokens": 200}}
    choice = {"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    response = {"status_code": 200, "body": {"model": "m-1", "choices": [choice], "usage": usage} | body}
    return {"id": f"batch_req_{n}", "custom_id": request(n).custom_id, "response": response, "error": None}


def failure(n: int, code: str = "batch_expired") -> dict[str, Any]:
    error = {"code": code, "message": "This request could not be executed in time."}
    return {"id": f"batch_req_{n}", "custom_id": request(n).custom_id, "response": None, "error": error}


def save(path: Path, rows: Sequence[dict[str, Any] | str]) -> Path:
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows) + "\n")
    return path


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / "llm.sqlite") as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "handed-out"


def hand_out(ledger: Ledger, folder: Path, requests: Sequence[Request], **given: Any) -> ExportReport:
    return export(requests, "openai:m-1", Sampling(), ledger, folder, **given)


def read(ledger: Ledger, *paths: Path, handed_out: Path | None = None) -> BatchReport:
    return importing(paths, ledger, Check(), PRICE, handed_out=handed_out)


def lines(files: Sequence[Path]) -> list[dict[str, Any]]:
    return [json.loads(line) for file in files for line in file.read_bytes().splitlines()]


def test_requests_are_handed_out_in_files_of_limited_size(ledger: Ledger, folder: Path) -> None:
    report = hand_out(ledger, folder, [request(n) for n in range(25)], max_requests=10)
    rows = lines(report.files)
    assert ([len(lines([file])) for file in report.files], report.requests) == ([10, 10, 5], 25)
    assert [row["custom_id"] for row in rows] == [request(n).custom_id for n in range(25)]
    assert {row["body"]["model"] for row in rows} == {"m-1"}
    assert Counter(entry.batch for entry in ledger.entries("submitted")) == {
        file.stem: len(lines([file])) for file in report.files
    }
    size = max(len(json.dumps(row, ensure_ascii=False)) + 1 for row in rows)
    by_bytes = hand_out(ledger, folder, [request(n) for n in range(25, 35)], max_bytes=3 * size)
    assert all(file.stat().st_size <= 3 * size for file in by_bytes.files)
    assert by_bytes.requests == 10


def test_a_request_that_fits_into_no_file_is_refused(ledger: Ledger, folder: Path) -> None:
    with pytest.raises(UsageError, match="more bytes"):
        hand_out(ledger, folder, [request(1)], max_bytes=10)
    assert ledger.totals().calls == {}


def test_nothing_is_handed_out_twice(ledger: Ledger, folder: Path) -> None:
    ledger.done(request(0), "An answer.")
    ledger.dead(request(1), "refused")
    hand_out(ledger, folder, [request(2)])
    ledger.done(request(90, "d/film/3"), "An older profile.")
    twin = request(4, "d/film/twin")
    report = hand_out(ledger, folder, [*(request(n) for n in range(5)), twin])
    assert [row["custom_id"] for row in lines(report.files)] == [request(4).custom_id]
    assert report.left_out == {"dead": 1, "kept": 2, "repeated": 1, "submitted": 1}
    assert hand_out(ledger, folder, [request(n) for n in range(5)]).files == ()


@pytest.mark.parametrize(
    ("refresh", "expected"), [("missing", [3]), ("stale", [2, 3]), ("failed", [1, 3]), ("all", [1, 2, 3])]
)
def test_refresh_says_which_nodes_are_asked_for(
    ledger: Ledger, folder: Path, refresh: Refresh, expected: list[int]
) -> None:
    ledger.done(request(0), "An answer.")
    ledger.dead(request(1), "refused")
    ledger.done(request(90, "d/film/2"), "An older profile.")
    ledger.dead(request(3), "too late", status="expired")
    report = hand_out(ledger, folder, [request(n) for n in range(4)], refresh=refresh)
    assert [row["custom_id"] for row in lines(report.files)] == [request(n).custom_id for n in expected]


def test_an_answer_that_is_there_becomes_the_nodes_profile_without_asking(ledger: Ledger, folder: Path) -> None:
    ledger.done(request(1), "An answer.")
    report = hand_out(ledger, folder, [request(1, "d/film/twin")])
    assert (report.files, report.left_out) == ((), {"answered": 1})
    assert ledger.texts(["d/film/twin"]) == {"d/film/twin": "An answer."}


def test_an_interrupted_export_writes_the_same_files_again(ledger: Ledger, folder: Path, tmp_path: Path) -> None:
    def interrupted() -> Iterator[Request]:
        yield from (request(n) for n in range(1100))
        raise KeyboardInterrupt

    everything = [request(n) for n in range(1200)]
    with pytest.raises(KeyboardInterrupt):
        export(interrupted(), "openai:m-1", Sampling(), ledger, folder, max_requests=400)
    assert ledger.totals().calls == {"submitted": 800}
    hand_out(ledger, folder, everything, max_requests=400)
    files = sorted(folder.iterdir())
    assert [len(lines([file])) for file in files] == [400, 400, 400]
    assert sorted(row["custom_id"] for row in lines(files)) == [asked.custom_id for asked in everything]
    with Ledger(tmp_path / "killed-before-anything-was-noted.sqlite") as forgetful:
        assert sorted(hand_out(forgetful, folder, everything, max_requests=400).files) == files


def test_answers_come_back_in_any_order_and_at_half_the_price(ledger: Ledger, folder: Path, tmp_path: Path) -> None:
    hand_out(ledger, folder, [request(n) for n in range(60)])
    rows = [answer(n) for n in range(60)]
    random.Random(1).shuffle(rows)
    report = read(ledger, save(tmp_path / "a.jsonl", rows[:20]), save(tmp_path / "b.jsonl", rows[20:]))
    assert (report.done, report.dead, report.waiting, report.problems) == (60, 0, 0, ())
    assert ledger.texts([f"d/film/{n}" for n in range(60)]) == {f"d/film/{n}": profile(n) for n in range(60)}
    one = (800 * 1.0 + 200 * 0.5 + 100 * 2.0) / 1e6 / 2
    assert report.cost == pytest.approx(60 * one)
    assert ledger.totals().cost == pytest.approx(60 * one)
    entry = ledger.current(["d/film/7"])["d/film/7"]
    assert (entry.mode, entry.model, entry.prompt) == ("batch", "m-1", "item/1@0a")


def test_reading_a_file_again_changes_nothing(ledger: Ledger, folder: Path, tmp_path: Path) -> None:
    hand_out(ledger, folder, [request(n) for n in range(6)])
    rows = [answer(0), answer(1, ""), answer(2, "no JSON at all"), failure(3), answer(4)]
    file = save(tmp_path / "out.jsonl", rows)
    first = read(ledger, file)
    assert (first.done, first.dead, first.expired, first.waiting) == (2, 2, 1, 1)
    bill = ledger.totals()
    second = read(ledger, file, save(tmp_path / "twice.jsonl", rows + rows))
    assert (second.again, second.done, second.dead, second.expired, second.cost) == (15, 0, 0, 0, 0.0)
    assert ledger.totals() == bill


def test_part_of_an_answer_file_now_and_the_rest_later(ledger: Ledger, folder: Path, tmp_path: Path) -> None:
    hand_out(ledger, folder, [request(n) for n in range(4)])
    whole = "\n".join(json.dumps(answer(n)) for n in range(4)) + "\n"
    cut = tmp_path / "cut.jsonl"
    cut.write_text(whole[: int(len(whole) * 0.6)])
    report = read(ledger, cut)
    assert (report.done, report.broken, report.waiting) == (2, 1, 2)
    assert report.problems[0].startswith("cut.jsonl:3: ")
    cut.write_text(whole)
    report = read(ledger, cut)
    assert (report.done, report.again, report.broken, report.waiting) == (2, 2, 0, 0)


def test_broken_unknown_and_foreign_lines_are_told_and_left_out(ledger: Ledger, folder: Path, tmp_path: Path) -> None:
    hand_out(ledger, folder, [request(n) for n in range(3)])
    foreign = answer(0) | {"custom_id": "request-1"}
    file = tmp_path / "out.jsonl"
    good = [json.dumps(row).encode() for row in (answer(0), foreign, answer(1))]
    file.write_bytes(b"\xef\xbb\xbf" + b"\r\n".join([good[0], b"<html>", b"", b"\xff\xff{", good[1], good[2]]))
    report = read(ledger, file)
    assert (report.done, report.broken, report.unknown, report.waiting) == (2, 2, 1, 1)
    assert [problem.split(": ")[0] for problem in report.problems] == ["out.jsonl:2", "out.jsonl:4", "out.jsonl:5"]


@pytest.mark.parametrize("content", ["", "<html>\n<body>no batch</body>\n"])
def test_a_file_without_any_answer_is_refused(ledger: Ledger, tmp_path: Path, content: str) -> None:
    file = tmp_path / "page.html"
    file.write_text(content)
    with pytest.raises(DataError, match="holds no answers"):
        read(ledger, file)
    with pytest.raises(DataError, match="cannot be read"):
        read(ledger, tmp_path / "none.jsonl")


def test_what_is_no_profile_is_never_stored(ledger: Ledger, folder: Path, tmp_path: Path) -> None:
    hand_out(ledger, folder, [request(n) for n in range(9)])
    refusal = {"message": {"content": None, "refusal": "I cannot do that."}, "finish_reason": "stop"}
    cut = {"message": {"content": '{"profile": "Film 2 is'}, "finish_reason": "length"}
    filtered = {"message": {"content": ""}, "finish_reason": "content_filter"}
    rows = [
        answer(0, "I'm sorry, but I can't help with that."),
        answer(1, choices=[refusal]),
        answer(2, choices=[cut]),
        answer(3, choices=[filtered]),
        answer(4, json.dumps({"text": "wrong member"})),
        answer(5, json.dumps({"profile": "Error code: 500 - internal server error, please try again later."})),
        answer(6, "```json\n" + json.dumps({"profile": profile(6)}) + "\n```"),
        failure(7, "server_error"),
        {"custom_id": request(8).custom_id, "response": {"status_code": 400, "body": None}, "error": "too long"},
    ]
    report = read(ledger, save(tmp_path / "out.jsonl", rows))
    assert (report.done, report.repaired, report.dead, report.expired) == (1, 1, 7, 1)
    assert ledger.texts([f"d/film/{n}" for n in range(9)]) == {"d/film/6": profile(6)}
    assert ledger.totals().outcomes == {
        "bad_request": 1, "content_filter": 1, "length": 1, "ok": 1, "refusal": 2, "schema": 1, "server_error": 1,
        "text": 1,
    }  # fmt: skip
    assert report.tokens_in == 7 * 1000


def test_what_ran_out_of_time_is_handed_out_again_and_then_answered(
    ledger: Ledger, folder: Path, tmp_path: Path
) -> None:
    hand_out(ledger, folder, [request(0), request(1)])
    read(ledger, save(tmp_path / "errors.jsonl", [failure(0)]), save(tmp_path / "output.jsonl", [answer(1)]))
    assert [entry.node for entry in ledger.entries("expired")] == ["d/film/0"]
    assert hand_out(ledger, folder, [request(0), request(1)]).requests == 1
    assert read(ledger, save(tmp_path / "again.jsonl", [answer(0)])).done == 1
    late = read(ledger, tmp_path / "errors.jsonl")
    assert (late.again, late.expired) == (1, 0)
    assert ledger.totals().nodes == 2


def test_the_same_bad_answer_to_a_request_that_was_submitted_again_is_paid_again(
    ledger: Ledger, folder: Path, tmp_path: Path
) -> None:
    file = save(tmp_path / "out.jsonl", [answer(0, "")])
    for time in (1, 2):
        hand_out(ledger, folder, [request(0)], refresh="failed")
        assert read(ledger, file).dead == 1
        assert ledger.totals().outcomes == {"empty": time}


def test_a_copy_of_what_was_asked_is_refused_where_the_files_are_still_there(
    ledger: Ledger, folder: Path, tmp_path: Path
) -> None:
    review = " ".join(f"{word} {other}" for word, other in zip(WORDS, reversed(WORDS), strict=True)) + "."
    asked = Request("item", "d/film/0", "You describe films.", f"Review: {review}", "item/1", request(0).key)
    hand_out(ledger, folder, [asked])
    file = save(tmp_path / "out.jsonl", [answer(0, json.dumps({"profile": review.capitalize()}))])
    assert read(ledger, file, handed_out=folder).dead == 1
    assert ledger.texts(["d/film/0"]) == {}


def test_an_answer_that_came_by_itself_meanwhile_is_kept(ledger: Ledger, folder: Path, tmp_path: Path) -> None:
    hand_out(ledger, folder, [request(0)])
    ledger.done(request(0), "Answered by the server itself.", Attempt("ok", 10, 10))
    assert read(ledger, save(tmp_path / "out.jsonl", [answer(0)])).again == 1
    assert ledger.texts(["d/film/0"]) == {"d/film/0": "Answered by the server itself."}


def test_a_server_answers_the_lines_as_they_stand_in_the_file(ledger: Ledger, folder: Path, tmp_path: Path) -> None:
    report = hand_out(ledger, folder, [request(n) for n in range(8)])
    rows = []
    with ChatServer() as server:
        for asked in lines(report.files):
            sent = Post(f"{server.url}/chat/completions", json.dumps(asked["body"]).encode(), HEADERS)
            with urlopen(sent) as response:
                body = json.loads(response.read())
            rows.append({"custom_id": asked["custom_id"], "response": {"status_code": 200, "body": body}})
    assert read(ledger, save(tmp_path / "out.jsonl", rows), handed_out=folder).done == 8
    assert ledger.totals().tokens_in == sum(row["response"]["body"]["usage"]["prompt_tokens"] for row in rows)
