"""How quickly the graph answers an application: lists, reasons, filters, sessions, and a shop's mix of them.

Everything is measured through `cypher.store.Store.read`: drawn users, the whole way from the driver over the server
to Python values, after warming up, on the same machine as the server.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import LiteralString

import numpy as np
from neo4j import Query

from benchmarks import mixed_load
from benchmarks.big_server import big_server
from benchmarks.latency import Seconds, milliseconds, one_client, seconds
from benchmarks.questions import CAP, NO_CAP, K, Question, Questions
from benchmarks.result import Row, at_least, at_most, less_is_better, shown
from cypher.store import Store, Timeouts
from spikegraph import server
from spikegraph.errors import DatabaseError
from spikegraph.logs import get_logger

WARM_UP, ASKED, BLOCK = 60, 20, 100
"""Rounds, and questions of each kind in a round: the Java machine goes on compiling what is asked (a list took 2.0 ms
after a thousand questions, 1.4 after ten thousand), and a machine that others use too is quicker in one minute than in
the next."""

WARM_UP_LIVE, ASKED_LIVE, ASKED_UNCAPPED = 150, 300, 3
UNCAPPED_SECONDS = 15.0
"""The most that an uncapped question may take."""

SATURATION_SECONDS, OPEN_LOOP_SECONDS = 15.0, 30.0

EVERYTHING: LiteralString = """MATCH (n)-[r]->() WHERE n.dataset IS NOT NULL
RETURN count(r.at) + count(r.score) + count(r.run) AS properties"""

log = get_logger(__name__)


def run() -> list[Row]:
    """Load the graph, warm up, and measure one client, then many."""
    with big_server() as settings:
        connection = server.connection(settings.server)
        with Store.connect(*connection, timeouts=Timeouts(query=60.0)) as store:
            store.driver.execute_query(Query(EVERYTHING, timeout=600), database_=store.database)
            rows = alone(Questions.of(store, seed=1))
        with Store.connect(*connection, timeouts=Timeouts(query=UNCAPPED_SECONDS)) as store:
            rows.append(_uncapped(Questions.of(store, seed=2)))
        return [*rows, *together(connection)]


def alone(questions: Questions) -> list[Row]:
    """Measure each kind of question at one client: the quick ones in turn, so that their figures compare."""
    answers: list[int] = []
    nothing, listed, reasoned, session, filtered = _in_turn(
        questions.round_trip,
        questions.listed,
        questions.reasoned,
        questions.session,
        lambda: _counting(questions.of_a_genre(), answers),
    )
    live = one_client([questions.live() for _ in range(WARM_UP_LIVE + ASKED_LIVE)], WARM_UP_LIVE)
    list_p50, live_p50 = milliseconds(listed, 50), milliseconds(live, 50)
    return [
        shown("RETURN 1, p50 in ms: what driver and server cost whatever is asked", milliseconds(nothing, 50)),
        at_most(f"list, k = {K}, p50 in ms", list_p50, 1.5),
        at_most(f"list, k = {K}, p99 in ms", milliseconds(listed, 99), 5.0),
        at_most("list with three reasons each, p50 in ms", milliseconds(reasoned, 50), 4.0),
        at_most("list with three reasons each, p99 in ms", milliseconds(reasoned, 99), 15.0),
        shown("filtered by a genre, p50 in ms", milliseconds(filtered, 50)),
        at_most("filtered by a genre, p99 in ms", milliseconds(filtered, 99), 30.0),
        at_least(f"filtered by a genre: share of answers with {K} items", float(np.mean(np.array(answers) == K)), 1.0),
        at_most("session of 5 items, p50 in ms", milliseconds(session, 50), 5.0),
        at_most("session of 5 items, p99 in ms", milliseconds(session, 99), 20.0),
        less_is_better(f"list, p50 in ms, against live CF with {CAP} users an item", list_p50, live_p50, 5.0),
    ]


def together(connection: tuple[str, str, str]) -> list[Row]:
    """Measure the mix at saturation and at half of it."""
    rate, full = mixed_load.saturation(connection, SATURATION_SECONDS)
    half = mixed_load.at_rate(connection, rate / 2, OPEN_LOOP_SECONDS)
    clients = mixed_load.PROCESSES * mixed_load.THREADS
    mix = "70 % lists with reasons, 20 % filtered, 10 % sessions"
    return [
        shown(f"answers a second at saturation, {clients} clients on the server's machine: {mix}", rate),
        shown("the mix at saturation, p99 in ms", milliseconds(full, 99)),
        shown("the mix at half of that rate, p50 in ms from when it was due", milliseconds(half, 50)),
        shown("the mix at half of that rate, p99 in ms from when it was due", milliseconds(half, 99)),
    ]


def _in_turn(*draws: Callable[[], Question]) -> list[Seconds]:
    """Ask a block of questions of each kind after the other, round after round: the seconds of each kind once warm."""
    rounds = [[one_client([draw() for _ in range(BLOCK)], 0) for draw in draws] for _ in range(WARM_UP + ASKED)]
    return [np.concatenate(kind) for kind in zip(*rounds[WARM_UP:], strict=True)]


def _counting(question: Question, answers: list[int]) -> Question:
    """Give the question, whose number of rows is noted when it is asked."""

    def ask() -> list[dict[str, object]]:
        rows = question()
        answers.append(len(rows))
        return rows

    return ask


def _uncapped(questions: Questions) -> Row:
    """Ask the rival without a cap, a few times only."""
    taken = [_patient_seconds(questions.live(NO_CAP)) for _ in range(ASKED_UNCAPPED)]
    given_up = sum(each >= UNCAPPED_SECONDS for each in taken)
    patience = f"{given_up} given up, counted as {UNCAPPED_SECONDS:.0f} s"
    return shown(
        f"live CF without a cap, p50 of {ASKED_UNCAPPED} in ms ({patience})", milliseconds(np.array(taken), 50)
    )


def _patient_seconds(question: Question) -> float:
    """Give the seconds of an answer, or the most it may take where its time or its memory was used up before."""
    try:
        return seconds(question)
    except DatabaseError as error:
        log.info("given up", reason=error.message)
        return UNCAPPED_SECONDS
