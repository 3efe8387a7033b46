"""Many clients at once: how many mixed questions a second a server answers, and what each then waits.

Clients are threads of a few processes, each process with one driver, as an application has it. Under a fixed rate a
question's latency counts from the moment it was due, so that one that had to wait for a free client says so.
"""

from __future__ import annotations

import itertools
import multiprocessing
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from benchmarks.latency import Seconds
from benchmarks.questions import Question, Questions
from cypher.store import Store

PROCESSES = 2
THREADS = 4
"""Clients of each process."""

DRAWN = 4_000
"""Different questions that a process asks."""

WARM_UP = 200
GET_READY_SECONDS = 180.0


@dataclass(frozen=True)
class Work:
    """What one process does.

    Attributes:
        connection: address, user name and password of the server.
        seed: what its questions are drawn by.
        seconds: for how long it asks.
        rate: questions that fall due a second, by chance; None asks as fast as answers come.
    """

    connection: tuple[str, str, str]
    seed: int
    seconds: float
    rate: float | None = None


def saturation(connection: tuple[str, str, str], seconds: float) -> tuple[float, Seconds]:
    """Let every client ask as fast as it can: answers a second, and the seconds of each."""
    taken = _all_processes(Work(connection, 0, seconds))
    return len(taken) / seconds, taken


def at_rate(connection: tuple[str, str, str], rate: float, seconds: float) -> Seconds:
    """Let questions fall due at a rate over all clients: the seconds from due to answered of each."""
    return _all_processes(Work(connection, 100, seconds, rate / PROCESSES))


def _all_processes(work: Work) -> Seconds:
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager:
        ready = manager.Barrier(PROCESSES)
        with ProcessPoolExecutor(PROCESSES, mp_context=context) as pool:
            each = [replace(work, seed=work.seed + number) for number in range(PROCESSES)]
            return np.concatenate(list(pool.map(_one_process, each, [ready] * PROCESSES)))


def _one_process(work: Work, ready: Any) -> Seconds:
    with Store.connect(*work.connection) as store, ThreadPoolExecutor(THREADS) as clients:
        draw = Questions.of(store, work.seed)
        questions = [draw.mixed() for _ in range(DRAWN)]
        list(clients.map(lambda question: question(), questions[:WARM_UP]))
        ready.wait(GET_READY_SECONDS)
        asked = _due(work, questions) if work.rate else _at_once(work, questions)
        lock = threading.Lock()
        return np.concatenate(list(clients.map(lambda _: _one_client(asked, lock), range(THREADS))))


def _one_client(asked: Iterator[tuple[float, Question]], lock: threading.Lock) -> Seconds:
    """Take one question after the other from those of all clients: the seconds of each from when it was due."""
    taken: list[float] = []
    while True:
        with lock:
            due, question = next(asked, (0.0, None))
        if question is None:
            return np.array(taken)
        time.sleep(max(0.0, due - time.perf_counter()))
        question()
        taken.append(time.perf_counter() - due)


def _at_once(work: Work, questions: list[Question]) -> Iterator[tuple[float, Question]]:
    end = time.perf_counter() + work.seconds
    for question in itertools.cycle(questions):
        now = time.perf_counter()
        if now > end:
            return
        yield now, question


def _due(work: Work, questions: list[Question]) -> Iterator[tuple[float, Question]]:
    assert work.rate is not None
    gaps = np.random.default_rng(work.seed).exponential(1 / work.rate, int(work.seconds * work.rate))
    return zip(time.perf_counter() + np.cumsum(gaps), itertools.cycle(questions))
