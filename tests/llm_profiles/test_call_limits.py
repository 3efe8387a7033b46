from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from llm_profiles.calls.budget import Budget
from llm_profiles.calls.gate import Gate
from llm_profiles.calls.ledger import Attempt, Ledger
from llm_profiles.calls.pool import Pool, StoppedError
from llm_profiles.calls.request import Request
from spikegraph.errors import LimitReachedError


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / "ledger.sqlite") as opened:
        yield opened


def test_a_closed_gate_holds_everyone_until_it_opens_and_a_shorter_wait_does_not_open_it() -> None:
    gate, stop, passed = Gate(), threading.Event(), list[float]()
    started = time.monotonic()
    gate.close(0.3)
    gate.close(0.1)
    threads = [threading.Thread(target=lambda: (gate.wait(stop), passed.append(time.monotonic()))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert min(passed) - started >= 0.3
    assert max(passed) - started < 1.0


def test_nobody_waits_at_a_gate_when_everything_stops() -> None:
    gate, stop = Gate(), threading.Event()
    gate.close(60)
    stop.set()
    gate.wait(stop)


def test_a_pool_takes_tasks_as_they_are_needed_and_does_no_more_than_its_bound_at_once() -> None:
    taken, at_once, most, lock = 0, 0, 0, threading.Lock()

    def tasks() -> Iterator[int]:
        nonlocal taken
        while taken < 100:
            taken += 1
            yield taken

    def do(task: int) -> int:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        time.sleep(0.005)
        with lock:
            at_once -= 1
        return task

    found, behind = list[int](), 0
    with Pool(do, 4, threading.Event()) as pool:
        for task in tasks():
            found += pool.submit(task)
            behind = max(behind, taken - len(found))
        found += pool.finish()
    assert (sorted(found), most) == (list(range(1, 101)), 4)
    assert behind <= 9


def test_an_error_stops_a_pool_after_what_is_in_flight_and_is_raised_after_its_results() -> None:
    begun, found = list[int](), list[int]()

    def do(task: int) -> int:
        begun.append(task)
        time.sleep(0.05)
        if task == 3:
            raise LimitReachedError("enough")
        time.sleep(0.05)
        return task

    def drive() -> None:
        with Pool(do, 4, threading.Event()) as pool:
            for task in range(100):
                found.extend(pool.submit(task))
                if pool.error:
                    break
            for result in pool.finish():
                found.append(result)

    with pytest.raises(LimitReachedError):
        drive()
    assert sorted(found) == sorted(set(begun) - {3})
    assert len(begun) < 12


def test_leaving_a_pool_waits_for_what_is_in_flight_and_begins_nothing_new() -> None:
    ended, stop = list[int](), threading.Event()

    def do(task: int) -> int:
        time.sleep(0.2)
        if stop.is_set() and task > 1:
            raise StoppedError
        ended.append(task)
        return task

    def drive() -> None:
        with Pool(do, 2, stop) as pool:
            for task in range(4):
                pool.submit(task)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        drive()
    assert sorted(ended) == [0, 1]


def test_a_budget_counts_what_earlier_runs_spent(ledger: Ledger) -> None:
    request = Request("item", "d/film/1", "s", "u", "item/1@0a", "a" * 64)
    ledger.book(request, Attempt("json", 60, 30, cost=0.5))
    ledger.done(request, "A film.", Attempt("ok", 5, 5, cost=0.25))
    with pytest.raises(LimitReachedError, match="100 tokens"), Budget(ledger, max_tokens=100).reserve(1, None):
        pass
    with pytest.raises(LimitReachedError, match=r"0\.8 US"), Budget(ledger, max_cost=0.8).reserve(1, 0.1):
        pass
    with pytest.raises(LimitReachedError, match="1 nodes"):
        Budget(ledger, max_nodes=1).admit()
    Budget(ledger, max_nodes=2).admit()


def test_a_call_waits_while_others_may_still_take_what_is_left(ledger: Ledger) -> None:
    budget, order = Budget(ledger, max_tokens=100), list[str]()

    def second() -> None:
        with budget.reserve(60, None) as spending:
            order.append("second")
            spending.taken.append(Attempt("ok", 50, 10))

    with budget.reserve(60, None) as spending:
        thread = threading.Thread(target=second)
        thread.start()
        time.sleep(0.05)
        order.append("first")
        spending.taken.append(Attempt("ok", 10, 5))
    thread.join()
    assert (order, budget.tokens) == (["first", "second"], 75)


def test_a_limit_on_the_cost_needs_a_price(ledger: Ledger) -> None:
    with pytest.raises(LimitReachedError, match="price"), Budget(ledger, max_cost=1.0).reserve(1, None):
        pass
