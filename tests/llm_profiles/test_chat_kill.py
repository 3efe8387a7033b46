"""A run that is killed, or interrupted, goes on where it was; what was paid for is not paid for again."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

from llm_profiles.calls.ledger import Ledger
from tests.support.chat_run import films, write
from tests.support.chat_server import ChatServer

ROOT = Path(__file__).resolve().parents[2]
NODES, WORKERS = 160, 8


def begin(url: str, folder: Path) -> subprocess.Popen[str]:
    words = [sys.executable, "-m", "tests.support.chat_run", url, str(folder)]
    words += ["--nodes", str(NODES), "--workers", str(WORKERS)]
    return subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for(server: ChatServer, requests: int) -> None:
    deadline = time.monotonic() + 60
    while server.record.requests < requests and time.monotonic() < deadline:
        time.sleep(0.005)


def test_nothing_is_lost_and_hardly_anything_paid_twice_when_runs_are_killed(tmp_path: Path) -> None:
    with ChatServer(faults=0.2, delay=0.05, slow=0.05, retry_after=0.05) as server:
        for point in (30, 110):
            process = begin(server.url, tmp_path)
            wait_for(server, point)
            process.kill()
            assert process.wait() == -signal.SIGKILL
        write(server.url, tmp_path / "ledger.sqlite", films(NODES), WORKERS)
        requests = server.record.requests
        kept = write(server.url, tmp_path / "ledger.sqlite", films(NODES), WORKERS)
    paid_twice = sum(count - 1 for count in server.record.answered.values() if count > 1)
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        done = [entry.node for entry in ledger.entries("done")]
        dead = [entry.node for entry in ledger.entries("dead")]
    assert server.record.requests == requests
    assert sorted(done + dead) == sorted(film.key for film in films(NODES))
    assert kept["profiles"] == len(done)
    assert 0 <= paid_twice <= 2 * WORKERS
    assert server.record.peak <= 2 * WORKERS  # calls of a process that was killed may still be open


def test_an_interrupted_run_books_its_calls_in_flight(tmp_path: Path) -> None:
    with ChatServer(delay=0.4) as server:
        process = begin(server.url, tmp_path)
        wait_for(server, 2 * WORKERS)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert "KeyboardInterrupt" in said
    assert "calls in flight" in said
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        booked = ledger.totals().nodes
    assert booked == server.record.requests >= 2 * WORKERS
    assert server.record.requests < NODES
