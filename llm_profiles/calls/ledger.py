"""The ledger: every call that was made for a profile set, in one SQLite file beside the set.

It is the cache (a request that was answered is never sent again), the resume log, the list of dead letters and the
bill. What was paid for is on disk before the next call starts: after SIGKILL only calls in flight are lost.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Self

from cypher.identifiers import dataset_name
from llm_profiles.calls.request import Request
from llm_profiles.contract import Kind, Profile
from llm_profiles.set_names import set_name
from spikegraph.errors import DataError

Status = Literal["done", "dead", "submitted", "expired"]
"""Answered and good; given up; in a batch file that was handed out; a batch file's request that ran out of time."""

Mode = Literal["chain", "agent", "repair", "batch", "template"]

_TABLES = Path(__file__).with_name("ledger.sql").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request that went out, whatever came back.

    Attributes:
        outcome: `ok`, or what was wrong (`rate_limit`, `timeout`, `empty`, `length`, `refusal`, `json` …).
        tokens_in: as the server counted them; 0 where it did not answer.
        tokens_out: the same.
        tokens_cached: those of `tokens_in` that the provider had in its prompt cache.
        cost: what it cost; None where no price is known.
        seconds: until the answer.
    """

    outcome: str
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    cost: float | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Entry:
    """A call as the ledger has it (see `Request` for `prompt`, `parts` and `reads`)."""

    key: str
    kind: Kind
    node: str
    status: Status
    text: str
    error: str
    finish_reason: str
    model: str
    prompt: str
    parts: dict[str, str]
    reads: dict[str, str]
    mode: Mode
    repaired: bool
    batch: str
    created_at: str

    def profile(self) -> Profile:
        """Give the answer as the node's profile; what the repair agent mended is the chain's still."""
        writer = "llm-agent" if self.mode == "agent" else "llm-chain"
        return Profile(self.node, self.kind, self.text, writer, model=self.model)


_COLUMNS = tuple(column.name for column in fields(Entry))
_CALL = ", ".join(_COLUMNS)
_CURRENT = ", ".join(f"{'current' if column in ('node', 'kind') else 'call'}.{column}" for column in _COLUMNS)
_PAID = "key, kind, outcome, tokens_in, tokens_out, tokens_cached, cost, seconds, created_at"
_REPLACED = ", ".join(f"{column} = excluded.{column}" for column in _COLUMNS)

_MERGE = (
    f"""INSERT INTO attempt ({_PAID}) SELECT {_PAID} FROM other.attempt AS theirs WHERE NOT EXISTS
    (SELECT 1 FROM main.attempt AS ours WHERE ours.key = theirs.key AND ours.created_at = theirs.created_at)""",  # noqa: S608
    f"""INSERT INTO main.call SELECT {_CALL} FROM other.call WHERE true ON CONFLICT (key) DO UPDATE SET {_REPLACED}
    WHERE status <> 'done' AND (excluded.status = 'done' OR excluded.created_at > created_at)""",  # noqa: S608
    """INSERT INTO main.current SELECT node, kind, key FROM other.current WHERE true
    ON CONFLICT (node) DO UPDATE SET key = excluded.key WHERE
    (SELECT created_at FROM main.call AS a WHERE a.key = excluded.key) >
    (SELECT created_at FROM main.call AS b WHERE b.key = current.key)""",
)


@dataclass(frozen=True)
class Totals:
    """What was done and spent.

    Attributes:
        calls: per status, how many.
        outcomes: per outcome, how many attempts.
        tokens_in: as servers counted them.
        tokens_out: the same.
        tokens_cached: of `tokens_in`, those from prompt caches.
        cost: sum of the attempts with a known price.
        unpriced: attempts with tokens and without a price.
        nodes: nodes that have a profile.
    """

    calls: dict[str, int] = field(default_factory=dict)
    outcomes: dict[str, int] = field(default_factory=dict)
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    cost: float = 0.0
    unpriced: int = 0
    nodes: int = 0


class Ledger:
    """One file, one process that writes; its methods may be called from many threads."""

    def __init__(self, path: Path) -> None:
        """Open or make the ledger.

        Raises:
            DataError: the file is no ledger.
        """
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        try:
            self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=30)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.executescript(_TABLES)
        except sqlite3.DatabaseError as error:
            raise DataError(
                f"is no ledger: {error}", where=str(path), hint="move it away; nothing is paid twice"
            ) from error
        self._db.execute("INSERT OR IGNORE INTO about VALUES ('salt', ?)", (secrets.token_hex(16),))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def about(self) -> dict[str, str]:
        """Give what the ledger was made for (`dataset`, `model`, `split_id` …), and its `salt`."""
        with self._lock:
            return dict(self._db.execute("SELECT name, value FROM about").fetchall())

    def set_about(self, **values: str) -> None:
        """Keep what the ledger is made for."""
        with self._transaction():
            self._db.executemany("INSERT OR REPLACE INTO about VALUES (?, ?)", list(values.items()))

    def calls(self, keys: Sequence[str]) -> dict[str, Entry]:
        """Give the calls of requests, by key."""
        return {entry.key: entry for entry in self._where_in("key", keys)}

    def current(self, nodes: Sequence[str]) -> dict[str, Entry]:
        """Give the calls that nodes have their profile of, by node."""
        found: dict[str, Entry] = {}
        for part in _pages(nodes):
            marks = ",".join("?" * len(part))
            # Nodes with the same request share a call, which names only one of them.
            text = f"SELECT {_CURRENT} FROM current JOIN call USING (key) WHERE current.node IN ({marks})"  # noqa: S608
            with self._lock:
                rows = self._db.execute(text, part).fetchall()
            found |= {entry.node: entry for entry in map(_entry, rows)}
        return found

    def texts(self, nodes: Collection[str]) -> dict[str, str]:
        """Give the current profiles of nodes, by node."""
        return {node: entry.text for node, entry in self.current(list(nodes)).items()}

    def of_node(self, node: str) -> list[Entry]:
        """Give all calls made for a node, the first first."""
        return sorted(self._where_in("node", [node]), key=lambda entry: entry.created_at)

    def attempts(self, key: str) -> list[Attempt]:
        """Give the attempts of a call, the first first."""
        text = (
            "SELECT outcome, tokens_in, tokens_out, tokens_cached, cost, seconds FROM attempt WHERE key = ? ORDER BY id"
        )
        with self._lock:
            return [Attempt(*row) for row in self._db.execute(text, (key,)).fetchall()]

    def entries(self, status: Status, kind: Kind | None = None) -> Iterator[Entry]:
        """Give all calls of a status, a page at a time, by key; written ones may or may not be among them."""
        after = ""
        while True:
            wanted = "status = ? AND (? IS NULL OR kind = ?) AND key > ?"
            text = f"SELECT {_CALL} FROM call WHERE {wanted} ORDER BY key LIMIT 1000"  # noqa: S608
            with self._lock:
                rows = self._db.execute(text, (status, kind, kind, after)).fetchall()
            if not rows:
                return
            yield from map(_entry, rows)
            after = rows[-1][0]

    def book(self, request: Request, attempt: Attempt) -> None:
        """Keep an attempt that did not give the profile."""
        with self._transaction():
            self._attempt(request.key, request.kind, attempt)

    def done(
        self,
        request: Request,
        text: str,
        attempt: Attempt | None = None,
        *,
        model: str = "",
        finish_reason: str = "stop",
        mode: Mode = "chain",
        repaired: bool = False,
    ) -> None:
        """Keep a good profile; it is the node's current one from now on."""
        with self._transaction():
            if attempt:
                self._attempt(request.key, request.kind, attempt)
            self._call(
                request, "done", text=text, finish_reason=finish_reason, model=model, mode=mode, repaired=repaired
            )
            self._db.execute(
                "INSERT OR REPLACE INTO current VALUES (?, ?, ?)", (request.node, request.kind, request.key)
            )

    def dead(
        self,
        request: Request,
        error: str,
        attempt: Attempt | None = None,
        *,
        model: str = "",
        finish_reason: str = "",
        mode: Mode = "chain",
        status: Status = "dead",
    ) -> None:
        """Keep that a request was given up, and why; the node keeps the profile that it had, if any."""
        with self._transaction():
            if attempt:
                self._attempt(request.key, request.kind, attempt)
            self._call(request, status, error=error, finish_reason=finish_reason, model=model, mode=mode)

    def submitted(self, requests: Iterable[Request], batch: str) -> None:
        """Keep that requests went into a batch file."""
        with self._transaction():
            for request in requests:
                self._call(request, "submitted", batch=batch, mode="batch")

    def by_custom_id(self, custom_ids: Sequence[str]) -> dict[str, Entry]:
        """Give the calls of a batch file's requests, by the first 48 hex digits of their keys."""
        found = self._where_in("substr(key, 1, 48)", custom_ids) if custom_ids else []
        return {entry.key[:48]: entry for entry in found}

    def keep(self, node: str, kind: Kind, key: str) -> None:
        """Let a call that is done already give the node's profile (its neighbourhood is as it was before)."""
        with self._transaction():
            self._db.execute("INSERT OR REPLACE INTO current VALUES (?, ?, ?)", (node, kind, key))

    def totals(self, kind: Kind | None = None) -> Totals:
        """Give what was done and spent, for one kind or all."""
        only = (kind, kind)
        sums = ("tokens_in", "tokens_out", "tokens_cached", "cost", "cost IS NULL AND tokens_in > 0")
        columns = ", ".join(f"coalesce(sum({column}), 0)" for column in sums)
        spent = f"SELECT {columns} FROM attempt WHERE ? IS NULL OR kind = ?"  # noqa: S608
        calls = "SELECT status, count(*) FROM call WHERE ? IS NULL OR kind = ? GROUP BY status ORDER BY status"
        outcomes = "SELECT outcome, count(*) FROM attempt WHERE ? IS NULL OR kind = ? GROUP BY outcome ORDER BY outcome"
        nodes = "SELECT count(*) FROM current WHERE ? IS NULL OR kind = ?"
        with self._lock:
            return Totals(
                dict(self._db.execute(calls, only).fetchall()),
                dict(self._db.execute(outcomes, only).fetchall()),
                *self._db.execute(spent, only).fetchone(),
                *self._db.execute(nodes, only).fetchone(),
            )

    def merge(self, other: Path) -> int:
        """Take over the calls of another ledger of the same set (a shard's), and give how many were new.

        Where both have a call, an answer wins over none, and then what is newer; of a node's profiles the newer one
        wins. What both paid for is counted twice, for so it was; merging again changes nothing.
        """
        with Ledger(other):
            pass  # it is one, and its tables are there
        with self._lock:
            self._db.execute("ATTACH ? AS other", (str(other),))
            try:
                with self._transaction():
                    before = self._db.execute("SELECT count(*) FROM call").fetchone()[0]
                    for text in _MERGE:
                        self._db.execute(text)
                    return int(self._db.execute("SELECT count(*) FROM call").fetchone()[0]) - int(before)
            finally:
                self._db.execute("DETACH other")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def _where_in(self, column: str, values: Sequence[str]) -> list[Entry]:
        found: list[Entry] = []
        for part in _pages(values):
            marks = ",".join("?" * len(part))
            with self._lock:
                rows = self._db.execute(f"SELECT {_CALL} FROM call WHERE {column} IN ({marks})", part).fetchall()  # noqa: S608
            found += map(_entry, rows)
        return found

    def _attempt(self, key: str, kind: Kind, a: Attempt) -> None:
        row = (key, kind, a.outcome, a.tokens_in, a.tokens_out, a.tokens_cached, a.cost, a.seconds, _now())
        self._db.execute(f"INSERT INTO attempt ({_PAID}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)  # noqa: S608

    def _call(self, request: Request, status: Status, **given: Any) -> None:
        values = {"text": "", "error": "", "finish_reason": "", "model": "", "repaired": False, "batch": ""} | given
        values |= {"key": request.key, "kind": request.kind, "node": request.node, "status": status}
        values |= {"prompt": request.prompt, "created_at": _now()}
        values |= {"parts": json.dumps(dict(request.parts)), "reads": json.dumps(dict(request.reads))}
        marks = ", ".join(f":{column}" for column in _COLUMNS)
        # An answer is never lost: two nodes may share a request, and one of them may fail where the other did not.
        kept = f"ON CONFLICT (key) DO UPDATE SET {_REPLACED} WHERE status <> 'done' OR excluded.status = 'done'"
        self._db.execute(f"INSERT INTO call ({_CALL}) VALUES ({marks}) {kept}", values)  # noqa: S608


def ledger_path(home: Path, dataset: str, profile_set: str) -> Path:
    """Give where the ledger of a profile set lies."""
    return home / dataset_name(dataset) / "ledgers" / f"{set_name(profile_set)}.sqlite"


def ledger_names(home: Path, dataset: str) -> list[str]:
    """Give the profile sets of a data set that have a ledger."""
    return sorted(path.stem for path in (home / dataset_name(dataset) / "ledgers").glob("*.sqlite"))


def _entry(row: tuple[Any, ...]) -> Entry:
    values = dict(zip(_COLUMNS, row, strict=True))
    parsed = {"parts": json.loads(values["parts"]), "reads": json.loads(values["reads"])}
    return Entry(**values | parsed | {"repaired": bool(values["repaired"])})


def _pages(values: Sequence[str], size: int = 500) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
