"""One writer per data set: taken by one, refused to others, taken over from the dead."""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from cypher import dataset as datasets
from cypher import lock as lock_module
from cypher.store import Store
from spikegraph.errors import DatabaseError, DatasetLockedError, NotFoundError
from tests.support.graph import run
from tests.support.neo4j_server import Neo4jServer

ROOT = Path(__file__).resolve().parents[2]
HOLDER = """
import os, sys, time
from cypher import dataset
from cypher.store import Store
with Store.connect(os.environ["T_URI"], os.environ["T_USER"], os.environ["T_PASSWORD"]) as store:
    with dataset.lock(store, sys.argv[1], "ingest"):
        print("held", flush=True)
        sys.stdin.readline()
"""


@pytest.fixture
def name(store: Store, dataset_name: str) -> Iterator[str]:
    store.write("dataset/create", dataset=dataset_name)
    store.write("ingest/finish", dataset=dataset_name, counts={"users": 3})
    yield dataset_name
    store.write("dataset/remove", dataset=dataset_name)


@pytest.fixture
def holder(server: Neo4jServer, name: str) -> Iterator[subprocess.Popen[str]]:
    """A process of its own that holds the lock until it reads a line."""
    environment = {**os.environ, "T_URI": server.uri, "T_USER": server.username, "T_PASSWORD": server.password}
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, name],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def version(store: Store, name: str) -> int:
    return datasets.get(store, name).version


def test_the_version_goes_up_with_every_write(store: Store, name: str) -> None:
    for expected in (1, 2):
        with datasets.lock(store, name, "profiles"):
            pass
        assert version(store, name) == expected
    with datasets.lock(store, name, "profiles") as held:
        held.unchanged()
    assert version(store, name) == 2
    with pytest.raises(ZeroDivisionError), datasets.lock(store, name, "profiles"):
        raise ZeroDivisionError
    assert version(store, name) == 3, "something may have been written before the failure"


def test_a_lock_leaves_nothing_behind(store: Store, name: str) -> None:
    def properties() -> set[str]:
        return set(run(store, "MATCH (d:Dataset {name: $name}) RETURN keys(d) AS keys", name=name)[0]["keys"])

    before = properties()
    with datasets.lock(store, name, "profiles"):
        assert properties() > before
    assert properties() == before


def test_another_process_is_refused_and_told_who_holds_it(
    store: Store, name: str, holder: subprocess.Popen[str]
) -> None:
    words = rf"'ingest' \(process {holder.pid} on .*\d+ s ago\)"
    with pytest.raises(DatasetLockedError, match=words) as raised, datasets.lock(store, name, "write-back"):
        pytest.fail("two writers")
    assert raised.value.where == name
    assert raised.value.hint
    with pytest.raises(DatasetLockedError, match="'ingest'"):
        datasets.require_unlocked(store, name)
    assert version(store, name) == 0
    holder.communicate("\n", timeout=60)
    assert version(store, name) == 1
    assert datasets.require_unlocked(store, name).version == 1


def test_the_lock_of_a_killed_process_is_taken_over(store: Store, name: str, holder: subprocess.Popen[str]) -> None:
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    assert run(store, "MATCH (d:Dataset {name: $name}) RETURN d.lock_pid AS pid", name=name) == [{"pid": holder.pid}]
    assert datasets.require_unlocked(store, name).locked_by is None
    with datasets.lock(store, name, "write-back"):
        assert version(store, name) == 1, "the dead may have written: that counts"
    assert version(store, name) == 2


@pytest.mark.parametrize(("silent", "taken"), [(lock_module.STALE_SECONDS + 5, True), (60, False)])
def test_a_lock_of_another_machine_is_taken_over_only_after_long_silence(
    store: Store, name: str, silent: int, taken: bool
) -> None:
    run(
        store,
        "MATCH (d:Dataset {name: $name}) SET d.lock_token = 'theirs', d.lock_owner = 'ingest', d.lock_pid = 1, "
        "d.lock_host = 'elsewhere', d.lock_started = 0.0, d.lock_at = timestamp() - 1000 * $silent",
        name=name,
        silent=silent,
    )
    if taken:
        with datasets.lock(store, name, "ingest"):
            pass
        assert version(store, name) == 2
    else:
        words = r"process 1 on elsewhere, last heard of 6[0-9] s ago"
        with pytest.raises(DatasetLockedError, match=words), datasets.lock(store, name, "ingest"):
            pytest.fail("two writers")


def test_a_process_number_given_out_again_is_not_the_holder(monkeypatch: pytest.MonkeyPatch) -> None:
    assert lock_module.dead(platform.node(), os.getpid(), 1.0)
    assert not lock_module.dead("elsewhere", os.getpid(), 1.0)
    assert not lock_module.dead(platform.node(), os.getpid(), lock_module.psutil.Process().create_time())
    monkeypatch.setattr(
        lock_module.psutil, "Process", lambda pid: (_ for _ in ()).throw(lock_module.psutil.NoSuchProcess(pid))
    )
    assert lock_module.dead(platform.node(), 4711, 1.0)


def test_of_many_that_ask_at_once_one_gets_it(store: Store, name: str) -> None:
    asked = threading.Barrier(8)

    def ask(number: int) -> str:
        asked.wait(timeout=60)
        try:
            with datasets.lock(store, name, f"writer {number}"):
                time.sleep(1.5)
                return "held"
        except DatasetLockedError:
            return "refused"

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(8)))
    assert sorted(answers) == ["held"] + ["refused"] * 7
    assert version(store, name) == 1


def test_the_holder_says_that_it_lives_and_notices_that_it_lost_the_lock(
    store: Store, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock_module, "HEARTBEAT_SECONDS", 0.05)
    with datasets.lock(store, name, "ingest") as held:
        run(store, "MATCH (d:Dataset {name: $name}) SET d.lock_at = 0", name=name)
        until(lambda: run(store, "MATCH (d:Dataset {name: $name}) RETURN d.lock_at AS at", name=name)[0]["at"] > 0)
        held.check()
        run(store, "MATCH (d:Dataset {name: $name}) SET d.lock_token = 'theirs'", name=name)
        until(held._lost.is_set)
        with pytest.raises(DatasetLockedError, match="took the lock over"):
            held.check()
    assert version(store, name) == 0, "a lock that is another's is left alone"


def test_a_failure_is_not_hidden_by_that_of_giving_the_lock_back(
    store: Store, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Store.write

    def unreachable(self: Store, statement: str, **parameters: Any) -> list[dict[str, Any]]:
        if statement == "dataset/unlock":
            raise DatabaseError("the server cannot be reached")
        return write(self, statement, **parameters)

    with monkeypatch.context() as patched:
        patched.setattr(Store, "write", unreachable)
        with pytest.raises(ZeroDivisionError), datasets.lock(store, name, "ingest"):
            raise ZeroDivisionError
    with pytest.raises(DatasetLockedError), datasets.lock(store, name, "ingest"):
        pytest.fail("two writers")


def test_a_data_set_that_is_not_there(store: Store, dataset_name: str) -> None:
    with pytest.raises(NotFoundError, match=dataset_name):
        datasets.get(store, dataset_name)
    with pytest.raises(NotFoundError, match=dataset_name), datasets.lock(store, dataset_name, "ingest"):
        pytest.fail("locked nothing")


def test_a_data_set_that_is_half_written(store: Store, name: str) -> None:
    store.write("ingest/begin", dataset=name, properties={"label": "Half"})
    with pytest.raises(DatabaseError, match="half written") as raised:
        datasets.get(store, name)
    assert "finishes" in str(raised.value.hint)
    assert datasets.get(store, name, require_ready=False).label == "Half"
    assert name in [dataset.name for dataset in datasets.list_datasets(store)]


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    """Wait until the condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
