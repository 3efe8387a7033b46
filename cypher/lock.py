"""The lock of a data set: one writer at a time, with an owner, an age and a heartbeat.

It lies on the data set's node, so it holds between machines. The holder says every few seconds that
it lives. A lock is taken over where its holder is a dead process of this machine, or has been silent
for `STALE_SECONDS` by the server's clock.
"""

from __future__ import annotations

import os
import platform
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psutil

from cypher.store import Store
from spikegraph.errors import DatabaseError, DatasetLockedError, NotFoundError
from spikegraph.logs import get_logger

STALE_SECONDS = 600
"""Seconds of silence after which a lock is taken over, whoever holds it."""

HEARTBEAT_SECONDS = 15.0
"""Seconds between two signs of life."""

log = get_logger(__name__)


@dataclass(eq=False)
class Lock:
    """A lock that is held: `with lock(store, 'lastfm', 'ingest') as held`."""

    dataset: str
    token: str = field(default_factory=lambda: uuid.uuid4().hex)
    _lost: threading.Event = field(default_factory=threading.Event)
    _steps: int = 1

    def check(self) -> None:
        """See that the lock is still ours; costs nothing, so call it between batches.

        Raises:
            DatasetLockedError: another process took it over while this one was silent.
        """
        if self._lost.is_set():
            raise DatasetLockedError(
                "another process took the lock over while this one was silent", where=self.dataset, hint="do it again"
            )

    def unchanged(self) -> None:
        """Say that nothing was written after all, so the data set keeps its version."""
        self._steps = 0


@contextmanager
def lock(store: Store, name: str, owner: str) -> Iterator[Lock]:
    """Hold the lock of a data set while the block runs; its version goes up at the end.

    The version goes up after a failure too, for something may have been written by then.

    Args:
        store: where the data set is.
        name: the data set.
        owner: what is being done, in a word (`ingest`, `write-back`), for others to read.

    Raises:
        NotFoundError: there is no such data set.
        DatasetLockedError: another process holds the lock; it names its owner and age.
    """
    held = Lock(name)
    _take(store, held, owner)
    ended = threading.Event()
    heart = threading.Thread(target=_beat, args=(store, held, ended), name=f"lock of {name}", daemon=True)
    heart.start()
    try:
        yield held
    except BaseException:
        _give_back_quietly(store, held, ended, heart)
        raise
    _give_back(store, held, ended, heart)


def dead(host: str | None, pid: int | None, started: float | None) -> bool:
    """Tell whether the holder is a process of this machine that no longer runs."""
    if host != platform.node() or pid is None:
        return False
    try:
        process = psutil.Process(pid)
        return started is not None and abs(process.create_time() - started) > 1
    except psutil.NoSuchProcess:
        return True
    except psutil.AccessDenied:
        return False


def _take(store: Store, held: Lock, owner: str) -> None:
    holder = _ask(store, held, owner, None)
    if not holder["taken"] and dead(holder["host"], holder["pid"], holder["started"]):
        holder = _ask(store, held, owner, holder["holder"])
    if not holder["taken"]:
        raise DatasetLockedError(
            f"{describe(holder['owner'], holder['pid'], holder['host'], holder['age'])} is writing to this data set",
            where=held.dataset,
            hint=f"wait until it is done; a process that died is forgotten after {STALE_SECONDS // 60} minutes",
        )
    if holder["holder"] not in (None, held.token):
        who = describe(holder["owner"], holder["pid"], holder["host"], holder["age"])
        log.warning("took over the lock of a process that is gone", dataset=held.dataset, holder=who)


def describe(owner: str, pid: int, host: str, age: float) -> str:
    """Name the holder of a lock and its age, for messages."""
    return f"'{owner}' (process {pid} on {host}, last heard of {age:.0f} s ago)"


def _give_back(store: Store, held: Lock, ended: threading.Event, heart: threading.Thread) -> None:
    ended.set()
    heart.join()
    if not store.write("dataset/unlock", dataset=held.dataset, token=held.token, steps=held._steps):
        log.debug("the lock was gone before it was given back", dataset=held.dataset)


def _give_back_quietly(store: Store, held: Lock, ended: threading.Event, heart: threading.Thread) -> None:
    """Give the lock back after a failure, which must not be hidden by another one."""
    try:
        _give_back(store, held, ended, heart)
    except DatabaseError as error:
        log.warning("the lock could not be given back", dataset=held.dataset, reason=error.message)


def _ask(store: Store, held: Lock, owner: str, dead_token: str | None) -> dict[str, Any]:
    records = store.write(
        "dataset/lock",
        dataset=held.dataset,
        token=held.token,
        owner=owner,
        host=platform.node(),
        pid=os.getpid(),
        started=psutil.Process().create_time(),
        stale_seconds=STALE_SECONDS,
        dead_token=dead_token,
    )
    if not records:
        raise NotFoundError(
            f"there is no data set '{held.dataset}'", where=store.where, hint="spikegraph datasets list"
        )
    return records[0]


def _beat(store: Store, held: Lock, ended: threading.Event) -> None:
    while not ended.wait(HEARTBEAT_SECONDS):
        try:
            if not store.write("dataset/heartbeat", dataset=held.dataset, token=held.token):
                held._lost.set()
                return
        except DatabaseError as error:
            log.debug("a heartbeat did not get through", dataset=held.dataset, reason=error.message)
